"""The ball-and-stick neuron with Poisson synapses and spikes, in Brian2."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from dynsys.models.ball_and_stick import GLUTAMATE, RECEPTORS
from dynsys.neurons.cable import Cable
from validation.brian import brian

LARGEST = 1500.0  # pA, at which the synaptic current is clipped
_EQUATIONS = """
dVs/dt = (-40*nS*(Vs + 70.6*mV) + 80*pA*exp((Vs - theta)/(2*mV)) - w
          + gax*(Vd - Vs))/(281*pF) : volt (unless refractory)
dw/dt = (4*nS*(Vs + 70.6*mV) - w)/(144*ms) : amp (unless refractory)
dVd/dt = (-gm*(Vd + 70.6*mV) + gax*(Vs - Vd) - clip(I_syn, -largest, largest))/Cd : volt
dtheta/dt = (-50.4*mV - theta)/(30*ms) : volt
"""
_RESET = "Vs = -55.6*mV; w += 80.5*pA; theta += 10*mV"


def simulate_ball_and_stick(
    neurons: int = 100,
    duration: float = 3000.0,
    dt: float = 0.05,
    excitation: tuple[int, float, float] = (1000, 10.2, 1.0),
    inhibition: tuple[int, float, float] = (1000, 3.0, 4.0),
    nmda: bool = True,
    magnesium: bool = True,
    cable: Cable | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Independent neurons, each with its own Poisson input to the dendrite.

    The soma fires at V > theta + 10 mV; then V -> -55.6 mV, w += 80.5 pA, and the threshold theta
    rises by 10 mV and decays with 30 ms.

    Parameters
    ----------
    excitation, inhibition : (sources, Hz each, weight).
    nmda, magnesium : False removes the receptor, or its block.
    dt : ms, forward Euler. The tutorial's 0.125 ms is unstable (it warns): what bounds the
        dendrite there is the clip of the synaptic current at 1500 pA.

    Returns
    -------
    Dataset: ``spike_time`` (ms) and ``spike_neuron`` over ``spike``; ``Vs`` and ``Vd`` (mV) over
    (neuron, time), about every millisecond after the first 200.

    Raises
    ------
    ModelError for numbers that make no neurons.

    Source: tutorial of SpikingNeuralNetworks.jl.

    Example
    -------
    >>> run = simulate_ball_and_stick(neurons=20, duration=1000)
    """
    b2 = brian()

    if neurons < 1 or not duration > 0 or not 0 < dt <= 1.0:
        raise ModelError(
            f"{neurons} neurons for {duration} ms with dt = {dt} ms; give at least one neuron, a "
            "positive duration and a step of at most 1 ms"
        )
    dendrite = cable or Cable()
    _check_step(dt, dendrite, excitation, inhibition)
    b2.start_scope()
    b2.seed(seed)
    clock = b2.Clock(dt=dt * b2.ms)
    group = b2.NeuronGroup(
        neurons, _EQUATIONS + _synapses(nmda, magnesium), threshold="Vs > theta + 10*mV",
        reset=_RESET, refractory=0.1 * b2.ms, method="euler", clock=clock,
        namespace={
            "gax": dendrite.axial_conductance * b2.nS, "gm": dendrite.membrane_conductance * b2.nS,
            "Cd": dendrite.capacitance * b2.pF, "largest": LARGEST * b2.pA,
        },
    )  # fmt: skip
    group.Vs = group.Vd = -70.6 * b2.mV
    group.theta = -50.4 * b2.mV
    group.run_regularly(_events(nmda, excitation, inhibition), clock=clock)
    spikes = b2.SpikeMonitor(group)
    # An odd number of steps: an even one would show one side of an unstable step's oscillation.
    odd = 2 * int(0.5 / dt) + 1
    trace = b2.StateMonitor(group, ["Vs", "Vd"], record=True, dt=odd * dt * b2.ms)
    network = b2.Network(group, spikes, trace, *group.contained_objects)
    network.run(duration * b2.ms, namespace={})
    late = np.asarray(trace.t / b2.ms) >= min(200.0, duration / 2)
    volts = {k: np.asarray(getattr(trace, k) / b2.mV)[:, late] for k in ("Vs", "Vd")}
    return xr.Dataset(
        {
            "spike_time": ("spike", np.asarray(spikes.t / b2.ms), {"units": "ms"}),
            "spike_neuron": ("spike", np.asarray(spikes.i)),
            **{k: (("neuron", "time"), v, {"units": "mV"}) for k, v in volts.items()},
        },
        coords={"time": ("time", np.asarray(trace.t / b2.ms)[late], {"units": "ms"})},
        attrs={
            "neurons": neurons, "duration": duration, "dt": dt, "seed": seed, "nmda": int(nmda),
            "magnesium": int(magnesium), "excitation": list(excitation),
            "inhibition": list(inhibition),
        },
    )  # fmt: skip


def _check_step(
    dt: float, dendrite: Cable, excitation: tuple[int, float, float],
    inhibition: tuple[int, float, float],
) -> None:  # fmt: skip
    """Warn where forward Euler is unstable for the dendrite under its mean conductances."""
    total = dendrite.axial_conductance + dendrite.membrane_conductance
    for name, receptor in RECEPTORS.items():
        sources, rate, weight = excitation if name in GLUTAMATE else inhibition
        if name != "nmda":  # of which the block leaves little at rest
            total += sources * rate * weight * receptor.area / 1000
    fastest = dendrite.capacitance / total
    if dt > fastest:
        warnings.warn(
            f"dt = {dt:g} ms is coarse: the dendrite follows its {total:.0f} nS within "
            f"{fastest:.3f} ms, and forward Euler oscillates from there on and is unstable beyond "
            f"{2 * fastest:.3f} ms; use dt <= {fastest / 1.05:.2g}",
            stacklevel=3,
        )


def _events(
    nmda: bool, excitation: tuple[int, float, float], inhibition: tuple[int, float, float]
) -> str:
    """Code of every step: the same events reach both receptors of a transmitter."""
    lines = []
    for kind, (sources, rate, weight) in (("e", excitation), ("i", inhibition)):
        lines.append(f"n_{kind} = poisson({sources * rate!r}*Hz*dt)*{weight!r}")
    for name in RECEPTORS:
        if nmda or name != "nmda":
            lines.append(f"r_{name} += n_{'e' if name in GLUTAMATE else 'i'}")
    return "\n".join(lines)


def _synapses(nmda: bool, magnesium: bool) -> str:
    """Equations of the receptors and of the synaptic current."""
    names = [name for name in RECEPTORS if nmda or name != "nmda"]
    lines, currents = ["n_e : 1", "n_i : 1"], []
    for name in names:
        r = RECEPTORS[name]
        lines.append(f"dr_{name}/dt = -r_{name}/({r.rise}*ms) : 1")
        lines.append(
            f"dg_{name}/dt = -g_{name}/({r.decay}*ms) + {r.jump!r}*nS/ms*r_{name} : siemens"
        )
        block = "/(1 + exp(-0.077*Vd/mV)/3.36)" if name == "nmda" and magnesium else ""
        currents.append(f"g_{name}*(Vd - {r.reversal}*mV){block}")
    return "\n".join([*lines, f"I_syn = {' + '.join(currents)} : amp"])
