"""Long computations killed at random moments: nothing lost, nothing differing, nothing left.

    python -m tests.kills diagram cycles --kills 100

kills each as often as asked, in rows of ten: each call goes on from where the one before was
killed, until one comes to its end, whose results must be those of an undisturbed call. With
``--each`` every call is killed as soon as it has kept one piece more: no two pieces lie between two
kills. A few kills are part of test_interruptions.py.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import xarray as xr

from dynsys import journal
from dynsys.netcdf import read_netcdf

# Imported once: start-up would be most of a short run, and nothing is lost in it.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["continuation.commands", "dynsys.transfer", "dynsys.commands", "validation.commands"]
)
# Long enough to be kept in pieces, short enough to be killed often.
MODEL = """
from dynsys import State, VectorField
model = VectorField("long", {"v": State(-1.0, (-3, 3)), "w": State(0.0, (-3, 3))},
                    {"I": 0.0, "b": 0.8}, {"v": "v - v^3/3 - w + I", "w": "0.5*(v + 0.7 - b*w)"},
                    time_unit="")
"""
ROW = 10  # kills, after which a call is left to come to its end
_START = "from long import model\nimport numpy as np\n"
LONG = {
    "equilibria": """
from continuation import equilibria
from continuation.engine.settings import Settings
settings = Settings(step=5e-5, step_max=5e-5, max_points=6000)
equilibria(model, "I", (0.0, 2.0), settings=settings).save("out/equilibria.nc")
""",
    "cycles": """
from continuation import equilibria, limit_cycles
from continuation.cycles.settings import CycleSettings
start = equilibria(model, "I", (0.0, 2.0))["H1"]
settings = CycleSettings(step_max=0.0002, max_points=6000, intervals=40)
limit_cycles(start, "I", (0.0, 2.0), settings=settings).save("out/cycles.nc")
""",
    "table": """
from dynsys.netcdf import write_netcdf
from dynsys.transfer import EIFNeuron, transfer_table
table = transfer_table(EIFNeuron(DeltaT=2.0), np.linspace(0, 3, 20), np.linspace(0.5, 5, 400))
write_netcdf(table, "out/table.nc")
""",
    "ensemble": """
from dynsys import simulate_ensemble
from dynsys.netcdf import write_netcdf
plane = {"I": np.linspace(0, 2, 240), "b": np.linspace(0.4, 0.8, 16)}
run = simulate_ensemble(model, 750.0, plane, dt=0.01, record="v", sample=10.0,
                        inputs={"I": lambda t: 0.1 * np.sin(t)})
write_netcdf(run, "out/ensemble.nc")
""",
    "map": """
from dynsys.commands import main
assert main(["map", "long.py:model", "--x", "I", "0", "2", "15", "--y", "b", "0.4", "1.2", "15",
             "--duration", "2000", "--settle", "500", "--dt", "0.01", "--out", "out"]) == 0
""",
    "diagram": """
from dynsys.commands import main
assert main(["diagram", "long.py:model", "--x", "I", "0", "2", "--y", "b", "0.4", "1.2",
             "--audit", "6", "--out", "out"]) in (0, 3)
""",
    "validation": """
from pathlib import Path
from dynsys.commands import main
if not Path("plane/diagram.nc").exists():
    assert main(["diagram", "aln", "--x", "mu_e", "0.4", "0.6", "--y", "mu_i", "0.4", "0.6",
                 "--audit", "0", "--out", "plane"]) in (0, 3)
assert main(["validate", "aln", "--diagram", "plane/diagram.nc", "--neurons", "1000",
             "--budget", "0.1", "--workers", "1", "--out", "out"]) == 0
