"""Inputs of a simulation: what is added to a parameter over time, sampled for the integrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.inputs import course_of
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
        checks.known("input", name, model.parameters, model.name)
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


def with_own_inputs(
    model: VectorField, inputs: Mapping[str, Any] | None, points: np.ndarray
) -> dict[str, Any]:
    """The given inputs, and those the model brings along where none is given.

    ``points`` (P, m) are the parameters of every point, on which an own input may depend.
    """
    result = dict(inputs or {})
    for name, expression in model.inputs.items():
        if name in result:
            continue
        used = {s.name for s in expression.free_symbols} | {name}
        columns = [k for k, label in enumerate(model.parameter_names) if label in used]
        alike = not np.any(points[:, columns] != points[:1, columns])
        result[name] = [
            _beyond(course_of(expression, values), values[name])
            for values in (
                dict(zip(model.parameter_names, row.tolist(), strict=True))
                for row in (points[:1] if alike else points)
            )
        ]
    return result


def _beyond(
    course: Callable[[np.ndarray], np.ndarray], value: float
) -> Callable[[np.ndarray], np.ndarray]:
    """What is added to a parameter so that it follows a course."""
    return lambda times: course(times) - value


def values(item: Input, times: np.ndarray, model: VectorField, name: str) -> np.ndarray:
    """An input's values at times, in the unit of the parameter, checked."""
    if isinstance(item, Drive):
        result = item.drive(times, model, name)
    else:
        result = _of_function(item, times, name)
    if not np.all(np.isfinite(result)):
        raise ModelError(f"the input for {name} is not finite at every time of the run")
    return result


def _of_function(function: Any, times: np.ndarray, name: str) -> np.ndarray:
    """A function of time at times (..., ), of which it takes an array."""
    try:
        return np.broadcast_to(np.asarray(function(times), dtype=float), times.shape)
    except Exception as error:  # what a function of the user's own raises
        raise ModelError(
            f"the function given as the input for {name} fails with {type(error).__name__}: "
            f"{error}; it is called with an array of times and returns as many numbers, as "
            "lambda t: 0.1 * np.sin(t)"
        ) from error


def sampled(
    model: VectorField,
    inputs: Mapping[str, list[Input]],
    chosen: Sequence[int] | np.ndarray,
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
    for item in {id(i): i for several in inputs.values() for i in several}.values():
        check = getattr(item, "check_step", None)
        if check is not None:
            check(dt, model.frequency_factor)
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


_DEEPEST = 16  # halvings of a cell before a jump is taken for one
_CELLS = 16
_ACCURACY = 1e-9


def piecewise(
    model: VectorField, inputs: Mapping[str, list[Input]], begin: float, end: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inputs of one point as piecewise polynomials of degree 4, for adaptive integration.

    Returns parameter indices (d,), breaks (c + 1,), values at the five nodes of every cell
    (c, 5 d) and the kinks: the edges of the inputs, and jumps found by refinement.
    """
    driven = np.array([model.parameter_index(name) for name in inputs], dtype=np.int64)
    items = [(name, several[0]) for name, several in inputs.items()]
    if not items:
        return driven, np.array([begin, end]), np.zeros((1, 0)), np.zeros(0)
    edges = {float(e) for _, i in items if isinstance(i, Drive) for e in i.edges()}
    kinks = {e for e in edges if begin < e < end}
    ends = np.unique([begin, *sorted(kinks), end])
    breaks = np.unique(np.concatenate([np.linspace(a, b, _CELLS + 1) for a, b in _pairs(ends)]))
    theta = np.array([1e-9, 0.25, 0.5, 0.75, 1 - 1e-9, 0.1, 0.4, 0.9])
    check = _lagrange(theta[5:])
    finished: list[tuple[float, np.ndarray]] = []
    cells = np.stack([breaks[:-1], breaks[1:]], axis=-1)
    scale = np.zeros(len(items))
    for depth in range(_DEEPEST + 1):
        times = cells[:, :1] + np.diff(cells, axis=1) * theta
        sampled_ = np.stack([values(i, times, model, name) for name, i in items], axis=-1)
        scale = np.maximum(scale, np.abs(sampled_).max(axis=(0, 1)))
        error = np.abs(np.einsum("qn,cnd->cqd", check, sampled_[:, :5]) - sampled_[:, 5:])
        bad = np.any(error > _ACCURACY * np.maximum(scale, 1e-300), axis=(1, 2))
        if depth == _DEEPEST:
            kinks |= set(cells[bad].ravel())
            bad[:] = False
        good = zip(cells[~bad, 0], sampled_[~bad, :5], strict=True)
        finished += [(float(a), v.T.ravel()) for a, v in good]
        if not bad.any():
            break
        middle = cells[bad].mean(axis=1)
        halves = [np.stack([cells[bad, 0], middle], -1), np.stack([middle, cells[bad, 1]], -1)]
        cells = np.concatenate(halves)
    finished.sort(key=lambda item: item[0])
    lefts = np.array([item[0] for item in finished] + [end])
    return driven, lefts, np.array([item[1] for item in finished]), np.array(sorted(kinks))


def _pairs(ends: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def _lagrange(theta: np.ndarray) -> np.ndarray:
    """Weights (q, 5) of the nodes 0, 1/4, 1/2, 3/4, 1."""
    nodes = np.arange(5) / 4
    weights = np.ones((len(theta), 5))
    for i in range(5):
        for j in range(5):
            if i != j:
                weights[:, i] *= (theta - nodes[j]) / (nodes[i] - nodes[j])
    return weights
