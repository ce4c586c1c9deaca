"""The statistics of a membrane under shot-noise conductance input, as symbolic functions.

Every presynaptic spike opens a conductance Q that decays with tau towards the reversal potential E;
around its mean the membrane answers each with a post-synaptic potential of exponential rise and
decay. Mean, variance and third moment follow from Campbell's theorem for Poisson trains, the
autocorrelation time from the power spectrum.

Source: Zerlaut, Chemla, Chavane & Destexhe 2018, J Comput Neurosci 44:45-61 (mean, variance,
autocorrelation time); Kuhn, Aertsen & Rotter 2004, J Neurosci 24:2345-2356 (shot noise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from dynsys import checks
from dynsys.definition import symbol
from dynsys.errors import ModelError
from dynsys.expressions.admission import as_expression
from dynsys.typed import typed

Expression = Any  # float or sympy.Expr
# Added to silent inputs (kHz) and to the variance (mV^2), so that ratios stay finite without input.
SILENT_RATE, SMALLEST_VARIANCE = 1e-12, 1e-18


@dataclass(frozen=True)
class SynapticInput:
    """Conductance input of one presynaptic population; every entry a number or an expression.

    Parameters
    ----------
    rate : spikes per ms of all synapses together.
    Q : nS, conductance of one spike.
    tau : ms, its decay.
    E : mV, reversal potential.
    inhibitory : tells which inputs ``legacy_sigma`` leaves out of the variance.
    """

    rate: Expression
    Q: Expression
    tau: Expression
    E: Expression
    inhibitory: bool = False


@dataclass(frozen=True)
class MembraneStatistics:
    """Moments of the membrane potential, SymPy expressions (or symbols that stand for them).

    ``conductance`` nS, ``time_constant`` ms (effective membrane), ``mean`` mV, ``sd`` mV,
    ``autocorrelation_time`` ms, ``skewness``.
    """

    conductance: Expression
    time_constant: Expression
    mean: Expression
    sd: Expression
    autocorrelation_time: Expression
    skewness: Expression


_NAMES = {
    "conductance": "mu_G",
    "time_constant": "tau_m",
    "mean": "mu_V",
    "sd": "sigma_V",
    "autocorrelation_time": "tau_V",
    "skewness": "gamma_V",
}


@typed
def membrane_statistics(
    inputs: Sequence[SynapticInput],
    g_L: Expression,
    C_m: Expression,
    E_L: Expression,
    current: Expression = 0,
    legacy_sigma: bool = False,
) -> MembraneStatistics:
    """Moments of the potential of a passive membrane, in nS, pF, mV, ms and pA.

    Parameters
    ----------
    inputs : one per presynaptic population, any number.
    g_L, C_m, E_L : leak conductance (nS), capacitance (pF), leak reversal potential (mV).
    current : constant current (pA); an adaptation current W enters as ``-W``.
    legacy_sigma : the published code of 2018 puts Q where the variance of inhibitory input has
        tau, which in SI units leaves that variance out; its coefficients depend on it.

    Raises
    ------
    ModelError without input.

    Example
    -------
    >>> nu = sympy.Symbol("nu")
    >>> one = membrane_statistics([SynapticInput(0.4 * nu, 1.0, 5.0, 0.0)], 10, 200, -65)
    >>> one.mean.subs(nu, 5.0)
    -32.5000000000000
    """
    labels, formulas = _formulas("", inputs, g_L, C_m, E_L, current, legacy_sigma)
    written: dict[sympy.Symbol, sympy.Expr] = {}
    for label, formula in formulas.items():
        written[symbol(label)] = formula.xreplace(written)
    return MembraneStatistics(**{k: written[symbol(name)] for k, name in labels.items()})


def membrane_definitions(
    label: str,
    inputs: Sequence[SynapticInput],
    g_L: Expression,
    C_m: Expression,
    E_L: Expression,
    current: Expression = 0,
    legacy_sigma: bool = False,
) -> tuple[dict[str, sympy.Expr], MembraneStatistics]:
    """The same moments as named definitions of a model, and the symbols of these names.

    Returns
    -------
    definitions : ``mu_G_<label>``, ``tau_m_``, ``mu_V_``, ``sigma_V_``, ``tau_V_`` and
        ``gamma_V_<label>`` with their formulas, each in terms of those before it.
    statistics : the symbols.
    """
    labels, formulas = _formulas(f"_{label}", inputs, g_L, C_m, E_L, current, legacy_sigma)
    return formulas, MembraneStatistics(**{k: symbol(name) for k, name in labels.items()})


def _formulas(
    suffix: str, inputs: Sequence[SynapticInput], g_L: Expression, C_m: Expression,
    E_L: Expression, current: Expression, legacy_sigma: bool,
) -> tuple[Mapping[str, str], dict[str, sympy.Expr]]:  # fmt: skip
    if not len(inputs):
        raise ModelError("a membrane without synaptic input has no fluctuations; give one input")
    for given in inputs:
        checks.instance("a synaptic input", given, SynapticInput, "SynapticInput(rate, Q, tau, E)")
    for given in (g_L, C_m, E_L, current, *(v for i in inputs for v in (i.rate, i.Q, i.tau, i.E))):
        as_expression(given, "a property of the membrane or of its inputs")
    labels = {k: name + suffix for k, name in _NAMES.items()}
    mu_G, tau_m, mu_V, sigma_V, _, _ = map(symbol, labels.values())
    opened = [i.rate * i.Q * i.tau for i in inputs]
    pull = sum(g * i.E for g, i in zip(opened, inputs, strict=True)) + g_L * E_L + current
    # Area of one post-synaptic potential, mV ms.
    areas = [i.Q * (i.E - mu_V) / mu_G * i.tau for i in inputs]
    powers = [a**2 for a in areas]
    pairs = list(zip(inputs, powers, strict=True))
    variances = [
        i.rate * a / (2 * (tau_m + i.tau)) for i, a in pairs if not (legacy_sigma and i.inhibitory)
    ]
    if not variances:
        raise ModelError("legacy_sigma leaves out inhibitory input, and there is no other")
    area = sum((i.rate + SILENT_RATE) * a for i, a in pairs)
    height = sum((i.rate + SILENT_RATE) * a / (tau_m + i.tau) for i, a in pairs)
    third = sum(
        2 * i.rate * a**3 / (3 * (2 * tau_m + i.tau) * (tau_m + 2 * i.tau))
        for i, a in zip(inputs, areas, strict=True)
    )
    formulas = (
        g_L + sum(opened),
        C_m / mu_G,
        pull / mu_G,
        sympy.sqrt(sum(variances) + SMALLEST_VARIANCE),
        area / height,
        third / sigma_V**3,
    )
    return labels, dict(zip(labels.values(), map(as_expression, formulas), strict=True))
