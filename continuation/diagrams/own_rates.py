"""How fast a model moves by itself at states, whatever its delayed signals do."""

from __future__ import annotations

import numpy as np

from continuation.engine.field import jacobians
from dynsys.vector_field import VectorField


def own_rates(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Eigenvalues (k, n_physical), at states, of the linearized model without its delayed signals;
    nan where the model has no finite derivative.

    Example
    -------
    >>> own_rates(model, model.initial_state()[None]).real
    """
    n = states.shape[1]
    blocks = jacobians(model, model.fill_lines(states))[:, :n, :n]
    if not np.all(np.isfinite(blocks)):
        return np.full((len(states), n), np.nan)
    return np.linalg.eigvals(blocks)


def turning_at(model: VectorField, state: np.ndarray) -> float:
    """The fastest turning at a state (n_physical,), in radians per time unit."""
    return float(np.max(np.abs(own_rates(model, state[None]).imag), initial=0.0))
