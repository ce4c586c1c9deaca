"""Do the network's results depend on how it is computed? Time step and engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from validation.measures.estimates import Estimate
from validation.networks.testable import Testable
from validation.trials.findings import Finding, judge, untested, written
from validation.trials.probing import Probe, State, state_of
from validation.trials.sweeps import Steps

GROUP = "numerics"


@dataclass
class NumericsTrial:
    """The same point computed in another way: half the time step, or by another engine."""

    network: Testable
    other: Testable
    word: str
    place: dict[str, float]
    seed: int
    duration: float
    group: str = GROUP

    @property
    def claim(self) -> str:
        return f"the network does not depend on {self.word} at {written(self.place)}"

    def cost(self) -> float:
        """Simulated time in ms, of the run that is not made anyway."""
        return 2 * self.duration

    def steps(self) -> Steps:
        """Two seeds each way."""
        probe = Probe(self.place, ("rest",), self.duration)
        jobs = [
            job
            for network in (self.network, self.other)
            for seed in (self.seed, self.seed + 1)
            for job in probe.jobs(network, seed)
        ]
        runs = yield jobs
        rates = self.network.rates
        states = [state_of(run, rates) for run in runs]
        keys = tuple(job.key for job in jobs)
        findings = []
        for name in (*rates, "frequency"):
            one, other = _pooled(states[:2], name), _pooled(states[2:], name)
            label = name if name == "frequency" else f"mean {name}"
            finite = np.isfinite([one.value, other.value])
            if not finite.any():
                continue  # no rhythm either way
            if not finite.all():
                reason = f"{label} could be measured only one way, or in one run of two"
                findings.append(untested(GROUP, self.claim, reason, self.place))
                continue
            deviation = float(np.hypot(one.error, other.error))
            verdict, reason = judge(one.value, other, deviation)
            findings.append(
                Finding(
                    GROUP, self.claim, label, str(one), str(other),
                    f"± {deviation:.2g} Hz (measured)", verdict,
                    reason.replace("prediction", "other computation"), self.place, keys, one.value,
                    other.value, other.low, other.high, deviation,
                )
            )  # fmt: skip
        return findings


def _pooled(states: list[State], name: str) -> Estimate:
    """The mean of two seeds."""
    found = [state.frequency if name == "frequency" else state.rates[name] for state in states]
    value = float(np.mean([e.value for e in found]))
    error = float(np.sqrt(np.sum([e.error**2 for e in found]))) / len(found)
    spread = abs(found[0].value - found[1].value) / 2
    half = 1.96 * max(error, spread)
    return Estimate(value, value - half, value + half, "Hz")
