"""The page about clusters: what it shows runs as written, on processes of this machine, smaller."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from dynsys.models import fitzhugh_nagumo

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "clusters.md").read_text()
DASK = "from distributed.cli import dask_{0}; dask_{0}.main()"


def block(language: str, word: str) -> str:
    """The block of the page that holds a word."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)
    return next(text for text in found if word in text)


def smaller(text: str) -> str:
    """A quarter of a thousand values of an axis become three."""
    assert "251" in text
    return text.replace("251", "3")


@pytest.mark.slow
def test_the_commands_by_hand_run_as_written(tmp_path):
    lines = re.findall(r"\$ (.*?)(?:  #.*)?$", block("console", "dask scheduler"), flags=re.M)
    scheduler, worker, our_command = (shlex.split(line.partition("#")[0]) for line in lines)
    assert scheduler == ["dask", "scheduler"] and worker[1:3] == ["dask", "worker"]
    assert our_command[:2] == ["dynsys", "map"]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    variable, value = worker[0].split("=")
    started: list[subprocess.Popen] = []

    def start(name: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-c", DASK.format(name), *arguments]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**paths, variable: value}, cwd=tmp_path
        )
        started.append(process)
        return process

    try:
        server = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        assert server.stderr is not None
        address = next(found[0] for line in server.stderr
                       if (found := re.findall(r"tcp://127\.0\.0\.1:\d+", line)))  # fmt: skip
        here = [address if "tcp://" in a else "2" if a == "16" else a for a in worker[3:]]
        hand = start("worker", *here, "--no-dashboard")
        assert hand.stderr is not None
        next(line for line in hand.stderr if "Registered to" in line)
        command = [address if "tcp://" in a else smaller(a) if a == "251" else a
                   for a in our_command[1:]]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "from dynsys.commands import main; main()", *command],
            capture_output=True, text=True, env=paths, cwd=tmp_path, check=False,
        )  # fmt: skip
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert done.returncode == 0, done.stderr
    assert "3 x 3 cells from low, high" in done.stdout
    assert (tmp_path / "map" / "map.png").exists()


@pytest.mark.slow
def test_the_example_for_a_queue_takes_any_cluster(tmp_path, monkeypatch):
    asked: dict = {}

    def cluster(**options):
        asked.update(options)
        return LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0",
                            silence_logs=50)  # fmt: skip

    queue = types.ModuleType("dask_jobqueue")
    queue.SLURMCluster = cluster  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dask_jobqueue", queue)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    text = smaller(block("python", "SLURMCluster")).replace("jobs=8", "2")  # no jobs on one machine
    exec(compile(text, "clusters.md", "exec"), names)
    names["cluster"].close()
    assert names["chart"]["maximum"].shape == (2, 3, 3)
    assert asked["cores"] == 16 and (tmp_path / "map.nc").exists()


def test_the_example_of_runs_in_a_folder_runs_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = block("python", 'out="runs"').replace("2000", "20").replace("mu_e", "I")
    names = {"model": fitzhugh_nagumo(), "values": np.linspace(0, 1, 3)}
    exec("from dynsys import simulate_ensemble\n" + text.replace("r_E", "v"), names)
    assert (tmp_path / "runs" / "part-00000.nc").exists()
