"""How many multipliers of a cycle are outside the unit circle, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from continuation.cycles.multipliers import bounded_values, outside
from continuation.cycles.orbits import Point

TRIVIAL_TOLERANCE = 1e-3  # a multiplier 1 that is off by more makes the verdict worthless
RESOLUTION = 1e-8  # distance from the unit circle below which rounding decides
_FEWEST, _PART = 4, 0.9  # cycles, and the part of them, that have a persistent multiplier
_VERTICAL, _VERTICAL_PART = 1e-9, 0.5  # where the parameter stands still, relative to its size
_FIRST, _FURTHER = 1e-6, 1e-4
PLUS, MINUS, PAIRS = range(3)


class Counts(NamedTuple):
    """Multipliers outside the unit circle: real ones beyond +1 and beyond -1, complex pairs."""

    plus: int
    minus: int
    pairs: int

    @property
    def unstable(self) -> int:
        """How many they are together."""
        return self.plus + self.minus + 2 * self.pairs


def counts(point: Point, bound: float = 0.0) -> Counts:
    """Counts of a corrected cycle, of the multipliers whose log10 is beyond ``bound``."""
    if bound == 0.0:
        return Counts(*point.outside)
    return Counts(*outside(point.rest.log10, point.rest.angle, bound))


def persistent(points: Sequence[Point]) -> int:
    """How many multipliers besides the trivial one are 1 all along a branch.

    A conserved quantity or a continuous symmetry makes them; at a bifurcation only few cycles have
    one. The first is known well (see ``Multipliers.without_trivial``), further ones less. Where the
    parameter stands still all along, a part of the cycles will do.
    """
    if len(points) < _FEWEST:
        return 0
    values = np.array([p.orbit.value for p in points])
    still = np.ptp(values) <= _VERTICAL * max(float(np.max(np.abs(values))), 1.0)
    least = _VERTICAL_PART if still else _PART
    logs, angles = (np.array([getattr(p.rest, k) for p in points]) for k in ("log10", "angle"))
    apart = np.sort(np.abs(bounded_values(logs, angles) - 1.0), axis=1)
    allowed = np.full(apart.shape, _FURTHER)
    split = np.array([min(p.trivial_error, 1.0) for p in points])
    allowed[:, 0] = np.maximum(_FIRST, 2 * split**2)
    there = np.mean(apart <= allowed, axis=0) >= least
    return int(np.argmin(there)) if not there.all() else len(there)


def change(before: Counts, after: Counts) -> Counts:
    """What is gained from one cycle to another."""
    return Counts(*(b - a for a, b in zip(before, after, strict=True)))


def tolerance(point: Point) -> float:
    """Distance from the unit circle (in the logarithm) that the cycle's accuracy resolves."""
    return max(RESOLUTION, 10 * point.trivial_error)


def is_sure(point: Point) -> bool:
    """Whether every multiplier is clearly on one side of the unit circle."""
    if point.trivial_error > TRIVIAL_TOLERANCE:
        return False
    return bool(np.all(np.abs(point.rest.log10) * np.log(10) > tolerance(point)))


def clear_counts(point: Point) -> Counts:
    """Counts of the multipliers that are clearly outside."""
    return counts(point, tolerance(point) / np.log(10))


def of_kind(point: Point, kind: int) -> np.ndarray:
    """Which multipliers (n - 1,) are of a kind: real positive, real negative, complex."""
    real, ahead = point.rest.are_real, np.cos(point.rest.angle) > 0
    return (real & ahead, real & ~ahead, ~real)[kind]


def distances(point: Point, kind: int) -> np.ndarray:
    """Distances from the unit circle, smallest first, of the multipliers of a kind."""
    log10 = np.clip(point.rest.log10[of_kind(point, kind)], -100.0, 100.0)
    return np.sort(np.abs(np.expm1(np.log(10) * log10)))


def settled(
    points: Sequence[Point], changes: Sequence[tuple[int, int]], sure: Sequence[bool]
) -> np.ndarray:
    """Number of unstable multipliers (k,) of the cycles of a branch.

    Where a multiplier is at the unit circle to its own accuracy, the count is that of the last
    cycle where it was sure, plus the ``changes`` = (index of the cycle before, gain) in between.
    """
    gains = np.zeros(len(points), dtype=int)
    for index, gain in changes:
        gains[min(index + 1, len(points) - 1)] += gain
    result = np.zeros(len(points), dtype=int)
    known = np.flatnonzero(sure)
    if not known.size:
        return np.array([clear_counts(p).unstable for p in points])
    for k in known:
        result[k] = counts(points[k]).unstable
    for k in range(known[0] - 1, -1, -1):
        result[k] = result[k + 1] - gains[k + 1]
    for k in range(known[0] + 1, len(points)):
        if not sure[k]:
            result[k] = result[k - 1] + gains[k]
    return result
