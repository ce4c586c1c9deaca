"""Smallest and largest values of observables along cycles."""

from __future__ import annotations

import numpy as np
from numba import int64, types

from continuation.cycles.meshes import node_polynomials
from continuation.engine.linear_algebra import ONE, ZERO
from dynsys.compiled.kernels import MATRIX, OBSERVABLES_TYPE, VECTOR
from dynsys.compiled.records import CUBE
from dynsys.numba_cache import njit

_EXTREMA = types.void(OBSERVABLES_TYPE, VECTOR, VECTOR, VECTOR, VECTOR, MATRIX, int64, MATRIX)


@njit
def _state_at(mesh, u, degree, time, scale, x):
    """The state ``x`` (n,) of an orbit at a time in [0, 1]."""
    j = min(max(np.searchsorted(mesh, time) - 1, 0), mesh.shape[0] - 2)
    basis = np.empty(degree + 1)
    node_polynomials((time - mesh[j]) / (mesh[j + 1] - mesh[j]) * degree, basis)
    for s in range(x.shape[0]):
        total = 0.0
        for k in range(degree + 1):
            total += basis[k] * u[j * degree + k, s]
        x[s] = total * scale[s]


@njit
def _turn(values, mesh, degree, k):
    """The time near node k, where the values (k,) along an orbit have an extremum, at which a
    parabola through it and its neighbors turns."""
    last = values.shape[0] - 1
    j, i = k // degree, k % degree
    before = j if i > 0 else (j - 1 if j > 0 else mesh.shape[0] - 2)
    left = (mesh[before + 1] - mesh[before]) / degree
    right = (mesh[j + 1] - mesh[j]) / degree
    slope = (values[k] - values[k - 1 if k > 0 else last - 1]) / left
    bend = ((values[k + 1] - values[k]) / right - slope) / (left + right)
    return (mesh[j] + i * right - 0.5 * (slope + bend * left) / bend) % 1.0


@njit([_EXTREMA], cache=True, nogil=True, error_model="numpy")
def observed_extrema(observables, tables, p, scale, mesh, u, degree, out):
    """Smallest and largest value (2, o) of the observables of an orbit: at its nodes, and between
    them where parabolas through the nodes turn."""
    n, o, nodes = np.uintp(scale.shape[0]), np.uintp(out.shape[1]), np.uintp(u.shape[0])
    x, seen, values = np.empty(n), np.empty(o), np.empty((o, nodes))
    for node in range(ZERO, nodes):
        for s in range(ZERO, n):
            x[s] = u[node, s] * scale[s]
        observables(x, p, tables, seen)
        for c in range(ZERO, o):
            values[c, node] = seen[c]
    for c in range(ZERO, o):
        row = values[c]
        before, here = row[nodes - ONE - ONE], row[ZERO]
        low, high = here, here
        for node in range(ZERO, nodes - ONE):
            after = row[node + ONE]
            low, high = min(low, after), max(high, after)
            if (before < here) != (here < after) and here != before and here != after:
                _state_at(mesh, u, degree, _turn(row, mesh, degree, np.intp(node)), scale, x)
                observables(x, p, tables, seen)
                low, high = min(low, seen[c]), max(high, seen[c])
            before, here = here, after
        out[0, c], out[1, c] = low, high


@njit(
    [types.void(OBSERVABLES_TYPE, VECTOR, MATRIX, VECTOR, MATRIX, CUBE, int64, CUBE)],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def extrema_of_orbits(observables, tables, parameters, scale, meshes, orbits, degree, out):
    """As ``observed_extrema``, of k orbits: ``parameters`` (k, m), ``meshes`` (k, N + 1), nodes
    ``orbits`` (k, N m + 1, n), ``out`` (k, 2, o)."""
    for k in range(orbits.shape[0]):
        observed_extrema(
            observables, tables, parameters[k], scale, meshes[k], orbits[k], degree, out[k]
        )
