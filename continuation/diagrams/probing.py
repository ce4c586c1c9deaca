"""What is stable at places of a parameter plane, from everything that is known about the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.cycles.cycle import Cycle
from continuation.diagrams.attractors import (
    Seed,
    attractors_met,
    departures,
    in_order,
    nearest_cycles,
    plane_positions,
    same_attractor,
    simulated_cycles,
    stable_cycles,
    stable_equilibria,
    trusted,
)
from continuation.diagrams.named_outcomes import described_outcomes
from continuation.diagrams.names import (
    EQUILIBRIUM,
    RUNS_AWAY,
    found_cycles,
    found_equilibria,
    label,
)
from continuation.diagrams.partition import place_inside, places_across, places_beside, radius
from continuation.diagrams.paths import Axis, values_at
from continuation.diagrams.simulating import destinations
from continuation.steady_states.branch import Branch
from dynsys.vector_field import VectorField

DEEP = 0.01  # distance from the boundary at which a place certainly lies inside a large face
INSET = 0.05  # part of the states' ranges by which the low and the high start lie inside
RANDOM = 2  # simulated starts in the states' ranges
JITTER = 1e-3  # of the ranges, by which every start is moved
MOST_INSIDE = 5  # known cycles that are carried to the inmost place of a face
STILL = (EQUILIBRIUM, RUNS_AWAY)  # what is no motion that could be carried
LARGE = 1e-3  # of the plane: faces that are simulated as well
NEARBY = 24  # known states from which equilibria at a new place are sought


@dataclass(frozen=True)
class Findings:
    """What was computed in a plane: curves of equilibria and of cycles, scan lines, cycles."""

    curves: tuple[Branch, ...]
    cycle_curves: tuple[CycleCurve, ...]
    lines: tuple[Branch, ...]
    cycles: tuple[CycleBranch, ...]

    def boundaries(self) -> list[Branch | CycleCurve]:
        """All curves, those of equilibria first."""
        return [*self.curves, *self.cycle_curves]


@dataclass(frozen=True)
class Answer:
    """What is stable at one place: ``place`` (2,) in units of the plane, ``values`` of the
    parameters, ``stable`` attractors, all ``equilibria`` (k, n); ``simulated`` where its
    cycles were found by simulation, and none nearby was known; not ``asked`` where the budget was
    spent before."""

    place: np.ndarray
    values: dict[str, float]
    stable: list[dict[str, Any]]
    equilibria: np.ndarray
    simulated: bool = False
    asked: bool = True

    @property
    def kinds(self) -> tuple[int, int, int]:
        """The numbers of stable equilibria, of stable cycles and of other attractors."""
        rest, cycles = len(found_equilibria(self.stable)), len(found_cycles(self.stable))
        return rest, cycles, len(self.stable) - rest - cycles

    @property
    def seeds(self) -> list[Seed]:
        """The cycles, from which those at other places can be sought."""
        return [Seed.of_cycle(cycle) for cycle in self.cycles]

    @property
    def cycles(self) -> list[Cycle]:
        """The stable cycles that Newton's method holds."""
        return [item["cycle"] for item in found_cycles(self.stable) if "cycle" in item]

    def motions(self, delayed: bool) -> list[np.ndarray]:
        """States on what moves and is no cycle that Newton's method holds; of ``delayed`` signals
        they do not know the past: then the starts that led there."""
        moving = [item for item in self.stable if item["kind"] not in STILL and "cycle" not in item]
        return [np.asarray(item["start" if delayed else "state"]) for item in moving]

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {v:.5g}" for k, v in self.values.items())
        if not self.asked:
            return f"not looked at, the budget was spent: around {where}"
        return f"{label([item['name'] for item in self.stable], 'nothing')} at {where}"


@dataclass(frozen=True)
class Dispute:
    """Two places of one face at which different attractors are stable: a boundary is missing."""

    inmost: Answer
    other: Answer

    def __str__(self) -> str:
        return f"{self.inmost}, but {self.other}"


