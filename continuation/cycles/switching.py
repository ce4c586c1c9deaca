"""Where branches of cycles meet: the doubled branch at PD, the other branch at BPC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import bmat, csc_array
from scipy.sparse.linalg import splu

from continuation.cycles.closing import run_twice
from continuation.cycles.cycle import Cycle
from continuation.cycles.linearization import Linearization
from continuation.cycles.normal_forms import doubling_coefficients
from continuation.cycles.orbits import Direction, Orbit, Point, Solver
from dynsys.errors import ConvergenceError

_ANGLES = 24  # directions tried in the plane of a double branch point
_SIZES = (1e-3, 1e-2, 1e-4)  # how far from the known branch the first cycle is sought
# The more units a ring has, the higher is the order of what tells the directions of branches apart:
# of six it is the fifth, and only far from the branch point Newton knows which way to go.
_FARTHER = (0.03, 0.1, 0.3)


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


def parent_twice(solver: Solver, cycle: Cycle, first: Point) -> Point | None:
    """The cycle with the period doubling, run twice: where the branch of its first cycle of doubled
    period begins. None where several multipliers pass at once, or a conserved quantity pairs them.
    """
    if cycle.multiplicity > 1 or cycle.persistent or "pair" in cycle.certificate:
        return None
    orbit = replace(cycle.orbit, z=np.array([cycle.period, cycle.parameters[solver.parameter]]))
    cubic = doubling_coefficients(solver, orbit)[0]
    all_of_them = cycle.floquet.joined(1.0 + cycle.trivial_error)
    return run_twice(Point(orbit, first.direction, all_of_them), first, cubic)


def other_branch(solver: Solver, cycle: Cycle) -> tuple[Point, Point | None]:
    """The first cycles of another branch through a branch point of cycles, on its two sides.

    Both are directed to the side of the first; None where Newton fails on the other. Where several
    multipliers pass +1 together, of the branches that leave the one that is found first among
    directions spread over their plane.
    """
    orbit = replace(cycle.orbit, z=np.array([cycle.period, cycle.parameters[solver.parameter]]))
    known = cycle.direction
    if known is None or cycle.solver.parameter != solver.parameter:
        known = _beyond(solver, orbit)
    here = Point(orbit, known, cycle.floquet)
    across = _across(solver, here, _null_space(solver, orbit, 1 + cycle.multiplicity))
    if len(across) == 1:
        return _two_sides(solver, orbit, across[0], cycle)
    for sizes in (_SIZES, *((size,) for size in _FARTHER)):
        for angle in np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES:
            a, b = np.cos(angle), np.sin(angle)
            tried = Direction(
                a * across[0].u + b * across[1].u, a * across[0].z + b * across[1].z
            )  # fmt: skip
            try:
                return _two_sides(solver, orbit, tried, cycle, sizes)
            except ConvergenceError:
                continue
    return _two_sides(solver, orbit, across[0], cycle)


def _two_sides(
    solver: Solver, orbit: Orbit, along: Direction, cycle: Cycle,
    sizes: tuple[float, ...] = _SIZES,
) -> tuple[Point, Point | None]:  # fmt: skip
    """The cycles before and behind a branch point, both directed along the first's side.

    An error e breaks up a pitchfork within its cube root.
    """
    blurred = min(max(float(np.cbrt(orbit.mesh_error())), sizes[0]), 10 * sizes[0])
    first = _beside(solver, orbit, along, cycle, "other", (blurred, *sizes))
    opposite = Direction(-along.u, -along.z)
    try:
        behind = _beside(solver, orbit, opposite, cycle, "other", (blurred, *sizes))
    except ConvergenceError:
        return first, None
    direction = Direction(-behind.direction.u, -behind.direction.z)
    return first, replace(behind, direction=direction)


def _beyond(solver: Solver, orbit: Orbit) -> Direction:
    """The direction of the branch that passes a branch point without a turn."""
    ends = [solver.at_value(orbit, orbit.value + s * 1e-4 * solver.half[1]) for s in (-1.0, 1.0)]
    if ends[0] is None or ends[1] is None:
        return Direction(np.zeros_like(orbit.u), np.array([0.0, solver.half[1]]))
    return Direction(ends[1].u - ends[0].u, ends[1].z - ends[0].z)


def _across(solver: Solver, here: Point, plane: list[Direction]) -> list[Direction]:
    """Of null directions, those across the known branch, orthonormal: one fewer."""
    found: list[Direction] = []
    known = [here.direction]
    for direction in plane:
        for _ in range(2):
            for other in known:
                square = solver.product(here.orbit, other, other)
                part = solver.product(here.orbit, other, direction) / square
                direction = Direction(
                    direction.u - part * other.u, direction.z - part * other.z
                )  # fmt: skip
        length = np.sqrt(solver.product(here.orbit, direction, direction))
        unit = Direction(direction.u / length, direction.z / length)
        if len(found) < len(plane) - 1:
            found.append(unit)
            known.append(unit)
    return found


def _null_space(solver: Solver, orbit: Orbit, count: int) -> list[Direction]:
    """Independent solutions, of length one, of the linearized cycle equations at a branch point."""
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
    border = random.standard_normal((size + 1, count - 1))
    rows = random.standard_normal((count, size + 2))
    full = bmat([[matrix, columns], [phase.ravel()[None, :], np.zeros((1, 2))]])
    lu = splu(csc_array(bmat([[full, border], [rows, np.zeros((count, count - 1))]])))
    found = []
    for k in range(1, count + 1):
        unit = np.zeros(size + 1 + count)
        unit[-k] = 1.0
        solution = lu.solve(unit)
        direction = Direction(solution[:size].reshape(-1, n), solution[size : size + 2])
        length = np.sqrt(solver.product(orbit, direction, direction))
        found.append(Direction(direction.u / length, direction.z / length))
    return found


def _beside(
    solver: Solver, orbit: Orbit, direction: Direction, cycle: Cycle, word: str,
    sizes: tuple[float, ...] = _SIZES,
) -> Point:  # fmt: skip
    """The first cycle from ``orbit`` along a direction."""
    length = np.sqrt(solver.product(orbit, direction, direction))
    unit = Direction(direction.u / length, direction.z / length)
    for size in sizes:
        guess = Orbit(orbit.mesh, orbit.u + size * unit.u, orbit.z + size * unit.z)
        found = solver.along(guess, unit)
        if found is not None and solver.product(orbit, unit, found.direction) > 0.5:
            return replace(found, pair=None, local=None)
    raise ConvergenceError(
        f"the {word} branch at {cycle.name or cycle.label} was not found: Newton fails beside "
        f"{solver.parameter} = {orbit.value:.8g}"
    )
