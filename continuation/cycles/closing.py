"""Branches and curves of cycles that come back: to their start, or to what they doubled from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from continuation.cycles.chords import lagrange
from continuation.cycles.counts import RESOLUTION
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.normal_forms import doubling_coefficients
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
_APART = 1.2  # by which squares of distances between two halves have to differ
_PART_LEFT = 0.1  # of the distance between two halves, that is none where the angle is zero
_LEAST = 1e-9  # length of a mesh interval of a folded cycle
_PART_OF_STEP = 1e-5  # by which a search for a doubling begins
_CLEARLY = 11.0  # times its accuracy, by which a multiplier is clearly on one side
_SECANTS, _HALVINGS = 20, 12  # its steps, and how often one is halved
_ENOUGH, _AT_DOUBLING = 1e-10, 1e-6  # log10 of the multiplier -1 at its end, and at most


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


def becomes_parent(points: Sequence[Point], first: int, half: np.ndarray) -> int | None:
    """The step k >= ``first`` of a curve of folds or tori in which its doubled cycles become one
    run twice, at a GPD or PDNS point. There both parameters turn, and what follows are the same
    cycles half a period later.
    """
    for k in range(max(first, 1), len(points) - 1):
        before, after = points[k], points[k + 1]
        if before.direction.z[1:3] / half**2 @ after.direction.z[1:3] < 0:
            if np.sum(_odd(before.orbit) * _odd(after.orbit)) < 0:
                return k
    return None


def nearest_to_parent(points: Sequence[Point], k: int) -> int:
    """Of the ends of step k the one whose two halves are less unlike."""
    return min((k, k + 1), key=lambda j: float(np.sum(_odd(points[j].orbit) ** 2)))


def halves_become_alike(points: Sequence[Point]) -> bool:
    """Whether the two halves of a torus curve's cycles become the same where the angle vanishes."""
    if len(points) < 2:
        return False
    before, last = points[-2].orbit, points[-1].orbit
    apart, left = (float(np.linalg.norm(_odd(orbit))) for orbit in (before, last))
    angles = before.z[3], last.z[3]
    at_zero = left - angles[1] * (apart - left) / (angles[0] - angles[1])
    return bool(angles[0] > angles[1] and abs(at_zero) < _PART_LEFT * apart)


def _odd(orbit: Orbit) -> np.ndarray:
    """Half the difference (64, n) between the two halves of a cycle."""
    u = moved(orbit.u, orbit.mesh, np.linspace(0.0, 1.0, 128 // DEGREE + 1))
    return 0.5 * (u[:64] - u[64:128])


def parent_twice(solver: Solver, points: Sequence[Point], k: int) -> Point | None:
    """The parent at its period doubling, run twice, in the step from doubled cycle k, in which the
    part that is odd under half a period changes its sign."""
    near = points[max(k - 1, 0) : k + 2]
    once = _common_part(near)
    step = float(np.linalg.norm(_odd(near[-1].orbit) - _odd(near[-2].orbit)))
    doubling = _doubling(solver, once, _PART_OF_STEP * step)
    if doubling is None:
        return None
    return run_twice(doubling, near[-1], doubling_coefficients(solver, doubling.orbit)[0])


def _common_part(near: Sequence[Point]) -> Orbit:
    """What two halves of doubled cycles have in common where they are the same: its polynomial in
    the square of their distance, through the cycles whose distances differ."""
    mesh = near[-1].orbit.mesh
    orbits = [remeshed(p.orbit, mesh) for p in near]
    squares = np.array([float(np.sum(_odd(p.orbit) ** 2)) for p in near])
    kept: list[int] = []
    for j in np.argsort(squares).tolist():
        if all(squares[j] > _APART * squares[i] for i in kept):
            kept.append(j)
    basis = lagrange(squares[kept], 0.0)
    u = np.einsum("k,kts->ts", basis, [orbits[j].u for j in kept])
    z = basis @ np.array([orbits[j].z for j in kept])
    twice = Orbit(mesh, u, z)
    folded = np.sort((2.0 * mesh[:-1]) % 1.0)
    apart = np.diff(folded, append=1.0) > _LEAST
    folded = np.concatenate([[0.0], folded[apart & (folded > _LEAST)], [1.0]])
    times = moved_times(folded) / 2
    nodes = 0.5 * (twice.at(times) + twice.at(0.5 + times))
    nodes[-1] = nodes[0]
    once = Orbit(folded, np.ascontiguousarray(nodes), np.array([0.5 * z[0], *z[1:]]))
    return remeshed(once, adapted_mesh(once, max(near[-1].orbit.intervals // 2, 4)))


def _doubling(solver: Solver, orbit: Orbit, step: float) -> Point | None:
    """The cycle nearby with a multiplier -1, by the secant method along its branch, which may turn
    in its parameter there."""
    for way in ([0.0, solver.half[1]], [orbit.period, 0.0]):
        point = solver.along(orbit, Direction(np.zeros_like(orbit.u), np.array(way)))
        if point is not None:
            break
    else:
        return None
    begin, along, place, slope = point.orbit, point.direction, 0.0, np.nan
    here = _negative(point)
    for _ in range(_SECANTS):
        if not abs(here) > _ENOUGH:
            break
        move = step if np.isnan(slope) or slope == 0.0 else -here / slope
        for _ in range(_HALVINGS):
            to = place + move
            guess = Orbit(begin.mesh, begin.u + to * along.u, begin.z + to * along.z)
            found = solver.along(guess, along)
            there = np.nan if found is None else _negative(found)
            if not np.isnan(there):
                break
            move *= 0.5
        if found is None or np.isnan(there):
            return None
        slope, place, here, point = (there - here) / move, to, there, found
    return point if abs(here) < _AT_DOUBLING else None


def _negative(point: Point) -> float:
    """log10 of the modulus of the negative multiplier next to -1; nan where there is none."""
    found = point.floquet
    log10 = found.log10[found.are_real & (np.cos(found.angle) < 0.0)]
    return float(log10[np.argmin(np.abs(log10))]) if log10.size else np.nan


def run_twice(point: Point, neighbor: Point, cubic: float) -> Point:
    """A cycle run twice, on the branch of a doubled neighbor, which turns in its parameter here.

    Beside it the multiplier of doubled cycles that is next to 1 is inside where the ``cubic``
    coefficient is negative, outside where it is positive.
    """
    mesh = np.concatenate([point.orbit.mesh / 2, 0.5 + point.orbit.mesh[1:] / 2])
    u = np.concatenate([point.orbit.u, point.orbit.u[1:]])
    z = np.concatenate([[2 * point.orbit.period], point.orbit.z[1:]])
    along = Direction(moved(neighbor.direction.u, neighbor.orbit.mesh, mesh), np.zeros(len(z)))
    found = point.floquet
    angle = np.angle(np.exp(2j * found.angle))
    angle[found.are_real] = 0.0
    log10 = 2 * found.log10
    beyond = max(_CLEARLY * abs(log10[found.trivial]), _CLEARLY * RESOLUTION)
    log10[np.argmin(np.abs(found.bounded + 1))] = beyond if cubic > 0 else -beyond
    return Point(Orbit(mesh, u, z), along, Multipliers(log10, angle))
