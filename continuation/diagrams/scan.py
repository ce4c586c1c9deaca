"""All cycles of a parameter plane: branches along scan lines, and the curves that bound them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles.branch import CycleBranch
from continuation.cycles.conditions import DOUBLING, FOLD, PERIOD, TORUS
from continuation.cycles.curves import (
    EXPLOSIVE,
    FIXED_PERIOD,
    CycleCurve,
    critical_angle,
    sensitivity,
    trace_both_ways,
)
from continuation.cycles.cycle import Cycle
from continuation.cycles.delay_errors import CARRIED, delay_error
from continuation.cycles.following import STEP_MIN
from continuation.cycles.limit_cycles import limit_cycles
from continuation.cycles.multipliers import NONE
from continuation.cycles.orbits import Orbit, Point, Solver, coarse
from continuation.cycles.settings import CycleSettings
from continuation.cycles.tracing import REASONS
from continuation.diagrams import finished
from continuation.diagrams.finished import Kept
from continuation.diagrams.progress import showing, stage
from continuation.engine.budget import met, spent
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from dynsys.cluster.connection import current
from dynsys.cluster.pieces import pieces
from dynsys.errors import ConvergenceError
from dynsys.interruption import run_all
from dynsys.journal import belonging
from dynsys.vector_field import VectorField

# Coarser than a single branch: enough for regions and for starting the curves.
SCAN = CycleSettings(
    intervals=20, tolerance=1e-5, trivial_error=1e-4, mesh_error=1e-5, step_max=0.25,
    min_cosine=0.8, longest=10.0, max_points=250, violent=1e3,
    delay_error=1e3,  # one number of nodes for the whole plane
)  # fmt: skip
SEEN = replace(SCAN, most_unstable=8)  # cycles found by simulation: as far as they are stable
CURVE = CycleSettings(intervals=20, step_max=0.12, max_points=150)
MOST_CURVES = 80  # of cycles in a plane
WORKERS = 2  # threads; results come in the order of the tasks, whatever their number
NEAR = 1e-3  # distance in units of the plane at which a point lies on a known curve
SMALLEST = 0.02  # range of a scaled state of cycles at which a curve of them ends
ORDINARY = 10  # times the sensitivity of a boundary: there a curve of fixed period ends
KIND = {"LPC": FOLD, "PD": DOUBLING, "NS": TORUS, "unresolved": FOLD}

Axis = tuple[str, float, float]
Spans = dict[str, tuple[float, float]]


def scan_cycles(lines: Sequence[Branch]) -> tuple[CycleBranch, ...]:
    """The cycles of every Hopf point on scan lines; a branch between two of them only once."""
    if not lines:
        return ()
    kept = finished.cycles_of_lines(lines[0].model)
    found = each(_cycles_of_line, lines, "cycles along scan lines", kept)
    return tuple(branch for branches in found for branch in branches or ())


def _cycles_of_line(line: Branch) -> list[CycleBranch]:
    branches: list[CycleBranch] = []
    parameter = line.parameters[0]
    waiting = line.points("H")
    while waiting:
        point = waiting.pop(0)
        try:
            branches.append(_followed(point, parameter, line.spans[parameter]))
            waiting = [p for p in waiting if p is not end_of(branches[-1], waiting)]
        except ConvergenceError:
            continue  # no small cycle: the Hopf point is degenerate to working accuracy
    return branches


def cycles_through(cycle: Cycle, parameter: str, span: tuple[float, float]) -> CycleBranch | None:
    """The branch of a cycle, followed both ways; None where Newton does not leave the cycle."""
    try:
        return _followed(replace(cycle, label="", name=""), parameter, span, SEEN)
    except ConvergenceError:
        return None


def _followed(
    source: SpecialPoint | Cycle, parameter: str, span: tuple[float, float],
    settings: CycleSettings = SCAN,
) -> CycleBranch:  # fmt: skip
    """A branch of cycles; followed once more with shorter steps where Newton gave up on stable
    cycles, which bound a region that goes on."""
    branch = limit_cycles(source, parameter, span, settings=settings)
    if not _stuck(branch):
        return branch
    finer = replace(settings, step_max=settings.step_max / 2)
    again = limit_cycles(source, parameter, span, settings=finer)
    return branch if _stuck(again) and len(again) < len(branch) else again


def _stuck(branch: CycleBranch) -> bool:
    """Whether an end where Newton no longer converges holds a stable cycle."""
    stable = branch.data["stable"].values
    ends = zip(branch.ended, (stable[0], stable[-1]), strict=True)
    return any(word == REASONS[STEP_MIN] and held for word, held in ends)


def end_of(branch: CycleBranch, points: Sequence[SpecialPoint]) -> SpecialPoint | None:
    """The Hopf point, of these, to which a branch of cycles has shrunk."""
    if "Hopf point" not in branch.ended[1]:
        return None
    last, name = branch.orbits[-1], branch.parameter
    frequency = branch.model.frequency_factor / last.period
    apart = {
        k: (abs(last.value - p.parameters[name]) / branch.solver.half[1],
            abs(np.log(frequency / p.frequency)))
        for k, p in enumerate(points) if p.frequency
    }  # fmt: skip
    near = [k for k, (across, along) in apart.items() if across < 0.02 and along < 0.2]
    return points[min(near, key=lambda k: apart[k])] if near else None


def cycles_beside(curves: Sequence[Branch], parameter: str) -> tuple[CycleBranch, ...]:
    """Short branches beside every generalized Hopf and Bogdanov-Takens point on a Hopf curve.

    To both sides of the point; kept where they lead to a fold of cycles or to a diverging period.
    """
    tasks = []
    for curve in (c for c in curves if c.kind == "hopf curve"):
        for point in (*curve.points("GH"), *curve.points("BT")):
            most = 40 if point.label == "GH" else 120
            for index in {*_neighbors(curve, point)} - {point.index, point.index + 1}:
                tasks.append((_hopf_point(curve, index), parameter, curve.spans[parameter], most))
    kept, words = finished.cycles(curves[0].model) if curves else None, "cycles beside GH and BT"
    found = each(_short_branch, tasks, words, kept)
    return tuple(branch for branch in found if branch is not None)


def _neighbors(curve: Branch, point: SpecialPoint) -> Iterator[int]:
    """Points of a Hopf curve to both sides of a special one, before the next special one."""
    others = [p.index for p in curve.special_points if p is not point]
    for sign, first in ((-1, point.index), (1, point.index + 1)):
        reach = [sign * (k - first) for k in others if sign * (k - first) > 0]
        room = len(curve) - 1 - first if sign > 0 else first
        yield first + sign * max(0, min([4, room, *(r // 2 for r in reach)]))


def _hopf_point(curve: Branch, index: int) -> SpecialPoint:
    row = curve.data.isel(point=index)
    values = {**curve.model.parameters, **{k: float(row[k]) for k in curve.parameters}}
    return SpecialPoint(
        label="H", state=curve.states()[index], parameters=values, eigenvalues=np.empty(0),
        model=curve.model.with_parameters(**values), free=curve.parameters,
        frequency=float(row["frequency"]), index=index,
    )  # fmt: skip


def _short_branch(task: tuple[SpecialPoint, str, tuple[float, float], int]) -> CycleBranch | None:
    point, parameter, span, most = task
    settings = replace(SCAN, max_points=most)
    try:
        branch = limit_cycles(point, parameter, span, settings=settings)
    except ConvergenceError:
        return None
    diverges = branch.ended[1].startswith("the period diverges")
    return branch if diverges or branch.points("LPC") else None


def cycle_boundaries(
    model: VectorField,
    x: Axis,
    y: Axis,
    branches: Sequence[CycleBranch],
    known: Sequence[CycleCurve] = (),
) -> list[CycleCurve]:
    """Curves of folds, doublings, tori and diverging periods through every such cycle found that
    lies on no known one.

    A fold that Newton cannot hold, because the parameter stands still over many cycles (a canard),
    is followed at the period of its cycle instead; so is a branch whose period diverges.
    """
    spans: Spans = {x[0]: (x[1], x[2]), y[0]: (y[1], y[2])}
    curves = list(known)
    waiting = [
        (cycle, KIND[cycle.label])
        for branch in branches
        for cycle in branch.special_points
        if cycle.label in KIND and not _is_violent(cycle) and _is_carried(cycle)
    ]
    waiting += [
        (_last_cycle(branch), PERIOD)
        for branch in branches
        if branch.ended[1].startswith("the period diverges")
    ]
    for _ in stage(itertools.count(), "curves of cycles"):
        waiting = [task for task in waiting if not _known(curves, *task, x, y)]
        if not waiting:
            break
        if spent():
            met("the budget was spent: some curves of cycles were left out")
            break
        if len(curves) >= MOST_CURVES:
            met(f"{MOST_CURVES} curves of cycles were followed: others were not, one of which may "
                "bound a region")  # fmt: skip
            break
        # two curves at a time, each through the first cycle that lies on none
        kept = finished.cycle_curves(model, spans)
        found = each(lambda task: _curve(model, spans, *task), waiting[:2], kept=kept)
        for task, curve in zip(waiting[:2], found, strict=True):
            if curve is not None and not _known(curves, *task, x, y):
                curves.append(curve)
        waiting = waiting[2:]
    return curves[len(known) :]


def _is_violent(cycle: Cycle) -> bool:
    """Whether a cycle is unstable beyond what a boundary of stable ones can be."""
    return np.max(cycle.floquet.log10, initial=-np.inf) > np.log10(SCAN.violent)


def _is_carried(cycle: Cycle) -> bool:
    """Whether delay lines carry a cycle; what those of the lines alone do bounds no region."""
    return delay_error(cycle.solver, cycle.orbit) < CARRIED


def _last_cycle(branch: CycleBranch) -> Cycle:
    """The cycle of a diverging branch at a moderate period, where Newton is still well off."""
    periods = branch.data["period"].values
    k = int(np.argmax(periods > 0.5 * periods[-1]))
    orbit = branch.orbits[k]
    model = branch.solver.at(orbit)
    return Cycle(model, orbit, branch.solver, NONE, 1.0, "", "")


def _known(curves: Sequence[CycleCurve], cycle: Cycle, kind: int, x: Axis, y: Axis) -> bool:
    """Whether a cycle lies on a curve already followed."""
    at = np.array([(cycle.parameters[k] - low) / (high - low) for k, low, high in (x, y)])
    for curve in curves:
        if {curve.solver.kind, kind} - {FOLD, PERIOD} and curve.solver.kind != kind:
            continue
        places = curve_positions(curve, x, y)
        a, chord = places[:-1], np.diff(places, axis=0)
        square = np.maximum(np.sum(chord**2, axis=1), 1e-300)
        fraction = np.clip(np.sum((at - a) * chord, axis=1) / square, 0, 1)
        if np.min(np.linalg.norm(a + fraction[:, None] * chord - at, axis=1)) < NEAR:
            return True
    return False


def curve_positions(curve: CycleCurve, x: Axis, y: Axis) -> np.ndarray:
    """Positions (point, 2) of a curve in units of the plane."""
    return np.column_stack([(curve.data[k].values - low) / (high - low) for k, low, high in (x, y)])


def _curve(model: VectorField, spans: Spans, cycle: Cycle, kind: int) -> CycleCurve | None:
    if kind == PERIOD:
        return _fixed_period(model, spans, cycle)
    if cycle.label == "unresolved":  # in a canard, where multipliers mean nothing
        return _fixed_period(model, spans, cycle, FIXED_PERIOD)
    angle = [critical_angle(cycle)] if kind == TORUS else []
    z = np.array([cycle.period, *(cycle.parameters[k] for k in spans), *angle])
    orbit, sought = replace(cycle.orbit, z=z), ("CPC",) if kind == FOLD else ()
    curve = _traced(
        Solver(model, spans, kind), coarse(orbit), CURVE, resonances=sought, enough=_vanishes
    )
    if curve is None and kind == FOLD:
        return _fixed_period(model, spans, cycle, FIXED_PERIOD)
    return curve


def _fixed_period(
    model: VectorField, spans: Spans, cycle: Cycle, kind: str = ""
) -> CycleCurve | None:
    z = np.array([cycle.period, *(cycle.parameters[k] for k in spans)])
    solver = Solver(model, spans, PERIOD, cycle.period)
    orbit = coarse(replace(cycle.orbit, z=z))
    settings = replace(CURVE, step_max=0.3)

    def ordinary(point: Point) -> bool:
        return not sensitivity(solver, point) < ORDINARY * EXPLOSIVE

    ends = ordinary if kind == FIXED_PERIOD else None
    return _traced(solver, orbit, settings, kind, resonances=(), enough=ends)


def _vanishes(point: Point) -> bool:
    """Whether a curve has come to cycles of no size: to a generalized Hopf point."""
    return bool(np.max(np.ptp(point.orbit.u, axis=0)) < SMALLEST)


def _traced(solver: Solver, orbit: Orbit, *rest: Any, **options: Any) -> CycleCurve | None:
    """A curve of two points at least; None where Newton does not leave its start."""
    try:
        curve = trace_both_ways(solver, orbit, *rest, **options)
    except ConvergenceError:
        return None
    return curve if len(curve) > 1 else None


def each(
    work: Callable[[Any], Any], tasks: Sequence[Any], words: str = "", kept: Kept | None = None
) -> list:
    """Results of ``work`` on every task, two at a time: the compiled loops release the lock.

    ``words`` tell what is done, where progress is shown. With ``kept`` results are kept as soon as
    they are finished. Ctrl-C is answered at once. Where a budget is spent the rest is None.
    """
    works = [partial(work, task) for task in tasks]
    if current() is None:  # threads begin without what holds here, as the budget does
        works = [partial(copy_context().run, _unless_spent, words, made) for made in works]
    with showing(words, len(tasks)) as advance:
        if kept is not None:
            names = [partial(kept.key, task) for task in tasks]
            return pieces(
                names, works, kept.form, words=words, workers=WORKERS, done=lambda _: advance()
            )
        results: list[Any] = [None] * len(tasks)

        def make(number: int) -> None:
            results[number] = works[number]()

        calls = [belonging(partial(make, k)) for k in range(len(tasks))]
        run_all(calls, WORKERS, lambda _: advance())
    return results


def _unless_spent(words: str, made: Callable[[], Any]) -> Any:
    """A task's result; None where there is no time for it any more, which is said."""
    if spent():
        met(f"the budget was spent: {words or 'some searches'} were left out")
        return None
    return made()
