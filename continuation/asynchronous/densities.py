"""The network over time by the Fokker-Planck equation, coupled: of infinitely many neurons, or with
the noise of finitely many.

What the mean field approximates by one exponential filter is exact here; everything else (Gaussian
inputs, mean and variance of the synapses) is the same. It tells what that filter changes, and with
the noise of N trains what a network of this size does far from linear theory: a state from which
noise sets off whole cycles, for instance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from continuation.asynchronous.network import AsynchronousNetwork, network_behind, solved
from continuation.asynchronous.noisy import memory
from continuation.steady_states.search import find_equilibria
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError
from dynsys.interruption import interruptible
from dynsys.models.aln_network import PAIRS
from dynsys.simulation.drives import checked_inputs
from dynsys.simulation.drives import values as drive_values
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

STEP = 0.05  # ms
CELLS = 600  # voltages: rates are exact to 2e-4
_LOWEST = -140.0  # mV
_START = (-100.0, 10.0)  # mV: mean and spread of voltages at first, as in the network


def simulate_densities(
    model: VectorField,
    duration: float,
    inputs: Mapping[str, Any] | None = None,
    sample: float = 0.5,
    neuron: EIFNeuron | None = None,
    neurons: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Rates of the network behind ``aln()``, without the mean field's filter, from the network's
    initial state.

    Parameters
    ----------
    duration : ms.
    inputs : "mu_e", "mu_i" -> what is added over time, as of ``simulate``.
    sample : ms, over which recorded rates are averaged.
    neurons : per population: spikes come by chance, with the memory that trains have at the lowest
        fixed point. Infinitely many by default: no noise.
    seed : of the spikes.

    Returns
    -------
    Dataset of ``r_E``, ``r_I`` (Hz) over ``time`` (ms).

    Raises
    ------
    ModelError for another model, inputs to other parameters, delays below a step of 0.05 ms;
    ConvergenceError where ``neurons`` are given and no fixed point is found.

    Not to be confused with a network: spikes that come by chance are sent to the synapses, but the
    densities stay those of infinitely many neurons, each moved by the common input.

    Source: Brunel & Hakim 1999, Neural Comput 11:1621; Augustin et al. 2017, PLOS Comput Biol
    13(6):e1005545; noise: Mattia & Del Giudice 2002, Phys Rev E 66:051917.

    Example
    -------
    >>> simulate_densities(aln().with_parameters(mu_e=1.3), 1000.0)["r_E"]
    """
    checks.number("duration (ms)", duration, least=sample)
    if neurons is not None:
        checks.whole("neurons", neurons, least=2)
    # The kernel compiles on its first import.
    from continuation.asynchronous.density_steps import run

    network = network_behind(model, (), neuron)
    steps, width = round(duration / STEP), max(1, round(sample / STEP))
    drives = _drives(model, inputs or {}, steps)
    cells, density = _voltages(network.neuron)
    synapses, rates, activity = np.zeros((3, 4)), np.zeros((2, steps)), np.zeros((2, steps))
    synapses[2, 1] = network.neuron.Vs  # where voltages are counted from
    constants = _projections(network), _membranes(model, network.neuron)
    trains = _trains(network, neurons, checks.seed(seed))
    interruptible(run, np.stack([density, density]), synapses, cells, *constants, trains, drives,
                  rates, activity)  # fmt: skip
    count = steps // width
    means = 1000 * activity[:, : count * width].reshape(2, count, width).mean(axis=2)
    return xr.Dataset(
        {f"r_{k}": ("time", row, {"units": "Hz"}) for k, row in zip("EI", means, strict=True)},
        coords={"time": ("time", STEP * width * np.arange(count), {"units": "ms"})},
        attrs={"model": f"density of {model.name}"} | ({"neurons": neurons} if neurons else {}),
    )


def _drives(model: VectorField, inputs: Mapping[str, Any], steps: int) -> np.ndarray:
    drives = np.empty((2, steps))
    drives[0], drives[1] = model.parameters["mu_e"], model.parameters["mu_i"]
    for name, (item, *_) in checked_inputs(model, inputs, 1).items():
        if name not in ("mu_e", "mu_i"):
            raise ModelError(f"inputs act on mu_e and mu_i here, not on {name}")
        row = ("mu_e", "mu_i").index(name)
        drives[row] += drive_values(item, STEP * (np.arange(steps) + 0.5), model, name)
    return drives


def _voltages(neuron: EIFNeuron) -> tuple[Any, np.ndarray]:
    """The cells, and the density at first (k,) in 1/mV."""
    from continuation.asynchronous.density_steps import Voltages  # as above

    width = (neuron.Vs - _LOWEST) / CELLS
    faces = _LOWEST + width * np.arange(1, CELLS + 1)
    onset = neuron.DeltaT * np.exp((faces - neuron.VT) / neuron.DeltaT)
    drift = (neuron.EL - faces + onset) / neuron.membrane_time_constant
    place = (neuron.Vr - _LOWEST) / width - 0.5
    density = np.exp(-0.5 * ((faces - width / 2 - _START[0]) / _START[1]) ** 2)
    below = math.floor(place)
    return Voltages(drift, width, below, place - below), density / (density.sum() * width)


def _trains(network: AsynchronousNetwork, neurons: int | None, seed: int) -> Any:
    from continuation.asynchronous.density_steps import Trains  # as above

    if neurons is None:
        return Trains(0.0, np.zeros((2, 4)), seed, STEP)
    y = next(_fixed_points(network), None)
    if y is None:
        raise ConvergenceError(
            f"no fixed point of the network behind {network.model.name} is found"
        )
    return Trains(float(neurons), memory(network.loop(y), adapting=False), seed, STEP)


def _fixed_points(network: AsynchronousNetwork) -> Iterator[np.ndarray]:
    """The network's fixed points next to those of the mean field, the lowest rate first."""
    found = [network.model.observe(x) for x in find_equilibria(network.model)]
    for rates in sorted(found, key=lambda at: at["r_E"]):
        y = solved(network.fixed, network.unknowns(rates, {}))
        if y is not None:
            yield y


def _projections(network: Any) -> Any:
    from continuation.asynchronous.density_steps import Projections  # as above

    p = network.model.parameters
    columns = []
    for pair in PAIRS:
        letter, J = pair[1].lower(), p[f"J_{pair.lower()}"]
        degree, delay = network.degrees[pair]
        tau, lag = p[f"tau_s{letter}"], p[delay] / STEP
        if lag < 1:
            raise ModelError(f"the delay {delay} = {p[delay]:g} ms is below a step of {STEP:g} ms")
        columns.append((J, p[f"c_{letter}"] * tau / abs(J), p[degree], tau, lag))
    J, jump, degrees, tau, lag = map(np.array, zip(*columns, strict=True))
    return Projections(J, jump, degrees, tau, np.round(lag).astype(np.int64))


def _membranes(model: VectorField, neuron: EIFNeuron) -> Any:
    from continuation.asynchronous.density_steps import Membranes  # as above

    p = model.parameters
    return Membranes(
        neuron.C, neuron.membrane_time_constant, max(1, round(neuron.Tref / STEP)),
        p["sigma_e_ext"], p["sigma_i_ext"], p["a"], p["b"], p["E_A"], p["tau_A"],
    )  # fmt: skip
