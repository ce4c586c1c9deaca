"""Cells: point neurons with conductance synapses, the published ones and one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from dynsys.cells.currents import CURRENTS, IonicCurrent
    from dynsys.cells.equations import cell_field
    from dynsys.cells.insertion import with_currents
    from dynsys.cells.library import CELLS, find_cell
    from dynsys.cells.parameters import AdExCell, Cell, EquationCell, HodgkinHuxleyCell
    from dynsys.cells.simulation import simulate_cell
    from dynsys.spike_rule import SpikeRule

__all__ = [
    "CELLS",
    "CURRENTS",
    "AdExCell",
    "Cell",
    "EquationCell",
    "HodgkinHuxleyCell",
    "IonicCurrent",
    "SpikeRule",
    "cell_field",
    "find_cell",
    "simulate_cell",
    "with_currents",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "dynsys.cells.currents": ["CURRENTS", "IonicCurrent"],
        "dynsys.cells.equations": ["cell_field"],
        "dynsys.cells.insertion": ["with_currents"],
        "dynsys.cells.library": ["CELLS", "find_cell"],
        "dynsys.cells.parameters": [
            "AdExCell",
            "Cell",
            "EquationCell",
            "HodgkinHuxleyCell",
        ],
        "dynsys.cells.simulation": ["simulate_cell"],
        "dynsys.spike_rule": ["SpikeRule"],
    },
)
