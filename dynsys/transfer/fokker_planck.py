"""Steady state and linear response of the EIF Fokker-Planck equation on a graded voltage grid.

Both are integrated from the spike voltage downwards (Richardson 2007, Phys. Rev. E 76:021919):
- dp/dV = F p + (2/sigma^2)(q - inh),  - dq/dV = i w p,  F = (2/sigma^2)(-drift),
by an exponential integrator with midpoint drift and Richardson extrapolation (fourth order; the
published table used a first-order scheme on 16 001 points, whose own error is 1e-4 in the rate).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import complex128, float64, int64, types

from dynsys.errors import ModelError
from dynsys.numba_cache import njit
from dynsys.transfer.neuron import EIFNeuron
from dynsys.typed import typed

VECTOR = types.Array(float64, 1, "C")
SERIES = types.Array(complex128, 1, "C")
MATRIX = types.Array(float64, 2, "C")
HUGE = 1e100  # densities are rescaled when they pass it
UPSTROKE = 300.0  # most grid points per slope factor on account of boundary layers
MOST_POINTS = 50_000.0  # of the base grid; below sigma of about 0.05 accuracy falls
EL, DELTA_T, VT, VR, VS, TREF, TAU = range(7)
FINE = 1  # grid refinement of the public functions; convergence tests vary it


@njit([float64(VECTOR, float64, float64)], cache=True)
def drift(neuron, mu, v):
    """Deterministic dV/dt in mV/ms."""
    exponential = neuron[DELTA_T] * math.exp((v - neuron[VT]) / neuron[DELTA_T])
    return mu + (neuron[EL] - v + exponential) / neuron[TAU]


@njit([float64(VECTOR, float64, float64, float64)], cache=True)
def _density(neuron, mu, sigma, v):
    """Wanted points of the base grid per mV around v."""
    diffusion = sigma / math.sqrt(4.0 * math.pi)  # mV, within a radian of 1 kHz
    smooth = 2.5 / diffusion
    layer = 2.0 / sigma**2 * abs(drift(neuron, mu, v))  # inverse width of a boundary layer
    if v > neuron[VT] - 3.0 * neuron[DELTA_T]:
        # In the upstroke the density follows flux / drift, however thin its boundary layer is.
        smooth = max(smooth, 15.0 / neuron[DELTA_T])
        layer = min(layer, UPSTROKE / neuron[DELTA_T])
    return smooth + layer


@njit([VECTOR(VECTOR, float64, float64, float64, float64, int64)], cache=True)
def _graded(neuron, mu, sigma, high, low, refinement):
    """Voltages from ``high`` down to ``low``; each step of the base grid in equal parts."""
    samples = 500
    h = (high - low) / samples
    total = np.zeros(samples + 1)
    for k in range(samples):
        total[k + 1] = total[k] + h * _density(neuron, mu, sigma, high - (k + 0.5) * h)
    count = int(min(max(1.0, math.ceil(total[samples])), MOST_POINTS))
    wanted = np.linspace(0.0, total[samples], count + 1)
    base = high - np.interp(wanted, total, np.arange(samples + 1) * h)
    base[0], base[count] = high, low
    grid = np.empty(count * refinement + 1)
    for k in range(count):
        for i in range(refinement):
            grid[k * refinement + i] = base[k] + (base[k + 1] - base[k]) * i / refinement
    grid[count * refinement] = low
    return grid


@njit([VECTOR(VECTOR, float64, float64, int64)], cache=True)
def voltage_grid(neuron, mu, sigma, refinement):
    """Voltages (k,) from Vs down to where the density has vanished; Vr is one of them.

    Steps follow the diffusion length, the slope factor of the spike and the width of the boundary
    layers. ``refinement`` divides every step equally, so that Richardson extrapolation applies.
    """
    spread = sigma * math.sqrt(neuron[TAU] / 2.0)
    bottom = min(neuron[VR], neuron[EL] + mu * neuron[TAU]) - 9.0 * spread
    above = _graded(neuron, mu, sigma, neuron[VS], neuron[VR], refinement)
    below = _graded(neuron, mu, sigma, neuron[VR], bottom, refinement)
    return np.concatenate((above, below[1:]))


@njit([types.void(VECTOR, float64, float64, VECTOR, VECTOR, VECTOR)], cache=True)
def propagators(neuron, mu, sigma, grid, a, b):
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

    The density per unit flux can exceed any number; it is rescaled on the way.
    """
    p, total, moment, flux, logarithm = 0.0, 0.0, 0.0, 1.0, 0.0
    for k in range(grid.shape[0] - 1):
        # Unit flux between reset and spike voltage.
        q = flux if grid[k + 1] >= neuron[VR] else 0.0
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


@njit([types.UniTuple(float64, 2)(VECTOR, float64, float64, int64)], cache=True)
def _steady(neuron, mu, sigma, refinement):
    """(log of the rate in kHz, mean voltage in mV) of the second-order scheme."""
    grid = voltage_grid(neuron, mu, sigma, refinement)
    a, b = np.empty(grid.shape[0] - 1), np.empty(grid.shape[0] - 1)
    propagators(neuron, mu, sigma, grid, a, b)
    _, rate, voltage = _per_unit_flux(neuron, sigma, grid, a, b)
    return rate, voltage


