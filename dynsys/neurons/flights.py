"""From one reset to the next spike: all at once, or one flight step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynsys.errors import ConvergenceError, ModelError
from dynsys.neurons.flow import FAILED, TOLERANCE, fly
from dynsys.neurons.map_points import map_points

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron


def flights(neuron: SpikingNeuron, w: np.ndarray, parameter: str | None = None) -> np.ndarray:
    """(k, 6) of ``map_points`` from resets with adaptation w (k,), for a neuron of two states.

    Columns: w', interval (ms), dw'/dw, dinterval/dw, and both derivatives with respect to
    ``parameter`` (the current by default). Rows are nan where no spike follows.
    """
    if len(neuron.field.states) != 2:
        raise ModelError(
            f"{neuron.name} has {len(neuron.field.states)} states; the adaptation map needs two, "
            "the potential and one adaptation variable"
        )
    start = np.ascontiguousarray(w, dtype=float)
    out, statuses = np.empty((len(start), 6)), np.empty(len(start), np.int64)
    free = neuron.field.parameter_index(parameter or neuron.rule.current)
    map_points(neuron.engine(), TOLERANCE, neuron.patience, free, start, out, statuses)
    if np.any(statuses == FAILED):
        raise ConvergenceError(
            f"{neuron.name}: the flow from w = {start[statuses == FAILED][0]:g} could not be "
            "integrated; is the adaptation far from what spikes leave behind?"
        )
    return out


def segment(neuron: SpikingNeuron, w: float) -> tuple[int, np.ndarray]:
    """The flight from (Vr, w) to the cutoff, step by step: (status, (k + 1, 3, 3)).

    Row 0 of each record is (t, V, w), rows 1 and 2 the derivatives of (t, V, w) after the step
    with respect to V and w before it; the first record is the start itself.
    """
    room = np.zeros((20_000, 3, 3))
    y = np.zeros((3, 3))
    engine = neuron.engine()
    y[0, 1:] = engine.p[engine.rule[1]], w
    first = y.copy()
    none = np.zeros((2, len(engine.p)))
    status, steps = fly(engine, none, TOLERANCE, neuron.patience, y, room, True)
    return status, np.concatenate([first[None], room[:steps]])
