"""``limit_cycles``: branches of periodic orbits in one parameter, by collocation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from continuation.cycles.branch import CycleBranch, make_branch
from continuation.cycles.cycle import Cycle
from continuation.cycles.delay_errors import order_for, with_more_nodes
from continuation.cycles.orbits import Direction, Orbit, Point, Solver, moved_times, turned_round
from continuation.cycles.settings import CycleSettings
from continuation.cycles.shrinking import SMALLEST
from continuation.cycles.starting_orbits import orbit_from_simulation
from continuation.cycles.switching import doubled, other_branch, parent_twice
from continuation.cycles.tracing import (
    CLOSED,
    INTERRUPTED,
    MAX_POINTS,
    REASONS,
    Trace,
    resolved,
    trace,
    trace_both_sides,
)
from continuation.engine.following import check_span
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.curves import with_more_nodes as more_nodes_at
from continuation.steady_states.normal_forms import critical_pair
from dynsys import checks
from dynsys.activity import doing
from dynsys.errors import ConvergenceError, ModelError
from dynsys.expressions.printing import to_text
from dynsys.first_integrals import first_integrals
from dynsys.journal import interrupted, whole
from dynsys.level_sets import level_set
from dynsys.vector_field import VectorField

Source = SpecialPoint | Cycle | VectorField
_MESH = 100.0  # by which an error of delayed signals has to exceed that of the mesh
_ROOM = 0.05  # of a span, by which a last step may lie beyond it
_RAISED = 2  # times that the nodes of delay lines are raised


def limit_cycles(
    source: Source,
    parameter: str,
    span: tuple[float, float],
    start: tuple[Sequence[float] | np.ndarray, float] | None = None,
    settings: CycleSettings | None = None,
) -> CycleBranch:
    """Follow a branch of limit cycles across a span of one parameter.

    1. Start at a Hopf point, at a ``Cycle``, or at an orbit of a model: simulated from ``start`` =
       (state, period guess), or from the model's initial state until it repeats. From a cycle
       labelled PD the branch of doubled period is followed, from one labelled BPC the other branch.
    2. Follow by pseudo-arclength on an adaptive mesh, refined where the trivial multiplier is off.
    3. Locate folds (LPC), period doublings (PD), torus (NS) and branch points (BPC) of cycles, with
       their normal-form coefficients.
    4. End at the span, at a Hopf point, or where the period diverges, and say so.
    5. Compare the ends of delay lines with the signals they delay; where they are off by more than
       ``settings.delay_error``, do it again with more nodes (``branch.model``).

    Where sums of states are conserved, a model is followed on the level set of its start, which is
    said. Where an energy is, ``conservative_cycles`` follows the family at fixed parameters.

    Raises
    ------
    ModelError for a start of the wrong kind or a wrong span; ConvergenceError where no periodic
    orbit is found.

    Example
    -------
    >>> cycles = limit_cycles(branch["H2"], parameter="mu_e", span=(0.3, 1.6))
    >>> cycles.at(mu_e=1.3).frequency
    """
    settings = CycleSettings() if settings is None else settings
    checks.instance("settings", settings, CycleSettings, "CycleSettings(max_points=50)")
    if not isinstance(source, (SpecialPoint, Cycle, VectorField)):
        raise ModelError(
            f"cycles start from a Hopf point, a Cycle or a model, not a {type(source).__name__}"
        )
    model = source if isinstance(source, VectorField) else source.model
    span = check_span(model, parameter, span)
    if isinstance(source, VectorField):
        model, start = _on_level_set(model, {parameter: span}, start)
    source = model if isinstance(source, VectorField) else source
    _check_inside(source, parameter, span)
    with whole(parts=True), doing(f"limit cycles along {parameter}"):
        for _ in range(_RAISED + 1):
            branch = _followed(Solver(model, {parameter: span}), source, start, settings)
            if REASONS[INTERRUPTED] in branch.ended:
                interrupted()
                warnings.warn(
                    "interrupted: the branch holds the cycles found until then; the same call goes "
                    "on from there",
                    stacklevel=2,
                )
                break
            order = _nodes(branch, source, settings)
            if order is None:
                break
            source, start = _with_nodes(source, start, order)
            model = source if isinstance(source, VectorField) else source.model
    return branch


def _check_inside(source: Source, parameter: str, span: tuple[float, float]) -> None:
    """ModelError for a start farther outside of a span than a last step may go."""
    low, high = span
    value, room = source.parameters[parameter], _ROOM * (high - low)
    if not low - room <= value <= high + room:
        raise ModelError(
            f"the start has {parameter} = {value:g}, outside the span ({low:g}, {high:g}); give a "
            "span that holds it"
        )


def _nodes(branch: CycleBranch, source: Source, settings: CycleSettings) -> int | None:
    """How many nodes per delay line the branch should be followed with; None for those it has."""
    if "delay_error" not in branch.data or (isinstance(source, Cycle) and source.label):
        return None
    errors, order = branch.data["delay_error"].values, branch.model.delay_order
    worst = float(errors.max())
    wanted = order_for(order, worst)
    if worst <= settings.delay_error or wanted <= order:
        return None
    mesh = branch.orbits[int(np.argmax(errors))].mesh_error()
    return wanted if worst > _MESH * mesh else None  # what is the mesh's is no matter of nodes


def _with_nodes(source: Source, start, order: int):
    """The source and the start of the same cycles with so many nodes per delay line."""
    if isinstance(source, SpecialPoint):
        return more_nodes_at(source, order), start
    model = source if isinstance(source, VectorField) else source.model
    finer = model.with_delay_order(order)
    if isinstance(source, Cycle):
        solver = Solver(finer, source.solver.spans)
        orbit = with_more_nodes(source.solver, source.orbit, finer)
        return replace(source, model=finer, solver=solver, orbit=orbit), start
    if start is not None:
        start = (model._full(start[0])[: model.physical_dimension], start[1])
    return finer, start


def _followed(
    solver: Solver, source: Source,
    start: tuple[Sequence[float] | np.ndarray, float] | None, settings: CycleSettings,
) -> CycleBranch:  # fmt: skip
    """The branch that a source leads to, with the delay lines that it has."""
    parameter, model = solver.parameter, solver.model
    if start is not None and not isinstance(source, VectorField):
        raise ModelError(
            f"a start is for a model that oscillates; {source.name or 'a point'} is one itself: "
            "leave start out"
        )
    if isinstance(source, SpecialPoint):
        forward = trace(solver, small_cycle(solver, source, settings), settings)
        return make_branch(solver, forward, ("Hopf point", forward.words), settings)
    if isinstance(source, Cycle) and source.label == "BPC":
        return _through(solver, source, settings)
    if isinstance(source, Cycle) and source.label == "PD":
        return _doubled(solver, source, settings)
    if isinstance(source, Cycle):  # its free parameter may have been another one
        value = model.parameters[parameter]
        given = replace(source.orbit, z=np.array([source.period, value]))
    else:
        given = _simulated(solver, start, settings)
    # At a fold of cycles the period tells them apart, if it changes there.
    for way in ([0.0, solver.half[1]], [given.period, 0.0]):
        found = solver.along(given, Direction(np.zeros_like(given.u), np.array(way)))
        if found is not None:
            break
    if found is None:
        raise ConvergenceError(
            f"no cycle was found at {parameter} = {given.value:.8g}, period {given.period:.6g}: "
            "the start is no cycle of this model; simulate longer or start nearer to one"
        )
    return _both_ways(solver, resolved(solver, found, settings), settings)


def _on_level_set(model: VectorField, spans, start):
    """The model and the start where its conserved sums keep their values, which is said."""
    level = level_set(model, spans, None if start is None else start[0])
    if level is None:
        return model, start
    warnings.warn(str(level), stacklevel=3)
    inside = None if start is None else (level.inside(model._full(start[0])), start[1])
    return level.model, inside


def _simulated(solver: Solver, start, settings: CycleSettings) -> Orbit:
    """The orbit of a simulation; where a conserved quantity is why there is none, it is named."""
    try:
        return orbit_from_simulation(solver, start, settings.intervals)
    except ConvergenceError as error:
        kept = first_integrals(solver.model)
        if not kept:
            raise
        words = ", ".join(to_text(quantity) for quantity in kept)
        raise ConvergenceError(
            f"{solver.model.name} conserves {words}: at fixed parameters its cycles are a family, "
            "of which no single one goes on in a parameter. conservative_cycles(model, start) "
            f"follows the family ({error})"
        ) from None


def _doubled(solver: Solver, source: Cycle, settings: CycleSettings) -> CycleBranch:
    """The branch of doubled period, from the period doubling itself on: what lies between it and
    the first of them is looked for like everything else."""
    first = doubled(solver, source)
    traced = trace(solver, first, settings)
    begin, made = parent_twice(solver, source, first), len(traced.points)
    if begin is not None:
        steps = [settings.step, *traced.steps]
        traced = replace(traced, points=[begin, *traced.points], steps=steps)
    born = f"{source.name or source.label} of another branch"
    return make_branch(solver, traced, (born, traced.words), settings, made=made)


def _through(solver: Solver, source: Cycle, settings: CycleSettings) -> CycleBranch:
    """The other branch through a branch point, to both sides of it: each is followed away from it,
    since what a mesh leaves of errors breaks up the branch point itself."""
    first, behind = other_branch(solver, source)
    forward = trace(solver, first, settings)
    if behind is None or forward.reason in (CLOSED, INTERRUPTED):
        return _both_ways(solver, first, settings)
    cut = turned_round(forward.points[-1]) if forward.reason == MAX_POINTS else None
    backward = trace(solver, turned_round(behind), settings, origin=cut)
    steps = [*backward.steps[::-1], settings.step, *forward.steps]
    joined = Trace(backward.reversed() + forward.points, steps, forward.reason, forward.step)
    return make_branch(
        solver, joined, (backward.words, forward.words), settings, made=len(forward.points)
    )


def _both_ways(solver: Solver, first: Point, settings: CycleSettings) -> CycleBranch:
    backward, forward = trace_both_sides(solver, first, settings)
    joined = Trace(
        backward.reversed()[:-1] + forward.points, backward.steps[::-1] + forward.steps,
        forward.reason, forward.step,
    )  # fmt: skip
    ended = (backward.words, forward.words)
    return make_branch(solver, joined, ended, settings, made=len(forward.points))


def small_cycle(
    solver: Solver, point: SpecialPoint, settings: CycleSettings, size: float = SMALLEST
) -> Point:
    """A small orbit beside a Hopf point: x0 + eps Re(q exp(2 pi i t))."""
    if point.label not in ("H", "GH", "HH", "ZH") or point.omega is None:
        raise ModelError(
            f"{point.name or 'the start'} is a {point.label} point; cycles start at Hopf points "
            "(H), at a Cycle, or at an oscillating model"
        )
    scale = solver.scale
    jacobian = point.model.jacobian(point.state) * scale[None, :] / scale[:, None]
    _, q = critical_pair(jacobian, point.omega)
    mesh = np.linspace(0, 1, settings.intervals + 1)
    wave = np.real(q[None, :] * np.exp(2j * np.pi * moved_times(mesh))[:, None])
    reach = size / np.sqrt(np.mean(np.sum(wave**2, axis=1)))
    u = np.ascontiguousarray(point.state / scale + reach * wave)
    value = point.parameters[solver.parameter]
    guess = Orbit(mesh, u, np.array([2 * np.pi / point.omega, value]))
    found = solver.along(guess, Direction(np.ascontiguousarray(wave), np.zeros(2)))
    if found is None:
        raise ConvergenceError(
            f"no small cycle was found beside {point.name} at {solver.parameter} = {value:.8g}; "
            "the Hopf point may be degenerate (see its Lyapunov coefficient)"
        )
    return found