""",
}


class Run:
    """A long computation in a process that can be killed with its children, or that kills itself
    when it has kept so many ``pieces``."""

    def __init__(self, place: Path, name: str, pieces: int = 0) -> None:
        self.said = place / "errors.txt"
        self.process = _SERVER.Process(target=_run, args=(place, name, self.said, pieces))
        self.process.start()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def kill(self, after: float) -> None:
        """Kill it after so many seconds, if it is still there."""
        self.process.join(after)
        with suppress(ProcessLookupError):  # it had just ended, or did not yet lead its group
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def ended(self) -> tuple[int, str]:
        """Exit status, and what it said on the standard error."""
        self.process.join(600)
        if self.process.exitcode is None:
            self.kill(0.0)
            raise TimeoutError("ten minutes, and no end")
        return self.process.exitcode, self.said.read_text() if self.said.exists() else ""


def _run(place: Path, name: str, said: Path, pieces: int) -> None:
    os.setsid()
    journal.PAUSE = 0.0  # s: what grows is kept at once and often, however fast the machine
    if pieces:
        journal.put_in_place = _dying(pieces)
    os.chdir(place)
    os.environ["DYNSYS_CACHE_DIR"] = str(place / "cache")
    with said.open("w") as errors, open(os.devnull, "w") as nowhere:
        os.dup2(errors.fileno(), 2)
        os.dup2(nowhere.fileno(), 1)
    sys.path.insert(0, str(place))
    exec(compile(_START + LONG[name], name, "exec"), {})


def _dying(after: int) -> Callable[..., None]:
    """How a piece is written, with death after so many."""
    real, count = journal.put_in_place, itertools.count(1)

    def replace(path: Path, write: Callable[[Path], object]) -> None:
        real(path, write)
        if next(count) == after:
            os.killpg(os.getpid(), signal.SIGKILL)

    return replace


def results(place: Path) -> dict[str, xr.DataTree]:
    """What was computed; validation.nc, which tells how long the runs took, is in findings.csv."""
    paths = sorted((place / "out").glob("*.nc"))
    return {path.name: read_netcdf(path) for path in paths if path.name != "validation.nc"}


def tables(place: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((place / "out").glob("*.csv"))}


def drafts(place: Path) -> list[Path]:
    """Files begun and left."""
    return list(place.rglob(".draft-*"))


def pieces(place: Path) -> list[Path]:
    """Finished parts of what is not finished."""
    return list((place / "cache" / "unfinished").glob("*.piece"))


def kept(place: Path) -> list[Path]:
    """What a next call goes on from: those pieces, and the runs of a validation."""
    return pieces(place) + list((place / "out" / "runs").glob("*.nc"))


def written(place: Path) -> set[tuple[str, int]]:
    """What is kept, with the times at which it was written."""
    found = set()
    for path in kept(place):
        with suppress(FileNotFoundError):  # it just was removed
            found.add((path.name, path.stat().st_mtime_ns))
    return found


def differences(found: xr.DataTree, expected: xr.DataTree) -> list[str]:
    """The variables and attributes in which two files differ."""
    if found.identical(expected):
        return []
    told = []
    for path in sorted({node.path for tree in (found, expected) for node in tree.subtree}):
        here, there = (
            tree[path].to_dataset() if path in (n.path for n in tree.subtree) else xr.Dataset()
            for tree in (found, expected)
        )
        for kind, a, b in (("variable", here.variables, there.variables),
                           ("attribute", here.attrs, there.attrs)):  # fmt: skip
            for name in sorted({*a, *b}, key=str):
                same = name in a and name in b
                same = same and (
                    a[name].identical(b[name]) if kind == "variable" else a[name] == b[name]
                )
                if not same:
                    told.append(f"{kind} {name} of {path} differs: {a.get(name)} for {b.get(name)}")
    return told or ["the order of its parts differs"]


class Killing:
    """A long computation and what it computes undisturbed, to be killed in a folder of its own."""

    def __init__(self, place: Path, name: str, seed: int) -> None:
        self.place, self.name, self.moments = place, name, random.Random(seed)
        self.seen: Counter[str] = Counter(kills=0, ends=0, kept=0, rows=0)
        self.kinds: list[str] = []  # what went wrong
        (place / "long.py").write_text(MODEL)
        for _ in range(2):  # the second time its functions are compiled
            begin = time.perf_counter()
            code, errors = Run(place, name).ended()
            self.seconds = time.perf_counter() - begin
            if code not in (0, 3):
                raise RuntimeError(errors)
        self.expected, self.told = results(place), tables(place)

    def row(self, most: int) -> None:
        """Kill, up to so often, call after call; then let one end and compare."""
        shutil.rmtree(self.place / "out")
        for _ in range(min(most, ROW)):
            if self.once():
                break
        self.compare(*Run(self.place, self.name).ended())

    def each(self) -> None:
        """Kill call after call when it has kept one piece more; compare what the last one gives."""
        shutil.rmtree(self.place / "out")
        code, errors = Run(self.place, self.name, pieces=1).ended()
        while code == -signal.SIGKILL:
            self.seen["kills"] += 1
            self.seen["kept"] += bool(kept(self.place))
            code, errors = Run(self.place, self.name, pieces=1).ended()
        self.compare(code, errors)

    def compare(self, code: int, errors: str) -> None:
        """What a call that came to its end has left, with what an undisturbed one leaves."""
        self.seen["rows"] += 1
        if code not in (0, 3) or "Traceback" in errors:
            self.kinds.append(f"the next call failed: {errors}")
            return
        found = results(self.place)
        if found.keys() != self.expected.keys():
            self.kinds.append(f"files {sorted(found)} instead of {sorted(self.expected)}")
        else:
            for name, tree in found.items():
                self.kinds += [f"{name}: {what}" for what in differences(tree, self.expected[name])]
        if tables(self.place) != self.told:
            self.kinds.append("tables differ")
        self.kinds += [f"{path} was left" for path in drafts(self.place) + pieces(self.place)]

    def once(self) -> bool:
        """Kill one call at a random moment; whether it came to its end before.

        Every other one comes soon after something more is kept: before that most of a short run is
        start-up.
        """
        before, moment = written(self.place), self.moments.uniform(0.0, 1.0) * self.seconds
        run = Run(self.place, self.name)
        begin = time.perf_counter()
        if (self.seen["kills"] + self.seen["ends"]) % 2 == 0:
            while run.alive and written(self.place) <= before:
                time.sleep(0.01)
            begin, moment = time.perf_counter(), 0.2 * moment
        run.kill(max(0.0, begin + moment - time.perf_counter()))
        code, errors = run.ended()
        self.seen["ends" if code != -signal.SIGKILL else "kills"] += 1
        self.seen["kept"] += code == -signal.SIGKILL and bool(kept(self.place))
        if code not in (0, 3, -signal.SIGKILL) or "Traceback" in errors:
            self.kinds.append(f"a call failed: {errors}")
        return code in (0, 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(LONG))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", action="store_true", help="kill after every piece, once")
    asked = parser.parse_args()
    wrong = 0
    for name in asked.names or LONG:
        with tempfile.TemporaryDirectory(prefix=f"kills-{name}-") as place:
            killing = Killing(Path(place), name, asked.seed)
            if asked.each:
                killing.each()
            while not asked.each and killing.seen["kills"] < asked.kills:
                killing.row(asked.kills - killing.seen["kills"])
                print(name, dict(killing.seen), killing.kinds, file=sys.stderr, flush=True)
        print(f"{name}: {killing.seconds:.1f} s", dict(killing.seen), killing.kinds, flush=True)
        wrong += len(killing.kinds)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
