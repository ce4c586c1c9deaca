"""Milliseconds per point of branches of cycles and of curves of their bifurcations (warm).

Multipliers, mesh adaptation and detection are included. Where ``auto`` is on the path (and AUTO_DIR
set), AUTO-07p runs the same equations with the same mesh and tolerances in turn with ours; else its
column holds what it took on one thread of a machine of this kind. Both are processor time, medians
of several runs, without what a run of few points takes, the start. Points are as far apart as the
default steps make them, AUTO's two to three times nearer; "all" is the whole call for ours.

    python benchmarks/cycles.py [case ...]
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from auto import Auto, available

from continuation import (
    CycleSettings,
    cycle_fold_curve,
    equilibria,
    limit_cycles,
    period_doubling_curve,
    torus_curve,
)
from dynsys import State, VectorField
from dynsys.models import aln, jansen_rit, morris_lecar

# Milliseconds a point where AUTO is not there; NTST = 50, NCOL = 4.
AUTO = {
    "morris_lecar": 0.30, "jansen_rit": 1.16, "two_columns": 6.8, "adaptx": 0.44,
    "morris_lecar LPC": 1.2, "jansen_rit LPC": 11.8, "adaptx PD": 1.3,
}  # fmt: skip
MESH = CycleSettings(intervals=50, most_intervals=50)
FEW = 4  # points of the run that is subtracted
ROUNDS, AT_ONCE = 5, 3  # measurements of both sides in turn, and of ours in each
CURVES = {
    "LPC": (cycle_fold_curve, "LP"), "PD": (period_doubling_curve, "PD"), "NS": (torus_curve, "TR"),
}  # fmt: skip


def adaptx() -> VectorField:
    """The adaptive control system of MatCont's manual, with a period doubling at al = 0.6303."""
    return VectorField(
        "adaptx", {k: State(0.0, (-2.0, 2.0)) for k in "xyz"}, {"al": 1.0, "be": 1.0},
        {"x": "y", "y": "z", "z": "-al*z - be*y - x + x**2"},
    )  # fmt: skip


def two_columns(coupling: float = 2.0) -> VectorField:
    """Two Jansen-Rit columns that excite each other: 12 states."""
    one = jansen_rit()
    names = [*one.states, *one.definitions]
    definitions, equations, states = {}, {}, {}
    for k, other in (("a", "b"), ("b", "a")):

        def renamed(text: str, k: str = k) -> str:
            words = {name: f"{name}_{k}" for name in names}
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


def langford() -> VectorField:
    """The normal form of Langford (1979) with a torus bifurcation on its cycles."""
    return VectorField(
        "langford", {k: State(0.0, (-2.0, 2.0)) for k in "xyz"},
        {"lam": -1.0, "al": 0.95, "be": 0.7, "om": 3.5, "rho": 0.25, "eps": 0.1},
        {
            "x": "(z - be)*x - om*y", "y": "om*x + (z - be)*y",
            "z": "lam + al*z - z**3/3 - (x**2 + y**2)*(1 + rho*z) + eps*z*x**3",
        },
        time_unit="",
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Cycles of the Hopf point number ``hopf`` and a ``curve`` (label, parameter, its span)."""

    model: VectorField
    parameter: str
    span: tuple[float, float]
    hopf: int = 0
    curve: tuple[str, str, tuple[float, float]] | None = None


def cases() -> list[Case]:
    """What is measured."""
    return [
        Case(morris_lecar(), "I", (60.0, 260.0), -1, ("LPC", "v3", (-10.0, 10.0))),
        Case(adaptx(), "al", (-1.0, 1.5), 0, ("PD", "be", (0.5, 2.0))),
        Case(langford(), "lam", (-1.5, 3.0), 0, ("NS", "rho", (-0.5, 1.0))),
        Case(jansen_rit(), "p", (50.0, 400.0)),
        Case(jansen_rit(), "p", (-50.0, 400.0), 0, ("LPC", "C", (130.0, 140.0))),
        Case(two_columns(), "p", (50.0, 400.0)),
        Case(aln().with_parameters(mu_i=0.5), "mu_e", (0.3, 1.6), -1),
    ]


Run = Callable[[CycleSettings], int]  # makes a branch, and counts its points


def timed(run: Run) -> tuple[int, float, float]:
    """Points, processor time per point without the start, and with it, in milliseconds."""
    spent, counts = [], []
    for settings in (replace(MESH, max_points=FEW), MESH):
        start = time.process_time()
        counts.append(run(settings))
        spent.append(1000 * (time.process_time() - start))
    (few, many), (short, long) = counts, spent
    return many, (long - short) / (many - few), long / many


def show(name: str, states: int, run: Run, auto: Callable[[], float] | None) -> None:
    """One line: our points, our time per point, AUTO's, the ratio."""
    run(MESH)  # compiles
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours += [timed(run) for _ in range(AT_ONCE)]
        theirs += [auto()] if auto else []
    each, whole = (float(np.median([entry[k] for entry in ours])) for k in (1, 2))
    known = float(np.median(theirs)) if theirs else np.nan
    known = known if np.isfinite(known) else AUTO.get(name)  # where AUTO's start leads elsewhere
    other = f"{known:>8.2f} {each / known:>6.2f}" if known else f"{'-':>8} {'-':>6}"
    print(f"{name:<18} {states:>6} {ours[0][0]:>7} {each:>9.3f} {other} {whole:>7.3f}", flush=True)


def measure(case: Case) -> None:
    """The lines of a case."""
    model, parameter, span, n = case.model, case.parameter, case.span, case.model.compiled.n
    points = equilibria(model, parameter, span).points("H")
    hopf, auto = points[case.hopf], None
    if available() and not model.tables:
        auto = Auto(model, parameter, span, range(len(points))[case.hopf] + 1)
    branch = limit_cycles(hopf, parameter, span, settings=MESH)
    show(
        model.name, n, lambda settings: len(limit_cycles(hopf, parameter, span, settings=settings)),
        auto and auto.cycles,
    )  # fmt: skip
    if case.curve is None:
        return
    label, other, reach = case.curve
    follow, theirs = CURVES[label]
    start, spans = branch.points(label)[0], {parameter: span, other: reach}
    show(
        f"{model.name} {label}", n,
        lambda settings: len(follow(start, (parameter, other), spans, settings)),
        auto and (lambda: auto.curve(theirs, other)),
    )  # fmt: skip


def main(chosen: list[str]) -> None:
    """Print the table."""
    print(f"{'':<18} states  points  ms/point  AUTO's  ratio     all")
    for case in cases():
        if not chosen or case.model.name in chosen:
            measure(case)


if __name__ == "__main__":
    main(sys.argv[1:])
