"""Where a branch of cycles goes next: along a polynomial through its last cycles.

With the length s along the branch from a cycle x with the unit tangent t, cycles are
x + s t + s^2 g(s), and g is Newton's polynomial through the cycles before. Its order is raised
while its terms fall off. All that is compared is without shifts along the cycle: those are of the
phase, not of the branch, and the smoothness of a branch shows only without them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float64, types

from continuation.cycles.collocation import Profile, Variation
from continuation.cycles.correction import Plane
from continuation.cycles.meshes import move_to_mesh
from continuation.engine.linear_algebra import copy_into
from dynsys.compiled.kernels import MATRIX, VECTOR
from dynsys.compiled.records import Cube, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

BEFORE = 3  # cycles before the last one that a prediction looks back to
_FALLING = 0.5  # of the term before, that another one has to be below


@record
class Bends(NamedTuple):
    """Newton's coefficients of g: of nodes (3, N m + 1, n) and of z (3, K); their ``sizes`` (3,)
    and the ``places`` (3,) along s, below zero, of the cycles before."""

    u: Cube
    z: Matrix
    sizes: Vector
    places: Vector


@njit([types.void(MATRIX, VECTOR, types.int64, MATRIX)], cache=True, nogil=True,
      error_model="numpy")  # fmt: skip
def node_velocities(u, mesh, degree, out):
    """u' (N m + 1, n) at the nodes; between two polynomials, the mean of theirs."""
    slopes = np.empty((degree + 1, degree + 1))
    weight = np.empty(degree + 1)  # barycentric, of equidistant nodes
    weight[0] = 1.0
    for k in range(degree):
        weight[k + 1] = -weight[k] * (degree - k) / (k + 1)
    for k in range(degree + 1):
        slopes[k, k] = 0.0
        for q in range(degree + 1):
            if q != k:
                slopes[k, q] = weight[q] / weight[k] * degree / (k - q)
                slopes[k, k] -= slopes[k, q]
    n, last = u.shape[1], u.shape[0] - 1
    for s in range(n):
        out[0, s] = 0.0
    for j in range(mesh.shape[0] - 1):
        inverse = 1.0 / (mesh[j + 1] - mesh[j])
        for k in range(degree + 1):
            factor = 0.5 * inverse if k == 0 or k == degree else inverse
            node = j * degree + k
            for s in range(n):
                total = 0.0
                for q in range(degree + 1):
                    total += slopes[k, q] * u[j * degree + q, s]
                out[node, s] = factor * total + (out[node, s] if k == 0 else 0.0)
    for s in range(n):
        out[0, s] += out[last, s]
        out[last, s] = out[0, s]


@njit([float64(MATRIX, MATRIX)], cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _dot(row, u):
    a, b, total = row.reshape(row.size), u.reshape(u.size), 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit([types.void(MATRIX, MATRIX, MATRIX)], cache=True, nogil=True, error_model="numpy")
def remove_shift(phase, velocity, u):
    """Take from ``u`` its part along the cycle, which is about its ``velocity``: afterwards
    ``phase`` . u = 0."""
    along = _dot(phase, velocity)
    shift = _dot(phase, u) / along if along > 0.0 else 0.0
    a, b = u.reshape(u.size), velocity.reshape(u.size)
    for i in range(a.size):
        a[i] -= shift * b[i]


@njit(
    [
        signature(
            int, Cube, Matrix, Matrix, Profile, Variation, types.Tuple((MATRIX, VECTOR)), Matrix,
            Matrix, Bends,
        )
    ],
    cache=True, addressed=True,
)  # fmt: skip
def find_bends(orbits, unknowns, meshes, base, along, plane, phase, velocity, bends):
    """Fill ``bends`` from the rows of orbits before ``base``, the last one first; returns how many
    there are. ``plane`` (row, tail) measures s."""
    (row, tail), degree = plane, (base.u.shape[0] - 1) // (base.mesh.shape[0] - 1)
    last, found = 0.0, 0
    here = _dot(row, base.u)
    for i in range(min(orbits.shape[0], BEFORE)):
        k = orbits.shape[0] - 1 - i
        u, z = bends.u[i], bends.z[i]
        if np.array_equal(meshes[k], base.mesh):
            for node in range(u.shape[0]):
                copy_into(u[node], orbits[k, node])
        else:
            move_to_mesh(orbits[k], meshes[k], base.mesh, degree, u)
        remove_shift(phase, velocity, u)
        place = _dot(row, u) - here
        for c in range(z.shape[0]):
            z[c] = unknowns[k, c] - base.z[c]
            place += tail[c] * z[c]
        if not place < last:
            break
        _coefficient(base, along, place, bends, i)
        last, found = place, i + 1
    return found


@njit
def _coefficient(base, along, place, bends, i):
    """Number i of the coefficients, from the cycle at a ``place`` (and its difference in z)."""
    u, z, factor, size = bends.u[i].reshape(base.u.size), bends.z[i], 1.0 / place**2, 0.0
    origin, direction = base.u.reshape(u.size), along.u.reshape(u.size)
    bends.places[i] = place
    for c in range(z.shape[0]):
        z[c] = factor * (z[c] - place * along.z[c])
    for k in range(u.size):
        u[k] = factor * (u[k] - origin[k] - place * direction[k])
    for q in range(i):
        inverse, before = 1.0 / (place - bends.places[q]), bends.u[q].reshape(u.size)
        for c in range(z.shape[0]):
            z[c] = (z[c] - bends.z[q, c]) * inverse
        for k in range(u.size):
            u[k] = (u[k] - before[k]) * inverse
    for k in range(u.size):
        size = max(size, abs(u[k]))
    bends.sizes[i] = size


@njit
def _terms(bends, found, step):
    """How many of the terms fall off at this step."""
    if found == 0:
        return 0
    used, term, factor = 1, bends.sizes[0], 1.0
    while used < found:
        factor *= step - bends.places[used - 1]
        following = factor * bends.sizes[used]
        if not following < _FALLING * term:
            break
        used, term = used + 1, following
    return used


@njit
def predict(base, along, bends, found, step, profile, form, units):
    """Step along the polynomial to ``profile``; returns the plane across the tangent at this
    distance, by the ``form`` (row, tail)."""
    row, tail = form
    z, level = profile.z, step * _dot(row, along.u) + _dot(row, base.u)
    used = _terms(bends, found, step)
    u, origin = profile.u.reshape(profile.u.size), base.u.reshape(base.u.size)
    direction = along.u.reshape(u.size)
    for c in range(tail.shape[0]):
        ahead = base.z[c] + step * along.z[c]
        level += tail[c] * ahead
        z[c] = ahead
    for k in range(u.size):
        u[k] = origin[k] + step * direction[k]
    factor = step * step
    for i in range(used):
        bend = bends.u[i].reshape(u.size)
        for k in range(u.size):
            u[k] += factor * bend[k]
        for c in range(tail.shape[0]):
            z[c] += factor * bends.z[i, c]
        factor *= step - bends.places[i]
    return Plane(row, tail, level, units)
