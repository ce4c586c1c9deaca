"""Special cycles along a branch: every change of the unstable multipliers is explained by one.

A step is cut until a piece holds one event: a fold (LPC), one or several multipliers that pass +1
(BPC), -1 (PD) or the rest of the unit circle in pairs (NS). What cannot be told apart is an event
called "unresolved", with its reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.signal import find_peaks

from continuation.cycles.chords import Chord
from continuation.cycles.counts import (
    MINUS,
    PAIRS,
    PLUS,
    TRIVIAL_TOLERANCE,
    Counts,
    Spectra,
    change,
    counts,
    settled,
)
from continuation.cycles.location import (
    AT_PLACE,
    Location,
    Split,
    certificate,
    locate_crossing,
    locate_turn,
    off_its_place,
    turning,
)
from continuation.cycles.orbits import Point, Solver
from continuation.cycles.tracing import on_mesh

STILL = 1e-9  # part of half a span by which a parameter has to move for its turns to mean something
FLAT = 1e-6  # part of half a span: smaller turns back and forth are rounding, as in a canard
LABELS = {PLUS: "BPC", MINUS: "PD", PAIRS: "NS"}
_DEEPEST = 24  # cuts of a step in which several things happen
_REFINEMENTS = 4  # of the mesh, each by half, until a multiplier is at its place
_WELL = 1e-8  # error of multipliers at a special cycle that one finer mesh is not to lower
_PART = 0.47  # where a step is cut: not in its middle, which symmetry makes singular


@dataclass(frozen=True)
class Event:
    """A special cycle after point ``index`` of a branch.

    ``gain`` of unstable multipliers, of ``multiplicity`` ones (or pairs) at once; None for folds
    on which multipliers mean nothing.
    """

    label: str
    point: Point
    gain: int | None
    multiplicity: int = 1
    certificate: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0


def events(
    solver: Solver, points: Sequence[Point], spectra: Spectra, violent: float = np.inf
) -> tuple[list[Event], np.ndarray]:
    """Special cycles in order, and the number of unstable multipliers (k,) at every point, which
    changes nowhere else; but between two ``violent`` cycles, with a multiplier beyond that, only
    turns of the parameter are told. ``spectra`` are the multipliers of the points."""
    wild = np.max(spectra.log10, axis=1, initial=-np.inf) > np.log10(violent)
    found: list[Event] = []
    for index in _steps_with_events(points, spectra):
        if wild[index] and wild[index + 1]:
            continue
        inside = _between(solver, points, index)
        found += [replace(event, index=index) for event in inside]
    found += _turning_points(solver, points, found)
    found = _without_noise(solver, points, spectra.sure.tolist(), found)
    found = _accounted(solver, points, spectra, found, wild)
    return found, settled(spectra, [(event.index, event.gain or 0) for event in found])


def _steps_with_events(points: Sequence[Point], spectra: Spectra) -> list[int]:
    """The steps in which the parameter turns or counts change."""
    ways = np.array([p.direction.z[1] for p in points])
    changed = np.any(spectra.outside[:-1] != spectra.outside[1:], axis=1)
    return np.flatnonzero(changed | (ways[:-1] * ways[1:] < 0)).tolist()


def _between(solver: Solver, points: Sequence[Point], index: int) -> list[Event]:
    """The events of the step from a point."""
    before, after = points[index], points[index + 1]
    folded = turning(before, solver) * turning(after, solver) < 0
    moved = abs(after.orbit.value - before.orbit.value) > STILL * solver.half[1]
    if solver.persistent:  # families at a fixed parameter, which stands still to rounding
        folded = folded and moved
    if not trusted(before, after):
        return _unproven_fold(Chord(solver, before, after)) if folded and moved else []
    if not folded and counts(before) == counts(after):
        return []
    chord = Chord(solver, before, after)
    if not folded:
        chord.look_beside([*points[max(index - 1, 0) : index], *points[index + 2 : index + 3]])
    return list(explained(chord))


def trusted(before: Point, after: Point) -> bool:
    """Whether multipliers mean anything: on some canards and homoclinic tails they do not."""
    return max(before.trivial_error, after.trivial_error) <= TRIVIAL_TOLERANCE


def explained(chord: Chord, depth: int = 0) -> Iterator[Event]:
    """What happens between the ends of a chord, cut while it is more than one thing."""
    gained = change(counts(chord.left), counts(chord.right))
    folded = turning(chord.left, chord.solver) * turning(chord.right, chord.solver) < 0
    crossing = [kind for kind, gain in enumerate(gained) if gain]
    met = gained.pairs != 0 and len(crossing) > 1  # real multipliers that meet and leave the axis
    if not folded and (not crossing or (met and gained.unstable == 0)):
        return
    try:
        if folded and not crossing:
            found = list(_turned(chord, depth))
        elif len(crossing) == 1 and (not folded or gained in ((1, 0, 0), (-1, 0, 0))):
            kind = crossing[0]
            located = locate_turn(chord) if folded else locate_crossing(chord, kind)
            found = list(_proven(chord, kind, gained, located, folded))
        else:
            found = list(_cut(chord, _PART, chord.at(_PART), depth))
    except Split as split:
        found = list(_cut(chord, split.fraction, split.point, depth))
    except ArithmeticError:
        found = [_unresolved(chord, gained, "Newton fails between these cycles")]
    yield from found


def _cut(chord: Chord, fraction: float, middle: Point, depth: int) -> Iterator[Event]:
    if depth >= _DEEPEST:
        gained = change(counts(chord.left), counts(chord.right))
        yield _unresolved(chord, gained, "several multipliers pass the unit circle too near")
        return
    yield from explained(Chord(chord.solver, chord.left, middle), depth + 1)
    yield from explained(Chord(chord.solver, middle, chord.right), depth + 1)


def _turned(chord: Chord, depth: int) -> Iterator[Event]:
    """A turn of the parameter without a multiplier that passes +1: the branch runs through a branch
    point of which it is the one that turns; or two events that undo each other."""
    located = locate_turn(chord, branch_point=True)
    if located is not None and _same_on_both_sides(chord, located):
        yield from _proven(chord, PLUS, Counts(0, 0, 0), located, turned=True)
        return
    yield from _cut(chord, _PART, chord.at(_PART), depth)


def _same_on_both_sides(chord: Chord, located: Location) -> bool:
    """Whether the counts are equal beside a location; not too near, where Newton may fail."""
    for reach in (0.3, 0.6, 0.8):
        distance = reach * min(located.fraction, 1.0 - located.fraction)
        try:
            before = chord.at(located.fraction - distance)
            return counts(before) == counts(chord.at(located.fraction + distance))
        except ArithmeticError:
            continue
    return True


def _proven(
    chord: Chord, kind: int, gained: Counts, located: Location | None, turned: bool = False
) -> Iterator[Event]:
    """The event, where the multipliers are at their place; on finer meshes where not, and on one
    where the mesh alone tells how near they are."""
    multiplicity, proven, far = max(abs(gained[kind]), 1), None, np.nan
    for attempt in range(_REFINEMENTS + 1):
        if located is None:
            break
        far = off_its_place(located, kind, multiplicity)
        if far <= AT_PLACE and _means(located.point, kind):
            still = abs(turning(located.point, chord.solver)) < AT_PLACE
            fold = gained[PLUS] and (turned or (kind == PLUS and multiplicity == 1 and still))
            label = "LPC" if fold else LABELS[kind]
            proven = label, chord, located
            error = far if fold else located.point.trivial_error
            if attempt or error < _WELL:
                break
        finer = _finer(chord) if attempt < _REFINEMENTS else None
        if finer is None:
            break
        chord, near = finer, located.guess
        if change(counts(chord.left), counts(chord.right))[kind] != gained[kind]:
            break
        located = locate_turn(chord, near) if turned else locate_crossing(chord, kind, near)
    if proven is not None:
        label, chord, located = proven
        proof = certificate(chord, located, kind, multiplicity)
        yield Event(label, located.point, gained.unstable, multiplicity, proof)
        return
    words = "" if located is None else f", {far:.0e} from its place"
    yield _unresolved(chord, gained, f"the multiplier that passes was not located{words}")


def _means(point: Point, kind: int) -> bool:
    """Whether the multiplier 1 is near enough to its place for others to mean anything: at +1 two
    share an error, which moves them apart by its square root."""
    return kind == PLUS or point.trivial_error <= TRIVIAL_TOLERANCE


def _finer(chord: Chord) -> Chord | None:
    count = int(1.5 * chord.right.orbit.intervals)
    left, right = (on_mesh(chord.solver, p, count) for p in (chord.left, chord.right))
    return None if left is None or right is None else Chord(chord.solver, left, right, chord)


def _unproven_fold(chord: Chord) -> list[Event]:
    """A fold on which only the parameter's turn is known, as in a canard."""
    located = locate_turn(chord)
    if located is None:
        return []
    return [Event("LPC", located.point, None, 1, certificate(chord, located, PLUS))]


