"""Orthogonal collocation of periodic orbits: residual, condensation and the bordered solve.

Time is scaled to [0, 1]: u' = T f(u). On every mesh interval u is a polynomial of degree m through
m + 1 equidistant nodes, collocated at the m Gauss points (de Boor & Swartz 1973; Doedel, Keller &
Kernevez 1991). Newton's equations are condensed: the interior nodes of an interval are eliminated
locally, mesh nodes by a sweep of orthogonal transformations (Wright 1992, structured orthogonal
elimination), which leaves a pair W d0 + S dN whose pencil has the Floquet multipliers as
eigenvalues. States are scaled by their typical size throughout.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, njit, types

from continuation.linear_algebra import PIVOTS, lu_factor, lu_solve
from dynsys.kernels import FIELD_TYPE, JACOBIAN_TYPE, MATRIX, TANGENT_TYPE, VECTOR

CUBE = types.Array(float64, 3, "C")
_MODEL = (FIELD_TYPE, JACOBIAN_TYPE, TANGENT_TYPE, VECTOR, VECTOR, int64, VECTOR)


def lagrange_at_gauss(degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values and slopes (m, m + 1) of the node polynomials at the Gauss points, and weights."""
    gauss, weight = np.polynomial.legendre.leggauss(degree)
    gauss, weight = (gauss + 1) / 2, weight / 2
    nodes = np.arange(degree + 1) / degree
    values, slopes = np.empty((2, degree, degree + 1))
    for k in range(degree + 1):
        others = np.delete(nodes, k)
        polynomial = np.poly1d(others, r=True) / np.prod(nodes[k] - others)
        values[:, k], slopes[:, k] = polynomial(gauss), polynomial.deriv()(gauss)
    return values, slopes, weight


@njit([types.void(MATRIX, PIVOTS, MATRIX)], cache=True, error_model="numpy")
def lu_solve_rows(lu, pivots, b):
    """Overwrite ``b`` (n, k) with the solutions of ``a x = b`` for all its columns."""
    n, width = b.shape
    for i in range(n):
        other = pivots[i]
        if other != i:
            for c in range(width):
                b[i, c], b[other, c] = b[other, c], b[i, c]
    for i in range(1, n):
        for j in range(i):
            factor = lu[i, j]
            if factor != 0.0:
                for c in range(width):
                    b[i, c] -= factor * b[j, c]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            factor = lu[i, j]
            if factor != 0.0:
                for c in range(width):
                    b[i, c] -= factor * b[j, c]
        inverse = 1.0 / lu[i, i]
        for c in range(width):
            b[i, c] *= inverse


@njit([types.void(MATRIX, int64)], cache=True, error_model="numpy")
def orthogonal_sweep(block, columns):
    """Householder transformations on all of ``block`` that make its first columns triangular."""
    rows, width = block.shape
    v = np.empty(rows)
    for k in range(columns):
        norm = 0.0
        for i in range(k, rows):
            norm += block[i, k] * block[i, k]
        norm = np.sqrt(norm)
        if norm == 0.0:
            continue
        head = block[k, k]
        norm = -norm if head > 0.0 else norm
        scale = 0.0
        for i in range(k, rows):
            v[i] = block[i, k]
        v[k] -= norm
        for i in range(k, rows):
            scale += v[i] * v[i]
        if scale == 0.0:
            continue
        dots = np.zeros(width - k)
        for i in range(k, rows):
            for c in range(k, width):
                dots[c - k] += v[i] * block[i, c]
        for i in range(k, rows):
            factor = 2.0 * v[i] / scale
            for c in range(k, width):
                block[i, c] -= factor * dots[c - k]


_ASSEMBLE = boolean(*_MODEL, MATRIX, float64, VECTOR, MATRIX, MATRIX, CUBE, CUBE, CUBE, MATRIX)


