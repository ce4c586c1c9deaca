"""Zeros where the field jumps or bends: states held as by dry friction, ends of intervals of rest.

Newton's method meets them, since a state beside a jump is a zero to rounding, and the Jacobian at
the end of an interval may be that outside of it. No branch leads through them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from continuation.steady_states.continua import (
    AWAY,
    Continuum,
    field_size,
    rest_beside,
)
from dynsys.vector_field import VectorField

_BESIDE = 1e-7  # scaled distance to both sides of a state
_JUMP = 1e-3  # of the field's size, between both sides
_BEND = 1e-2  # of the Jacobian's largest entry, between both sides


@dataclass(frozen=True)
class Jump:
    """A zero ``state`` (n,) on a jump of the field across ``name``; ``interval``: states beside it
    are held by the jump as well."""

    model: VectorField
    state: np.ndarray
    name: str
    interval: bool

    def __str__(self) -> str:
        at = ", ".join(
            f"{k} = {v:.4g}" for k, v in zip(self.model.states, self.state, strict=False)
        )
        values = ", ".join(f"{k} = {v:g}" for k, v in self.model.parameters.items())
        rest = (
            "a whole interval of states is at rest there, as with dry friction"
            if self.interval
            else "what is at rest there is held by the jump alone"
        )
        return (
            f"the field of {self.model.name} jumps across {self.name} at {at} ({values}): {rest}. "
            "States that a jump holds are neither sought nor followed; a steep smooth function, as "
            "tanh, in place of the jump has equilibria"
        )


def irregular(model: VectorField, x: np.ndarray) -> Jump | Continuum | None:
    """The jump, or the end of a curve of equilibria, at a zero (n,); None at an equilibrium."""
    for i in range(model.physical_dimension):
        below, above = _sides(model, x, i)
        if _jumps(model, x, below, above):
            beside = [
                x + side * AWAY * step
                for j, step in enumerate(np.diag(model.scales)[: model.physical_dimension])
                if j != i
                for side in (1.0, -1.0)
            ]
            held = any(_held(model, y, i) for y in beside)
            return Jump(model, x, model.state_names[i], held)
        if _bends(model, below, above):
            end = _end_of_interval(model, x)
            if end is not None:
                return end
    return None


def _sides(model: VectorField, x: np.ndarray, i: int) -> tuple[np.ndarray, np.ndarray]:
    step = np.zeros(len(x))
    step[i] = _BESIDE * model.scales[i]
    return x - step, x + step


def _jumps(model: VectorField, x: np.ndarray, below: np.ndarray, above: np.ndarray) -> bool:
    changes = np.abs(model.rhs(above) - model.rhs(below)) / model.scales
    slopes = model.jacobian(x) * model.scales[None, :] / model.scales[:, None]
    steep = changes > 100.0 * 2.0 * _BESIDE * np.max(np.abs(slopes), axis=1)
    return bool(np.any(steep)) and bool(np.any(steep & (changes > _JUMP * field_size(model))))


def _held(model: VectorField, x: np.ndarray, i: int) -> bool:
    """Whether the fields on both sides of a jump across state ``i`` push a state into it, and
    nothing else moves."""
    below, above = (model.rhs(y) for y in _sides(model, x, i))
    rates = np.abs(np.array([below, above]) / model.scales)
    still = np.all(np.delete(rates <= 10.0 * _BESIDE * field_size(model), i, axis=1))
    return bool(still and below[i] >= 0.0 >= above[i])


def _bends(model: VectorField, below: np.ndarray, above: np.ndarray) -> bool:
    a, b = model.jacobian(below), model.jacobian(above)
    return bool(np.max(np.abs(a - b)) > _BEND * max(np.max(np.abs(a)), np.max(np.abs(b))))


def _end_of_interval(model: VectorField, x: np.ndarray) -> Continuum | None:
    size = field_size(model)
    for direction in np.eye(len(x))[: model.physical_dimension]:
        end = rest_beside(model, x, direction, size)
        if end is not None:
            return Continuum(model, end, direction)
    return None
