"""Meshes of orbits: weights, error, adaptation, and orbits moved from one to another."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, types

from continuation.engine.linear_algebra import ZERO
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.numba_cache import njit


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


@njit([types.void(MATRIX, VECTOR, int64, VECTOR)], cache=True, nogil=True, error_model="numpy")
def equidistribute(u, mesh, degree, fresh):
    """Mesh ``fresh`` that equidistributes the m + 1st derivative (de Boor 1973; AUTO's monitor)."""
    intervals, n = mesh.shape[0] - 1, u.shape[1]
    jump = np.empty((intervals, n))
    highest_derivative(u, mesh, degree, jump)
    local, mean = np.empty(intervals), 0.0
    for j in range(intervals):
        after = j + 1 if j + 1 < intervals else 0
        total = 0.0
        for s in range(n):
            total += (0.5 * (jump[j, s] + jump[after, s])) ** (1.0 / (degree + 1))
        local[j] = total
        mean += total * (mesh[j + 1] - mesh[j])
    cumulated = np.empty(intervals + 1)
    cumulated[0] = 0.0
    for j in range(intervals):
        density = max(local[j], 0.1 * mean, 1e-300)  # quiet stretches keep points
        cumulated[j + 1] = cumulated[j] + density * (mesh[j + 1] - mesh[j])
    count, j = fresh.shape[0] - 1, 0
    fresh[0], fresh[count] = 0.0, 1.0
    for k in range(1, count):
        wanted = cumulated[intervals] * k / count
        while cumulated[j + 1] < wanted and j < intervals - 1:
            j += 1
        part = (wanted - cumulated[j]) / (cumulated[j + 1] - cumulated[j])
        fresh[k] = mesh[j] + part * (mesh[j + 1] - mesh[j])


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
