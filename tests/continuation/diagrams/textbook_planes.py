"""Planes of textbook models and normal forms: whose regimes are known without a diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dynsys import State, VectorField
from dynsys.models import fitzhugh_nagumo, morris_lecar, wilson_cowan

Axis = tuple[str, float, float]


def _model(
    name: str, ranges: Mapping[str, tuple[float, float]], parameters: Mapping[str, float],
    equations: Mapping[str, str],
) -> VectorField:  # fmt: skip
    states = {k: State(low + 0.4 * (high - low), (low, high)) for k, (low, high) in ranges.items()}
    return VectorField(name, states, dict(parameters), dict(equations), time_unit="")


def izhikevich_sodium() -> VectorField:
    """Persistent sodium and potassium (Izhikevich 2007, fig. 4.1): class I, with a SNIC."""
    return VectorField(
        "persistent_sodium",
        {"V": State(-60.0, (-90, 40), "mV"), "n": State(0.1, (0, 1))},
        {"I": 0.0, "gNa": 20.0},
        {"V": "I - 8*(V + 80) - gNa*(V - 60)/(1 + exp((-20 - V)/15)) - 10*n*(V + 90)",
         "n": "1/(1 + exp((-25 - V)/5)) - n"},
        time_unit="ms",
    )  # fmt: skip


def biased_oscillator() -> VectorField:
    """Van der Pol's oscillator with a bias."""
    return _model(
        "van_der_pol", {"x": (-3, 3), "y": (-5, 5)}, {"mu": 1.0, "a": 0.0},
        {"x": "y", "y": "mu*(1 - x^2)*y - x + a"},
    )  # fmt: skip


def predators() -> VectorField:
    """Predators and prey with saturation (Rosenzweig & MacArthur 1963): both axes invariant."""
    return _model(
        "rosenzweig_macarthur", {"x": (0, 5), "y": (0, 5)}, {"K": 2.0, "m": 0.3},
        {"x": "x*(1 - x/K) - x*y/(1 + x)", "y": "x*y/(1 + x) - m*y"},
    )  # fmt: skip


def brusselator() -> VectorField:
    """The Brusselator (Prigogine & Lefever 1968): Hopf points at B = 1 + A^2."""
    return _model(
        "brusselator", {"x": (0, 10), "y": (0, 10)}, {"A": 1.0, "B": 2.5},
        {"x": "A - (B + 1)*x + x^2*y", "y": "B*x - x^2*y"},
    )  # fmt: skip


def lorenz() -> VectorField:
    """Convection (Lorenz 1963)."""
    return _model(
        "lorenz", {"x": (-30, 30), "y": (-40, 40), "z": (0, 60)}, {"rho": 20.0, "sigma": 10.0},
        {"x": "sigma*(y - x)", "y": "x*(rho - z) - y", "z": "x*y - 8/3*z"},
    )  # fmt: skip


def double_zero() -> VectorField:
    """The Bogdanov-Takens normal form: a stable equilibrium or nothing that stays."""
    return _model(
        "bogdanov_takens", {"x": (-2, 2), "y": (-2, 2)}, {"beta1": 0.0, "beta2": 0.0},
        {"x": "y", "y": "beta1 + beta2*x + x^2 - x*y"},
    )  # fmt: skip


def bautin() -> VectorField:
    """The Bautin normal form: a fold of cycles at beta2^2 = -4 beta1, beta2 > 0."""
    radius = "(x^2 + y^2)"
    growth = f"(beta1 + beta2*{radius} - {radius}^2)"
    return _model(
        "bautin", {"x": (-2, 2), "y": (-2, 2)}, {"beta1": 0.1, "beta2": 0.1},
        {"x": f"{growth}*x - y", "y": f"{growth}*y + x"},
    )  # fmt: skip


def cusp() -> VectorField:
    """The cusp normal form: two states where 27 h^2 < 4 r^3."""
    return _model("cusp", {"x": (-2, 2)}, {"h": 0.0, "r": 1.0}, {"x": "h + r*x - x^3"})


def toggle_switch() -> VectorField:
    """Two genes that repress each other (Gardner et al. 2000, Nature 403)."""
    return _model(
        "toggle_switch", {"u": (0, 6), "v": (0, 6)}, {"a": 2.0, "b": 2.0},
        {"u": "a/(1 + v^2) - u", "v": "b/(1 + u^2) - v"},
    )  # fmt: skip


