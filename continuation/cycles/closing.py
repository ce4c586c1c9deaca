"""Branches and curves of cycles that come back: to their start, or to what they doubled from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import (
    DEGREE,
    VALUES,
    WEIGHT,
    Direction,
    Orbit,
    Point,
    Solver,
    adapted_mesh,
    moved,
    moved_times,
    remeshed,
)

_AWAY = 3  # steps before a branch can be back at its start
_SAME_Z, _SAME_MOMENTS = 1e-6, 1e-5  # what meshes of a followed branch differ by


def returned(
    solver: Solver, points: Sequence[Point], first: int, origin: Point | None = None
) -> tuple[int, Point] | None:
    """(k, cycle) where the step from point k >= ``first`` passes the origin, the first point by
    default.

    Cycles are the same where their period, parameters and moments are, whatever their phase.
    """
    if len(points) <= _AWAY:
        return None
    start = points[0] if origin is None else origin
    metric = np.sqrt(solver.metric(start.orbit))
    along = metric * start.direction.z
    if np.linalg.norm(along) < 1e-12:
        return None
    first = max(first, _AWAY)
    scaled = np.array([metric * p.orbit.z for p in points[first:]])
    chords, offsets = np.diff(scaled, axis=0), metric * start.orbit.z - scaled[:-1]
    squares = np.maximum(np.sum(chords**2, axis=1), 1e-300)
    fractions = np.sum(offsets * chords, axis=1) / squares
    apart = np.linalg.norm(offsets - fractions[:, None] * chords, axis=1)
    near = (apart < 0.5 * np.sqrt(squares)) & (fractions > -0.2) & (fractions < 1.2)
    for k in np.flatnonzero(near & (chords @ along > 0)):
        found = _met(solver, points[first + k], points[first + k + 1], start, float(fractions[k]))
        if found is not None:
            return int(first + k), found
    return None


def _met(
    solver: Solver, before: Point, after: Point, start: Point, fraction: float
) -> Point | None:
    mesh, left = after.orbit.mesh, remeshed(before.orbit, after.orbit.mesh)
    component = int(np.argmax(np.abs(np.sqrt(solver.metric(start.orbit)) * start.direction.z)))
    guess = Orbit(
        mesh, left.u + fraction * (after.orbit.u - left.u),
        left.z + fraction * (after.orbit.z - left.z),
    )  # fmt: skip
    found = solver.point_at(guess, float(start.orbit.z[component]), component, 1e-8)
    if found is None:
        return None
    apart = np.sqrt(solver.metric(start.orbit)) * (found.orbit.z - start.orbit.z)
    if np.max(np.abs(apart)) > _SAME_Z:
        return None
    here, there = _moments(found.orbit), _moments(start.orbit)
    if np.max(np.abs(here - there)) > _SAME_MOMENTS * max(float(np.max(np.abs(there))), 1e-300):
        return None
    unit = solver.unit(found)
    d = unit.direction
    if solver.product(unit.orbit, after.direction, d) < 0:
        unit = replace(unit, direction=Direction(-d.u, -d.z))
    return replace(unit, pair=None, local=None)


def _moments(orbit: Orbit) -> np.ndarray:
    """Means of the states and of their products of two and three: no phase enters."""
    blocks = np.stack([orbit.u[k : k + DEGREE + 1] for k in range(0, len(orbit.u) - 1, DEGREE)])
    values = np.einsum("ik,jks->jis", VALUES, blocks).reshape(-1, orbit.u.shape[1])
    weights = (np.diff(orbit.mesh)[:, None] * WEIGHT).ravel()
    mean = weights @ values
    offset = values - mean
    square = np.einsum("t,ts,tr->sr", weights, offset, offset)
    cube = np.einsum("t,ts,tr->sr", weights, offset**2, offset)
    return np.concatenate([mean, square.ravel(), cube.ravel()])


def back_at_parent(points: Sequence[Point], first: int) -> int | None:
    """The step k >= ``first`` in which a cycle of doubled period becomes its parent, twice run.

    There the parameter turns and the part that is odd under half a period changes its sign: what
    follows is the same branch, half a period later.
    """
    for k in range(max(first, 1), len(points) - 1):
        before, after = points[k], points[k + 1]
        if before.direction.z[1] * after.direction.z[1] < 0:
            if np.sum(_odd(before.orbit) * _odd(after.orbit)) < 0:
                return k
    return None


def _odd(orbit: Orbit) -> np.ndarray:
    """Half the difference (64, n) between the two halves of a cycle."""
    u = moved(orbit.u, orbit.mesh, np.linspace(0.0, 1.0, 128 // DEGREE + 1))
    return 0.5 * (u[:64] - u[64:128])


def parent_twice(solver: Solver, before: Point, after: Point) -> Point | None:
    """The parent at its period doubling, run twice, between two doubled cycles on its two sides."""
    sizes = [float(np.linalg.norm(_odd(p.orbit))) for p in (before, after)]
    part = sizes[0] / (sizes[0] + sizes[1])
    left = remeshed(before.orbit, after.orbit.mesh)
    z = left.z + part * (after.orbit.z - left.z)
    u = left.u + part * (after.orbit.u - left.u)
    twice = Orbit(after.orbit.mesh, u, z)
    mesh = np.linspace(0, 1, 2 * twice.intervals + 1)
    nodes = 0.5 * (twice.at(moved_times(mesh) / 2) + twice.at(0.5 + moved_times(mesh) / 2))
    once = Orbit(mesh, np.ascontiguousarray(nodes), np.array([0.5 * z[0], *z[1:]]))
    once = remeshed(once, adapted_mesh(once, max(twice.intervals // 2, 4)))
    doubling = _doubling(solver, once, 0.01 * abs(after.orbit.value - before.orbit.value))
    return None if doubling is None else _doubled(doubling, after)


def _doubling(solver: Solver, orbit: Orbit, step: float) -> Point | None:
    """The cycle nearby with a multiplier -1, by the secant method in the parameter."""
    value, last, gap = orbit.value, np.nan, np.nan
    step = max(step, 1e-9 * float(solver.half[1]))
    for _ in range(12):
        point = solver.point_at(orbit, value)
        if point is None:
            return None
        real = point.multipliers.real
        here = float(real[np.argmin(np.abs(point.multipliers + 1))]) + 1.0
        if abs(here) < 1e-9:
            return point
        slope = np.nan if np.isnan(gap) else (here - gap) / (value - last)
        last, gap, orbit = value, here, point.orbit
        value = value + step if np.isnan(slope) or slope == 0 else value - here / slope
    return point if abs(here) < 1e-6 else None


def _doubled(point: Point, neighbor: Point) -> Point:
    """A cycle run twice, on the branch of a doubled neighbor, which turns in its parameter here."""
    mesh = np.concatenate([point.orbit.mesh / 2, 0.5 + point.orbit.mesh[1:] / 2])
    u = np.concatenate([point.orbit.u, point.orbit.u[1:]])
    z = np.concatenate([[2 * point.orbit.period], point.orbit.z[1:]])
    along = Direction(moved(neighbor.direction.u, neighbor.orbit.mesh, mesh), np.zeros(len(z)))
    found = point.floquet
    angle = np.angle(np.exp(2j * found.angle))
    angle[found.are_real] = 0.0
    log10 = 2 * found.log10
    # At its end the one next to 1 passes nothing: it is inside by the accuracy of the trivial one.
    log10[np.argmin(np.abs(found.bounded + 1))] = -3.0 * abs(log10[found.trivial])
    return Point(Orbit(mesh, u, z), along, Multipliers(log10, angle))
