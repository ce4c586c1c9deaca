"""``noisy_model``: the mean field with the noise of its network's finite number of spike trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from continuation.asynchronous.loop import Loop
from continuation.asynchronous.network import network_behind, solved
from continuation.steady_states.search import find_equilibria
from dynsys.errors import ConvergenceError
from dynsys.models.aln import aln
from dynsys.models.aln_network import wiring_of
from dynsys.models.aln_noise import FILTER
from dynsys.transfer import EIFNeuron
from dynsys.transfer.threshold_integration import neuron_response
from dynsys.vector_field import VectorField

_SPANS = np.geomspace(0.02, 20.0, 80)  # frequencies over the rate at which the filter is fitted
_STARTS = ((1.0, 3.0, 0.5, 2.0), (3.0, 4.0, 2.0, 2.0))  # logs of the coefficients, in rates


def noisy_model(
    model: VectorField,
    neurons: int,
    state: Sequence[float] | np.ndarray | None = None,
    neuron: EIFNeuron | None = None,
) -> VectorField:
    """``aln(neurons=N)`` at a model's values, the memory of its trains fitted to the theory.

    Parameters
    ----------
    model : ``aln()``.
    neurons : per population.
    state : the equilibrium whose trains are meant, the first one by default; it need not be
        stable: within a rhythm its trains stand for the rhythm's.

    Returns
    -------
    VectorField for ``simulate(..., seed=1)``. The filter fits the theory's spectra of single trains
    to 3 to 15 % (root mean square of the logarithm, worst above 40 Hz of rate); everything else,
    the cascade's filter too, is the mean field's.

    Raises
    ------
    ConvergenceError where no fixed point lies there; ModelError for another model.

    Example
    -------
    >>> simulate(noisy_model(aln().with_parameters(mu_e=1.6), 2_000), 1000.0, seed=1)
    """
    network = network_behind(model, (), neuron)
    at = find_equilibria(model)[0] if state is None else np.asarray(state, dtype=float)
    y = solved(network.fixed, network.unknowns(model.observe(at), {}))
    if y is None:
        raise ConvergenceError(f"no fixed point of the network lies near the state of {model.name}")
    values = dict(model.parameters)
    for letter, row in zip("ei", memory(network.loop(y), adapting=True), strict=True):
        values |= {f"{name}_{letter}": c for name, c in zip(FILTER, row.tolist(), strict=True)}
    noisy = aln(wiring_of(model), network.neuron, neurons)
    return noisy.with_parameters(**values)


def memory(loop: Loop, adapting: bool) -> np.ndarray:
    """The filters (2, 4) of the noise of E's and I's trains, fitted to the theory's spectra.

    ``adapting``: whether the current that E's own spikes call up is part of it, for models in which
    the noise does not reach the adaptation current.
    """
    rows = []
    for k, rate in enumerate(loop.rates):
        exponents = 2j * np.pi * _SPANS * rate
        if adapting:
            trains = loop.fluctuations(exponents)[1][:, k]
        else:
            trains = neuron_response(loop.neuron, *loop.inputs[k], exponents).noise(rate)
        fitted = _fitted(exponents / rate, trains / rate)
        rows.append(np.array(fitted) * (rate, rate**2, rate, rate**2))
    return np.array(rows)


def _fitted(s: np.ndarray, trains: np.ndarray) -> tuple[float, ...]:
    """a1, a0, b1, b0 of |(s^2 + b1 s + b0)/(s^2 + a1 s + a0)|^2 nearest to a spectrum, in logs."""
    from scipy.optimize import least_squares  # scipy.optimize takes a while to load

    def mismatch(logs: np.ndarray) -> np.ndarray:
        a1, a0, b1, b0 = np.exp(logs)
        return np.asarray(
            2 * np.log(np.abs((s * s + b1 * s + b0) / (s * s + a1 * s + a0))) - np.log(trains)
        )

    found = [least_squares(mismatch, start) for start in _STARTS]
    return tuple(np.exp(min(found, key=lambda f: f.cost).x).tolist())
