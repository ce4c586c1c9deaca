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
    """A table packed for ``bilinear_jet``: header, a mark per logarithm, values (nx, ny, q).

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


@njit([types.void(_VECTOR, int64, float64, float64, _VECTOR, int64)], cache=True)
def bilinear_values(t, offset, a, b, out, at):
    """Values ``out[at + q]`` at (a, b); arguments of ``compiled.splines.table_values``."""
    nx, ny, quantities = int(t[offset]), int(t[offset + 1]), int(t[offset + 2])
    u = (a - t[offset + 3]) / t[offset + 4]
    v = (b - t[offset + 5]) / t[offset + 6]
    u = min(max(u, 0.0), nx - 1.0)
    v = min(max(v, 0.0), ny - 1.0)
    i, j = min(int(u), nx - 2), min(int(v), ny - 2)
    u -= i
    v -= j
    marks = offset + HEADER
    corner = marks + quantities + (i * ny + j) * quantities
    for q in range(quantities):
        c = corner + q
        value = (1.0 - u) * ((1.0 - v) * t[c] + v * t[c + quantities]) + u * (
            (1.0 - v) * t[c + ny * quantities] + v * t[c + (ny + 1) * quantities]
        )
        out[at + q] = math.log(value) if t[marks + q] > 0.0 else value
