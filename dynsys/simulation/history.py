"""The past of delayed signals: a ring of samples, read between them by Lagrange interpolation.

The stencil of a fixed step lies in the past at a constant distance, so its weights are computed
once. It never straddles a kink (the start of a run, an edge of an input, and where the delays carry
them), because interpolation across a kink has first order whatever its degree.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types, uint8

from dynsys.compiled.kernels import FIELD_TYPE, VECTOR
from dynsys.compiled.records import Vector, signature
from dynsys.numba_cache import njit
from dynsys.simulation.arguments import Stencils

FLAGS = types.Array(uint8, 1, "C")
INTEGERS = types.Array(int64, 1, "C")
_LEVELS = 5  # a kink carried five times by integration is smoother than any method here sees


def ring_length(lags: np.ndarray, dt: float) -> int:
    """A power of two that holds the longest lag and a stencil."""
    longest = float(np.max(lags, initial=0.0))
    return 1 << int(math.ceil(longest / dt) + 8).bit_length()


@njit([signature(types.void, Stencils, Vector, Vector, float)], cache=True)
def write_stencils(made, lags, c, dt):
    """Write the stencils for lags in steps of ``dt``."""
    base, low, weight = made.base, made.low, made.weights
    points = weight.shape[3]
    for s in range(c.shape[0]):
        for k in range(lags.shape[0]):
            position = c[s] - lags[k] / dt
            nearest = math.floor(position + 0.5)
            if abs(position - nearest) < 1e-9:
                position = nearest
            left = math.floor(position)
            theta = position - left
            base[s, k] = left
            for v in range(3):
                first = -(points // 2 - 1)
                if v == 1:
                    first = 0
                elif v == 2:
                    first = 2 - points
                first = min(first, -left - points + 1)  # nothing after now
                low[s, k, v] = first
                for i in range(points):
                    product = 1.0
                    for j in range(points):
                        if j != i:
                            product *= (theta - first - j) / (i - j)
                    weight[s, k, v, i] = product


@njit([signature(Stencils, Vector, Vector, float, int)], cache=True)
def stencils(lags, c, dt, points):
    """The stencils that read signals at stage times ``c`` of a step, ``lags`` ago."""
    stages, count = c.shape[0], lags.shape[0]
    made = Stencils(
        np.empty((stages, count), np.int64),
        np.empty((stages, count, 3), np.int64),
        np.empty((stages, count, 3, points)),
    )
    write_stencils(made, lags, c, dt)
    return made


@njit([types.void(VECTOR, float64, INTEGERS, FLAGS)], cache=True)
def mark_kinks(lags, dt, edges, kinks):
    """Set ``kinks[i]`` where the solution is not smooth: the start, the edges, their echoes."""
    count = kinks.shape[0]
    for i in range(count):
        kinks[i] = 0
    if count == 0:
        return
    kinks[0] = 1
    for edge in edges:
        if 0 <= edge < count:
            kinks[edge] = 1
    for level in range(1, _LEVELS + 1):
        for i in range(count):
            if kinks[i] == level:
                for lag in lags:
                    steps = math.floor(lag / dt + 0.5)
                    if i + steps < count and kinks[i + steps] == 0:
                        kinks[i + steps] = level + 1


@njit(forceinline=True, _nrt=False)  # counts no references, as its callers in blocks
def first_cell(base, low, kinks, now, stage, k):
    """Where the stencil of a stage's delayed value ``k`` begins, and its variant beside kinks."""
    cell = now + base[stage, k]
    variant = 0
    if cell >= 0 and kinks[cell] > 0:
        variant = 1
    elif cell + 1 >= 0 and kinks[cell + 1] > 0:
        variant = 2
    return cell + low[stage, k, variant], variant


@njit(forceinline=True, _nrt=False)
def read_delayed(ring, kinks, now, stage, n, stencils, x):
    """Write the delayed values of a stage behind the ``n`` states in ``x``."""
    base, low, weight = stencils.base, stencils.low, stencils.weights
    mask = ring.shape[0] - 1
    for k in range(base.shape[1]):
        first, variant = first_cell(base, low, kinks, now, stage, k)
        value = 0.0
        for i in range(weight.shape[3]):
            value += weight[stage, k, variant, i] * ring[(first + i) & mask, k]
        x[n + k] = value


@njit([types.void(FIELD_TYPE, VECTOR, VECTOR, VECTOR, int64, VECTOR)], cache=True)
def rest(field, x, p, tables, n, out):
    """Give the delayed values behind the states in ``x`` the signals of a past at rest.

    A signal that depends on delayed signals is iterated to consistency, at most 200 rounds.
    """
    delayed = x.shape[0] - n
    for _ in range(200):
        field(x, p, tables, out)
        change, size = 0.0, 1e-300
        for k in range(delayed):
            change = max(change, abs(x[n + k] - out[n + k]))
            size = max(size, abs(out[n + k]))
            x[n + k] = out[n + k]
        if not change > 1e-13 * size:
            break
