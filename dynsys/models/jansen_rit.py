"""The Jansen-Rit model of a cortical column (Jansen & Rit 1995)."""

from __future__ import annotations

from dynsys.definition import Observable, Parameter, State
from dynsys.models.library_model import library_model
from dynsys.vector_field import VectorField


@library_model
def jansen_rit() -> VectorField:
    """Pyramidal cells with excitatory and inhibitory interneurons; mV and ms.

    Synapses are second-order kernels; ``p`` is the afferent rate in Hz. Its Hopf, fold and SNIC
    points are those of Grimbert & Faugeras 2006 (p = 89.83, 315.70, 113.59 Hz at C = 135).

    Example
    -------
    >>> jansen_rit().with_parameters(p=120)
    """
    return VectorField(
        name="jansen_rit",
        meaning="cortical column: alpha rhythm and spike-wave activity",
        states={
            "y0": State(0.1, (-0.1, 0.3), "mV", "output of the pyramidal cells"),
            "y1": State(20.0, (-10.0, 60.0), "mV", "excitatory potential of the pyramidal cells"),
            "y2": State(15.0, (-10.0, 50.0), "mV", "inhibitory potential of the pyramidal cells"),
            "z0": State(0.0, (-0.02, 0.02), "mV/ms", "rate of change of y0"),
            "z1": State(0.0, (-2.0, 2.0), "mV/ms", "rate of change of y1"),
            "z2": State(0.0, (-1.0, 1.0), "mV/ms", "rate of change of y2"),
        },
        parameters={
            "p": Parameter(120.0, "Hz", "afferent rate"),
            "C": Parameter(135.0, "", "mean number of synapses"),
            "A": Parameter(3.25, "mV", "amplitude of excitatory potentials"),
            "B": Parameter(22.0, "mV", "amplitude of inhibitory potentials"),
            "tau_e": Parameter(10.0, "ms", "excitatory time constant", positive=True),
            "tau_i": Parameter(20.0, "ms", "inhibitory time constant", positive=True),
            "r_max": Parameter(5.0, "Hz", "maximal rate of the sigmoid", positive=True),
            "v0": Parameter(6.0, "mV", "potential of half the maximal rate"),
            "r": Parameter(0.56, "1/mV", "slope of the sigmoid"),
        },
        definitions={
            "sigmoid_p": "0.001*r_max/(1 + exp(r*(v0 - (y1 - y2))))",
            "sigmoid_e": "0.001*r_max/(1 + exp(r*(v0 - C*y0)))",
            "sigmoid_i": "0.001*r_max/(1 + exp(r*(v0 - 0.25*C*y0)))",
        },
        equations={
            "y0": "z0",
            "y1": "z1",
            "y2": "z2",
            "z0": "A/tau_e*sigmoid_p - 2*z0/tau_e - y0/tau_e^2",
            "z1": "A/tau_e*(0.001*p + 0.8*C*sigmoid_e) - 2*z1/tau_e - y1/tau_e^2",
            "z2": "B/tau_i*0.25*C*sigmoid_i - 2*z2/tau_i - y2/tau_i^2",
        },
        observables={
            "EEG": Observable("y1 - y2", "mV", "potential of the pyramidal cells"),
            "y0": Observable("y0", "mV", "output of the pyramidal cells"),
        },
        source="Jansen & Rit 1995, Biol Cybern 73:357-366; Grimbert & Faugeras 2006, "
        "Neural Comput 18:3052-3068",
    )
