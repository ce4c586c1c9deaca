"""Newton's method for cycles, and for cycles at a bifurcation, on a fixed mesh."""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, types

from continuation.cycles.collocation import (
    CUBE,
    DERIVATIVES,
    PIVOT_ROWS,
    POINT,
    back_substitute,
    carry_back,
    condense,
    eliminate_border,
    reduce,
)
from continuation.cycles.conditions import (
    CYCLE,
    FOLD,
    PERIOD,
    TORUS,
    add_gradient,
    null_vectors,
    singular_matrix,
)
from continuation.engine.linear_algebra import lu_factor, lu_solve
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit


@njit([types.void(MATRIX, VECTOR, MATRIX, MATRIX)], cache=True, error_model="numpy", nogil=True)
def slopes_at_gauss(u, mesh, slopes, out):
    """u' (N m, n) at the Gauss points."""
    degree, n = slopes.shape[0], u.shape[1]
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            for s in range(n):
                total = 0.0
                for k in range(degree + 1):
                    total += slopes[i, k] * u[j * degree + k, s]
                out[j * degree + i, s] = total / h


@njit(
    [float64(MATRIX, VECTOR, MATRIX, VECTOR, MATRIX, MATRIX)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def phase_row(u, mesh, values, weight, reference, row):
    """Row of the integral phase condition and its value, the integral of u . u_ref'."""
    degree = values.shape[0]
    total = 0.0
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            row[node, s] = 0.0
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


_CONDITION = boolean(
    int64, *DERIVATIVES, *POINT, MATRIX, VECTOR, VECTOR, MATRIX, CUBE, CUBE, PIVOT_ROWS, CUBE,
    CUBE, MATRIX, VECTOR, CUBE, MATRIX,
)  # fmt: skip


@njit([_CONDITION], cache=True, error_model="numpy", nogil=True)
def condition_rows(
    kind, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, u, z, mesh, values,
    local, factors, pivots, kept, reflectors, pair, phase, rows, tails,
):  # fmt: skip
    """Border rows of g = 0: ``rows[e]`` . du + ``tails[e]`` . (dz, right side)."""
    n, extra = u.shape[1], z.shape[0]
    conditions = tails.shape[0]
    parts = 2 if kind == TORUS else 1
    matrix = singular_matrix(kind, pair, phase, z)
    size = matrix.shape[0]
    right, left = np.empty((conditions, size)), np.empty((conditions, size))
    g = np.empty((conditions, conditions))
    if not null_vectors(matrix, right, left, g):
        return False
    for e in range(conditions):
        tails[e, extra] = -g[0, e]
        for c in range(extra):
            tails[e, c] = 0.0
        for node in range(rows.shape[1]):
            for s in range(n):
                rows[e, node, s] = 0.0
    v, dz = np.empty_like(u), np.zeros(extra)
    omegas = np.empty((conditions, local.shape[0], local.shape[1]))
    first, end, reduced = np.empty(n), np.empty(n), np.empty(n)
    for part in range(parts):
        for s in range(n):
            first[s] = right[0, part * n + s]
            if kind == TORUS:
                cosine, sine = np.cos(z[3]), np.sin(z[3])
                turned = -sine * right[0, n + s] if part == 0 else sine * right[0, s]
                end[s] = cosine * first[s] + turned
            else:
                end[s] = first[s] if kind == FOLD else -first[s]
        if kind == FOLD:
            dz[0] = right[0, n]
        back_substitute(local, kept, first, end, dz, 0.0, v)
        for e in range(conditions):
            for s in range(n):
                reduced[s] = left[e, part * n + s]
            carry_back(factors, pivots, reflectors, reduced, omegas[e])
        add_gradient(
            field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, u, z, mesh,
            values, v, dz[0], omegas, rows, tails,
        )  # fmt: skip
    if kind == TORUS:
        cosine, sine = np.cos(z[3]), np.sin(z[3])
        for e in range(conditions):
            for s in range(n):
                for c in range(n):
                    real, imaginary = right[0, c], right[0, n + c]
                    d_real = -sine * real - cosine * imaginary
                    d_imaginary = cosine * real - sine * imaginary
                    tails[e, 3] -= pair[s, n + c] * (
                        left[e, s] * d_real + left[e, n + s] * d_imaginary
                    )
    return True


_CORRECT = int64(
    int64, *DERIVATIVES, *POINT, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX, VECTOR, MATRIX, MATRIX,
    VECTOR, float64, float64, float64, int64, MATRIX, MATRIX, VECTOR, CUBE,
)  # fmt: skip


@njit([_CORRECT], cache=True, error_model="numpy", nogil=True)
def correct(
    kind, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, u, z, mesh, values,
    slopes, weight, reference, row, tail, level, fixed, tolerance, most, pair, du, dz, local,
):  # fmt: skip
    """Correct the orbit in place; returns the iterations, -1 on failure.

    ``u`` (N m + 1, n) scaled nodes, ``z`` (K,) = (period, free parameters, extras). The last
    condition is row . u + tail . z = level; ``fixed`` is the period where the kind fixes it. Fills
    the reduced ``pair`` (n, 2 n + K + 1), the tangent (``du``, ``dz``) on which row . du + tail .
    dz = 1, and the ``local`` maps, all of the last iteration, whose step was below ``tolerance``.
    """
    nodes, n = u.shape
    count, intervals = z.shape[0], mesh.shape[0] - 1
    size = local.shape[1]
    conditions = count - 2
    kept = np.empty((intervals, n, 3 * n + count + 1))
    reflectors = np.zeros((intervals, n, 2 * n))
    factors = np.empty((intervals, size, size))
    pivots = np.empty((intervals, size), np.int64)
    rows, tails = np.zeros((count, nodes, n)), np.zeros((count, count + 1))
    phase, border = np.empty(2 * n + count + 1), np.empty(2 * n + count + 1)
    total = 2 * n + count
    corner, lu_pivots = np.empty((total, total)), np.empty(total, np.int64)
    solution, along = np.empty(total), np.empty(total)
    delta, previous = np.empty((nodes, n)), np.inf
    for iteration in range(most):
        for q in range(free.shape[0]):
            p[free[q]] = z[1 + q]
        if not condense(
            field, jacobian, tangent, tables, p, free, scale, u, z, mesh, values, slopes,
            local, factors, pivots,
        ):  # fmt: skip
            return -1
        reduce(local, n, kept, reflectors, pair)
        tails[0, count] = -phase_row(u, mesh, values, weight, reference, rows[0])
        eliminate_border(rows[0], tails[0], local, kept, phase)
        if kind == PERIOD:
            tails[1, 0] = 1.0 / fixed
            tails[1, count] = 1.0 - z[0] / fixed
        elif kind != CYCLE and not condition_rows(
            kind, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, u, z, mesh,
            values, local, factors, pivots, kept, reflectors, pair, phase,
            rows[1 : 1 + conditions], tails[1 : 1 + conditions],
        ):  # fmt: skip
            return -1
        last = level
        for node in range(nodes):
            for s in range(n):
                rows[count - 1, node, s] = row[node, s]
                last -= row[node, s] * u[node, s]
        for c in range(count):
            tails[count - 1, c] = tail[c]
            last -= tail[c] * z[c]
        tails[count - 1, count] = last
        for s in range(n):
            for c in range(total):
                corner[s, c] = pair[s, c]
                corner[n + s, c] = 0.0
            corner[n + s, s], corner[n + s, n + s] = 1.0, -1.0
            solution[s] = pair[s, total]
            solution[n + s] = u[nodes - 1, s] - u[0, s]
        for b in range(count):
            if b > 0:
                eliminate_border(rows[b], tails[b], local, kept, border)
            for c in range(total):
                corner[2 * n + b, c] = phase[c] if b == 0 else border[c]
            solution[2 * n + b] = phase[total] if b == 0 else border[total]
        if not lu_factor(corner, lu_pivots):
            return -1
        lu_solve(corner, lu_pivots, solution)
        back_substitute(local, kept, solution[:n], solution[n : 2 * n], solution[2 * n :], 1.0,
                        delta)  # fmt: skip
        change = abs(solution[2 * n]) / abs(z[0])
        for c in range(1, count):
            change = max(change, abs(solution[2 * n + c] * tail[c]))
            z[c] += solution[2 * n + c]
        z[0] += solution[2 * n]
        for node in range(nodes):
            for s in range(n):
                change = max(change, abs(delta[node, s]))
                u[node, s] += delta[node, s]
        if not (change < 1e3 and z[0] > 0.0) or (iteration > 3 and change > 4.0 * previous):
            return -1
        previous = change
        if change < tolerance:
            for i in range(total):
                along[i] = 0.0
            along[total - 1] = 1.0
            lu_solve(corner, lu_pivots, along)
            back_substitute(local, kept, along[:n], along[n : 2 * n], along[2 * n :], 0.0, du)
            for c in range(count):
                dz[c] = along[2 * n + c]
            return iteration + 1
    return -1
