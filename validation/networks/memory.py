"""How much memory a network needs, said before it starts."""

from __future__ import annotations

import psutil

from dynsys.errors import ModelError
from validation.networks.structure import Structure

# Bytes per synapse: source, target, queue of each source, and the growth of these lists.
_PER_SYNAPSE = {"cpp_standalone": 20.0, "kernel": 13.0, "cython": 40.0, "numpy": 48.0}
_FIXED = {"cpp_standalone": 2e7, "kernel": 2.5e8, "cython": 2.5e8, "numpy": 2.5e8}
_PER_NEURON = 400.0
_SPARE = 0.9  # of the memory that is free


def memory_of(structure: Structure, engine: str = "cpp_standalone") -> float:
    """Estimated peak memory of one run in bytes."""
    needed = structure.synapses * _PER_SYNAPSE[engine] + 2 * structure.neurons * _PER_NEURON
    return needed + _FIXED[engine]


def available_memory() -> float:
    """Memory that is free now, in bytes."""
    return float(psutil.virtual_memory().available)


def check_memory(structure: Structure, engine: str) -> None:
    """Raise ModelError where a network does not fit, with the estimate and a size that does."""
    needed, free = memory_of(structure, engine), available_memory()
    if needed > _SPARE * free:
        fitting = int(structure.neurons * _SPARE * free / needed)
        raise ModelError(
            f"2 x {structure.neurons} neurons with {structure.synapses / 1e6:.0f} million synapses "
            f"need about {needed / 1e9:.1f} GB; {free / 1e9:.1f} GB are free. Use at most "
            f"{fitting} neurons per population"
        )
