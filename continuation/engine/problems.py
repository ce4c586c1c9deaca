"""What the predictor-corrector follows: equilibria, folds and Hopf points, in scaled variables.

Unknowns ``y`` in units of ``scale``: the state (n,), then the free parameters, then what the
problem adds. All derivatives are exact; singular matrices are tested by bordering (Govaerts 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import boolean, float64, int64, types

from continuation.engine.linear_algebra import lu_factor, lu_solve, lu_solve_transposed
from continuation.engine.predictor_corrector import EVALUATE, REFRESH
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit


# Members are read once, not in loops: every read of an array counts references.
@njit
def _scale_rows(a, scale):
    """S^-1 a S for the state part of ``scale``."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            a[i, j] *= scale[j] / scale[i]


@njit
def _field_rows(field, y, residual, matrix, a):
    """Rows f = 0 with their derivatives; ``a`` becomes the scaled Jacobian; returns the state."""
    p, tables, free, scale = field.p, field.tables, field.free, field.scale
    n = a.shape[0]
    x = np.empty(n)
    for i in range(n):
        x[i] = y[i] * scale[i]
    for k in range(free.shape[0]):
        p[free[k]] = y[n + k] * scale[n + k]
    field.f(x, p, tables, residual[:n])
    for i in range(n):
        residual[i] /= scale[i]
    field.jacobian(x, p, tables, a)
    _scale_rows(a, scale)
    matrix[:, :] = 0.0
    for i in range(n):
        for j in range(n):
            matrix[i, j] = a[i, j]
    still, direction, column = np.zeros(n), np.zeros(p.shape[0]), np.empty(n)
    for k in range(free.shape[0]):
        direction[:] = 0.0
        direction[free[k]] = scale[n + k]
        field.tangent(x, p, tables, still, direction, column)
        for i in range(n):
            matrix[i, n + k] = column[i] / scale[i]
    return x


@njit([EVALUATE], cache=True, error_model="numpy")
def evaluate_equilibrium(field, border, y, residual, matrix):
    """f(x, alpha) = 0; unknowns (x, alpha)."""
    n = residual.shape[0]
    a = np.empty((n, n))
    _field_rows(field, y, residual, matrix, a)
    return True


@njit([REFRESH], cache=True)
def refresh_equilibrium(n, matrix, border):
    return True


@njit
def _derivative(field, x, direction, out):
    """Scaled derivative of the Jacobian along a scaled state direction."""
    n, p, scale = x.shape[0], field.p, field.scale
    change = np.empty(n)
    for i in range(n):
        change[i] = direction[i] * scale[i]
    field.jacobian_tangent(x, p, field.tables, change, np.zeros(p.shape[0]), out)
    _scale_rows(out, scale)


@njit
def _parameter_derivative(field, x, k, out):
    """Scaled derivative of the Jacobian along free parameter ``k``."""
    n, p, scale = x.shape[0], field.p, field.scale
    direction = np.zeros(p.shape[0])
    direction[field.free[k]] = scale[n + k]
    field.jacobian_tangent(x, p, field.tables, np.zeros(n), direction, out)
    _scale_rows(out, scale)


@njit
def _fold_bordered(a, border, bordered):
    """[A b; c' 0] with b and c the first rows of ``border``."""
    n = a.shape[0]
    bordered[n, n] = 0.0
    for i in range(n):
        for j in range(n):
            bordered[i, j] = a[i, j]
        bordered[i, n] = border[0, i]
        bordered[n, i] = border[1, i]


# Loops, not slices: numba's assignment of array expressions multiplies the time to compile.
@njit([boolean(MATRIX, MATRIX, VECTOR, VECTOR)], cache=True, error_model="numpy")
def _fold_vectors(a, border, right, left):
    """Solve [a b; c' 0][right] = e and its transpose, b and c the rows of ``border``."""
    n = a.shape[0]
    bordered, pivots = np.empty((n + 1, n + 1)), np.empty(n + 1, np.int64)
    _fold_bordered(a, border, bordered)
    if not lu_factor(bordered, pivots):
        return False
    right[n] = left[n] = 1.0
    lu_solve(bordered, pivots, right)
    lu_solve_transposed(bordered, pivots, left)
    return True


