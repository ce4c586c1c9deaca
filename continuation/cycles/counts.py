"""How many multipliers of a cycle are outside the unit circle, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import int64, types

from continuation.cycles.following import DOUBTFUL
from continuation.cycles.multipliers import (
    bounded_values,
    distance_to_one,
    nearest_to_one,
    outside,
    remove_trivial,
)
from continuation.cycles.orbits import Point
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

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


_COUNTS = types.Array(int64, 2, "C")


@dataclass(frozen=True)
class Spectra:
    """The multipliers of many cycles: ``log10`` and ``angle`` (k, n - 1) without the trivial one,
    its error ``trivial`` (k,), and ``outside`` (k, 3), their counts; ``error`` (k, n - 1) are about
    their relative errors, at least that of the trivial one, nan where they are not known."""

    log10: np.ndarray
    angle: np.ndarray
    trivial: np.ndarray
    outside: np.ndarray
    error: np.ndarray

    @classmethod
    def of(cls, points: Sequence[Point]) -> Spectra:
        """Those of corrected cycles."""
        logs, angles = np.array([[p.floquet.log10, p.floquet.angle] for p in points]).swapaxes(0, 1)
        count, left = len(points), max(logs.shape[1] - 1, 0)
        log10, angle = np.empty((2, count, left))
        trivial, beyond = np.empty(count), np.empty((count, 3), np.int64)
        _sort_out(
            np.ascontiguousarray(logs), np.ascontiguousarray(angles), log10, angle, trivial, beyond
        )
        beside = nearest_to_one(logs, angles)[:, None]
        return cls(log10, angle, trivial, beyond, _errors(points, beside, trivial[:, None]))

    @property
    def lost(self) -> np.ndarray:
        """Whether (k,) the multiplier 1 is so far from 1 that nothing is sure."""
        return ~(self.trivial <= TRIVIAL_TOLERANCE)

    @property
    def undetermined(self) -> np.ndarray:
        """Whether (k,) so far that not even what is clearly outside is; see ``Cycle.stable``."""
        return undetermined(self.trivial, self.clearly_unstable)

    @property
    def unstable(self) -> np.ndarray:
        """How many multipliers (k,) are outside the unit circle."""
        return self.outside @ np.array([1, 1, 2])

    @property
    def clearly_unstable(self) -> np.ndarray:
        """How many multipliers (k,) are outside the unit circle by more than their accuracy."""
        return np.sum(np.log(10) * self.log10 > self._tolerance[:, None], axis=1)

    @property
    def sure(self) -> np.ndarray:
        """Whether (k,) every multiplier is clearly on one side of the unit circle."""
        clear = np.abs(self.log10) * np.log(10) > self._tolerance[:, None]
        return np.all(clear, axis=1) & ~self.lost

    @property
    def _tolerance(self) -> np.ndarray:
        return np.maximum(RESOLUTION, 10 * self.trivial)


def _errors(points: Sequence[Point], beside: np.ndarray, trivial: np.ndarray) -> np.ndarray:
    """About the relative errors (k, n - 1) of multipliers without the trivial one, which stands
    at ``beside`` (k, 1)."""
    n = len(points[0].floquet)
    errors = np.array([
        np.full(n, np.nan) if p.floquet.error is None else p.floquet.error for p in points
    ])  # fmt: skip
    rest = np.where(np.arange(n - 1) < beside, errors[:, :-1], errors[:, 1:])
    return np.maximum(rest, trivial)


@njit(
    [types.void(MATRIX, MATRIX, MATRIX, MATRIX, VECTOR, _COUNTS)], cache=True, nogil=True,
)  # fmt: skip
def _sort_out(logs, angles, rest_logs, rest_angles, trivial, beyond):
    """Fill the arrays of ``Spectra``."""
    for k in range(logs.shape[0]):
        remove_trivial(logs[k], angles[k], rest_logs[k], rest_angles[k])
        trivial[k] = distance_to_one(logs[k], angles[k])
        beyond[k, 0], beyond[k, 1], beyond[k, 2] = outside(rest_logs[k], rest_angles[k], 0.0)


def counts(point: Point, bound: float = 0.0) -> Counts:
    """Counts of a corrected cycle, of the multipliers whose log10 is beyond ``bound``."""
    if bound == 0.0:
        return Counts(*point.outside)
    return Counts(*outside(point.rest.log10, point.rest.angle, bound))


def persistent(spectra: Spectra, values: np.ndarray) -> int:
    """How many multipliers besides the trivial one are 1 all along a branch.

    A conserved quantity or a continuous symmetry makes them; at a bifurcation only few cycles have
    one. The first is known well (see ``Multipliers.without_trivial``), further ones less. Where the
    parameter, with its ``values`` (k,), stands still all along, a part of the cycles will do.
    Cycles whose multiplier 1 is lost tell nothing of others.
    """
    known = spectra.trivial < DOUBTFUL
    if np.count_nonzero(known) < _FEWEST:
        return 0
    still = np.ptp(values) <= _VERTICAL * max(float(np.max(np.abs(values))), 1.0)
    least = _VERTICAL_PART if still else _PART
    found = bounded_values(spectra.log10[known], spectra.angle[known])
    apart = np.sort(np.abs(found - 1.0), axis=1)
    allowed = np.full(apart.shape, _FURTHER)
    allowed[:, 0] = np.maximum(_FIRST, 2 * spectra.trivial[known] ** 2)
    there = np.mean(apart <= allowed, axis=0) >= least
    return int(np.argmin(there)) if not there.all() else len(there)


def undetermined(trivial: np.ndarray, unstable: np.ndarray) -> np.ndarray:
    """Whether (k,) cycles with so many multipliers clearly outside have no known stability."""
    certain = (unstable > 0) & (trivial < DOUBTFUL)
    return ~(trivial <= TRIVIAL_TOLERANCE) & ~certain


def change(before: Counts, after: Counts) -> Counts:
    """What is gained from one cycle to another."""
    return Counts(*(b - a for a, b in zip(before, after, strict=True)))


def tolerance(point: Point) -> float:
    """Distance from the unit circle (in the logarithm) that the cycle's accuracy resolves."""
    return max(RESOLUTION, 10 * point.trivial_error)


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


def passing(point: Point, kind: int, beyond: int) -> float | None:
    """Distance from the unit circle, negative inside, of the multiplier or pair of a kind that has
    ``beyond`` larger ones: of the next one to pass where so many are outside. None without one."""
    log10 = -np.sort(-point.rest.log10[of_kind(point, kind)])[:: 2 if kind == PAIRS else 1]
    if beyond >= len(log10):
        return None
    return float(np.expm1(np.log(10) * np.clip(log10[beyond], -100.0, 100.0)))


def settled(spectra: Spectra, changes: Sequence[tuple[int, int]]) -> np.ndarray:
    """Number of unstable multipliers (k,) of the cycles of a branch.

    Where a multiplier is at the unit circle to its own accuracy, the count is that of the last
    cycle where it was sure, plus the ``changes`` = (index of the cycle before, gain) in between.
    """
    sure, count = spectra.sure, len(spectra.trivial)
    gains = np.zeros(count, dtype=int)
    for index, gain in changes:
        gains[min(index + 1, count - 1)] += gain
    known = np.flatnonzero(sure)
    if not known.size:
        return spectra.clearly_unstable
    result = spectra.unstable
    for k in range(known[0] - 1, -1, -1):
        result[k] = result[k + 1] - gains[k + 1]
    for k in range(known[0] + 1, count):
        if not sure[k]:
            result[k] = result[k - 1] + gains[k]
    return result
