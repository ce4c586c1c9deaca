"""Tables as the published mean-field code reads them: bilinear, held constant beyond the edges.

Source: the implementation behind Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822. Rates and
time constants are interpolated themselves, not their logarithms.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64, types

from dynsys.compiled.splines import HEADER
from dynsys.numba_cache import njit
from dynsys.tables import SmoothTable
from dynsys.transfer import transfer_function
from dynsys.transfer.published import MU, SIGMA, published_scheme

_VECTOR = types.Array(float64, 1, "C")


def published_table(table: SmoothTable) -> np.ndarray:
    """A table packed for ``bilinear_value``: header, a mark per logarithm, values (nx, ny, q).

    A quantity named ``log_...`` is stored without its logarithm. The default neuron's transfer
    function is replaced by that of the published scheme; any other table is read as it is.
    """
    if table.digest == transfer_function().digest:
        x, y = MU, SIGMA
        values = list(published_scheme())
        marks = [1.0, 0.0, 1.0]
    else:
        x, y = table.axes.values()
        marks = [float(name.startswith("log_")) for name in table.quantities]
        values = [table.evaluate(name, x[:, None], y[None, :]) for name in table.quantities]
        values = [np.exp(v) if mark else v for v, mark in zip(values, marks, strict=True)]
    header = [len(x), len(y), len(values), x[0], x[1] - x[0], y[0], y[1] - y[0]]
    return np.concatenate([header, marks, np.stack(values, axis=-1).ravel()])


@njit([float64(_VECTOR, int64, int64, float64, float64, int64)], cache=True)
def bilinear_value(t, offset, cell, u, v, quantity):
    """The value of a quantity at (u, v) in [0, 1] in a cell, counted along the second axis."""
    ny, quantities = int(t[offset + 1]), int(t[offset + 2])
    marks = offset + HEADER
    c = marks + quantities + cell * quantities + quantity
    value = (1.0 - u) * ((1.0 - v) * t[c] + v * t[c + quantities]) + u * (
        (1.0 - v) * t[c + ny * quantities] + v * t[c + (ny + 1) * quantities]
    )
    return math.log(value) if t[marks + quantity] > 0.0 else value
