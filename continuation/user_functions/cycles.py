"""Cycles of a branch or curve at which a quantity of the user's own takes a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from continuation.cycles import doubling, torus
from continuation.cycles.branch import CycleBranch
from continuation.cycles.chords import Chord
from continuation.cycles.conditions import DOUBLING, TORUS
from continuation.cycles.curves import LABELS, CycleCurve, free_in_first, special_cycle
from continuation.cycles.cycle import Cycle
from continuation.cycles.location import floquet_of, locate
from continuation.cycles.multipliers import NONE
from continuation.cycles.orbits import Direction, Orbit, Point, Solver
from continuation.engine.special_points import numbered
from continuation.user_functions.returned import returned_number
from dynsys.errors import unknown_name

CycleFunction = Callable[[Cycle], float]


def user_cycles(
    branch: CycleBranch | CycleCurve, quantity: str | CycleFunction, value: float = 0.0
) -> tuple[Cycle, ...]:
    """Every cycle of a branch or curve where a quantity equals ``value``, labelled UZ and
    corrected.

    ``quantity`` is "period", "frequency", a free parameter, "min_..." or "max_..." of an
    observable, a column of a curve ("angle", "normal_form_c", ...), or a function of a ``Cycle``.
    One that only touches the value is not found, nor is one that jumps past it, as at a pole.

    Raises UnknownNameError for another name, ModelError where a function returns no number.
    """
    measure = measured(branch, quantity, value)
    sizes = [measure(orbit) for orbit in branch.orbits]
    found = []
    for k, size in enumerate(sizes):
        if size == 0.0:
            point = _point(branch, k)
            exact = replace(point, floquet=floquet_of(branch.solver, point.orbit))
            found.append(special_cycle(branch.solver, exact, "UZ", k))
        elif k + 1 < len(sizes) and size * sizes[k + 1] < 0:
            cycle = _crossing(branch, k, measure, min(abs(size), abs(sizes[k + 1])))
            if cycle is not None:
                found.append(cycle)
    return numbered(found)


def measured(
    branch: CycleBranch | CycleCurve, quantity: str | CycleFunction, value: float
) -> Callable[[Orbit], float]:
    """The quantity less its value, as a function of an orbit of the branch."""
    solver = branch.solver
    own = {} if isinstance(branch, CycleBranch) else _of_curves(solver)
    if isinstance(quantity, str) and quantity in own:
        column = own[quantity]
        return lambda orbit: column(orbit) - value
    of_cycle = _of_cycles(branch, quantity, list(own))
    return lambda orbit: of_cycle(_cycle(branch, orbit)) - value


def _of_curves(solver: Solver) -> dict[str, Callable[[Orbit], float]]:
    """What the columns of a curve hold besides those of a branch."""
    if solver.kind == DOUBLING:
        return {"normal_form_c": lambda orbit: doubling.cubic_coefficient(solver, orbit)}
    if solver.kind == TORUS:
        return {
            "angle": lambda orbit: float(orbit.z[3]),
            "normal_form_re_d": lambda orbit: torus.cubic_coefficient(solver, orbit).real,
            "normal_form_im_d": lambda orbit: torus.cubic_coefficient(solver, orbit).imag,
        }
    return {}


def _of_cycles(
    branch: CycleBranch | CycleCurve, quantity: str | CycleFunction, own: list[str]
) -> Callable[[Cycle], float]:
    """The quantity as a function of a cycle; its ``own`` names are told as known."""
    if not isinstance(quantity, str):
        return lambda cycle: returned_number(quantity, cycle)
    ends = {
        f"{end}_{name}": (name, side)
        for name in branch.model.observables
        for side, end in enumerate(("min", "max"))
    }
    if quantity in ends:
        name, side = ends[quantity]
        return lambda cycle: cycle.extrema(name)[side]
    known: dict[str, Callable[[Cycle], float]] = {
        "period": lambda cycle: cycle.period,
        "frequency": lambda cycle: cycle.frequency,
    }
    if quantity in branch.solver.names:
        return lambda cycle: cycle.parameters[quantity]
    if quantity not in known:
        owner = "this " + re.sub("^(limit )?cycles", "branch of \\g<0>", branch.kind)
        raise unknown_name("quantity", quantity, [*known, *branch.solver.names, *own, *ends], owner)
    return known[quantity]


def _cycle(branch: CycleBranch | CycleCurve, orbit: Orbit) -> Cycle:
    """A cycle without its multipliers, which most quantities do not need."""
    solver = free_in_first(branch.solver, orbit)
    return Cycle(solver.model, replace(orbit, z=orbit.z[:2].copy()), solver, NONE, 0.0)


def _crossing(
    branch: CycleBranch | CycleCurve, k: int, measure: Callable[[Orbit], float], least: float
) -> Cycle | None:
    """The cycle between two neighbors where the measure vanishes; None where Newton fails, or where
    it has a pole or jumps: there it is not below its ``least`` size at the neighbors."""
    chord = Chord(branch.solver, _point(branch, k), _point(branch, k + 1))
    found = locate(chord, lambda point: measure(point.orbit))
    if found is None or not abs(found.value) < least:
        return None
    label = LABELS.get(branch.solver.kind)
    cycle = special_cycle(branch.solver, found.point, "UZ", k)
    return cycle if label is None else replace(cycle, certificate={"curve": label})


def _point(branch: CycleBranch | CycleCurve, k: int) -> Point:
    """Point k, of which only the orbit is known."""
    orbit = branch.orbits[k]
    return Point(orbit, Direction(np.zeros_like(orbit.u), np.zeros_like(orbit.z)), NONE)
