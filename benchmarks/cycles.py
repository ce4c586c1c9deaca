"""Milliseconds per cycle point and per point of a curve of folds or doublings of cycles (warm).

Multipliers, mesh adaptation and detection are included. AUTO-07p's times, for the ratio, were
measured on one thread of a machine of this kind with NTST = 50, NCOL = 4 (milliseconds a point);
ours has the same mesh. Where ``auto`` is on the path, see ``dynsys export --to auto`` to run both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from continuation import (
    CycleSettings,
    cycle_fold_curve,
    equilibria,
    limit_cycles,
)
from dynsys import State, VectorField
from dynsys.models import aln, jansen_rit, morris_lecar

AUTO = {
    "morris_lecar": 0.34, "jansen_rit": 1.2, "two_columns": 7.3, "morris_lecar LPC": 1.3,
    "jansen_rit LPC": 8.8,
}  # fmt: skip
MESH = CycleSettings(intervals=50, most_intervals=50)


def two_columns(coupling: float = 2.0) -> VectorField:
    """Two Jansen-Rit columns that excite each other: 12 states."""
    one = jansen_rit()
    names = [*one.states, *one.definitions]
    definitions, equations, states = {}, {}, {}
    for k, other in (("a", "b"), ("b", "a")):

        def renamed(text: str, k: str = k) -> str:
            words = {name: f"{name}_{k}" for name in names}
            import re

            return re.sub(r"[A-Za-z_]\w*", lambda m: words.get(m.group(), m.group()), text)

        for name, expression in one.definitions.items():
            definitions[f"{name}_{k}"] = renamed(str(expression))
        for name, expression in one.equations.items():
            text = renamed(str(expression))
            if name == "z1":
                text += f" + A/tau_e*coupling*sigmoid_p_{other}"
            equations[f"{name}_{k}"] = text
        for name, state in one.states.items():
            states[f"{name}_{k}"] = State(state.initial, state.range)
    return VectorField(
        "two_columns", states, {**one.parameters, "coupling": coupling}, equations,
        definitions=definitions, time_unit="ms",
    )  # fmt: skip


def timed(work: Callable[[], int], repeats: int = 3) -> tuple[int, float]:
    """Points and the best time per point in milliseconds."""
    best, count = np.inf, 1
    for _ in range(repeats):
        start = time.perf_counter()
        count = work()
        best = min(best, (time.perf_counter() - start) / count)
    return count, 1000 * best


def show(name: str, states: int, count: int, each: float) -> None:
    ratio = f"{each / AUTO[name]:.2f}" if name in AUTO else "-"
    print(f"{name:<18} {states:>6} {count:>7} {each:>9.2f} {ratio:>8}")


def main() -> None:
    print("                   states  points  ms/point  to AUTO")
    cases = [
        (morris_lecar(), "I", (60.0, 260.0), -1, "v3", (-10.0, 10.0)),
        (jansen_rit(), "p", (50.0, 400.0), 0, "C", (130.0, 140.0)),
        (two_columns(), "p", (50.0, 400.0), 0, None, None),
        (aln().with_parameters(mu_i=0.5), "mu_e", (0.3, 1.6), -1, None, None),
    ]
    for model, parameter, span, which, other, reach in cases:
        hopf = equilibria(model, parameter, span).points("H")[which]
        branch = limit_cycles(hopf, parameter, span, settings=MESH)
        work = lambda: len(limit_cycles(hopf, parameter, span, settings=MESH))  # noqa: B023, E731
        show(model.name, model.compiled.n, *timed(work))
        folds = branch.points("LPC")
        if other is not None and folds:
            spans = {parameter: span, other: reach}
            curve = lambda: len(cycle_fold_curve(folds[0], (parameter, other), spans, MESH))  # noqa: B023, E731
            show(f"{model.name} LPC", model.compiled.n, *timed(curve))


if __name__ == "__main__":
    main()
