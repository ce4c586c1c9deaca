"""Special cycles of families on which multipliers come in pairs m and 1/m, as in a Hamiltonian
system: no cycle is attracting, and pairs lie on the unit circle not at single places but all along.

What tells is half the sum of each pair, (m + 1/m)/2: between -1 and 1 the pair is on the circle,
beyond 1 or -1 it is real, and one of the two outside. Where it passes 1 another family branches off
(BPC), or the conserved quantity turns back (LPC); where it passes -1 one of doubled period (PD).
It is known to the accuracy of the cycle, a pair that splits only to the root of that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from continuation.cycles.chords import Chord
from continuation.cycles.counts import TRIVIAL_TOLERANCE
from continuation.cycles.event import Event
from continuation.cycles.location import AT_PLACE, Location, locate, locate_beside, residual
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import Point, Solver

_LARGEST = 300.0  # natural logarithm of a multiplier, beyond which its pair's sum is kept there
_SUMMED = 3.0  # log10 of a multiplier, below which the sum of all is more accurate than its own
_STRAIGHT = 0.1  # how far half sums may bend within a step that is not halved,
_BENDS, _JUMPS = 2, 6  # which it is so often, and so often where several pairs change sides
_SURE = 1e-6  # distance of half a sum from its limits, beyond which its side is sure


class Sides(NamedTuple):
    """How many pairs are real and positive, real and negative, and how many half sums complex."""

    plus: int
    minus: int
    complex: int

    @property
    def unstable(self) -> int:
        """Multipliers outside the unit circle."""
        return sum(self)


def come_in_pairs(points: Sequence[Point], still: int) -> bool:
    """Whether the multipliers besides 1 + ``still`` ones are pairs m and 1/m, wherever they are
    known."""
    left = len(points[0].floquet) - 1 - still
    if still != 1 or left <= 0 or left % 2:
        return False
    logs = [_others(p.floquet, still).log10 for p in points if _known(p.floquet, still)]
    sums = np.array([np.sort(log) + np.sort(log)[::-1] for log in logs])
    return len(sums) > 0 and bool(np.median(np.abs(sums)) < TRIVIAL_TOLERANCE)


def half_sums(found: Multipliers, still: int) -> np.ndarray:
    """(m + 1/m)/2 of every pair, ordered; complex where two pairs leave the circle together."""
    others = _others(found, still)
    if len(others) == 2 and np.max(np.abs(others.log10)) < _SUMMED:
        return np.array([0.5 * (np.sum(found.values.real) - 1 - still)], dtype=complex)
    size = np.clip(np.log(10) * others.log10, -_LARGEST, _LARGEST)
    return np.sort_complex(np.cosh(size + 1j * others.angle))[::2]


def paired_events(
    solver: Solver, points: Sequence[Point], still: int, conserved: Callable[[Point], float]
) -> tuple[list[Event], np.ndarray]:
    """Special cycles in order, and the number of unstable multipliers (k,) at every point.

    ``conserved`` is the quantity that tells the cycles apart.
    """
    known = np.array([_known(p.floquet, still) for p in points])
    sure = [k for k, p in enumerate(points) if known[k] and _sure(p.floquet, still)]
    if not sure:
        return [], np.zeros(len(points), dtype=int)
    unstable = np.full(len(points), sides(points[sure[0]], still).unstable)
    found: list[Event] = []
    for k, after in itertools.pairwise([*sure, len(points)]):
        inside: list[Event] = []
        if not known[k + 1 : after].all():
            last = sides(points[after], still).unstable if after < len(points) else unstable[k]
            inside = [_lost(points[k + 1 : after], int(last - unstable[k]))]
        elif after < len(points):
            chord = Chord(solver, points[k], points[after])
            inside = list(_between(chord, still, conserved))
        found += [replace(event, index=k) for event in inside]
        unstable[k + 1 :] = unstable[k] + sum(event.gain or 0 for event in inside)
    return found, unstable


def sides(point: Point, still: int) -> Sides:
    """On which sides the pairs of a cycle are."""
    sums = half_sums(point.floquet, still)
    real = np.abs(sums.imag) < _SURE * np.maximum(np.abs(sums.real), 1.0)
    plus, minus = np.sum(real & (sums.real > 1)), np.sum(real & (sums.real < -1))
    return Sides(int(plus), int(minus), int(np.sum(~real)))


def _others(found: Multipliers, still: int) -> Multipliers:
    return found.without_nearest(*[1.0] * (1 + still))


def _split(found: Multipliers, still: int) -> float:
    """How far the double multiplier 1 is split, by the root of what its sum is off."""
    return float(np.sort(np.abs(found.bounded - 1.0))[still])


def _known(found: Multipliers, still: int) -> bool:
    """Whether the multipliers that are 1 are there."""
    return _split(found, still) <= np.sqrt(TRIVIAL_TOLERANCE)


def _sure(found: Multipliers, still: int) -> bool:
    """Whether every half sum is on one side of its limits beyond its error."""
    error = max(_SURE, 10 * _split(found, still) ** 2)
    return bool(np.all(np.abs(np.abs(half_sums(found, still).real) - 1.0) > error))


def _between(
    chord: Chord, still: int, conserved: Callable[[Point], float], depth: int = 0
) -> Iterator[Event]:
    """The events of a step, halved while half sums bend in it."""
    ends = [half_sums(p.floquet, still) for p in (chord.left, chord.right)]
    before, after = sides(chord.left, still), sides(chord.right, still)
    jumps = sum(a != b for a, b in zip(before, after, strict=True)) > 1
    middle = _middle(chord) if depth < (_JUMPS if jumps else _BENDS) else None
    if middle is not None:
        values = [np.clip(e.real, -3.0, 3.0) for e in (*ends, half_sums(middle.floquet, still))]
        bent = np.max(np.abs(values[2] - 0.5 * (values[0] + values[1]))) > _STRAIGHT
        if bent or jumps:
            for part in (
                Chord(chord.solver, chord.left, middle), Chord(chord.solver, middle, chord.right),
            ):  # fmt: skip
                yield from _between(part, still, conserved, depth + 1)
            return
    for kind, limit in enumerate((1.0, -1.0)):
        if after[kind] != before[kind]:
            yield _located(chord, still, limit, after[kind] - before[kind], conserved)
    if after.complex != before.complex:
        gain = after.complex - before.complex
        yield _unresolved(chord, gain, "two pairs meet on the unit circle (a Krein collision)")


def _middle(chord: Chord) -> Point | None:
    try:
        return chord.at(0.5)
    except ArithmeticError:
        return None


def _located(
    chord: Chord, still: int, limit: float, gain: int, conserved: Callable[[Point], float]
) -> Event:
    """The event where a half sum passes a limit."""
    test = partial(_signed, still, limit)
    located = locate(chord, test)
    if located is None or abs(located.value) > AT_PLACE:
        located = locate_beside(chord, test)
    if located is None or abs(located.value) > AT_PLACE:
        return _unresolved(chord, gain, f"half the sum of a pair passes {limit:g}, not located")
    label = "PD" if limit < 0 else "BPC"
    if limit > 0 and _turns(chord, located, conserved):
        label = "LPC"
    proof = {
        "residual": residual(chord.solver, located.point.orbit),
        "multiplier_distance": abs(located.value),
        "test_value": located.value,
        "bracket": sorted(conserved(p) for p in (chord.left, chord.right)),
        "pair": True,
    }
    return Event(label, located.point, gain, 1, proof)


def _signed(still: int, limit: float, point: Point) -> float:
    """The distance of half a sum from its limit, of the nearest, positive with an even number of
    real pairs there."""
    offsets = np.sign(limit) * half_sums(point.floquet, still).real - 1.0
    size = float(np.min(np.abs(offsets)))
    return size if np.sum(offsets > 0) % 2 == 0 else -size


def _turns(chord: Chord, located: Location, conserved: Callable[[Point], float]) -> bool:
    """Whether the conserved quantity is largest or smallest at a location."""
    left, here, right = (conserved(p) for p in (chord.left, located.point, chord.right))
    return (here - left) * (right - here) < 0


def _lost(points: Sequence[Point], gain: int) -> Event:
    """Cycles on end whose multipliers are not known."""
    reason = (
        f"of cycles with periods from {points[0].orbit.period:.8g} to "
        f"{points[-1].orbit.period:.8g} the multipliers that are 1 are off by more than 0.03: the "
        f"number of unstable ones changes by {gain:+d}, as far as is known"
    )
    return Event("unresolved", points[0], gain, 1, {"reason": reason, "bracket": []})


def _unresolved(chord: Chord, gain: int, reason: str) -> Event:
    words = f"{reason}; the number of unstable multipliers changes by {gain:+d}"
    return Event("unresolved", chord.right, gain, 1, {"reason": words, "bracket": []})
