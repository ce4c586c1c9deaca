"""The normal-form coefficient of torus bifurcations in compiled code, for curves of them."""

from __future__ import annotations

import numpy as np
from numba import types

from continuation.cycles.chord_steps import reduce_residual
from continuation.cycles.collocation import (
    Condensed,
    Profile,
    back_substitute,
    carry_back,
    condense,
    reduce,
)
from continuation.cycles.conditions import TORUS, null_vectors, singular_matrix
from continuation.cycles.correction import Equations
from continuation.cycles.doubling import Taylor, at_cycle, solve_periodic, state_at
from continuation.cycles.local_equations import solve_intervals
from continuation.cycles.orbits import Orbit, Solver
from continuation.engine.field import Field
from continuation.engine.linear_algebra import lu_factor, lu_solve
from dynsys.compiled.records import Cube, Matrix, signature
from dynsys.numba_cache import njit


def cubic_coefficient(solver: Solver, orbit: Orbit) -> complex:
    """d of dxi/dt = i theta / T xi + d xi |xi|^2 at a cycle with multipliers exp(+-i theta); nan
    where the cycle is at a fold too.

    As ``normal_forms.torus_coefficients``, from the condensed equations.
    """
    return complex(_torus(*at_cycle(solver, orbit), solver.model.physical_dimension))


@njit
def _turned(real, imaginary, angle, first, end):
    """A complex vector's parts as ``first`` (2, n), and those of it times exp(i angle) as
    ``end``."""
    cosine, sine = np.cos(angle), np.sin(angle)
    for s in range(first.shape[1]):
        first[0, s], first[1, s] = real[s], imaginary[s]
        end[0, s] = cosine * real[s] - sine * imaginary[s]
        end[1, s] = sine * real[s] + cosine * imaginary[s]


@njit
def _set_sides(condensed, sides):
    """Other right sides of the condensed equations, solved on every interval already."""
    last = condensed.local.shape[2] - 1
    for j in range(sides.shape[0]):
        for k in range(sides.shape[1]):
            condensed.local[j, k, last] = sides[j, k]
    reduce_residual(condensed)


@njit
def _solve_turning(condensed, sides, angle, out):
    """Parts ``out`` (2, N m + 1, n) of h with h' - T A h = the right sides of parts ``sides``
    (2, N, m n) and h(1) = exp(i angle) h(0); False where there is none."""
    pair = condensed.pair
    n, count = pair.shape[0], pair.shape[1] - 2 * pair.shape[0] - 1
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix, pivots = np.empty((2 * n, 2 * n)), np.empty(2 * n, np.int64)
    solution, still = np.empty(2 * n), np.zeros(count)
    for part in range(2):
        _set_sides(condensed, sides[part])
        for s in range(n):
            solution[part * n + s] = pair[s, 2 * n + count]
    for s in range(n):
        for c in range(n):
            straight, across = pair[s, c] + cosine * pair[s, n + c], sine * pair[s, n + c]
            matrix[s, c], matrix[s, n + c] = straight, -across
            matrix[n + s, c], matrix[n + s, n + c] = across, straight
    if not lu_factor(matrix, pivots):
        return False
    lu_solve(matrix, pivots, solution)
    first, end = np.empty((2, n)), np.empty((2, n))
    _turned(solution[:n], solution[n:], angle, first, end)
    for part in range(2):
        _set_sides(condensed, sides[part])
        back_substitute(condensed, first[part], end[part], still, 1.0, out[part])
    return True


@njit
def _images(taylor, series, parameters, tables, real, imaginary, images):
    """Taylor coefficients of the field along real + i imaginary, behind ``series[0]``."""
    for s in range(real.shape[0]):
        series[1, s] = complex(real[s], imaginary[s])
    taylor(series, parameters, tables, images)


_SUMS = types.Tuple((types.complex128, types.complex128, types.complex128, types.float64))


