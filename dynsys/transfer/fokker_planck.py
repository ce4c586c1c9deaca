"""Steady state and linear response of the EIF Fokker-Planck equation on a graded voltage grid.

Both are integrated from the spike voltage downwards (Richardson 2007, Phys. Rev. E 76:021919):
- dp/dV = F p + (2/sigma^2)(q - inh),  - dq/dV = i w p,  F = (2/sigma^2)(-drift),
by an exponential integrator with midpoint drift (second order; the published table used a
first-order one on 16 001 points).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import complex128, float64, njit, types

from dynsys.errors import ModelError
from dynsys.transfer.neuron import EIFNeuron

VECTOR = types.Array(float64, 1, "C")
SERIES = types.Array(complex128, 1, "C")
HUGE = 1e100
EL, DELTA_T, VT, VR, VS, TREF, TAU = range(7)
FINE = 1.0  # grid refinement of the public functions; convergence tests vary it


@njit([VECTOR(VECTOR, float64, float64, float64)], cache=True)
def voltage_grid(neuron, mu, sigma, refinement):
    """Voltages (k,) from Vs down to where the density has vanished; Vr is one of them.

    Steps shrink where the exponential current makes the drift steep and follow the width of the
    density elsewhere.
    """
    spread = sigma * math.sqrt(neuron[TAU] / 2.0)
    steep = max(neuron[VR], neuron[VT] - 3.0 * neuron[DELTA_T])
    bottom = min(neuron[VR], neuron[EL] + mu * neuron[TAU]) - 9.0 * spread
    edges = np.array([neuron[VS], steep, neuron[VR], bottom])
    width = np.array([neuron[DELTA_T] / 40.0, 0.05, 0.05])
    width[1] = min(0.06, spread / 25.0)
    width[2] = spread / 25.0
    counts = np.zeros(3, np.int64)
    for k in range(3):
        length = edges[k] - edges[k + 1]
        counts[k] = max(1, math.ceil(refinement * length / width[k])) if length > 0 else 0
    grid = np.empty(counts.sum() + 1)
    grid[0] = neuron[VS]
    at = 0
    for k in range(3):
        for i in range(1, counts[k] + 1):
            grid[at + i] = edges[k] + (edges[k + 1] - edges[k]) * i / counts[k]
        at += counts[k]
    return grid


@njit([float64(VECTOR, float64, float64)], cache=True)
def drift(neuron, mu, v):
    """Deterministic dV/dt in mV/ms."""
    exponential = neuron[DELTA_T] * math.exp((v - neuron[VT]) / neuron[DELTA_T])
    return mu + (neuron[EL] - v + exponential) / neuron[TAU]


@njit([types.void(VECTOR, float64, float64, VECTOR, VECTOR, VECTOR)], cache=True)
def _propagators(neuron, mu, sigma, grid, a, b):
    """Step factors p_next = a p + b (q - inh) between the grid's voltages."""
    strength = 2.0 / sigma**2
    for k in range(grid.shape[0] - 1):
        h = grid[k] - grid[k + 1]
        f = -strength * drift(neuron, mu, 0.5 * (grid[k] + grid[k + 1]))
        a[k] = math.exp(h * f)
        b[k] = strength * (math.expm1(h * f) / f if abs(h * f) > 1e-12 else h)


@njit([types.UniTuple(float64, 3)(VECTOR, float64, VECTOR, VECTOR, VECTOR)], cache=True)
def _per_unit_flux(neuron, sigma, grid, a, b):
    """(log of the free rate in kHz, log of the rate, mean voltage) by integrating at unit flux.

    The density per unit flux can exceed any number: it is rescaled on the way, its log kept.
    """
    p, total, moment, flux, logarithm = 0.0, 0.0, 0.0, 1.0, 0.0
    for k in range(grid.shape[0] - 1):
        # Unit flux between reset and spike voltage.
        q = flux if grid[k + 1] >= neuron[VR] - 1e-12 else 0.0
        following = a[k] * p + b[k] * q
        h = grid[k] - grid[k + 1]
        total += 0.5 * h * (p + following)
        moment += 0.5 * h * (p * grid[k] + following * grid[k + 1])
        p = following
        if p > HUGE:
            p, total, moment, flux = p / HUGE, total / HUGE, moment / HUGE, flux / HUGE
            logarithm += math.log(HUGE)
    free = -math.log(total) - logarithm
    return free, free - math.log1p(math.exp(min(free, 50.0)) * neuron[TREF]), moment / total