@njit([types.UniTuple(float64, 2)(VECTOR, float64, float64, int64)], cache=True)
def steady(neuron, mu, sigma, refinement):
    """(log of the rate in kHz, mean voltage in mV) of the compiled neuron, fourth order."""
    coarse = _steady(neuron, mu, sigma, refinement)
    fine = _steady(neuron, mu, sigma, 2 * refinement)
    return (4.0 * fine[0] - coarse[0]) / 3.0, (4.0 * fine[1] - coarse[1]) / 3.0


@njit([types.void(VECTOR, float64, float64, float64, float64, MATRIX)], cache=True)
def _strang_step(frequencies, h, a, b, inhomogeneity, w):
    """One step of both solutions at all frequencies, density and flux coupled symmetrically.

    Rows of ``w``: density and flux (real, imaginary) of the homogeneous, then the forced solution.
    Real arithmetic on rows, which the compiler vectorizes.
    """
    for j in range(frequencies.shape[0]):
        half = math.pi * frequencies[j] * h
        q_re, q_im = w[2, j] - half * w[1, j], w[3, j] + half * w[0, j]
        p_re, p_im = a * w[0, j] + b * q_re, a * w[1, j] + b * q_im
        w[0, j], w[1, j] = p_re, p_im
        w[2, j], w[3, j] = q_re - half * p_im, q_im + half * p_re
        q_re, q_im = w[6, j] - half * w[5, j], w[7, j] + half * w[4, j]
        p_re, p_im = a * w[4, j] + b * (q_re - inhomogeneity), a * w[5, j] + b * q_im
        w[4, j], w[5, j] = p_re, p_im
        w[6, j], w[7, j] = q_re - half * p_im, q_im + half * p_re


@njit([types.void(VECTOR, float64, float64, VECTOR, int64, types.boolean, SERIES)], cache=True)
def _response(neuron, mu, sigma, frequencies, refinement, of_sigma, out):
    """The second-order scheme behind ``response``.

    The forced solution is driven by the steady density per unit flux and rescaled with it.
    """
    grid = voltage_grid(neuron, mu, sigma, refinement)
    size = grid.shape[0]
    a, b = np.empty(size - 1), np.empty(size - 1)
    propagators(neuron, mu, sigma, grid, a, b)
    w = np.zeros((8, frequencies.shape[0]))
    w[2] = 1.0
    angle = 2.0 * math.pi * neuron[TREF] * frequencies
    p, flux = 0.0, 1.0  # the steady density and flux that drive the forced solution
    reinjected = 1.0
    for k in range(size - 1):
        h = grid[k] - grid[k + 1]
        middle = 0.5 * (grid[k] + grid[k + 1])
        q = flux if middle > neuron[VR] else 0.0
        following = a[k] * p + b[k] * q
        inhomogeneity = 0.5 * (p + following)
        p = following
        if of_sigma:
            inhomogeneity = 2.0 / sigma * (q - drift(neuron, mu, middle) * inhomogeneity)
        _strang_step(frequencies, h, a[k], b[k], inhomogeneity, w)
        if grid[k + 1] == neuron[VR]:
            w[2] -= reinjected * np.cos(angle)
            w[3] += reinjected * np.sin(angle)
        if p > HUGE:
            # One factor for everything: only the ratio of the two solutions matters.
            p, flux, reinjected = p / HUGE, flux / HUGE, reinjected / HUGE
            w /= HUGE
    for j in range(frequencies.shape[0]):
        out[j] = -complex(w[6, j], w[7, j]) / complex(w[2, j], w[3, j])


@njit([types.void(VECTOR, float64, float64, VECTOR, int64, types.boolean, SERIES)], cache=True)
def response(neuron, mu, sigma, frequencies, refinement, of_sigma, out):
    """Relative first-order rate response r1 / r to a modulation of mu, or of sigma.

    ``frequencies`` in kHz. Fourth order, by Richardson extrapolation.
    """
    coarse = np.empty(frequencies.shape[0], complex128)
    _response(neuron, mu, sigma, frequencies, refinement, of_sigma, coarse)
    _response(neuron, mu, sigma, frequencies, 2 * refinement, of_sigma, out)
    for j in range(frequencies.shape[0]):
        out[j] = (4.0 * out[j] - coarse[j]) / 3.0


@typed
def steady_state(neuron: EIFNeuron, mu: float, sigma: float) -> tuple[float, float]:
    """Steady rate in kHz and mean membrane voltage in mV (refractory time excluded).

    Fourth order, by Richardson extrapolation (relative error below 1e-6).

    Example
    -------
    >>> rate, voltage = steady_state(EIFNeuron(), mu=1.2923, sigma=1.5)
    """
    _check_noise(sigma)
    logarithm, voltage = steady(neuron.packed(), float(mu), float(sigma), FINE)
    return math.exp(logarithm), voltage


@typed
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
