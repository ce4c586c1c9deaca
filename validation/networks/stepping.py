"""Compiled steps of the AdEx network in single precision: states, noise, spikes, their delivery.

A spike multiplies 1 - s of its targets by 1 - c/|J| (the same as s += (1 - s) c/|J|), with neither
weights nor delays stored per synapse. The exponential is a polynomial, in loops that the compiler
turns into vector code. A normal number is the sum of two of 4096 equally likely values, scaled.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
from numba import float32, int32, int64, types, uint32, uint64
from scipy.stats import norm

from dynsys.compiled.records import Indices, Matrix, numba_type, record, signature
from dynsys.numba_cache import njit

SAMPLE = 100  # neurons whose spikes are recorded

Single = Annotated[float, float32]
Singles = Annotated[np.ndarray, types.Array(float32, 1, "C")]
Rows = Annotated[np.ndarray, types.Array(float32, 2, "C")]
Words = Annotated[np.ndarray, types.Array(int32, 1, "C")]
Offsets = Annotated[tuple, types.UniTuple(types.Array(int64, 1, "C", readonly=True), 4)]
Targets = Annotated[tuple, types.UniTuple(types.Array(uint32, 1, "C", readonly=True), 4)]

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


@record
class Constants(NamedTuple):
    """Constants of a population, in mV, ms, pA, pF, nS; ``decay``: the part lost in one step."""

    EL: Single
    leak: Single  # 1/taum
    VT: Single
    sharpness: Single  # 1/DeltaT
    DeltaT: Single
    V_spike: Single
    V_reset: Single
    dt: Single
    noise: Single  # standard deviation of a step
    elastance: Single  # 1/C
    J_e: Single
    J_i: Single
    decay_e: Single
    decay_i: Single
    a: Single
    E_A: Single
    decay_w: Single
    b: Single
    refractory: Annotated[int, int32]  # steps
    heun: bool


@record
class Population(NamedTuple):
    """State of the neurons: v (mV), w (pA), u = 1 - s; ``wait``: steps to the end of
    refractoriness."""

    v: Singles
    w: Singles
    u_e: Singles
    u_i: Singles
    wait: Words


@record
class Work(NamedTuple):
    """Room for one number per neuron each; ``bits`` is the integer view of ``power``."""

    part: Singles
    power: Singles
    bits: Words
    ahead: Singles
    slope: Singles
    current: Singles


@njit
def workspace(n):
    """Work for n neurons."""
    room = np.empty((5, n), np.float32)
    return Work(room[0], room[1], room[1].view(np.int32), room[2], room[3], room[4])


@record
class Synapses(NamedTuple):
    """The four connections k, from population k % 2 to k // 2: delays in steps, what a spike leaves
    of 1 - s, and the targets of source j: ``targets[k][offsets[k][j]:offsets[k][j + 1]]``;
    ``redrawn``: every spike goes out along the synapses of a neuron drawn anew."""

    lags: Indices
    closing: Singles
    offsets: Offsets
    targets: Targets
    redrawn: bool


@record
class Generator(NamedTuple):
    """xoroshiro128+ (Blackman & Vigna 2018): its state (2,), and ``NORMAL``."""

    state: Annotated[np.ndarray, types.Array(uint64, 1, "C")]
    table: Singles


@record
class Recording(NamedTuple):
    """What a run fills: spikes per step (2, steps), spikes of the sample and their steps (2, room),
    traces (5, samples, neurons) of w and all s at every ``stride`` steps."""

    rates: Rows
    sample: Annotated[np.ndarray, types.Array(int32, 2, "C")]
    times: Rows
    traces: Annotated[np.ndarray, types.Array(float32, 3, "C")]
    stride: int


Pair = types.UniTuple(numba_type(Constants), 2)


@njit([signature(types.void, Generator, Singles)], cache=True, nogil=True)
def normals(generator, out):
    """Fill ``out`` (an even number) with normal numbers."""
    state, table = generator.state, generator.table
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


@njit([signature(types.void, Singles, Constants, Work)],
      cache=True, nogil=True, error_model="numpy")  # fmt: skip
def exponential(v, c, work):
    """work.part <- DeltaT exp((v - VT)/DeltaT)."""
    part, power, bits = work.part, work.power, work.bits
    scale, VT, DeltaT = c.sharpness * _LOG2E, c.VT, c.DeltaT
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


@njit([signature(types.void, Population, Singles, Constants, Single, Single, Work)],
      cache=True, nogil=True, error_model="numpy")  # fmt: skip
def advance(population, z, c, mu, mu_next, work):
    """One step of a population with the normal numbers z, which it scales."""
    v, w, u_e, u_i, wait = population
    part, ahead, slope, current = work.part, work.ahead, work.slope, work.current
    n = v.shape[0]
    EL, leak, dt, elastance, J_e, J_i = c.EL, c.leak, c.dt, c.elastance, c.J_e, c.J_i
    k_e, k_i, a, E_A, k_w = c.decay_e, c.decay_i, c.a, c.E_A, c.decay_w
    noise, heun = c.noise, c.heun
    exponential(v, c, work)
    for i in range(n):
        current[i] = J_e * (_ONE - u_e[i]) + J_i * (_ONE - u_i[i]) + mu
    for i in range(n):
        slope[i] = dt * ((EL - v[i] + part[i]) * leak - w[i] * elastance + current[i])
    for i in range(n):
        z[i] *= noise
        ahead[i] = v[i] + slope[i] + z[i]
    if heun:
        # Synapses and adaptation current at the predicted end of the step.
        left_e, left_i = J_e * (_ONE - k_e), J_i * (_ONE - k_i)
        for i in range(n):
            current[i] = left_e * (_ONE - u_e[i]) + left_i * (_ONE - u_i[i]) + mu_next
        exponential(ahead, c, work)
        for i in range(n):
            current[i] -= (w[i] + k_w * (a * (v[i] - E_A) - w[i])) * elastance
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


@njit([signature(int64, Population, Constants, Words)], cache=True, nogil=True)
def spikes(population, c, spiking):
    """Reset those above threshold, list them; returns how many."""
    v, w, wait = population.v, population.w, population.wait
    count = 0
    for i in range(v.shape[0]):
        if v[i] > c.V_spike:
            spiking[count] = i
            count += 1
    for k in range(count):
        i = spiking[k]
        v[i] = c.V_reset
        w[i] += c.b
        wait[i] = c.refractory
    return count


@njit([signature(types.void, Words, int, Synapses, int, Singles)], cache=True, nogil=True)
def deliver(spiking, count, synapses, k, u):
    """Multiply 1 - s of all targets, over connection k, of the neurons that spiked."""
    offsets, targets, closing = synapses.offsets[k], synapses.targets[k], synapses.closing[k]
    for s in range(count):
        source = spiking[s]
        for j in range(offsets[source], offsets[source + 1]):
            u[targets[j]] *= closing


@njit([signature(types.void, Words, int, int, Generator)], cache=True, nogil=True)
def redraw(sources, count, neurons, generator):
    """Write ``count`` neurons drawn at random, of so many, over the first ``sources``."""
    a, b = generator.state[0], generator.state[1]
    for s in range(count):
        word = a + b
        b ^= a
        a = ((a << np.uint64(24)) | (a >> np.uint64(40))) ^ b ^ (b << np.uint64(16))
        b = (b << np.uint64(37)) | (b >> np.uint64(27))
        sources[s] = np.int32(((word >> np.uint64(32)) * np.uint64(neurons)) >> np.uint64(32))
    generator.state[0], generator.state[1] = a, b


@njit
def _show(populations, row, traces):
    """Write w and all s of the first neurons to a row of the traces."""
    excitatory, inhibitory = populations
    for i in range(traces.shape[2]):
        traces[0, row, i] = excitatory.w[i]
        traces[1, row, i] = _ONE - excitatory.u_e[i]
        traces[2, row, i] = _ONE - excitatory.u_i[i]
        traces[3, row, i] = _ONE - inhibitory.u_e[i]
        traces[4, row, i] = _ONE - inhibitory.u_i[i]


@njit(
    [signature(types.UniTuple(int64, 2), Rows, Pair, Matrix, Generator, Synapses, Recording)],
    cache=True, nogil=True,
)  # fmt: skip
def run(state, constants, drives, generator, synapses, recording):
    """Run both populations; returns how many spikes of the sample of each were recorded.

    Rows of ``state``: v, w, u_e, u_i of E, then the same of I. drives (2, steps + 1), mV/ms.
    """
    n = state.shape[1]
    work = workspace(n)
    z = np.empty(n + n % 2, np.float32)
    wait = np.zeros((2, n), np.int32)
    populations = (
        Population(state[0], state[1], state[2], state[3], wait[0]),
        Population(state[4], state[5], state[6], state[7], wait[1]),
    )
    depth = 1
    for k in range(4):
        depth = max(depth, synapses.lags[k] + 1)
    ring = np.empty((2, depth, n), np.int32)
    counts = np.zeros((2, depth), np.int64)
    seen = np.zeros(2, np.int64)
    for t in range(drives.shape[1] - 1):
        if t % recording.stride == 0:
            _show(populations, t // recording.stride, recording.traces)
        slot = t % depth
        for q in range(2):
            spiking = ring[q, slot]
            normals(generator, z)
            mu, mu_next = np.float32(drives[q, t]), np.float32(drives[q, t + 1])
            advance(populations[q], z, constants[q], mu, mu_next, work)
            counts[q, slot] = spikes(populations[q], constants[q], spiking)
            recording.rates[q, t] = counts[q, slot]
            for k in range(counts[q, slot]):
                if spiking[k] >= SAMPLE or seen[q] >= recording.sample.shape[1]:
                    break
                recording.sample[q, seen[q]] = spiking[k]
                recording.times[q, seen[q]] = t
                seen[q] += 1
        for k in range(4):
            if t >= synapses.lags[k]:
                source, target = k % 2, k // 2
                past = (t - synapses.lags[k]) % depth
                u = populations[target].u_i if source else populations[target].u_e
                sent, count = ring[source, past], counts[source, past]
                if synapses.redrawn:
                    redraw(sent, count, n, generator)
                deliver(sent, count, synapses, k, u)
    return seen[0], seen[1]
