"""The transfer functions by the published scheme, for comparison with published simulations.

First-order exponential integration on a uniform voltage grid of 0.01 mV and filter time constants
on the grid 0.001 + 0.01 k ms, with a slip of the published code (flux for density in the reset step
of the rate response). It differs from ``transfer_function`` by 1e-4 in the rate and up to half a
percent in the time constant, which moves the frequency of the published rhythm by 0.1 %.

Source: Augustin, Ladenbauer, Baumann & Obermayer 2017, PLOS Comput Biol 13(6):e1005545.
"""

from __future__ import annotations

import math
from functools import cache, partial
from pathlib import Path

import numpy as np
from numba import complex128, float64, types

from dynsys.errors import StorageError
from dynsys.interruption import run_all
from dynsys.numba_cache import njit
from dynsys.numpy_files import read_arrays
from dynsys.transfer.filters import best_time_constant, frequency_nodes, misfit, resonance_width
from dynsys.transfer.fokker_planck import VECTOR
from dynsys.transfer.neuron import EIFNeuron

STORED = Path(__file__).parent.parent / "data" / "eif_published_scheme.npz"
MU, SIGMA = np.linspace(-1.0, 7.0, 350), np.linspace(0.5, 5.0, 64)
LOWEST, STEP = -200.0, 0.01  # mV
FIT_OFFSET, FIT_STEP = 0.001, 0.01  # ms
_EL, _DELTA, _VT, _VR, _VS, _REF, _TAU = range(7)


@njit([types.void(VECTOR, float64, float64, VECTOR)], cache=True, nogil=True)
def published_cell(neuron, mu, sigma, out):
    """Fill ``out``: rate (kHz), mean voltage (mV), tau_mu (ms) at one input."""
    count = round((neuron[_VS] - LOWEST) / STEP)
    reset = round((neuron[_VR] - LOWEST) / STEP)
    a, b, p = np.empty(count + 1), np.empty(count + 1), np.zeros(count + 1)
    factor = 2.0 / sigma**2
    for k in range(count + 1):
        v = LOWEST + k * STEP
        spike = neuron[_DELTA] * math.exp((v - neuron[_VT]) / neuron[_DELTA])
        force = factor * ((v - neuron[_EL] - spike) / neuron[_TAU] - mu)
        a[k] = math.exp(STEP * force)
        b[k] = factor * (math.expm1(STEP * force) / force if force != 0.0 else STEP)
    total, mean = 0.0, 0.0
    for k in range(count, 0, -1):
        p[k - 1] = p[k] * a[k] + (b[k] if k > reset else 0.0)
        total += p[k - 1]
        mean += p[k - 1] * (LOWEST + (k - 1) * STEP)
    free = 1.0 / (STEP * total)
    rate = free / (1.0 + free * neuron[_REF])
    out[0], out[1] = rate, STEP * mean * free
    frequencies, weights = frequency_nodes(rate, resonance_width(neuron, mu, sigma, rate))
    n = frequencies.shape[0]
    pa, pb = np.zeros(n, complex128), np.zeros(n, complex128)
    qa, qb = np.ones(n, complex128), np.zeros(n, complex128)
    turn = 2j * math.pi * frequencies * STEP
    late = np.exp(-2j * math.pi * frequencies * neuron[_REF])
    for k in range(count, 0, -1):
        crossing = k == reset + 1
        ak, bk, density = a[k], b[k], rate * p[k]
        for i in range(n):
            q, r = qa[i], qb[i]
            if crossing:
                qa[i] = q + turn[i] * q - late[i]  # the slip: q where p belongs
            else:
                qa[i] = q + turn[i] * pa[i]
            qb[i] = r + turn[i] * pb[i]
            pa[i] = ak * pa[i] + bk * q
            pb[i] = ak * pb[i] + bk * (r - density)
    ratio = -qb / qa
    ratio /= ratio[0]
    tau = best_time_constant(frequencies, weights, ratio, FIT_OFFSET)
    real, imaginary = ratio.real.copy(), ratio.imag.copy()
    below = max(math.floor((tau - FIT_OFFSET) / FIT_STEP), 0.0)
    best, smallest = tau, math.inf
    for k in range(2):
        trial = FIT_OFFSET + FIT_STEP * (below + k)
        value = misfit(frequencies, weights, real, imaginary, math.log(trial))
        if value < smallest:
            best, smallest = trial, value
    out[2] = best


@njit([types.void(VECTOR, float64, VECTOR, types.Array(float64, 2, "C"))], cache=True, nogil=True)
def _row(neuron, mu, sigma, out):
    for j in range(sigma.shape[0]):
        published_cell(neuron, mu, sigma[j], out[j])


def compute(path: Path = STORED) -> Path:
    """Compute the table of the default neuron and store it (about four minutes on two cores)."""
    neuron, values = EIFNeuron().packed(), np.empty((len(MU), len(SIGMA), 3))
    rows = [partial(_row, neuron, mu, SIGMA, values[i]) for i, mu in enumerate(MU)]
    run_all(rows, 2, lambda _: None)
    np.savez_compressed(
        path, rate=values[..., 0], mean_voltage=values[..., 1],
        steps=np.round((values[..., 2] - FIT_OFFSET) / FIT_STEP).astype(np.int32),
    )  # fmt: skip
    return path


@cache
def published_scheme() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate (kHz), mean voltage (mV) and tau_mu (ms) on (MU, SIGMA), as shipped."""
    try:
        stored = read_arrays(STORED)
        rate, voltage, steps = stored["rate"], stored["mean_voltage"], stored["steps"]
    except (OSError, KeyError) as error:
        raise StorageError(
            f"{STORED} cannot be read ({error}); install the package again"
        ) from error
    return rate, voltage, FIT_OFFSET + FIT_STEP * steps
