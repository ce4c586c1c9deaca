"""Published transfer-function values, the published numerical scheme and Siegert's formula.

Sources: Augustin, Ladenbauer, Baumann & Obermayer 2017, PLOS Comput Biol 13(6):e1005545 (scheme);
table ``quantities_cascade.h5`` of Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822 (values);
Siegert 1951, Phys. Rev. 81:617 (first-passage time of the leaky integrator).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import erfcx

from dynsys.transfer import EIFNeuron

MU = np.linspace(-1.0, 7.0, 350)
SIGMA = np.linspace(0.5, 5.0, 64)
FREQUENCIES = 0.25 * np.arange(1, 4001)  # Hz, of the published fit

# (nearest mu, nearest sigma, rate in kHz, mean voltage in mV, tau_mu in ms); tau is quantized to
# 0.01 ms in the published table.
SPOTS = [
    (-0.5415, 1.5, 3.2595779e-10, -75.835938, 21.741),
    (0.3754, 1.5, 0.0026335796, -58.551090, 11.901),
    (1.2923, 1.5, 0.03531517, -56.665591, 1.621),
    (2.4384, 1.5, 0.072762357, -56.683505, 0.631),
    (4.7307, 1.5, 0.13306337, -56.498825, 0.261),
    (7.0, 5.0, 0.17835896, -57.630050, 0.211),
    (0.3754, 3.3571, 0.012482975, -63.749129, 4.951),
    (1.2923, 0.5, 0.035057091, -55.911897, 1.531),
]


def on_grid(mu: float, sigma: float) -> tuple[float, float]:
    """The published grid point next to rounded coordinates."""
    return MU[np.abs(MU - mu).argmin()], SIGMA[np.abs(SIGMA - sigma).argmin()]


def _propagators(neuron, mu, sigma, steps):
    v = np.linspace(-200.0, neuron.Vs, steps + 1)
    exponential = neuron.DeltaT * np.exp((v - neuron.VT) / neuron.DeltaT)
    force = 2 / sigma**2 * ((v - neuron.EL - exponential) / neuron.membrane_time_constant - mu)
    h = v[1] - v[0]
    a = np.exp(h * force)
    return v, h, a, 2 / sigma**2 * np.expm1(h * force) / force


def published_steady_state(mu: float, sigma: float, steps: int = 16_000) -> tuple:
    """Rate (kHz), mean voltage (mV) and density of the first-order scheme on a uniform grid."""
    neuron = EIFNeuron()
    v, h, a, b = _propagators(neuron, mu, sigma, steps)
    reset = int(np.abs(v - neuron.Vr).argmin())
    p = np.zeros(steps + 1)
    for k in range(steps, 0, -1):
        p[k - 1] = p[k] * a[k] + (b[k] if k > reset else 0.0)
    free = 1 / (h * p.sum())
    rate = free / (1 + free * neuron.Tref)
    return rate, h * (v * p).sum() * free, rate * p


def published_response(mu: float, sigma: float, steps: int = 16_000, slip: bool = False):
    """Rate response (4000,) of the first-order scheme.

    ``slip`` repeats a slip of the published code: flux for density in the reset step.
    """
    neuron = EIFNeuron()
    v, h, a, b = _propagators(neuron, mu, sigma, steps)
    reset = int(np.abs(v - neuron.Vr).argmin())
    steady = published_steady_state(mu, sigma, steps)[2]
    turn = 2j * math.pi * FREQUENCIES / 1000 * h
    pa, pb = np.zeros(len(turn), complex), np.zeros(len(turn), complex)
    qa, qb = np.ones(len(turn), complex), np.zeros(len(turn), complex)
    delay = np.exp(-2j * math.pi * FREQUENCIES / 1000 * neuron.Tref)
    for k in range(steps, 0, -1):
        crossing = k == reset + 1
        following = qa + turn * (qa if slip and crossing else pa) - (delay if crossing else 0.0)
        forced = qb + turn * pb
        pa, pb = a[k] * pa + b[k] * qa, a[k] * pb + b[k] * (qb - steady[k])
        qa, qb = following, forced
    return -qb / qa


def best_time_constant(response: np.ndarray) -> float:
    """tau (ms) nearest to the response over the 4000 frequencies, by brute force then Brent."""
    ratio = response / response[0]

    def misfit(tau: float) -> float:
        return float(np.sum(np.abs(1 / (1 + 2j * np.pi * FREQUENCIES / 1000 * tau) - ratio) ** 2))

    trials = np.geomspace(0.03, 100, 400)
    k = int(np.argmin([misfit(tau) for tau in trials]))
    span = (trials[max(k - 1, 0)], trials[min(k + 1, len(trials) - 1)])
    return float(minimize_scalar(misfit, bounds=span, method="bounded", options={"xatol": 1e-9}).x)


def siegert_rate(mu, sigma, leak, reset, threshold, refractory, tau) -> float:
    """Rate (kHz) of the leaky integrate-and-fire neuron in white noise."""
    mean, width = leak + mu * tau, sigma * math.sqrt(tau)
    low, high = (reset - mean) / width, (threshold - mean) / width
    passage = quad(lambda x: erfcx(-x), low, high, epsabs=0, epsrel=1e-12, limit=500)[0]
    return 1 / (refractory + tau * math.sqrt(math.pi) * passage)