@njit([types.UniTuple(float64, 2)(VECTOR, float64, float64, float64)], cache=True)
def steady(neuron, mu, sigma, refinement):
    """(log of the rate in kHz, mean voltage in mV) of the compiled neuron."""
    grid = voltage_grid(neuron, mu, sigma, refinement)
    size = grid.shape[0]
    a, b = np.empty(size - 1), np.empty(size - 1)
    _propagators(neuron, mu, sigma, grid, a, b)
    _, rate, voltage = _per_unit_flux(neuron, sigma, grid, a, b)
    return rate, voltage


@njit([types.void(VECTOR, float64, float64, VECTOR, float64, types.boolean, SERIES)], cache=True)
def response(neuron, mu, sigma, frequencies, refinement, of_sigma, out):
    """Relative first-order rate response r1 / r to a modulation of mu, or of sigma.

    ``frequencies`` in kHz. The forced solution is driven by the steady density per unit flux and
    rescaled with it; Strang steps couple density and flux symmetrically.
    """
    grid = voltage_grid(neuron, mu, sigma, refinement)
    size = grid.shape[0]
    a, b = np.empty(size - 1), np.empty(size - 1)
    _propagators(neuron, mu, sigma, grid, a, b)
    count = frequencies.shape[0]
    pa, pb = np.zeros(count, complex128), np.zeros(count, complex128)
    qa, qb = np.ones(count, complex128), np.zeros(count, complex128)
    p, flux = 0.0, 1.0  # the steady density and flux that drive the forced solution
    reinjected = 1.0
    for k in range(size - 1):
        h = grid[k] - grid[k + 1]
        middle = 0.5 * (grid[k] + grid[k + 1])
        q = flux if grid[k + 1] >= neuron[VR] - 1e-12 else 0.0
        following = a[k] * p + b[k] * q
        inhomogeneity = 0.5 * (p + following)
        p = following
        if of_sigma:
            inhomogeneity = 2.0 / sigma * (q - drift(neuron, mu, middle) * inhomogeneity)
        crossing = grid[k + 1] <= neuron[VR] + 1e-12 and grid[k] > neuron[VR] + 1e-12
        for j in range(count):
            half = 1j * math.pi * frequencies[j] * h
            ua, ub = qa[j] + half * pa[j], qb[j] + half * pb[j]
            pa[j] = a[k] * pa[j] + b[k] * ua
            pb[j] = a[k] * pb[j] + b[k] * (ub - inhomogeneity)
            qa[j], qb[j] = ua + half * pa[j], ub + half * pb[j]
            if crossing:
                angle = 2.0 * math.pi * frequencies[j] * neuron[TREF]
                qa[j] -= reinjected * complex(math.cos(angle), -math.sin(angle))
        if p > HUGE:
            # One factor for everything: only the ratio of the two solutions matters.
            p, flux, reinjected = p / HUGE, flux / HUGE, reinjected / HUGE
            for j in range(count):
                pa[j] /= HUGE
                qa[j] /= HUGE
                pb[j] /= HUGE
                qb[j] /= HUGE
    for j in range(count):
        out[j] = -qb[j] / qa[j]


def steady_state(neuron: EIFNeuron, mu: float, sigma: float) -> tuple[float, float]:
    """Steady rate in kHz and mean membrane voltage in mV (refractory time excluded).

    By Richardson extrapolation of the second-order scheme (relative error about 1e-7).

    Example
    -------
    >>> rate, voltage = steady_state(EIFNeuron(), mu=1.2923, sigma=1.5)
    """
    _check_noise(sigma)
    coarse, fine = (steady(neuron.packed(), float(mu), float(sigma), k) for k in (3.0, 6.0))
    logarithm, voltage = ((4 * f - c) / 3 for c, f in zip(coarse, fine, strict=True))
    return math.exp(logarithm), voltage


def rate_response(
    neuron: EIFNeuron, mu: float, sigma: float, frequencies: Sequence[float], modulation: str = "mu"
) -> np.ndarray:
    """Complex first-order response (k,) of the rate to a modulation of mu or sigma.

    ``frequencies`` in Hz; the result in kHz per mV/ms (mu) or per mV/sqrt(ms) (sigma).
    """
    _check_noise(sigma)
    if modulation not in ("mu", "sigma"):
        raise ModelError(f"modulation is {modulation!r}; use 'mu' or 'sigma'")
    out = np.empty(len(frequencies), complex)
    kilohertz = np.ascontiguousarray(frequencies, dtype=float) / 1000.0
    response(neuron.packed(), float(mu), float(sigma), kilohertz, FINE, modulation == "sigma", out)
    return out * steady_state(neuron, mu, sigma)[0]


def _check_noise(sigma: float) -> None:
    if not (math.isfinite(sigma) and sigma > 0):
        raise ModelError(f"sigma is {sigma}; the noise must be positive (mV/sqrt(ms))")
