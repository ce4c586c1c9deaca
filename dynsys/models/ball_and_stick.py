"""A soma with one dendrite and four kinds of synapses: the mean-conductance equations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynsys.definition import Observable, Parameter, State
from dynsys.models.library_model import library_model
from dynsys.neurons.cable import Cable
from dynsys.typed import typed
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Receptor:
    """A conductance that rises and decays exponentially after an event.

    ``reversal`` mV; ``rise``, ``decay`` ms; ``peak`` nS of one event of weight 1.
    """

    reversal: float
    rise: float
    decay: float
    peak: float

    @property
    def area(self) -> float:
        """nS ms of one event."""
        return self.peak * self._norm * (self.decay - self.rise)

    @property
    def jump(self) -> float:
        """c (nS/ms) with r' = -r/rise + events, g' = -g/decay + c r."""
        return self.area / (self.rise * self.decay)

    @property
    def _norm(self) -> float:
        """Inverse of the largest value of exp(-t/decay) - exp(-t/rise)."""
        at = math.log(self.decay / self.rise) * self.rise * self.decay / (self.decay - self.rise)
        return 1.0 / (math.exp(-at / self.decay) - math.exp(-at / self.rise))


RECEPTORS = {
    "ampa": Receptor(0.0, 0.26, 2.0, 0.73),
    "nmda": Receptor(0.0, 8.0, 35.0, 1.31),
    "gaba_a": Receptor(-70.0, 4.8, 29.0, 0.27),
    "gaba_b": Receptor(-90.0, 30.0, 400.0, 0.0006),
}
GLUTAMATE = ("ampa", "nmda")


@library_model
@typed
def ball_and_stick(cable: Cable | None = None, magnesium: bool = True) -> VectorField:
    """AdEx soma and dendrite under mean synaptic conductances, between spikes.

    Rates ``nu_e`` and ``nu_i`` (events per ms, all sources together, times their weight) drive
    AMPA and NMDA, and GABA_A and GABA_B receptors of the dendrite; NMDA is blocked by magnesium as
    1/(1 + exp(-0.077 V)/3.36). The curve of equilibria over nu_e says what the mean input does;
    where it is steep, fluctuations are amplified. It ends where the soma starts to fire; with
    VT=100 the soma is passive and the curve goes on.

    Parameters
    ----------
    cable : the dendrite; by default the tutorial's.
    magnesium : False leaves the block away.

    Source: tutorial of SpikingNeuralNetworks.jl; magnesium block after Jahr & Stevens 1990, J
    Neurosci 10:3178.

    Example
    -------
    >>> from continuation import equilibria
    >>> equilibria(ball_and_stick(), "nu_e", (0.0, 12.0)).plot("Vd")
    """
    dendrite = cable or Cable()
    rates = {"ampa": "nu_e", "nmda": "nu_e", "gaba_a": "nu_i", "gaba_b": "nu_i"}
    states = {
        "Vs": State(-70.6, (-90.0, -40.0), "mV", "potential of the soma"),
        "w": State(0.0, (-50.0, 150.0), "pA", "adaptation current"),
        "Vd": State(-70.6, (-90.0, 0.0), "mV", "potential of the dendrite"),
    }
    equations = {
        "Vs": "(-gL*(Vs - EL) + gL*DeltaT*exp((Vs - VT)/DeltaT) - w + gax*(Vd - Vs) + I)/C",
        "w": "(a*(Vs - EL) - w)/tau_w",
        "Vd": "(-gm*(Vd - EL) + gax*(Vs - Vd) - I_syn)/Cd",
    }
    currents = []
    for name, receptor in RECEPTORS.items():
        drive, peak = f"r_{name}", f"g_{name}"
        states[drive] = State(0.0, (0.0, 20.0 * receptor.rise), "", f"rise stage of {name}")
        states[peak] = State(0.0, (0.0, 20.0 * receptor.area), "nS", f"conductance of {name}")
        equations[drive] = f"-{drive}/{receptor.rise!r} + {rates[name]}"
        equations[peak] = f"-{peak}/{receptor.decay!r} + {receptor.jump!r}*s_{name}*{drive}"
        block = "/(1 + exp(-0.077*Vd)/3.36)" if name == "nmda" and magnesium else ""
        currents.append(f"{peak}*(Vd - ({receptor.reversal!r})){block}")
    return VectorField(
        name="ball_and_stick",
        meaning="soma and dendrite under mean synaptic conductances",
        states=states,
        parameters={
            "nu_e": Parameter(10.2, "1/ms", "rate of glutamate events, weighted"),
            "nu_i": Parameter(12.0, "1/ms", "rate of GABA events, weighted (3 per ms of weight 4)"),
            "I": Parameter(0.0, "pA", "current into the soma", capacitance=281.0),
            "C": Parameter(281.0, "pF", "capacitance of the soma", positive=True),
            "gL": Parameter(40.0, "nS", "leak of the soma", positive=True),
            "EL": Parameter(-70.6, "mV", "leak reversal potential"),
            "VT": Parameter(-50.4, "mV", "effective threshold"),
            "DeltaT": Parameter(2.0, "mV", "slope factor of the spike", positive=True),
            "a": Parameter(4.0, "nS", "subthreshold adaptation"),
            "tau_w": Parameter(144.0, "ms", "adaptation time constant", positive=True),
            "gax": Parameter(dendrite.axial_conductance, "nS", "axial conductance", positive=True),
            "gm": Parameter(dendrite.membrane_conductance, "nS", "leak of the dendrite"),
            "Cd": Parameter(dendrite.capacitance, "pF", "capacitance of the dendrite",
                            positive=True),
            **{f"s_{k}": Parameter(1.0, "", f"strength of {k}, 0 removes it") for k in RECEPTORS},
        },
        equations=equations,
        definitions={"I_syn": " + ".join(currents)},
        observables={
            "Vs": Observable("Vs", "mV", "potential of the soma"),
            "Vd": Observable("Vd", "mV", "potential of the dendrite"),
            "I_dendrite": Observable("I_syn", "pA", "synaptic current out of the dendrite"),
        },
        source="tutorial of SpikingNeuralNetworks.jl; Jahr & Stevens 1990, J Neurosci 10:3178",
    )  # fmt: skip