@njit(
    [signature(_SUMS, Equations, Profile, Condensed, Taylor, int, Cube, Cube, Cube)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def _first_order(equations, profile, condensed, taylor, physical, v, omega, sides):
    """(<left, C(v, v, v*)>, <left, A v>, <left, v>, integral |v|^2 of the first ``physical``
    states), and the ``sides`` (3, N, m n) of B(v, v), in two parts, and of B(v, v*)."""
    field, values, mesh, u = equations.field, equations.collocation.values, profile.mesh, profile.u
    scale, period, n, degree = field.scale, profile.z[0], u.shape[1], values.shape[0]
    weights, none = equations.collocation.weights, np.zeros(n)
    x, re, im = np.empty(n), np.empty(n), np.empty(n)
    series, images = np.zeros((4, n), np.complex128), np.zeros((5, 4, n), np.complex128)
    whole, real, imaginary, plus, minus = images[0], images[1], images[2], images[3], images[4]
    parameters = np.zeros((4, field.p.shape[0]), np.complex128)
    for q in range(field.p.shape[0]):
        parameters[0, q] = field.p[q]
    cubic, drift, inner, square = 0.0j, 0.0j, 0.0j, 0.0
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            state_at(values, u, j * degree, i, scale, x)
            state_at(values, v[0], j * degree, i, scale, re)
            state_at(values, v[1], j * degree, i, scale, im)
            for s in range(n):
                series[0, s] = x[s]
            _images(taylor, series, parameters, field.tables, re, im, whole)
            _images(taylor, series, parameters, field.tables, re, none, real)
            _images(taylor, series, parameters, field.tables, im, none, imaginary)
            _images(taylor, series, parameters, field.tables, re + im, none, plus)
            _images(taylor, series, parameters, field.tables, re - im, none, minus)
            for s in range(n):
                row, factor = i * n + s, -2.0 * h * period / scale[s]
                sides[0, j, row] = factor * whole[2, s].real
                sides[1, j, row] = factor * whole[2, s].imag
                sides[2, j, row] = factor * (real[2, s].real + imaginary[2, s].real)
                a, b = real[3, s].real, imaginary[3, s].real  # C(r, r, r) / 6, C(i, i, i) / 6
                p, m = plus[3, s].real, minus[3, s].real
                weight = h / scale[s] * complex(omega[0, j, row], -omega[1, j, row])
                cubic += weight * complex(6 * a + p + m - 2 * a, 6 * b + p - m - 2 * b)
                drift += weight * whole[1, s]
                inner += weight * complex(re[s], im[s])
                if s < physical:
                    square += h * weights[i] * (re[s] ** 2 + im[s] ** 2)
    for part in range(3):
        solve_intervals(condensed.lanes, condensed.pivots, n, sides[part], False)
    return cubic, drift, inner, square


@njit(
    [signature(types.complex128, Field, Matrix, Profile, Cube, Cube, Matrix, Cube)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def _second_order(field, values, profile, v, omega, h11, h20):
    """<left, 2 B(v, h11) + B(v*, h20)>."""
    mesh, u, scale = profile.mesh, profile.u, field.scale
    n, degree = u.shape[1], values.shape[0]
    x, re, im, even = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    up, across = np.empty(n), np.empty(n)
    by_real, by_imaginary = np.empty((n, n)), np.empty((n, n))
    still, total = np.zeros(field.p.shape[0]), 0.0j
    for j in range(mesh.shape[0] - 1):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            state_at(values, u, j * degree, i, scale, x)
            state_at(values, v[0], j * degree, i, scale, re)
            state_at(values, v[1], j * degree, i, scale, im)
            state_at(values, h11, j * degree, i, scale, even)
            state_at(values, h20[0], j * degree, i, scale, up)
            state_at(values, h20[1], j * degree, i, scale, across)
            field.jacobian_tangent(x, field.p, field.tables, re, still, by_real)
            field.jacobian_tangent(x, field.p, field.tables, im, still, by_imaginary)
            for s in range(n):
                mixed = 0.0j
                for c in range(n):
                    change = complex(by_real[s, c], by_imaginary[s, c])
                    mixed += 2.0 * change * even[c]
                    mixed += change.conjugate() * complex(up[c], across[c])
                row = i * n + s
                total += h / scale[s] * complex(omega[0, j, row], -omega[1, j, row]) * mixed
    return total


@njit(
    [signature(types.complex128, Equations, Profile, Condensed, Taylor, int)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def _torus(equations, profile, condensed, taylor, physical):
    collocation, u, z = equations.collocation, profile.u, profile.z
    intervals, size = condensed.local.shape[0], condensed.local.shape[1]
    n, period, angle = u.shape[1], z[0], z[3]
    if not condense(equations.field, collocation, profile, condensed):
        return complex(np.nan, np.nan)
    reduce(condensed)
    matrix = singular_matrix(TORUS, condensed.pair, np.empty(1), z)
    right, left, g = np.empty((2, 2 * n)), np.empty((2, 2 * n)), np.empty((2, 2))
    if not null_vectors(matrix, right, left, g):
        return complex(np.nan, np.nan)
    first, end, still = np.empty((2, n)), np.empty((2, n)), np.zeros(z.shape[0])
    _turned(right[0, :n], right[0, n:], angle, first, end)
    v, omega = np.empty((2, *u.shape)), np.empty((2, intervals, size))
    for part in range(2):
        back_substitute(condensed, first[part], end[part], still, 0.0, v[part])
        carry_back(condensed, left[0, part * n : (part + 1) * n], omega[part])
    sides = np.empty((3, intervals, size))
    cubic, drift, inner, square = _first_order(
        equations, profile, condensed, taylor, physical, v, omega, sides
    )
    h11, h20 = np.empty_like(u), np.empty_like(v)
    _set_sides(condensed, sides[2])
    a = -solve_periodic(equations, profile, condensed, h11) / period
    if not _solve_turning(condensed, sides[:2], 2.0 * angle, h20):
        return complex(np.nan, np.nan)
    mixed = _second_order(equations.field, collocation.values, profile, v, omega, h11, h20)
    turn = 1j * a * angle / (square * period**2)
    return 0.5 * (cubic + mixed - 2.0 * a * drift) / (inner * square * period) + turn
