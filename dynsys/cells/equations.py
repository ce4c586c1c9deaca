"""The equations of cells as vector fields, with an injected current and an open conductance."""

from __future__ import annotations

from functools import lru_cache

from dynsys.cells.parameters import AdExCell, Cell, EquationCell, HodgkinHuxleyCell
from dynsys.definition import Parameter, State
from dynsys.errors import ModelError
from dynsys.typed import typed
from dynsys.vector_field import VectorField

# What every cell's vector field takes from outside; the simulation sets them at every step.
INPUTS = ("I", "g_syn", "E_syn")
_OUTSIDE = {
    "I": Parameter(0.0, "pA", "injected current"),
    "g_syn": Parameter(0.0, "nS", "open synaptic conductance"),
    "E_syn": Parameter(0.0, "mV", "its reversal potential"),
}
_PASSIVE = "g_L*(E_L - V) + I - g_syn*(V - E_syn)"


def _membrane(cell: Cell) -> dict[str, Parameter]:
    return {
        "g_L": Parameter(cell.g_L, "nS", "leak conductance", positive=True),
        "C_m": Parameter(cell.C_m, "pF", "membrane capacitance", positive=True),
        "E_L": Parameter(cell.E_L, "mV", "leak reversal potential"),
    }


@lru_cache(maxsize=64)
@typed
def cell_field(cell: Cell) -> VectorField:
    """The subthreshold equations of a cell, in mV, ms, pA, nS and pF.

    Parameters ``I`` (pA), ``g_syn`` (nS) and ``E_syn`` (mV) are what the cell receives; what
    happens at a spike is in ``cell.spike``.

    Raises ModelError for a cell of unknown kind.

    Example
    -------
    >>> cell_field(find_cell("RS")).with_parameters(I=100.0).equilibrium()["V"]
    """
    if isinstance(cell, EquationCell):
        return cell.field
    if isinstance(cell, AdExCell):
        return _adex(cell)
    if isinstance(cell, HodgkinHuxleyCell):
        return _hodgkin_huxley(cell)
    raise ModelError(
        f"{cell.name} is a {type(cell).__name__} without equations; use an EquationCell"
    )


def _adex(cell: AdExCell) -> VectorField:
    leaky = cell.delta == 0
    spike = "" if leaky else " + g_L*delta*exp((V - V_thre)/delta)"
    slope = {} if leaky else {
        "V_thre": Parameter(cell.V_thre, "mV", "threshold of the exponential"),
        "delta": Parameter(cell.delta, "mV", "its slope", positive=True),
    }  # fmt: skip
    return VectorField(
        name="leaky_cell" if leaky else "adex_cell",
        meaning=f"{cell.name}: integrate-and-fire cell with adaptation, below its spikes",
        states={
            "V": State(cell.E_L, (-80.0, -40.0), "mV", "membrane potential"),
            "w": State(0.0, (-50.0, 300.0), "pA", "adaptation current"),
        },
        parameters=_OUTSIDE | _membrane(cell) | slope | {
            "a": Parameter(cell.a, "nS", "subthreshold adaptation"),
            "tau_w": Parameter(cell.tau_w, "ms", "adaptation time constant", positive=True),
        },
        equations={"V": f"({_PASSIVE}{spike} - w)/C_m", "w": "(a*(V - E_L) - w)/tau_w"},
        source="Brette & Gerstner 2005, J Neurophysiol 94:3637-3642",
    )  # fmt: skip


def _hodgkin_huxley(cell: HodgkinHuxleyCell) -> VectorField:
    own = {
        "E_K": Parameter(cell.E_K, "mV", "potassium reversal potential"),
        "E_Na": Parameter(cell.E_Na, "mV", "sodium reversal potential"),
        "V_T": Parameter(cell.V_T, "mV", "shift of all rates"),
        "g_Na": Parameter(cell.g_Na, "nS", "sodium conductance"),
        "g_K": Parameter(cell.g_K, "nS", "potassium conductance"),
        "g_M": Parameter(cell.g_M, "nS", "conductance of the M-current"),
        "K_p": Parameter(cell.K_p, "ms", "scale of the M-current's time constant", positive=True),
    }
    definitions = {
        "u": "V - V_T",
        # linoid(x) = x / (1 - exp(-x)): the removable singularities at u = 13, 40 and 15.
        "alpha_m": "0.32*4*linoid((u - 13)/4)",
        "beta_m": "0.28*5*linoid((40 - u)/5)",
        "alpha_n": "0.032*5*linoid((u - 15)/5)",
        "beta_n": "0.5*exp((10 - u)/40)",
        "alpha_h": "0.128*exp((17 - u)/18)",
        "beta_h": "4/(1 + exp((40 - u)/5))",
        "p_inf": "1/(1 + exp(-(V + 35)/10))",
        "tau_p": "K_p/(3.3*exp((V + 35)/20) + exp(-(V + 35)/20))",
    }
    gates = {x: f"alpha_{x}*(1 - {x}) - beta_{x}*{x}" for x in "mhn"}
    currents = "g_Na*m**3*h*(E_Na - V) + g_K*n**4*(E_K - V) + g_M*p*(E_K - V)"
    return VectorField(
        name="traub_cell",
        meaning=f"{cell.name}: Hodgkin-Huxley cell with an M-current",
        states={
            "V": State(cell.E_L, (-90.0, 50.0), "mV", "membrane potential"),
            "m": State(0.01, (0.0, 1.0), "", "sodium activation"),
            "h": State(0.99, (0.0, 1.0), "", "sodium inactivation"),
            "n": State(0.01, (0.0, 1.0), "", "potassium activation"),
            "p": State(0.05, (0.0, 1.0), "", "activation of the M-current"),
        },
        parameters=_OUTSIDE | _membrane(cell) | own,
        definitions=definitions,
        equations={"V": f"({_PASSIVE} + {currents})/C_m", **gates, "p": "(p_inf - p)/tau_p"},
        source="Traub & Miles 1991, Neuronal Networks of the Hippocampus; Carlu et al. 2020, J "
        "Neurophysiol 123:1042-1051",
    )
