"""Transfer functions: Fokker-Planck theory of the exponential integrate-and-fire neuron, fitted
templates of cells with conductance synapses."""

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
_LAZY = {
    "Circuit": "dynsys.transfer.circuits",
    "NETWORKS": "dynsys.transfer.networks",
    "Network": "dynsys.transfer.networks",
    "TRANSFER_FUNCTIONS": "dynsys.transfer.coefficient_sets",
    "TransferFunction": "dynsys.transfer.functions",
    "balanced_network": "dynsys.transfer.networks",
    "evaluate": "dynsys.transfer.evaluation",
    "find_circuit": "dynsys.transfer.circuits",
    "fit_transfer_function": "dynsys.transfer.fitting",
    "GridSettings": "dynsys.transfer.grids",
    "load_transfer_function": "dynsys.transfer.fitted",
    "rate_grid": "dynsys.transfer.grids",
    "save_transfer_function": "dynsys.transfer.fitted",
    "find_transfer_function": "dynsys.transfer.coefficient_sets",
    "membrane_statistics": "dynsys.transfer.membrane",
    "filter_time_constants": "dynsys.transfer.filters",
    "rate_response": "dynsys.transfer.fokker_planck",
    "steady_state": "dynsys.transfer.fokker_planck",
    "transfer_table": "dynsys.transfer.table",
}

__all__ = [
    "NETWORKS",
    "TRANSFER_FUNCTIONS",
    "Circuit",
    "EIFNeuron",
    "GridSettings",
    "Network",
    "TransferFunction",
    "balanced_network",
    "evaluate",
    "filter_time_constants",
    "find_circuit",
    "find_table",
    "find_transfer_function",
    "fit_transfer_function",
    "load_table",
    "load_transfer_function",
    "membrane_statistics",
    "rate_grid",
    "rate_response",
    "save_table",
    "save_transfer_function",
    "smooth_table",
    "steady_state",
    "transfer_function",
    "transfer_table",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
