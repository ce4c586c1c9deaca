"""Following cycles: the Python face of the compiled loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles import following as engine
from continuation.cycles.closing import (
    back_at_parent,
    becomes_parent,
    nearest_to_parent,
    parent_twice,
    returned,
)
from continuation.cycles.conditions import CYCLE, FOLD, TORUS
from continuation.cycles.counts import clear_counts
from continuation.cycles.landing import land
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import (
    Direction,
    Orbit,
    Point,
    Solver,
    adapted_mesh,
    moved,
    remeshed,
    turned_round,
)
from continuation.cycles.prediction import BEFORE
from continuation.cycles.settings import CycleSettings
from continuation.cycles.shrinking import shrunk
from continuation.cycles.vanishing_and_diverging import diverges, vanishes
from continuation.engine.budget import spent
from dynsys.interruption import Pace
from dynsys.journal import Checkpoint, key, part_is_wanted

INTERRUPTED, MAX_POINTS, CLOSED, PARENT, LEFT, ENOUGH, SPENT, SHORT, TWICE, VANISHED = range(20, 30)
REASONS = {
    engine.BOUND: "reached the end of the span",
    engine.STEP_MIN: "the step fell below step_min: Newton no longer converges",
    engine.SHRUNK: "the cycle shrank to a Hopf point",
    engine.DIVERGED: "the period diverges: a homoclinic orbit or a saddle-node cycle",
    engine.OUTSIDE: "the cycle left the domain of a table",
    engine.UNRESOLVED: "the mesh is too coarse: the multiplier 1 is off by more than 0.03",
    INTERRUPTED: "interrupted; everything computed is kept",
    MAX_POINTS: "reached max_points; raise CycleSettings.max_points to go on",
    CLOSED: "closed curve: returned to its start",
    PARENT: "returned to the branch of half its period, at a period doubling",
    TWICE: "the doubled cycles become one of half their period",
    LEFT: "unstable for most_unstable cycles on end; raise CycleSettings.most_unstable to go on",
    ENOUGH: "what follows bounds nothing",
    SPENT: "the time for it was spent; give a larger budget to go on",
    SHORT: "Newton fails between the last cycle and the end of the span",
    VANISHED: "a state that stays zero where it is zero comes within 1e-12 of its largest value of "
    "that, and rounding decides how long it stays; write the equations for its logarithm to go on",
}
_ROUNDING = "rounding hides the multiplier 1, which is off by more than 0.03 on a fine mesh"
_BEYOND = 100.0  # log10 of a multiplier that rounding makes anything of
_FINE = 1e-8  # error of a mesh that does not move it so far
_FIRST, _CHUNK = 4, 24  # points between two looks at the keyboard: at first, and at most
_MORE = 1.4  # by which a mesh is refined at a time
_LOST = 0.5  # error of the multiplier 1 beyond which it tells nothing
_ASKED = 6  # points between two questions whether to go on


Enough = Callable[[Point], bool]


@dataclass(frozen=True)
class Trace:
    """A followed branch: ``steps[k]`` leads from point k to the next; ``step`` would be next;
    ``bound`` is the entry of z that left its span, and the way, where one did."""

    points: list[Point]
    steps: list[float]
    reason: int
    step: float
    bound: tuple[int, float] | None = None

    @property
    def words(self) -> str:
        """Why it ended."""
        if self.reason == PARENT:
            end = self.points[-1]
            where = ":" if end.direction.z[1] == 0.0 else ", which was not located, next to"
            return f"{REASONS[PARENT]}{where} {end.orbit.value:.8g}"
        last = self.points[-1]
        if self.reason == engine.UNRESOLVED and last.orbit.mesh_error() < _FINE:
            return _ROUNDING
        largest = float(np.max(last.floquet.log10, initial=0.0))
        if self.reason == engine.STEP_MIN and largest > _BEYOND:
            return (
                f"{REASONS[engine.STEP_MIN]}, as beside this cycle, with a multiplier of "
                f"10^{largest:.0f}, others are too near for rounding"
            )
        if self.reason == engine.STEP_MIN and last.trivial_error > engine.DOUBTFUL:
            return (
                f"{REASONS[engine.STEP_MIN]}: {last.orbit.intervals} mesh intervals are too few "
                f"for this cycle, whose multiplier 1 is off by {last.trivial_error:.1g}; raise "
                "CycleSettings.intervals and most_intervals"
            )
        return REASONS[self.reason]

    def reversed(self) -> list[Point]:
        """The points the other way round."""
        return [turned_round(p) for p in reversed(self.points)]


def trace_both_sides(
    solver: Solver, first: Point, settings: CycleSettings, enough: Enough | None = None
) -> tuple[Trace, Trace]:
    """(backward, forward) from a point; a closed one is run through once, forward.

    Where max_points cut it short, the way back ends at the cut.
    """
    forward = trace(solver, first, settings, enough=enough)
    if forward.reason in (CLOSED, INTERRUPTED):
        return Trace([first], [], forward.reason, settings.step), forward
    cut = turned_round(forward.points[-1]) if forward.reason == MAX_POINTS else None
    backward = trace(solver, turned_round(first), settings, origin=cut, enough=enough)
    if backward.reason == CLOSED:
        forward = replace(forward, reason=CLOSED)
    return backward, forward


def trace(
    solver: Solver,
    first: Point,
    settings: CycleSettings,
    step: float | None = None,
    number: int = 0,
    longest: float | None = None,
    origin: Point | None = None,
    enough: Enough | None = None,
    before: Sequence[Orbit] = (),
) -> Trace:
    """Follow from a point along its direction until the branch ends.

    Where it meets ``origin``, the first point by default, it is closed. ``step``, ``number``
    (points already made) and the orbits ``before`` the first continue an earlier trace as if it had
    not ended.
    ``enough`` is asked every few points whether the last one is the end.
    """
    step = settings.step if step is None else step
    longest = settings.longest * first.orbit.period if longest is None else longest
    checkpoint = Checkpoint(
        partial(
            _key, solver, first, settings, step, number, longest, origin, enough is None, before
        )
    )
    traced = _again(checkpoint.last(), first) or Trace([first], [], engine.MORE, step)
    pace = Pace(_FIRST, _CHUNK)
    try:
        while traced.reason == engine.MORE:
            made, begin = len(traced.points), time.perf_counter()
            room = min(pace.room(), settings.max_points - made)
            if room <= 0:
                return replace(traced, reason=MAX_POINTS)
            if spent():
                return replace(traced, reason=SPENT)
            traced = _further(
                solver, settings, traced, number, longest, room, origin, enough, before
            )
            pace.made(len(traced.points) - made, time.perf_counter() - begin)
            checkpoint.keep(partial(_plain, traced))
    except KeyboardInterrupt:
        if not part_is_wanted():
            raise
        return replace(traced, reason=INTERRUPTED)
    return traced


def _further(
    solver: Solver, settings: CycleSettings, traced: Trace, number: int, longest: float, room: int,
    origin: Point | None, enough: Enough | None, before: Sequence[Orbit],
) -> Trace:  # fmt: skip
    """The trace with up to ``room`` points more, and why it ended where it did."""
    done = len(traced.points)
    before = [*before, *(p.orbit for p in traced.points[-1 - BEFORE : -1])][-BEFORE:]
    fresh, lengths, reason, step, beyond = _chunk(
        solver, traced.points[-1], before, settings, traced.step, number + done - 1, longest, room
    )
    points, steps, bound = [*traced.points, *fresh], [*traced.steps, *lengths], None
    # Where the chunk ends hangs on the clock: nothing beyond a stop may decide, its step included.
    at, why = _stop(solver, points, done, settings, enough) or (len(points) - 1, None)
    ended = _come_back(solver, points[: at + 1], steps[:at], done - 1, origin)
    if ended is not None:
        return ended
    if why is not None:
        if why == VANISHED and diverges(points[max(at - 1, 0)].orbit, points[at].orbit, solver):
            why = engine.DIVERGED
        return Trace(points[: at + 1], steps[:at], why, steps[at - 1])
    if reason == engine.BOUND and beyond is not None:
        landed, bound = land(solver, points[-1], beyond)
        if landed is None:
            reason = SHORT
        else:
            points.append(landed)
            steps.append(lengths[-1] if lengths else step)
    if reason == engine.SHRUNK and solver.kind == CYCLE:
        smaller = shrunk(solver, points[-1])
        if smaller is None:
            reason, step = engine.MORE, 0.5 * step
        else:
            points += smaller
            steps += [step] * len(smaller)
    finer_may_do = points[-1].orbit.intervals < settings.most_intervals
    if reason == engine.STEP_MIN and solver.kind == CYCLE and finer_may_do:
        if _is_coarse(points[-1], settings):
            reason, step = engine.COARSE, max(step, settings.step)
    if reason in (engine.COARSE, engine.FINE):
        points[-1], reason = _resized(solver, points[-1], settings, reason)
    elif reason == engine.UNRESOLVED:  # the next point of a curve
        points[-1], reason = _finer(solver, points[-1], settings)
    return Trace(points, steps, reason, step, bound)


def _stop(
    solver: Solver, points: Sequence[Point], new: int, settings: CycleSettings,
    enough: Enough | None,
) -> tuple[int, int] | None:  # fmt: skip
    """The first of the points from number ``new`` on at which to end, and why; None to go on."""
    most = settings.most_unstable
    for k in range(new, len(points)):
        if solver.kind == CYCLE and vanishes(solver.model, points[k].orbit.u):
            return k - 1, VANISHED
        if k >= most and _unstable_on_end(points[: k + 1], int(most)):
            return k, LEFT
        if enough is not None and k % _ASKED == 0 and enough(points[k]):
            return k, ENOUGH
    return None


def _unstable_on_end(points: Sequence[Point], most: int) -> bool:
    """Whether the last ``most`` cycles are unstable beyond doubt."""
    return all(clear_counts(point).unstable for point in points[-most:])


def _plain(traced: Trace) -> list[Any]:
    """A trace under way as plain data, without its first point."""
    points = [
        [*_arrays(p), p.floquet.log10, p.floquet.angle, p.floquet.error]
        for p in traced.points[1:]
    ]  # fmt: skip
    return [points, list(traced.steps), traced.reason, float(traced.step), traced.bound]


def _arrays(point: Point) -> list[np.ndarray]:
    orbit, direction = point.orbit, point.direction
    return [orbit.mesh, orbit.u, orbit.z, direction.u, direction.z]


def _again(content: Any, first: Point) -> Trace | None:
    """The trace that ``_plain`` described."""
    if content is None:
        return None
    rows, steps, reason, step, bound = content
    points = [
        Point(Orbit(*row[:3]), Direction(*row[3:5]), Multipliers(*row[5:])) for row in rows
    ]  # fmt: skip
    return Trace([first, *points], steps, reason, step, bound)


def _key(
    solver: Solver, first: Point, settings: CycleSettings, step: float, number: int,
    longest: float, origin: Point | None, unasked: bool, before: Sequence[Orbit],
) -> str:  # fmt: skip
    """A name for all that determines where a trace leads."""
    model = solver.model
    names = ["cycles", model.compiled.folder.name, solver.spans, solver.kind, solver.fixed]
    numbers = [model.parameter_array(), solver.scale, *_arrays(first)]
    numbers += [] if origin is None else _arrays(origin)
    numbers += [each for orbit in before for each in (orbit.mesh, orbit.u, orbit.z)]
    return key(names, asdict(settings), step, number, longest, unasked, *numbers)


def _come_back(
    solver: Solver, points: list[Point], steps: list[float], new: int, origin: Point | None
) -> Trace | None:
    """The trace up to where it meets its origin, or the branch it doubled from; ``new`` is the
    first step not looked at before."""
    if solver.kind == CYCLE:
        step = back_at_parent(points, new)
        if step is not None:
            twice = parent_twice(solver, points, step)
            ends = [] if twice is None else [twice]
            kept = [*points[: step + 1], *ends]
            return Trace(kept, steps[: len(kept) - 1], PARENT, steps[step])
    elif solver.kind in (FOLD, TORUS):
        step = becomes_parent(points, new, solver.half[1:3])
        if step is not None:
            last = nearest_to_parent(points, step)
            return Trace(points[: last + 1], steps[:last], TWICE, steps[step])
    closing = returned(solver, points, new, origin)
    if closing is None:
        return None
    step, end = closing
    return Trace([*points[: step + 1], end], steps[: step + 1], CLOSED, steps[step])


def _chunk(solver, first, before, settings, step, number, longest, room):
    orbit, count, n = first.orbit, solver.size, solver.model.compiled.n
    nodes, intervals, known = len(orbit.u), orbit.intervals, len(before)
    capacity = known + room + 1
    trail = engine.Trail(
        orbits=np.empty((capacity, nodes, n)),
        unknowns=np.empty((capacity, count)),
        directions=np.empty((capacity, nodes, n)),
        direction_unknowns=np.empty((capacity, count)),
        meshes=np.empty((capacity, intervals + 1)),
        logs=np.empty((capacity, n)),
        angles=np.empty((capacity, n)),
        errors=np.empty((capacity, n)),
        steps=np.empty(capacity),
    )
    for k, each in enumerate([*before, orbit]):
        same = each if each.intervals == intervals else remeshed(each, orbit.mesh)
        trail.orbits[k], trail.unknowns[k], trail.meshes[k] = same.u, same.z, same.mesh
    trail.directions[known] = first.direction.u
    trail.direction_unknowns[known] = first.direction.z
    control = engine.Control(
        step_min=settings.step_min,
        step_max=settings.step_max,
        tolerance=settings.tolerance,
        max_newton=int(settings.max_newton),
        min_cosine=settings.min_cosine,
        coarse=settings.trivial_error if intervals < settings.most_intervals else np.inf,
        fine=1e-5 * settings.trivial_error if intervals > settings.intervals else -1.0,
        longest=longest,
        mesh_error=settings.mesh_error,
    )
    made, reason, step = engine.follow(
        solver.equations, solver.bounds, control, float(step), number, known, trail
    )

    def point(k: int) -> Point:
        return Point(
            Orbit(trail.meshes[k], trail.orbits[k], trail.unknowns[k]),
            Direction(trail.directions[k], trail.direction_unknowns[k]),
            Multipliers(trail.logs[k], trail.angles[k], trail.errors[k]),
        )

    steps = trail.steps[known : made - 1].tolist()
    beyond = point(made) if reason == engine.BOUND else None
    return [point(k) for k in range(known + 1, made)], steps, reason, step, beyond


def _resized(
    solver: Solver, point: Point, settings: CycleSettings, reason: int
) -> tuple[Point, int]:
    """The point on a mesh with more or fewer intervals, and how to go on."""
    if reason == engine.FINE:
        count = max(int(0.75 * point.orbit.intervals), settings.intervals)
        return on_mesh(solver, point, count) or point, engine.MORE
    count, best = point.orbit.intervals, point
    while _is_coarse(best, settings) and count < settings.most_intervals:
        count = min(math.ceil(_MORE * count), settings.most_intervals)
        finer = on_mesh(solver, best, count)
        # A mesh still too coarse for a layer has solutions of its own, or none: a finer one may do.
        # Where the multiplier 1 is lost, as in a canard, it does not tell which.
        allowed = max(best.trivial_error, engine.DOUBTFUL)
        if finer is not None and min(finer.trivial_error, _LOST) <= allowed:
            best = finer
    stuck = best is point and _is_coarse(point, settings) and count > point.orbit.intervals
    return best, engine.STEP_MIN if stuck else engine.MORE


def _is_coarse(point: Point, settings: CycleSettings) -> bool:
    """Whether the multiplier 1 is off, and by what the mesh leaves of errors."""
    off = point.trivial_error > settings.trivial_error
    return off and point.orbit.mesh_error() > settings.mesh_error


def _finer(solver: Solver, point: Point, settings: CycleSettings) -> tuple[Point, int]:
    """The last point of a curve on a mesh that may resolve what follows, and how to go on."""
    count = min(math.ceil(_MORE * point.orbit.intervals), settings.most_intervals)
    finer = on_mesh(solver, point, count) if count > point.orbit.intervals else None
    return (point, engine.UNRESOLVED) if finer is None else (finer, engine.MORE)


def resolved(solver: Solver, point: Point, settings: CycleSettings) -> Point:
    """The point on a mesh as fine as the settings ask for, where Newton follows."""
    return _resized(solver, point, settings, engine.COARSE)[0]


def on_mesh(solver: Solver, point: Point, intervals: int) -> Point | None:
    """The point corrected on an adapted mesh with this many intervals."""
    mesh = adapted_mesh(point.orbit, intervals)
    along = Direction(moved(point.direction.u, point.orbit.mesh, mesh), point.direction.z)
    found = solver.along(remeshed(point.orbit, mesh), along)
    return None if found is None else replace(found, pair=None, local=None)