@njit
def _keep_null_vectors(left, right, border):
    """The first rows of ``border`` become the first n entries of both, of length one."""
    n = border.shape[1]
    left_size, right_size = 0.0, 0.0
    for i in range(n):
        left_size += left[i] ** 2
        right_size += right[i] ** 2
    for i in range(n):
        border[0, i] = left[i] / np.sqrt(left_size)
        border[1, i] = right[i] / np.sqrt(right_size)


@njit([types.void(VECTOR, MATRIX, float64, MATRIX, int64)], cache=True)
def _subtract_row(w, change, factor, matrix, row):
    """matrix[row, :n] -= factor w' change."""
    n = change.shape[0]
    for i in range(n):
        for j in range(n):
            matrix[row, j] -= factor * w[i] * change[i, j]


@njit([float64(VECTOR, MATRIX, VECTOR)], cache=True)
def _form(w, change, v):
    """w' change v."""
    total = 0.0
    for i in range(change.shape[0]):
        for j in range(change.shape[1]):
            total += w[i] * change[i, j] * v[j]
    return total


@njit([EVALUATE], cache=True, error_model="numpy")
def evaluate_fold(field, border, y, residual, matrix):
    """f = 0 and g = 0 with [A b; c' 0][v; g] = [0; 1]; unknowns (x, free parameters).

    ``border`` rows: b (left null vector), c (right null vector) of the last accepted point.
    """
    n = residual.shape[0] - 1
    a = np.empty((n, n))
    x = _field_rows(field, y, residual, matrix, a)
    right, left = np.zeros(n + 1), np.zeros(n + 1)
    if not _fold_vectors(a, border, right, left):
        return False
    v, w = right[:n].copy(), left[:n].copy()
    residual[n] = right[n]
    change = np.empty((n, n))
    _derivative(field, x, v, change)
    _subtract_row(w, change, 1.0, matrix, n)
    for k in range(field.free.shape[0]):
        _parameter_derivative(field, x, k, change)
        matrix[n, n + k] = -_form(w, change, v)
    return True


@njit([REFRESH], cache=True, error_model="numpy")
def refresh_fold(n, matrix, border):
    """New bordering vectors: the normalized null vectors of A and its transpose."""
    right, left = np.zeros(n + 1), np.zeros(n + 1)
    if not _fold_vectors(matrix[:n, :n].copy(), border, right, left):
        return False
    _keep_null_vectors(left, right, border)
    return True


@njit
def _hopf_bordered(a, kappa, border, bordered):
    """[A^2 + kappa I, B; C' 0] with B, C from rows 0-1 and 2-3 of ``border``."""
    n = a.shape[0]
    square = np.dot(a, a)
    bordered[:, :] = 0.0
    for i in range(n):
        for j in range(n):
            bordered[i, j] = square[i, j]
        bordered[i, i] += kappa
        for k in range(2):
            bordered[i, n + k] = border[k, i]
            bordered[n + k, i] = border[2 + k, i]


@njit
def _null_pairs(bordered, pivots, n, right, left):
    """Rows k of ``right``, ``left`` solve the bordered systems for the unit vectors n + k."""
    for k in range(2):
        for i in range(n + 2):
            right[k, i] = left[k, i] = 0.0
        right[k, n + k] = 1.0
        left[k, n + k] = 1.0
        lu_solve(bordered, pivots, right[k])
        lu_solve_transposed(bordered, pivots, left[k])