@njit([_ASSEMBLE], cache=True, error_model="numpy")
def condense(
    field, jacobian, tangent, tables, p, free, scale, u, period, mesh, values, slopes,
    inner, stages, speeds, gauss_states,
):  # fmt: skip
    """Local elimination on every interval.

    ``u`` (N m + 1, n) scaled nodes. Fills, per interval j, ``inner[j]`` (m n, n + 3): the interior
    nodes' dependence on (d0 | dT, dalpha | residual), ``stages[j]`` (m, n) the scaled field at the
    Gauss points, ``speeds[j]`` (m, n) the slopes u' there, ``gauss_states`` (N m, n) the states.
    """
    degree = values.shape[0]
    n = scale.shape[0]
    intervals = mesh.shape[0] - 1
    size = degree * n
    block, pivots = np.empty((size, size)), np.empty(size, np.int64)
    a, x, f, fp = np.empty((n, n)), np.empty(n), np.empty(n), np.empty(n)
    still, direction = np.zeros(n), np.zeros(p.shape[0])
    direction[free] = 1.0
    for j in range(intervals):
        h = mesh[j + 1] - mesh[j]
        right = inner[j]
        for i in range(degree):
            for s in range(n):
                state, slope = 0.0, 0.0
                for k in range(degree + 1):
                    state += values[i, k] * u[j * degree + k, s]
                    slope += slopes[i, k] * u[j * degree + k, s]
                gauss_states[j * degree + i, s] = state
                x[s] = state * scale[s]
                speeds[j, i, s] = slope / h
            field(x, p, tables, f)
            jacobian(x, p, tables, a)
            tangent(x, p, tables, still, direction, fp)
            for s in range(n):
                row = i * n + s
                stages[j, i, s] = f[s] / scale[s]
                right[row, n] = -h * f[s] / scale[s]
                right[row, n + 1] = -h * period * fp[s] / scale[s]
                right[row, n + 2] = h * speeds[j, i, s] - h * period * f[s] / scale[s]
                for c in range(n):
                    entry = -h * period * a[s, c] * scale[c] / scale[s]
                    right[row, c] = values[i, 0] * entry
                    for k in range(degree):
                        block[row, k * n + c] = values[i, k + 1] * entry
                right[row, s] += slopes[i, 0]
                for k in range(degree):
                    block[row, k * n + s] += slopes[i, k + 1]
        if not lu_factor(block, pivots):
            return False
        lu_solve_rows(block, pivots, right)
    return True


@njit([types.void(VECTOR, MATRIX, int64)], cache=True, error_model="numpy")
def _eliminate(border, stack, n):
    """Replace the current node in a border row by R d = rhs - H d0 - E next - ..."""
    y = np.empty(n)
    for c in range(n):  # solve y R = border part, R upper triangular
        total = border[n + c]
        for k in range(c):
            total -= y[k] * stack[k, c]
        y[c] = total / stack[c, c]
    for c in range(n):
        border[n + c] = 0.0
    for s in range(n):
        for c in range(n):
            border[c] -= y[s] * stack[s, n + c]
            border[n + c] -= y[s] * stack[s, 2 * n + c]
        border[2 * n] -= y[s] * stack[s, 3 * n]
        border[2 * n + 1] -= y[s] * stack[s, 3 * n + 1]
        border[2 * n + 2] -= y[s] * stack[s, 3 * n + 2]


@njit([types.void(CUBE, CUBE, MATRIX, VECTOR)], cache=True, error_model="numpy")
def _back_substitute(inner, kept, delta, extra):
    """Mesh nodes from the last to the first, then the interior nodes of every interval."""
    intervals, size, width = inner.shape
    n = width - 3
    degree = size // n
    for j in range(intervals - 1, 0, -1):
        rows = kept[j]
        for s in range(n - 1, -1, -1):
            total = rows[s, 3 * n + 2] - rows[s, 3 * n] * extra[0] - rows[s, 3 * n + 1] * extra[1]
            for c in range(n):
                total -= rows[s, n + c] * delta[0, c]
                total -= rows[s, 2 * n + c] * delta[(j + 1) * degree, c]
            for c in range(s + 1, n):
                total -= rows[s, c] * delta[j * degree, c]
            delta[j * degree, s] = total / rows[s, s]
    for j in range(intervals):
        local = inner[j]
        for k in range(degree - 1):
            for s in range(n):
                row = local[k * n + s]
                total = -row[n + 2] - row[n] * extra[0] - row[n + 1] * extra[1]
                for c in range(n):
                    total -= row[c] * delta[j * degree, c]
                delta[j * degree + k + 1, s] = total


