"""Cells: point neurons with conductance synapses, the published ones and one's own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dynsys.cells.equations import cell_field
from dynsys.cells.library import CELLS, find_cell
from dynsys.cells.parameters import AdExCell, Cell, EquationCell, HodgkinHuxleyCell
from dynsys.spike_rule import SpikeRule

# The integrator compiles on its first import.
_LAZY = {"simulate_cell": "dynsys.cells.simulation"}

__all__ = [
    "CELLS",
    "AdExCell",
    "Cell",
    "EquationCell",
    "HodgkinHuxleyCell",
    "SpikeRule",
    "cell_field",
    "find_cell",
    "simulate_cell",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
