"""Where does the network change its mind? A bisection across each predicted boundary."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import xarray as xr

from dynsys.models.aln_network import is_aln
from validation.measures.estimates import Estimate
from validation.networks.testable import Testable, Work
from validation.trials.boundary_causes import explained_boundary
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    UNTESTED,
    Finding,
    Tolerances,
    compared,
    untested,
    written,
)
from validation.trials.finite_size import SeenBoundary, seen_fold, seen_rhythm
from validation.trials.probing import KICKS, Deciding, Feature, Probe, State, state_of
from validation.trials.regime import RegimeTrial
from validation.trials.sweeps import Steps

GROUP = "boundaries"
RESOLUTION = 1 / 60  # of the side of the plane
REACH = 1 / 15  # the same: how far to both sides it is looked at first
_UNIFORM = math.sqrt(12)  # a bracket's width over its standard deviation
_WIDENINGS = 4  # how often a bracket is widened

Search = Generator[list[Work], list[xr.Dataset], tuple[float, float] | None]


@dataclass
class BoundaryTrial:
    """A search along one parameter, through a point of a predicted boundary.

    1. Ask ``feature`` at both ends of a bracket about the predicted value; widen it, up to
       ``limits``, while both ends answer alike. Where noise decides an answer, and no theory says
       how far noise moves the boundary, a longer run is asked.
    2. Halve the bracket until it is narrower than ``resolution``. It is as uncertain as the answers
       that noise decided about it.
    """

    network: Testable
    name: str
    parameter: str
    predicted: float
    fixed: dict[str, float]
    feature: Feature
    rises: bool  # whether the feature holds at larger values of the parameter
    limits: tuple[float, float]  # of the plane
    tolerances: Tolerances
    seed: int
    group: str = GROUP
    answers: dict[float, float] = field(default_factory=dict)
    chance: set[float] = field(default_factory=set)  # of the values asked: noise decided there
    keys: list[str] = field(default_factory=list)
    factors: Mapping[str, float] = field(default_factory=lambda: KICKS)  # of the network's kick
    premise: RegimeTrial | None = None  # that the feature is there, deep inside its region

    @property
    def reach(self) -> float:
        """How far to both sides it is looked at first."""
        return REACH * (self.limits[1] - self.limits[0])

    @property
    def resolution(self) -> float:
        """Width of the bracket at the end."""
        return RESOLUTION * (self.limits[1] - self.limits[0])

    @property
    def place(self) -> dict[str, float]:
        return {**self.fixed, self.parameter: self.predicted}

    @property
    def claim(self) -> str:
        return f"{self.name} at {written(self.fixed)}"

    def cost(self) -> float:
        """Simulated time in ms: both ends, and the halvings."""
        halvings = math.ceil(math.log2(2 * self.reach / self.resolution))
        probe = self._probe(self.predicted)
        return (2 + halvings) * probe.duration * len(probe.kicks)

    def steps(self) -> Steps:
        """Search, judge, and explain what differs."""
        if self.premise and (reason := self.premise.lacks(self.feature)):
            return [untested(GROUP, self.claim, reason, self.place)]
        bracket = yield from self.search()
        finding = self._nowhere() if bracket is None else self._found(*bracket)
        vacuous = finding.verdict == AGREE and not self._knows_noise  # it agrees with anything
        if (finding.verdict == DIFFER or vacuous) and self._unsure():
            reason = (
                f"{finding.reason}; noise decides: powers lie next to the bound up to "
                f"{' and '.join(self._ends_by_chance())} of the search"
            )
            finding = replace(finding, verdict=UNDECIDED, reason=reason)
        if finding.verdict == DIFFER:
            finding = yield from explained_boundary(finding, self)
        return [finding]

    def search(self) -> Search:
        """Bracket, then bisect: the last bracket, None where the answer does not change so."""
        low = max(self.predicted - self.reach, self.limits[0])
        high = min(self.predicted + self.reach, self.limits[1])
        left, right = yield from self._ask(low, high)
        reach = self.reach
        for _ in range(_WIDENINGS):
            if left != right:
                break
            reach *= 2
            # Alike: the boundary lies on the side where the answer should change.
            if left == self.rises and low > self.limits[0]:
                low, high = max(self.predicted - reach, self.limits[0]), low
                (left,) = yield from self._ask(low)
            elif left != self.rises and high < self.limits[1]:
                low, high = high, min(self.predicted + reach, self.limits[1])
                (right,) = yield from self._ask(high)
            else:
                break
        if left == right or left == self.rises:
            return None
        while high - low > self.resolution * (1 + 1e-9):
            middle = 0.5 * (low + high)
            (answer,) = yield from self._ask(middle)
            low, high = (middle, high) if answer == left else (low, middle)
        return low, high

    def by(self, network: Any, seed: int, rhythm: float | None) -> BoundaryTrial:
        """The same search by another network (or what stands in for it: it needs ``job`` and
        ``rates``); ``rhythm``: the power from which a rhythm counts there."""
        feature = self.feature
        if feature.kind == "oscillates" and rhythm is not None:
            feature = replace(feature, border=rhythm)
        tolerances = replace(self.tolerances, rhythm_in_network=rhythm)
        return replace(
            self, network=network, seed=seed, answers={}, chance=set(), keys=[], feature=feature,
            tolerances=tolerances, premise=None,
        )  # fmt: skip

    @property
    def ends(self) -> tuple[bool, bool]:
        """The answers at the smallest and the largest value asked."""
        return (
            self.answers[min(self.answers)] > self.feature.border,
            self.answers[max(self.answers)] > self.feature.border,
        )

    @property
    def _knows_noise(self) -> bool:
        """Whether a theory says how far noise moves the boundary."""
        return self.feature.kind != "oscillates" or is_aln(self.network.model)

    def _ends_by_chance(self) -> list[str]:
        """The ends of the search up to which noise decided the answers."""
        low, high = self._sure()
        ends = ("the low end", low, min(self.answers)), ("the high end", high, max(self.answers))
        return [word for word, sure, end in ends if sure is None and end in self.chance]

    def _unsure(self) -> bool:
        """Whether noise decided too much to tell a difference."""
        ends = len(self._ends_by_chance())
        return ends == 2 or (ends == 1 and not self._knows_noise)

    def _sure(self) -> tuple[float | None, float | None]:
        """The values asked on both sides of the boundary that are next to it and that noise did not
        decide."""
        left = self.answers[min(self.answers)] > self.feature.border
        sure = [value for value in sorted(self.answers) if value not in self.chance]
        alike = {value: (self.answers[value] > self.feature.border) == left for value in sure}
        low = [value for value in sure if alike[value]]
        high = [value for value in sure if not alike[value]]
        return max(low, default=None), min(high, default=None)

    def _ask(self, *values: float) -> Generator[list[Work], list[xr.Dataset], list[bool]]:
        """The feature's answers at several values of the parameter."""
        probes = [self._probe(value) for value in values]
        jobs = [probe.jobs(self.network, self.seed) for probe in probes]
        results = yield [job for several in jobs for job in several]
        count = len(self.feature.kicks)
        found = [self._states(results[k * count :][:count]) for k in range(len(values))]
        self.keys += [job.key for several in jobs for job in several]
        if not self._knows_noise:
            yield from self._decide(probes, found)
        for value, states in zip(values, found, strict=True):
            if self.feature.kind == "oscillates" and all(state.borderline for state in states):
                self.chance.add(value)
        return [self._answer(value, states) for value, states in zip(values, found, strict=True)]

    def _decide(
        self, probes: Sequence[Probe], found: list[list[State]]
    ) -> Generator[list[Work], list[xr.Dataset], None]:
        """Replace states next to the bound by those of longer runs."""
        for k, states in enumerate(found):
            if any(state.borderline for state in states):
                jobs = probes[k].longer().jobs(self.network, self.seed)
                if runs := (yield Deciding(jobs)):
                    found[k] = self._states(runs)
                    self.keys += [job.key for job in jobs]

    def _probe(self, value: float) -> Probe:
        """The runs at a value of the parameter."""
        place = {**self.fixed, self.parameter: value}
        return Probe(place, self.feature.kicks, factors=self.factors)

    def _states(self, runs: Sequence[xr.Dataset]) -> list[State]:
        bound = self.tolerances.rhythm_in_network
        return [state_of(run, self.network.rates, bound) for run in runs]

    def _answer(self, value: float, states: list[State]) -> bool:
        self.answers[value] = self.feature.value(states)
        return self.feature.holds(states)

    def _found(self, low: float, high: float) -> Finding:
        unit = self.network.model.unit(self.parameter)
        found = Estimate(0.5 * (low + high), low, high, unit)
        at = self.network.model.with_parameters(**self.fixed)
        theory: SeenBoundary | None = None
        if self.feature.kind == "oscillates":
            theory = seen_rhythm(at, self.parameter, self.predicted, self.network.neurons)
        elif self.feature.kind == "bistable":
            duration = self._probe(self.predicted).duration
            theory = seen_fold(
                at, self.parameter, self.predicted, self.network, duration,
                self.limits[1] - self.limits[0],
            )  # fmt: skip
        bracket = self._uncertain(low, high) / _UNIFORM
        noise = theory.deviation if theory and math.isfinite(theory.deviation) else 0.0
        finding = compared(
            GROUP, self.claim, f"{self.parameter} of the boundary",
            Estimate(self.predicted, self.predicted, self.predicted, unit), found,
            math.hypot(bracket, noise), self.tolerances, self.place, tuple(self.keys), 3,
            **self._details(), **({} if theory is None else theory.details()),
        )  # fmt: skip
        if finding.verdict != DIFFER or theory is None:
            return finding
        cause = theory.cause(found, finding.deviation, self.tolerances.deviations)
        if cause:
            words = f"explained by {cause}; {finding.reason}"
            return replace(finding, verdict=EXPLAINED, reason=words)
        return replace(finding, reason=f"{finding.reason}; not by linear theory: {theory}")

    def _uncertain(self, low: float, high: float) -> float:
        """Width within which the boundary lies for sure."""
        if self._knows_noise:
            return high - low
        left, right = self._sure()
        ends = min(self.answers), max(self.answers)
        whole = (ends[1] if right is None else right) - (ends[0] if left is None else left)
        return max(high - low, whole)

    def _nowhere(self) -> Finding:
        left, right = self.ends
        tried = f"{min(self.answers):.3f} .. {max(self.answers):.3f}"
        always = "everywhere" if left else "nowhere"
        reason = f"the feature ({self.feature}) holds {always} in {tried}"
        if left != right:
            reason = f"the feature ({self.feature}) changes the other way round in {tried}"
        wide = max(self.answers) - min(self.answers) >= 3 * self.resolution
        if wide and not self._shown_by_mean_field():
            wide, reason = False, (
                f"the mean field's own runs do not change their answer either; in the network "
                f"{reason}"
            )  # fmt: skip
        return Finding(
            GROUP, self.claim, f"{self.parameter} of the boundary", f"{self.predicted:.3f}",
            "none found", "", DIFFER if wide else UNTESTED, reason,
            self.place, tuple(self.keys), expected=self.predicted, details=self._details(),
        )  # fmt: skip

    def _shown_by_mean_field(self) -> bool:
        """Whether runs of the mean field answer as predicted at the ends of what was tried."""
        answers = []
        for value in (min(self.answers), max(self.answers)):
            runs, bound = self._probe(value).predicted(self.network), self.tolerances.rhythm
            states = [state_of(run, self.network.rates, bound) for run in runs]
            if not all(state.finite for state in states):
                return False
            answers.append(self.feature.holds(states))
        return answers == [not self.rises, self.rises]

    def _details(self) -> dict[str, Any]:
        return {
            "parameter": self.parameter,
            "unit": self.network.model.unit(self.parameter),
            "feature": str(self.feature),
            "asked": sorted(self.answers),
            "answers": [self.answers[v] for v in sorted(self.answers)],
            "border": self.feature.border,
        }
