"""The curves of cycles that bound regions of a parameter plane."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
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
    sensitivity,
    start_point,
    trace_both_ways,
)
from continuation.cycles.cycle import Cycle
from continuation.cycles.delay_errors import CARRIED, delay_error, order_for, with_more_nodes
from continuation.cycles.emission import critical_angle
from continuation.cycles.multipliers import NONE
from continuation.cycles.orbits import Orbit, Point, Solver, coarse
from continuation.cycles.settings import CycleSettings
from continuation.diagrams import finished
from continuation.diagrams.progress import stage
from continuation.diagrams.scan import SCAN, diverges, each
from continuation.engine.budget import met, spent
from dynsys.errors import ConvergenceError
from dynsys.vector_field import VectorField

CURVE = CycleSettings(intervals=20, most_intervals=80, step_max=0.12, max_points=150)
SHARP = 1e-2  # error of delayed signals above which a curve is followed with more nodes,
MOST_NODES = 20  # up to so many per delay line,
BLURRED = 0.3  # error of delayed signals with these above which a cycle is left out
STARTS = 5  # from one of so many of its cycles
MOST_CURVES = 80  # of cycles in a plane
NEAR = 1e-3  # distance in units of the plane at which a point lies on a known curve
SMALLEST = 0.02  # range of a scaled state of cycles at which a curve of them ends
_FEW = 5  # cycles, with fewer of which a curve of folds is lost where it begins
ORDINARY = 10  # times the sensitivity of a boundary: there a curve of fixed period ends
KIND = {"LPC": FOLD, "PD": DOUBLING, "NS": TORUS, "unresolved": FOLD}

Axis = tuple[str, float, float]
Spans = dict[str, tuple[float, float]]


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
    special = [
        cycle for branch in branches for cycle in branch.special_points
        if cycle.label in KIND and not _is_violent(cycle)
    ]  # fmt: skip
    carried = [cycle for cycle in special if _is_carried(cycle)]
    blurred = [cycle for cycle in special if not _is_carried(cycle)]
    waiting = [(cycle, KIND[cycle.label]) for cycle in carried]
    sharp = each(partial(_sharpened, spans), blurred)
    waiting += [(cycle, KIND[cycle.label]) for cycle in sharp if cycle is not None]
    waiting += [(_last_cycle(branch), PERIOD) for branch in branches if diverges(branch)]
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


def _sharpened(spans: Spans, cycle: Cycle) -> Cycle | None:
    """A special cycle that the plane's delay lines blur, on lines of more nodes; None where these
    do not hold it inside the plane, or blur it as well: what lines alone do bounds no region."""
    kind, model = KIND[cycle.label], cycle.model.with_delay_order(MOST_NODES)
    solver = Solver(model, spans, kind)
    orbit = coarse(_on_curve(cycle, spans, kind))
    try:
        found = start_point(solver, with_more_nodes(cycle.solver, orbit, model))
    except ConvergenceError:
        return None
    values = dict(zip(spans, found.orbit.z[1:3].tolist(), strict=True))
    inside = all(low <= values[k] <= high for k, (low, high) in spans.items())
    if not inside or delay_error(solver, found.orbit) > BLURRED:
        return None
    free = cycle.solver.parameter
    at = model.with_parameters(**values)
    plain = replace(found.orbit, z=np.array([found.orbit.period, values[free]]))
    return replace(cycle, model=at, orbit=plain, solver=Solver(at, {free: spans[free]}))


def _on_curve(cycle: Cycle, spans: Spans, kind: int) -> Orbit:
    """The orbit of a special cycle with the unknowns of its curve."""
    angle = [critical_angle(cycle)] if kind == TORUS else []
    return replace(
        cycle.orbit, z=np.array([cycle.period, *(cycle.parameters[k] for k in spans), *angle])
    )


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
    orbit, sought = _on_curve(cycle, spans, kind), ("CPC",) if kind == FOLD else ()
    if cycle.model.delay_order != model.delay_order:
        model = cycle.model
    traced = partial(_traced, settings=CURVE, resonances=sought, enough=_vanishes)
    curve = traced(Solver(model, spans, kind), coarse(orbit))
    if curve is not None and model.lines:
        curve = _with_sharp_delays(curve, traced)
    if kind == FOLD and (curve is None or len(curve) < _FEW):  # at the end of a canard
        return _fixed_period(model, spans, cycle, FIXED_PERIOD) or curve
    return curve


def _with_sharp_delays(
    curve: CycleCurve, traced: Callable[[Solver, Orbit], CycleCurve | None]
) -> CycleCurve:
    """A curve followed once more with more nodes per delay line, where those of the plane blur the
    signals of its cycles; from those that they begin to blur: well known, and of some size."""
    solver, order = curve.solver, curve.model.delay_order
    errors = np.array([delay_error(solver, orbit) for orbit in curve.orbits])
    wanted = min(order_for(order, float(errors.max())), MOST_NODES)
    if errors.max() < SHARP or wanted <= order:
        return curve
    model = curve.model.with_delay_order(wanted)
    for k in np.argsort(np.abs(np.log(np.maximum(errors, 1e-300) / SHARP)))[:STARTS]:
        start = with_more_nodes(solver, curve.orbits[k], model)
        sharp = traced(Solver(model, solver.spans, solver.kind), start)
        if sharp is not None:
            return sharp
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


def _traced(
    solver: Solver, orbit: Orbit, settings: CycleSettings, kind: str = "", **options: Any
) -> CycleCurve | None:
    """A curve of two points at least; None where Newton does not leave its start."""
    try:
        curve = trace_both_ways(solver, orbit, settings, kind, **options)
    except ConvergenceError:
        return None
    return curve if len(curve) > 1 else None
