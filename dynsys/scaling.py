"""How large a model's states are: by their ranges, or by where the model itself goes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import solve_ivp

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

_SPANS = 10.0 ** np.arange(0, 16, 3)  # time units
_MOST = 2000  # evaluations of the field, for all spans
_TINY, _HUGE = 1e-3, 10.0  # sizes, in units of the plain guess, beyond which the motion decides
_SETTLED = 1e-3  # of a size: motion that does less in all the spans has come to rest
_RUNAWAY = 1e30  # no model's size: the motion diverges
_GROWING = 100.0  # a state that is so much larger after a span 1000 times as long goes on for ever


class _Enough(Exception):
    """The field was evaluated often enough."""


def state_sizes(model: VectorField) -> np.ndarray:
    """Typical size (n_physical,) of every state.

    Half the range where there is one. Without, the initial value and at least 1; but where the
    model's own motion from its initial state stays far below that, or goes far beyond it, the
    largest value on its way. A state that runs away, as a phase does, keeps the plain guess.
    Declared parameter values count, so that sizes do not change along a branch.
    """
    sizes = np.array([state.scale for state in model.states.values()], dtype=float)
    free = np.array([state.range is None for state in model.states.values()])
    if not free.any():
        return sizes
    reached, end = _way(model)
    moved = free & (reached > 0) & (reached < _RUNAWAY)
    # A small kick that dies out says nothing of the size; a small value that stays does.
    tiny = (reached < _TINY * sizes) & (end > _TINY * reached)
    decided = moved & (tiny | (reached > _HUGE * sizes))
    return np.where(decided, reached, sizes)


def _way(model: VectorField) -> tuple[np.ndarray, np.ndarray]:
    """Largest and last sizes (n_physical,) on the way from the initial state; 0: it diverges."""
    n = model.physical_dimension
    p = np.array([declared.value for declared in model.declared_parameters.values()])
    x, compiled = model.initial_state(), model.compiled
    left = _MOST

    def field(_: float, y: np.ndarray) -> np.ndarray:
        nonlocal left
        left -= 1
        if left < 0:
            raise _Enough
        out = np.empty(compiled.n)
        compiled.field(np.ascontiguousarray(y), p, compiled.tables, out)
        return out

    def jacobian(_: float, y: np.ndarray) -> np.ndarray:
        out = np.empty((compiled.n, compiled.n))
        compiled.jacobian(np.ascontiguousarray(y), p, compiled.tables, out)
        return out

    largest = before = np.abs(x[:n])
    # Against what the first time unit can do, where that is little: what is tiny is to be followed
    # as well, and so is the first of the way to what is huge.
    atol = 1e-6 * (np.abs(x) + np.minimum(np.abs(field(0.0, x)), 1.0)) + 1e-300
    for span in _SPANS:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # where it cannot be followed, that is an answer
                run = solve_ivp(
                    field, (0.0, span), x, method="LSODA", jac=jacobian, rtol=1e-3, atol=atol
                )
        except _Enough:  # it moves on
            break
        except ValueError:  # infinite on the way
            return np.zeros(n), np.zeros(n)
        values = np.abs(run.y[:n])
        if run.status != 0 or not np.all(np.isfinite(values)):
            return np.zeros(n), np.zeros(n)
        before, largest, x = largest, np.maximum(largest, values.max(axis=1)), run.y[:, -1]
        if np.all(np.abs(field(0.0, x)[:n]) * _SPANS[-1] <= _SETTLED * largest):
            return largest, np.abs(x[:n])
    # It still moves: what grew with the span would grow for ever, as a phase or a drift does.
    away = (before > 0) & (largest > _GROWING * before)
    return np.where(away, 0.0, largest), np.abs(x[:n])
