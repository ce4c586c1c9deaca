"""Does the network do in each region what the diagram says? One point deep inside each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from continuation.diagrams.names import CYCLE, level_name
from dynsys.vector_field import VectorField
from validation.networks import Network
from validation.trials.findings import (
    AGREE,
    DIFFER,
    Finding,
    Tolerances,
    compared,
    untested,
    written,
)
from validation.trials.probing import CALM, Probe, State, long_enough, state_of
from validation.trials.spread import in_words, spreads
from validation.trials.sweeps import Steps

GROUP = "regimes"
SILENT = 0.05  # Hz: below it, in both, a rate is no test


@dataclass
class RegimeTrial:
    """Attractors, mean rates and frequency at one point, from below and above where two coexist."""

    model: VectorField
    network: Network
    name: str
    place: dict[str, float]
    attractors: tuple[Mapping[str, Any], ...]
    tolerances: Tolerances
    seed: int
    group: str = GROUP
    kicks: tuple[str, ...] | None = None  # by default what the attractors need

    @property
    def claim(self) -> str:
        if not self.attractors:
            return f"{self.name} at {written(self.place)}"
        names = " and ".join(str(a["name"]) for a in self.attractors)
        return f"{self.name}: {names} at {written(self.place)}"

    def probe(self) -> Probe:
        """The runs that show it."""
        period = max((float(a.get("period", 0.0)) for a in self.attractors), default=0.0)
        kicks = ("low", "high") if len(self.attractors) > 1 else ("rest",)
        return Probe(self.place, self.kicks or kicks, long_enough(period))

    def cost(self) -> float:
        """Simulated time in ms."""
        probe = self.probe()
        return probe.duration * len(probe.kicks)

    def steps(self) -> Steps:
        """One round of runs."""
        probe = self.probe()
        jobs = probe.jobs(self.network, self.seed)
        results = yield jobs
        expected = [state_of(run) for run in probe.predicted(self.model)]
        found = [state_of(run) for run in results]
        keys = tuple(job.key for job in jobs)
        findings = []
        for kick, one, other, key in zip(probe.kicks, expected, found, keys, strict=True):
            start = "" if kick == "rest" else f" (from {'below' if kick == 'low' else 'above'})"
            findings += self._compared(one, other, start, key)
        return findings + self._unreached(expected)

    def _unreached(self, expected: list[State]) -> list[Finding]:
        """Attractors to which the kicks do not even lead the mean field."""
        reached = {kind_of(self.model, state) for state in expected}
        findings = []
        for item in self.attractors:
            word = CYCLE if item["kind"] == CYCLE else str(item["name"])
            if word not in reached:
                reason = f"kicks of 1 mV/ms do not lead the mean field to {item['name']}"
                findings.append(untested(self.group, self.claim, reason, self.place))
        return findings

    def _spreads(self, expected: State) -> Mapping[str, float]:
        """Standard deviations of the mean rates in a state that does not oscillate."""
        if expected.oscillates:
            return {}
        at = self.model.with_parameters(**self.place)
        duration = self.probe().duration - CALM
        return spreads(at, expected.r_E.value, self.network.structure.neurons, duration)

    def _compared(self, expected: State, found: State, start: str, key: str) -> list[Finding]:
        words = [kind_of(self.model, state) for state in (expected, found)]
        verdict = AGREE if words[0] == words[1] else DIFFER
        reason = (
            f"power of the rhythm {found.power:.3g} Hz^2 (predicted {expected.power:.3g}); it "
            f"oscillates from {found.bound:g}"
        )
        findings = [
            Finding(self.group, self.claim, f"attractor{start}", words[0], words[1], "same word",
                    verdict, reason, dict(self.place), (key,)),
        ]  # fmt: skip
        noise = self._spreads(expected)
        for name in ("r_E", "r_I"):
            both = getattr(expected, name).value, getattr(found, name).value
            if max(both) < SILENT:
                reason = f"{name} is below {SILENT:g} Hz in both: silence agrees with silence"
                findings.append(untested(self.group, self.claim, reason, self.place))
                continue
            finding = compared(
                self.group, self.claim, f"mean {name}{start}", "rate", both[0],
                getattr(found, name), self.tolerances, self.place, (key,),
            )  # fmt: skip
            in_spreads = in_words(both[0], getattr(found, name), noise.get(name))
            reason = f"{finding.reason}; {in_spreads}" if in_spreads else finding.reason
            findings.append(replace(finding, reason=reason))
        if expected.oscillates and np.isfinite(expected.frequency.value):
            frequency = expected.frequency.value
            findings.append(
                compared(
                    self.group, self.claim, f"frequency{start}", "frequency", frequency,
                    found.frequency, self.tolerances, self.place, (key,),
                )
            )  # fmt: skip
        return findings


def kind_of(model: VectorField, state: State) -> str:
    """The word for what a run settled on: "cycle" (of any name), or "down", "up"."""
    return CYCLE if state.oscillates else level_name(model, state.r_E.value)
