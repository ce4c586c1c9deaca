"""Compiled steps of the Fokker-Planck equation of one population of EIF neurons.

Finite volumes in the voltage with exponentially fitted fluxes, implicit in time: what leaves at the
spike's voltage comes back at the reset after the refractory period, so that mass is kept exactly.

Sources: Scharfetter & Gummel 1969, IEEE Trans Electron Devices 16:64; Augustin et al. 2017, PLOS
Comput Biol 13(6):e1005545 (for populations of these neurons).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import types

from dynsys.compiled.records import Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

LOWEST = -0.002  # kHz, of an activity that the memory of the trains takes below 0


@record
class Voltages(NamedTuple):
    """Cells of ``width`` mV: drift without input at their upper faces (k,) in mV/ms, the cell below
    the reset and the share of what is reset that goes into the one above it."""

    drift: Vector
    width: float
    reset: int
    upper: float


@njit([signature(float, float)], cache=True)
def bernoulli(x):
    """x / (exp(x) - 1)."""
    if abs(x) < 1e-5:
        return 1.0 - 0.5 * x
    if x > 500.0:
        return 0.0
    return x / math.expm1(x)


@njit([signature(float, Vector, Voltages, float, float, float, float, Vector)],
      cache=True, nogil=True, error_model="numpy")  # fmt: skip
def advance(density, cells, mu, variance, returning, dt, work):
    """One step of a density (k,) in 1/mV with mean input and noise; returns the rate in kHz.

    ``variance``: sigma^2. ``returning``: the rate that ends its refractory period, kHz.
    """
    k, width = density.shape[0], cells.width
    spread = 0.5 * variance
    density[cells.reset] += (1.0 - cells.upper) * returning * dt / width
    density[cells.reset + 1] += cells.upper * returning * dt / width
    # Thomas's algorithm, rows written as they are eliminated; fluxes (up - down) at upper faces.
    scale = dt * spread / (width * width)
    below_up, below_down = 0.0, 0.0
    before = 0.0
    for i in range(k):
        x = (cells.drift[i] + mu) * width / spread
        if i < k - 1:
            up, down = scale * bernoulli(-x), scale * bernoulli(x)
        else:
            up, down = 2.0 * scale * bernoulli(-0.5 * x), 0.0
        diagonal = 1.0 + up + below_down - below_up * before
        density[i] = (density[i] + (below_up * density[i - 1] if i > 0 else 0.0)) / diagonal
        before = down / diagonal
        work[i] = before
        below_up, below_down = up, down
    for i in range(k - 2, -1, -1):
        density[i] += work[i] * density[i + 1]
    return below_up * density[k - 1] * width / dt


@record
class Projections(NamedTuple):
    """The four connections in the order of ``PAIRS``: J (mV/ms), jump of s per spike, in-degree,
    synaptic time (ms), delay in steps."""

    J: Vector
    jump: Vector
    degree: Vector
    tau: Vector
    lag: Indices


@record
class Membranes(NamedTuple):
    """What both populations share, and the adaptation of E: capacitance (pF), time constant (ms),
    steps of refractoriness, external noise of both, a (nS), b (pA), E_A (mV), tau_A (ms)."""

    C: float
    tau: float
    pause: int
    noise_e: float
    noise_i: float
    a: float
    b: float
    E_A: float
    tau_A: float


@record
class Trains(NamedTuple):
    """Whose spikes are counted: ``neurons`` of each population, infinitely many if 0, and
    ``memory`` (2, 4) of their trains, the filter a1, a0, b1, b0 of ``aln_noise``; in steps of
    ``dt`` ms."""

    neurons: float
    memory: Matrix
    seed: int
    dt: float


@njit([signature(float, float, Trains, int, Matrix)], cache=True, nogil=True)
def counted(rate, trains, p, noise):
    """The activity (kHz) of finitely many neurons in a step: spikes by chance, and the memory of
    those before, ``noise`` (2, 2) being that filter's state. No synapse closes more than it can."""
    dt = trains.dt
    spikes = np.random.poisson(max(rate, 0.0) * trains.neurons * dt)
    drawn = spikes / (trains.neurons * dt) - rate
    a1, a0 = trains.memory[p, 0], trains.memory[p, 1]
    b1, b0 = trains.memory[p, 2], trains.memory[p, 3]
    y, u = noise[p, 0], noise[p, 1]
    noise[p, 0] += dt * u
    noise[p, 1] += dt * (drawn - a1 * u - a0 * y)
    return max(rate + drawn + (b1 - a1) * u + (b0 - a0) * y, LOWEST)


@njit([signature(types.void, Matrix, Matrix, Voltages, Projections, Membranes, Trains, Matrix,
                 Matrix, Matrix)],
      cache=True, nogil=True, error_model="numpy")  # fmt: skip
def run(densities, synapses, cells, links, membranes, trains, drives, rates, activity):
    """Run both populations; fills ``rates`` and ``activity`` (2, steps) in kHz, which differ by the
    noise of finitely many neurons.

    densities (2, k); synapses (3, 4): s, v, and in [2, 0] the adaptation current I_A (pA);
    drives (2, steps): external inputs in mV/ms.
    """
    k, dt = densities.shape[1], trains.dt
    work, z1, past_spikes = np.empty(k), np.empty(4), np.zeros((2, 2))
    np.random.seed(trains.seed)
    s, v = synapses[0], synapses[1]
    lowest = cells.width * (0.5 - k)  # of a cell's middle, below the spike's voltage
    for t in range(drives.shape[1]):
        for j in range(4):
            past = t - links.lag[j]
            arriving = activity[j % 2, past] if past >= 0 else 0.0
            z1[j] = links.jump[j] * links.degree[j] * arriving
            z2, tau = links.jump[j] * z1[j], links.tau[j]
            decay = (2.0 * tau * (1.0 + z1[j]) - z2) / (tau * tau)
            rest = (1.0 - s[j]) ** 2 * z2 / (tau * tau) / decay
            v[j] = rest + (v[j] - rest) * math.exp(-decay * dt)
            rest = z1[j] / (1.0 + z1[j])
            s[j] = rest + (s[j] - rest) * math.exp(-(1.0 + z1[j]) / tau * dt)
        for p in range(2):
            mu = drives[p, t]
            noise = membranes.noise_i if p else membranes.noise_e
            variance = noise * noise
            for j in range(2 * p, 2 * p + 2):
                J, tau = links.J[j], links.tau[j]
                mu += J * s[j]
                variance += 2.0 * J * J * v[j] * tau * membranes.tau / (
                    (1.0 + z1[j]) * membranes.tau + tau)  # fmt: skip
            if p == 0:
                mu -= synapses[2, 0] / membranes.C
            past = t - membranes.pause
            back = rates[p, past] if past >= 0 else 0.0
            rate = advance(densities[p], cells, mu, variance, back, dt, work)
            rates[p, t] = rate
            if trains.neurons > 0.0:
                rate = counted(rate, trains, p, past_spikes)
            activity[p, t] = rate
        if membranes.a != 0.0 or membranes.b != 0.0:
            current = synapses[2, 0]
            mass, moment = 0.0, 0.0
            for i in range(k):
                mass += densities[0, i]
                moment += densities[0, i] * (lowest + cells.width * i)
            voltage = moment / mass + synapses[2, 1]
            change = (membranes.a * (voltage - membranes.E_A) - current) / membranes.tau_A
            synapses[2, 0] = current + dt * (change + membranes.b * activity[0, t])
