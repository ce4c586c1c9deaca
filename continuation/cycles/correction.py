"""Newton's method for cycles, and for cycles at a bifurcation, on a fixed mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from continuation.cycles.chord_steps import condense_residual, eliminated_right, reduce_residual
from continuation.cycles.collocation import (
    Collocation,
    Condensed,
    Profile,
    Variation,
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
from continuation.engine.field import Field
from continuation.engine.linear_algebra import lu_factor, lu_solve
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.compiled.records import Cube, Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

MOST_CHORDS = 6  # steps on one factorization
_SLOW = 0.3  # contraction at which another factorization pays
_CURVED = 20.0  # times its square, a Newton step is about as large as the next one at most
_SURE = 3e-3  # part of the tolerance below which Newton's next step should be: the multipliers
_SAME = 1e-10  # are those before it, and have to be found anew where it is larger than this


@record
class Equations(NamedTuple):
    """What is asked of a cycle: the field's collocation equations and the condition ``kind``;
    ``fixed`` is the period where the kind fixes it."""

    field: Field
    collocation: Collocation
    kind: int
    fixed: float


@record
class Plane(NamedTuple):
    """The plane row . u + tail . z = level of orbits; ``row`` (N m + 1, n), ``tail`` (K,).

    ``units`` (K,) are those in which corrections of z count, which may move along the plane; but
    that of the period counts relative."""

    row: Matrix
    tail: Vector
    level: float
    units: Vector


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
    [signature(float, Collocation, Profile, Matrix, Matrix)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def phase_row(collocation, profile, reference, row):
    """Row of the integral phase condition and its value, the integral of u . u_ref'."""
    mesh, u = profile.mesh, profile.u
    values, weights = collocation.values, collocation.weights
    degree = values.shape[0]
    total = 0.0
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            row[node, s] = 0.0
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            for k in range(degree + 1):
                factor = h * weights[i] * values[i, k]
                node = j * degree + k
                for s in range(u.shape[1]):
                    row[node, s] += factor * reference[j * degree + i, s]
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            total += row[node, s] * u[node, s]
    return total


