"""The compiled loop that follows cycles: steps, mesh adaptation, multipliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import boolean, float64, int64, types

from continuation.cycles.collocation import Profile, Variation, compiled_condensed_system
from continuation.cycles.conditions import CYCLE, PERIOD
from continuation.cycles.correction import Equations, correct, phase_row, slopes_at_gauss
from continuation.cycles.interval_maps import cycle_multipliers
from continuation.cycles.meshes import equidistribute, mesh_error, move_to_mesh, node_weights
from continuation.cycles.multipliers import distance_to_one
from continuation.cycles.prediction import (
    BEFORE,
    Bends,
    find_bends,
    node_velocities,
    predict,
    remove_shift,
)
from continuation.engine.linear_algebra import copy_into
from dynsys.compiled.kernels import DOMAIN_TYPE, MATRIX, VECTOR
from dynsys.compiled.records import Cube, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

MORE, BOUND, STEP_MIN, SHRUNK, COARSE, FINE, DIVERGED, OUTSIDE, UNRESOLVED = range(9)
DOUBTFUL = 0.03  # error of the multiplier 1 beyond which a bifurcating multiplier means nothing
ADAPT_EVERY = 3


@njit([float64(VECTOR, MATRIX, VECTOR, MATRIX, VECTOR, VECTOR)], cache=True, nogil=True)
def inner_product(weights, du, dz, other, other_dz, metric):
    """Integral over time of du . other plus metric-weighted products of the z parts."""
    total = 0.0
    for node in range(du.shape[0]):
        for s in range(du.shape[1]):
            total += weights[node] * du[node, s] * other[node, s]
    for c in range(dz.shape[0]):
        total += metric[c] * dz[c] * other_dz[c]
    return total


@njit([float64(DOMAIN_TYPE, VECTOR, VECTOR, VECTOR, MATRIX)], cache=True, nogil=True)
def domain_margin(domain, tables, p, scale, u):
    """Smallest distance of the orbit's nodes to the border of a table; negative outside."""
    x, least = np.empty(scale.shape[0]), np.inf
    for node in range(u.shape[0]):
        for s in range(scale.shape[0]):
            x[s] = u[node, s] * scale[s]
        least = min(least, domain(x, p, tables))
    return least


@njit([boolean(VECTOR, VECTOR, MATRIX, MATRIX)], cache=True, nogil=True)
def half_turn(mesh, weight, slopes, other):
    """Whether two orbits run against each other: a step led through amplitude zero, or too far."""
    total, degree = 0.0, weight.shape[0]
    for j in range(mesh.shape[0] - 1):
        for i in range(degree):
            for s in range(slopes.shape[1]):
                node = j * degree + i
                total += (mesh[j + 1] - mesh[j]) * weight[i] * slopes[node, s] * other[node, s]
    return total < 0.0


@record
class Bounds(NamedTuple):
    """Where a branch may go: bounds of z (K,) and the domain of the model's tables.

    ``half`` (K,), half the spans, scales z in the norm of steps (its first entry is not used: the
    period counts relative).
    """

    lower: Vector
    upper: Vector
    half: Vector
    domain: Annotated[Callable, DOMAIN_TYPE]


@record
class Control(NamedTuple):
    """Steps and tolerances (see ``CycleSettings``); beyond a trivial error of ``coarse`` more
    intervals are asked for, unless the mesh error is below ``mesh_error``, and below ``fine``
    fewer; ``longest`` is the period at which the branch ends."""

    step_min: float
    step_max: float
    tolerance: float
    max_newton: int
    min_cosine: float
    coarse: float
    fine: float
    longest: float
    mesh_error: float


@record
class Trail(NamedTuple):
    """Points of a branch: orbits (k, N m + 1, n), z (k, K), the unit tangent's two parts, meshes,
    multipliers (log10, angle and error), and the steps that led on from each."""

    orbits: Cube
    unknowns: Matrix
    directions: Cube
    direction_unknowns: Matrix
    meshes: Matrix
    logs: Matrix
    angles: Matrix
    errors: Matrix
    steps: Vector


@njit
def _copy_rows(target, source):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@njit(
    [signature(types.void, Trail, int, bool, int, Profile, Variation)], cache=True, addressed=True
)
def _start(trail, k, adapts, degree, base, along):
    """Point k and its direction, on an adapted mesh where asked."""
    if adapts:
        equidistribute(trail.orbits[k], trail.meshes[k], degree, base.mesh)
        move_to_mesh(trail.orbits[k], trail.meshes[k], base.mesh, degree, base.u)
        move_to_mesh(trail.directions[k], trail.meshes[k], base.mesh, degree, along.u)
    else:
        copy_into(base.mesh, trail.meshes[k])
        _copy_rows(base.u, trail.orbits[k])
        _copy_rows(along.u, trail.directions[k])
    copy_into(base.z, trail.unknowns[k])
    copy_into(along.z, trail.direction_unknowns[k])


@njit
def _amplitude(u):
    """Largest peak-to-peak amplitude of the states, in scaled units."""
    amplitude = 0.0
    for s in range(u.shape[1]):
        low, high = u[0, s], u[0, s]
        for node in range(u.shape[0]):
            low, high = min(low, u[node, s]), max(high, u[node, s])
        amplitude = max(amplitude, high - low)
    return amplitude


@njit
def _append(trail, k, profile, tangent, length):
    """Write a corrected orbit and its unit tangent as point k."""
    copy_into(trail.meshes[k], profile.mesh)
    copy_into(trail.unknowns[k], profile.z)
    _copy_rows(trail.orbits[k], profile.u)
    u, z = trail.directions[k], trail.direction_unknowns[k]
    tangent_u, tangent_z = tangent.u, tangent.z
    for node in range(u.shape[0]):
        for s in range(u.shape[1]):
            u[node, s] = tangent_u[node, s] / length
    for c in range(z.shape[0]):
        z[c] = tangent_z[c] / length


