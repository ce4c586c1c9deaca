"""Cells as text that Brian2 reads; nothing here imports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dynsys.cells.parameters import AdExCell, Cell, HodgkinHuxleyCell
from dynsys.errors import ModelError


@dataclass(frozen=True)
class BrianEquations:
    """A cell for Brian2's ``NeuronGroup``.

    ``model``, ``threshold``, ``reset``, ``refractory`` and ``method`` are its arguments, in volt,
    amp and second; ``constants`` maps names to (value, unit).
    """

    model: str
    threshold: str
    reset: str
    refractory: str
    method: str
    constants: dict[str, tuple[float, str]]


def brian_equations(cell: Cell, sources: Sequence[str]) -> BrianEquations:
    """The equations of a cell with one exponential conductance ``G_<source>`` for each source.

    ``E_<source>`` and ``tau_<source>`` are expected in the namespace, beside ``constants``;
    ``I0`` (amp) is a current of every cell's own.

    Raises ModelError for cells from equations of one's own: write these for Brian2 yourself.

    Source: Zerlaut et al. 2018 (forward Euler), Carlu et al. 2020 (exponential Euler).

    Example
    -------
    >>> print(brian_equations(find_cell("RS"), ["e", "i"]).model)
    """
    current = " + ".join(f"G_{s}*(E_{s} - v)" for s in sources) or "0*amp"
    conductances = "".join(f"dG_{s}/dt = -G_{s}/tau_{s} : siemens\n" for s in sources)
    shared = f"I_syn = {current} : amp\nI0 : amp\n{conductances}"
    membrane = {"g_L": (cell.g_L, "nS"), "C_m": (cell.C_m, "pF"), "E_L": (cell.E_L, "mV")}
    if isinstance(cell, AdExCell):
        return _adex(cell, shared, membrane)
    if isinstance(cell, HodgkinHuxleyCell):
        return _hodgkin_huxley(cell, shared, membrane)
    raise ModelError(
        f"{cell.name} is a {type(cell).__name__}; Brian2 equations exist for AdEx and "
        "Hodgkin-Huxley cells"
    )


def _adex(cell: AdExCell, shared: str, membrane: dict[str, tuple[float, str]]) -> BrianEquations:
    spike = "" if cell.delta == 0 else " + g_L*delta*exp((v - V_thre)/delta)"
    model = (
        f"dv/dt = (g_L*(E_L - v){spike} + I_syn + I0 - w)/C_m : volt (unless refractory)\n"
        "dw/dt = (a*(v - E_L) - w)/tau_w : amp\n" + shared
    )
    constants = membrane | {
        "V_thre": (cell.V_thre, "mV"), "V_reset": (cell.V_reset, "mV"), "a": (cell.a, "nS"),
        "b": (cell.b, "pA"), "tau_w": (cell.tau_w, "ms"), "t_ref": (cell.t_ref, "ms"),
        "V_spike": (cell.spike.threshold, "mV"),
    }  # fmt: skip
    if cell.delta:
        constants["delta"] = (cell.delta, "mV")
    return BrianEquations(
        model, "v > V_spike", "v = V_reset; w += b", f"{cell.t_ref}*ms", "euler", constants
    )


def _hodgkin_huxley(
    cell: HodgkinHuxleyCell, shared: str, membrane: dict[str, tuple[float, str]]
) -> BrianEquations:
    # exprel(x) = (exp(x) - 1)/x has no singularity.
    model = f"""
dv/dt = (g_L*(E_L - v) + g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v) + g_M*p*(E_K - v) + I_syn + I0)/C_m : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dp/dt = (p_inf - p)/tau_p : 1
u = (v - V_T)/mV : 1
alpha_m = 0.32*4/exprel((13 - u)/4)/ms : Hz
beta_m = 0.28*5/exprel((u - 40)/5)/ms : Hz
alpha_n = 0.032*5/exprel((15 - u)/5)/ms : Hz
beta_n = 0.5*exp((10 - u)/40)/ms : Hz
alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
beta_h = 4/(1 + exp((40 - u)/5))/ms : Hz
p_inf = 1/(1 + exp(-(v/mV + 35)/10)) : 1
tau_p = K_p/(3.3*exp((v/mV + 35)/20) + exp(-(v/mV + 35)/20)) : second
{shared}"""  # noqa: E501
    constants = membrane | {
        "E_K": (cell.E_K, "mV"), "E_Na": (cell.E_Na, "mV"), "V_T": (cell.V_T, "mV"),
        "g_Na": (cell.g_Na, "nS"), "g_K": (cell.g_K, "nS"), "g_M": (cell.g_M, "nS"),
        "K_p": (cell.K_p, "ms"),
    }  # fmt: skip
    spiking = "v > -40*mV"
    return BrianEquations(model, spiking, "", spiking, "exponential_euler", constants)
