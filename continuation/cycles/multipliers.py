"""Floquet multipliers as numbers of any size: log10 of the modulus and angle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import boolean, float64

from continuation.cycles.periodic_schur import periodic_eigenvalues
from continuation.cycles.triangular_factors import CUBE
from dynsys.compiled.kernels import VECTOR
from dynsys.numba_cache import njit

_BOUND = 150.0  # log10
_TWIN = 1e-3  # distance from 1 below which two multipliers may be a split double one


@dataclass(frozen=True)
class Multipliers:
    """Multipliers as ``log10`` (n,) of their moduli, -inf for zero, and ``angle`` (n,) in
    (-pi, pi] (0 or pi exactly where they are real), largest first."""

    log10: np.ndarray
    angle: np.ndarray

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
        return _complex(self.log10, self.angle)

    @property
    def bounded(self) -> np.ndarray:
        """Complex multipliers (n,) with moduli above 1e150 lowered to it, for test functions that
        only ask for signs."""
        return _complex(np.minimum(self.log10, _BOUND), self.angle)

    @property
    def are_real(self) -> np.ndarray:
        """Which of them (n,) are real, up to the rounding of a double one."""
        return np.abs(np.sin(self.angle)) < 1e-9

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
        real = np.where(np.abs(self.log10) < 1.0, self.values.real, np.inf)
        apart = np.where(np.isfinite(real), np.abs(self.bounded - 1.0), np.inf)
        order = np.argsort(apart, kind="stable")
        if len(self) < 2 or apart[order[1]] > _TWIN:
            return self.without_nearest(1.0)
        first, second = order[:2]
        if not (self.are_real[first] and self.are_real[second]):
            if abs(self.angle[first] + self.angle[second]) > 1e-12:
                return self.without_nearest(1.0)
        log10, angle = self.log10.copy(), self.angle.copy()
        log10[second], angle[second] = math.log10(real[first] + real[second] - 1.0), 0.0
        log10, angle = np.delete(log10, first), np.delete(angle, first)
        largest = np.argsort(-log10, kind="stable")
        return Multipliers(log10[largest], angle[largest])

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

    def shown(self, count: int) -> str:
        """The first ``count`` in words."""
        pairs = zip(self.log10[:count], self.angle[:count], self.values[:count], strict=True)
        return ", ".join(_shown(*pair) for pair in pairs)


NONE = Multipliers(np.empty(0), np.empty(0))  # of cycles whose multipliers are not asked for


def _complex(log10: np.ndarray, angle: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        modulus = 10.0**log10
    out = np.empty(len(log10), dtype=complex)
    out.real = modulus * np.cos(angle)
    straight = (angle == 0.0) | (np.abs(angle) == np.pi)
    out.imag[straight] = 0.0  # not infinity times zero
    out.imag[~straight] = modulus[~straight] * np.sin(angle[~straight])
    return out


def _shown(log10: float, angle: float, value: complex) -> str:
    if abs(log10) < 300 or log10 == -np.inf:
        return f"{value:.4g}"
    sign = "-" if abs(angle) == np.pi else ""
    turn = "" if angle == 0.0 or sign else f" at {angle:.4g} rad"
    return f"{sign}10^{log10:.6g}{turn}"


@njit([boolean(CUBE, VECTOR, VECTOR)], cache=True, nogil=True, error_model="numpy")
def interval_multipliers(local, logs, angles):
    """Multipliers of a cycle from the ``local`` solutions (N, m n, n + K + 1) of ``condense``.

    The last n rows of an interval give its map: d_(j + 1) = -local d_j.
    """
    intervals, last, n = local.shape[0], local.shape[1] - logs.shape[0], logs.shape[0]
    maps = np.empty((intervals, n, n))
    for j in range(intervals):
        for s in range(n):
            for c in range(n):
                maps[j, s, c] = -local[j, last + s, c]
    return periodic_eigenvalues(maps, logs, angles)


@njit([float64(VECTOR, VECTOR)], cache=True, nogil=True)
def distance_to_one(logs, angles):
    """Distance of the multiplier nearest to 1: the error of the trivial one."""
    best = np.inf
    for i in range(logs.shape[0]):
        if abs(logs[i]) < 300.0:
            modulus = 10.0 ** logs[i]
            x, y = modulus * math.cos(angles[i]) - 1.0, modulus * math.sin(angles[i])
            best = min(best, math.hypot(x, y))
        elif logs[i] < 0.0:
            best = min(best, 1.0)
    return best
