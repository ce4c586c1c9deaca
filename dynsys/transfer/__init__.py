"""Transfer functions of the exponential integrate-and-fire neuron from its Fokker-Planck equation."""

from dynsys.transfer.filters import filter_time_constants
from dynsys.transfer.fokker_planck import rate_response, steady_state
from dynsys.transfer.neuron import EIFNeuron
from dynsys.transfer.table import (
    find_table,
    load_table,
    save_table,
    smooth_table,
    transfer_function,
    transfer_table,
)

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
