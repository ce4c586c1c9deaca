"""A compiled kernel of the AdEx network: the same equations and steps as in ``adex.py``, faster.

It agrees with Brian2 statistically, not spike by spike: tests/validation/networks/test_engines.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np

from dynsys.interruption import interruptible
from dynsys.models.aln_network import PAIRS
from validation.networks.connections import connections_of
from validation.networks.stepping import (
    NORMAL,
    SAMPLE,
    Constants,
    Generator,
    Recording,
    Synapses,
    run,
)  # fmt: skip
from validation.networks.structure import Structure

TRACED, TRACE_DT = 20, 1.0  # as in adex.py


def run_kernel(
    structure: Structure,
    settings: Mapping[str, int],
    values: Mapping[str, Mapping[str, float]],
    drives: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], float]:
    """Run once; returns the recorded arrays by name, as Brian2 would, and the seconds it took."""
    start = time.perf_counter()
    n, steps, dt = structure.neurons, settings["steps"], structure.dt
    connections = connections_of(structure, settings["seed_network"])
    generator = np.random.default_rng(settings["seed_run"])
    state = _initial(n, generator)
    constants = _constants(structure, values, "E"), _constants(structure, values, "I")
    inputs = np.empty((2, steps + 1))
    for row, name in enumerate("EI"):
        inputs[row] = values[name]["mu"]
        drive = drives.get(f"drive_{name}", np.zeros(0))
        inputs[row, : len(drive)] += drive
    synapses = Synapses(
        np.array([round(d / dt) for d in structure.delays]),
        np.array([1 - values[pair[0]][f"jump_{pair}"] for pair in PAIRS], np.float32),
        connections.offsets, connections.targets, bool(settings.get("redrawn", 0)),
    )  # fmt: skip
    random = Generator(generator.integers(1, 2**63, 2).astype(np.uint64), NORMAL)
    stride = max(1, round(TRACE_DT / dt))
    shown, sampled = min(TRACED, n), min(SAMPLE, n)
    room = sampled * (int(steps * dt / max(structure.neuron.Tref, dt)) + 1)
    sample, times = np.zeros((2, room), np.int32), np.zeros((2, room), np.float32)
    rates = np.zeros((2, steps), np.float32)
    traces = np.zeros((5, -(-steps // stride), shown), np.float32)
    recording = Recording(rates, sample, times, traces, stride)
    seen = interruptible(run, state, constants, inputs, random, synapses, recording)
    names = ("E.w", "E.s_EE", "E.s_EI", "I.s_IE", "I.s_II")
    arrays: dict[str, np.ndarray] = {
        f"traces_{name}": trace for name, trace in zip(names, traces, strict=True)
    }
    arrays["traces_E.w"] = traces[0] * 1e-12
    for row, name in enumerate("EI"):
        arrays[f"rate_{name}.rate"] = rates[row] * (1000.0 / (dt * n))
        arrays[f"spikes_{name}.i"] = sample[row, : seen[row]]
        arrays[f"spikes_{name}.t"] = times[row, : seen[row]].astype(float) * dt * 1e-3
        arrays[f"traces_{name}.t"] = np.arange(traces.shape[1]) * stride * dt * 1e-3
    return arrays, time.perf_counter() - start


def _initial(n: int, generator: np.random.Generator) -> np.ndarray:
    state = np.ones((8, n), np.float32)
    for row in (0, 4):
        state[row] = generator.normal(-100.0, 10.0, n)
    state[1] = 0.1 * generator.normal(size=n)
    state[5] = 0.0
    return state


def _constants(
    structure: Structure, values: Mapping[str, Mapping[str, float]], name: str
) -> Constants:
    neuron, own, dt = structure.neuron, values[name], structure.dt
    adaptation = {"a": 0.0, "E_A": 0.0, "decay_w": 0.0, "b": 0.0}
    if name == "E":
        adaptation = {
            "a": own["a"] * 1e9, "E_A": own["E_A"] * 1e3, "decay_w": dt * 1e-3 / own["tau_A"],
            "b": own["b"] * 1e12,
        }  # fmt: skip
    return Constants(
        EL=neuron.EL, leak=1 / neuron.membrane_time_constant, VT=neuron.VT,
        sharpness=1 / neuron.DeltaT, DeltaT=neuron.DeltaT, V_spike=neuron.Vs, V_reset=neuron.Vr,
        dt=dt, noise=own["sigma"] * 1e3 * 1e-3**0.5 * math.sqrt(dt), elastance=1 / neuron.C,
        J_e=own[f"J_{name}E"], J_i=own[f"J_{name}I"], decay_e=dt * 1e-3 / own["tau_E"],
        decay_i=dt * 1e-3 / own["tau_I"], refractory=round(neuron.Tref / dt),
        heun=structure.method == "heun", **adaptation,
    )  # fmt: skip
