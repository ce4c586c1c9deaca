"""One cycle corrected by itself: on its own phase, with its multipliers."""

from __future__ import annotations

import numpy as np

from continuation.cycles.collocation import Condensed, Profile, Variation
from continuation.cycles.correction import Equations, Plane, correct, phase_row, slopes_at_gauss
from continuation.cycles.interval_maps import cycle_multipliers
from continuation.cycles.meshes import node_weights
from dynsys.compiled.records import Matrix, Vector, signature
from dynsys.numba_cache import njit


@njit(
    [
        signature(
            int, Equations, Profile, Plane, float, int, Condensed, Variation, Matrix,
        )
    ],
    cache=True, addressed=True, error_model="numpy", nogil=True,
)  # fmt: skip
def correct_in(equations, profile, plane, tolerance, most, condensed, tangent, floquet):
    """Correct an orbit in place, in a plane: see ``correct``, whose phase is kept here as that of
    the orbit given. Fills ``floquet`` (3, n) besides: log10, angle and error of the multipliers."""
    u, mesh, collocation = profile.u, profile.mesh, equations.collocation
    reference, phase = np.empty((u.shape[0] - 1, u.shape[1])), np.empty(u.shape)
    slopes_at_gauss(u, mesh, collocation.slopes, reference)
    phase_row(collocation, profile, reference, phase)
    done = correct(equations, profile, phase, plane, tolerance, most, condensed, tangent)
    if done > 0:
        cycle_multipliers(
            equations.field, collocation, profile, condensed, 1, floquet[0], floquet[1], floquet[2]
        )  # fmt: skip
    return done


@njit(
    [
        signature(
            int, Equations, Profile, Variation, Vector, float, int, Condensed, Variation, Matrix,
        )
    ],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def correct_across(equations, profile, along, half, tolerance, most, condensed, tangent, floquet):
    """As ``correct_in``, in the plane through the orbit across a direction. The tangent is of unit
    length; ``half`` (K,) scales z in products."""
    u, z, level = profile.u, profile.z, 0.0
    weights, row, tail = np.empty(u.shape[0]), np.empty(u.shape), np.empty(z.shape[0])
    node_weights(profile.mesh, equations.collocation.values.shape[0], weights)
    for c in range(z.shape[0]):
        tail[c] = along.z[c] / (z[0] if c == 0 else half[c]) ** 2
        level += tail[c] * z[c]
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            row[node, s] = weights[node] * along.u[node, s]
            level += row[node, s] * u[node, s]
    plane = Plane(row, tail, level, half)
    done = correct_in(equations, profile, plane, tolerance, most, condensed, tangent, floquet)
    if done > 0:
        square = 0.0
        for c in range(z.shape[0]):
            square += (tangent.z[c] / (z[0] if c == 0 else half[c])) ** 2
        for node in range(u.shape[0]):
            for s in range(u.shape[1]):
                square += weights[node] * tangent.u[node, s] ** 2
        factor = 1.0 / np.sqrt(square)
        for c in range(z.shape[0]):
            tangent.z[c] *= factor
        for node in range(u.shape[0]):
            for s in range(u.shape[1]):
                tangent.u[node, s] *= factor
    return done
