"""Floquet multipliers as numbers of any size: log10 of the modulus and angle."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numba import float64, int64, types, void

from dynsys.compiled.kernels import VECTOR
from dynsys.numba_cache import njit

_BOUND = 150.0  # log10
# Sine of the angle below which a multiplier is real: rounding, and what a mesh breaks of symmetry,
# make pairs of double ones.
_REAL = 3e-6
VAGUE = 0.3  # relative error of a multiplier beyond which its digits mean nothing,
_UNKNOWN = 10.0  # and beyond which its order does not either
_TWIN = 1e-3  # distance from 1 below which two multipliers may be a split double one


@dataclass(frozen=True)
class Multipliers:
    """Multipliers as ``log10`` (n,) of their moduli, -inf for zero, and ``angle`` (n,) in
    (-pi, pi] (0 or pi exactly where they are real), largest first. ``error`` (n,), where it is
    known: about what maps of the linearized flow leave of relative errors."""

    log10: np.ndarray
    angle: np.ndarray
    error: np.ndarray | None = None

    @classmethod
    def of(cls, values: np.ndarray) -> Multipliers:
        """Those of complex ``values``."""
        values = np.asarray(values, dtype=complex)
        with np.errstate(divide="ignore"):
            return cls(np.log10(np.abs(values)), np.angle(values))

    def __len__(self) -> int:
        return len(self.log10)

    @property
    def values(self) -> np.ndarray:
        """Complex multipliers (n,): infinite or zero beyond the range of doubles."""
        return complex_values(self.log10, self.angle)

    @property
    def bounded(self) -> np.ndarray:
        """Complex multipliers (n,) with moduli above 1e150 lowered to it, for test functions that
        only ask for signs."""
        return bounded_values(self.log10, self.angle)

    @property
    def are_real(self) -> np.ndarray:
        """Which of them (n,) are real, up to the rounding of a double one."""
        return np.abs(np.sin(self.angle)) < _REAL

    @property
    def trivial(self) -> int:
        """Where the trivial one is among them: nearest to 1."""
        return int(nearest_to_one(self.log10, self.angle))

    def without_nearest(self, *targets: complex) -> Multipliers:
        """The multipliers without the one nearest to each target."""
        kept = self
        for target in targets:
            nearest = int(np.argmin(np.nan_to_num(np.abs(kept.bounded - target), nan=np.inf)))
            kept = Multipliers(np.delete(kept.log10, nearest), np.delete(kept.angle, nearest))
        return kept

    def without_trivial(self) -> Multipliers:
        """The multipliers without the trivial one, largest first.

        At a fold of cycles 1 is double and defective: rounding of size e moves the two apart by
        sqrt(e), but not their sum, from which the other one is then taken.
        """
        left = max(len(self) - 1, 0)
        rest = Multipliers(np.empty(left), np.empty(left))
        remove_trivial(self.log10, self.angle, rest.log10, rest.angle)
        return rest

    def without_persistent(self, count: int) -> Multipliers:
        """All of them but ``count`` next to 1 besides the trivial one.

        Rounding of size e moves such a double one apart by sqrt(e) but keeps its sum, from which
        the error of the trivial one is taken here.
        """
        if not count:
            return self
        rest = self.without_trivial()
        error = float(np.min(np.abs(rest.bounded - 1.0)))
        return rest.without_nearest(*[1.0] * count).joined(1.0 + error)

    def joined(self, value: complex) -> Multipliers:
        """The multipliers with another one at the end."""
        more = Multipliers.of(np.array([value]))
        return Multipliers(np.append(self.log10, more.log10), np.append(self.angle, more.angle))

    def beyond(self, modulus: float) -> int:
        """How many are larger in modulus."""
        return int(np.sum(self.log10 > math.log10(modulus)))

    def shown(self, count: int, errors: np.ndarray | None = None) -> str:
        """The first ``count`` in words, with no more digits than relative ``errors`` (n,) leave."""
        known = np.zeros(len(self)) if errors is None else errors
        each = zip(self.log10, self.angle, self.values, known, strict=True)
        return ", ".join(_shown(*one) for one in itertools.islice(each, count))


NONE = Multipliers(np.empty(0), np.empty(0))  # of cycles whose multipliers are not asked for


def nearest_to_one(log10: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Where, along the last axis, the one nearest to 1 is among multipliers of any size."""
    apart = np.hypot(math.log(10.0) * log10, angle)
    return np.argmin(np.where(np.isnan(apart), np.inf, apart), axis=-1)


