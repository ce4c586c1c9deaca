"""The adaptive exponential integrate-and-fire neuron with the parameter rows of its patterns."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from dynsys import checks
from dynsys.definition import Parameter, State
from dynsys.errors import ModelError
from dynsys.neurons.neuron import SpikingNeuron
from dynsys.spike_rule import SpikeRule
from dynsys.typed import typed
from dynsys.vector_field import VectorField

# tau_m (ms), a (nS), tau_w (ms), b (pA), Vr (mV), I (pA); C = gL tau_m, gL = 2 nS.
PATTERNS: dict[str, tuple[float, float, float, float, float, float]] = {
    "tonic": (20.0, 0.0, 30.0, 60.0, -55.0, 65.0),
    "adapting": (20.0, 0.0, 100.0, 5.0, -55.0, 65.0),
    "initial_burst": (5.0, 0.5, 100.0, 7.0, -51.0, 65.0),
    "bursting": (5.0, -0.5, 100.0, 7.0, -46.0, 65.0),
    "irregular": (14.4, -0.5, 100.0, 7.0, -46.0, 65.0),
    "transient": (10.0, 1.0, 100.0, 10.0, -60.0, 65.0),
    "delayed": (5.0, -1.0, 100.0, 10.0, -60.0, 25.0),
}
_EQUATIONS = {
    "V": "(-gL*(V - EL) + gL*DeltaT*exp((V - VT)/DeltaT) - w + I)/C",
    "w": "(a*(V - EL) - w)/tau_w",
}


@typed
def adex_neuron(
    pattern: str = "tonic", *, running: tuple[str, ...] | str = (), **values: float
) -> SpikingNeuron:
    """C V' = -gL (V - EL) + gL DeltaT exp((V - VT)/DeltaT) - w + I, tau_w w' = a (V - EL) - w.

    A spike at V = Vs: V -> Vr, w -> w + b, both frozen for Tref.

    Parameters
    ----------
    pattern : a row of the pattern table: tonic, adapting, initial_burst, bursting, irregular,
        transient or delayed (names of the table; what a neuron does is computed, see
        ``SpikingNeuron.firing_pattern``).
    running : "all" lets w run on for Tref; see ``SpikeRule``. Such neurons have no adaptation map:
        simulate them in fixed steps.
    values : parameters that replace the row's: C (pF), gL, a (nS), EL, VT, DeltaT, Vr, Vs (mV),
        tau_w, Tref (ms), b, I (pA).

    Raises
    ------
    UnknownNameError, ModelError
        for a row or parameter there is not; for a reset at or above the cutoff.

    Source: Brette & Gerstner 2005, J Neurophysiol 94:3637; rows after Naud, Marcille, Clopath &
    Gerstner 2008, Biol Cybern 99:335.

    Example
    -------
    >>> adex_neuron("irregular", Vr=-47.0).firing_pattern().pattern
    'irregular'
    """
    checks.known("row of the pattern table", pattern, PATTERNS, "adex_neuron")
    tau_m, a, tau_w, b, reset, current = PATTERNS[pattern]
    field = VectorField(
        name="adex_neuron",
        meaning="adaptive exponential integrate-and-fire neuron between its spikes",
        states={
            "V": State(-70.0, (-90.0, -30.0), "mV", "membrane potential"),
            "w": State(0.0, (-60.0, 120.0), "pA", "adaptation current"),
        },
        parameters={
            "I": Parameter(current, "pA", "injected current"),
            "C": Parameter(2.0 * tau_m, "pF", "membrane capacitance", positive=True),
            "gL": Parameter(2.0, "nS", "leak conductance", positive=True),
            "EL": Parameter(-70.0, "mV", "leak reversal potential"),
            "VT": Parameter(-50.0, "mV", "effective threshold"),
            "DeltaT": Parameter(2.0, "mV", "slope factor of the spike", positive=True),
            "a": Parameter(a, "nS", "subthreshold adaptation"),
            "b": Parameter(b, "pA", "adaptation increment at a spike"),
            "tau_w": Parameter(tau_w, "ms", "adaptation time constant", positive=True),
            "Vr": Parameter(reset, "mV", "reset potential"),
            "Vs": Parameter(20.0, "mV", "cutoff of the spike"),
            "Tref": Parameter(1.0, "ms", "refractory time"),
        },
        equations=_EQUATIONS,
        source="Brette & Gerstner 2005, J Neurophysiol 94:3637-3642",
    )
    field = field.with_parameters(**values)
    closed = {"LP": _saddle_node, "H": _andronov_hopf, "BT": bogdanov_takens}
    rule = SpikeRule("Vs", "Vr", "Tref", increments={"w": "b"}, running=running)
    return SpikingNeuron(field, rule, resting_states, pattern, closed, _check)


def _saddle_node(p: Mapping[str, float]) -> tuple[float] | None:
    current = saddle_node_current(p)
    return None if current is None else (current,)


def _andronov_hopf(p: Mapping[str, float]) -> tuple[float] | None:
    current = andronov_hopf_current(p)
    return None if current is None else (current,)


def _check(p: Mapping[str, float]) -> None:
    if p["Vs"] <= p["VT"]:
        raise ModelError(
            f"adex_neuron: the cutoff Vs = {p['Vs']:g} mV is not above the threshold VT = "
            f"{p['VT']:g} mV: spikes would be cut before their upstroke; raise Vs"
        )
    if p["Vs"] - p["VT"] > 300 * p["DeltaT"]:
        raise ModelError(
            f"adex_neuron: Vs is {(p['Vs'] - p['VT']) / p['DeltaT']:.0f} slope factors above VT, "
            "where the exponential current overflows; lower Vs to at most 300"
        )


def resting_states(p: Mapping[str, float]) -> np.ndarray:
    """All equilibria (k, 2) of the neuron, V ascending, in closed form (Lambert's function).

    With slope gL + a > 0 there are two below the saddle-node current and none above; with
    gL + a <= 0 there is at most one, a saddle: the adaptation outweighs the leak at all potentials.
    """
    slope, gl, delta = p["gL"] + p["a"], p["gL"], p["DeltaT"]
    if slope == 0.0:
        ratio = -p["I"] / (gl * delta)
        found = [p["VT"] + delta * math.log(ratio)] if ratio > 0 else []
    else:
        middle = p["EL"] + p["I"] / slope
        level = (middle - p["VT"]) / delta + math.log(gl / abs(slope))
        found = [middle - delta * x for x in (_lambert(level) if slope > 0 else _omega(level))]
    return np.array([[v, p["a"] * (v - p["EL"])] for v in sorted(found)]).reshape(-1, 2)


def _lambert(level: float) -> list[float]:
    """Both real x with x exp(x) = -exp(level): x = -u with u - log(u) = -level."""
    if level > -1.0:
        return []
    start = -level + math.log(-level) + (math.sqrt(2 * (-level - 1)) if level > -2 else 0.0)
    roots = []
    for u in (max(start, 1.0 + 1e-9), min(math.exp(level), 1.0 - 1e-9)):
        if level > -1.2:  # the square root of the fold, from which Newton's method converges
            u = 1.0 + math.copysign(math.sqrt(2 * (-level - 1)), u - 1.0)
        for _ in range(60):
            if u == 1.0 or u < 1e-13:  # u = exp(level) to rounding
                break
            change = (u - math.log(u) + level) / (1.0 - 1.0 / u)
            u = u - change if u - change > 0 else u / 2
            if abs(change) <= 1e-15 * u:
                break
        roots.append(-u)
    return roots


def _omega(level: float) -> list[float]:
    """The real x with x exp(x) = exp(level)."""
    from scipy.special import wrightomega  # slow to import

    return [float(wrightomega(level))]


def saddle_node_current(p: Mapping[str, float]) -> float | None:
    """Current (pA) at which the equilibria meet and vanish; None with a <= -gL.

    Source: Touboul & Brette 2008, Biol Cybern 99:319, in closed form.
    """
    slope = p["gL"] + p["a"]
    if slope <= 0:
        return None
    rise = p["VT"] - p["EL"] - p["DeltaT"] + p["DeltaT"] * math.log(1 + p["a"] / p["gL"])
    return slope * rise


def andronov_hopf_current(p: Mapping[str, float]) -> float | None:
    """Current (pA) at which rest loses its stability to a pair; None with a/gL <= tau_m/tau_w.

    Source: Touboul & Brette 2008, Biol Cybern 99:319, in closed form.
    """
    excess, ratio = p["a"] / p["gL"] - _time_ratio(p), _time_ratio(p)
    if excess <= 0:
        return None
    rise = p["VT"] - p["EL"] - p["DeltaT"] + p["DeltaT"] * math.log(1 + ratio)
    return (p["gL"] + p["a"]) * rise + p["DeltaT"] * p["gL"] * excess


def bogdanov_takens(p: Mapping[str, float]) -> tuple[float, float]:
    """(I in pA, a in nS) where saddle-node and Andronov-Hopf meet: a/gL = tau_m/tau_w."""
    a = p["gL"] * _time_ratio(p)
    current = saddle_node_current({**p, "a": a})
    assert current is not None
    return current, a


def _time_ratio(p: Mapping[str, float]) -> float:
    return p["C"] / p["gL"] / p["tau_w"]
