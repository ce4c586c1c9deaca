"""The largest Lyapunov exponent: chaos, or a torus, behind a motion that does not repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import types

from continuation.engine.field import Field, field_of
from dynsys.compiled.records import Vector, signature
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

BLOCKS = 40  # spans over which the growth is averaged: their spread is the error
_REACH = 0.4  # step in units of the fastest time scale; rk4 is stable up to 2.7


@dataclass(frozen=True)
class Exponent:
    """A largest Lyapunov exponent (per time unit), its standard error, and over which time it was
    measured."""

    value: float
    error: float
    duration: float

    @property
    def doubt(self) -> float:
        """What it must differ from zero by: three standard errors, and a growth by e^5."""
        return max(3 * self.error, 5 / self.duration)

    @property
    def positive(self) -> bool:
        """Whether nearby motions part, beyond doubt."""
        return self.value > self.doubt


@njit(
    [signature(types.void, Field, Vector, Vector, Vector, float, int)],
    cache=True,
    error_model="numpy",
)
def growth(field, x, v, rates, dt, steps):
    """Mean rate of growth of a small departure v over every block of ``steps`` (rk4)."""
    n, p, tables = x.shape[0], field.p, field.tables
    a = np.empty((n, n))
    f, y, w = np.empty(n), np.empty(n), np.empty(n)
    dx, dv, g = np.empty(n), np.empty(n), np.empty(n)
    for block in range(rates.shape[0]):
        total = 0.0
        for _ in range(steps):
            for i in range(n):
                y[i], w[i] = x[i], v[i]
                dx[i], dv[i] = 0.0, 0.0
            for stage in range(4):
                field.f(y, p, tables, f)
                field.jacobian(y, p, tables, a)
                weight = 1.0 if stage == 0 or stage == 3 else 2.0
                ahead = dt if stage == 2 else 0.5 * dt
                for i in range(n):
                    g[i] = 0.0
                    for j in range(n):
                        g[i] += a[i, j] * w[j]
                    dx[i] += weight * f[i]
                    dv[i] += weight * g[i]
                for i in range(n):
                    y[i] = x[i] + ahead * f[i]
                    w[i] = v[i] + ahead * g[i]
            size = 0.0
            for i in range(n):
                x[i] += dt / 6.0 * dx[i]
                v[i] += dt / 6.0 * dv[i]
                size += v[i] ** 2
            size = np.sqrt(size)
            total += np.log(size)
            for i in range(n):
                v[i] /= size
        rates[block] = total / (steps * dt)


def largest_exponent(
    model: VectorField, state: np.ndarray, duration: float, seed: int = 0
) -> Exponent:
    """The largest Lyapunov exponent of the motion from a state, over a time.

    A departure is carried along with the exact Jacobian; the first quarter of the time, in which
    it turns into the fastest growing direction, is left out. Delays are transport lines.

    Parameters
    ----------
    state : (n,) or (n_physical,), on the attractor.
    duration : time, of many turns of the motion.

    Source: Benettin, Galgani, Giorgilli & Strelcyn 1980, Meccanica 15.

    Example
    -------
    >>> largest_exponent(lorenz, state, 500.0).value
    """
    x = np.array(model._full(np.asarray(state, float)))
    v = np.random.default_rng(seed).standard_normal(len(x)) * model.scales
    matrix = model.jacobian(x)
    if not np.all(np.isfinite(matrix)):
        return Exponent(np.nan, np.nan, duration)
    rate = float(np.max(np.abs(np.linalg.eigvals(matrix))))
    steps = max(int(np.ceil(duration * max(rate, 1e-12) / _REACH / BLOCKS)), 50)
    rates, free = np.empty(BLOCKS), np.empty(0, np.int64)
    field = field_of(model, model.parameter_array(), free, model.scales, second=False)
    growth(field, x, v / np.linalg.norm(v), rates, duration / BLOCKS / steps, steps)
    kept = rates[BLOCKS // 4 :]
    error = kept.std(ddof=1) / np.sqrt(len(kept))
    return Exponent(float(kept.mean()), float(error), duration * len(kept) / BLOCKS)
