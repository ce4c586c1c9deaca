"""The last cycle of a branch or curve that leaves its span: the one on the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from continuation.cycles.chords import Chord
from continuation.cycles.location import locate_beside, residual
from continuation.cycles.orbits import (
    STEEP,
    Direction,
    Orbit,
    Point,
    Solver,
    remeshed,
    turned_round,
)

_WALK = 16  # steps to a bound where one does not reach it
_GOOD = 1e-8  # residual of an interpolated cycle, which is one where the mesh resolves it


def land(solver: Solver, inside: Point, beyond: Point) -> tuple[Point | None, tuple[int, float]]:
    """The point on the bound between the last one inside and the first one beyond it, and the
    entry of z that meets it, with the bound."""
    a = remeshed(inside.orbit, beyond.orbit.mesh)
    b = beyond.orbit
    best, component, bound = 2.0, 1, 0.0
    for k in range(1, solver.size):
        for limit, outside in (
            (solver.lower[k], b.z[k] < solver.lower[k]),
            (solver.upper[k], b.z[k] > solver.upper[k]),
        ):
            fraction = (limit - a.z[k]) / (b.z[k] - a.z[k]) if outside else np.inf
            if fraction < best:
                best, component, bound = fraction, k, limit
    guess = Orbit(b.mesh, a.u + best * (b.u - a.u), a.z + best * (b.z - a.z))
    landed = solver.point_at(guess, bound, component)
    if landed is None:
        landed = _walked(solver, inside, component, bound)
    if landed is not None:
        landed = _oriented(solver, landed, beyond.direction)
    else:
        landed = _between(Chord(solver, inside, beyond), component, bound)
    return landed, (component, float(bound))


def _between(chord: Chord, component: int, bound: float) -> Point | None:
    """The branch point on a bound, where Newton is singular, by cycles on both sides."""
    found = locate_beside(chord, lambda point: float(point.orbit.z[component] - bound))
    if found is None or residual(chord.solver, found.point.orbit) > _GOOD:
        return None
    return found.point


def _walked(solver: Solver, inside: Point, component: int, bound: float) -> Point | None:
    """The point on a bound in small steps from the last one inside, on its own mesh and along the
    branch: layers move along the mesh from one cycle to the next, which a line between two of them
    does not know."""
    point, start = inside, float(inside.orbit.z[component])
    for part in np.arange(1, _WALK + 1) / _WALK:
        to = start + part * (bound - start)
        found = solver.point_at(_ahead(point, to, component), to, component, STEEP)
        if found is None:
            found = solver.point_at(point.orbit, to, component, STEEP)
        if found is None:
            return None
        point = found
    return point


def _ahead(point: Point, to: float, component: int) -> Orbit:
    """The orbit along the tangent of the branch to a value of an entry of z, where this moves."""
    orbit, along = point.orbit, point.direction
    rate = along.z[component]
    if rate == 0.0:
        return orbit
    length = (to - orbit.z[component]) / rate
    z = orbit.z + length * along.z
    return replace(orbit, u=orbit.u + length * along.u, z=z) if z[0] > 0.0 else orbit


def _oriented(solver: Solver, point: Point, along: Direction) -> Point:
    unit = solver.unit(point)
    if solver.product(unit.orbit, along, unit.direction) < 0:
        unit = turned_round(unit)
    return replace(unit, pair=None, local=None)
