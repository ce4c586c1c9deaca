"""The doctor says what works, what is absent and what is broken, with the line that repairs it."""

from __future__ import annotations

import importlib

import pytest

from dynsys import doctor
from dynsys.commands import main
from dynsys.doctor import BAD, GOOD, OPTIONAL


def states(findings):
    return {f.part: f.state for f in findings}


def test_the_parts_the_toolbox_needs_work_here():
    found = states(doctor.examine())
    for part in ("Python", "libraries", "cache directory", "compiled models", "versions"):
        assert found[part] == GOOD, part


def test_an_absent_optional_part_comes_with_the_line_that_adds_it(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "_installed", lambda name: None)
    monkeypatch.delenv("AUTO_DIR", raising=False)
    for check in ("_pydstool", "_compiler", "_auto", "_brian"):
        finding = getattr(doctor, check)(check)
        assert finding.state == OPTIONAL
        assert finding.remedy
        assert "->" in str(finding)


def test_auto_that_is_not_on_the_path_is_broken(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "auto").write_text("")
    monkeypatch.setenv("AUTO_DIR", str(tmp_path))
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert doctor._auto("AUTO-07p").remedy == "export PATH=$AUTO_DIR/bin:$PATH"


def test_a_cache_that_cannot_be_written_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    finding = doctor._cache("cache directory")
    assert finding.state == BAD
    assert "DYNSYS_CACHE_DIR" in finding.remedy


@pytest.mark.parametrize(
    ("versions", "count", "words"),
    [
        ({"brian2": "2.9.0", "numpy": "2.4.1"}, 1, "ndarray.ptp"),
        ({"brian2": "2.10.0", "numpy": "2.4.1"}, 0, ""),
        ({"brian2": "2.9.0", "numpy": "2.3.5"}, 0, ""),
        ({"numba": "0.60.0rc1", "numpy": "2.1.0", "sympy": "1.12"}, 2, "numba before 0.61"),
        ({}, 0, ""),
    ],
)
def test_known_bad_pairs_of_versions_are_found(versions, count, words):
    bad = [f for f in doctor._bad_pairs(versions.get) if f.state == BAD]
    assert len(bad) == count
    assert not words or words in bad[0].detail


def test_a_check_that_breaks_does_not_hide_the_others(monkeypatch, capsys):
    def breaks(part):
        raise RuntimeError("no luck")

    working = doctor._CHECKS["Python"]
    monkeypatch.setattr(doctor, "_CHECKS", {"first": breaks, "Python": working})
    found = states(doctor.examine())
    assert (found["first"], found["Python"]) == (BAD, GOOD)
    assert main(["doctor"]) == 1
    output = capsys.readouterr()
    assert "RuntimeError: no luck" in output.out
    assert "1 broken: first" in output.err


def test_the_doctor_imports_no_brian():
    assert "brian2" not in vars(importlib.import_module("dynsys.doctor"))
