"""How far a finite network's mean rates may lie from their prediction by its noise alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from continuation import find_equilibria, rate_spectrum
from dynsys.errors import DynsysError
from dynsys.models.aln_network import is_aln
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate


def spreads(model: VectorField, near: float, neurons: int, duration: float) -> Mapping[str, float]:
    """Standard deviations (Hz) of mean rates over ``duration`` ms, by the spectrum at 0 Hz.

    ``near``: r_E of the state meant, Hz. Empty where there is no theory, or no stable state.
    """
    if not is_aln(model):
        return {}
    try:
        states = find_equilibria(model)
        rates = [model.observe(x)["r_E"] for x in states]
        state = states[int(np.argmin(np.abs(np.array(rates) - near)))]
        found = rate_spectrum(model, neurons, [1.0], state)
    except (DynsysError, ValueError):
        return {}
    slow = {name: float(found[f"{name}_node"][0]) for name in found.names}
    return {name: math.sqrt(power * 1000 / (2 * duration)) for name, power in slow.items()}


def in_words(expected: float, found: Estimate, spread: float | None) -> str:
    """The deviation in predicted standard deviations; empty where these are not known.

    Example
    -------
    >>> in_words(19.7, Estimate(19.4, 19.3, 19.5, "Hz"), 0.05)
    'z = -6.0 of the 0.05 Hz that noise alone explains at this size and duration'
    """
    if not spread:
        return ""
    z = (found.value - expected) / spread
    return (
        f"z = {z:+.1f} of the {spread:.2g} Hz that noise alone explains at this size and duration"
    )
