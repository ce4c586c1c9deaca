"""The noise of finitely many spike trains in ``aln(neurons=N)``.

A population's activity is its rate plus noise: white, sqrt(r/N), smeared over half a millisecond,
through a filter (s^2 + b1 s + b0) / (s^2 + a1 s + a0) that gives it the memory of the trains.
Neurons that fired do not fire at once again: slow fluctuations are CV^2 r/N, not r/N.

Sources: Schwalger, Deger & Gerstner 2017, PLOS Comput Biol 13:e1005507 (finite populations);
Mattia & Del Giudice 2002, Phys Rev E 66:051917 (noise of the activity).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dynsys import checks
from dynsys.definition import Parameter, State

FILTER = ("a1", "a0", "b1", "b0")  # coefficients, 1/ms and 1/ms^2 in turn
# kHz: how far below 0 noise may take a rate (a synapse would close more than it can), how softly.
_LOWEST, _SOFT = 0.002, 0.0005
_POISSON = (0.2, 0.01, 0.2, 0.01)  # equal: no memory


@dataclass(frozen=True)
class TrainNoise:
    """What the noise adds to a model; nothing by default. ``rates``: of spikes, in kHz."""

    states: dict[str, State] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    equations: dict[str, str] = field(default_factory=dict)
    noise: dict[str, str] = field(default_factory=dict)
    rates: dict[str, str] = field(default_factory=lambda: {"e": "r_e", "i": "r_i"})


def train_noise(neurons: int) -> TrainNoise:
    """The noise of ``neurons`` trains in each population: Poisson's, until the filter is set.

    ``continuation.asynchronous.noisy_model`` sets it from the network's theory at a state.
    """
    count = checks.whole("neurons", neurons, least=2)
    parameters = {
        "N": Parameter(float(count), "", "neurons of each population", positive=True),
        "tau_n": Parameter(0.5, "ms", "time over which spikes are smeared", positive=True),
    }
    states, equations, noise, rates = {}, {}, {}, {}
    for letter, word in (("e", "E"), ("i", "I")):
        a1, a0, b1, b0 = (f"{name}_{letter}" for name in FILTER)
        for name, value, unit in zip((a1, a0, b1, b0), _POISSON, ("1/ms", "1/ms^2") * 2,
                                     strict=True):  # fmt: skip
            parameters[name] = Parameter(value, unit, f"memory of the trains of {word}")
        n, y, u = f"n_{word}", f"y_{word}", f"u_{word}"
        states[n] = State(0.0, (-0.05, 0.05), "kHz", f"noise of the spikes of {word}")
        states[y] = State(0.0, (-5.0, 5.0), "ms", f"its memory, {word}")
        states[u] = State(0.0, (-0.5, 0.5), "", f"rate of change of the memory, {word}")
        equations[n] = f"-{n}/tau_n"
        equations[y] = u
        equations[u] = f"{n} - {a1}*{u} - {a0}*{y}"
        noise[n] = f"sqrt(r_{letter}/N)/tau_n"
        rates[letter] = _floored(f"r_{letter} + {n} + ({b1} - {a1})*{u} + ({b0} - {a0})*{y}")
    return TrainNoise(states, parameters, equations, noise, rates)


def _floored(rate: str) -> str:
    """A rate that does not fall below the lowest; where it is high, the same to 1e-4."""
    above = f"({rate} + {_LOWEST})"
    return f"(({above} + sqrt({above}**2 + {_SOFT**2}))/2 - {_LOWEST})"
