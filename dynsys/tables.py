"""``SmoothTable``: functions known on a grid as quintic splines with analytic derivatives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import sympy
from numba import float64, int64, njit, types, void

from dynsys.errors import ModelError, unknown_name

HEADER = 7
ORDER = 6

# Row k: coefficients of the k-th uniform quintic B-spline piece in powers of u on [0, 1].
_BASIS = (
    np.array(
        [
            [1, -5, 10, -10, 5, -1],
            [26, -50, 20, 20, -20, 5],
            [66, 0, -60, 0, 30, -10],
            [26, 50, 20, -20, -20, 10],
            [1, 5, 10, 10, 5, -5],
            [0, 0, 0, 0, 0, 1],
        ],
        dtype=float,
    )
    / 120.0
)


class TableLookup(sympy.Function):
    """``TableLookup(table, quantity, i, j, a, b)``: d^i/da^i d^j/db^j of a quantity at (a, b)."""

    nargs = 6

    def fdiff(self, argindex=1):
        name, quantity, i, j, a, b = self.args
        if argindex == 5:
            return TableLookup(name, quantity, i + 1, j, a, b)
        if argindex == 6:
            return TableLookup(name, quantity, i, j + 1, a, b)
        return sympy.S.Zero


def _fit_axis(values: np.ndarray, axis: int) -> np.ndarray:
    from scipy.sparse import lil_matrix
    from scipy.sparse.linalg import splu

    n = values.shape[axis]
    matrix = lil_matrix((n + 4, n + 4))
    for i in range(n - 1):
        matrix[i, i : i + 6] = _BASIS[:, 0]
    matrix[n - 1, n - 2 : n + 4] = _BASIS.sum(axis=1)
    sixth = np.array([1, -6, 15, -20, 15, -6, 1], dtype=float)
    for row, start in enumerate((0, 1, n - 4, n - 3)):
        matrix[n + row, start : start + 7] = sixth
    moved = np.moveaxis(values, axis, 0)
    right = np.zeros((n + 4, *moved.shape[1:]))
    right[:n] = moved
    solved = splu(matrix.tocsc()).solve(right.reshape(n + 4, -1))
    return np.moveaxis(solved.reshape(right.shape), 0, axis)


class SmoothTable:
    """Quintic tensor-product spline (stand-in; see the full version)."""

    def __init__(self, name, axes, quantities, units=None, source=""):
        self.name, self.source = name, source
        self.axes = MappingProxyType({k: np.asarray(v, float) for k, v in axes.items()})
        self.quantities = tuple(quantities)
        x, y = self.axes.values()
        stack = np.stack([np.asarray(v, float) for v in quantities.values()], axis=-1)
        coefficients = _fit_axis(_fit_axis(stack, 0), 1)
        header = [len(x), len(y), len(self.quantities), x[0], x[1] - x[0], y[0], y[1] - y[0]]
        self.packed = np.concatenate([header, coefficients.ravel()])
        self.domain = {k: (v[0], v[-1]) for k, v in self.axes.items()}
        self.digest = hashlib.sha256(self.packed.tobytes()).hexdigest()[:32]

    def expression(self, quantity, a, b):
        if quantity not in self.quantities:
            raise unknown_name("quantity", quantity, self.quantities, f"table {self.name}")
        return TableLookup(
            sympy.Symbol(self.name), self.quantities.index(quantity), 0, 0, a, b
        )


@njit(cache=True)
def _basis(u, d, h, k):
    """d-th derivative of the k-th basis piece at u."""
    value = 0.0
    for m in range(5, d - 1, -1):
        factor = 1.0
        for i in range(d):
            factor *= m - i
        value = value * u + _BASIS[k, m] * factor
    for i in range(d):
        value /= h
    return value


_V = types.Array(float64, 1, "C")


@njit([void(_V, int64, float64, float64, int64, types.Array(float64, 3, "C"))], cache=True)
def table_jet(t, offset, a, b, order, out):
    nx, ny, nq = int(t[offset]), int(t[offset + 1]), int(t[offset + 2])
    x0, hx, y0, hy = t[offset + 3], t[offset + 4], t[offset + 5], t[offset + 6]
    i0 = min(max(int(np.floor((a - x0) / hx)), 0), nx - 2)
    j0 = min(max(int(np.floor((b - y0) / hy)), 0), ny - 2)
    u, v = (a - x0) / hx - i0, (b - y0) / hy - j0
    start = offset + 7
    for di in range(order + 1):
        for dj in range(order + 1):
            for q in range(nq):
                out[di, dj, q] = 0.0
    for di in range(order + 1):
        for k in range(6):
            bx = _basis(u, di, hx, k)
            for dj in range(order + 1 - di):
                for m in range(6):
                    w = bx * _basis(v, dj, hy, m)
                    at = start + ((i0 + k) * (ny + 4) + j0 + m) * nq
                    for q in range(nq):
                        out[di, dj, q] += w * t[at + q]


@njit([float64(_V, int64, float64, float64)], cache=True)
def table_margin(t, offset, a, b):
    nx, ny = t[offset], t[offset + 1]
    u = (a - t[offset + 3]) / (t[offset + 4] * (nx - 1))
    v = (b - t[offset + 5]) / (t[offset + 6] * (ny - 1))
    return min(min(u, 1.0 - u), min(v, 1.0 - v))