def _unresolved(chord: Chord, gained: Counts, reason: str) -> Event:
    name, ends = chord.solver.parameter, (chord.left.orbit.value, chord.right.orbit.value)
    words = (
        f"{reason}: between {name} = {ends[0]:.8g} and {ends[1]:.8g} the number of unstable "
        f"multipliers changes by {gained.unstable:+d}"
    )
    return Event(
        "unresolved", chord.right, gained.unstable, 1, {"reason": words, "bracket": sorted(ends)}
    )


def _turning_points(
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
                chord = Chord(solver, points[k - 1], points[k + 1])
                here = Location(points[k], 0.5, turning(points[k], solver))
                yield Event("LPC", points[k], None, 1, certificate(chord, here, PLUS), int(k))


def _without_noise(
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
    return kept


def _net_turn(solver: Solver, points: Sequence[Point], first: int, last: int) -> Iterator[Event]:
    """The fold between two sure cycles that is lost in trembling, where the parameter comes back:
    the farthest cycle, to all digits that rounding leaves."""
    way = turning(points[first], solver)
    if way * turning(points[last], solver) < 0:
        values = [np.sign(way) * p.orbit.value for p in points[first : last + 1]]
        k = min(max(first + int(np.argmax(values)), first + 1), last - 1)
        chord = Chord(solver, points[k - 1], points[k + 1])
        here = Location(points[k], 0.5, turning(points[k], solver))
        yield Event("LPC", points[k], None, 1, certificate(chord, here, PLUS), k)


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


def _accounted(
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
            event = replace(_unresolved(chord, gained, reason), index=(first + last - 1) // 2)
            result.append(event)
    return _gathered(points, sorted(result, key=lambda event: event.index))


def _gathered(points: Sequence[Point], found: list[Event]) -> list[Event]:
    """The events with those in a row that are not resolved told as one."""
    result: list[Event] = []
    for unclear, group in itertools.groupby(found, lambda e: e.label == "unresolved"):
        row = list(group)
        result += [_in_one(points, row)] if unclear and len(row) > 1 else row
    return result


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
