"""Commands interrupted or killed at any moment: an answer at once, nothing broken or lost for good.

A short form runs always; ``DYNSYS_KILLS=100`` makes so many attempts at each command, as does
``python -m tests.kills`` at the long ones.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xarray as xr
from xarray.backends.locks import CombinedLock

from dynsys import State, VectorField
from dynsys.netcdf import write_netcdf
from tests.kills import LONG, Killing, Run, drafts, pieces, results

ATTEMPTS = int(os.environ.get("DYNSYS_KILLS", "2"))
KILLS = int(os.environ.get("DYNSYS_KILLS", "4"))  # of each long computation
PROMPT = 2.0  # seconds from Ctrl-C to the prompt
MAIN = "import sys; from dynsys.commands import main; sys.exit(main())"
MODEL = """
from dynsys import State, VectorField
model = VectorField("own", {"x": State(0.5, (-3, 3)), "y": State(0.1, (-3, 3))}, {"p": 1.0},
                    {"x": "p - x^2 + y", "y": "-y"}, time_unit="")
"""
COMMANDS = {
    "equilibria": ["equilibria", "own.py:model", "--parameter", "p", "0.5", "1"],
    "simulate": ["simulate", "own.py:model", "--duration", "20000", "--dt", "0.01"],
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(MODEL)
    return tmp_path


def start(place: Path, command: str, out: str = "out") -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "DYNSYS_CACHE_DIR": str(place / "cache"),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *COMMANDS[command], "--out", out],
        cwd=place, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(run: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = run.communicate(timeout=300)
    return run.returncode, errors


def span(place: Path, command: str) -> float:
    """Seconds that a command takes, its functions compiled before."""
    begin = time.perf_counter()
    code, errors = ended(start(place, command))
    assert code == 0, errors
    return time.perf_counter() - begin


@pytest.mark.parametrize("command", COMMANDS)
def test_killed_commands_leave_nothing_that_stops_the_next(place, command):
    whole = span(place, command)
    moments = random.Random(5)
    for _ in range(ATTEMPTS):
        run = start(place, command)
        time.sleep(moments.uniform(0.0, whole))
        run.kill()
        ended(run)
        for file in (place / "cache").rglob("*.nbc"):  # and half of what was compiled is damaged
            if moments.random() < 0.5:
                file.write_bytes(file.read_bytes()[:-20])
    code, errors = ended(start(place, command))
    assert code == 0, errors
    assert not drafts(place)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interrupted_command_answers_at_once_and_in_words(place, command):
    whole = span(place, command)
    moments = random.Random(6)
    for _ in range(ATTEMPTS):
        run = start(place, command)
        # Not before the interpreter has come to the program itself.
        time.sleep(moments.uniform(min(1.0, whole / 2), whole))
        asked = time.perf_counter()
        run.send_signal(signal.SIGINT)
        code, errors = ended(run)
        # 0: it had finished; the signal itself: the interpreter was about to leave.
        assert code in (0, 130, -signal.SIGINT), errors
        assert "Traceback" not in errors
        assert time.perf_counter() - asked < PROMPT
        assert not drafts(place)


def test_a_script_answers_at_once_while_it_compiles_the_engine(place):
    program = (
        "import sys; sys.path.insert(0, '')\n"
        "from continuation import equilibria\nfrom own import model\n"
        "print('begins', flush=True)\nequilibria(model, 'p', (0.5, 1.0))\nprint('ended')"
    )
    environment = {
        **os.environ,
        "DYNSYS_CACHE_DIR": str(place / "cache"),
        "NUMBA_CACHE_DIR": str(place / "numba"),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    for moment in (0.3, 2.0, 5.0):
        run = subprocess.Popen(
            [sys.executable, "-c", program], cwd=place, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert run.stdout is not None and run.stdout.readline() == "begins\n"
        time.sleep(moment)
        asked = time.perf_counter()
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=300)
        assert time.perf_counter() - asked < PROMPT
        assert run.returncode in (130, -signal.SIGINT) and out == "", (out, errors)
        assert errors.rstrip().endswith("KeyboardInterrupt")


def test_an_interrupted_script_ends_at_once(place):
    """Taking everything apart that was compiled costs a second of processor time."""
    program = (
        "import os, signal, sys, time; sys.path.insert(0, '')\n"
        "from continuation import equilibria\nfrom own import model\n"
        "equilibria(model, 'p', (0.5, 1.0))\nprint(time.process_time(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGINT); time.sleep(5)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    run = subprocess.Popen(
        [sys.executable, "-c", program], cwd=place, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None and run.stderr is not None
    before = float(run.stdout.readline())
    assert run.stderr.read().rstrip().endswith("KeyboardInterrupt")
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = -os.WTERMSIG(status)
    assert run.returncode == -signal.SIGINT
    assert used.ru_utime + used.ru_stime - before < 0.4


def test_after_an_interruption_a_branch_seeks_nothing_more(monkeypatch):
    from continuation.steady_states import equilibria as search

    field = VectorField("two", {"x": State(0.5, (-3, 3))}, {"p": 1.0}, {"x": "p - x^2"},
                        time_unit="")  # fmt: skip
    follow, begun, later = search._follow, [], []

    def stopped(*arguments):
        begun.append(arguments)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return follow(*arguments)

    def unseen(*_):
        later.append(True)
        yield from ()

    monkeypatch.setattr(search, "_follow", stopped)
    monkeypatch.setattr(search, "unseen", unseen)
    with pytest.warns(UserWarning, match="interrupted"):
        branch = search.equilibria(field, "p", (0.5, 1.0))  # of two, one below and one above 0
    assert len(branch.ended) == 1 and len(begun) == 2
    assert not later


def test_a_command_answers_at_once_while_it_compiles(place, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(place / "numba"))
    run = start(place, "equilibria")
    time.sleep(4.0)  # of a minute that it compiles
    asked = time.perf_counter()
    run.send_signal(signal.SIGINT)
    code, errors = ended(run)
    assert time.perf_counter() - asked < PROMPT
    assert code == 130 and errors.rstrip().endswith("dynsys: interrupted"), (code, errors)


@pytest.fixture
def heard():
    """Ctrl-C as a terminal has it: ignored in what a shell runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interruption_while_xarray_takes_its_locks_leaves_none_closed(tmp_path, monkeypatch):
    """Whoever wrote next, or closed the file, waited for ever."""
    usual, interrupted = CombinedLock.acquire, []

    def acquire(self, blocking=True):
        taken = usual(self, blocking)
        if not interrupted:
            interrupted.append(True)
            signal.raise_signal(signal.SIGINT)
        return taken

    monkeypatch.setattr(CombinedLock, "acquire", acquire)
    content = xr.Dataset({"x": ("t", [0.0, 1.0])})
    with pytest.raises(KeyboardInterrupt):
        write_netcdf(content, tmp_path / "one.nc")
    next_one = threading.Thread(
        target=write_netcdf, args=(content, tmp_path / "two.nc"), daemon=True
    )
    next_one.start()
    next_one.join(30)
    assert not next_one.is_alive()
    assert [file.name for file in tmp_path.iterdir()] == ["two.nc"]


def test_two_at_once_in_a_new_cache_both_come_to_their_end(place):
    runs = [start(place, "equilibria", out) for out in ("one", "two")]
    for run in runs:
        code, errors = ended(run)
        assert code == 0, errors
    assert not drafts(place)
    assert (place / "one" / "branch.nc").exists()
    assert (place / "two" / "branch.nc").exists()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow(chosen=name == "table")) for name in LONG],
)
def test_after_any_number_of_kills_the_result_is_that_of_an_undisturbed_call(place, name):
    killing = Killing(place, name, seed=7)
    assert killing.expected and ("findings.csv" in killing.told) == (name == "validation")
    while killing.seen["kills"] < KILLS:
        killing.row(KILLS - killing.seen["kills"])
    assert not killing.kinds, "\n".join(killing.kinds)
    assert killing.seen["kept"]


def test_two_long_computations_at_once_give_what_one_gives(place):
    killing = Killing(place, "table", seed=8)
    (place / "out" / "table.nc").unlink()
    for code, errors in [run.ended() for run in [Run(place, "table"), Run(place, "table")]]:
        assert code == 0, errors
    assert results(place)["table.nc"].identical(killing.expected["table.nc"])
    assert not pieces(place)
    assert not drafts(place)
