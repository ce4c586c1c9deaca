"""The normal-form coefficient of period doublings in compiled code, for curves of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from continuation.cycles.collocation import (
    Condensed,
    Profile,
    back_substitute,
    carry_back,
    condense,
    condensed_system,
    eliminate_border,
    reduce,
)
from continuation.cycles.conditions import DOUBLING, null_vectors, singular_matrix
from continuation.cycles.correction import Equations, phase_row, slopes_at_gauss
from continuation.cycles.local_equations import solve_intervals
from continuation.cycles.orbits import DEGREE, Orbit, Solver
from continuation.engine.linear_algebra import lu_factor, lu_solve
from dynsys.compiled.kernels import TAYLOR_TYPE
from dynsys.compiled.records import signature
from dynsys.numba_cache import njit

Taylor = Annotated[Callable, TAYLOR_TYPE]


def cubic_coefficient(solver: Solver, orbit: Orbit) -> float:
    """c of dxi/dt = c xi^3 at a cycle with a multiplier -1; nan where the cycle is at a fold too.

    As ``normal_forms.doubling_coefficients``, from the condensed equations.
    """
    return float(_doubling(*at_cycle(solver, orbit), solver.model.physical_dimension))


def at_cycle(solver: Solver, orbit: Orbit) -> tuple[Any, Profile, Any, Callable]:
    """What compiled tests take: equations at a cycle, it, room and the Taylor kernel."""
    condensed = condensed_system(orbit.intervals, DEGREE, orbit.u.shape[1], solver.size)
    equations = solver.equations
    equations.field.p[solver.free] = orbit.z[1 : 1 + len(solver.names)]
    profile = Profile(orbit.mesh, np.ascontiguousarray(orbit.u), np.ascontiguousarray(orbit.z))
    return equations, profile, condensed, solver.model.compiled.taylor_kernel


@njit
def state_at(values, nodes, first, i, scale, out):
    """Value at Gauss point i of the interval that starts at node ``first``, times ``scale``."""
    for s in range(out.shape[0]):
        total = 0.0
        for k in range(values.shape[1]):
            total += values[i, k] * nodes[first + k, s]
        out[s] = total * scale[s]


@njit
def solve_periodic(equations, profile, condensed, h2):
    """Periodic h2 with h2' - T A h2 - sigma F = the condensed right side; returns sigma."""
    u, mesh, collocation = profile.u, profile.mesh, equations.collocation
    nodes, n = u.shape
    intervals, count = mesh.shape[0] - 1, profile.z.shape[0]
    total = 2 * n + count
    reference = np.empty((intervals * collocation.values.shape[0], n))
    slopes_at_gauss(u, mesh, collocation.slopes, reference)
    row, tail, phase = np.empty((nodes, n)), np.zeros(count + 1), np.empty(total + 1)
    phase_row(collocation, profile, reference, row)
    eliminate_border(row, tail, condensed, np.empty((intervals, n)), phase)
    pair = condensed.pair
    matrix, pivots = np.empty((n + 1, n + 1)), np.empty(n + 1, np.int64)
    solution = np.empty(n + 1)
    for c in range(n):
        for s in range(n):
            matrix[s, c] = pair[s, c] + pair[s, n + c]
        matrix[c, n] = pair[c, 2 * n]
        matrix[n, c] = phase[c] + phase[n + c]
        solution[c] = pair[c, total]
    matrix[n, n], solution[n] = phase[2 * n], phase[total]
    if not lu_factor(matrix, pivots):
        return np.nan
    lu_solve(matrix, pivots, solution)
    dz = np.zeros(count)
    dz[0] = solution[n]
    back_substitute(condensed, solution[:n], solution[:n], dz, 1.0, h2)
    return solution[n]


@njit(
    [signature(float, Equations, Profile, Condensed, Taylor, int)],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def _doubling(equations, profile, condensed, taylor, physical):
    """The coefficient; the norm is that of the first ``physical`` states."""
    field, values, mesh, u = equations.field, equations.collocation.values, profile.mesh, profile.u
    scale, period, n, degree = field.scale, profile.z[0], u.shape[1], values.shape[0]
    weights = equations.collocation.weights
    intervals, last = mesh.shape[0] - 1, n + profile.z.shape[0]
    if not condense(field, equations.collocation, profile, condensed):
        return np.nan
    reduce(condensed)
    matrix = singular_matrix(DOUBLING, condensed.pair, np.empty(1), profile.z)
    right, left, g = np.empty((1, n)), np.empty((1, n)), np.empty((1, 1))
    if not null_vectors(matrix, right, left, g):
        return np.nan
    v, h2, omega = np.empty_like(u), np.empty_like(u), np.empty((intervals, degree * n))
    back_substitute(condensed, right[0], -right[0], np.zeros(profile.z.shape[0]), 0.0, v)
    carry_back(condensed, left[0], omega)
    x, along, second = np.empty(n), np.empty(n), np.empty(n)
    series, images = np.zeros((4, n), np.complex128), np.zeros((4, n), np.complex128)
    parameters = np.zeros((4, field.p.shape[0]), np.complex128)
    for q in range(field.p.shape[0]):
        parameters[0, q] = field.p[q]
    sides, total, inner, square = np.empty((intervals, degree * n)), 0.0, 0.0, 0.0
    for j in range(intervals):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            state_at(values, u, j * degree, i, scale, x)
            state_at(values, v, j * degree, i, scale, along)
            for s in range(n):
                series[0, s], series[1, s] = x[s], along[s]
            taylor(series, parameters, field.tables, images)
            for s in range(n):
                weight = h * omega[j, i * n + s] / scale[s]
                sides[j, i * n + s] = -2.0 * h * period * images[2, s].real / scale[s]
                total += weight * 6.0 * images[3, s].real
                inner += weight * along[s]
                if s < physical:
                    square += h * weights[i] * along[s] ** 2
    solve_intervals(condensed.lanes, condensed.pivots, n, sides, False)
    for j in range(intervals):
        for k in range(degree * n):
            condensed.local[j, k, last] = sides[j, k]
    reduce(condensed)
    a = -0.5 * solve_periodic(equations, profile, condensed, h2) / period
    jacobian, change = np.empty((n, n)), np.empty((n, n))
    still = np.zeros(field.p.shape[0])
    for j in range(intervals):
        h = mesh[j + 1] - mesh[j]
        for i in range(degree):
            state_at(values, u, j * degree, i, scale, x)
            state_at(values, v, j * degree, i, scale, along)
            state_at(values, h2, j * degree, i, scale, second)
            field.jacobian(x, field.p, field.tables, jacobian)
            field.jacobian_tangent(x, field.p, field.tables, along, still, change)
            for s in range(n):
                drift, mixed = 0.0, 0.0
                for c in range(n):
                    drift += jacobian[s, c] * along[c]
                    mixed += change[s, c] * second[c]
                weight = h * omega[j, i * n + s] / scale[s]
                total += weight * (3.0 * mixed - 6.0 * a * drift)
    return total / (6.0 * inner * square * period)
