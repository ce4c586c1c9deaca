"""AUTO-07p's side of the benchmarks: processor time per point, where ``auto`` is on the path.

The equations are those that ``dynsys export --to auto`` writes; one thread, NTST = 50, NCOL = 4,
multipliers and detection on. What a run costs beside its points (starting, what came before) is
measured by a run of few points, and subtracted. Runs are short: each is done several times over.
"""

from __future__ import annotations

import math
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from continuation import find_equilibria
from dynsys import VectorField

_POINTS, _FEW = 300, 2
_REPEATS = 8  # runs in a row for one measurement
_ROW = re.compile(r"^ +-?\d+ +(\d+) +(?:[A-Z]{2}) ", re.MULTILINE)


def available() -> bool:
    """Whether AUTO can be run."""
    return shutil.which("auto") is not None and "AUTO_DIR" in os.environ


class Auto:
    """AUTO on one model: points of equilibria, of cycles, of curves of cycles.

    Parameters
    ----------
    hopf : which Hopf point the cycles begin at, counted along the branch of equilibria.
    """

    def __init__(
        self, model: VectorField, parameter: str, span: tuple[float, float], hopf: int = 1
    ) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.name, self.parameter = model.name, parameter
        there = model.with_parameters(**{parameter: span[0]})
        start = find_equilibria(there)[0]
        there.to_auto(self.folder.name, parameter, span, start)
        self.start = [
            f"equilibria = run('{model.name}')",
            f"cycle = dict(IPS=2, ICP=['{parameter}', 'PERIOD'], DS=0.01, DSMAX=0.2, "
            "EPSL=1e-8, EPSU=1e-8, EPSS=1e-6)",
            f"hopf = equilibria('HB{hopf}')",
        ]
        self._run([f"run('{model.name}', NMX=2)"])  # compiles

    def cycles(self) -> float:
        """Milliseconds per point of a branch of cycles, measured once."""
        return self._each("run(hopf, NMX=%d, **cycle)", _POINTS, self.start)

    def curve(self, label: str, other: str) -> float:
        """Milliseconds per point of a curve of cycle bifurcations (LP, PD or TR), measured once."""
        icp = f"['{self.parameter}', '{other}', 'PERIOD']"
        start = [*self.start, f"cycles = run(hopf, NMX={_POINTS}, **cycle)",
                 f"cycle.update(ICP={icp}, ISW=2, ISP=2, ILP=0)"]  # fmt: skip
        again = f"run(cycles('{label}1'), NMX=2, **cycle)"
        return self._each(f"run({again}, NMX=%d, **cycle)", 60, start)

    def _each(self, command: str, most: int, start: Sequence[str]) -> float:
        (few, short), (many, long) = (
            self._run([*start, *[command % number] * _REPEATS]) for number in (_FEW, most)
        )
        return 1000 * (long - short) / (many - few) / _REPEATS if many > few else math.nan

    def _run(self, commands: Sequence[str]) -> tuple[int, float]:
        """Points of the last run of a script, and the processor seconds of all."""
        script = Path(self.folder.name) / "benchmark.auto"
        script.write_text("\n".join(commands) + "\n")
        spent = _children()
        done = subprocess.run(
            ["auto", script.name], cwd=self.folder.name, capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
        )  # fmt: skip
        spent = _children() - spent
        last = _ROW.findall(done.stdout.rpartition("Starting ")[2])
        return int(last[-1]) if last else 0, spent


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
