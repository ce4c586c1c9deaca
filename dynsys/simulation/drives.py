"""Inputs of a simulation: what is added to a parameter over time, sampled for the integrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dynsys.errors import ModelError, unknown_name
from dynsys.vector_field import VectorField

_JUST = 1e-7  # of a step: how near to a step's ends its limits are taken


@runtime_checkable
class Drive(Protocol):
    """An input that knows its own units, such as the waveforms of ``stimulation``."""

    def drive(self, times: np.ndarray, model: VectorField, parameter: str) -> np.ndarray:
        """Values at ``times`` (model time) in the unit of the parameter; shape of ``times``."""

    def edges(self) -> Sequence[float]:
        """Times at which the input or its slope jumps."""


Input = Drive | Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SampledInputs:
    """Inputs of a chunk of points: parameter indices (d,), edges in steps, values."""

    driven: np.ndarray
    edges: np.ndarray
    values: np.ndarray


def checked_inputs(
    model: VectorField, inputs: Mapping[str, Any], points: int
) -> dict[str, list[Input]]:
    """Inputs by parameter, one for all points or one per point."""
    result = {}
    for name, given in inputs.items():
        if name not in model.parameters:
            raise unknown_name("input", name, model.parameters, model.name)
        several = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(several) not in (1, points):
            raise ModelError(
                f"{len(several)} inputs for {name} but {points} points; give one, or one per point"
            )
        for item in several:
            if not (isinstance(item, Drive) or callable(item)):
                raise ModelError(
                    f"the input {item!r} for {name} is a {type(item).__name__}; give a waveform of "
                    "stimulation, such as Step('40 pA', start=1000), or a function of time"
                )
        result[name] = several
    return result


def values(item: Input, times: np.ndarray, model: VectorField, name: str) -> np.ndarray:
    """An input's values at times, in the unit of the parameter, checked."""
    if isinstance(item, Drive):
        result = item.drive(times, model, name)
    else:
        result = np.broadcast_to(np.asarray(item(times), dtype=float), times.shape)
    if not np.all(np.isfinite(result)):
        raise ModelError(f"the input for {name} is not finite at every time of the run")
    return result


def sampled(
    model: VectorField,
    inputs: Mapping[str, list[Input]],
    chosen: range,
    dt: float,
    steps: int,
    start: float = 0.0,
) -> SampledInputs:
    """Sample the inputs of the points ``chosen`` at the start, middle and end of every step.

    Where an input jumps at a step's end, the step sees the limit from its own side.
    """
    rows = len(chosen) if any(len(v) > 1 for v in inputs.values()) else 1
    result = np.zeros((rows, steps, 3, len(inputs)))
    edges: set[int] = set()
    left = start + dt * np.arange(steps)
    times = np.stack([left + _JUST * dt, left + dt / 2, left + (1 - _JUST) * dt], axis=-1)
    for d, (name, several) in enumerate(inputs.items()):
        for row in range(rows):
            item = several[chosen[row]] if len(several) > 1 else several[0]
            result[row, :, :, d] = values(item, times, model, name)
            if isinstance(item, Drive):
                edges |= {round((e - start) / dt) for e in item.edges() if np.isfinite(e)}
    driven = np.array([model.parameter_index(name) for name in inputs], dtype=np.int64)
    return SampledInputs(driven, np.array(sorted(edges), dtype=np.int64), result)
