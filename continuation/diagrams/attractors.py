"""What is stable at one point of parameter space: equilibria and limit cycles, with their names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from continuation.cycles.branch import CycleBranch
from continuation.cycles.cycle import Cycle, cycle_from, make_cycle
from continuation.cycles.delay_errors import CARRIED, delay_error
from continuation.cycles.orbits import Orbit, Solver, adapted_mesh, coarse, remeshed
from continuation.cycles.recorded_orbits import is_carried, orbit_from_turn
from continuation.cycles.starting_orbits import orbit_from_simulation
from continuation.diagrams.bursts import burst_words
from continuation.diagrams.names import (
    CYCLE,
    EQUILIBRIUM,
    HALF_STABLE,
    OUTSIDE,
    PHASES,
    RUNS_AWAY,
    cycle_name,
    equilibrium_names,
    naming_observable,
)
from continuation.diagrams.outcomes import MOST_PHASES, UNSETTLED, same_motion
from continuation.diagrams.pasts import Start
from continuation.diagrams.simulating import Effort, destinations
from continuation.steady_states.half_stable import way_out
from continuation.steady_states.search import find_equilibria
from dynsys.errors import ConvergenceError
from dynsys.vector_field import VectorField

SEEDS = 4  # branches from which a cycle at a new place is sought
MOST_STEPS = 12  # in which a cycle is carried there,
SHORTEST_STEP = 0.1  # the shortest of them in units of the whole way
DEPARTURE = 0.01  # scaled distance from an unstable equilibrium at which simulations start
TURNS = 8  # of a cycle from a state on it, before it is corrected
PATIENCE = 60_000  # evaluations of the field after which a simulation is given up
FURTHER = Effort(finer=2.0)  # for a run that Newton's method does not take up
NEAR = 0.05  # scaled distance up to which equilibria are the same
_WALL = 10.0  # what a boundary on the way adds to a distance in units of the plane
_ASKED = 40  # cycles of a branch, the nearest, that are looked at for it
_SMALLEST = 1e-3  # range of a scaled state below which an orbit is an equilibrium


@dataclass(frozen=True)
class Seed:
    """A known cycle from which others are sought: its orbit, free parameter and parameters."""

    orbit: Orbit
    parameter: str
    parameters: Mapping[str, float]

    @classmethod
    def of_branch(cls, branch: CycleBranch, index: int) -> Seed:
        """The cycle with this number on a branch."""
        orbit = branch.orbits[index]
        return cls(
            orbit, branch.parameter, {**branch.model.parameters, branch.parameter: orbit.value}
        )

    @classmethod
    def of_cycle(cls, cycle: Cycle) -> Seed:
        """A cycle by itself."""
        return cls(cycle.orbit, cycle.solver.parameter, cycle.parameters)


def stable_equilibria(
    model: VectorField, starts: np.ndarray | None = None, searches: int = 64
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Stable and half-stable equilibria of a model, and all equilibria (k, n) where the field has
    slopes.

    Each has ``name``, ``kind`` "equilibrium", ``observables``, ``state`` and ``abscissa`` (largest
    real part of an eigenvalue, per time unit). With ``searches=0`` only the starts are refined.
    """
    result, halves = [], []
    found = find_equilibria(model, searches=searches, starts=starts)
    # On the edge where the field ends, as of a root, slopes are infinite and tell no stability.
    every = found[[bool(np.all(np.isfinite(model.jacobian(x)))) for x in found]]
    for x in every:
        out = way_out(model, x)
        if out is not None:
            halves.append(_half_stable(model, x, out))
            continue
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
    return [*result, *halves], every


def _half_stable(model: VectorField, x: np.ndarray, out: np.ndarray) -> dict[str, Any]:
    """An equilibrium that motions leave in one direction ``out``, with where they go."""
    name, n = next(iter(model.parameters)), len(model.states)
    start = (x + DEPARTURE * out * model.scales)[None, :n]
    (end,) = destinations(model, [{name: model.parameters[name]}], start)
    goes = "run away" if end.kind == RUNS_AWAY else "leave it"
    return {
        "name": HALF_STABLE, "kind": HALF_STABLE, "observables": model.observe(x), "state": x,
        "detail": f"attracts from one side only, motions on the other {goes}",
    }  # fmt: skip


def stable_cycles(
    model: VectorField, seeds: Sequence[Seed]
) -> tuple[list[dict[str, Any]], list[Start]]:
    """Stable cycles of a model, sought from known ones; and starts on those that lead to none.

    Each result has ``name``, ``kind`` "cycle", ``frequency`` (Hz; per time unit for a
    dimensionless model), ``period``, ``extrema`` of every observable, the largest
    ``multiplier``, a ``state`` on it and the ``cycle`` itself.
    """
    found: list[Cycle] = []
    lost: list[Start] = []
    for seed in seeds:
        cycle = _carried(model, seed)
        if cycle is None or not _holds(cycle):
            lost.append(start_on(model, seed.orbit))
        elif not any(_same(cycle, c) for c in found):
            found.append(cycle)
    return described(found), lost


