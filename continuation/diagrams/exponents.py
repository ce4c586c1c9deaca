"""The largest Lyapunov exponent: chaos, or a torus, behind a motion that does not repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import types

from continuation.engine.field import Field, field_of
from continuation.engine.linear_algebra import copy_into
from dynsys.compiled.records import Matrix, Vector, signature
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

BLOCKS = 40  # spans over which the growth is averaged: their spread is the error
_LONGEST = 200  # steps between which a departure keeps a size that numbers can hold
_NUDGE = 1e-7  # scaled size of a departure whose rate is the difference of two
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
    [signature(types.void, Field, Vector, Matrix, float, int)],
    cache=True,
    error_model="numpy",
    nogil=True,
)
def carried(field, x, v, dt, steps):
    """Move a state x (n,) and small departures from it, the columns of v (n, k), by rk4 steps."""
    n, count, p, tables = x.shape[0], v.shape[1], field.p, field.tables
    a = np.empty((n, n))
    f, y, dx = np.empty(n), np.empty(n), np.empty(n)
    w, g, dv = np.empty((n, count)), np.empty((n, count)), np.empty((n, count))
    for _ in range(steps):
        dx[:], dv[:] = 0.0, 0.0
        copy_into(y, x)
        for i in range(n):
            copy_into(w[i], v[i])
        for stage in range(4):
            field.f(y, p, tables, f)
            field.jacobian(y, p, tables, a)
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            ahead = dt if stage == 2 else 0.5 * dt
            for i in range(n):
                for k in range(count):
                    g[i, k] = 0.0
                for j in range(n):
                    for k in range(count):
                        g[i, k] += a[i, j] * w[j, k]
            for i in range(n):
                dx[i] += weight * f[i]
                y[i] = x[i] + ahead * f[i]
                for k in range(count):
                    dv[i, k] += weight * g[i, k]
                    w[i, k] = v[i, k] + ahead * g[i, k]
        for i in range(n):
            x[i] += dt / 6.0 * dx[i]
            for k in range(count):
                v[i, k] += dt / 6.0 * dv[i, k]


@njit(
    [signature(types.void, Field, Vector, Vector, float, int)],
    cache=True,
    error_model="numpy",
    nogil=True,
)
def nudged(field, x, v, dt, steps):
    """Move a state x (n,) and one small departure v (n,) from it by rk4 steps. What the Jacobian
    makes of the departure is a difference of two rates, which takes a quarter of the time; the
    Jacobian itself where a rate beside the state has no value, as that of a root below zero."""
    n, p, tables, scale = x.shape[0], field.p, field.tables, field.scale
    a = np.empty((n, n))
    f, y, dx, ahead = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    w, g, dv = np.empty(n), np.empty(n), np.empty(n)
    for _ in range(steps):
        dx[:], dv[:] = 0.0, 0.0
        copy_into(y, x)
        copy_into(w, v)
        for stage in range(4):
            size = 0.0
            for i in range(n):
                size = max(size, abs(w[i]) / scale[i])
            nudge = _NUDGE / size if size > 0.0 else 1.0
            for i in range(n):
                ahead[i] = y[i] + nudge * w[i]
            field.f(y, p, tables, f)
            field.f(ahead, p, tables, g)
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            part = dt if stage == 2 else 0.5 * dt
            lost = False
            for i in range(n):
                g[i] = (g[i] - f[i]) / nudge
                lost = lost or not np.isfinite(g[i])
            if lost:
                field.jacobian(y, p, tables, a)
                for i in range(n):
                    g[i] = 0.0
                    for j in range(n):
                        g[i] += a[i, j] * w[j]
            for i in range(n):
                dx[i] += weight * f[i]
                dv[i] += weight * g[i]
                y[i] = x[i] + part * f[i]
                w[i] = v[i] + part * g[i]
        for i in range(n):
            x[i] += dt / 6.0 * dx[i]
            v[i] += dt / 6.0 * dv[i]


def run_multipliers(model: VectorField, state: np.ndarray, period: float, dt: float) -> np.ndarray:
    """Multipliers (n,) of a motion from a state that is back after a period: what departures grow
    by in one turn; that nearest to the trivial 1 first. ``dt`` is about the step: one that carries
    a motion is too long for the multipliers of its spikes."""
    x, matrix = np.array(model._full(np.asarray(state, float))), np.eye(model.compiled.n)
    steps = int(np.ceil(period / dt))
    carried(_field(model), x, matrix, period / steps, steps)
    if not np.all(np.isfinite(matrix)):
        return np.full(len(x), np.inf)
    found = np.linalg.eigvals(matrix)
    return found[np.argsort(np.abs(found - 1))]


def largest_exponent(
    model: VectorField, state: np.ndarray, duration: float, seed: int = 0, finer: float = 1.0
) -> Exponent:
    """The largest Lyapunov exponent of the motion from a state, over a time.

    A departure is carried along, its rate by differences of 1e-7 of the states' sizes; the first
    quarter of the time, in which it turns into the fastest growing direction, is left out. Delays
    are transport lines.

    Parameters
    ----------
    state : (n,) or (n_physical,), on the attractor.
    duration : time, of many turns of the motion.
    finer : divides the step, a part of the fastest time scale at the state.

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
    steps = max(int(np.ceil(duration * finer * max(rate, 1e-12) / _REACH / BLOCKS)), 50)
    v, field, dt = v / np.linalg.norm(v), _field(model), duration / BLOCKS / steps
    rates = np.zeros(BLOCKS)
    for block in range(BLOCKS):
        for first in range(0, steps, _LONGEST):
            nudged(field, x, v, dt, min(_LONGEST, steps - first))
            size = np.linalg.norm(v)
            rates[block] += np.log(size) / (steps * dt)
            v /= size
    kept = rates[BLOCKS // 4 :]
    error = kept.std(ddof=1) / np.sqrt(len(kept))
    return Exponent(float(kept.mean()), float(error), duration * len(kept) / BLOCKS)


def _field(model: VectorField) -> Field:
    free = np.empty(0, np.int64)
    return field_of(model, model.parameter_array(), free, model.scales, second=False)
