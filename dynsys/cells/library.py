"""The published cells, by the names they have there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dynsys.cells.morris_lecar import morris_lecar_cell
from dynsys.cells.parameters import AdExCell, Cell, HodgkinHuxleyCell
from dynsys.errors import unknown_name
from dynsys.typed import typed

_RS = AdExCell("RS", a=4.0, b=20.0)
_FS = AdExCell("FS", delta=0.5)
_NO_ADAPTATION = 1e9  # the tau_w of the cells that do not adapt
_SOMA: dict[str, Any] = {"C_m": 150.0, "E_L": -60.0, "V_reset": -60.0}

_ADEX = [
    AdExCell("LIF", **_SOMA, delta=0.0, tau_w=_NO_ADAPTATION),
    AdExCell("EIF", **_SOMA, tau_w=_NO_ADAPTATION),
    AdExCell("AdEx", **_SOMA, a=4.0, b=20.0),
    _RS,
    replace(_FS, tau_w=_NO_ADAPTATION),
    replace(_RS, name="RS2", a=0.0, b=0.0),
    # di Volo et al. 2019 (ModelDB 263236)
    replace(_RS, name="RS-divolo", b=40.0),
    replace(_RS, name="RS-bis", a=0.0, b=100.0),
    replace(_RS, name="RS-UD", E_L=-63.0, a=0.0, b=40.0),
    replace(_RS, name="RS-Try", E_L=-58.73, V_reset=-58.73, a=0.0, b=0.0),
    # the framework ntwk: its network RS-FS and the two populations of its LIF network
    AdExCell("RS-ntwk", E_L=-70.0, V_reset=-70.0, b=40.0),
    AdExCell("FS-ntwk", E_L=-70.0, V_reset=-70.0, delta=0.5, tau_w=_NO_ADAPTATION),
    AdExCell("LIF-exc", E_L=-70.0, V_reset=-70.0, delta=0.0, tau_w=_NO_ADAPTATION),
    AdExCell("LIF-inh", E_L=-70.0, V_reset=-70.0, V_thre=-53.0, delta=0.0, tau_w=_NO_ADAPTATION),
]
_HH_RS = HodgkinHuxleyCell("HH-RS", g_M=30.0)
_HH = [
    HodgkinHuxleyCell("HH-FS"),
    _HH_RS,
    replace(_HH_RS, name="HH-RS-A", C_m=50.0),
    replace(_HH_RS, name="HH-RS-noAd", g_L=20.0, g_M=0.0),
    replace(_HH_RS, name="HH-RS1", g_M=80.0),
    replace(_HH_RS, name="HH-RS2", g_M=15.0),
]

CELLS: dict[str, Cell] = {cell.name: cell for cell in [*_ADEX, *_HH, morris_lecar_cell()]}


@typed
def find_cell(name: str) -> Cell:
    """A cell of the library.

    Raises UnknownNameError for a name it does not have.

    Source: Zerlaut et al. 2018, J Comput Neurosci 44:45-61 (with the capacitance of its code, 200
    pF, not 150 pF of its table); di Volo et al. 2019, Neural Comput 31:653-680; Carlu et al. 2020,
    J Neurophysiol 123:1042-1051.

    Example
    -------
    >>> find_cell("RS").b
    20.0
    """
    if name not in CELLS:
        raise unknown_name("cell", name, CELLS, "the library of cells")
    return CELLS[name]
