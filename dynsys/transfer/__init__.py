"""Transfer functions of the exponential integrate-and-fire neuron (Fokker-Planck theory)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dynsys.transfer.neuron import EIFNeuron
from dynsys.transfer.stored import (
    find_table,
    load_table,
    save_table,
    smooth_table,
    transfer_function,
)

# The solver compiles on import; a model with a stored table should not wait for it.
_SOLVER = {
    "filter_time_constants": "dynsys.transfer.filters",
    "rate_response": "dynsys.transfer.fokker_planck",
    "steady_state": "dynsys.transfer.fokker_planck",
    "transfer_table": "dynsys.transfer.table",
}

__all__ = [
    "EIFNeuron",
    "filter_time_constants",
    "find_table",
    "load_table",
    "rate_response",
    "save_table",
    "smooth_table",
    "steady_state",
    "transfer_function",
    "transfer_table",
]


def __getattr__(name: str) -> Any:
    if name in _SOLVER:
        return getattr(import_module(_SOLVER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
