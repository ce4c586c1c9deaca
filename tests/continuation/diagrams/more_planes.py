"""Further planes of published models, chosen after diagrams were right on those of ``planes``."""

from __future__ import annotations

from collections.abc import Callable

from dynsys import State, VectorField
from dynsys.models import fitzhugh_nagumo, montbrio_pazo_roxin, wilson_cowan

Axis = tuple[str, float, float]


def wang_buzsaki() -> VectorField:
    """Fast-spiking interneuron (Wang & Buzsaki 1996, J Neurosci 16): class I."""
    return VectorField(
        "wang_buzsaki",
        {"V": State(-64.0, (-90, 50), "mV"), "h": State(0.78, (0, 1)), "n": State(0.09, (0, 1))},
        {"I": 0.0, "gK": 9.0, "gNa": 35.0},
        {"V": "I - gNa*m^3*h*(V - 55) - gK*n^4*(V + 90) - 0.1*(V + 65)",
         "h": "5*(0.07*exp(-(V + 58)/20)*(1 - h) - h/(1 + exp(-(V + 28)/10)))",
         "n": "5*(0.01*(V + 34)/(1 - exp(-(V + 34)/10))*(1 - n) - 0.125*exp(-(V + 44)/80)*n)"},
        definitions={"am": "0.1*(V + 35)/(1 - exp(-(V + 35)/10))",
                     "m": "am/(am + 4*exp(-(V + 60)/18))"},
        time_unit="ms",
    )  # fmt: skip


def rivals() -> VectorField:
    """Two populations that inhibit each other and adapt (Shpiro et al. 2007, J Neurophysiol 97)."""
    drive = "1/(1 + exp(-10*(I - w*{other} - g*{own} - 0.2)))"
    states = {"u": State(0.1, (0, 1)), "v": State(0.3, (0, 1)),
              "a": State(0.1, (0, 1)), "b": State(0.2, (0, 1))}  # fmt: skip
    return VectorField(
        "rivals", states, {"I": 0.8, "w": 1.1, "g": 0.5},
        {"u": "-u + " + drive.format(other="v", own="a"),
         "v": "-v + " + drive.format(other="u", own="b"),
         "a": "(u - a)/50", "b": "(v - b)/50"}, time_unit="",
    )  # fmt: skip


def delayed_wilson_cowan() -> VectorField:
    """Two populations with a delay, after Coombes & Laing 2009 (Phil Trans R Soc A 367)."""
    return VectorField(
        "delayed_wilson_cowan", {"u": State(0.3, (0, 1)), "v": State(0.3, (0, 1))},
        {"p": 0.7, "q": 0.5, "D": 0.5},
        {"u": "-u + 1/(1 + exp(-20*(p - delay(u, D) - 0.4*delay(v, D))))",
         "v": "-v + 1/(1 + exp(-20*(q - delay(u, D))))"}, time_unit="",
    )  # fmt: skip


def instantaneous_qif() -> VectorField:
    """The exact mean field of 2015."""
    return montbrio_pazo_roxin(delay=False, kinetics=False)


def slow_synapses() -> VectorField:
    """The exact mean field with delay and kinetics."""
    return montbrio_pazo_roxin().with_parameters(D=5.0)


MORE: dict[str, tuple[Callable[[], VectorField], Axis, Axis]] = {
    "wang_buzsaki": (wang_buzsaki, ("I", -0.5, 3.0), ("gK", 2.0, 20.0)),
    "instantaneous_qif": (instantaneous_qif, ("eta", -15, 5), ("J", -5, 25)),
    "slow_synapses": (slow_synapses, ("eta", -15, 5), ("J", -20, 25)),
    "rivals": (rivals, ("I", 0.0, 2.0), ("w", 0.2, 2.0)),
    "fitzhugh_nagumo_slow": (fitzhugh_nagumo, ("I", 0.0, 1.6), ("epsilon", 0.01, 0.9)),
    "fitzhugh_nagumo_offset": (fitzhugh_nagumo, ("a", -1.5, 1.5), ("b", 0.2, 2.5)),
    "wilson_cowan_coupling": (wilson_cowan, ("P", -6, 6), ("b", 2, 18)),
    "wilson_cowan_inhibition": (wilson_cowan, ("Q", -12, 2), ("d", -6, 6)),
    "delayed_wilson_cowan": (delayed_wilson_cowan, ("p", 0.0, 1.5), ("D", 0.05, 1.5)),
}
