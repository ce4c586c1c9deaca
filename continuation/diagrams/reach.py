"""What motions that begin in the states' ranges can reach: no attractor beyond an edge of these
that no motion crosses, as prey of a negative number, is one of the model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dynsys.vector_field import VectorField

PLACES = 12  # random states on an edge, and parameters, at which no motion may cross it
ON = 1e-6  # of a range: so far beyond an edge a state is still on it


def with_edges(model: VectorField, spans: Mapping[str, tuple[float, float]]) -> VectorField:
    """The model with the low end of every range at which its state stands still as the state's
    lowest value; delayed signals may move it there.

    Example
    -------
    >>> model = VectorField("growth", {"x": State(0.5, (0, 2))}, {"r": 1.0}, {"x": "r*x*(1 - x)"})
    >>> with_edges(model, {"r": (0.0, 1.0)}).states["x"].lowest
    0.0
    """
    if model.lines:
        return model
    random = np.random.default_rng(0)
    low, high = model.state_box()
    edges = {k for k, state in enumerate(model.states.values())
             if state.range is not None and state.lowest is None}  # fmt: skip
    for _ in range(PLACES):
        at = model.with_parameters(
            **{name: float(random.uniform(*span)) for name, span in spans.items()}
        )
        states = low + (high - low) * random.random((len(low), len(low)))
        np.fill_diagonal(states, low)
        edges = {k for k in edges if at.rhs(states[k])[k] == 0.0}
    names = list(model.states)
    return model.with_lowest(**{names[k]: float(low[k]) for k in sorted(edges)}) if edges else model


def lowest_values(model: VectorField) -> np.ndarray:
    """The lowest values (n_physical,) of the states; -inf for those without."""
    values = [state.lowest for state in model.states.values()]
    return np.array([-np.inf if value is None else value for value in values])


def is_reached(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Which of some states (..., n) are not below their lowest values."""
    low, high = model.state_box()
    return np.all(states[..., : len(low)] >= lowest_values(model) - ON * (high - low), axis=-1)
