"""The linear response of a model at rest to a small sine in one of its parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from dynsys.typed import typed
from dynsys.vector_field import VectorField


@typed
def frequency_response(
    model: VectorField,
    parameter: str,
    frequencies: float | Sequence[float] | np.ndarray,
    state: Sequence[float] | np.ndarray | None = None,
) -> xr.Dataset:
    """Amplitude and phase of every state, per unit of a slow sine added to a parameter.

    Exact to first order in the amplitude: (i omega - J)^-1 df/dp at the stable equilibrium.

    Parameters
    ----------
    frequencies : Hz (cycles per time unit of a dimensionless model), 0 for the static gain.
    state : the equilibrium; ``model.equilibrium()`` by default.

    Returns
    -------
    Dataset over ``frequency`` of complex ``<state>``, in units of the state per unit of the
    parameter: ``abs`` is the gain, ``angle`` the phase (negative: the state lags).

    Raises
    ------
    UnknownNameError for a parameter there is not; ModelError for frequencies below 0.

    Example
    -------
    >>> abs(frequency_response(model, "afferent", [0.0, 50.0])["nu_e"])
    """
    turns = np.atleast_1d(np.asarray(frequencies, dtype=float))
    if not np.all(turns >= 0):
        raise ModelError(f"frequencies {turns} must be 0 or more")
    model.parameter_index(parameter)
    rest = model.equilibrium().state if state is None else model._full(state)
    J, push = model.jacobian(rest), model.parameter_derivative(rest, parameter)
    omega = 2j * np.pi * turns / model.frequency_factor
    found = np.array([np.linalg.solve(w * np.eye(len(J)) - J, push) for w in omega])
    unit = model.unit(parameter)
    data = {
        name: ("frequency", found[:, k], {"units": f"{model.unit(name)}/({unit})" if unit else ""})
        for k, name in enumerate(model.states)
    }
    return xr.Dataset(
        data, coords={"frequency": ("frequency", turns, {"units": model.frequency_unit})}
    )
