"""The cache has a bound: what was used least recently goes, what is in use stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dynsys import VectorField, pruning
from dynsys.storage import writer_name

DAY = pruning.DAY


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(pruning, "_marked", set())
    return tmp_path


def entries(folder: Path, ages: list[float]) -> None:
    """Folders of 1000 bytes, last used so many days ago."""
    for age in ages:
        entry = folder / f"used-{age:g}"
        (entry / "below").mkdir(parents=True)
        (entry / "below" / "code").write_bytes(b"x" * 1000)
        used = time.time() - age * DAY
        os.utime(entry, (used, used))


def left(folder: Path) -> set[str]:
    return {entry.name.removeprefix("used-") for entry in folder.iterdir()}


def test_beyond_the_bound_the_least_recently_used_go(cache):
    entries(cache / "models", [9, 5, 7, 3])
    pruning.prune(cache / "models", largest=2500)
    assert left(cache / "models") == {"5", "3"}
    pruning.prune(cache / "models", largest=0)  # looked through today
    assert left(cache / "models") == {"5", "3"}
    pruning.prune(cache / "models", largest=1500, now=time.time() + 2 * DAY)
    assert left(cache / "models") == {"3"}


def test_what_a_living_process_may_use_stays(cache):
    entries(cache / "models", [9, 5, 3, 0.5])
    pruning.touch(cache / "models" / "used-9")
    (mark,) = (cache / "running").iterdir()
    assert mark.name == writer_name()
    began = time.time() - 4 * DAY
    os.utime(mark, (began, began))
    pruning.prune(cache / "models", largest=0)
    assert left(cache / "models") == {"9", "3", "0.5"}


def test_marks_of_the_dead_go_and_hold_nothing(cache):
    entries(cache / "models", [9, 5, 3])
    child = os.fork()
    if child == 0:
        pruning.touch(cache / "models" / "used-3")
        os._exit(0)
    os.waitpid(child, 0)
    (mark,) = (cache / "running").iterdir()
    os.utime(mark, (0, 0))
    pruning.prune(cache / "models", largest=0)
    assert left(cache / "models") == {"3"}  # used within a day
    assert not list((cache / "running").iterdir())


def test_a_compiled_model_is_marked_as_used_when_it_is_loaded(cache):
    model = VectorField("pruned_model", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x"})
    assert model.rhs([1.0])[0] == -2.0
    (entry,) = (e for e in (cache / "models").iterdir() if e.name.startswith("pruned_model"))
    assert [mark.name for mark in (cache / "running").iterdir()] == [writer_name()]
    assert time.time() - entry.stat().st_mtime < 60
