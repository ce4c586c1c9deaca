"""How far a finite network's mean rates may lie from their prediction by its noise alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from continuation import find_equilibria, rate_spectrum
from continuation.diagrams.names import naming_observable
from dynsys.errors import DynsysError
from dynsys.models.aln_network import is_aln
from dynsys.models.master_equation_network import is_master_equation
from dynsys.vector_field import VectorField


def has_spectrum(model: VectorField) -> bool:
    """Whether a theory of the network's fluctuations is known."""
    return is_aln(model) or is_master_equation(model)


def spreads(
    model: VectorField, near: float, neurons: int | Mapping[str, int], duration: float
) -> Mapping[str, float]:
    """Standard deviations (Hz) of mean rates over ``duration`` ms, by the spectrum at 0 Hz.

    ``near``: the naming rate of the state meant, Hz. Empty where there is no theory, or no stable
    state.
    """
    if not has_spectrum(model):
        return {}
    main = naming_observable(model)
    try:
        states = find_equilibria(model)
        rates = [model.observe(x)[main] for x in states]
        state = states[int(np.argmin(np.abs(np.array(rates) - near)))]
        found = rate_spectrum(model, neurons, [1.0], state)
    except (DynsysError, ValueError):
        return {}
    slow = {name: float(found[f"{name}_node"][0]) for name in found.names}
    return {name: math.sqrt(power * 1000 / (2 * duration)) for name, power in slow.items()}
