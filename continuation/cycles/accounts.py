"""Events along a whole branch, put in order: folds that only the parameter tells, rounding left
out, gains of unstable multipliers that add up from one sure cycle to the next."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.signal import find_peaks

from continuation.cycles.chords import Chord
from continuation.cycles.counts import Counts, Spectra
from continuation.cycles.event import Event, turned_at, unresolved
from continuation.cycles.location import turning
from continuation.cycles.orbits import Point, Solver

FLAT = 1e-6  # part of half a span: smaller turns back and forth are rounding, as in a canard


def turning_points(
    solver: Solver, points: Sequence[Point], found: Sequence[Event]
) -> Iterator[Event]:
    """Folds on which the parameter stands still to rounding over many cycles, as in a canard.

    There the largest (or smallest) parameter is the fold, to all digits that rounding leaves. On a
    homoclinic tail, where the parameter does not turn back, there is none.
    """
    values = np.array([p.orbit.value for p in points])
    steps = np.diff(values)
    if np.all(steps > 0) or np.all(steps < 0):
        return
    known = {event.index for event in found if turning(event.point, solver) == 0.0}
    known |= {event.index for event in found if event.label in ("LPC", "unresolved")}
    known |= {event.index for event in found if event.label == "BPC" and event.gain == 0}
    for sign in (1.0, -1.0):
        for k in find_peaks(sign * values, prominence=FLAT * solver.half[1])[0]:
            if not known & {int(k) - 1, int(k)}:
                yield turned_at(solver, points, int(k))


def without_noise(
    solver: Solver, points: Sequence[Point], sure: Sequence[bool], found: list[Event]
) -> list[Event]:
    """Events between two cycles that are sure, of which those that undo each other are rounding."""
    kept: list[Event] = []
    for first, last in _stretches(sure, len(points)):
        inside = [event for event in found if first <= event.index < last]
        if last - first > 1 or not (sure[first] and sure[last]):
            inside = _calmed(solver, points, inside, sure[first] and sure[last])
            if sure[first] and sure[last] and not {e.label for e in inside} & {"LPC", "BPC"}:
                inside += _net_turn(solver, points, first, last)
        kept += inside
    return sorted(kept, key=lambda event: event.index)


def _stretches(sure: Sequence[bool], count: int) -> Iterator[tuple[int, int]]:
    """(first, last) points between which none is sure."""
    borders = sorted({0, count - 1, *np.flatnonzero(sure).tolist()})
    return itertools.pairwise(borders)


def _calmed(solver, points, inside: list[Event], closed: bool) -> list[Event]:
    folds = [event for event in inside if event.label == "LPC"]
    if not closed:  # at an end of the branch only the parameter itself tells of a fold
        folds = [
            event for event in folds
            if turning(points[event.index], solver) * turning(points[event.index + 1], solver) < 0
            or event.gain is None
        ]  # fmt: skip
        folds = [event for event in folds if _moves_on_both_sides(solver, points, event)]
    kept = _real_folds(solver, points, folds)
    for label in ("BPC", "PD", "NS", "unresolved"):
        group = [event for event in inside if event.label == label]
        net = sum(event.gain or 0 for event in group)
        if closed and net:
            fitting = [event for event in group if event.gain == net]
            kept += fitting[len(fitting) // 2 :][:1] or group
    order = {id(event): k for k, event in enumerate(inside)}
    return sorted(kept, key=lambda event: order[id(event)])


def _net_turn(solver: Solver, points: Sequence[Point], first: int, last: int) -> Iterator[Event]:
    """The fold between two sure cycles that is lost in trembling, where the parameter comes back:
    the farthest cycle, to all digits that rounding leaves."""
    way = turning(points[first], solver)
    if way * turning(points[last], solver) < 0:
        values = [np.sign(way) * p.orbit.value for p in points[first : last + 1]]
        k = min(max(first + int(np.argmax(values)), first + 1), last - 1)
        yield turned_at(solver, points, k)


def _moves_on_both_sides(solver: Solver, points: Sequence[Point], event: Event) -> bool:
    """Whether the parameter does more than tremble before a fold and after it, unlike on the tail
    towards a homoclinic orbit."""
    values = np.array([p.orbit.value for p in points])
    sides = values[: event.index + 1], values[event.index + 1 :]
    return all(np.ptp(side) > FLAT * solver.half[1] for side in sides)


def _real_folds(solver: Solver, points: Sequence[Point], folds: list[Event]) -> list[Event]:
    """Folds between which the parameter only trembles count as one, or none where it goes on."""
    values = np.array([p.orbit.value for p in points])
    groups: list[list[Event]] = []
    for fold in sorted(folds, key=lambda event: event.index):
        if groups:
            between = values[groups[-1][-1].index : fold.index + 2]
            if np.ptp(between) < FLAT * solver.half[1]:
                groups[-1].append(fold)
                continue
        groups.append([fold])
    return [group[len(group) // 2] for group in groups if len(group) % 2]


def accounted(
    solver: Solver, points: Sequence[Point], spectra: Spectra, found: list[Event],
    wild: np.ndarray,
) -> list[Event]:  # fmt: skip
    """The events with gains that add up from one sure cycle to the next; what is missing is an
    event of its own."""
    result, unstable = list(found), spectra.unstable
    known = np.flatnonzero(spectra.sure).tolist()
    for first, last in itertools.pairwise(known):
        inside = [k for k, event in enumerate(result) if first <= event.index < last]
        missing = int(unstable[last] - unstable[first])
        if not inside and not missing:
            continue
        missing -= sum(result[k].gain or 0 for k in inside)
        for k in inside:
            if result[k].gain is None:
                gain = int(np.sign(missing)) if missing else 0
                result[k] = replace(result[k], gain=gain)
                missing -= gain
        if missing and not all(wild[first : last + 1]):
            chord = Chord(solver, points[first], points[last])
            gained = Counts(missing, 0, 0)
            reason = "the multipliers are not resolved here"
            event = replace(unresolved(chord, gained, reason), index=(first + last - 1) // 2)
            result.append(event)
    ordered = sorted(result, key=lambda event: event.index)
    return _gathered(points, ordered, spectra.sure.tolist())


def _gathered(points: Sequence[Point], found: list[Event], sure: Sequence[bool]) -> list[Event]:
    """The events with those in a row that are not resolved told as one, between which no cycle is
    sure."""
    rows: list[list[Event]] = []
    for event in found:
        last = rows[-1][-1] if rows else None
        unclear = last is not None and last.label == event.label == "unresolved"
        if last is not None and unclear and not any(sure[last.index + 1 : event.index + 1]):
            rows[-1].append(event)
        else:
            rows.append([event])
    return [row[0] if len(row) == 1 else _in_one(points, row) for row in rows]


def _in_one(points: Sequence[Point], row: list[Event]) -> Event:
    """Several events that are not resolved as one, from the first to the last."""
    first, last = points[row[0].index].orbit, points[row[-1].index + 1].orbit
    gain = sum(event.gain or 0 for event in row)
    ends = sorted(end for event in row for end in event.certificate["bracket"])
    words = (
        f"{len(row)} events are not resolved, of cycles with periods from {first.period:.8g} to "
        f"{last.period:.8g}: in all the number of unstable multipliers changes by {gain:+d}; the "
        f"first: {row[0].certificate['reason']}"
    )
    certificate = {"reason": words, "bracket": [ends[0], ends[-1]]}
    return replace(row[0], gain=gain, certificate=certificate)
