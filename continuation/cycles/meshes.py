"""Meshes of orbits: weights, error, adaptation, and orbits moved from one to another."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, types

from continuation.engine.linear_algebra import ZERO, copy_into
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit

_RATIO = 8.0  # of the widths of neighbors, beyond which meshes are graded
_LINEAR = 1e-9  # relative change of a width below which it counts as constant


@njit
def node_polynomials(at, out):
    """Values (m + 1,) of the node polynomials at a place ``at`` in 0..m of a mesh interval."""
    m = out.shape[0] - 1
    before, weight = 1.0, 1.0  # products of the distances, and 1 / (k! (m - k)!) up to the sign
    for k in range(m + 1):
        out[k] = before
        before *= at - k
        weight *= m - k if k < m else 1
    weight, after = 1.0 / weight, 1.0
    for k in range(m, -1, -1):
        out[k] *= after * weight
        after *= at - k
        weight *= -k / (m - k + 1)


@njit([types.void(VECTOR, int64, VECTOR)], cache=True, nogil=True)
def node_weights(mesh, degree, out):
    """Weights (N m + 1,) with which a sum over nodes approximates the integral over time."""
    for node in range(out.shape[0]):
        out[node] = 0.0
    for j in range(mesh.shape[0] - 1):
        half = (mesh[j + 1] - mesh[j]) / (2 * degree)
        for k in range(degree):
            out[j * degree + k] += half
            out[j * degree + k + 1] += half


@njit([types.void(MATRIX, VECTOR, int64, MATRIX)], cache=True, nogil=True, error_model="numpy")
def highest_derivative(u, mesh, degree, jump):
    """Estimates (N, n) of |u^(m + 1)| beside the left end of every interval."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    signs = np.zeros(degree + 1)  # coefficients of the highest difference
    signs[0] = 1.0
    for k in range(degree):
        for i in range(k + 1, 0, -1):
            signs[i] -= signs[i - 1]
    highest = np.empty((intervals, n))
    for j in range(intervals):
        factor = (degree / (mesh[j + 1] - mesh[j])) ** degree
        for s in range(n):
            total = 0.0
            for k in range(degree + 1):
                total += signs[degree - k] * u[j * degree + k, s]
            highest[j, s] = total * factor
    for j in range(intervals):
        before = j - 1 if j > 0 else intervals - 1
        width = mesh[j + 1] - mesh[j] + mesh[before + 1] - mesh[before]
        for s in range(n):
            jump[j, s] = 2.0 * abs(highest[j, s] - highest[before, s]) / width


