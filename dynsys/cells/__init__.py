"""Cells: the published library of point neurons with conductance synapses."""

from __future__ import annotations

from dynsys.cells.library import CELLS, find_cell
from dynsys.cells.parameters import AdExCell, Cell, HodgkinHuxleyCell

__all__ = ["CELLS", "AdExCell", "Cell", "HodgkinHuxleyCell", "find_cell"]
