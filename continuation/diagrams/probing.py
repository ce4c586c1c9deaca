"""What is stable at places of a parameter plane, from everything that is known about the plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.diagrams.answers import Answer, Dispute, bursts_differ, with_rest
from continuation.diagrams.attractors import (
    Seed,
    attractors_met,
    burst_of,
    departures,
    in_order,
    nearest_cycles,
    plane_positions,
    same_attractor,
    simulated_cycles,
    stable_cycles,
    stable_equilibria,
    start_on,
    trusted,
)
from continuation.diagrams.centres import centres_met, conserved_answer, conserved_quantity
from continuation.diagrams.names import RUNS_AWAY, agree, found_cycles
from continuation.diagrams.partition import place_inside, places_across, places_beside, radius
from continuation.diagrams.pasts import Start, at_rest
from continuation.diagrams.paths import Axis, position, values_at
from continuation.diagrams.reach import is_reached
from continuation.diagrams.scan import each
from continuation.diagrams.scanned_lines import arms, line_positions, most_at_rest, walls
from continuation.diagrams.simulating import Effort
from continuation.diagrams.trials import USUAL, Trial, attractors_of
from continuation.steady_states.branch import Branch
from dynsys.vector_field import VectorField

DEEP = 0.01  # distance from the boundary at which a place certainly lies inside a large face
INSET = 0.05  # part of the states' ranges by which the low and the high start lie inside
RANDOM = 2  # simulated starts in the states' ranges
JITTER = 1e-3  # of the ranges, by which every start is moved
MOST_INSIDE = 5  # known cycles that are carried to the inmost place of a face
LARGE = 1e-3  # of the plane: faces that are simulated as well
SPREAD = 12  # places asked in a face with motion that never repeats: no curve bounds chaos
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


class _Sought(NamedTuple):
    """What Newton's method found at a place; ``motions`` are starts on what it did not carry."""

    place: np.ndarray
    values: dict[str, float]
    stable: list[dict[str, Any]]
    every: np.ndarray
    motions: list[Start]


