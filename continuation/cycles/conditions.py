"""What singles out folds, period doublings and tori among cycles: bordered conditions g = 0.

A condition is the bordered singular value g of a small matrix made of the reduced pair [W S]
(Govaerts 2000; Doedel, Govaerts & Kuznetsov 2003): of W + S with the phase condition for folds of
cycles (LPC), of W - S for period doublings (PD), of W + exp(i theta) S for torus bifurcations (NS).
Its gradient is exact: left times derivative of the collocation equations times right null vector.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, int64, types

from continuation.cycles.collocation import Collocation, Profile
from continuation.engine.field import Field
from continuation.engine.linear_algebra import lu_factor, lu_solve, lu_solve_transposed
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.compiled.records import Cube, Matrix, signature
from dynsys.numba_cache import njit

CYCLE, FOLD, DOUBLING, TORUS, PERIOD = 0, 1, 2, 3, 4
CONDITIONS = {CYCLE: 0, FOLD: 1, DOUBLING: 1, TORUS: 2, PERIOD: 1}
EXTRAS = {CYCLE: 0, FOLD: 0, DOUBLING: 0, TORUS: 1, PERIOD: 0}


@njit(
    [MATRIX(int64, MATRIX, VECTOR, VECTOR)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def singular_matrix(kind, pair, phase, z):
    """The matrix (q, q) that is singular where the condition holds."""
    n = pair.shape[0]
    size = n
    if kind == FOLD:
        size = n + 1
    if kind == TORUS:
        size = 2 * n
    matrix = np.empty((size, size))
    for s in range(n):
        for c in range(n):
            w, e = pair[s, c], pair[s, n + c]
            if kind == FOLD:
                matrix[s, c] = w + e
            elif kind == DOUBLING:
                matrix[s, c] = w - e
            else:
                cosine, sine = np.cos(z[3]), np.sin(z[3])
                matrix[s, c] = w + cosine * e
                matrix[n + s, n + c] = w + cosine * e
                matrix[s, n + c] = -sine * e
                matrix[n + s, c] = sine * e
        if kind == FOLD:
            matrix[s, n] = pair[s, 2 * n]
            matrix[n, s] = phase[s] + phase[n + s]
    if kind == FOLD:
        matrix[n, n] = phase[2 * n]
    return matrix


@njit
def _rotated(vector, out):
    """The second column of the real form of a complex vector: (-imaginary, real)."""
    n = vector.shape[0] // 2
    for i in range(n):
        out[i] = -vector[n + i]
        out[n + i] = vector[i]


@njit(
    [boolean(MATRIX, MATRIX, MATRIX, MATRIX)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def null_vectors(matrix, right, left, g):
    """Solve [M b; c' 0][v; g] = [0; 1] and its transpose with borders close to the null vectors.

    ``right``, ``left``, ``g`` have one row, or two for the real form of a complex matrix.
    """
    size, defect = matrix.shape[0], g.shape[0]
    total = size + defect
    columns, rows = np.zeros((defect, size)), np.zeros((defect, size))
    for i in range(size):
        columns[0, i] = 1.0 + 0.3 * np.cos(1.7 * i)
        rows[0, i] = 1.0 + 0.3 * np.sin(2.3 * i)
    bordered, pivots = np.empty((total, total)), np.empty(total, np.int64)
    solution = np.empty(total)
    for _ in range(3):
        for vectors in (columns, rows):
            norm = 0.0
            for i in range(size):
                norm += vectors[0, i] * vectors[0, i]
            norm = 1.0 / np.sqrt(norm)
            for i in range(size):
                vectors[0, i] *= norm
            if defect == 2:
                _rotated(vectors[0], vectors[1])
        for i in range(size):
            for k in range(size):
                bordered[i, k] = matrix[i, k]
            for d in range(defect):
                bordered[i, size + d] = columns[d, i]
                bordered[size + d, i] = rows[d, i]
        for d in range(defect):
            for e in range(defect):
                bordered[size + d, size + e] = 0.0
        if not lu_factor(bordered, pivots):
            return False
        for d in range(defect):
            for i in range(total):
                solution[i] = 0.0
            solution[size + d] = 1.0
            lu_solve(bordered, pivots, solution)
            for i in range(size):
                right[d, i] = solution[i]
            for e in range(defect):
                g[d, e] = solution[size + e]
            for i in range(total):
                solution[i] = 0.0
            solution[size + d] = 1.0
            lu_solve_transposed(bordered, pivots, solution)
            for i in range(size):
                left[d, i] = solution[i]
        for i in range(size):
            columns[0, i] = left[0, i]
            rows[0, i] = right[0, i]
    return True


@njit(
    [signature(types.void, Field, Collocation, Profile, Matrix, float, Cube, Cube, Matrix)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def add_gradient(field, collocation, profile, v, sigma, omegas, rows, tails):
    """Add omega . d(collocation equations) . (v, sigma) for every row of multipliers ``omegas``.

    ``v`` (N m + 1, n) and ``sigma`` are the null vector on the nodes and its change of period;
    ``rows[e]`` (N m + 1, n) and ``tails[e]`` (K + 1,) collect the gradient of condition e.
    """
    p, tables, free, scale = field.p, field.tables, field.free, field.scale
    mesh, u, values = profile.mesh, profile.u, collocation.values
    degree = values.shape[0]
    n = scale.shape[0]
    period = profile.z[0]
    a, b = np.empty((n, n)), np.empty((n, n))
    x, direction, state = np.empty(n), np.empty(n), np.empty(n)
    still, parameters, column = np.zeros(n), np.zeros(p.shape[0]), np.empty(n)
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            for s in range(n):
                here, along = 0.0, 0.0
                for k in range(degree + 1):
                    here += values[i, k] * u[j * degree + k, s]
                    along += values[i, k] * v[j * degree + k, s]
                x[s] = here * scale[s]
                state[s] = along
                direction[s] = along * scale[s]
            field.jacobian(x, p, tables, a)
            field.jacobian_tangent(x, p, tables, direction, parameters, b)
            for e in range(omegas.shape[0]):
                for c in range(n):
                    total, through = 0.0, 0.0
                    for s in range(n):
                        weight = h * omegas[e, j, i * n + s] * scale[c] / scale[s]
                        total += weight * (period * b[s, c] + sigma * a[s, c])
                        through += weight * a[s, c]
                    tails[e, 0] += through * state[c]
                    for k in range(degree + 1):
                        rows[e, j * degree + k, c] += total * values[i, k]
            for q in range(free.shape[0]):
                parameters[free[q]] = 1.0
                field.jacobian_tangent(x, p, tables, still, parameters, b)
                if sigma != 0.0:
                    field.tangent(x, p, tables, still, parameters, column)
                else:
                    for s in range(n):
                        column[s] = 0.0
                parameters[free[q]] = 0.0
                for e in range(omegas.shape[0]):
                    total = 0.0
                    for s in range(n):
                        change = sigma * column[s]
                        for c in range(n):
                            change += period * b[s, c] * direction[c]
                        total += h * omegas[e, j, i * n + s] * change / scale[s]
                    tails[e, 1 + q] += total
