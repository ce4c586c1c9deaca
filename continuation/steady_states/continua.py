"""Equilibria that are not isolated: curves of them, as a circle, or an interval of friction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynsys.vector_field import VectorField

AWAY = 0.02  # scaled distance at which a neighbour on the same curve is looked for
_SINGULAR = 1e-6  # smallest singular value of the scaled Jacobian, relative to the largest
_ON = 1e-12  # size of the scaled field at an equilibrium, relative to its size in the box
_STEPS = 40


@dataclass(frozen=True)
class Continuum:
    """A curve of equilibria through ``state`` (n,), along the scaled ``direction`` (n,)."""

    model: VectorField
    state: np.ndarray
    direction: np.ndarray

    def __str__(self) -> str:
        names = self.model.states
        at = ", ".join(f"{k} = {v:.4g}" for k, v in zip(names, self.state, strict=False))
        moving = [k for k, v in zip(names, self.direction, strict=False) if abs(v) > 1e-3]
        along = f", along {', '.join(moving)}" if len(names) > 1 else ""
        values = ", ".join(f"{k} = {v:g}" for k, v in self.model.parameters.items())
        return (
            f"every point of a curve through {at}{along} is an equilibrium of {self.model.name} "
            f"({values}): such equilibria are neither isolated nor can a branch of them be followed"
        )


def field_size(model: VectorField) -> np.ndarray:
    """Ordinary scaled rates of change (n,): medians of those at random states of the box, since an
    exponential may be larger anywhere than all others; 0 of what never changes."""
    rates = np.abs([model.rhs(x) / model.scales for x in _places(model)])
    moving = np.where(np.isfinite(rates) & (rates > 0.0), rates, np.nan)
    moving[:, np.all(np.isnan(moving), axis=0)] = 0.0
    return np.nanmedian(moving, axis=0)


def is_singular(model: VectorField, x: np.ndarray) -> bool:
    """Whether the scaled Jacobian at a state has a direction in which nothing changes."""
    a = scaled_jacobian(model, x)
    if not np.all(np.isfinite(a)):
        return False
    singular = np.linalg.svd(a, compute_uv=False)
    if singular[-1] > _SINGULAR * max(float(singular[0]), 1e-300):
        return False
    # A slow state beside fast ones has small slopes too: each is measured by its own in the box.
    singular = np.linalg.svd(a / slope_size(model)[:, None], compute_uv=False)
    return bool(singular[-1] <= _SINGULAR * max(float(singular[0]), 1e-300))


def slope_size(model: VectorField) -> np.ndarray:
    """Largest entries (n,) of the scaled Jacobian's rows at random states of the box."""
    rows = np.array([np.max(np.abs(scaled_jacobian(model, x)), axis=1) for x in _places(model)])
    rows = rows[np.all(np.isfinite(rows), axis=1)]
    sizes = np.max(rows, axis=0) if rows.size else np.ones(len(model.scales))
    return np.where(sizes > 0.0, sizes, 1.0)


def _places(model: VectorField) -> np.ndarray:
    low, high = model.state_box()
    unit = np.random.default_rng(3).random((16, len(low)))
    return model.fill_lines(low + (high - low) * unit)


def continuum_at(
    model: VectorField, x: np.ndarray, size: np.ndarray, away: float = AWAY
) -> Continuum | None:
    """The curve of equilibria through an equilibrium; None where it is isolated.

    1. A regular Jacobian: isolated.
    2. Go a little along every direction of its null space, to both sides, and correct there by the
       shortest steps (Gauss-Newton). At an isolated equilibrium, also a degenerate one, these lead
       back to it; on a curve they stay away.

    ``size`` : of the field (``field_size``), against which zero is measured.
    """
    if not is_singular(model, x):
        return None
    _, singular, rows = np.linalg.svd(scaled_jacobian(model, x))
    largest = max(float(singular[0]), 1e-300)
    for direction in rows[singular <= _SINGULAR * largest]:
        if rest_beside(model, x, direction, size, away) is not None:
            return Continuum(model, x, direction)
    return None


def rest_beside(
    model: VectorField, x: np.ndarray, direction: np.ndarray, size: np.ndarray,
    away: float = AWAY,
) -> np.ndarray | None:  # fmt: skip
    """A singular equilibrium that stays away from ``x`` (n,) a little along a scaled ``direction``,
    to either side; None where there is none."""
    for side in (1.0, -1.0):
        end = corrected(model, x + side * away * direction * model.scales, size)
        if end is None or not is_singular(model, end):
            continue
        if np.linalg.norm((end - x) / model.scales) > away / 2:
            return end
    return None


def corrected(model: VectorField, x: np.ndarray, size: np.ndarray) -> np.ndarray | None:
    """Gauss-Newton with shortest steps, which singular Jacobians do not stop; None: not there."""
    scales = model.scales
    x = np.array(x, dtype=float)
    for _ in range(_STEPS):
        rate = model.rhs(x) / scales
        a = scaled_jacobian(model, x)
        if not (np.all(np.isfinite(rate)) and np.all(np.isfinite(a))):
            return None
        if np.all(np.abs(rate) <= _ON * size):
            return x
        step = np.linalg.lstsq(a, -rate, rcond=_SINGULAR)[0]
        length = np.max(np.abs(step))
        if not 0.0 < length < np.inf:
            return None
        x = x + step * (0.5 / max(0.5, length)) * scales
    return None


def scaled_jacobian(model: VectorField, x: np.ndarray) -> np.ndarray:
    """The Jacobian (n, n) of scaled states."""
    scales = model.scales
    return model.jacobian(x) * scales[None, :] / scales[:, None]