def start_on(model: VectorField, orbit: Orbit) -> Start:
    """A start on an orbit, with its past where signals are delayed."""
    n = len(model.states)
    turn = orbit.at(np.linspace(0, 1, PHASES, endpoint=False))[:, :n] * model.scales[:n]
    return Start.after(orbit.period, turn)


def simulated_cycles(
    model: VectorField, starts: Sequence[tuple[np.ndarray, float | None]]
) -> list[dict[str, Any]]:
    """The stable cycles that simulations from (state, period guess or None) settle on.

    For places where no known cycle leads: beyond a period doubling, for instance.
    """

    name = next(iter(model.parameters))
    solver = Solver(model, {name: _around(model.parameters[name], 0.0)})
    found: list[Cycle] = []
    for start in starts:
        try:
            with warnings.catch_warnings():  # orbits that run away to infinity are no cycles
                warnings.simplefilter("ignore")
                cycle = make_cycle(
                    solver, orbit_from_simulation(solver, start, 40, PATIENCE, TURNS)
                )
        except ConvergenceError:
            continue
        if _holds(cycle) and not any(_same(cycle, c) for c in found):
            found.append(cycle)
    return described(found)


def attractors_met(model: VectorField, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Attractors that runs have come to (``described_outcomes``), cycles corrected by Newton.

    A cycle that Newton cannot hold keeps what its run says of it, without the ``cycle`` itself.
    """
    result: list[dict[str, Any]] = []
    for item in items:
        if item["kind"] in (OUTSIDE, UNSETTLED):
            continue
        cycle = _recorded_cycle(model, item) if item["kind"] == CYCLE else None
        result += [dict(item)] if cycle is None else described([cycle])
    return result


def _recorded_cycle(model: VectorField, item: Mapping[str, Any]) -> Cycle | None:
    """The stable cycle of which a run recorded one turn; where Newton's method does not meet it,
    the run goes on, more finely, and is nearer to it."""
    name = next(iter(model.parameters))
    solver = Solver(model, {name: _around(model.parameters[name], 0.0)})
    period, turn = item["period"], item["turn"]
    if not is_carried(solver, period, turn):
        return None
    for again in (True, False):
        orbit = orbit_from_turn(solver, period, turn)
        if orbit is not None:
            with suppress(ConvergenceError):
                cycle = make_cycle(solver, orbit)
                return cycle if _holds(cycle) else None
        if again:
            (later,) = destinations(
                model, [{name: model.parameters[name]}], item["state"][None], FURTHER
            )
            if later.states is None:
                return None
            period, turn = later.period, later.states
    return None


def in_order(model: VectorField, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Attractors of one place in the order of labels, its equilibria named beside one another:
    equilibria, then cycles, then what never repeats."""
    first, naming = model.observable_names[0], naming_observable(model)
    rest = sorted(
        (i for i in items if i["kind"] == EQUILIBRIUM), key=lambda i: i["observables"][first]
    )
    names = equilibrium_names(model, [item["observables"][naming] for item in rest])
    cycles = sorted((i for i in items if i["kind"] == CYCLE), key=lambda i: i["period"])
    others = [i for i in items if i["kind"] not in (EQUILIBRIUM, CYCLE)]
    named = [{**item, "name": name} for item, name in zip(rest, names, strict=True)]
    return [*named, *cycles, *others]


def departures(model: VectorField, equilibria: np.ndarray) -> np.ndarray:
    """States (k, n_physical) beside every unstable equilibrium, to both sides along its most
    unstable direction."""
    starts: list[np.ndarray] = []
    scale, n = model.scales, len(model.states)
    for x in equilibria:
        values, vectors = np.linalg.eig(model.jacobian(x) * scale[None, :] / scale[:, None])
        k = int(np.argmax(values.real))
        if values[k].real > 0:
            along = vectors[:, k].real
            kick = DEPARTURE * scale * along / max(float(np.max(np.abs(along))), 1e-300)
            sides = (kick, -kick) if values[k].imag == 0 else (kick,)
            starts += [(x + side)[:n] for side in sides]
    return np.array(starts).reshape(-1, n)


def described(found: Sequence[Cycle]) -> list[dict[str, Any]]:
    return [
        {
            "kind": CYCLE, "name": cycle_name(cycle), "frequency": cycle.frequency,
            "period": cycle.period,
            "extrema": {k: cycle.extrema(k) for k in cycle.model.observables},
            "multiplier": float(np.max(np.abs(cycle.multipliers), initial=0.0)),
            "state": cycle.solver.states(cycle.orbit)[0], "cycle": cycle,
            "detail": burst_of(cycle.solver, cycle.orbit),
        }
        for cycle in sorted(found, key=lambda c: c.period)
    ]  # fmt: skip


def _holds(cycle: Cycle) -> bool:
    """Whether a cycle is stable, and one of the model itself, not of its delay lines alone."""
    return bool(cycle.stable) and delay_error(cycle.solver, cycle.orbit) < CARRIED


def burst_of(solver: Solver, orbit: Orbit) -> str:
    """ "bursting, 3 spikes" for an orbit that bursts, else "": see ``burst_words``."""
    model = solver.model
    along = _states_along(solver, orbit, MOST_PHASES)  # of a long burst every spike
    return burst_words(along, model.scales[: len(model.states)])


def _states_along(solver: Solver, orbit: Orbit, count: int = PHASES) -> np.ndarray:
    phases = np.linspace(0, 1, count, endpoint=False)
    return solver.states(orbit, phases)[:, : len(solver.model.states)]


def same_attractor(model: VectorField, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two descriptions, one of them of a run perhaps, mean one attractor."""
    if a["kind"] != b["kind"]:
        return False
    if a["kind"] in (EQUILIBRIUM, HALF_STABLE):
        n = len(model.states)
        apart = np.asarray(a["state"])[:n] - np.asarray(b["state"])[:n]
        return bool(np.max(np.abs(apart) / model.scales[:n]) < NEAR)
    if a["kind"] != CYCLE:
        return True
    return same_motion(turn_of(model, a), turn_of(model, b), model.scales[: len(model.states)])


def turn_of(model: VectorField, item: Mapping[str, Any]) -> tuple[float, np.ndarray]:
    """Period and one turn (k, n_physical) of a cycle, recorded or held by Newton's method."""
    if "turn" in item:
        return item["period"], item["turn"]
    return item["period"], _states_along(item["cycle"].solver, item["cycle"].orbit)


def _same(a: Cycle, b: Cycle) -> bool:
    """Whether two cycles are one, also where one of them is run through several times."""
    ratio = max(a.period, b.period) / min(a.period, b.period)
    if abs(ratio - round(ratio)) > 1e-3 * ratio:
        return False
    name = next(iter(a.model.observables))
    swing = np.ptp(a.extrema(name))
    return bool(np.allclose(a.extrema(name), b.extrema(name), rtol=0, atol=1e-2 * swing + 1e-9))


def _carried(model: VectorField, seed: Seed) -> Cycle | None:
    """The cycle that a known one becomes at the model's parameters, step by step."""

    orbit, name, here = coarse(seed.orbit), seed.parameter, seed.parameters
    changed = [k for k in model.parameters if model.parameters[k] != here[k]]
    solver = Solver(model, {name: _around(model.parameters[name], orbit.value)})
    done, step = 0.0, 1.0
    for _ in range(MOST_STEPS):
        ahead = min(done + step, 1.0)
        values = {k: here[k] + ahead * (model.parameters[k] - here[k]) for k in changed}
        at = model.with_parameters(**values)
        solver = Solver(at, {name: _around(at.parameters[name], orbit.value)})
        moved = _corrected(solver, orbit)
        if moved is None:
            step /= 2
            if step < SHORTEST_STEP:
                return None
            continue
        orbit, done = moved, ahead
        if done == 1.0:
            point = solver.point_at(orbit, orbit.value)
            return None if point is None else cycle_from(solver, point)
    return None


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


def nearest_cycles(
    branches: Sequence[CycleBranch],
    places: Sequence[np.ndarray],
    at: np.ndarray,
    walls: np.ndarray | None = None,
) -> list[Seed]:
    """The stable cycle of each branch nearest to a place in the plane, nearest first.

    Cycles that no boundary separates from the place come before all others: across one a cycle is
    likely to be lost on the way. ``walls`` (m, 2, 2) are the boundaries' straight pieces.
    """
    found = []
    for number, (branch, positions) in enumerate(zip(branches, places, strict=True)):
        usable = np.flatnonzero(trusted(branch))
        if not usable.size:
            continue
        distance = np.linalg.norm(positions[usable] - at, axis=1)
        if walls is not None:
            order = np.argsort(distance)[:_ASKED]
            usable, distance = usable[order], distance[order]
            distance = distance + _WALL * _crossing(positions[usable], at, walls)
        k = int(np.argmin(distance))
        found.append((float(distance[k]), number, int(usable[k])))
    return [Seed.of_branch(branches[number], k) for _, number, k in sorted(found)[:SEEDS]]


def _crossing(starts: np.ndarray, at: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """Whether the straight ways from ``starts`` (k, 2) to a place cross a wall: mask (k,).

    Plain arrays, since places are asked in threads and prepared geometries serve only one.
    """
    first, second = walls[None, :, 0], walls[None, :, 1]
    ways, start = (at - starts)[:, None], starts[:, None]
    ends_apart = _turn(ways, first - start) * _turn(ways, second - start) < 0
    along = second - first
    return np.any(ends_apart & (_turn(along, start - first) * _turn(along, at - first) < 0), axis=1)


def _turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product of vectors in the plane: its sign tells the side."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


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
    if "delay_error" in branch.data:
        sure &= branch.data["delay_error"].values < CARRIED
    return branch.data["stable"].values & sure