def bounded_values(log10: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Complex multipliers with moduli above 1e150 lowered to it."""
    return complex_values(np.minimum(log10, _BOUND), angle)


def complex_values(log10: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Complex multipliers, of the shape of both, from log10 of their moduli and angles."""
    with np.errstate(over="ignore"):
        modulus = 10.0**log10
    out = np.empty(log10.shape, dtype=complex)
    out.real = modulus * np.cos(angle)
    straight = (angle == 0.0) | (np.abs(angle) == np.pi)
    out.imag[straight] = 0.0  # not infinity times zero
    out.imag[~straight] = modulus[~straight] * np.sin(angle[~straight])
    return out


def _shown(log10: float, angle: float, value: complex, error: float) -> str:
    if not error < VAGUE and np.isfinite(log10):
        order = f"10^{log10:.0f}"
        return f"about {order}" if error < _UNKNOWN else f"{order} (unresolved)"
    digits = max(1, min(4, int(-math.log10(max(error, 1e-16)))))
    if abs(log10) < 300 or log10 == -np.inf:
        return f"{value:.{digits}g}"
    sign = "-" if abs(angle) == np.pi else ""
    turn = "" if angle == 0.0 or sign else f" at {angle:.4g} rad"
    return f"{sign}10^{log10:.6g}{turn}"


@njit([float64(float64, float64)], cache=True, nogil=True)
def from_one(log10, angle):
    """Distance of a multiplier from 1, taken of its logarithm: one that should be 1 and is lost may
    be a large or a small power of ten, while one near 0 is far from 1."""
    return math.hypot(math.log(10.0) * log10, angle)


@njit
def _swap(log10, angle, k):
    log10[k], log10[k + 1] = log10[k + 1], log10[k]
    angle[k], angle[k + 1] = angle[k + 1], angle[k]


@njit([void(VECTOR, VECTOR, VECTOR, VECTOR)], cache=True, nogil=True)
def remove_trivial(log10, angle, rest_log10, rest_angle):
    """Write all multipliers but the trivial one; see ``Multipliers.without_trivial``."""
    n, first, second = log10.shape[0], 0, -1
    for i in range(1, n):
        if from_one(log10[i], angle[i]) < from_one(log10[first], angle[first]):
            first, second = i, first
        elif second < 0 or from_one(log10[i], angle[i]) < from_one(log10[second], angle[second]):
            second = i
    k = 0
    for i in range(n):
        if i != first:
            rest_log10[k], rest_angle[k] = log10[i], angle[i]
            k += 1
    if second < 0 or from_one(log10[second], angle[second]) > _TWIN:
        return
    real = abs(math.sin(angle[first])) < _REAL and abs(math.sin(angle[second])) < _REAL
    if not real and abs(angle[first] + angle[second]) > 1e-12:
        return
    total = -1.0
    for i in (first, second):
        total += 10.0 ** log10[i] * math.cos(angle[i])
    k = second - (second > first)
    rest_log10[k], rest_angle[k] = math.log10(total), 0.0
    while k > 0 and rest_log10[k - 1] < rest_log10[k]:
        _swap(rest_log10, rest_angle, k - 1)
        k -= 1
    while k < n - 2 and rest_log10[k + 1] > rest_log10[k]:
        _swap(rest_log10, rest_angle, k)
        k += 1


@njit([types.UniTuple(int64, 3)(VECTOR, VECTOR, float64)], cache=True, nogil=True)
def outside(log10, angle, bound):
    """How many are beyond ``bound`` (log10): real ones next to +1 and to -1, complex pairs."""
    plus, minus, others = 0, 0, 0
    for i in range(log10.shape[0]):
        if log10[i] > bound:
            if abs(math.sin(angle[i])) >= _REAL:
                others += 1
            elif math.cos(angle[i]) > 0.0:
                plus += 1
            else:
                minus += 1
    return plus, minus, others // 2


@njit([float64(VECTOR, VECTOR)], cache=True, nogil=True)
def distance_to_one(logs, angles):
    """Distance of the multiplier nearest to 1: the error of the trivial one."""
    best = np.inf
    for i in range(logs.shape[0]):
        best = min(best, from_one(logs[i], angles[i]))
    return best