@njit(
    [boolean(CUBE, CUBE, VECTOR, CUBE, MATRIX, VECTOR, MATRIX, MATRIX, VECTOR)],
    cache=True,
    error_model="numpy",
)
def solve_bordered(inner, rows, tails, kept, pair, closing, delta, corner, extra):
    """Solve the condensed periodic system with two border rows.

    ``rows`` (2, N m + 1, n) and ``tails`` (2 rows x (dT, dalpha, right side)) are the phase and the
    arclength condition. Fills ``pair`` (n, 2 n) = [W S], ``delta`` (N m + 1, n), ``extra`` = (dT,
    dalpha). ``kept`` is work space, ``closing`` u_0 - u_N, ``corner`` the final dense matrix.
    """
    intervals, size, width = inner.shape
    n = width - 3
    degree = size // n
    border = np.zeros(
        (2, 2 * n + 3)
    )  # coefficients on d0, on the current mesh node, dT, dalpha, rhs
    stack = np.zeros((2 * n, 3 * n + 3))  # current node | d0 | next node | dT, dalpha, rhs
    for b in range(2):
        for c in range(3):
            border[b, 2 * n + c] = tails[b * 3 + c]
    carried = np.zeros((n, 2 * n + 3))  # d0 | current node | dT, dalpha, rhs
    for j in range(intervals):
        local = inner[j]
        last = (degree - 1) * n
        # Border rows: interior nodes replaced by d_j = -X d0 - ..., the last of them is node j + 1.
        for b in range(2):
            target = 0 if j == 0 else n
            for c in range(n):
                border[b, target + c] += rows[b, j * degree, c]
            for k in range(degree - 1):
                for s in range(n):
                    weight = rows[b, j * degree + k + 1, s]
                    if weight != 0.0:
                        source = local[k * n + s]
                        for c in range(n):
                            border[b, target + c] -= weight * source[c]
                        border[b, 2 * n] -= weight * source[n]
                        border[b, 2 * n + 1] -= weight * source[n + 1]
                        border[b, 2 * n + 2] += weight * source[n + 2]
        if j == 0:
            for s in range(n):
                for c in range(n):
                    carried[s, c] = local[last + s, c]
                    carried[s, n + c] = 1.0 if s == c else 0.0
                carried[s, 2 * n] = local[last + s, n]
                carried[s, 2 * n + 1] = local[last + s, n + 1]
                carried[s, 2 * n + 2] = -local[last + s, n + 2]
            continue
        stack[:, :] = 0.0
        for s in range(n):
            for c in range(n):
                stack[s, c] = carried[s, n + c]
                stack[s, n + c] = carried[s, c]
                stack[n + s, c] = local[last + s, c]
            stack[n + s, 2 * n + s] = 1.0
            for c in range(3):
                stack[s, 3 * n + c] = carried[s, 2 * n + c]
            stack[n + s, 3 * n] = local[last + s, n]
            stack[n + s, 3 * n + 1] = local[last + s, n + 1]
            stack[n + s, 3 * n + 2] = -local[last + s, n + 2]
        orthogonal_sweep(stack, n)
        for s in range(n):
            for c in range(3 * n + 3):
                kept[j, s, c] = stack[s, c]
            for c in range(n):
                carried[s, c] = stack[n + s, n + c]
                carried[s, n + c] = stack[n + s, 2 * n + c]
            for c in range(3):
                carried[s, 2 * n + c] = stack[n + s, 3 * n + c]
        for b in range(2):
            _eliminate(border[b], stack, n)
    for b in range(2):
        for c in range(n):
            border[b, n + c] += rows[b, intervals * degree, c]
    # Unknowns d0, dT, dalpha; dN = d0 + closing.
    right = np.empty(n + 2)
    for s in range(n):
        right[s] = carried[s, 2 * n + 2]
        for c in range(n):
            pair[s, c], pair[s, n + c] = carried[s, c], carried[s, n + c]
            corner[s, c] = carried[s, c] + carried[s, n + c]
            right[s] -= carried[s, n + c] * closing[c]
        corner[s, n], corner[s, n + 1] = carried[s, 2 * n], carried[s, 2 * n + 1]
    for b in range(2):
        right[n + b] = border[b, 2 * n + 2]
        for c in range(n):
            corner[n + b, c] = border[b, c] + border[b, n + c]
            right[n + b] -= border[b, n + c] * closing[c]
        corner[n + b, n], corner[n + b, n + 1] = border[b, 2 * n], border[b, 2 * n + 1]
    matrix, pivots = corner.copy(), np.empty(n + 2, np.int64)
    if not lu_factor(matrix, pivots):
        return False
    lu_solve(matrix, pivots, right)
    extra[0], extra[1] = right[n], right[n + 1]
    for s in range(n):
        delta[0, s] = right[s]
        delta[intervals * degree, s] = right[s] + closing[s]
    _back_substitute(inner, kept, delta, extra)
    return True
