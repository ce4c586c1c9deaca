"""The leaky integrate-and-fire neuron, with exponential conductances on request."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dynsys.definition import Parameter, State
from dynsys.errors import ModelError
from dynsys.neurons.neuron import SpikingNeuron
from dynsys.spike_rule import SpikeRule
from dynsys.vector_field import VectorField


def lif_neuron(conductances: bool = False, **values: float) -> SpikingNeuron:
    """C V' = -gL (V - EL) + I, a spike at VT; with conductances also ge (Ee - V) + gi (Ei - V).

    V is clamped to the reset for Tref; conductances decay on.

    Parameters
    ----------
    conductances : add the states ge and gi (nS), which decay with tau_e and tau_i (ms).
    values : parameters that replace C = 40 pF, gL = 2 nS, EL = -70, VT = -50, Vr = -55 mV,
        Tref = 2 ms, I = 0 pA, Ee = 0, Ei = -75 mV, tau_e = 6, tau_i = 2 ms.

    Raises
    ------
    UnknownNameError, ModelError
        for a parameter there is not; for a reset at or above the threshold.

    Example
    -------
    >>> from dynsys.neurons import WhiteNoise
    >>> lif_neuron(I=30.0).simulate(2000, dt=0.125, noise=WhiteNoise(0.884), seed=1)
    """
    parameters = {
        "I": Parameter(0.0, "pA", "injected current"),
        "C": Parameter(40.0, "pF", "membrane capacitance", positive=True),
        "gL": Parameter(2.0, "nS", "leak conductance", positive=True),
        "EL": Parameter(-70.0, "mV", "leak reversal potential"),
        "VT": Parameter(-50.0, "mV", "threshold"),
        "Vr": Parameter(-55.0, "mV", "reset potential"),
        "Tref": Parameter(2.0, "ms", "refractory time"),
    }
    states = {"V": State(-70.0, (-90.0, -45.0), "mV", "membrane potential")}
    equations = {"V": "(-gL*(V - EL) + I)/C"}
    if conductances:
        parameters |= {
            "Ee": Parameter(0.0, "mV", "reversal potential of excitation"),
            "Ei": Parameter(-75.0, "mV", "reversal potential of inhibition"),
            "tau_e": Parameter(6.0, "ms", "decay of excitation", positive=True),
            "tau_i": Parameter(2.0, "ms", "decay of inhibition", positive=True),
        }
        states |= {
            "ge": State(0.0, (0.0, 50.0), "nS", "excitatory conductance"),
            "gi": State(0.0, (0.0, 100.0), "nS", "inhibitory conductance"),
        }
        equations = {
            "V": "(-gL*(V - EL) - ge*(V - Ee) - gi*(V - Ei) + I)/C",
            "ge": "-ge/tau_e",
            "gi": "-gi/tau_i",
        }
    field = VectorField(
        name="lif_conductances" if conductances else "lif_neuron",
        meaning="leaky integrate-and-fire neuron between its spikes",
        states=states, parameters=parameters, equations=equations,
        source="Lapicque 1907; Burkitt 2006, Biol Cybern 95:1-19",
    ).with_parameters(**values)  # fmt: skip
    running = ("ge", "gi") if conductances else ()
    return SpikingNeuron(field, SpikeRule("VT", "Vr", "Tref", running=running), _resting)


def _resting(p: Mapping[str, float]) -> np.ndarray:
    """The equilibrium without conductances, if it is below the threshold."""
    v = p["EL"] + p["I"] / p["gL"]
    if not np.isfinite(v):
        raise ModelError(f"the current I = {p['I']} pA has no equilibrium")
    if v >= p["VT"]:
        return np.empty((0, 3 if "tau_e" in p else 1))
    return np.array([[v, 0.0, 0.0][: 3 if "tau_e" in p else 1]])
