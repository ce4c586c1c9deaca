"""The adaptation map at many points at once."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, types

from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, TANGENT_TYPE, VECTOR
from dynsys.neurons.flow import INTEGERS, SPIKED, apply_reset, fly
from dynsys.numba_cache import njit


@njit(
    [
        types.void(
            FIELD_TYPE, TANGENT_TYPE, VECTOR, VECTOR, INTEGERS, VECTOR, MATRIX, float64, float64,
            int64, VECTOR, MATRIX, INTEGERS,
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def map_points(
    field, tangent, p, tables, rule, scale, rests, tolerance, patience, free, w, out, statuses
):  # fmt: skip
    """From (Vr, w_k) to the reset after the next spike, for neurons of two states.

    out (k, 6): w', interval with the silence after it, dw'/dw, dT/dw, dw'/dp, dT/dp with p the
    parameter of index ``free``; nan where there is no spike (``statuses`` of ``fly``).
    """
    directions = np.zeros((2, p.shape[0]))
    directions[1, free] = 1.0
    y, none = np.zeros((3, 3)), np.empty((0, 3, 3))
    for k in range(w.shape[0]):
        for c in range(3):
            y[0, c] = y[1, c] = y[2, c] = 0.0
        y[0, 1], y[0, 2] = p[rule[1]], w[k]
        y[1, 2] = 1.0
        y[2, 1] = directions[1, rule[1]]
        status, _ = fly(
            field, tangent, p, tables, rule, directions, scale, rests, tolerance, patience,
            y, none, False,
        )  # fmt: skip
        statuses[k] = status
        for c in range(6):
            out[k, c] = np.nan
        if status == SPIKED:
            apply_reset(p, rule, directions, y)
            out[k, 0], out[k, 1] = y[0, 2], y[0, 0]
            out[k, 2], out[k, 3] = y[1, 2], y[1, 0]
            out[k, 4], out[k, 5] = y[2, 2], y[2, 0]
