"""Runs of the mean field with the noise of the network's size, for tests that noise decides."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from continuation import find_equilibria
from continuation.asynchronous.noisy import noisy_model
from dynsys.models.aln_network import is_aln
from dynsys.simulation import simulate
from dynsys.vector_field import VectorField
from validation.networks.testable import Testable

_STEP = 0.1  # ms


def has_noise(model: VectorField) -> bool:
    """Whether the noise of a model's network is known over time."""
    return is_aln(model)


def noisy_runs(
    network: Testable, place: Mapping[str, float], duration: float, inputs: Mapping[str, Any],
    count: int, high: bool = False,
) -> list[xr.Dataset]:  # fmt: skip
    """Runs of the mean field at a place, ``count`` with noise; one without where none is known.

    ``high``: the memory of the trains is that of the highest equilibrium, not the lowest.
    """
    model = network.model.with_parameters(**place)
    if not has_noise(model):
        return [simulate(model, duration, inputs=inputs, sample=0.5)]
    states = find_equilibria(model)
    levels = [model.observe(x)[network.rates[0]] for x in states]
    state = states[int(np.argmax(levels) if high else np.argmin(levels))]
    noisy = noisy_model(model, network.neurons, state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # noise may lead a run out of the transfer table
        runs = [
            simulate(
                noisy, duration, inputs=inputs, sample=0.5, method="heun", dt=_STEP, seed=seed,
                record=list(network.rates),
            )
            for seed in range(1, count + 1)
        ]  # fmt: skip
    whole = [run for run in runs if np.all(np.isfinite(run[network.rates[0]]))]
    return whole or [simulate(model, duration, inputs=inputs, sample=0.5)]
