"""Commands interrupted or killed at any moment: an answer at once, nothing broken or lost for good.

A short form runs always; ``DYNSYS_KILLS=100`` makes so many attempts at each command.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from dynsys.netcdf import read_netcdf

ATTEMPTS = int(os.environ.get("DYNSYS_KILLS", "2"))
KILLS = int(os.environ.get("DYNSYS_KILLS", "4"))  # of each long computation
PROMPT = 2.0  # seconds from Ctrl-C to the prompt
MAIN = "import sys; from dynsys.commands import main; sys.exit(main())"
MODEL = """
from dynsys import State, VectorField
model = VectorField("own", {"x": State(0.5, (-3, 3)), "y": State(0.1, (-3, 3))}, {"p": 1.0},
                    {"x": "p - x^2 + y", "y": "-y"}, time_unit="")
"""
# Long enough to be kept in pieces, short enough to be killed often.
LONG_MODEL = """
from dynsys import State, VectorField
model = VectorField("long", {"v": State(-1.0, (-3, 3)), "w": State(0.0, (-3, 3))},
                    {"I": 0.0, "b": 0.8}, {"v": "v - v^3/3 - w + I", "w": "0.5*(v + 0.7 - b*w)"},
                    time_unit="")
"""
_MODEL = "from long import model\nimport numpy as np\n"
LONG = {
    "equilibria": """
from continuation import equilibria
from continuation.engine.settings import Settings
settings = Settings(step=5e-5, step_max=5e-5, max_points=20_000)
equilibria(model, "I", (0.0, 2.0), settings=settings).save("out/equilibria.nc")
""",
    "cycles": """
from continuation import equilibria, limit_cycles
from continuation.cycles.settings import CycleSettings
start = equilibria(model, "I", (0.0, 2.0))["H1"]
settings = CycleSettings(step_max=0.0002, max_points=12_000, intervals=40)
limit_cycles(start, "I", (0.0, 2.0), settings=settings).save("out/cycles.nc")
""",
    "table": """
from dynsys.netcdf import write_netcdf
from dynsys.transfer import EIFNeuron, transfer_table
table = transfer_table(EIFNeuron(DeltaT=2.0), mu=np.linspace(0, 3, 80))
write_netcdf(table, "out/table.nc")
""",
    "ensemble": """
from dynsys import simulate_ensemble
from dynsys.netcdf import write_netcdf
run = simulate_ensemble(model, 4000.0, {"I": np.linspace(0, 2, 60), "b": [0.4, 0.8]}, dt=0.01,
                        record="v", sample=10.0, inputs={"I": lambda t: 0.1 * np.sin(t)})
write_netcdf(run, "out/ensemble.nc")
""",
    "diagram": """
from dynsys.commands import main
assert main(["diagram", "long.py:model", "--x", "I", "0", "2", "--y", "b", "0.4", "1.2",
             "--audit", "6", "--out", "out"]) in (0, 3)
""",
    "validation": """
from dynsys.commands import main
assert main(["diagram", "aln", "--x", "mu_e", "0.4", "0.6", "--y", "mu_i", "0.4", "0.6",
             "--audit", "0", "--out", "out"]) in (0, 3)
assert main(["validate", "aln", "--diagram", "out/diagram.nc", "--neurons", "1000",
             "--budget", "0.3", "--workers", "1", "--out", "out"]) == 0
""",
}
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


def drafts(place: Path) -> list[Path]:
    return list(place.rglob(".draft-*"))


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


def test_two_at_once_in_a_new_cache_both_come_to_their_end(place):
    runs = [start(place, "equilibria", out) for out in ("one", "two")]
    for run in runs:
        code, errors = ended(run)
        assert code == 0, errors
    assert not drafts(place)
    assert (place / "one" / "branch.nc").exists()
    assert (place / "two" / "branch.nc").exists()


def compute(place: Path, name: str) -> subprocess.Popen[str]:
    """A long computation, in a process that can be killed with its children."""
    environment = {
        **os.environ,
        "DYNSYS_CACHE_DIR": str(place / "cache"),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    program = "import sys\nsys.path.insert(0, '')\n" + _MODEL + LONG[name]
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=place, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def results(place: Path) -> dict[str, xr.DataTree]:
    """What was computed; validation.nc, which tells how long the runs took, is in findings.csv."""
    paths = sorted((place / "out").glob("*.nc"))
    return {path.name: read_netcdf(path) for path in paths if path.name != "validation.nc"}


def tables(place: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((place / "out").glob("*.csv"))}


def undisturbed(place: Path, name: str) -> tuple[dict[str, xr.DataTree], float]:
    """The results of a computation, and the seconds it takes, its functions compiled before."""
    (place / "long.py").write_text(LONG_MODEL)
    seconds = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        code, errors = ended(compute(place, name))
        seconds = time.perf_counter() - begin
        assert code in (0, 3), errors
    return results(place), seconds


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow(chosen=name == "table")) for name in LONG],
)
def test_after_any_number_of_kills_the_result_is_that_of_an_undisturbed_call(place, name):
    expected, whole = undisturbed(place, name)
    told = tables(place)
    assert expected and ("findings.csv" in told) == (name == "validation")
    assert not pieces(place)
    moments = random.Random(7)
    kept = 0
    done = 0
    while done < KILLS:
        shutil.rmtree(place / "out")
        while done < KILLS:  # in a row, each going on from where the one before was killed
            run = compute(place, name)
            if done % 2 == 0:  # every other one has kept something: start-up is most of a short run
                until_a_piece_is_kept(run, place)
                wait = moments.uniform(0.0, 0.2)
            else:
                wait = moments.uniform(0.0, 1.0)
            try:
                run.wait(wait * whole)
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
            code, _ = ended(run)
            done += 1
            kept = max(kept, len(pieces(place)))
            if code == 0:
                break
        code, errors = ended(compute(place, name))
        assert code in (0, 3), errors
        found = results(place)
        assert found.keys() == expected.keys()
        assert all(found[k].identical(expected[k]) for k in expected)
        assert tables(place) == told
        assert not pieces(place)
        assert not drafts(place)
    assert kept > 0 or name == "validation"  # whose runs lie in the folder of results


def until_a_piece_is_kept(run: subprocess.Popen[str], place: Path) -> None:
    """Wait for the first piece of a computation, or for its end."""
    while run.poll() is None and not pieces(place):
        time.sleep(0.01)


def pieces(place: Path) -> list[Path]:
    return list((place / "cache" / "unfinished").glob("*.piece"))


def test_two_long_computations_at_once_give_what_one_gives(place):
    expected, _ = undisturbed(place, "table")
    (place / "out" / "table.nc").unlink()
    for code, errors in [ended(run) for run in [compute(place, "table"), compute(place, "table")]]:
        assert code == 0, errors
    assert results(place)["table.nc"].identical(expected["table.nc"])
    assert not pieces(place)
    assert not drafts(place)