@njit([EVALUATE], cache=True, error_model="numpy")
def evaluate_hopf(field, border, y, residual, matrix):
    """f = 0 and two conditions that A^2 + kappa I has rank defect two; kappa = omega^2.

    Unknowns (x, free parameters, kappa). With G the (2, 2) bordered solution, the conditions are
    G11 + G22 = 0 and G12 - G21 = 0: in biorthogonal bases G is -(2 mu A2 + (kappa - |lambda|^2) I)
    on the critical plane, so they are regular also at Bogdanov-Takens points (kappa = 0).
    """
    n = residual.shape[0] - 2
    a = np.empty((n, n))
    x = _field_rows(field, y, residual, matrix, a)
    last = n + field.free.shape[0]
    size = field.scale[last]
    kappa = y[last] * size
    border[4, 0] = kappa
    bordered, pivots = np.empty((n + 2, n + 2)), np.empty(n + 2, np.int64)
    _hopf_bordered(a, kappa, border, bordered)
    if not lu_factor(bordered, pivots):
        return False
    right, left = np.empty((2, n + 2)), np.empty((2, n + 2))
    _null_pairs(bordered, pivots, n, right, left)
    residual[n] = right[0, n] + right[1, n + 1]
    residual[n + 1] = right[1, n] - right[0, n + 1]
    v, w = right[:, :n].copy(), left[:, :n].copy()
    av, wa = np.dot(v, a.T), np.dot(w, a)
    # Row pairs (i, j, sign) of W' dK V entering each condition.
    change, plain = np.empty((n, n)), np.empty((n, n))
    for j in range(2):
        _derivative(field, x, av[j], change)
        _derivative(field, x, v[j], plain)
        i, sign = 1 - j, 1.0 if j == 1 else -1.0
        _subtract_row(w[j], change, 1.0, matrix, n)
        _subtract_row(wa[j], plain, 1.0, matrix, n)
        _subtract_row(w[i], change, sign, matrix, n + 1)
        _subtract_row(wa[i], plain, sign, matrix, n + 1)
    for k in range(field.free.shape[0]):
        _parameter_derivative(field, x, k, change)
        entry = np.empty((2, 2))
        for i in range(2):
            for j in range(2):
                entry[i, j] = _form(w[i], change, av[j]) + _form(wa[i], change, v[j])
        matrix[n, n + k] = -(entry[0, 0] + entry[1, 1])
        matrix[n + 1, n + k] = -(entry[0, 1] - entry[1, 0])
    matrix[n, last] = -size * (np.dot(w[0], v[0]) + np.dot(w[1], v[1]))
    matrix[n + 1, last] = -size * (np.dot(w[0], v[1]) - np.dot(w[1], v[0]))
    return True


@njit([REFRESH], cache=True, error_model="numpy")
def refresh_hopf(n, matrix, border):
    """New bordering bases: orthonormal right null vectors, left ones biorthogonal to them.

    ``border[4, 0]`` holds kappa of the last evaluated, so of the accepted, point.
    """
    a = matrix[:n, :n].copy()
    bordered, pivots = np.empty((n + 2, n + 2)), np.empty(n + 2, np.int64)
    _hopf_bordered(a, border[4, 0], border, bordered)
    if not lu_factor(bordered, pivots):
        return False
    right, left = np.empty((2, n + 2)), np.empty((2, n + 2))
    _null_pairs(bordered, pivots, n, right, left)
    v, w = right[:, :n].copy(), left[:, :n].copy()
    first = np.sqrt(np.dot(v[0], v[0]))
    overlap = np.dot(v[0], v[1]) / first**2
    for i in range(n):
        v[1, i] -= overlap * v[0, i]
        v[0, i] /= first
    second = np.sqrt(np.dot(v[1], v[1]))
    for i in range(n):
        v[1, i] /= second
    gram = np.dot(w, v.T)
    determinant = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[1, 0]
    if not abs(determinant) > 1e-300:
        return False
    for i in range(n):
        one, two = w[0, i], w[1, i]
        w[0, i] = (gram[1, 1] * one - gram[0, 1] * two) / determinant
        w[1, i] = (gram[0, 0] * two - gram[1, 0] * one) / determinant
    for i in range(n):
        border[0, i], border[1, i] = w[0, i], w[1, i]
        border[2, i], border[3, i] = v[0, i], v[1, i]
    return True


@dataclass(frozen=True)
class Problem:
    """A curve the predictor-corrector can follow.

    ``conditions`` equations come after f = 0, ``extra`` unknowns after the free parameters, kept
    between ``least`` and ``most`` (in units of their scale); ``critical`` eigenvalues lie on the
    axis all along; ``border_rows`` vectors are carried along; ``second`` tells whether the
    Jacobian's derivatives are needed; ``words`` are what its curves are
    called (the name, if empty).
    """

    name: str
    evaluate: Callable
    refresh: Callable
    border_rows: int
    conditions: int = 0
    extra: int = 0
    second: bool = True
    critical: int = 0
    least: float = 0.0
    most: float = float("inf")
    words: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What its curves may be called."""
        return self.words or (self.name,)


EQUILIBRIUM = Problem("equilibria", evaluate_equilibrium, refresh_equilibrium, 1, second=False)
FOLD = Problem("fold curve", evaluate_fold, refresh_fold, 2, conditions=1, critical=1)
# Hopf curves end at omega = 0 (``least``): beyond it they are curves of neutral saddles.
HOPF = Problem("hopf curve", evaluate_hopf, refresh_hopf, 5, conditions=2, extra=1, critical=2)
