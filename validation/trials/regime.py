"""Does the network do in each region what the diagram says? One point deep inside each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from continuation.diagrams.names import CYCLE, EQUILIBRIUM, borders, found_equilibria, level_name
from validation.measures.estimates import Estimate
from validation.networks.testable import Testable
from validation.trials.causes import explained, outside
from validation.trials.findings import (
    AGREE,
    DIFFER,
    UNDECIDED,
    Finding,
    Tolerances,
    compared,
    untested,
    written,
)
from validation.trials.probing import (
    KICKS,
    STRONGEST,
    Deciding,
    Feature,
    Probe,
    State,
    long_enough,
    state_of,
)
from validation.trials.spread import spreads
from validation.trials.sweeps import Steps

GROUP = "regimes"
FEW = 100  # spikes in a run below which its own spread is not to be trusted: Poisson's counts
NOTHING = "nothing finite"  # what a run that runs away settles on
SILENT = 0.05  # Hz: below it, in both, a rate is no test


@dataclass
class RegimeTrial:
    """Attractors, mean rates and frequency at one point, from below and above where two coexist."""

    network: Testable
    name: str
    place: dict[str, float]
    attractors: tuple[Mapping[str, Any], ...]
    tolerances: Tolerances
    seed: int
    group: str = GROUP
    kicks: tuple[str, ...] | None = None  # by default what the attractors need
    factors: Mapping[str, float] = field(default_factory=lambda: KICKS)  # of the network's kick
    found: list[State] = field(default_factory=list)  # what the network's runs settled on

    def lacks(self, feature: Feature) -> str:
        """Why to ask where ``feature`` ends means nothing: the network's own runs have it not even
        here, by more than chance. Empty where they have it, or were not made."""
        if not self.found or not all(state.finite for state in self.found):
            return ""
        inside = f"deep inside {self.name}, at {written(self.place)}"
        if feature.kind == "oscillates":
            if any(state.oscillates or state.borderline for state in self.found):
                return ""
            powers = " and ".join(f"{state.power:.3g}" for state in self.found)
            return (
                f"the network does not oscillate {inside}: power of the rhythm {powers} Hz^2, it "
                f"counts from {self.found[0].bound:.3g}; see there"
            )
        if len(self.found) < 2 or feature.holds(self.found):
            return ""
        low, high = (state.rate for state in self.found)
        return (
            f"the network has one state only {inside}: {feature.rate} {low} from below, {high} "
            "from above; see there"
        )

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
        return Probe(self.place, self.kicks or kicks, long_enough(period), self.factors)

    def cost(self) -> float:
        """Simulated time in ms."""
        probe = self.probe()
        return probe.duration * len(probe.kicks)

    def steps(self) -> Steps:
        """One round of runs."""
        probe, rates = self.probe(), self.network.rates
        jobs = probe.jobs(self.network, self.seed)
        results = yield jobs
        runs = probe.predicted(self.network)
        allowed = self.tolerances
        expected = [state_of(run, rates, allowed.rhythm) for run in runs]
        found = [state_of(run, rates, allowed.rhythm_in_network) for run in results]
        if any(map(self._open, expected, found)):
            longer = probe.longer()
            again = longer.jobs(self.network, self.seed)
            if results := (yield Deciding(again)):
                probe, jobs = longer, again
                found = [state_of(run, rates, allowed.rhythm_in_network) for run in results]
        self.found = found
        keys = tuple(job.key for job in jobs)
        findings = []
        for k, kick in enumerate(probe.kicks):
            start = "" if kick == "rest" else f" (from {'below' if kick == 'low' else 'above'})"
            if not expected[k].finite:
                reason = f"the mean field itself does not stay finite{start}: it predicts nothing"
                findings.append(untested(self.group, self.claim, reason, self.place))
                continue
            several = self._compared(expected[k], found[k], start, keys[k])
            if not self._shows(expected[k]):
                several = [self._unshown(expected[k], found[k], start)]
            limits = outside(self.network.model.with_parameters(**self.place), runs[k])
            if any(f.verdict == DIFFER for f in several):
                several = yield from explained(
                    several, self.network, probe, kick, self._word, limits, self.seed, allowed
                )
            findings += several
        # A run without a kick ends where the diagram says, or above it was said why not.
        return findings + (self._unreached(expected) if len(probe.kicks) > 1 else [])

    def _open(self, expected: State, found: State) -> bool:
        """Whether it takes a longer run to tell if the network's rhythm is the predicted one."""
        differ = self._word(expected) != self._word(found)
        level = [self._level(state.rate.value) for state in (expected, found)]
        return bool(expected.finite and differ and found.borderline and level[0] == level[1])

    def _shows(self, expected: State) -> bool:
        """Whether a run of the mean field settles on an attractor of the diagram, told from the
        others: a rhythm too faint for the criterion of oscillations would pass for rest."""
        predicted = {_predicted_word(item) for item in self.attractors}
        if CYCLE in predicted and expected.faint and self._within_cycle(expected.rate.value):
            return False
        return not predicted or self._word(expected) in predicted

    def _within_cycle(self, rate: float) -> bool:
        """Whether a mean rate lies between the extrema of one of the cycles, as far as known."""
        cycles = (item for item in self.attractors if _predicted_word(item) == CYCLE)
        both = (item.get("extrema", {}).get(self.network.rates[0]) for item in cycles)
        return any(ends is None or ends[0] <= rate <= ends[1] for ends in both)

    def _unshown(self, expected: State, found: State, start: str) -> Finding:
        """A run of the mean field that does not show what the diagram says there."""
        wanted = " and ".join(str(a["name"]) for a in self.attractors)
        instead = "which may be any of" if expected.faint else "not as"
        reason = (
            f"the mean field's own run{start} measures as {self._word(expected)} (power of the "
            f"rhythm {expected.power:.3g} Hz^2; it counts from {expected.bound:g}), "
            f"{instead} {wanted}; the network measures as {self._word(found)}"
        )
        return untested(self.group, self.claim, reason, self.place)

    def _unreached(self, expected: list[State]) -> list[Finding]:
        """Attractors to which the kicks do not even lead the mean field."""
        reached = {self._word(state) for state in expected if state.finite}
        kick = self.network.kick
        strength = kick.written(STRONGEST * kick.strength, self.network.model)
        findings = []
        for item in self.attractors:
            if _predicted_word(item) not in reached:
                reason = f"kicks of up to {strength} do not lead the mean field to {item['name']}"
                findings.append(untested(self.group, self.claim, reason, self.place))
        return findings

    def _word(self, state: State) -> str:
        """The word for what a run settled on: "cycle" (of any name), or that of an equilibrium."""
        if not state.finite:
            return NOTHING
        return CYCLE if state.oscillates else self._level(state.rate.value)

    def _level(self, rate: float) -> str:
        model = self.network.model
        steady = found_equilibria(self.attractors)
        if borders(model) or len(steady) < 2:
            return level_name(model, rate)
        # Without words of the field the nearest of the predicted states names it.
        main = self.network.rates[0]
        levels = [(abs(_log(item["observables"][main]) - _log(rate)), item) for item in steady]
        return str(min(levels, key=lambda pair: pair[0])[1]["name"])

    def _spreads(self, expected: State, duration: float) -> Mapping[str, float]:
        """Standard deviations of rates over ``duration`` ms in a state that does not oscillate."""
        if expected.oscillates:
            return {}
        at = self.network.model.with_parameters(**self.place)
        return spreads(at, expected.rate.value, self.network.sizes, duration)

    def _widened(self, rate: Estimate) -> Estimate:
        """A predicted rate with what the network's making leaves open."""
        error = 0.0 if math.isnan(rate.error) else rate.error
        half = 1.96 * math.hypot(error, self.network.accuracy * rate.value)
        return replace(rate, low=rate.value - half, high=rate.value + half)

    def _counting(self, rate: float, seconds: float) -> float:
        """Standard deviation of a rate that few spikes make, NaN where there are enough."""
        spikes = rate * self.network.neurons * seconds
        return math.sqrt(rate / (self.network.neurons * seconds)) if spikes < FEW else math.nan

    def _compared(self, expected: State, found: State, start: str, key: str) -> list[Finding]:
        words = [self._word(state) for state in (expected, found)]
        verdict = AGREE if words[0] == words[1] else DIFFER
        reason = (
            f"power of the rhythm {found.power:.3g} Hz^2 (predicted {expected.power:.3g}); it "
            f"oscillates from {found.bound:.3g}"
        )
        level = [self._level(state.rate.value) for state in (expected, found)]
        if self._open(expected, found):
            seconds = found.measured / 1000
            verdict, reason = UNDECIDED, f"{reason}: too near to tell in one run of {seconds:.2g} s"
        elsewhere = verdict == DIFFER and not expected.oscillates and level[0] != level[1]
        findings = [
            Finding(self.group, self.claim, f"attractor{start}", words[0], words[1], "", verdict,
                    reason, dict(self.place), (key,)),
        ]  # fmt: skip
        noise = self._spreads(expected, found.measured)
        for name, rate in found.rates.items():
            wanted = self._widened(expected.rates[name])
            if elsewhere:
                reason = f"{name} is that of another attractor: see there"
                findings.append(untested(self.group, self.claim, reason, self.place))
                continue
            if wanted.value < SILENT and rate.value < SILENT:
                reason = f"{name} is below {SILENT:g} Hz in both: silence agrees with silence"
                findings.append(untested(self.group, self.claim, reason, self.place))
                continue
            findings.append(
                compared(
                    self.group, self.claim, f"mean {name}{start}", wanted, rate,
                    noise.get(name, self._counting(wanted.value, found.measured / 1000)),
                    self.tolerances, self.place, (key,),
                )
            )  # fmt: skip
        if not expected.oscillates:
            return findings
        silent = not (found.oscillates or found.borderline)  # what noise leaves has no frequency
        faint = not found.oscillates or found.borderline
        if silent or (faint and math.isnan(found.frequency.value)):
            reason = "the network has no rhythm to compare: see its attractor"
            findings.append(untested(self.group, self.claim, reason, self.place))
        else:
            findings.append(
                compared(
                    self.group, self.claim, f"frequency{start}", expected.frequency,
                    found.frequency, math.nan, self.tolerances, self.place, (key,),
                )
            )  # fmt: skip
        return findings


def _predicted_word(item: Mapping[str, Any]) -> str:
    """The word for an attractor of the diagram, as runs are worded: all that moves is a cycle."""
    return str(item["name"]) if item["kind"] == EQUILIBRIUM else CYCLE


def _log(rate: float) -> float:
    return math.log(max(rate, SILENT))
