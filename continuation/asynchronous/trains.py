"""Constant rates of the network where two assumptions of the mean field are dropped.

*Trains.* ``aln()`` takes presynaptic spikes for Poisson trains. Those of neurons with refractory
periods and resets are more regular: their noise is C(w) instead of the rate r, and each synapse
passes on the share of it that synapse and membrane let through. A spike also comes when fewer than
usual came just before, and finds more synapses closed: z - <s> (1 + z) = cov(s, z), the integral of
h(w) c^2 K (C - r) with h(w) = (1 - s) / (i w tau + 1 + z), is negative. Of saturating synapses this
mean counts: with the figure's parameters it lowers rates by up to .1 Hz.

*Pauses.* In the published network a refractory neuron's synapses do not decay, but spikes still
open them: after each spike they are more open than on average, by d = (1 - s)(1 - exp(-z T/tau)),
which within tau / (1 + z) moves the membrane by J d tau / (1 + z), as if the reset lay there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from continuation.asynchronous.loop import Loop
from continuation.asynchronous.network import solved
from continuation.asynchronous.state import asynchronous_state
from dynsys.errors import ConvergenceError
from dynsys.models.aln_network import PAIRS
from dynsys.transfer import EIFNeuron
from dynsys.transfer.fokker_planck import FINE, steady
from dynsys.vector_field import VectorField

_FREQUENCIES = np.concatenate([np.linspace(0.5, 200, 200), np.geomspace(202, 3000, 120)])  # Hz
_ROUNDS = 3  # of shares and rates in turn; they change each other by percents
_POISSON = dict.fromkeys(PAIRS, 1.0)
_NO_MORE = dict.fromkeys(PAIRS, 0.0)


def constant_rates(
    model: VectorField,
    state: Sequence[float] | np.ndarray | None = None,
    trains: bool = True,
    pauses: bool = True,
) -> dict[str, float]:
    """Rates (Hz) of the constant state of the network of infinitely many neurons behind ``aln()``.

    Parameters
    ----------
    state : near the equilibrium; needed where there are several.
    trains : whether the noise of spike trains is that of renewal processes, not Poisson's.
    pauses : whether synapses stand still while their neuron is refractory. Without both the rates
        are the mean field's.

    Raises
    ------
    ConvergenceError where no such state lies near that of the mean field; ModelError as of
    ``asynchronous_state``.

    Valid for stable states; trains of different neurons are taken for independent, and the time
    tau / (1 + z) for short against the intervals between spikes.

    Source: Lindner 2006, Phys Rev E 73:022901 (sums of renewal trains are not Poisson).

    Example
    -------
    >>> constant_rates(aln().with_parameters(mu_e=1.2, mu_i=1.2))["r_E"]
    0.2907
    """
    loop = asynchronous_state(model, state).loop
    for _ in range(_ROUNDS if trains else 1):
        shares, opened = _regular(loop) if trains else (_POISSON, _NO_MORE)
        loop = _settled(loop, shares, opened, pauses)
    return {f"r_{k}": 1000 * rate for k, rate in zip("EI", loop.rates, strict=True)}


def _regular(loop: Loop) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """What renewal trains change of each connection, against Poisson trains: their noise over that
    of Poisson's, as it is passed on, and how much more it is open on average."""
    exponents = 2j * np.pi * _FREQUENCIES / 1000
    omega = np.abs(exponents)
    _, noise = loop.fluctuations(exponents)
    shares, opened = {}, {}
    for pair in PAIRS:
        synapse, k = loop.synapses[pair], "EI".index(pair[1])
        effective = synapse.tau / (1 + synapse.z)
        passed = 1 / ((1 + (omega * effective) ** 2) * (1 + (omega * synapse.tau_m) ** 2))
        own = np.trapezoid(noise[:, k] * passed, _FREQUENCIES)
        shares[pair] = float(own / np.trapezoid(loop.rates[k] * passed, _FREQUENCIES))
        follows = ((1 - synapse.s) / (exponents * synapse.tau + 1 + synapse.z)).real
        fewer = follows * synapse.c**2 * synapse.K * (noise[:, k] - loop.rates[k])
        covariance = 2 * np.trapezoid(fewer, _FREQUENCIES / 1000)  # of both signs of w
        opened[pair] = float(-covariance / (1 + synapse.z))
    return shares, opened


def _reset(loop: Loop, target: str) -> EIFNeuron:
    """The neuron with the reset to which pauses lead."""
    neuron, moved = loop.neuron, 0.0
    for source in "EI":
        synapse = loop.synapses[target + source]
        more = (1 - synapse.s) * -math.expm1(-synapse.z * neuron.Tref / synapse.tau)
        moved += synapse.J * more * synapse.tau / (1 + synapse.z)
    return replace(neuron, Vr=neuron.Vr + moved)


def _settled(
    loop: Loop, shares: Mapping[str, float], opened: Mapping[str, float], pauses: bool
) -> Loop:
    """The loop at the fixed point whose synapses are ``opened`` more, input variances scaled and
    resets moved."""
    p = loop.values

    def at(y: np.ndarray) -> Loop:
        rates = float(np.exp(y[0])), float(np.exp(y[1]))
        return replace(loop, rates=rates, adaptation=float(y[2]) * loop.neuron.C)

    def mismatch(y: np.ndarray) -> np.ndarray:
        trial, logs, voltage = at(y), [], 0.0
        for k, target in enumerate("EI"):
            several = [(trial.synapses[target + s], shares[target + s]) for s in "EI"]
            noise = p[f"sigma_{target.lower()}_ext"] ** 2
            noise += sum(synapse.variance * share for synapse, share in several)
            neuron = _reset(trial, target) if pauses else trial.neuron
            mu = trial.inputs[k][0]
            mu += sum(trial.synapses[target + s].J * opened[target + s] for s in "EI")
            log, mean = steady(neuron.packed(), mu, float(np.sqrt(noise)), FINE)
            voltage = mean if target == "E" else voltage
            logs.append(log - y[k])
        current = p["a"] * (voltage - p["E_A"]) + p["tau_A"] * p["b"] * trial.rates[0]
        return np.array([*logs, (current - trial.adaptation) / loop.neuron.C])

    start = np.array([*np.log(loop.rates), loop.adaptation / loop.neuron.C])
    y = solved(mismatch, start)
    if y is None:
        raise ConvergenceError("no constant state of the network lies near the mean field's")
    return at(y)