def infections() -> VectorField:
    """Susceptible and infected with births: a transcritical line at b = g + m."""
    return _model(
        "infections", {"s": (0, 1), "i": (0, 1)}, {"b": 1.0, "g": 0.5, "m": 0.1},
        {"s": "m*(1 - s) - b*s*i", "i": "b*s*i - (g + m)*i"},
    )  # fmt: skip


def pitchfork() -> VectorField:
    """An imperfect pitchfork of fifth order: up to three states."""
    return _model(
        "subcritical_pitchfork", {"x": (-2, 2)}, {"r": 0.0, "h": 0.0},
        {"x": "h + r*x + x^3 - x^5"},
    )  # fmt: skip


def competitors() -> VectorField:
    """Two populations that excite themselves and inhibit each other, with one drive for both."""
    drive = "1/(1 + exp(-6*({own} - w*{other} + I - 0.4)))"
    return _model(
        "competitors", {"u": (0, 1), "v": (0, 1)}, {"I": 0.5, "w": 1.0},
        {"u": "-u + " + drive.format(own="0.8*u", other="v"),
         "v": "-v + " + drive.format(own="0.8*v", other="u")},
    )  # fmt: skip


def runaway() -> VectorField:
    """Nothing stays where p > 0."""
    return _model("runaway", {"x": (-3, 3)}, {"p": 0.0, "q": 1.0}, {"x": "-p - q*x^2"})


def glycolysis() -> VectorField:
    """Glycolytic oscillations (Sel'kov 1968)."""
    return _model(
        "selkov", {"x": (0, 3), "y": (0, 6)}, {"a": 0.1, "b": 0.5},
        {"x": "-x + a*y + x^2*y", "y": "b - a*y - x^2*y"},
    )  # fmt: skip


def hopfield() -> VectorField:
    """Two units of Hopfield 1984 (PNAS 81), each the other's image: pitchforks at w +- k = 1."""
    return _model(
        "hopfield", {"x": (-3, 3), "y": (-3, 3)}, {"w": 1.0, "k": 0.5},
        {"x": "-x + w*tanh(x) + k*tanh(y)", "y": "-y + w*tanh(y) + k*tanh(x)"},
    )  # fmt: skip


def vanishing_prey() -> VectorField:
    """Predators and prey that nearly dies out: its cycles pass 1e-40."""
    return _model(
        "vanishing_prey", {"n": (0, 3), "p": (0, 3)}, {"K": 1.0, "m": 0.3},
        {"n": "n*(1 - n/K) - n*p/(0.3 + n)", "p": "p*(n/(0.3 + n) - m)"},
    )  # fmt: skip


TEXTBOOK: dict[str, tuple[Callable[[], VectorField], Axis, Axis]] = {
    "cusp": (cusp, ("h", -1, 1), ("r", -1, 2)),
    "pitchfork": (pitchfork, ("r", -0.6, 0.4), ("h", -0.3, 0.3)),
    "runaway": (runaway, ("p", -1, 1), ("q", 0.5, 2)),
    "bautin": (bautin, ("beta1", -1, 1), ("beta2", -1.5, 1.5)),
    "double_zero": (double_zero, ("beta1", -0.5, 0.5), ("beta2", -1, 1)),
    "toggle_switch": (toggle_switch, ("a", 0.1, 5), ("b", 0.1, 5)),
    "infections": (infections, ("b", 0.1, 2), ("g", 0.1, 1)),
    "competitors": (competitors, ("I", -0.5, 1.5), ("w", 0, 2)),
    "brusselator": (brusselator, ("A", 0.3, 2), ("B", 0.5, 5)),
    "selkov": (glycolysis, ("a", 0.01, 0.2), ("b", 0.1, 1.2)),
    "van_der_pol": (biased_oscillator, ("mu", -1, 4), ("a", -1.5, 1.5)),
    "predators": (predators, ("K", 0.2, 4), ("m", 0.05, 0.9)),
    "persistent_sodium": (izhikevich_sodium, ("I", -20, 60), ("gNa", 10, 30)),
    "morris_lecar_slow": (morris_lecar, ("I", 0, 150), ("phi", 0.01, 0.4)),
    "fitzhugh_nagumo_recovery": (fitzhugh_nagumo, ("b", 0.2, 2.5), ("epsilon", 0.01, 0.5)),
    "wilson_cowan_excitation": (wilson_cowan, ("P", -2, 6), ("a", 2, 16)),
    "hopfield": (hopfield, ("w", -0.5, 2.5), ("k", -1.5, 1.5)),
    "vanishing_prey": (vanishing_prey, ("K", 0.1, 3), ("m", 0.1, 0.9)),
    "lorenz": (lorenz, ("rho", 0, 40), ("sigma", 3, 18)),
}
