"""Where branches of cycles meet: the doubled branch at PD, the other branch at BPC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import bmat, csc_array
from scipy.sparse.linalg import splu

from continuation.cycles.cycle import Cycle
from continuation.cycles.linearization import Linearization
from continuation.cycles.orbits import Direction, Orbit, Point, Solver
from dynsys.errors import ConvergenceError

_SIZES = (1e-3, 1e-2, 1e-4)  # how far from the known branch the first cycle is sought


def doubled(solver: Solver, cycle: Cycle) -> Point:
    """The first cycle of doubled period beside a period doubling."""
    orbit = replace(cycle.orbit, z=np.array([cycle.period, cycle.parameters[solver.parameter]]))
    wave, _ = Linearization(solver, orbit).null_vectors(multiplier=-1.0)
    wave = np.real(wave)
    mesh = np.concatenate([orbit.mesh / 2, 0.5 + orbit.mesh[1:] / 2])
    u = np.concatenate([orbit.u, orbit.u[1:]])
    z = np.array([2 * orbit.period, orbit.value])
    direction = np.ascontiguousarray(np.concatenate([wave, -wave[1:]]))
    return _beside(solver, Orbit(mesh, u, z), Direction(direction, np.zeros(2)), cycle, "doubled")


def other_branch(solver: Solver, cycle: Cycle) -> Point:
    """The first cycle of the other branch through a branch point of cycles."""
    orbit = replace(cycle.orbit, z=np.array([cycle.period, cycle.parameters[solver.parameter]]))
    along = Direction(np.zeros_like(orbit.u), np.array([0.0, solver.half[1]]))
    here = solver.along(orbit, along)
    if here is None:
        here = Point(orbit, along, cycle.floquet)
    first, second = _null_plane(solver, orbit)
    # Of the plane of null directions, the one across the known branch.
    a = solver.product(orbit, here.direction, first)
    b = solver.product(orbit, here.direction, second)
    across = Direction(b * first.u - a * second.u, b * first.z - a * second.z)
    return _beside(solver, orbit, across, cycle, "other")


def _null_plane(solver: Solver, orbit: Orbit) -> tuple[Direction, Direction]:
    """Two independent solutions of the linearized cycle equations at a branch point."""
    linear = Linearization(solver, orbit)
    matrix = linear.operator()
    size, n = matrix.shape[0], linear.n
    forced = np.array(
        [linear.model.parameter_derivative(x, solver.parameter) for x in linear.states]
    )
    columns = np.zeros((size, 2))
    columns[: size - n, 0] = -linear.field.ravel()
    columns[: size - n, 1] = -orbit.period * (forced / solver.scale).ravel()
    phase = linear.functional(linear.weights[:, None] * orbit.derivative())
    random = np.random.default_rng(0)
    border, rows = random.standard_normal((size + 1, 1)), random.standard_normal((2, size + 2))
    full = bmat([[matrix, columns], [phase.ravel()[None, :], np.zeros((1, 2))]])
    lu = splu(csc_array(bmat([[full, border], [rows, np.zeros((2, 1))]])))
    found = []
    for k in (1, 2):
        unit = np.zeros(size + 3)
        unit[-k] = 1.0
        solution = lu.solve(unit)
        found.append(Direction(solution[:size].reshape(-1, n), solution[size : size + 2]))
    return found[0], found[1]


def _beside(solver: Solver, orbit: Orbit, direction: Direction, cycle: Cycle, word: str) -> Point:
    length = np.sqrt(solver.product(orbit, direction, direction))
    unit = Direction(direction.u / length, direction.z / length)
    for size in _SIZES:
        guess = Orbit(orbit.mesh, orbit.u + size * unit.u, orbit.z + size * unit.z)
        found = solver.along(guess, unit)
        if found is not None and solver.product(orbit, unit, found.direction) > 0.5:
            return replace(found, pair=None, local=None)
    raise ConvergenceError(
        f"the {word} branch at {cycle.name or cycle.label} was not found: Newton fails beside "
        f"{solver.parameter} = {orbit.value:.8g}"
    )
