"""Filter time constants: the exponential low-pass filter nearest to the neuron's rate response.

tau minimizes the integral over frequency of |1 / (1 + 2 pi i f tau) - r1(f) / norm|^2 from 0.125 to
1000.125 Hz, the continuous form of the sum over 4000 frequencies of Augustin et al. 2017 (norm: the
response at 0.25 Hz, for sigma the slope of the steady rate). The minimum is found by a smooth
search, so tau is not quantized.
"""

from __future__ import annotations

import math

import numpy as np
from numba import complex128, float64, int64, types

from dynsys.numba_cache import njit
from dynsys.transfer.fokker_planck import (
    FINE,
    SERIES,
    VECTOR,
    VR,
    VS,
    _check_noise,
    drift,
    response,
    steady,
)
from dynsys.transfer.neuron import EIFNeuron
from dynsys.typed import typed

LOWEST, HIGHEST = 0.000125, 1.000125  # kHz
NORM_FREQUENCY = 0.00025  # kHz
_LARGEST = 400.0  # ms
_SMALLEST_MU, _SMALLEST_SIGMA = 0.02, 0.001  # ms; noise can act almost at once


_EDGES = np.concatenate(
    [
        np.geomspace(LOWEST, 0.004, 4),
        np.geomspace(0.004, 0.12, 8)[1:],  # resonances at the onset of regular firing
        np.linspace(0.12, HIGHEST, 10)[1:],
    ]
)
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(10)
_REACH = np.array([0.5, 1.5, 4.0, 10.0, 25.0])  # panel edges around a resonance, in half widths
_HARMONICS = 6


@njit([float64(VECTOR, float64, float64, float64)], cache=True)
def resonance_width(neuron, mu, sigma, rate):
    """Half width (kHz) of the resonance of regular firing, inf where firing is irregular.

    Phase diffusion of a drift-driven neuron: CV^2 = sigma^2 int dV / drift^3 / interval^2.
    """
    steps = 200
    h = (neuron[VS] - neuron[VR]) / steps
    variance = 0.0
    for k in range(steps):
        velocity = drift(neuron, mu, neuron[VR] + (k + 0.5) * h)
        if velocity <= 0.0:
            return math.inf
        variance += h / velocity**3
    return math.pi * sigma**2 * variance * rate**3


@njit([VECTOR(float64, float64)], cache=True)
def panel_edges(rate, width):
    """Edges (kHz) of the quadrature panels: finer around the harmonics of a sharp resonance."""
    extra = np.empty(2 * _HARMONICS * _REACH.shape[0])
    count = 0
    for n in range(1, _HARMONICS + 1):
        for reach in _REACH:
            for side in (-1.0, 1.0):
                edge = n * rate + side * reach * width * n**2
                # Only what the plain panels cannot resolve.
                if reach * width * n**2 < 0.5 * rate and LOWEST < edge < HIGHEST:
                    extra[count] = edge
                    count += 1
    return np.sort(np.concatenate((_EDGES, extra[:count])))


@njit([types.UniTuple(VECTOR, 2)(float64, float64)], cache=True)
def frequency_nodes(rate, width):
    """Gauss-Legendre frequencies (kHz) and weights; first the norm's frequency, weight zero."""
    edges = panel_edges(rate, width)
    points = _NODE.shape[0]
    count = (edges.shape[0] - 1) * points + 1
    nodes, weights = np.empty(count), np.empty(count)
    nodes[0], weights[0] = NORM_FREQUENCY, 0.0
    for k in range(edges.shape[0] - 1):
        half = 0.5 * (edges[k + 1] - edges[k])
        for i in range(points):
            nodes[1 + k * points + i] = edges[k] + half * (1.0 + _NODE[i])
            weights[1 + k * points + i] = half * _WEIGHT[i]
    return nodes, weights


