"""Spiking neurons as hybrid dynamical systems: flow, spike, reset, and the map they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.neurons.neuron import Equilibrium, SpikeTrain, SpikingNeuron
    from dynsys.neurons.noise import CurrentPerStep, PoissonKicks, WhiteNoise
    from dynsys.neurons.ode_neuron import read_neuron
    from dynsys.spike_rule import SpikeRule

__all__ = [
    "CurrentPerStep",
    "Equilibrium",
    "PoissonKicks",
    "SpikeRule",
    "SpikeTrain",
    "SpikingNeuron",
    "WhiteNoise",
    "read_neuron",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.neurons.neuron": ["Equilibrium", "SpikeTrain", "SpikingNeuron"],
        "dynsys.neurons.noise": ["CurrentPerStep", "PoissonKicks", "WhiteNoise"],
        "dynsys.neurons.ode_neuron": ["read_neuron"],
        "dynsys.spike_rule": ["SpikeRule"],
    },
)
