"""Newton's method for a periodic orbit on a fixed mesh, and the tangent of its branch."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit

from continuation.collocation import _MODEL, CUBE, condense, solve_bordered
from dynsys.kernels import MATRIX, VECTOR


@njit
def _phase_row(u, mesh, values, weight, reference, row):
    """Row of the integral phase condition and its value, the integral of u . u_ref'."""
    degree = values.shape[0]
    row[:, :] = 0.0
    total = 0.0
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            for k in range(degree + 1):
                factor = h * weight[i] * values[i, k]
                node = j * degree + k
                for s in range(u.shape[1]):
                    row[node, s] += factor * reference[j * degree + i, s]
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            total += row[node, s] * u[node, s]
    return total


_SOLVE = int64(
    *_MODEL, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, MATRIX, MATRIX, VECTOR, float64,
    float64, int64, MATRIX, CUBE, CUBE,
)  # fmt: skip


@njit([_SOLVE], cache=True, error_model="numpy")
def correct(
    field, jacobian, tangent, tables, p, free, scale, u, unknown, mesh, values, slopes, weight,
    reference, row, row_tail, level, tolerance, most, pair, stages, speeds,
):  # fmt: skip
    """Correct the orbit in place; returns the iterations, -1 on failure.

    ``u`` (N m + 1, n) scaled nodes, ``unknown`` (period, alpha). The last condition is
    row . u + row_tail . unknown = level. ``pair`` (n, 2 n) becomes the condensed pair [W S] of the
    last iteration.
    """
    degree = values.shape[0]
    nodes, n = u.shape
    intervals = mesh.shape[0] - 1
    inner = np.empty((intervals, degree * n, n + 3))
    kept = np.empty((intervals, n, 3 * n + 3))
    gauss_states = np.empty((intervals * degree, n))
    rows = np.empty((2, nodes, n))
    rows[1] = row
    tails, closing = np.zeros(6), np.empty(n)
    delta, corner, extra = np.empty((nodes, n)), np.empty((n + 2, n + 2)), np.empty(2)
    for iteration in range(most):
        p[free] = unknown[1]
        if not condense(
            field, jacobian, tangent, tables, p, free, scale, u, unknown[0], mesh, values, slopes,
            inner, stages, speeds, gauss_states,
        ):  # fmt: skip
            return -1
        tails[2] = -_phase_row(u, mesh, values, weight, reference, rows[0])
        total = level - row_tail[0] * unknown[0] - row_tail[1] * unknown[1]
        for node in range(nodes):
            for s in range(n):
                total -= row[node, s] * u[node, s]
        tails[3], tails[4], tails[5] = row_tail[0], row_tail[1], total
        for s in range(n):
            closing[s] = u[0, s] - u[nodes - 1, s]
        if not solve_bordered(inner, rows, tails, kept, pair, closing, delta, corner, extra):
            return -1
        size = max(abs(extra[0]) / abs(unknown[0]), abs(extra[1] * row_tail[1]))
        for node in range(nodes):
            for s in range(n):
                size = max(size, abs(delta[node, s]))
                u[node, s] += delta[node, s]
        unknown[0] += extra[0]
        unknown[1] += extra[1]
        if not (size < 1e3 and unknown[0] > 0.0):
            return -1
        if size < tolerance:
            return iteration + 1
    return -1


_TANGENT = int64(
    *_MODEL, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, MATRIX, MATRIX, VECTOR,
    MATRIX, MATRIX, VECTOR, CUBE, CUBE, CUBE,
)  # fmt: skip


@njit([_TANGENT], cache=True, error_model="numpy")
def branch_tangent(
    field, jacobian, tangent, tables, p, free, scale, u, unknown, mesh, values, slopes, weight,
    reference, row, row_tail, pair, delta, extra, stages, speeds, inner,
):  # fmt: skip
    """Fill (delta, extra) with the direction along the branch on which row . delta = 1.

    ``pair`` becomes the condensed pair [W S] and ``inner`` the local maps at the orbit itself.
    """
    degree = values.shape[0]
    nodes, n = u.shape
    intervals = mesh.shape[0] - 1
    kept = np.empty((intervals, n, 3 * n + 3))
    gauss_states = np.empty((intervals * degree, n))
    rows = np.empty((2, nodes, n))
    rows[1] = row
    tails, closing = np.zeros(6), np.zeros(n)
    corner = np.empty((n + 2, n + 2))
    p[free] = unknown[1]
    if not condense(
        field, jacobian, tangent, tables, p, free, scale, u, unknown[0], mesh, values, slopes,
        inner, stages, speeds, gauss_states,
    ):  # fmt: skip
        return -1
    for j in range(intervals):
        for k in range(degree * n):
            inner[j, k, n + 2] = 0.0
    _phase_row(u, mesh, values, weight, reference, rows[0])
    tails[3], tails[4], tails[5] = row_tail[0], row_tail[1], 1.0
    if not solve_bordered(inner, rows, tails, kept, pair, closing, delta, corner, extra):
        return -1
    return 1