@njit(
    [float64(VECTOR, VECTOR, VECTOR, VECTOR, float64)], cache=True, fastmath={"reassoc", "contract"}
)
def misfit(frequencies, weights, real, imaginary, logarithm):
    """Weighted squared distance of the filter of log time constant from the response.

    |1 / (1 + i x) - R|^2 less |R|^2, which no time constant changes; x = 2 pi f tau.
    """
    total = 0.0
    angular = 2.0 * math.pi * math.exp(logarithm)
    for k in range(frequencies.shape[0]):
        x = angular * frequencies[k]
        total += weights[k] * (1.0 - 2.0 * (real[k] - x * imaginary[k])) / (1.0 + x * x)
    return total


@njit([float64(VECTOR, VECTOR, SERIES, float64)], cache=True)
def best_time_constant(frequencies, weights, ratio, smallest_tau):
    """Global minimum of the misfit: a scan in log tau, then golden section and a parabola."""
    real, imaginary = ratio.real.copy(), ratio.imag.copy()
    low, high = math.log(smallest_tau), math.log(_LARGEST)
    count = 160
    best, smallest = low, math.inf
    for k in range(count + 1):
        trial = low + (high - low) * k / count
        value = misfit(frequencies, weights, real, imaginary, trial)
        if value < smallest:
            best, smallest = trial, value
    width = (high - low) / count
    a, b = best - width, best + width
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    c, d = b - golden * (b - a), a + golden * (b - a)
    fc = misfit(frequencies, weights, real, imaginary, c)
    fd = misfit(frequencies, weights, real, imaginary, d)
    while b - a > 1e-4:
        if fc < fd:
            b, d, fd = d, c, fc
            c = b - golden * (b - a)
            fc = misfit(frequencies, weights, real, imaginary, c)
        else:
            a, c, fc = c, d, fd
            d = a + golden * (b - a)
            fd = misfit(frequencies, weights, real, imaginary, d)
    # Rounding hides the minimum below 1e-8; a parabola over a wider base finds its vertex.
    middle, h = 0.5 * (a + b), 1e-3
    left = misfit(frequencies, weights, real, imaginary, middle - h)
    center = misfit(frequencies, weights, real, imaginary, middle)
    right = misfit(frequencies, weights, real, imaginary, middle + h)
    curvature = left - 2.0 * center + right
    if curvature > 0.0:
        middle += 0.5 * h * (left - right) / curvature
    return math.exp(middle)


@njit([types.void(VECTOR, float64, float64, int64, VECTOR)], cache=True)
def cell(neuron, mu, sigma, refinement, out):
    """Fill ``out``: log rate (log kHz), mean voltage (mV), tau_mu and tau_sigma (ms).

    tau_sigma is zero where the rate falls with sigma, as published.
    """
    out[0], out[1] = steady(neuron, mu, sigma, refinement)
    rate = math.exp(max(out[0], -200.0))
    frequencies, weights = frequency_nodes(rate, resonance_width(neuron, mu, sigma, rate))
    ratio = np.empty(frequencies.shape[0], complex128)
    response(neuron, mu, sigma, frequencies, refinement, False, ratio)
    ratio /= ratio[0]
    out[2] = best_time_constant(frequencies, weights, ratio, _SMALLEST_MU)
    h = 1e-3 * sigma
    above = steady(neuron, mu, sigma + h, refinement)
    below = steady(neuron, mu, sigma - h, refinement)
    slope = (above[0] - below[0]) / (2.0 * h)
    out[3] = 0.0
    if slope > 0.0:
        response(neuron, mu, sigma, frequencies, refinement, True, ratio)
        ratio /= slope
        out[3] = best_time_constant(frequencies, weights, ratio, _SMALLEST_SIGMA)


@typed
def filter_time_constants(neuron: EIFNeuron, mu: float, sigma: float) -> tuple[float, float]:
    """(tau_mu, tau_sigma) in ms of the exponential filters at one input (mu, sigma).

    Example
    -------
    >>> tau_mu, tau_sigma = filter_time_constants(EIFNeuron(), mu=1.2923, sigma=1.5)
    """
    _check_noise(sigma)
    out = np.empty(4)
    cell(neuron.packed(), float(mu), float(sigma), FINE, out)
    return float(out[2]), float(out[3])
