"""The AdEx network in Brian2: equations, synapses, what is recorded.

Source: Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822 (methods). Brett & Gerstner 2005, J
Neurophysiol 94:3637 (AdEx neuron). This file is imported only where Brian2 runs: in the process
that builds a program, or in the one that interprets a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys.models.aln_network import PAIRS
from validation.brian import brian
from validation.networks.structure import Structure

brian2 = brian()
ms, mV, pA, pF = brian2.ms, brian2.mV, brian2.pA, brian2.pF
word_substitute = brian2.utils.stringtools.word_substitute

SAMPLE = 100  # neurons of each population whose spikes are recorded, as published
TRACED = 20  # of these, neurons whose slow variables are recorded
TRACE_DT = 1.0  # ms
RECORDED = ("rate", "t", "i", "w", "s_EE", "s_EI", "s_IE", "s_II")  # of the monitors

# Not Brian2's "unless refractory" for s: that would also drop the spikes that arrive meanwhile.
_SYNAPSE = "ds_{pair}/dt = -s_{pair}*int(not_refractory)/tau_{source} : 1"
_MEMBRANE = """
dv/dt = (EL - v + DeltaT*exp((v - VT)/DeltaT))/taum {adaptation} + mu + {drive}(t)
        + J_{t}E*s_{t}E + J_{t}I*s_{t}I + sigma*xi : volt (unless refractory)
"""
_ADAPTATION = """
dw/dt = (a*(v - E_A) - w)/tau_A : amp (unless refractory)
a : siemens (shared)
b : amp (shared)
E_A : volt (shared)
tau_A : second (shared)
"""
_SHARED = """
mu : volt/second (shared)
sigma : volt/second**0.5 (shared)
J_{t}E : volt/second (shared)
J_{t}I : volt/second (shared)
jump_{t}E : 1 (shared)
jump_{t}I : 1 (shared)
tau_E : second (shared)
tau_I : second (shared)
"""


@dataclass
class Parts:
    """A network and the groups that are set and read by name."""

    network: Any
    groups: dict[str, Any]
    drives: dict[str, Any]
    monitors: dict[str, Any]


def construct(structure: Structure, capacity: int, seed_network: Any, seed_run: Any) -> Parts:
    """Create the network's objects in the active Brian2 device.

    ``capacity``: time steps for which inputs can be given. ``seed_network`` and ``seed_run`` are
    called before the connections and before the initial states are drawn.
    """
    kind = np.float32 if structure.precision == "single" else np.float64
    brian2.prefs.core.default_float_dtype = kind
    brian2.defaultclock.dt = structure.dt * ms
    namespace = _constants(structure)
    drives = {}
    for name in ("drive_E", "drive_I"):
        values = np.zeros(capacity, kind)
        drives[name] = brian2.TimedArray(values * (mV / ms), dt=structure.dt * ms, name=name)
    groups = {name: _population(name, structure, namespace | drives) for name in "EI"}
    settings = brian2.NeuronGroup(1, _SETTINGS, name="settings")
    synapses = {
        pair: brian2.Synapses(
            groups[pair[1]], groups[pair[0]], name=f"synapses_{pair}",
            on_pre=f"s_{pair}_post += (1 - s_{pair}_post)*jump_{pair}_post",
            delay=delay * ms,
        )
        for pair, delay in zip(PAIRS, structure.delays, strict=True)
    }  # fmt: skip
    seed_network()
    for pair, degree in zip(PAIRS, structure.in_degrees, strict=True):
        synapses[pair].connect(i=f"k for k in sample(N_pre, size={degree})")
    seed_run()
    # Below any physiological value, as published: the network starts without a common spike.
    for group in groups.values():
        group.v = "-100*mV + 10*mV*randn()"
    groups["E"].w = "0.1*pA*randn()"
    monitors = _monitors(groups, structure)
    network = brian2.Network(
        *groups.values(), settings, *synapses.values(), *monitors.values(), name="network"
    )
    return Parts(network, groups | {"settings": settings}, drives, monitors)


_SETTINGS = """
steps : integer
seed_run : integer
seed_network : integer
"""


def _constants(structure: Structure) -> dict[str, Any]:
    neuron = structure.neuron
    return {
        "EL": neuron.EL * mV, "DeltaT": neuron.DeltaT * mV, "VT": neuron.VT * mV,
        "V_reset": neuron.Vr * mV, "V_spike": neuron.Vs * mV, "C": neuron.C * pF,
        "taum": neuron.membrane_time_constant * ms, "refractory_time": neuron.Tref * ms,
        "mV": mV, "pA": pA,
    }  # fmt: skip


def _population(name: str, structure: Structure, namespace: dict[str, Any]) -> Any:
    adapts = name == "E"
    method = heun if structure.method == "heun" else "euler"
    lines = [_MEMBRANE.format(t=name, drive=f"drive_{name}", adaptation="- w/C" if adapts else "")]
    lines += [_ADAPTATION] if adapts else []
    lines += [_SYNAPSE.format(pair=name + source, source=source) for source in "EI"]
    lines += [_SHARED.format(t=name)]
    return brian2.NeuronGroup(
        structure.neurons, "\n".join(lines), name=name, namespace=namespace, method=method,
        threshold="v > V_spike", reset="v = V_reset" + ("; w += b" if adapts else ""),
        refractory="refractory_time",
    )  # fmt: skip


def heun(equations: Any, variables: Any, method_options: Any = None) -> str:
    """Heun's step for additive noise, as abstract code for Brian2.

    Brian2's own "heun" takes only the noise by Heun's method; with additive noise it is Euler's
    step, and at 0.1 ms shifts the rate of I by 5 % (published wiring, mu_e = 1.6, mu_i = 0.3).
    """
    steps, ahead, after = [], [], []
    moved = {name: f"_ahead_{name}" for name in equations.diff_eq_names} | {"t": "(t + dt)"}
    for name, expression in equations.get_substituted_expressions(variables):
        slope, noises = expression.split_stochastic()
        noise = "".join(f" + ({g.code})*xi" for g in (noises or {}).values())
        steps.append(f"_step_{name} = dt*({slope.code})")
        ahead.append(f"_ahead_{name} = {name} + _step_{name}{noise}")
        second = word_substitute(slope.code, moved)
        after.append(f"_after_{name} = {name} + 0.5*(_step_{name} + dt*({second})){noise}")
    final = [f"{name} = _after_{name}" for name in equations.diff_eq_names]
    return "\n".join(["xi = dt**0.5*randn()", *steps, *ahead, *after, *final])


def _monitors(groups: dict[str, Any], structure: Structure) -> dict[str, Any]:
    monitors = {}
    traced = np.arange(min(TRACED, structure.neurons))
    for name, group in groups.items():
        monitors[f"rate_{name}"] = brian2.PopulationRateMonitor(group, name=f"rate_{name}")
        sample = group[: min(SAMPLE, structure.neurons)]
        monitors[f"spikes_{name}"] = brian2.SpikeMonitor(sample, name=f"spikes_{name}")
        variables = [f"s_{name}E", f"s_{name}I"] + (["w"] if name == "E" else [])
        monitors[f"traces_{name}"] = brian2.StateMonitor(
            group, variables, record=traced, dt=TRACE_DT * ms, name=f"traces_{name}"
        )
    return monitors