class Prober:
    """Asks what is stable at places of a plane.

    Example
    -------
    >>> Prober(model, (x, y), findings).ask(np.array([0.5, 0.5])).stable
    """

    def __init__(self, model: VectorField, axes: tuple[Axis, Axis], findings: Findings) -> None:
        self.model, self.axes, self.findings = model, axes, findings
        self.places = [plane_positions(branch, axes) for branch in findings.cycles]
        self._walls = _walls(findings.boundaries(), axes)
        self._positions = [_line_positions(line, axes) for line in findings.lines]
        self._states = [line.states() for line in findings.lines]
        self._arms = [_arms(line) for line in findings.lines]

    def ask(
        self, place: np.ndarray, seeds: Sequence[Seed] | None = None, searches: int = 64,
        near: Sequence[Answer] = (), simulates: bool = True,
    ) -> Answer:  # fmt: skip
        """Everything stable at a place: equilibria from those of the nearest scan lines, cycles
        from ``seeds`` (the nearest known ones), and all that is stable at places ``near``.

        What Newton's method does not carry here is simulated from where it is, unless not
        ``simulates``. Where nothing is stable so far, simulations decide: from beside the unstable
        equilibria, then from all over the states' ranges.
        """
        values = values_at(place, self.axes)
        at = self.model.with_parameters(**values)
        stable, every = stable_equilibria(at, self._known_states(place, near), searches)
        motions = [state for answer in near for state in answer.motions(bool(at.lines))]
        if seeds is None:
            seeds = nearest_cycles(self.findings.cycles, self.places, place, self._walls)
            stable += stable_cycles(at, seeds)[0]
        else:
            cycles, lost = stable_cycles(at, [*seeds, *(s for a in near for s in a.seeds)])
            stable, motions = stable + cycles, motions + lost
        if motions and simulates:
            # What led to a cycle there need not here, of delayed signals: from everywhere besides.
            motions += [*self.starts(place, 0)] if at.lines else []
            missing = self._missing(at, np.unique(motions, axis=0), stable)
            stable, every = in_order(at, [*stable, *missing]), _with_rest(at, every, missing)
        simulated = bool(len(every) and not stable)
        if simulated:
            met = self._met(at, departures(at, every))
            stable = [item for item in met if item["kind"] != RUNS_AWAY]
        if not stable:
            stable = self._met(at, self.starts(place, 0))
            every = _with_rest(at, every, stable)
        return Answer(np.asarray(place, float), values, stable, every, simulated)

    def _known_states(self, place: np.ndarray, near: Sequence[Answer]) -> np.ndarray:
        """Equilibria from which those at a place are sought."""
        known = [self.nearby_states(place), *(answer.equilibria for answer in near)]
        known = [states for states in known if len(states)]
        return np.concatenate(known) if known else np.empty((0, self.model.compiled.n))

    def _missing(
        self, at: VectorField, starts: np.ndarray, stable: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Attractors that runs from states come to and that are not known."""
        return [
            item for item in self._met(at, starts)
            if item["kind"] != RUNS_AWAY
            and not any(same_attractor(at, item, known) for known in stable)
        ]  # fmt: skip

    def unasked(self, place: np.ndarray) -> Answer:
        """What is known of a place that nobody has time to ask: nothing."""
        nothing = np.empty((0, len(self.model.scales)))
        return Answer(place, values_at(place, self.axes), [], nothing, asked=False)

    def starts(self, place: np.ndarray, seed: int, known: int = 3) -> np.ndarray:
        """States (k, n_physical) from which to simulate at a place: at both ends of the states'
        ranges, random in them, and ``known`` equilibria of the nearest scan lines."""
        model = self.model
        low, high = model.state_box()
        n, width = len(low), high - low
        random = np.random.default_rng(seed)
        starts = [low + INSET * width, high - INSET * width]
        starts += list(low + width * random.random((RANDOM, n)))
        near = self.nearby_states(place)[:, :n]
        if len(near):
            starts += list(near[np.linspace(0, len(near) - 1, known).astype(int)])
        # A symmetry must not hold a run on what separates two attractors.
        return np.array(starts) + JITTER * width * (random.random((len(starts), n)) - 0.5)

    def _met(self, at: VectorField, starts: np.ndarray) -> list[dict[str, Any]]:
        """Attractors that simulations from states (k, n_physical) come to."""
        if not len(starts):
            return []
        values = {name: at.parameters[name] for name, _, _ in self.axes}
        outcomes = destinations(self.model, [values] * len(starts), starts)
        return attractors_met(at, described_outcomes(at, outcomes, starts))

    def face(self, face: Polygon) -> Answer:
        """What is stable at the inmost place of a face.

        Cycles are sought from stable ones inside the face; where none is and no scan line runs
        through the face, from the nearest ones; and where none is found, by simulation along the
        unstable manifolds of saddles. A large face is simulated from everywhere besides.
        """
        answer = self._by_continuation(face)
        return self._with_simulated(answer) if face.area > LARGE else answer

    def _with_simulated(self, answer: Answer) -> Answer:
        """An answer with the attractors that runs from all over the states' ranges come to."""
        at = self.model.with_parameters(**answer.values)
        missing = self._missing(at, self.starts(answer.place, 0), answer.stable)
        if not missing:
            return answer
        every = _with_rest(at, answer.equilibria, missing)
        stable = in_order(at, [*answer.stable, *missing])
        fresh = answer.simulated or bool(found_cycles(missing))
        return replace(
            answer, stable=stable, equilibria=every, simulated=fresh
        )  # fmt: skip

    def _by_continuation(self, face: Polygon) -> Answer:
        place = place_inside(face)
        inside = self.cycles_inside(face)
        seeds: list[Seed] | None = [Seed.of_branch(self._branch(b), k) for b, k in inside]
        if not inside and not self._is_crossed(face):
            seeds = None
        answer = self.ask(place, seeds, simulates=face.area > LARGE)
        if answer.kinds[1] or answer.simulated:
            return replace(answer, simulated=answer.simulated and not inside)
        at = self.model.with_parameters(**answer.values)
        found = (
            simulated_cycles(at, [self._state_on(*inside[0])]) if inside
            else found_cycles(self._met(at, departures(at, answer.equilibria)))
        )  # fmt: skip
        return replace(answer, stable=[*answer.stable, *found], simulated=not inside)

    def disputes(
        self, face: Polygon, answer: Answer, loose: Sequence[LineString],
        known: Sequence[Answer] = (),
    ) -> Dispute | None:  # fmt: skip
        """A place of the face at which other attractors are stable than at its inmost one.

        One of the ``known`` answers inside it, or

        Asked are the stable cycles inside that could not be carried to the inmost place, places
        spread over the face and places to both sides of every loose end.
        """
        for other in known:
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        margin = min(0.3 * radius(face), DEEP)
        inside = self.cycles_inside(face)
        if inside and not answer.kinds[1]:
            branch, k = inside[0]
            other = self.ask(self.places[branch][k], [Seed.of_branch(self._branch(branch), k)])
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        places = [places_across(face, 1 + int(min(3, 30 * face.area)), margin)]
        places += [places_beside(piece, face, min(margin, 3e-3)) for piece in loose]
        for place in np.concatenate(places):
            large = face.area > LARGE
            again = self.ask(place, [], searches=0, near=[answer], simulates=large)
            if again.kinds == answer.kinds:
                continue
            seeds = [Seed.of_branch(self._branch(b), k) for b, k in inside]
            seeds += nearest_cycles(self.findings.cycles, self.places, place, self._walls)
            other = self.ask(place, seeds, near=[answer], simulates=large)
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        return None

    def _branch(self, number: int) -> CycleBranch:
        return self.findings.cycles[number]

    def _state_on(self, number: int, index: int) -> tuple[np.ndarray, float]:
        branch = self._branch(number)
        orbit = branch.orbits[index]
        return branch.solver.states(orbit)[0], orbit.period

    def cycles_inside(self, face: Polygon) -> list[tuple[int, int]]:
        """(branch, orbit) of the stable cycle of every arm of a branch deepest inside a face, the
        deepest first: a branch with folds may lie in it more than once.

        Cycles near the boundary do not count: the face's edges are chords.
        """
        depth, found = min(0.25 * radius(face), DEEP), []
        for number, (branch, at) in enumerate(zip(self.findings.cycles, self.places, strict=True)):
            inside = np.flatnonzero(trusted(branch) & shapely.contains_xy(face, at))
            if not inside.size:
                continue
            distance = shapely.distance(face.boundary, shapely.points(at[inside]))
            for arm in np.split(np.arange(inside.size), np.flatnonzero(np.diff(inside) > 1) + 1):
                k = int(arm[np.argmax(distance[arm])])
                if distance[k] > depth:
                    found.append((float(distance[k]), number, int(inside[k])))
        return [(number, k) for _, number, k in sorted(found, reverse=True)[:MOST_INSIDE]]

    def has_news(self, face: Polygon, before: Findings) -> bool:
        """Whether scan lines or cycles found since lie in a face: its answer may lack theirs."""
        fresh = self.findings.lines[len(before.lines) :]
        if any(self._crosses(line, face) for line in fresh):
            return True
        return any(number >= len(before.cycles) for number, _ in self.cycles_inside(face))

    def _is_crossed(self, face: Polygon) -> bool:
        """Whether a scan line runs through a face for some length: its cycles were followed."""
        return any(self._crosses(line, face) for line in self.findings.lines)

    def _crosses(self, line: Branch, face: Polygon) -> bool:
        free = line.parameters[0]
        across = self.axes[1] if free == self.axes[0][0] else self.axes[0]
        name, low, high = across
        at = (line.model.parameters[name] - low) / (high - low)
        ends = [(0.0, at), (1.0, at)] if across is self.axes[1] else [(at, 0.0), (at, 1.0)]
        return face.intersection(LineString(ends)).length > 0.02

    def nearby_states(self, place: np.ndarray) -> np.ndarray:
        """States of the scan lines nearest to a place, one of every arm of a line."""
        states, distances = [], []
        for at, known, arms in zip(self._positions, self._states, self._arms, strict=True):
            offset = np.sum((at - place) ** 2, axis=1)
            nearest = [first + int(np.argmin(offset[first:last])) for first, last in arms]
            states.append(known[nearest])
            distances.append(offset[nearest])
        if not states:
            return np.empty((0, 0))
        order = np.argsort(np.concatenate(distances), kind="stable")[:NEARBY]
        return np.concatenate(states)[order]


def _with_rest(
    at: VectorField, equilibria: np.ndarray, met: Sequence[dict[str, Any]]
) -> np.ndarray:
    """Known equilibria (k, n) and those that simulations met."""
    rest = [np.asarray(item["state"])[: len(at.states)] for item in found_equilibria(met)]
    return np.concatenate([equilibria, at.fill_lines(np.array(rest))]) if rest else equilibria


def _arms(line: Branch) -> list[tuple[int, int]]:
    """First points and ends of the stretches of a scan line between its folds, and its pieces."""
    value, piece = line.data[line.parameters[0]].values, line.data["piece"].values
    ahead = np.diff(value) > 0
    turns = np.flatnonzero((ahead[1:] != ahead[:-1]) & (piece[2:] == piece[:-2])) + 1
    breaks = np.flatnonzero(np.diff(piece)) + 1
    edges = np.unique([0, *turns.tolist(), *breaks.tolist(), len(value)])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _walls(curves: Sequence[Branch | CycleCurve], axes: Sequence[Axis]) -> np.ndarray:
    """The straight pieces (m, 2, 2) of all boundaries in units of the plane."""
    pieces = [np.empty((0, 2, 2))]
    for curve in curves:
        row = np.column_stack(
            [(curve.data[k].values - low) / (high - low) for k, low, high in axes]
        )
        pieces.append(np.stack([row[:-1], row[1:]], axis=1))
    return np.concatenate(pieces)


def _line_positions(line: Branch, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Positions (k, 2) of a scan line's points in units of the plane."""
    columns = [
        (line.data[name].values if name in line.parameters
         else np.full(len(line), line.model.parameters[name]))
        for name, _, _ in axes
    ]  # fmt: skip
    return np.column_stack(
        [(c - low) / (high - low) for c, (_, low, high) in zip(columns, axes, strict=True)]
    )
