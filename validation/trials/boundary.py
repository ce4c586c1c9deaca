"""Where does the network change its mind? A bisection across each predicted boundary."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

import xarray as xr

from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.networks import Network
from validation.networks.jobs import Job
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNTESTED,
    Finding,
    Tolerances,
    compared,
    written,
)
from validation.trials.finite_size import explanation
from validation.trials.probing import Feature, Probe, State, state_of
from validation.trials.sweeps import Steps

GROUP = "boundaries"
RESOLUTION = 0.05  # mV/ms
_WIDENINGS = 4  # how often a bracket is widened


@dataclass
class BoundaryTrial:
    """A search along one parameter, through a point of a predicted boundary.

    1. Ask ``feature`` at both ends of a bracket about the predicted value; widen it, up to
       ``limits``, while both ends answer alike.
    2. Halve the bracket until it is narrower than ``resolution``.
    """

    model: VectorField
    network: Network
    name: str
    parameter: str
    predicted: float
    fixed: dict[str, float]
    feature: Feature
    rises: bool  # whether the feature holds at larger values of the parameter
    limits: tuple[float, float]
    tolerances: Tolerances
    seed: int
    reach: float = 0.2
    resolution: float = RESOLUTION
    group: str = GROUP
    answers: dict[float, float] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    @property
    def place(self) -> dict[str, float]:
        return {**self.fixed, self.parameter: self.predicted}

    @property
    def claim(self) -> str:
        return f"{self.name} at {written(self.fixed)}"

    def cost(self) -> float:
        """Simulated time in ms: both ends, and the halvings."""
        halvings = math.ceil(math.log2(2 * self.reach / self.resolution))
        probe = Probe(self.place, self.feature.kicks)
        return (2 + halvings) * probe.duration * len(probe.kicks)

    def steps(self) -> Steps:
        """Bracket, then bisect."""
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
            return [self._nowhere(left, right)]
        while high - low > self.resolution * (1 + 1e-9):
            middle = 0.5 * (low + high)
            (answer,) = yield from self._ask(middle)
            low, high = (middle, high) if answer == left else (low, middle)
        return [self._found(low, high)]

    def _ask(self, *values: float) -> Generator[list[Job], list[xr.Dataset], list[bool]]:
        """The feature's answers at several values of the parameter."""
        probes = [Probe({**self.fixed, self.parameter: v}, self.feature.kicks) for v in values]
        jobs = [probe.jobs(self.network, self.seed) for probe in probes]
        results = yield [job for several in jobs for job in several]
        count, answers = len(self.feature.kicks), []
        for k, value in enumerate(values):
            states = [state_of(run) for run in results[k * count : (k + 1) * count]]
            answers.append(self._answer(value, states))
        self.keys += [job.key for several in jobs for job in several]
        return answers

    def _answer(self, value: float, states: list[State]) -> bool:
        self.answers[value] = self.feature.value(states)
        return self.feature.holds(states)

    def _found(self, low: float, high: float) -> Finding:
        unit = self.model.unit(self.parameter)
        found = Estimate(0.5 * (low + high), low, high, unit)
        finding = compared(
            GROUP, self.claim, f"{self.parameter} of the boundary", "boundary", self.predicted,
            found, self.tolerances, self.place, tuple(self.keys), **self._details(),
        )  # fmt: skip
        if self.feature.kind != "oscillates" or finding.verdict == AGREE:
            return finding
        words, explained, theory = explanation(
            self.model.with_parameters(**self.fixed), self.parameter, self.predicted,
            self.network.structure.neurons, low, high,
        )  # fmt: skip
        return replace(
            finding,
            verdict=EXPLAINED if explained and finding.verdict == DIFFER else finding.verdict,
            reason=f"{finding.reason}; {words}" if words else finding.reason,
            details={**finding.details, **theory},
        )

    def _nowhere(self, left: bool, right: bool) -> Finding:
        tried = f"{min(self.answers):.3f} .. {max(self.answers):.3f}"
        always = "everywhere" if left else "nowhere"
        reason = f"the feature ({self.feature}) holds {always} in {tried}"
        if left != right:
            reason = f"the feature ({self.feature}) changes the other way round in {tried}"
        wide = max(self.answers) - min(self.answers) >= self.tolerances.boundary
        return Finding(
            GROUP, self.claim, f"{self.parameter} of the boundary", f"{self.predicted:.3f}",
            "none found", f"± {self.tolerances.boundary:.3f}", DIFFER if wide else UNTESTED, reason,
            self.place, tuple(self.keys), expected=self.predicted, details=self._details(),
        )  # fmt: skip

    def _details(self) -> dict[str, Any]:
        return {
            "parameter": self.parameter,
            "feature": str(self.feature),
            "asked": sorted(self.answers),
            "answers": [self.answers[v] for v in sorted(self.answers)],
            "border": self.feature.border,
        }
