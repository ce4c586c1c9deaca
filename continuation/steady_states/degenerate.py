"""Equilibria that Newton's method does not come to rest at: infinite slopes, repeated roots.

At the infinite slope of a cube root each of Newton's steps leads twice as far to the other side; at
that of a root that does not reach zero they shrink although no equilibrium is there. Where a factor
of the field is squared, f = g^2, field and slopes vanish together all along the curve g = 0: it has
no tangent, and what is located on it is made of rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from continuation.engine.following import Follower
from continuation.steady_states.continua import corrected, field_size, scaled_jacobian
from continuation.steady_states.jumps import place_of
from dynsys.vector_field import VectorField

_STEPS, _HALVINGS = 200, 12
_ZERO = 1e-5  # of the field's size: a cube root beside its zero at 1, rounded, is 6e-6
_ALONG = 0.05  # of the half span, between two places on a curve
_BESIDE = 0.03  # scaled distance from a curve at which its slopes are compared with those on it
_VANISHING = 0.02  # part of the slopes beside a curve that those on it are at most


def at_rest(model: VectorField, x: np.ndarray) -> np.ndarray | None:
    """The equilibrium (n,) at which Newton's steps vanished, to the last digit where its slopes are
    huge; None where the field does not vanish."""
    rates = np.abs(model.rhs(x) / model.scales)
    if not np.any(rates):
        return x
    terms = np.abs(scaled_jacobian(model, x)) @ np.abs(x / model.scales)
    if np.all(rates <= np.maximum(1e-9, 1e-6 * terms)):
        return x
    end, left = _shrunk(model, x)
    return end if np.all(left <= _ZERO * field_size(model)) else None


def _shrunk(model: VectorField, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Damped Newton as long as the field shrinks: state and scaled rates (n,)."""
    rates = model.rhs(x) / model.scales
    for _ in range(_STEPS):
        slopes = scaled_jacobian(model, x)
        if not (np.any(rates) and np.all(np.isfinite(slopes))):
            break
        step = np.linalg.lstsq(slopes, -rates, rcond=None)[0]
        for halving in range(_HALVINGS):
            trial = x + 0.5**halving * step * model.scales
            there = model.rhs(trial) / model.scales
            if np.linalg.norm(there) < np.linalg.norm(rates):
                x, rates = trial, there
                break
        else:
            break
    return x, np.abs(rates)


@dataclass(frozen=True)
class Unreached:
    """An equilibrium ``state`` (n,) from which Newton's method leads away."""

    model: VectorField
    state: np.ndarray

    def __str__(self) -> str:
        if np.any(np.isnan(scaled_jacobian(self.model, self.state))):
            return (
                f"the equilibrium {place_of(self.model, self.state)} of {self.model.name}: slopes "
                "of the field have no value there, as those of x^n at x = 0 for n < 1; follow the "
                "branch from beside it"
            )
        return (
            f"Newton's method does not come to rest at the equilibrium "
            f"{place_of(self.model, self.state)} of {self.model.name}: the slopes of the field "
            "vanish there, as at a fold, or are infinite"
        )


@dataclass(frozen=True)
class RepeatedRoot:
    """A curve of repeated roots through ``state`` (n,), at the parameter values of ``model``."""

    model: VectorField
    state: np.ndarray
    parameter: str

    def __str__(self) -> str:
        return (
            f"the equilibrium {place_of(self.model, self.state)} of {self.model.name} is a "
            f"repeated root, and so are those along {self.parameter}, as where a factor of the "
            "field is squared: field and slopes vanish together, so that no branch can be "
            "followed. Write that factor once: "
            "the equilibria are the same, their stability is not"
        )


def repeated_root(follower: Follower, y: np.ndarray) -> RepeatedRoot | None:
    """The curve of repeated roots through a point (N,) of a curve, as it moves with the parameter;
    None at any other point.

    1. At the point all slopes in a direction, those along the parameter too, vanish against those
       a little beside the point, to both sides.
    2. So do they at the neighbors along the parameter: it is no branch point.
    3. These are other states: what stays where it is, as in -p x^2, can be followed.

    Example
    -------
    >>> model = VectorField("twice", {"x": 0.0}, {"p": 1.0}, {"x": "-(x - p)^2"})
    >>> print(repeated_root(Follower(model, EQUILIBRIUM, {"p": (0, 2)}, Settings()), np.ones(2)))
    """
    if not _is_double(follower, y):
        return None
    n, moved = follower.n, False
    for side in (_ALONG, -_ALONG):
        there = y + side * np.eye(follower.size)[n]
        if not follower.lower[n] <= there[n] <= follower.upper[n]:
            continue
        model = follower.at(there)
        end = corrected(model, follower.state(y), field_size(model))
        if end is None:
            continue
        there[:n] = end / follower.scale[:n]
        if not _is_double(follower, there):
            return None
        moved = moved or bool(np.max(np.abs(there[:n] - y[:n])) > 1e-2 * _ALONG)
    return RepeatedRoot(follower.at(y), follower.state(y), follower.names[0]) if moved else None


def _is_double(follower: Follower, y: np.ndarray) -> bool:
    """Whether slopes vanish at a point as those of a square do."""
    _, matrix = follower.evaluate(y)
    if not np.all(np.isfinite(matrix)):
        return False
    _, sizes, rows = np.linalg.svd(matrix)
    beside = [
        min(_smallest(follower, y + side * _BESIDE * direction) for side in (1.0, -1.0))
        for direction in rows[follower.n - 1 :]
    ]
    return bool(sizes[-1] < _VANISHING * max(beside))


def _smallest(follower: Follower, y: np.ndarray) -> float:
    """The smallest singular value of the slopes by states and parameter; 0 where there are none."""
    _, matrix = follower.evaluate(y)
    finite = np.all(np.isfinite(matrix))
    return float(np.linalg.svd(matrix, compute_uv=False)[-1]) if finite else 0.0
