"""Transfer functions: Fokker-Planck theory of the exponential integrate-and-fire neuron, fitted
templates of cells with conductance synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.transfer.circuits import Circuit, find_circuit
    from dynsys.transfer.coefficient_sets import TRANSFER_FUNCTIONS, find_transfer_function
    from dynsys.transfer.evaluation import evaluate
    from dynsys.transfer.filters import filter_time_constants
    from dynsys.transfer.fitted import load_transfer_function, save_transfer_function
    from dynsys.transfer.fitting import fit_transfer_function
    from dynsys.transfer.fokker_planck import rate_response, steady_state
    from dynsys.transfer.functions import TransferFunction
    from dynsys.transfer.grids import GridSettings, rate_grid
    from dynsys.transfer.membrane import membrane_statistics
    from dynsys.transfer.networks import NETWORKS, Network, balanced_network
    from dynsys.transfer.neuron import EIFNeuron
    from dynsys.transfer.stored import (
        find_table,
        load_table,
        save_table,
        smooth_table,
        transfer_function,
    )
    from dynsys.transfer.table import transfer_table
    from dynsys.transfer.threshold_integration import NeuronResponse, neuron_response

__all__ = [
    "NETWORKS",
    "TRANSFER_FUNCTIONS",
    "Circuit",
    "EIFNeuron",
    "GridSettings",
    "Network",
    "NeuronResponse",
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
    "neuron_response",
    "rate_grid",
    "rate_response",
    "save_table",
    "save_transfer_function",
    "smooth_table",
    "steady_state",
    "transfer_function",
    "transfer_table",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.transfer.circuits": ["Circuit", "find_circuit"],
        "dynsys.transfer.coefficient_sets": ["TRANSFER_FUNCTIONS", "find_transfer_function"],
        "dynsys.transfer.evaluation": ["evaluate"],
        "dynsys.transfer.filters": ["filter_time_constants"],
        "dynsys.transfer.fitted": ["load_transfer_function", "save_transfer_function"],
        "dynsys.transfer.fitting": ["fit_transfer_function"],
        "dynsys.transfer.fokker_planck": ["rate_response", "steady_state"],
        "dynsys.transfer.functions": ["TransferFunction"],
        "dynsys.transfer.grids": ["GridSettings", "rate_grid"],
        "dynsys.transfer.membrane": ["membrane_statistics"],
        "dynsys.transfer.networks": ["NETWORKS", "Network", "balanced_network"],
        "dynsys.transfer.neuron": ["EIFNeuron"],
        "dynsys.transfer.threshold_integration": ["NeuronResponse", "neuron_response"],
        "dynsys.transfer.stored": [
            "find_table",
            "load_table",
            "save_table",
            "smooth_table",
            "transfer_function",
        ],
        "dynsys.transfer.table": ["transfer_table"],
    },
)
