"""Processes of our own import and read nothing from the folder the user works in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynsys.children import child_environment, python
from dynsys.doctor import GOOD, examine

ROOT = Path(__file__).parents[2]
# Names that Python, numpy, Brian2 and Dask import early.
TRAPS = ("json", "random", "statistics", "numpy", "sympy", "brian2", "yaml", "distributed")


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A folder whose files leave a mark when they are imported or evaluated."""
    mark = tmp_path / "mark"
    line = f"open({str(mark)!r}, 'a').write(__name__ + ' ')\n"
    folder = tmp_path / "work"
    folder.mkdir()
    for name in TRAPS:
        (folder / f"{name}.py").write_text(line)
    (folder / "brian_preferences").write_text(
        f"core.default_float_dtype = open({str(mark)!r}, 'a')"
    )
    monkeypatch.chdir(folder)
    return mark


def ran(code, **options):
    return subprocess.run(
        python("-c", code), env=child_environment(), capture_output=True, text=True, check=True,
        **options,
    ).stdout  # fmt: skip


def test_a_child_imports_nothing_from_the_current_folder(trap):
    said = ran("import json, random, statistics, numpy, sys; print(sys.path[0])")
    assert Path(said.strip()) != Path.cwd()
    assert not trap.exists()


def test_the_trap_works(trap):
    subprocess.run([sys.executable, "-c", "import json"], check=True)
    assert trap.exists()


def test_a_child_imports_what_this_process_can(trap):
    said = ran("import dynsys, validation; print(dynsys.__file__)")
    assert Path(said.strip()).parents[1] == ROOT


def test_relative_and_own_folders_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", "sub", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [path, *sys.path])
    paths = child_environment()["PYTHONPATH"].split(os.pathsep)
    assert str(tmp_path) not in paths
    assert all(map(os.path.isabs, paths))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # the user names it
    assert str(tmp_path) in child_environment()["PYTHONPATH"].split(os.pathsep)


def test_brian2_does_not_evaluate_a_file_of_the_current_folder(trap):
    ran("from validation.brian import brian; b = brian(); b.ms", cwd=os.getcwd())
    assert not trap.exists()


def test_the_doctor_imports_nothing_from_the_current_folder(trap):
    parts = {finding.part: finding for finding in examine()}
    assert parts["Brian2"].state == GOOD
    assert not trap.exists()


def test_workers_and_interpreted_networks_import_nothing_from_the_current_folder(trap):
    code = """
from dynsys.models import aln
from validation.networks import network_of
from dynsys.cluster.private_cluster import private_cluster
with private_cluster(1) as client:
    assert client.submit(sum, [1, 2]).result() == 3
network_of(aln(), 800, engine="numpy").run(2.0)
"""
    ran(code, cwd=os.getcwd())
    assert not trap.exists()


@pytest.mark.slow(chosen=False)
def test_building_a_network_imports_nothing_from_the_current_folder(trap, tmp_path):
    code = """
from dynsys.models import aln
from validation.networks import network_of
network_of(aln(), 800, engine="cpp_standalone").run(2.0)
"""
    environment = child_environment() | {"DYNSYS_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run(python("-c", code), env=environment, check=True)
    assert not trap.exists()
