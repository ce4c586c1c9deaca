"""Ionic currents of the publications, to put into cells, vector fields and compartments.

Each is g m^a h^b (V - E) with gates that follow dx/dt = alpha (1 - x) - beta x, or
dx/dt = (x_inf - x)/tau; potentials in mV, times in ms. A current takes the units of its model: nS
where the capacitance is in pF, mS/cm^2 where it is in uF/cm^2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Gate:
    """A gate, by its rates ``alpha`` and ``beta`` (1/ms) or by ``steady`` and ``tau`` (ms).

    Expressions in V and the current's constants. Without rates and ``tau`` it follows V at once.
    """

    steady: str = ""
    tau: str = ""
    alpha: str = ""
    beta: str = ""

    @property
    def level(self) -> str:
        """Where it settles."""
        return self.steady or f"({self.alpha})/(({self.alpha}) + ({self.beta}))"

    def motion(self, name: str) -> str:
        """Its time derivative; empty for one that follows V at once."""
        if self.alpha:
            return f"({self.alpha})*(1 - {name}) - ({self.beta})*{name}"
        return f"(({self.steady}) - {name})/({self.tau})" if self.tau else ""


@dataclass(frozen=True)
class IonicCurrent:
    """A current through channels.

    Parameters
    ----------
    meaning : in words. ion : whose reversal potential it has: "Na", "K", "Ca", or a name of its
        own where it is mixed. reversal : mV, the default of E_<ion>.
    opening : expression of the gates, between 0 and 1. gates : name -> ``Gate``.
    constants : name -> (value, unit) of further parameters.
    needs_calcium : whether ``opening`` depends on Ca, the calcium that the cell's calcium currents
        bring in.
    source : the publication.
    """

    meaning: str
    ion: str
    reversal: float
    opening: str
    gates: Mapping[str, Gate] = field(default_factory=dict)
    constants: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    needs_calcium: bool = False
    source: str = ""


_POSPISCHIL = "Pospischil et al. 2008, Biol Cybern 99:427-441"
_TRAUB = "Traub & Miles 1991, Neuronal Networks of the Hippocampus; " + _POSPISCHIL
_V_T = {"V_T": (-53.5, "mV")}  # shifts the rates of the spike currents

# linoid(x) = x/(1 - exp(-x)) is smooth where its argument vanishes.
CURRENTS: Mapping[str, IonicCurrent] = MappingProxyType({
    "leak": IonicCurrent("leak", "leak", -70.0, "1"),
    "Na": IonicCurrent(
        "sodium current of action potentials", "Na", 50.0, "m**3*h",
        {
            "m": Gate(alpha="0.32*4*linoid((V - V_T - 13)/4)",
                      beta="0.28*5*linoid((40 - (V - V_T))/5)"),
            "h": Gate(alpha="0.128*exp((17 - (V - V_T))/18)",
                      beta="4/(1 + exp((40 - (V - V_T))/5))"),
        },
        _V_T, source=_TRAUB,
    ),
    "Kd": IonicCurrent(
        "delayed-rectifier potassium current", "K", -90.0, "n**4",
        {"n": Gate(alpha="0.032*5*linoid((V - V_T - 15)/5)",
                   beta="0.5*exp((10 - (V - V_T))/40)")},
        _V_T, source=_TRAUB,
    ),
    "M": IonicCurrent(
        "slow potassium current without inactivation (muscarinic)", "K", -90.0, "p",
        {"p": Gate("1/(1 + exp(-(V + 35)/10))",
                   "tau_max/(3.3*exp((V + 35)/20) + exp(-(V + 35)/20))")},
        {"tau_max": (400.0, "ms")},
        source="Yamada, Koch & Adams 1989; " + _POSPISCHIL,
    ),
    "h": IonicCurrent(
        "mixed cation current that hyperpolarization opens", "h", -43.0, "q",
        {"q": Gate("1/(1 + exp((V + 75)/5.5))",
                   "1/(exp(-14.59 - 0.086*V) + exp(-1.87 + 0.0701*V))")},
        source="Huguenard & McCormick 1992, J Neurophysiol 68:1373-1383",
    ),
    "CaT": IonicCurrent(
        "low-threshold calcium current", "Ca", 120.0, "s**2*u",
        {
            "s": Gate("1/(1 + exp(-(V + V_x + 57)/6.2))"),
            "u": Gate("1/(1 + exp((V + V_x + 81)/4))",
                      "30.8 + (211.4 + exp((V + V_x + 113.2)/5))"
                      "/(3.7*(1 + exp((V + V_x + 84)/3.2)))"),
        },
        {"V_x": (2.0, "mV")},
        source="Destexhe, Bal, McCormick & Sejnowski 1996, J Neurophysiol 76:2049-2070; "
        + _POSPISCHIL,
    ),
    "CaL": IonicCurrent(
        "high-threshold calcium current", "Ca", 120.0, "q**2*r",
        {
            "q": Gate(alpha="0.055*3.8*linoid((V + 27)/3.8)", beta="0.94*exp((-75 - V)/17)"),
            "r": Gate(alpha="0.000457*exp((-13 - V)/50)",
                      beta="0.0065/(exp((-15 - V)/28) + 1)"),
        },
        source="Reuveni, Friedman, Amitai & Gutnick 1993, J Neurosci 13:4609-4621; " + _POSPISCHIL,
    ),
    "A": IonicCurrent(
        "transient potassium current", "A", -75.0, "a**3*b",
        {
            "a": Gate("(0.0761*exp((V + 94.22)/31.84)/(1 + exp((V + 1.17)/28.93)))**(1/3)",
                      "0.3632 + 1.158/(1 + exp((V + 55.96)/20.12))"),
            "b": Gate("1/(1 + exp((V + 53.3)/14.54))**4",
                      "1.24 + 2.678/(1 + exp((V + 50)/16.027))"),
        },
        source="Connor, Walter & McKown 1977, Biophys J 18:81-102",
    ),
    "NaP": IonicCurrent(
        "persistent sodium current, slowly inactivated", "Na", 50.0, "m*h",
        {
            "m": Gate("1/(1 + exp(-(V + 40)/6))"),
            "h": Gate("1/(1 + exp((V + 48)/6))", "10000/cosh((V + 48)/12)"),
        },
        source="Butera, Rinzel & Smith 1999, J Neurophysiol 82:382-397",
    ),
    "Ca": IonicCurrent(
        "high-threshold calcium current that follows V at once", "Ca", 120.0, "m**2",
        {"m": Gate("1/(1 + exp(-(V + 20)/9))")},
        source="Wang 1998, J Neurophysiol 79:1549-1566",
    ),
    "KCa": IonicCurrent(
        "potassium current that calcium opens (afterhyperpolarization)", "K", -90.0,
        "Ca/(Ca + K_D)", {}, {"K_D": (30.0, "uM")}, needs_calcium=True,
        source="Wang 1998, J Neurophysiol 79:1549-1566",
    ),
})  # fmt: skip
