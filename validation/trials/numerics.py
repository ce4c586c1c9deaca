"""Do the network's results depend on how it is computed? Time step and engine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from validation.measures.estimates import Estimate
from validation.networks import Network
from validation.trials.findings import Finding, judge, written
from validation.trials.probing import Probe, State, state_of
from validation.trials.sweeps import Steps

GROUP = "numerics"
_SHARE = 0.03  # of a rate or frequency that may depend on the computation


@dataclass
class NumericsTrial:
    """The same point computed in another way: half the time step, or by another engine."""

    network: Network
    other: Network
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
        states = [state_of(run) for run in runs]
        keys = tuple(job.key for job in jobs)
        findings = []
        for name in ("r_E", "r_I", "frequency"):
            one, other = _pooled(states[:2], name), _pooled(states[2:], name)
            if not np.isfinite([one.value, other.value]).all():
                continue
            # Both are measured: the tolerance holds their common uncertainty.
            tolerance = _SHARE * abs(one.value) + 1.96 * float(np.hypot(one.error, other.error))
            verdict, reason = judge(
                one.value, replace(other, low=other.value, high=other.value), tolerance
            )
            label = name if name == "frequency" else f"mean {name}"
            findings.append(
                Finding(GROUP, self.claim, label, str(one), str(other), f"± {tolerance:.2f} Hz",
                        verdict, reason.replace("prediction", "other computation"), self.place,
                        keys, one.value, other.value, other.low, other.high)
            )  # fmt: skip
        return findings


def _pooled(states: list[State], name: str) -> Estimate:
    """The mean of two seeds."""
    found = [getattr(state, name) for state in states]
    value = float(np.mean([e.value for e in found]))
    error = float(np.sqrt(np.sum([e.error**2 for e in found]))) / len(found)
    spread = abs(found[0].value - found[1].value) / 2
    half = 1.96 * max(error, spread)
    return Estimate(value, value - half, value + half, "Hz")
