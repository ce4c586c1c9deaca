"""Special cycles along a branch: every change of the unstable multipliers is explained by one.

A step is cut until a piece holds one event: a fold (LPC), one or several multipliers that pass +1
(BPC), -1 (PD) or the rest of the unit circle in pairs (NS). What cannot be told apart is an event
called "unresolved", with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from continuation.cycles.accounts import accounted, turning_points, without_noise
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
    tolerance,
)
from continuation.cycles.event import TURNS, Event, unresolved
from continuation.cycles.fine_folds import on_finer_meshes
from continuation.cycles.following import DOUBTFUL
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
from continuation.cycles.orbits import DEGREE, Point, Solver
from continuation.cycles.tracing import on_mesh

STILL = 1e-9  # part of half a span by which a parameter has to move for its turns to mean something
LABELS = {PLUS: "BPC", MINUS: "PD", PAIRS: "NS"}
_HIDDEN = "rounding hides the multipliers in between"
_DEEPEST = 24  # cuts of a step in which several things happen
_PART_OF_PLACE = 0.03  # of the distance allowed, that a mesh for a fold is to leave,
_MOST_AT_ONCE = 3.0  # and the most times as fine as it is made for that
_REFINEMENTS = 4  # of the mesh, each by half, until a multiplier is at its place
_ONE = ((1, 0, 0), (-1, 0, 0))  # what a fold gains
_TURNED = 1e-9  # the parameter's part of the unit tangent at a fold that this alone tells
_IMPERFECT = 2 / 3  # a pitchfork that an error splits moves its multipliers by this power of it
_PART_OF_RISE = 0.1  # of a fold over its sides, by which a finer mesh may move it
_WELL = 1e-8  # error of multipliers at a special cycle that one finer mesh is not to lower
_BESIDE_MEETING = 1e-3  # of a step, from where multipliers meet to where a search goes on
_FAR = 0.3  # log10 of a modulus that is far from the unit circle
_ASIDE = 1e-2  # of a step, inside of its ends, where a fold without multipliers turns, too
_PART = 0.47  # where a step is cut: not in its middle, which symmetry makes singular


def events(
    solver: Solver, points: Sequence[Point], spectra: Spectra, violent: float = np.inf
) -> tuple[list[Event], np.ndarray]:
    """Special cycles in order, and the number of unstable multipliers (k,) at every point, which
    changes nowhere else; but between two ``violent`` cycles, with a multiplier beyond that, only
    turns of the parameter are told, and folds that these alone tell stay where the mesh of the
    points puts them. ``spectra`` are the multipliers of the points."""
    wild = np.max(spectra.log10, axis=1, initial=-np.inf) > np.log10(violent)
    found, lost, around = list[Event](), _lost_alone(spectra), set[int]()
    for index in _steps_with_events(points, spectra):
        if wild[index] and wild[index + 1]:
            continue
        if beside := lost & {index, index + 1}:
            around |= beside
            continue
        inside = _between(solver, points, index)
        found += [replace(event, index=index) for event in inside]
    for k in around:
        found += _around(solver, points, k)
    found.sort(key=lambda event: event.index)
    found += turning_points(solver, points, found)
    found = [event for each in found if (event := _persisting(solver, points, each)) is not None]
    found = without_noise(solver, points, spectra.sure.tolist(), found)
    if not np.isfinite(violent):
        found = [on_finer_meshes(solver, points, event) for event in found]
    found = accounted(solver, points, spectra, found, wild)
    return found, settled(spectra, [(event.index, event.gain or 0) for event in found])


def _persisting(solver: Solver, points: Sequence[Point], event: Event) -> Event | None:
    """A fold that the parameter alone tells, with by how much a finer mesh moves it (``moved`` of
    its certificate); None where it does not rise above that: along canards a coarse mesh lets the
    parameter go back and forth. Other events as they are."""
    if event.label != "LPC" or event.gain is not None:
        return event
    values, here = np.array([p.orbit.value for p in points]), event.point.orbit.value
    before, after = values[event.index :: -1], values[event.index + 1 :]
    sign = 1.0 if here >= 0.5 * (before[0] + after[0]) else -1.0
    sides = []
    for side in (before, after):
        beyond = np.flatnonzero(sign * (side - here) > 0.0)
        sides.append(
            np.max(sign * (here - side[: beyond[0] if beyond.size else None]), initial=0.0)
        )
    finer = on_mesh(solver, event.point, math.ceil(_MOST_AT_ONCE * event.point.orbit.intervals))
    least = _PART_OF_RISE * float(min(sides))
    moved = np.inf if finer is None else abs(finer.orbit.value - here)
    if not moved < least:
        return None
    return replace(event, certificate={**event.certificate, "moved": moved})


def _lost_alone(spectra: Spectra) -> set[int]:
    """Points at which multipliers mean nothing, between two at which they do: next to a fold."""
    lost = spectra.lost
    return {k + 1 for k in np.flatnonzero(~lost[:-2] & lost[1:-1] & ~lost[2:]).tolist()}


def _around(solver: Solver, points: Sequence[Point], k: int) -> list[Event]:
    """The events of both steps at a point whose own multipliers mean nothing."""
    chord = Chord(solver, points[k - 1], points[k + 1])
    found = [
        replace(event, index=j)
        for j in (k - 1, k)
        for event in explained(Chord(solver, points[j], points[j + 1]))
    ]
    if any(event.label == "unresolved" for event in found):
        found = [replace(event, index=k - 1) for event in _not_apart(chord, _HIDDEN)]
    return found


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
            if folded:
                found = list(_fold(chord, gained))
            else:
                located = locate_crossing(chord, kind)
                if located is not None and (split := _meeting(chord, located)):
                    raise split
                found = list(_proven(chord, kind, gained, located))
        else:
            found = list(_cut(chord, chord.at(_PART), depth))
    except Split as split:
        found = list(_cut(chord, split.point, depth))
    except ArithmeticError:
        found = [unresolved(chord, gained, "Newton fails between these cycles")]
    yield from found


def _fold(chord: Chord, gained: Counts) -> Iterator[Event]:
    """The fold of a chord, on a mesh that is expected to leave its double multiplier 1 at its
    place: about as far from there as the multiplier 1 is off at the ends, times the distance of the
    one that passes."""
    located, expected = None, max(
        p.trivial_error * min(off_its_place(p, PLUS), 1.0) for p in (chord.left, chord.right)
    )  # fmt: skip
    factor = (expected / (_PART_OF_PLACE * AT_PLACE)) ** (0.5 / DEGREE)
    finer = _finer(chord, min(factor, _MOST_AT_ONCE)) if factor > 1.0 else None
    if finer is not None and change(counts(finer.left), counts(finer.right)) == gained:
        located = locate_turn(finer)
    if finer is None or located is None:
        finer, located = chord, locate_turn(chord)
    yield from _proven(finer, PLUS, gained, located, turned=True, refined=True)


def _cut(chord: Chord, middle: Point, depth: int) -> Iterator[Event]:
    if depth >= _DEEPEST:
        yield from _not_apart(chord, "several multipliers pass the unit circle too near")
        return
    hidden = trusted(chord.left, chord.right) and not trusted(middle, middle)
    found = [] if hidden and middle.trivial_error > DOUBTFUL else [
        event for ends in ((chord.left, middle), (middle, chord.right))
        for event in explained(Chord(chord.solver, *ends), depth + 1)
    ]  # fmt: skip
    if hidden and (not found or any(event.label == "unresolved" for event in found)):
        found = list(_not_apart(chord, _HIDDEN))
    yield from found


def _not_apart(chord: Chord, reason: str) -> Iterator[Event]:
    """Events that cannot be told apart: a fold by the parameter's turn alone, and what is left."""
    gained = change(counts(chord.left), counts(chord.right))
    if abs(gained.plus) == 1:
        folds = _unproven_fold(chord)
        yield from (replace(fold, gain=gained.plus) for fold in folds)
        gained = gained._replace(plus=0) if folds else gained
    if gained.minus in (-1, 1) and not (gained.plus or gained.pairs):
        reason = f"a multiplier passes -1, but {reason}"
    if any(gained) and not _far_outside(chord, gained):
        yield unresolved(chord, gained, reason)


