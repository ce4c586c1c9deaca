"""Spiking neurons as hybrid dynamical systems: flow, spike, reset, and the map they make."""

from __future__ import annotations

from dynsys.neurons.neuron import Equilibrium, SpikeTrain, SpikingNeuron
from dynsys.neurons.noise import CurrentPerStep, PoissonKicks, WhiteNoise
from dynsys.spike_rule import SpikeRule

__all__ = [
    "CurrentPerStep",
    "Equilibrium",
    "PoissonKicks",
    "SpikeRule",
    "SpikeTrain",
    "SpikingNeuron",
    "WhiteNoise",
]