@njit(
    [signature(bool, Equations, Profile, Condensed, Vector, Cube, Matrix)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def condition_rows(equations, profile, condensed, phase, rows, tails):
    """Border rows of g = 0: ``rows[e]`` . du + ``tails[e]`` . (dz, right side)."""
    kind, u, z, pair = equations.kind, profile.u, profile.z, condensed.pair
    intervals, degree_n = condensed.local.shape[0], condensed.local.shape[1]
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
    omegas = np.empty((conditions, intervals, degree_n))
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
        back_substitute(condensed, first, end, dz, 0.0, v)
        for e in range(conditions):
            for s in range(n):
                reduced[s] = left[e, part * n + s]
            carry_back(condensed, reduced, omegas[e])
        add_gradient(equations.field, equations.collocation, profile, v, dz[0], omegas, rows, tails)
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


@njit
def _set_parameters(field, z):
    """Write the free parameters of an orbit into the field's."""
    p, free = field.p, field.free
    for q in range(free.shape[0]):
        p[free[q]] = z[1 + q]


@njit
def _distance(plane, profile):
    """How far an orbit is before its plane."""
    u, z, total = profile.u, profile.z, plane.level
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            total -= plane.row[node, s] * u[node, s]
    for c in range(z.shape[0]):
        total -= plane.tail[c] * z[c]
    return total


@record
class _Border(NamedTuple):
    """The border rows (K, N m + 1, n) and their ends (K, K + 1), eliminated: ``carried`` (K, N, n),
    and the square system in (d0, dN, dz), factorized, with its right side ``solution``."""

    rows: Cube
    tails: Matrix
    carried: Cube
    corner: Matrix
    pivots: Indices
    solution: Vector


@njit
def _border(phase, plane, intervals):
    """Room for it, with the rows of the phase and of the plane."""
    (nodes, n), count = phase.shape, plane.tail.shape[0]
    total = 2 * n + count
    border = _Border(
        np.zeros((count, nodes, n)), np.zeros((count, count + 1)), np.empty((count, intervals, n)),
        np.empty((total, total)), np.empty(total, np.int64), np.empty(total),
    )  # fmt: skip
    for node in range(nodes):
        for s in range(n):
            border.rows[0, node, s] = phase[node, s]
            border.rows[count - 1, node, s] = plane.row[node, s]
    for c in range(count):
        border.tails[count - 1, c] = plane.tail[c]
    return border


@njit
def _phase_left(border, u):
    """What is left of the phase condition."""
    row, total = border.rows[0], 0.0
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            total -= row[node, s] * u[node, s]
    return total


@njit([signature(bool, _Border, Condensed, Vector, Matrix)], cache=True, addressed=True)
def _factor_corner(border, condensed, phase, u):
    """The square system of the pair, periodicity and the border rows; False where singular."""
    rows, tails, corner, solution = border.rows, border.tails, border.corner, border.solution
    pair = condensed.pair
    n, count, nodes = pair.shape[0], tails.shape[0], u.shape[0]
    total = 2 * n + count
    reduced = np.empty(total + 1)
    for s in range(n):
        for c in range(total):
            corner[s, c] = pair[s, c]
            corner[n + s, c] = 0.0
        corner[n + s, s], corner[n + s, n + s] = 1.0, -1.0
        solution[s] = pair[s, total]
        solution[n + s] = u[nodes - 1, s] - u[0, s]
    for b in range(count):
        if b > 0:
            eliminate_border(rows[b], tails[b], condensed, border.carried[b], reduced)
        for c in range(total):
            corner[2 * n + b, c] = phase[c] if b == 0 else reduced[c]
        solution[2 * n + b] = phase[total] if b == 0 else reduced[total]
    return lu_factor(corner, border.pivots)


@njit
def _size(z, delta, dz, units):
    """The size of a correction, in scaled units."""
    change = abs(dz[0]) / abs(z[0])
    for c in range(1, z.shape[0]):
        change = max(change, abs(dz[c]) / units[c])
    for node in range(delta.shape[0]):
        for s in range(delta.shape[1]):
            change = max(change, abs(delta[node, s]))
    return change


@njit
def _apply(profile, delta, dz):
    """Add a correction to the orbit."""
    u, z = profile.u, profile.z
    for c in range(z.shape[0]):
        z[c] += dz[c]
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            u[node, s] += delta[node, s]


@njit(
    [signature(types.void, Equations, Profile, Plane, Condensed, _Border)],
    cache=True,
    addressed=True,
)
def _chord_right(equations, profile, plane, condensed, border):
    """The right side of the square system for the orbit as it is now."""
    u, z, solution = profile.u, profile.z, border.solution
    pair, rows, carried = condensed.pair, border.rows, border.carried
    n, count, nodes = pair.shape[0], z.shape[0], u.shape[0]
    _set_parameters(equations.field, z)
    condense_residual(equations.field, equations.collocation, profile, condensed)
    reduce_residual(condensed)
    for s in range(n):
        solution[s] = pair[s, 2 * n + count]
        solution[n + s] = u[nodes - 1, s] - u[0, s]
    for b in range(count):
        if b == count - 1:
            right = _distance(plane, profile)
        elif b == 0:
            right = _phase_left(border, u)
        else:
            right = 1.0 - z[0] / equations.fixed
        solution[2 * n + b] = right + eliminated_right(rows[b], carried[b], condensed)


@njit(
    [signature(int, Equations, Profile, Plane, float, float, Condensed, _Border, Matrix)],
    cache=True, addressed=True,
)  # fmt: skip
def _chords(equations, profile, plane, tolerance, change, condensed, border, delta):
    """Chord steps after one of Newton's of size ``change``, until another one of those would be of
    no size, measured by the ``tolerance``, or as long as they pay.

    Returns how many of Newton's they stand for, which converges quadratically.
    """
    n, taken = profile.u.shape[1], 0
    solution, newton, ahead = border.solution, 0, 0.0
    while taken < MOST_CHORDS:
        _chord_right(equations, profile, plane, condensed, border)
        lu_solve(border.corner, border.pivots, solution)
        dz = solution[2 * n :]
        back_substitute(condensed, solution[:n], solution[n : 2 * n], dz, 1.0, delta)
        size = _size(profile.z, delta, dz, plane.units)
        if not size < 0.5 * change:  # Newton's method is not where it converges
            break
        _apply(profile, delta, dz)
        taken += 1
        ratio, change = size / change, size
        if taken == 1:
            ahead, square = size, ratio * ratio
            while ahead > tolerance:
                ahead, square, newton = ahead * square, square * square, newton + 1
        if ratio > _SLOW or ratio * size < _SURE * tolerance:
            break
    return min(newton, taken)


@njit(
    [signature(int, Equations, Profile, Matrix, Plane, float, int, Condensed, Variation)],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def correct(equations, profile, phase, plane, tolerance, most, condensed, tangent):
    """Correct the orbit in place; returns the iterations, -1 on failure. Cycles without a condition
    take chord steps instead of some, which count as those they stand for.

    Kept is the phase: ``phase`` (N m + 1, n) . u = 0; the last condition is the plane.
    Fills the ``condensed`` system and the ``tangent`` on which row . du + tail . dz = 1, both of
    the last iteration, whose step was below ``tolerance``; the former of the cycle itself where
    that step was of a size that multipliers feel.
    """
    kind, fixed, u, z = equations.kind, equations.fixed, profile.u, profile.z
    nodes, n = u.shape
    count = z.shape[0]
    border = _border(phase, plane, condensed.local.shape[0])
    rows, tails, solution = border.rows, border.tails, border.solution
    total = 2 * n + count
    first, along = np.empty(total + 1), np.empty(total)
    delta, previous, chords = np.empty((nodes, n)), np.inf, 0
    for iteration in range(most):
        _set_parameters(equations.field, z)
        if not condense(equations.field, equations.collocation, profile, condensed):
            return -1
        reduce(condensed)
        tails[0, count] = _phase_left(border, u)
        tails[count - 1, count] = _distance(plane, profile)
        eliminate_border(rows[0], tails[0], condensed, border.carried[0], first)
        if kind == PERIOD:
            tails[1, 0] = 1.0 / fixed
            tails[1, count] = 1.0 - z[0] / fixed
        elif kind != CYCLE:
            inner = slice(1, count - 1)
            if not condition_rows(equations, profile, condensed, first, rows[inner], tails[inner]):
                return -1
        if not _factor_corner(border, condensed, first, u):
            return -1
        lu_solve(border.corner, border.pivots, solution)
        dz = solution[2 * n :]
        back_substitute(condensed, solution[:n], solution[n : 2 * n], dz, 1.0, delta)
        change = _size(z, delta, dz, plane.units)
        _apply(profile, delta, dz)
        if not (change < 1e3 and z[0] > 0.0) or (iteration > 3 and change > 4.0 * previous):
            return -1
        previous = change
        if change < tolerance:
            for i in range(total):
                along[i] = 0.0
            along[total - 1] = 1.0
            lu_solve(border.corner, border.pivots, along)
            dz = along[2 * n :]
            back_substitute(condensed, along[:n], along[n : 2 * n], dz, 0.0, tangent.u)
            for c in range(count):
                tangent.z[c] = dz[c]
            if kind == CYCLE and change > _SAME:
                _set_parameters(equations.field, z)
                if not condense(equations.field, equations.collocation, profile, condensed):
                    return -1
                reduce(condensed)
            return iteration + 1 + chords
        if kind in (CYCLE, PERIOD) and _CURVED * change * change > _SURE * tolerance:
            chords += _chords(
                equations, profile, plane, tolerance, change, condensed, border, delta
            )
    return -1
