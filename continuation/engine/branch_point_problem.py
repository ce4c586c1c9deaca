"""Branch points of equilibria in two free parameters, as a curve of the predictor-corrector.

Two branches that cross do so at isolated points of a plane of two parameters, unless a symmetry or
an invariant subspace keeps them together. The system is therefore unfolded by one unknown beta,
f + beta b = 0, with which it is regular everywhere (Beyn 1984; Govaerts 2000, section 4.5); the
model has the branch point where beta = 0, and the curve ends where beta leaves zero.
"""

from __future__ import annotations

import numpy as np

from continuation.engine.linear_algebra import lu_factor, lu_solve, lu_solve_transposed
from continuation.engine.predictor_corrector import EVALUATE, REFRESH
from continuation.engine.problems import (
    Problem,
    _derivative,
    _field_rows,
    _fold_bordered,
    _fold_vectors,
    _form,
    _keep_null_vectors,
    _parameter_derivative,
    _subtract_row,
)
from dynsys.numba_cache import njit

PITCHFORK, TRANSCRITICAL = KINDS = ("pitchfork curve", "transcritical curve")
UNFOLDED = 1e-7  # scaled beta beyond which the model has no branch point
_SHIFT = 1e-4  # of the parameters' scales, for the one second derivative that is not compiled


@njit
def _along(field, x, across, out):
    """The scaled derivative of f along a direction of the free parameters."""
    n, p, free, scale = x.shape[0], field.p, field.free, field.scale
    direction = np.zeros(p.shape[0])
    for k in range(free.shape[0]):
        direction[free[k]] = across[k] * scale[n + k]
    field.tangent(x, p, field.tables, np.zeros(n), direction, out)
    for i in range(n):
        out[i] /= scale[i]


@njit([EVALUATE], cache=True, error_model="numpy")
def evaluate_branch_point(field, border, y, residual, matrix):
    """f + beta b = 0, g = 0 and w . f_c = 0; unknowns (x, two free parameters, beta).

    [A b; c' 0][v; g] = [0; 1] and its transpose (w; g) make A singular; f_c is the derivative
    along the direction (``border[2, 0]``, ``border[3, 0]``) of the parameters, which crosses the
    curve. With [A b; c' 0][u; s] = [f_c; 0] the last row's gradient is w' (f_c)_y - w' A_y u.
    """
    n = residual.shape[0] - 2
    a = np.empty((n, n))
    x = _field_rows(field, y, residual, matrix, a)
    p, free, scale, last = field.p, field.free, field.scale, n + 2
    for i in range(n):
        residual[i] += y[last] * scale[last] * border[0, i]
        matrix[i, last] = scale[last] * border[0, i]
    bordered, pivots = np.empty((n + 1, n + 1)), np.empty(n + 1, np.int64)
    _fold_bordered(a, border, bordered)
    if not lu_factor(bordered, pivots):
        return False
    right, left, solved = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1)
    right[n] = left[n] = 1.0
    lu_solve(bordered, pivots, right)
    lu_solve_transposed(bordered, pivots, left)
    across, forced = np.array([border[2, 0], border[3, 0]]), np.empty(n)
    _along(field, x, across, forced)
    for i in range(n):
        solved[i] = forced[i]
    lu_solve(bordered, pivots, solved)
    v, w, u = right[:n].copy(), left[:n].copy(), solved[:n].copy()
    residual[n] = right[n]
    residual[n + 1] = np.dot(w, forced)
    change, total = np.empty((n, n)), np.zeros((n, n))
    _derivative(field, x, v, change)
    _subtract_row(w, change, 1.0, matrix, n)
    _derivative(field, x, u, change)
    _subtract_row(w, change, 1.0, matrix, n + 1)
    for k in range(2):
        _parameter_derivative(field, x, k, change)
        matrix[n, n + k] = -_form(w, change, v)
        matrix[n + 1, n + k] = -_form(w, change, u)
        for i in range(n):
            for j in range(n):
                total[i, j] += across[k] * change[i, j]
    for j in range(n):
        for i in range(n):
            matrix[n + 1, j] += w[i] * total[i, j]
    # w' f_cc: zero where a symmetry or an invariant axis holds the branches together; elsewhere
    # it steers Newton's method (the residual is exact all the same).
    shifted = np.empty(n)
    for k in range(2):
        size = _SHIFT * scale[n + k]
        for sign in (1.0, -1.0):
            p[free[k]] += sign * size
            _along(field, x, across, shifted)
            p[free[k]] -= sign * size
            matrix[n + 1, n + k] += sign * np.dot(w, shifted) / (2.0 * _SHIFT)
    return True


@njit([REFRESH], cache=True, error_model="numpy")
def refresh_branch_point(n, matrix, border):
    """New null vectors, and the direction of the parameters that changes g fastest."""
    right, left = np.zeros(n + 1), np.zeros(n + 1)
    a = matrix[:n, :n].copy()
    if not _fold_vectors(a, border, right, left):
        return False
    bordered, pivots = np.empty((n + 1, n + 1)), np.empty(n + 1, np.int64)
    _fold_bordered(a, border, bordered)
    lu_factor(bordered, pivots)
    across, moved = np.zeros(2), np.empty(n + 1)
    for k in range(2):
        for i in range(n):
            moved[i] = -matrix[i, n + k]
        moved[n] = 0.0
        lu_solve(bordered, pivots, moved)
        across[k] = matrix[n, n + k]
        for i in range(n):
            across[k] += matrix[n, i] * moved[i]
    length = np.sqrt(np.dot(across, across))
    if length > 1e-12:
        border[2, 0], border[3, 0] = across[0] / length, across[1] / length
    _keep_null_vectors(left, right, border)
    return True


BRANCH_POINT = Problem(
    "branch point curve", evaluate_branch_point, refresh_branch_point, 4, conditions=2, extra=1,
    critical=1, least=-UNFOLDED, most=UNFOLDED, words=KINDS,
)  # fmt: skip