@njit([float64(MATRIX, VECTOR, int64)], cache=True, nogil=True, error_model="numpy")
def mesh_error(u, mesh, degree):
    """Largest error of the piecewise polynomials between their nodes, in scaled units."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    jump, largest = np.empty((intervals, n)), 0.0
    highest_derivative(u, mesh, degree, jump)
    for j in range(intervals):
        after = j + 1 if j + 1 < intervals else 0
        power = (mesh[j + 1] - mesh[j]) ** (degree + 1)
        for s in range(n):
            largest = max(largest, 0.5 * (jump[j, s] + jump[after, s]) * power)
    return 3e-5 * largest  # of the interpolation polynomial of degree 4 at equidistant nodes


@njit
def _densities(u, mesh, degree, density):
    """Points per time (N,) of the mesh that equidistributes the m + 1st derivative (de Boor 1973;
    AUTO's monitor); returns how many they are together."""
    intervals, n = density.shape[0], u.shape[1]
    jump, mean, total = np.empty((intervals, n)), 0.0, 0.0
    highest_derivative(u, mesh, degree, jump)
    for j in range(intervals):
        after = j + 1 if j + 1 < intervals else 0
        density[j] = 0.0
        for s in range(n):
            density[j] += (0.5 * (jump[j, s] + jump[after, s])) ** (1.0 / (degree + 1))
        mean += density[j] * (mesh[j + 1] - mesh[j])
    for j in range(intervals):
        density[j] = max(density[j], 0.1 * mean, 1e-300)  # quiet stretches keep points
        total += density[j] * (mesh[j + 1] - mesh[j])
    return total


@njit
def _grade(mesh, width, slope, left, right):
    """Widths at both ends (N,) of every interval, which grow by at most ``slope``, round the cycle,
    from where they are smallest."""
    intervals = width.shape[0]
    copy_into(left, width)
    copy_into(right, width)
    for k in range(2 * intervals):
        j, before = k % intervals, (k + intervals - 1) % intervals
        last = left[before] + slope * (mesh[before + 1] - mesh[before])
        left[j] = min(width[j], width[before], last)
    for k in range(2 * intervals, 0, -1):
        j, after = (k - 1) % intervals, k % intervals
        last = right[after] + slope * (mesh[after + 1] - mesh[after])
        right[j] = min(width[j], width[after], last)
    for j in range(intervals):
        span = mesh[j + 1] - mesh[j]
        left[j] = min(left[j], right[j] + slope * span)
        right[j] = min(right[j], left[j] + slope * span)


@njit
def _break_lines(mesh, width, left, right, slope, begins, widths):
    """The widths as broken lines, which rise, stay and fall in every interval: where the pieces
    begin, and the widths there (3 N + 1)."""
    for j in range(width.shape[0]):
        span = mesh[j + 1] - mesh[j]
        top = min(width[j], 0.5 * (left[j] + right[j] + slope * span))
        up = min((top - left[j]) / slope, span)
        down = max(span - (top - right[j]) / slope, up)
        begins[3 * j], widths[3 * j] = mesh[j], left[j]
        begins[3 * j + 1], widths[3 * j + 1] = mesh[j] + up, top
        begins[3 * j + 2], widths[3 * j + 2] = mesh[j] + down, top
    begins[-1], widths[-1] = 1.0, right[-1]


@njit([types.void(MATRIX, VECTOR, int64, VECTOR)], cache=True, nogil=True, error_model="numpy")
def equidistribute(u, mesh, degree, fresh):
    """Mesh ``fresh`` that equidistributes the m + 1st derivative, with intervals that are at most
    about ``_RATIO`` times as wide as their neighbors (Kautsky & Nichols 1980): across neighbors the
    derivative is estimated, which means nothing where one is far wider."""
    intervals, count = mesh.shape[0] - 1, fresh.shape[0] - 1
    pieces = 3 * intervals
    width, left, right = np.empty(intervals), np.empty(intervals), np.empty(intervals)
    begins, widths, cumulated = np.empty((3, pieces + 1))
    slope = np.log(_RATIO) * count / _densities(u, mesh, degree, width)
    for j in range(intervals):
        width[j] = 1.0 / width[j]
    _grade(mesh, width, slope, left, right)
    _break_lines(mesh, width, left, right, slope, begins, widths)
    cumulated[0] = 0.0
    for k in range(pieces):
        growth = widths[k + 1] / widths[k] - 1.0
        part = np.log1p(growth) / growth if abs(growth) > _LINEAR else 1.0
        cumulated[k + 1] = cumulated[k] + part * (begins[k + 1] - begins[k]) / widths[k]
    k, fresh[0], fresh[count] = 0, 0.0, 1.0
    for point in range(1, count):
        wanted = cumulated[pieces] * point / count
        while cumulated[k + 1] < wanted and k < pieces - 1:
            k += 1
        ahead, span = (wanted - cumulated[k]) * widths[k], begins[k + 1] - begins[k]
        growth = widths[k + 1] / widths[k] - 1.0
        if abs(growth) > _LINEAR:
            ahead = np.expm1(growth * ahead / span) * span / growth
        fresh[point] = begins[k] + ahead


@njit([types.void(MATRIX, VECTOR, VECTOR, int64, MATRIX)], cache=True, nogil=True,
      error_model="numpy")  # fmt: skip
def move_to_mesh(u, mesh, fresh, degree, out):
    """The piecewise polynomials of ``u`` on ``mesh`` at the nodes of the mesh ``fresh``."""
    n, j = np.uintp(u.shape[1]), 0
    basis = np.empty(degree + 1)
    for q in range(fresh.shape[0] - 1):
        for i in range(degree + 1):
            if i == degree and q < fresh.shape[0] - 2:
                continue
            time = fresh[q] + (fresh[q + 1] - fresh[q]) * i / degree
            while j < mesh.shape[0] - 2 and mesh[j + 1] <= time:
                j += 1
            at = (time - mesh[j]) / (mesh[j + 1] - mesh[j]) * degree
            node_polynomials(at, basis)
            node, first = np.uintp(q * degree + i), np.uintp(j * degree)
            for s in range(ZERO, n):
                total = 0.0
                for k in range(ZERO, np.uintp(degree + 1)):
                    total += basis[k] * u[first + k, s]
                out[node, s] = total
