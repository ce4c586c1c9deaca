"""Compiled steps of an all-to-all network of quadratic integrate-and-fire neurons.

Over a step h (in units of tau) with constant input c the voltage V' = V^2 + c moves by a Möbius
map, V <- (V C + c S) / (C - V S) with C = cos(h sqrt c), S = sin(h sqrt c) / sqrt c (hyperbolic for
negative c), which passes through infinity at a spike: where C - V S turns negative. Neither a
threshold nor a reset is needed, and a spike is never missed as long as h sqrt c < pi.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dynsys.compiled.records import Matrix, Vector, record, signature
from dynsys.numba_cache import njit

_SMALL = 0.05  # |h^2 c| below which a series of four terms is exact to 1e-10
_NEAREST = 1e-300  # keeps a voltage finite that stands at infinity at the end of a step


@record
class Coupling(NamedTuple):
    """``strength`` J tau; ``lag`` of arriving rates, steps; ``kept`` of s over a step and the
    ``share`` of the old s in its mean over the step (both 0 without kinetics)."""

    strength: float
    lag: int
    kept: float
    share: float


@njit([signature(int, Vector, Vector, float, float)], cache=True, nogil=True)
def advance(v, eta, input_, h):
    """One step of all neurons; returns how many spiked."""
    spikes = 0
    for j in range(v.shape[0]):
        c = eta[j] + input_
        x = c * h * h
        if abs(x) < _SMALL:
            C = 1.0 - x * (1 / 2 - x * (1 / 24 - x / 720))
            S = h * (1.0 - x * (1 / 6 - x * (1 / 120 - x / 5040)))
        elif x > 0.0:
            root = math.sqrt(c)
            C, S = math.cos(root * h), math.sin(root * h) / root
        else:
            root = math.sqrt(-c)
            C, S = math.cosh(root * h), math.sinh(root * h) / root
        below = C - v[j] * S
        if below < 0.0:
            spikes += 1
        v[j] = (v[j] * C + c * S) / (below if below != 0.0 else _NEAREST)
    return spikes


@njit([signature(Matrix, Vector, Vector, Vector, float, float, Coupling)], cache=True, nogil=True)
def run(v, eta, drive, tau, dt, coupling):
    """Run for as many steps as ``drive`` has; rows of the result: rate and s in kHz per step."""
    steps, n = drive.shape[0], v.shape[0]
    out = np.zeros((2, steps))
    s = 0.0
    for t in range(steps):
        arriving = out[0, t - coupling.lag] if t >= coupling.lag else 0.0
        mean = arriving + (s - arriving) * coupling.share
        out[1, t] = mean
        spikes = advance(v, eta, drive[t] + coupling.strength * mean, dt / tau)
        out[0, t] = spikes / (n * dt)
        s = arriving + (s - arriving) * coupling.kept
    return out