def _far_outside(chord: Chord, gained: Counts) -> bool:
    """Whether real multipliers only met and parted with the other sign, all far from the circle."""
    if gained.unstable != 0 or gained.pairs != 0:
        return False
    ends = (chord.left, chord.right)
    return all(np.all(np.abs(p.rest.log10) > _FAR) for p in ends)


def _meeting(chord: Chord, located: Location) -> Split | None:
    """Where what was located is no crossing but a place where two real multipliers meet and leave
    the axis, or come back to it: both numbers change there. The rest is to be looked for beyond."""
    if abs(located.value) < AT_PLACE:
        return None
    reach = min(_BESIDE_MEETING, 0.5 * located.fraction, 0.5 * (1.0 - located.fraction))
    try:
        beside = [chord.at(located.fraction + side * reach) for side in (-1, 1)]
    except ArithmeticError:
        return None
    change_there = change(*map(counts, beside))
    if change_there.pairs == 0 or change_there.unstable != 0:
        return None
    return Split(located.fraction + reach, beside[1])


def _turned(chord: Chord, depth: int) -> Iterator[Event]:
    """A turn of the parameter without a multiplier that passes +1: the branch runs through a branch
    point of which it is the one that turns; or two events that undo each other."""
    located = locate_turn(chord, branch_point=True)
    if located is not None and _same_on_both_sides(chord, located):
        yield from _proven(chord, PLUS, Counts(0, 0, 0), located, turned=True)
        return
    yield from _cut(chord, chord.at(_PART), depth)


