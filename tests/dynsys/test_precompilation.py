"""``dynsys compile``: everything once, callees first, interrupted without harm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest

from dynsys import doctor, precompilation
from dynsys.doctor import GOOD, OPTIONAL
from dynsys.engine_functions import callees, engine_functions
from dynsys.errors import DynsysError
from dynsys.precompilation import _heights, _Queue, compile_all
from dynsys.version import PACKAGES

ALGEBRA = "continuation.engine.linear_algebra."
WAITS = {"leaf": set(), "other": set(), "middle": {"leaf"}, "top": {"middle", "other"}}


def test_what_most_wait_for_comes_first_and_nothing_before_what_it_calls():
    queue, order = _Queue(WAITS), []
    while (name := queue.take()) is not None:
        assert WAITS[name] <= set(order)
        order.append(name)
        queue.finish(name, "")
    assert order == ["leaf", "middle", "other", "top"] or order == [
        "leaf",
        "other",
        "middle",
        "top",
    ]
    assert _heights(WAITS) == {"leaf": 3, "other": 2, "middle": 2, "top": 1}


def test_functions_that_call_each_other_wait_for_nothing():
    queue = _Queue({"a": {"b"}, "b": {"a"}})
    first = queue.take()
    queue.finish(first, "")
    assert {first, queue.take()} == {"a", "b"}


def test_what_waits_for_a_failure_is_tried_all_the_same():
    queue = _Queue({"leaf": set(), "top": {"leaf"}})
    queue.finish(queue.take(), "no")
    assert queue.take() == "top"
    assert queue.failed == {"leaf": "no"}


def test_every_function_of_stated_signatures_is_known_with_what_it_calls():
    functions = engine_functions()
    called = callees(functions)
    correct = "continuation.cycles.correction.correct"
    assert "continuation.cycles.collocation.condense" in called[correct]
    follow = "continuation.engine.predictor_corrector."
    assert follow + "newton" in called[follow + "follow"]  # through `_correct`, linked into it
    assert correct in called["continuation.cycles.single_cycles.correct_in"]
    assert correct not in called["continuation.cycles.single_cycles.correct_across"]
    for package in PACKAGES:
        assert any(name.startswith(package) for name in functions)


def test_functions_are_compiled_by_name_and_a_failure_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    names = {ALGEBRA + "lu_sign": set(), ALGEBRA + "lu_sine": {ALGEBRA + "lu_sign"}}
    done = []
    failed = compile_all(names, 1, lambda: done.append(True))
    assert list(failed) == [ALGEBRA + "lu_sine"]
    assert "AttributeError" in failed[ALGEBRA + "lu_sine"]
    assert len(done) == 2
    assert len(list(tmp_path.rglob("linear_algebra.lu_sign-*.nbc"))) == 1


def test_a_process_that_ends_is_told(monkeypatch):
    def ends():
        return subprocess.Popen(
            [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    monkeypatch.setattr(precompilation, "_start", ends)
    failed = compile_all({"first": set(), "second": set()}, 1, lambda: None)
    assert list(failed) == ["first"] and "memory" in failed["first"]


def test_a_number_of_processes_below_one_is_refused(capsys):
    chosen = Namespace(workers=0)
    with pytest.raises(DynsysError, match="at least one process"):
        precompilation.run_compile(chosen)


def test_the_doctor_says_whether_the_engine_is_compiled(monkeypatch):
    function = engine_functions()[ALGEBRA + "lu_sign"]
    function.settle()
    found = {"one": function}
    monkeypatch.setattr("dynsys.engine_functions.engine_functions", lambda: found)
    assert doctor._compiled("compiled engine").state == GOOD
    monkeypatch.setattr(type(function), "is_kept", lambda self: False)
    finding = doctor._compiled("compiled engine")
    assert finding.state == OPTIONAL
    assert finding.detail.startswith("0 of 1 ")
    assert finding.remedy.startswith("dynsys compile")


def installed(folder: Path) -> dict[str, str]:
    """A copy of the installation with nothing compiled; the environment that runs it."""
    root = Path(__file__).parents[2]
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / package, folder / "site" / package, ignore=ignored)
    left_out = ("NUMBA_CACHE_DIR", "DYNSYS_CACHE_DIR", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {
        "PYTHONPATH": str(folder / "site"), "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"), "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip


COMPILE = """
from argparse import Namespace
from dynsys.precompilation import run_compile
run_compile(Namespace(workers=2))
"""
# A first branch and a first cycle: nothing of the engine is compiled for them.
FIRST = """
from numba.core import event
from dynsys.numba_cache import PACKAGES
class Listener(event.Listener):
    def on_start(self, begun):
        module = begun.data["dispatcher"].py_func.__module__
        assert module.partition(".")[0] not in PACKAGES, begun.data["dispatcher"]
    def on_end(self, ended):
        pass
event.register("numba:compile", Listener())
from continuation import equilibria, limit_cycles
from dynsys.models import fitzhugh_nagumo
branch = equilibria(fitzhugh_nagumo(), "I", (0.0, 2.0))
cycles = limit_cycles(branch["H1"], "I", (0.0, 2.0))
print(len(cycles.points("LPC")))
"""


def python(code: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, cwd="/", text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_an_installation_is_compiled_once_whatever_interrupts_it(tmp_path):
    environment = installed(tmp_path)
    for number in (signal.SIGINT, signal.SIGKILL):
        process = python(COMPILE, environment)
        before = len(list((tmp_path / "site").rglob("*.nbc")))
        while len(list((tmp_path / "site").rglob("*.nbc"))) < before + 20:
            assert process.poll() is None
            time.sleep(0.2)
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode != 0
    out, said = python(COMPILE, environment).communicate(timeout=3000)
    assert out.startswith("the engine is compiled: "), said
    total, now = [int(word) for word in out.split() if word.isdigit()][:2]
    assert now <= total - 40  # what was compiled before stays
    out, said = python(FIRST, environment).communicate(timeout=600)
    assert out.strip() == "2", said
    out, _ = python(COMPILE, environment).communicate(timeout=600)
    assert ", 0 of them now," in out