class Prober:
    """Asks what is stable at places of a plane.

    Example
    -------
    >>> Prober(model, (x, y), findings).ask(np.array([0.5, 0.5])).stable
    """

    def __init__(self, model: VectorField, axes: tuple[Axis, Axis], findings: Findings) -> None:
        self.model, self.axes, self.findings = model, axes, findings
        self.conserved = conserved_quantity(model, axes)
        self.places = [plane_positions(branch, axes) for branch in findings.cycles]
        self._walls = walls(findings.boundaries(), axes)
        self._positions = [line_positions(line, axes) for line in findings.lines]
        self._states = [line.states() for line in findings.lines]
        self._arms = [arms(line) for line in findings.lines]

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
        if self.conserved:
            return self._around_centres(place, near)
        sought = self._sought(place, seeds, searches, near)
        runs = Trial(sought.values, sought.motions if simulates else [])
        return self._told(sought, *attractors_of(self.model, [runs]))

    def ask_all(
        self, places: Sequence[np.ndarray], near: Sequence[Sequence[Answer]], everywhere: bool
    ) -> list[Answer]:
        """What is stable at many places, the attractors ``near`` each carried there: ``ask``, with
        all runs together; also from ``everywhere`` in the states' ranges. Fewer than asked for
        where a budget is spent."""
        if self.conserved:
            pairs = zip(places, near, strict=True)
            return [self._around_centres(place, known) for place, known in pairs]
        seek = partial(self._sought, seeds=[], searches=0)
        found = each(lambda task: seek(task[0], near=task[1]), [*zip(places, near, strict=True)])
        sought = [one for one in found if one is not None]
        trials = [
            Trial(s.values, [*s.motions, *(at_rest(self.starts(s.place, 0)) if everywhere else ())])
            for s in sought
        ]  # fmt: skip
        met = attractors_of(self.model, trials)
        told = each(lambda task: self._told(*task), [*zip(sought, met, strict=True)])
        return [answer for answer in told if answer is not None]

    def within(self, place: np.ndarray, region: Mapping[str, Any] | None) -> Answer:
        """What is stable at a place, and what that of its region becomes where they differ."""
        answer = self.ask(place)
        if region is None or agree(answer.stable, region["attractors"]):
            return answer
        values, stable = region["parameters"], [dict(item) for item in region["stable"]]
        at, nothing = self.model.with_parameters(**values), np.empty((0, len(self.model.scales)))
        there = np.array(position(values, self.axes))
        known = Answer(there, values, stable, with_rest(at, nothing, stable))
        return self.ask(place, near=[known])

    def _around_centres(self, place: np.ndarray, near: Sequence[Answer]) -> Answer:
        values, known = values_at(place, self.axes), self._known_states(place, near)
        answer = conserved_answer(self.model, values, known, self.starts(place, 0))
        return Answer(np.asarray(place, float), values, *answer)

    def met_by_runs(
        self, trials: Sequence[Trial], effort: Effort = USUAL
    ) -> list[list[dict[str, Any]]]:
        """What runs come to at places of the plane: ``attractors_of``, or ``centres_met``."""
        if self.conserved:
            return centres_met(self.model, trials)
        return attractors_of(self.model, trials, effort)

    def _sought(
        self, place: np.ndarray, seeds: Sequence[Seed] | None, searches: int,
        near: Sequence[Answer],
    ) -> _Sought:  # fmt: skip
        """What Newton's method finds at a place, and starts on what it does not carry there."""
        values = values_at(place, self.axes)
        at = self.model.with_parameters(**values)
        stable, every = stable_equilibria(at, self._known_states(place, near), searches)
        motions = [start for answer in near for start in answer.motions(bool(at.lines))]
        left = [answer for answer in near if answer.kinds[0] > len(stable)]
        motions += [start for answer in left for start in answer.rests(len(at.states))]
        if seeds is None:
            seeds = nearest_cycles(self.findings.cycles, self.places, place, self._walls)
            stable += stable_cycles(at, seeds)[0]
        else:
            cycles, lost = stable_cycles(at, [*seeds, *(s for a in near for s in a.seeds)])
            stable, motions = stable + cycles, motions + lost
        return _Sought(np.asarray(place, float), values, stable, every, motions)

    def _told(self, sought: _Sought, met: Sequence[dict[str, Any]]) -> Answer:
        """The answer at a place from what was sought and what runs have ``met``; where nothing is
        stable so far from further ones."""
        place, values, stable, every, _ = sought
        at = self.model.with_parameters(**values)
        if met:
            missing = self._missing(at, met, stable)
            stable, every = in_order(at, [*stable, *missing]), with_rest(at, every, missing)
        simulated = bool(len(every) and not stable)
        if simulated:
            away = self._met(at, at_rest(departures(at, every)))
            stable = [item for item in away if item["kind"] != RUNS_AWAY]
        if not stable:
            stable = self._met(at, at_rest(self.starts(place, 0)))
            every = with_rest(at, every, stable)
        return Answer(place, values, stable, every, simulated)

    def _known_states(self, place: np.ndarray, near: Sequence[Answer]) -> np.ndarray:
        """Equilibria from which those at a place are sought."""
        known = [self.nearby_states(place), *(answer.equilibria for answer in near)]
        known = [states for states in known if len(states)]
        return np.concatenate(known) if known else np.empty((0, self.model.compiled.n))

    def _missing(
        self, at: VectorField, met: Sequence[dict[str, Any]], stable: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Attractors that runs have ``met`` and that are not known."""
        return [
            item for item in attractors_met(at, met)
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

    def on_known(self, place: np.ndarray) -> list[Start]:
        """Starts on the known cycles nearest to a place, and at known stable equilibria there."""
        seeds = nearest_cycles(self.findings.cycles, self.places, place, self._walls)
        at = self.model.with_parameters(**values_at(place, self.axes))
        rests = stable_equilibria(at, self._known_states(place, []), searches=0)[0]
        still = [Start(item["state"][: len(at.states)]) for item in rests]
        return [*(start_on(self.model, seed.orbit) for seed in seeds), *still]

    def _met(self, at: VectorField, starts: Sequence[Start]) -> list[dict[str, Any]]:
        """Attractors that simulations come to."""
        return attractors_met(at, self._runs(at, starts))

    def _runs(self, at: VectorField, starts: Sequence[Start]) -> list[dict[str, Any]]:
        values = {name: at.parameters[name] for name, _, _ in self.axes}
        return attractors_of(self.model, [Trial(values, starts)])[0]

    def face(self, face: Polygon) -> Answer:
        """What is stable at the inmost place of a face.

        Cycles are sought from stable ones inside the face; where none is and no scan line runs
        through the face, from the nearest ones; and where none is found, by simulation along the
        unstable manifolds of saddles. A large face is simulated from everywhere besides.
        """
        if self.conserved:
            return self.ask(place_inside(face))
        answer = self._by_continuation(face)
        return self.with_simulated(answer) if face.area > LARGE else answer

    def with_simulated(self, answer: Answer) -> Answer:
        """An answer with the attractors that runs from all over the states' ranges come to."""
        at = self.model.with_parameters(**answer.values)
        met = self._runs(at, at_rest(self.starts(answer.place, 0)))
        missing = self._missing(at, met, answer.stable)
        if not missing:
            return answer
        every = with_rest(at, answer.equilibria, missing)
        stable = in_order(at, [*answer.stable, *missing])
        fresh = answer.simulated or bool(found_cycles(missing))
        return replace(answer, stable=stable, equilibria=every, simulated=fresh)

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
            else found_cycles(self._met(at, at_rest(departures(at, answer.equilibria))))
        )  # fmt: skip
        return replace(answer, stable=[*answer.stable, *found], simulated=not inside)

    def disputes(
        self, face: Polygon, answer: Answer, loose: Sequence[LineString],
        known: Sequence[Answer] = (),
    ) -> Dispute | None:  # fmt: skip
        """A place of the face at which other attractors are stable than at its inmost one.

        One of the ``known`` answers inside it, or

        Asked are the stable cycles inside that could not be carried to the inmost place, the place
        of a scan line with more stable equilibria, places spread over the face, more of them where
        a motion never repeats, and places to both sides of every loose end.
        """
        for other in known:
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        margin = min(0.3 * radius(face), DEEP)
        inside = self.cycles_inside(face)
        seeds_inside = [Seed.of_branch(self._branch(b), k) for b, k in inside]
        if inside and not answer.kinds[1]:
            branch, k = inside[0]
            other = self.ask(self.places[branch][k], [Seed.of_branch(self._branch(branch), k)])
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        count, place = most_at_rest(self.findings.lines, self._positions, face.buffer(-margin))
        if count > answer.kinds[0]:
            other = self.ask(place, [], searches=0, near=[answer], simulates=False)
            if other.kinds[0] != answer.kinds[0]:
                return Dispute(answer, self.ask(place, seeds_inside, near=[answer]))
        count = SPREAD if answer.kinds[2] else 1 + int(min(3, 30 * face.area))
        places = [places_across(face, count, margin)]
        places += [places_beside(piece, face, min(margin, 3e-3)) for piece in loose]
        for again in self._asked_across(face, answer, np.concatenate(places)):
            if again.kinds == answer.kinds:
                continue
            place = again.place
            nearest = nearest_cycles(self.findings.cycles, self.places, place, self._walls)
            seeds = [*seeds_inside, *nearest]
            other = self.ask(place, seeds, near=[answer, again], simulates=face.area > LARGE)
            if other.kinds != answer.kinds:
                return Dispute(answer, other)
        return None

    def _asked_across(
        self, face: Polygon, answer: Answer, places: np.ndarray
    ) -> Iterator[Answer] | list[Answer]:
        """What an answer becomes at places of its face; in a large one with what runs meet there:
        no curve may part them, and what appears between is nowhere in the answer."""
        if face.area > LARGE:
            return self.ask_all([*places], [[answer]] * len(places), everywhere=True)
        return (self.ask(place, [], searches=0, near=[answer], simulates=False) for place in places)

    def bursts_vary(self, face: Polygon, answers: Sequence[Answer]) -> bool:
        """Whether bursts known inside a face, of ``answers`` and of branches, differ."""
        if bursts_differ(answers) or not any(answer.bursts for answer in answers):
            return bursts_differ(answers)
        orbits = [(self._branch(b), self._branch(b).orbits[k]) for b, k in self.cycles_inside(face)]
        known = {burst_of(branch.solver, orbit) for branch, orbit in orbits} - {""}
        return len(known.union(*(answer.bursts for answer in answers))) > 1

    def _branch(self, number: int) -> CycleBranch:
        return self.findings.cycles[number]

    def _state_on(self, number: int, index: int) -> tuple[np.ndarray, float]:
        orbit = self._branch(number).orbits[index]
        return self._branch(number).solver.states(orbit)[0], orbit.period

    def cycles_inside(self, face: Polygon) -> list[tuple[int, int]]:
        """(branch, orbit) of the stable cycle of every arm of a branch deepest inside a face, the
        deepest first: a branch with folds may lie in it more than once. Cycles near the boundary do
        not count: the face's edges are chords."""
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
        """Reached states of the scan lines nearest to a place, one of every arm of a line."""
        states, distances = [], []
        for at, known, stretches in zip(self._positions, self._states, self._arms, strict=True):
            offset = np.sum((at - place) ** 2, axis=1)
            nearest = [first + int(np.argmin(offset[first:last])) for first, last in stretches]
            states.append(known[nearest])
            distances.append(offset[nearest])
        if not states:
            return np.empty((0, 0))
        order = np.argsort(np.concatenate(distances), kind="stable")[:NEARBY]
        found = np.concatenate(states)[order]
        return found[is_reached(self.model, found)]