def _same_on_both_sides(chord: Chord, located: Location) -> bool:
    """Whether the counts are equal beside a location, as near as multipliers are clear; not too
    near, where Newton may fail, nor far alone, where two events may undo each other."""
    for reach in (0.8, 0.3, 0.1, 0.03, 0.01):
        distance = reach * min(located.fraction, 1.0 - located.fraction)
        try:
            beside = [chord.at(located.fraction + side * distance) for side in (-1, 1)]
        except ArithmeticError:
            continue
        if any(off_its_place(p, PLUS) < tolerance(p) ** _IMPERFECT for p in beside):
            break
        if counts(beside[0]) != counts(beside[1]):
            return False
    return True


def _proven(
    chord: Chord, kind: int, gained: Counts, located: Location | None, turned: bool = False,
    refined: bool = False,
) -> Iterator[Event]:  # fmt: skip
    """The event, where the multipliers are at their place; on finer meshes where not, and on one
    where the mesh alone tells how near they are, unless the mesh was ``refined`` for that."""
    multiplicity, proven, far = max(abs(gained[kind]), 1), None, np.nan
    ends, by_turn = chord, None
    for attempt in range(_REFINEMENTS + 1):
        if located is None:
            break
        if turned and gained in _ONE and abs(located.value) < _TURNED:
            by_turn = chord, located
        far = off_its_place(located.point, kind, multiplicity)
        lost = turned and abs(located.value) > TURNS  # where it jumps, as beside a branch point
        if far <= AT_PLACE and _means(located.point, kind) and not lost:
            still = abs(turning(located.point, chord.solver)) < AT_PLACE
            fold = gained[PLUS] and (turned or (kind == PLUS and multiplicity == 1 and still))
            label = "LPC" if fold else LABELS[kind]
            proven = label, chord, located
            error = far if fold else located.point.trivial_error
            if attempt or refined or error < _WELL:
                break
        finer = _finer(chord) if attempt < _REFINEMENTS else None
        if finer is None:
            break
        chord, near = finer, located.guess
        if change(counts(chord.left), counts(chord.right))[kind] != gained[kind]:
            break
        at_branch_point = gained[PLUS] == 0
        located = (
            locate_turn(chord, near, at_branch_point) if turned
            else locate_crossing(chord, kind, near)
        )  # fmt: skip
    if proven is not None:
        label, chord, located = proven
        proof = certificate(chord, located, kind, multiplicity)
        yield Event(label, located.point, gained.unstable, multiplicity, proof)
    elif by_turn is not None and by_turn[1].point.trivial_error > AT_PLACE:
        # Rounding of size e moves the double multiplier 1 of a fold by its square root.
        proof = certificate(*by_turn, PLUS)
        yield Event("LPC", by_turn[1].point, gained.unstable, 1, proof)
    else:
        yield unresolved(ends, gained, _not_located(ends, kind, located, far))


def _not_located(ends: Chord, kind: int, location: Location | None, far: float) -> str:
    """What is known of a multiplier that passes where it is not at its place."""
    words = "the multiplier that passes was not located"
    if kind == MINUS and trusted(ends.left, ends.right):
        words = "a multiplier passes -1 and was not located"
    if location is None:
        return words
    words += f", {far:.0e} from its place"
    error = location.point.trivial_error
    return words + (f", while the multiplier 1 is off by {error:.0e}" if error > AT_PLACE else "")


def _means(point: Point, kind: int) -> bool:
    """Whether the multiplier 1 is near enough to its place for others to mean anything: at +1 two
    share an error, which moves them apart by its square root."""
    return kind == PLUS or point.trivial_error <= TRIVIAL_TOLERANCE


def _finer(chord: Chord, factor: float = 1.5) -> Chord | None:
    count = math.ceil(factor * chord.right.orbit.intervals)
    left, right = (on_mesh(chord.solver, p, count) for p in (chord.left, chord.right))
    return None if left is None or right is None else Chord(chord.solver, left, right, chord)


def _unproven_fold(chord: Chord) -> list[Event]:
    """A fold on which only the parameter's turn is known, as in a canard."""
    if turning(chord.left, chord.solver) * turning(chord.right, chord.solver) >= 0:
        return []
    try:  # directions of the ends may come from other meshes, and turn by that alone
        sides = [turning(chord.at(f), chord.solver) for f in (_ASIDE, 1.0 - _ASIDE)]
    except ArithmeticError:
        return []
    located = locate_turn(chord) if sides[0] * sides[1] < 0 else None
    if located is None or abs(located.value) > TURNS:
        return []
    return [Event("LPC", located.point, None, 1, certificate(chord, located, PLUS))]
