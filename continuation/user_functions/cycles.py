"""Cycles of a branch at which a quantity of the user's own takes a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from continuation.cycles.branch import CycleBranch
from continuation.cycles.cycle import Cycle, cycle_from
from continuation.cycles.multipliers import NONE
from continuation.cycles.orbits import Direction, Orbit, Point, remeshed
from continuation.engine.special_points import numbered
from dynsys.errors import unknown_name

CycleFunction = Callable[[Cycle], float]


def user_cycles(
    branch: CycleBranch, quantity: str | CycleFunction, value: float = 0.0
) -> tuple[Cycle, ...]:
    """Every cycle of a branch where a quantity equals ``value``, labelled UZ and corrected.

    ``quantity`` is "period", "frequency", the branch's parameter, "min_..." or "max_..." of an
    observable, or a function of a ``Cycle``. One that only touches the value is not found.

    Raises UnknownNameError for another name.
    """
    measure = measured(branch, quantity, value)
    sizes = [measure(_cycle(branch, orbit)) for orbit in branch.orbits]
    found = []
    for k in range(len(sizes) - 1):
        if sizes[k] == 0.0:
            found.append(replace(_cycle(branch, branch.orbits[k]), index=k))
        elif sizes[k] * sizes[k + 1] < 0:
            cycle = crossing(branch, k, measure)
            if cycle is not None:
                found.append(replace(cycle, index=k))
    return numbered([replace(cycle, label="UZ") for cycle in found])


def measured(
    branch: CycleBranch, quantity: str | CycleFunction, value: float
) -> Callable[[Cycle], float]:
    """The quantity less its value, as a function of a cycle."""
    if not isinstance(quantity, str):
        return lambda cycle: float(quantity(cycle)) - value
    ends = {
        f"{end}_{name}": (name, side)
        for name in branch.model.observables
        for side, end in enumerate(("min", "max"))
    }
    if quantity in ends:
        name, side = ends[quantity]
        return lambda cycle: cycle.extrema(name)[side] - value
    known = {
        "period": lambda cycle: cycle.period - value,
        "frequency": lambda cycle: cycle.frequency - value,
        branch.parameter: lambda cycle: cycle.orbit.value - value,
    }
    if quantity not in known:
        raise unknown_name("quantity", quantity, [*known, *ends], "this branch of limit cycles")
    return known[quantity]


def _cycle(branch: CycleBranch, orbit: Orbit) -> Cycle:
    """A cycle without its multipliers, which most quantities do not need."""
    return Cycle(branch.solver.at(orbit), orbit, branch.solver, NONE, 0.0)


def crossing(branch: CycleBranch, k: int, measure: Callable[[Cycle], float]) -> Cycle | None:
    """The cycle between two neighbors where the measure vanishes; None where Newton fails."""
    solver, right = branch.solver, branch.orbits[k + 1]
    left = remeshed(branch.orbits[k], right.mesh)
    chord = Direction(np.ascontiguousarray(right.u - left.u), right.z - left.z)

    def at(fraction: float) -> Point:
        guess = Orbit(right.mesh, left.u + fraction * chord.u, left.z + fraction * chord.z)
        point = solver.along(guess, chord)
        if point is None:
            raise ArithmeticError
        return point

    try:
        fraction = brentq(lambda f: measure(_cycle(branch, at(f).orbit)), 0.0, 1.0, xtol=1e-13)
        return cycle_from(solver, at(fraction), "UZ")
    except (ArithmeticError, ValueError):
        return None
