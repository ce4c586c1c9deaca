"""Folds that only the parameter's turn tells, on meshes so fine that they do not move them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from continuation.cycles.chords import Chord
from continuation.cycles.counts import PLUS, change, counts
from continuation.cycles.event import TURNS, Event
from continuation.cycles.following import DOUBTFUL
from continuation.cycles.location import (
    Location,
    certificate,
    locate_turn,
    off_its_place,
    turning,
)
from continuation.cycles.orbits import Point, Solver
from continuation.cycles.tracing import on_mesh

_FINER, _FINEST = 2.0, 1000  # by which a mesh is refined at a time, and the most intervals
_STILL = 1e-9  # change of the parameter, relative to half its span, that is none
_NO_FOLD = 0.3  # distance from 1 of all multipliers but the trivial one, where there is no fold
_TURNED = 1e-9  # the parameter's part of the unit tangent where it stands still to rounding
_AWAY = 12  # cycles on each side among which the fold is looked for then


def on_finer_meshes(solver: Solver, points: Sequence[Point], event: Event) -> Event:
    """A fold whose multipliers tell nothing, as in a canard, where finer meshes put it; other
    events as they are. ``moved`` of its certificate is by how much the last mesh still moved it."""
    if event.label != "LPC" or event.gain is not None:
        return event
    first = max(event.index - (event.point is points[event.index]), 0)
    ends = points[first], points[event.index + 1]
    best, moved = event, abs(ends[1].orbit.value - ends[0].orbit.value)
    count = float(event.point.orbit.intervals)
    while _FINER * count <= _FINEST:
        count *= _FINER
        finer = _on_mesh(solver, ends, best, int(count))
        if finer is None:
            break
        moved = abs(finer.point.orbit.value - best.point.orbit.value)
        best = finer
        if moved < _STILL * solver.half[1]:
            break
    there = best.point
    resolved = there.trivial_error < DOUBTFUL and off_its_place(there, PLUS) > _NO_FOLD
    if resolved or abs(turning(there, solver)) > _TURNED:
        best = _beside(solver, points, event, there.orbit.intervals) or event
        moved = abs(best.point.orbit.value - there.orbit.value)
    return replace(best, certificate={**best.certificate, "moved": moved})


def _on_mesh(
    solver: Solver, ends: tuple[Point, Point], event: Event, intervals: int
) -> Event | None:
    """The fold on a mesh of so many intervals; where the parameter stands still to rounding, the
    same cycle."""
    point = on_mesh(solver, event.point, intervals)
    if point is None:
        return None
    located = Location(point, 0.5, turning(point, solver))
    before, after = (on_mesh(solver, end, intervals) for end in ends)
    chord = Chord(solver, before or ends[0], after or ends[1])
    if before and after and turning(before, solver) * turning(after, solver) < 0:
        turned = locate_turn(chord)
        located = located if turned is None or abs(turned.value) > TURNS else turned
    return replace(event, point=located.point, certificate=certificate(chord, located, PLUS))


def _beside(solver: Solver, points: Sequence[Point], event: Event, intervals: int) -> Event | None:
    """The fold among the cycles next to one that a mesh of so many intervals tells to be none:
    where the parameter turns on that mesh while a multiplier passes 1."""
    known: dict[int, Point | None] = {}
    for k in sorted(range(len(points) - 1), key=lambda k: abs(k - event.index))[: 2 * _AWAY]:
        for j in (k, k + 1):
            if j not in known:
                known[j] = on_mesh(solver, points[j], intervals)
        before, after = known[k], known[k + 1]
        if before is None or after is None:
            continue
        ways = turning(before, solver), turning(after, solver)
        passes = abs(change(counts(before), counts(after))[PLUS]) == 1
        if passes and ways[0] * ways[1] < 0:
            return _between(Chord(solver, before, after), ways, replace(event, index=k))
    return None


def _between(chord: Chord, ways: tuple[float, float], event: Event) -> Event | None:
    """The event where the parameter turns; by a line where it stands still to rounding."""
    located = locate_turn(chord) if max(map(abs, ways)) > _TURNED else None
    if located is None:
        fraction = ways[0] / (ways[0] - ways[1])
        try:
            point = chord.at(fraction)
        except ArithmeticError:
            return None
        located = Location(point, fraction, turning(point, chord.solver))
    return replace(event, point=located.point, certificate=certificate(chord, located, PLUS))
