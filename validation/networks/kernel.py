"""A compiled kernel of the AdEx network: the same equations and steps as in ``adex.py``, faster.

Three things make it fast. A spike multiplies 1 - s of its targets by 1 - c/|J| (the same as
s += (1 - s) c/|J|), with neither weights nor delays stored per synapse. The exponential is a
polynomial and the state is single precision, in loops that the compiler turns into vector code.
A normal number is the sum of two of 4096 equally likely values, scaled.

It agrees with Brian2 statistically, not spike by spike: tests/validation/test_engines.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np
from numba import float32, float64, int32, int64, types, uint32, uint64, void
from scipy.stats import norm

from dynsys.interruption import interruptible
from dynsys.models.aln_network import PAIRS
from dynsys.numba_cache import njit
from validation.networks.connections import connections_of
from validation.networks.structure import Structure

SAMPLE, TRACED, TRACE_DT = 100, 20, 1.0  # as in adex.py

_F = types.Array(float32, 1, "C")
_F2 = types.Array(float32, 2, "C")
_I = types.Array(int32, 1, "C")
_I2 = types.Array(int32, 2, "C")
_D2 = types.Array(float64, 2, "C")
_U = types.Array(uint64, 1, "C")
_OFFSETS = types.Array(int64, 1, "C", readonly=True)
_TARGETS = types.Array(uint32, 1, "C", readonly=True)

_ROUND = np.float32(12582912.0)  # 1.5 * 2^23: adding it leaves the nearest integer in the last bits
_LOG2E = np.float32(math.log2(math.e))
_LOWEST = np.float32(-120.0)
_ONE, _HALF, _NIL = np.float32(1.0), np.float32(0.5), np.float32(0.0)
# 2^x on [-1/2, 1/2], relative error 2e-7.
_P0, _P1, _P2, _P3, _P4, _P5 = (
    np.float32(math.log(2.0) ** k / math.factorial(k)) for k in range(6)
)
_EXPONENT = 127 << 23

# Means of 4096 equally likely slices of the normal distribution, scaled to variance 1/2.
_edges = norm.ppf(np.linspace(0, 1, 4097))
_means = -4096 * np.diff(norm.pdf(_edges))
NORMAL = (_means / np.sqrt(2 * np.mean(_means**2))).astype(np.float32)


@njit([void(_U, _F, _F)], cache=True, nogil=True)
def _normals(state, table, out):
    """Fill ``out`` (an even number) with normal numbers; xoroshiro128+ (Blackman & Vigna 2018)."""
    a, b = state[0], state[1]
    mask = np.uint64(4095)
    for i in range(0, out.shape[0], 2):
        word = a + b
        b ^= a
        a = ((a << np.uint64(24)) | (a >> np.uint64(40))) ^ b ^ (b << np.uint64(16))
        b = (b << np.uint64(37)) | (b >> np.uint64(27))
        out[i] = table[word >> np.uint64(52)] + table[(word >> np.uint64(40)) & mask]
        out[i + 1] = table[(word >> np.uint64(28)) & mask] + table[(word >> np.uint64(16)) & mask]
    state[0], state[1] = a, b


# Per population: EL, 1/taum, VT, 1/DeltaT, DeltaT, V_spike, V_reset, dt, noise, 1/C, J_E, J_I,
# decay of s_E, decay of s_I (both dt/tau), a, E_A, dt/tau_A, b, refractory steps, Heun or not.
@njit([void(_F, _F, _F, _F, _I)], cache=True, nogil=True, error_model="numpy")
def _exponential(v, p, part, power, bits):
    """part <- DeltaT exp((v - VT)/DeltaT); ``bits`` is the integer view of ``power``."""
    scale, VT, DeltaT = p[3] * _LOG2E, p[2], p[4]
    for i in range(v.shape[0]):
        x = (v[i] - VT) * scale
        x = x if x > _LOWEST else _LOWEST
        rounded = x + _ROUND
        power[i] = rounded
        part[i] = x - (rounded - _ROUND)
    for i in range(v.shape[0]):
        bits[i] = (bits[i] << 23) + _EXPONENT
    for i in range(v.shape[0]):
        x = part[i]
        series = _P0 + x * (_P1 + x * (_P2 + x * (_P3 + x * (_P4 + x * _P5))))
        part[i] = DeltaT * series * power[i]


@njit([void(_F, _F, _F, _F, _I, _F, _F, float32, float32, _F2, _I)], cache=True, nogil=True,
      error_model="numpy")  # fmt: skip
def _advance(v, w, u_e, u_i, wait, z, p, mu, mu_next, work, bits):
    """One step of a population; u = 1 - s; ``wait``: steps to the end of refractoriness."""
    n = v.shape[0]
    part, power, ahead, slope, current = work[0], work[1], work[2], work[3], work[4]
    EL, leak, dt, noise, C, J_e, J_i = p[0], p[1], p[7], p[8], p[9], p[10], p[11]
    k_e, k_i, a, E_A, k_w, heun = p[12], p[13], p[14], p[15], p[16], p[19] > _HALF
    _exponential(v, p, part, power, bits)
    for i in range(n):
        current[i] = J_e * (_ONE - u_e[i]) + J_i * (_ONE - u_i[i]) + mu
    for i in range(n):
        slope[i] = dt * ((EL - v[i] + part[i]) * leak - w[i] * C + current[i])
    for i in range(n):
        z[i] *= noise
        ahead[i] = v[i] + slope[i] + z[i]
    if heun:
        # Synapses and adaptation current at the predicted end of the step.
        left_e, left_i = J_e * (_ONE - k_e), J_i * (_ONE - k_i)
        for i in range(n):
            current[i] = left_e * (_ONE - u_e[i]) + left_i * (_ONE - u_i[i]) + mu_next
        _exponential(ahead, p, part, power, bits)
        for i in range(n):
            current[i] -= (w[i] + k_w * (a * (v[i] - E_A) - w[i])) * C
        for i in range(n):
            slope[i] += dt * ((EL - ahead[i] + part[i]) * leak + current[i])
            slope[i] *= _HALF
        k_e, k_i = k_e - _HALF * k_e * k_e, k_i - _HALF * k_i * k_i
    for i in range(n):
        wait[i] = wait[i] - 1 if wait[i] > 0 else 0
        part[i] = _ONE if wait[i] == 0 else _NIL  # who moves
    for i in range(n):
        change = a * (v[i] - E_A) - w[i]
        ahead_change = a * (ahead[i] - E_A) - w[i] - k_w * change
        w[i] += part[i] * k_w * (_HALF * (change + ahead_change) if heun else change)
    for i in range(n):
        v[i] += part[i] * (slope[i] + z[i])
    for i in range(n):
        u_e[i] += part[i] * k_e * (_ONE - u_e[i])
    for i in range(n):
        u_i[i] += part[i] * k_i * (_ONE - u_i[i])


@njit([int64(_F, _F, _I, _F, _I)], cache=True, nogil=True)
def _spikes(v, w, wait, p, spiking):
    """Reset those above threshold, list them; returns how many."""
    count = 0
    for i in range(v.shape[0]):
        if v[i] > p[5]:
            spiking[count] = i
            count += 1
    for k in range(count):
        i = spiking[k]
        v[i] = p[6]
        w[i] += p[17]
        wait[i] = int32(p[18])
    return count


@njit([void(_I, int64, _OFFSETS, _TARGETS, float32, _F)], cache=True, nogil=True)
def _deliver(spiking, count, offsets, targets, closing, u):
    """Multiply 1 - s of all targets of the neurons that spiked."""
    for k in range(count):
        source = spiking[k]
        for j in range(offsets[source], offsets[source + 1]):
            u[targets[j]] *= closing


@njit([types.UniTuple(int64, 2)(
    int64, _F2, _F2, _D2, _U, _F, _I, _F, types.UniTuple(_OFFSETS, 4), types.UniTuple(_TARGETS, 4),
    _F2, _I2, _F2, types.Array(float32, 3, "C"), int64)],
    cache=True, nogil=True)  # fmt: skip
def _run(
    steps, state, p, drives, random, table, lags, closing, offsets, targets,
    rates, sample, sample_times, traces, stride,
):  # fmt: skip
    """Run; fills counts (2, steps), spikes of the sample, traces (5, rows, neurons).

    Rows of ``state``: V, w, 1 - s_E, 1 - s_I of E, then the same of I.
    """
    n = state.shape[1]
    work = np.empty((5, n), np.float32)
    bits = work[1].view(np.int32)
    z = np.empty(n + n % 2, np.float32)
    wait = np.zeros((2, n), np.int32)
    depth = 1
    for k in range(4):
        depth = max(depth, lags[k] + 1)
    ring = np.empty((2, depth, n), np.int32)
    counts = np.zeros((2, depth), np.int64)
    seen = np.zeros(2, np.int64)
    shown = traces.shape[2]
    for t in range(steps):
        if t % stride == 0:
            row = t // stride
            for i in range(shown):
                traces[0, row, i] = state[1, i]
                for k in range(2):
                    traces[1 + k, row, i] = _ONE - state[2 + k, i]
                    traces[3 + k, row, i] = _ONE - state[6 + k, i]
        slot = t % depth
        for q in range(2):
            b = 4 * q
            _normals(random, table, z)
            _advance(
                state[b], state[b + 1], state[b + 2], state[b + 3], wait[q], z, p[q],
                np.float32(drives[q, t]), np.float32(drives[q, t + 1]), work, bits,
            )  # fmt: skip
            spiking = ring[q, slot]
            counts[q, slot] = _spikes(state[b], state[b + 1], wait[q], p[q], spiking)
            rates[q, t] = counts[q, slot]
            for k in range(counts[q, slot]):
                if spiking[k] >= SAMPLE or seen[q] >= sample.shape[1]:
                    break
                sample[q, seen[q]] = spiking[k]
                sample_times[q, seen[q]] = t
                seen[q] += 1
        for k in range(4):
            if t >= lags[k]:
                source, target = k % 2, k // 2
                past = (t - lags[k]) % depth
                _deliver(
                    ring[source, past], counts[source, past], offsets[k], targets[k],
                    closing[k], state[4 * target + 2 + source],
                )  # fmt: skip
    return seen[0], seen[1]


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
    p = np.array([_packed(structure, values, name) for name in "EI"], np.float32)
    inputs = np.empty((2, steps + 1))
    for row, name in enumerate("EI"):
        inputs[row] = values[name]["mu"]
        drive = drives.get(f"drive_{name}", np.zeros(0))
        inputs[row, : len(drive)] += drive
    lags = np.array([round(d / dt) for d in structure.delays], np.int32)
    closing = np.array([1 - values[pair[0]][f"jump_{pair}"] for pair in PAIRS], np.float32)
    stride = max(1, round(TRACE_DT / dt))
    rates = np.zeros((2, steps), np.float32)
    shown, sampled = min(TRACED, n), min(SAMPLE, n)
    room = sampled * (int(steps * dt / max(structure.neuron.Tref, dt)) + 1)
    sample, times = np.zeros((2, room), np.int32), np.zeros((2, room), np.float32)
    traces = np.zeros((5, -(-steps // stride), shown), np.float32)
    random = generator.integers(1, 2**63, 2).astype(np.uint64)
    seen = interruptible(
        _run, steps, state, p, inputs, random, NORMAL, lags, closing, connections.offsets,
        connections.targets, rates, sample, times, traces, stride,
    )  # fmt: skip
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


def _packed(
    structure: Structure, values: Mapping[str, Mapping[str, float]], name: str
) -> list[float]:
    """Constants of a population, in mV, ms, pA, pF, nS."""
    neuron, own, dt = structure.neuron, values[name], structure.dt
    adaptation = [0.0, 0.0, 0.0, 0.0]
    if name == "E":
        adaptation = [own["a"] * 1e9, own["E_A"] * 1e3, dt * 1e-3 / own["tau_A"], own["b"] * 1e12]
    return [
        neuron.EL, 1 / neuron.membrane_time_constant, neuron.VT, 1 / neuron.DeltaT, neuron.DeltaT,
        neuron.Vs, neuron.Vr, dt, own["sigma"] * 1e3 * 1e-3**0.5 * math.sqrt(dt), 1 / neuron.C,
        own[f"J_{name}E"], own[f"J_{name}I"], dt * 1e-3 / own["tau_E"], dt * 1e-3 / own["tau_I"],
        *adaptation, round(neuron.Tref / dt), structure.method == "heun",
    ]  # fmt: skip