@njit(
    [
        signature(
            types.Tuple((int64, int64, float64)),
            Equations, Bounds, Control, float, int, int, Trail,
        )
    ],
    cache=True, error_model="numpy", nogil=True,
)  # fmt: skip
def follow(equations, bounds, control, step, number, known, trail):
    """Follow from a point of the trail, behind ``known`` ones, until it is full or something has to
    be decided.

    ``number`` points were made before, of which the known ones are the last. Returns (rows of the
    trail, reason, step). For BOUND the point beyond stands behind the last one.
    """
    field, collocation, kind = equations.field, equations.collocation, equations.kind
    slopes, weight = collocation.slopes, collocation.weights
    logs, angles = trail.logs, trail.angles
    capacity, nodes, n = trail.orbits.shape
    count, degree = trail.unknowns.shape[1], collocation.values.shape[0]
    intervals = trail.meshes.shape[1] - 1
    u, z, mesh = np.empty((nodes, n)), np.empty(count), np.empty(intervals + 1)
    profile, base = Profile(mesh, u, z), Profile(mesh, np.empty((nodes, n)), np.empty(count))
    along = Variation(np.empty((nodes, n)), np.empty(count))
    tangent = Variation(np.empty((nodes, n)), np.empty(count))
    bends = Bends(
        np.empty((BEFORE, nodes, n)), np.empty((BEFORE, count)), np.empty(BEFORE), np.empty(BEFORE)
    )  # fmt: skip
    phase, velocity = np.empty((nodes, n)), np.empty((nodes, n))
    own_phase, own_velocity = np.empty((nodes, n)), np.empty((nodes, n))
    weights, row = np.empty(nodes), np.empty((nodes, n))
    tail, metric = np.empty(count), np.empty(count)
    reference, slope = np.empty((intervals * degree, n)), np.empty((intervals * degree, n))
    condensed = compiled_condensed_system(intervals, degree, n, count)
    for k in range(known, capacity - 1):
        made = number + k - known
        adapts = made % ADAPT_EVERY == 0 and made > 0
        _start(trail, k, adapts, degree, base, along)
        if adapts or k == known:
            node_weights(mesh, degree, weights)
            slopes_at_gauss(base.u, mesh, slopes, reference)
            phase_row(collocation, base, reference, phase)
            node_velocities(base.u, mesh, degree, velocity)
        remove_shift(phase, velocity, along.u)
        amplitude = _amplitude(base.u)
        metric[0] = 1.0 / base.z[0] ** 2
        for c in range(1, count):
            metric[c] = 1.0 / bounds.half[c] ** 2
        for c in range(count):
            tail[c] = metric[c] * along.z[c]
        for node in range(nodes):
            for s in range(n):
                row[node, s] = weights[node] * along.u[node, s]
        found = find_bends(
            trail.orbits[:k], trail.unknowns[:k], trail.meshes[:k], base, along, (row, tail), phase,
            velocity, bends,
        )  # fmt: skip
        outside = False
        while True:
            plane = predict(base, along, bends, found, step, profile, (row, tail), bounds.half)
            done = -1
            if z[0] > 0.0:
                done = correct(
                    equations, profile, phase, plane, control.tolerance, control.max_newton,
                    condensed, tangent,
                )  # fmt: skip
            if done > 0:
                slopes_at_gauss(u, mesh, slopes, slope)
                turned = half_turn(mesh, weight, reference, slope)
                if turned and step > 0.3 * amplitude:
                    return k + 1, SHRUNK, step
                phase_row(collocation, profile, slope, own_phase)
                node_velocities(u, mesh, degree, own_velocity)
                remove_shift(own_phase, own_velocity, tangent.u)
                length = np.sqrt(
                    inner_product(weights, tangent.u, tangent.z, tangent.u, tangent.z, metric)
                )
                # row . du = 1: the cosine between old and new direction is 1 / length.
                turns = turned or 1.0 / length < control.min_cosine
                outside = (
                    not turns
                    and field.tables.shape[0] > 1
                    and domain_margin(bounds.domain, field.tables, field.p, field.scale, u) < 0.0
                )
                if not turns and not outside:
                    break
            step *= 0.5
            if outside and step < 1e3 * control.step_min:
                return k + 1, OUTSIDE, step
            if step < control.step_min:
                return k + 1, STEP_MIN, step
        trail.steps[k] = step
        _append(trail, k + 1, profile, tangent, length)
        reference, slope = slope, reference
        phase, own_phase, velocity, own_velocity = own_phase, phase, own_velocity, velocity
        cycle_multipliers(
            field, collocation, profile, condensed, 1, logs[k + 1], angles[k + 1],
            trail.errors[k + 1],
        )  # fmt: skip
        for c in range(count):
            if not bounds.lower[c] <= z[c] <= bounds.upper[c]:
                return k + 1, BOUND, step
        most = control.step_max * max(1.0, amplitude)
        if done <= 3:
            step = min(1.5 * step, most)
        elif done > 5:
            step *= 0.7
        if z[0] > control.longest:
            return k + 2, DIVERGED, step
        error = distance_to_one(logs[k + 1], angles[k + 1])
        if kind != CYCLE and kind != PERIOD and error > DOUBTFUL:
            return k + 1, UNRESOLVED, step
        if kind == CYCLE and error > control.coarse:
            if mesh_error(u, mesh, degree) > control.mesh_error:
                return k + 2, COARSE, step
        if kind == CYCLE and error < control.fine:
            return k + 2, FINE, step
    return capacity, MORE, step
