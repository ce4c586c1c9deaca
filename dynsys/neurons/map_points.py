"""The adaptation map at many points at once."""

from __future__ import annotations

import numpy as np
from numba import types

from dynsys.compiled.records import Indices, Matrix, Vector, signature
from dynsys.neurons.flow import SPIKED, Hybrid, apply_reset, fly
from dynsys.numba_cache import njit


@njit(
    [signature(types.void, Hybrid, float, float, int, Vector, Matrix, Indices)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def map_points(neuron, tolerance, patience, free, w, out, statuses):
    """From (Vr, w_k) to the reset after the next spike, for neurons of two states.

    out (k, 6): w', interval with the silence after it, dw'/dw, dT/dw, dw'/dp, dT/dp with p the
    parameter of index ``free``; nan where there is no spike (``statuses`` of ``fly``).
    """
    p, rule = neuron.p, neuron.rule
    directions = np.zeros((2, p.shape[0]))
    directions[1, free] = 1.0
    y, none = np.zeros((3, 3)), np.empty((0, 3, 3))
    for k in range(w.shape[0]):
        for c in range(3):
            y[0, c] = y[1, c] = y[2, c] = 0.0
        y[0, 1], y[0, 2] = p[rule[1]], w[k]
        y[1, 2] = 1.0
        y[2, 1] = directions[1, rule[1]]
        status, _ = fly(neuron, directions, tolerance, patience, y, none, False)
        statuses[k] = status
        for c in range(6):
            out[k, c] = np.nan
        if status == SPIKED:
            apply_reset(p, rule, directions, y)
            out[k, 0], out[k, 1] = y[0, 2], y[0, 0]
            out[k, 2], out[k, 3] = y[1, 2], y[1, 0]
            out[k, 4], out[k, 5] = y[2, 2], y[2, 0]
