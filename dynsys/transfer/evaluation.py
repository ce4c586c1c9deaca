"""Numbers from a transfer function: its moments, threshold and rate over arrays of input rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from scipy import special

from dynsys.definition import symbol
from dynsys.errors import ModelError, unknown_name
from dynsys.transfer.functions import KILOHERTZ, TransferFunction
from dynsys.transfer.membrane import SynapticInput
from dynsys.transfer.networks import NETWORKS, Network
from dynsys.typed import typed

QUANTITIES = {
    "mean": "mu_V",
    "sd": "sigma_V",
    "autocorrelation_time": "tau_V",
    "skewness": "gamma_V",
    "conductance": "mu_G",
    "threshold": "V_eff",
    "rate": "F",
}


@typed
def evaluate(
    function: TransferFunction,
    rates: Mapping[str, Any],
    network: Network | None = None,
    target: str | None = None,
    current: Any = 0.0,
    E_L: float | None = None,
) -> dict[str, np.ndarray]:
    """Membrane statistics, effective threshold and rate at given input rates.

    Parameters
    ----------
    rates : presynaptic population -> Hz per synapse, external ones included; arrays broadcast.
    network : whose synapses; the one the function was fitted in by default.
    target : population that the cell belongs to; the first of the network by default.
    current : pA into the cell; minus the mean adaptation current.
    E_L : mV, the cell's own by default.

    Returns
    -------
    ``mean``, ``sd`` (mV), ``autocorrelation_time`` (ms), ``conductance`` (nS), ``threshold`` (mV),
    ``rate`` (Hz), and ``skewness`` for 31 coefficients.

    Raises
    ------
    UnknownNameError, ModelError for rates that are missing, unknown or negative.

    Example
    -------
    >>> evaluate(find_transfer_function("RS-zerlaut2018"), {"e": 5.0, "i": 5.0})["rate"]
    array(6.63357655)
    """
    if network is None:
        if function.network not in NETWORKS:
            raise ModelError(f"{function.name}: give the network; {function.network} is no name")
        network = NETWORKS[function.network]
    target = target or next(iter(network.neurons))
    if target not in network.neurons:
        raise unknown_name("population", target, network.neurons, network.name)
    sources = [p.source for p in network.into(target)]
    for name in rates:
        if name not in sources:
            raise unknown_name("source", name, sources, f"{network.name}, {target}")
    missing = [name for name in sources if name not in rates]
    if missing:
        raise ModelError(f"no rate for {', '.join(missing)}; {target} has input from there")
    arrays = np.broadcast_arrays(*(np.asarray(rates[name], float) for name in sources), current)
    if any(np.any(a < 0) for a in arrays[:-1]):
        raise ModelError("input rates must be 0 Hz or more")
    E = function.membrane.E_L if E_L is None else E_L
    found = _compiled(function, _synapses(network, target))(*arrays, E)
    names = [k for k in QUANTITIES if k != "skewness" or len(function.coefficients) == 31]
    return {k: np.asarray(v, float) for k, v in zip(names, found, strict=True)}


def _synapses(network: Network, target: str) -> tuple[tuple[float, float, float, float, bool], ...]:
    return tuple(
        (p.active, p.Q, network.receptors[p.source].tau, network.receptors[p.source].E,
         network.receptors[p.source].inhibitory)
        for p in network.into(target)
    )  # fmt: skip


@lru_cache(maxsize=64)
def _compiled(function: TransferFunction, synapses: tuple) -> Callable:
    rates = [symbol(f"rate_{k}") for k in range(len(synapses))]
    current, E_L = symbol("current"), symbol("E_L")
    inputs = [
        SynapticInput(K * rate / KILOHERTZ, Q, tau, E, inhibitory)
        for rate, (K, Q, tau, E, inhibitory) in zip(rates, synapses, strict=True)
    ]
    definitions, _ = function.definitions("x", inputs, E_L, current)
    labels = [f"{name}_x" for name in QUANTITIES.values() if f"{name}_x" in definitions]
    names = [symbol(k) for k in definitions]
    modules = ["numpy", {"erfc": special.erfc, "erf": special.erf}]
    # One function for each definition, in order, so that no expression is written out twice; the
    # expressions are written here, from numbers.
    steps = [
        sympy.lambdify([*rates, current, E_L, *names[:k]], expression, modules)  # noqa: TID251
        for k, expression in enumerate(definitions.values())
    ]

    def run(*arguments: Any) -> list:
        values: list = []
        for step in steps:
            values.append(step(*arguments, *values))
        known = dict(zip(definitions, values, strict=True))
        return [known[label] for label in labels]

    return run
