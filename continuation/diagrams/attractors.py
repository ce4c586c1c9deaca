"""What is stable at one point of parameter space: equilibria and limit cycles, with their names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from continuation.cycles.branch import CycleBranch
from continuation.cycles.cycle import Cycle, cycle_from, make_cycle
from continuation.cycles.orbits import Orbit, Solver, adapted_mesh, remeshed
from continuation.cycles.starting_orbits import orbit_from_simulation
from continuation.diagrams.names import (
    CYCLE,
    EQUILIBRIUM,
    cycle_name,
    equilibrium_names,
    naming_observable,
)
from continuation.steady_states.search import find_equilibria
from dynsys.errors import ConvergenceError
from dynsys.vector_field import VectorField

SEEDS = 4  # branches from which a cycle at a new place is sought
_SMALLEST = 1e-3  # range of a scaled state below which an orbit is an equilibrium


def stable_equilibria(
    model: VectorField, starts: np.ndarray | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Stable equilibria of a model, and the number of all equilibria.

    Each has ``name``, ``kind`` "equilibrium", ``observables``, ``state`` and ``abscissa`` (largest
    real part of an eigenvalue, per time unit).
    """
    result = []
    every = find_equilibria(model, starts=starts)
    for x in every:
        abscissa = float(np.max(np.linalg.eigvals(model.jacobian(x)).real))
        if abscissa < 0:
            result.append(
                {"kind": EQUILIBRIUM, "observables": model.observe(x), "abscissa": abscissa,
                 "state": x}
            )  # fmt: skip
    naming = naming_observable(model)
    values = [item["observables"][naming] for item in result]
    for item, name in zip(result, equilibrium_names(model, values), strict=True):
        item["name"] = name
    return result, len(every)


def stable_cycles(
    model: VectorField, branches: Sequence[CycleBranch], near: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Stable cycles of a model, sought from orbits of known branches.

    ``near`` are (branch, orbit) numbers to start from. Each result has ``name``, ``kind`` "cycle",
    ``frequency`` (Hz), ``period``, ``extrema`` of every observable, the largest ``multiplier`` and
    a ``state`` on it.
    """
    found: list[Cycle] = []
    for number, index in near:
        cycle = _moved(model, branches[number], index)
        if cycle is not None and cycle.stable and not any(_same(cycle, c) for c in found):
            found.append(cycle)
    return _described(found)


def simulated_cycles(model: VectorField) -> list[dict[str, Any]]:
    """The stable cycle that a simulation beside an unstable equilibrium settles on, if any.

    For places where no known cycle leads: beyond a period doubling, for instance.
    """
    name = next(iter(model.parameters))
    solver = Solver(model, {name: _around(model.parameters[name], 0.0)})
    for x in find_equilibria(model):
        try:
            with warnings.catch_warnings():  # orbits that run away to infinity are no cycles
                warnings.simplefilter("ignore")
                orbit = orbit_from_simulation(solver, (x + 0.01 * model.scales, None), 40)
                cycle = make_cycle(solver, orbit)
        except ConvergenceError:
            continue
        if cycle.stable:
            return _described([cycle])
    return []


def _described(found: Sequence[Cycle]) -> list[dict[str, Any]]:
    return [
        {
            "kind": CYCLE, "name": cycle_name(cycle), "frequency": cycle.frequency,
            "period": cycle.period,
            "extrema": {k: cycle.extrema(k) for k in cycle.model.observables},
            "multiplier": float(np.max(np.abs(cycle.multipliers), initial=0.0)),
            "state": cycle.solver.states(cycle.orbit)[0],
        }
        for cycle in sorted(found, key=lambda c: c.period)
    ]  # fmt: skip


def _same(a: Cycle, b: Cycle) -> bool:
    if not np.isclose(a.period, b.period, rtol=1e-3):
        return False
    name = next(iter(a.model.observables))
    return bool(np.allclose(a.extrema(name), b.extrema(name), rtol=1e-2, atol=1e-6))


def _moved(model: VectorField, branch: CycleBranch, index: int) -> Cycle | None:
    """The cycle that an orbit of a branch becomes at the model's parameters, step by step."""
    orbit, name = branch.orbits[index], branch.parameter
    here = {**branch.model.parameters, name: orbit.value}
    changed = [k for k in model.parameters if model.parameters[k] != here[k]]
    solver = Solver(model, {name: _around(model.parameters[name], orbit.value)})
    done, step = 0.0, 1.0
    while done < 1.0:
        ahead = min(done + step, 1.0)
        values = {k: here[k] + ahead * (model.parameters[k] - here[k]) for k in changed}
        at = model.with_parameters(**values)
        solver = Solver(at, {name: _around(at.parameters[name], orbit.value)})
        moved = _corrected(solver, orbit)
        if moved is None:
            step /= 2
            if step < 0.2:
                return None
            continue
        orbit, done = moved, ahead
    point = solver.point_at(orbit, orbit.value)
    return None if point is None else cycle_from(solver, point)


def _corrected(solver, orbit: Orbit) -> Orbit | None:
    name = solver.parameter
    guess = replace(orbit, z=np.array([orbit.period, solver.model.parameters[name]]))
    found = solver.at_value(remeshed(guess, adapted_mesh(guess)), guess.value, tolerance=1e-8)
    if found is None or np.max(np.ptp(found.u, axis=0)) < _SMALLEST:
        return None
    return found


def _around(value: float, other: float) -> tuple[float, float]:
    reach = max(abs(value), abs(other), 1.0)
    return value - reach, value + reach


def nearest_orbits(
    branches: Sequence[CycleBranch], axes: Sequence[tuple[str, float, float]],
    values: dict[str, float],
) -> list[tuple[int, int]]:  # fmt: skip
    """(branch, orbit) of the stable orbit of each branch nearest in the plane, nearest first."""
    found = []
    for number, branch in enumerate(branches):
        places = plane_positions(branch, axes)
        target = np.array([(values[k] - low) / (high - low) for k, low, high in axes])
        distance = np.linalg.norm(places - target, axis=1)
        distance[~trusted(branch)] = np.inf
        k = int(np.argmin(distance))
        if np.isfinite(distance[k]):
            found.append((float(distance[k]), number, k))
    return [(number, k) for _, number, k in sorted(found)[:SEEDS]]


def plane_positions(branch: CycleBranch, axes: Sequence[tuple[str, float, float]]) -> np.ndarray:
    """Positions (point, 2) of a branch's cycles in units of the plane."""
    columns = []
    for name, low, high in axes:
        value = (
            branch.data[name].values
            if name == branch.parameter
            else np.full(len(branch), branch.model.parameters[name])
        )
        columns.append((value - low) / (high - low))
    return np.column_stack(columns)


def trusted(branch: CycleBranch) -> np.ndarray:
    """Mask of the branch's cycles that are stable beyond doubt."""
    sure = branch.data["trivial_error"].values < 1e-3
    return branch.data["stable"].values & sure
