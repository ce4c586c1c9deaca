"""Cells as text that Brian2 reads; nothing here imports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from dynsys.cells.parameters import AdExCell, Cell, EquationCell, HodgkinHuxleyCell
from dynsys.errors import ModelError
from dynsys.expressions.printing import to_text

_KNOWN = frozenset(["exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "Abs"])
_FROM_OUTSIDE = ("I", "g_syn", "E_syn")


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


def brian_equations(cell: Cell, sources: Sequence[str], clamped: bool = False) -> BrianEquations:
    """The equations of a cell with one exponential conductance ``G_<source>`` for each source.

    ``E_<source>`` and ``tau_<source>`` are expected in the namespace, beside ``constants``;
    ``I0`` (amp) is a current of every cell's own. With ``clamped``, a conductance ``g_clamp(t)``
    comes from outside, with the reversal potential ``E_clamp``.

    Cells from equations of one's own are translated and integrated by a Runge-Kutta method.

    Raises ModelError for cells whose equations hold what Brian2 has no word for.

    Source: Zerlaut et al. 2018 (forward Euler), Carlu et al. 2020 (exponential Euler).

    Example
    -------
    >>> print(brian_equations(find_cell("RS"), ["e", "i"]).model)
    """
    pairs = [(f"G_{s}", f"E_{s}") for s in sources] + [("g_clamp(t)", "E_clamp")] * clamped
    current = " + ".join(f"{g}*({e} - v)" for g, e in pairs) or "0*amp"
    conductances = "".join(f"dG_{s}/dt = -G_{s}/tau_{s} : siemens\n" for s in sources)
    shared = f"I_syn = {current} : amp\nI0 : amp\n{conductances}"
    membrane = {"g_L": (cell.g_L, "nS"), "C_m": (cell.C_m, "pF"), "E_L": (cell.E_L, "mV")}
    if isinstance(cell, AdExCell):
        return _adex(cell, shared, membrane)
    if isinstance(cell, HodgkinHuxleyCell):
        return _hodgkin_huxley(cell, shared, membrane)
    if isinstance(cell, EquationCell):
        return _own(cell, pairs, conductances)
    raise ModelError(f"{cell.name} is a {type(cell).__name__}, which has no equations")


def _adex(cell: AdExCell, shared: str, membrane: dict[str, tuple[float, str]]) -> BrianEquations:
    spike = "" if cell.delta == 0 else " + g_L*delta*exp((v - V_thre)/delta)"
    model = (
        f"dv/dt = (g_L*(E_L - v){spike} + I_syn + I0 - w)/C_m : volt (unless refractory)\n"
        f"dw/dt = (a*(v - E_L) - w)/tau_w : amp{_held(cell, 'w')}\n" + shared
    )
    constants = membrane | {
        "V_thre": (cell.V_thre, "mV"), "V_reset": (cell.V_reset, "mV"), "a": (cell.a, "nS"),
        "b": (cell.b, "pA"), "tau_w": (cell.tau_w, "ms"), "t_ref": (cell.t_ref, "ms"),
        "V_spike": (float(cell.spike.threshold), "mV"),
    }  # fmt: skip
    if cell.delta:
        constants["delta"] = (cell.delta, "mV")
    return BrianEquations(
        model, "v > V_spike", "v = V_reset; w += b", f"{cell.t_ref}*ms", "euler", constants
    )


def _held(cell: Cell, state: str) -> str:
    """Brian2's flag for a state that stands still while the cell is refractory."""
    rule = cell.spike
    runs = rule.reset is None or bool(rule.goes_on([state], "V")[0])
    return "" if runs else " (unless refractory)"


def _own(cell: EquationCell, pairs: Sequence[tuple[str, str]], conductances: str) -> BrianEquations:
    """The vector field in its own units, with V = v/mV and the conductances' sum and mean."""
    field = cell.field
    expressions = [*field.definitions.values(), *field.equations.values()]
    strange = {f.func.__name__ for e in expressions for f in e.atoms(sympy.Function)} - _KNOWN
    if field.tables or strange or any(e.has(sympy.Piecewise) for e in expressions):
        words = ", ".join(sorted(strange)) or "a table or a condition"
        raise ModelError(f"{cell.name} uses {words}, which Brian2 equations cannot hold")
    total = " + ".join(g for g, _ in pairs)
    pull = " + ".join(f"{g}*{e}" for g, e in pairs)
    lines = [
        f"dv/dt = ({to_text(field.equations['V'])})*mV/ms : volt{_held(cell, 'V')}",
        *(
            f"d{k}/dt = ({to_text(e)})/ms : 1{_held(cell, k)}"
            for k, e in field.equations.items()
            if k != "V"
        ),
        *(f"{k} = {to_text(e)} : 1" for k, e in field.definitions.items()),
        "V = v/mV : 1", "I = I0/pA : 1", "I0 : amp",
        f"g_syn = ({total})/nS : 1",
        f"E_syn = ({pull})/({total} + 1e-12*nS)/mV : 1",
    ]  # fmt: skip
    constants = {k: (v, "") for k, v in field.parameters.items() if k not in _FROM_OUTSIDE}
    rule = cell.spike
    reset = [f"{k} += {v!r}{'*mV' * (k == 'V')}" for k, v in rule.at_spike().items()]
    threshold = f"v > {rule.threshold!r}*mV"
    if rule.reset is None:
        return BrianEquations(
            "\n".join(lines) + "\n" + conductances, threshold, "; ".join(reset), threshold, "rk4",
            constants,
        )  # fmt: skip
    return BrianEquations(
        "\n".join(lines) + "\n" + conductances, threshold,
        "; ".join([f"v = {rule.reset!r}*mV", *reset]), f"{rule.refractory}*ms", "rk4", constants,
    )  # fmt: skip


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
