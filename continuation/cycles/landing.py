"""The last cycle of a branch or curve that leaves its span: the one on the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from continuation.cycles.chords import Chord
from continuation.cycles.location import locate_beside, residual
from continuation.cycles.orbits import Direction, Orbit, Point, Solver, remeshed, turned_round

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
    """The point on a bound in small steps from the last one inside, on its own mesh: layers move
    along the mesh from one cycle to the next, which a line between two of them does not know."""
    point, start = inside, float(inside.orbit.z[component])
    for part in np.arange(1, _WALK + 1) / _WALK:
        found = solver.point_at(point.orbit, start + part * (bound - start), component)
        if found is None:
            return None
        point = found
    return point


def _oriented(solver: Solver, point: Point, along: Direction) -> Point:
    unit = solver.unit(point)
    if solver.product(unit.orbit, along, unit.direction) < 0:
        unit = turned_round(unit)
    return replace(unit, pair=None, local=None)
