"""Does a stimulus do to the network what it does to the mean field? Switches and entrainment.

Noise decides near a threshold and slips phases, so predictions are those of the mean field with the
noise of the network's size, where it is known: a probability of switching, a phase-locking value.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from continuation.asynchronous.densities import simulate_densities
from dynsys.simulation import simulate
from stimulation import Sine, Waveform
from validation.measures.estimates import Estimate
from validation.measures.locking import locking_value, rotation_number
from validation.measures.rates import LEAST_STEP, mean_rate
from validation.networks.testable import Testable, Work
from validation.trials.causes import FILTER, HALVED, LEAST
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    Finding,
    Tolerances,
    compared,
    judge,
    untested,
    written,
)
from validation.trials.noisy import has_noise, noisy_runs
from validation.trials.probing import CALM, KICKED, KICKS, Feature
from validation.trials.regime import RegimeTrial
from validation.trials.sweeps import Steps
from validation.trials.variants import Explaining, OutOfTime, variants

GROUP = "stimulation"
_AT, _LASTS, _AFTER = 1200.0, 300.0, 1500.0  # ms: a pulse, and what is awaited after it
_LOCKING = 3000.0  # ms in which locking is measured
_PREDICTED = 24  # runs of the mean field with noise
_SURE = 0.05  # probability from which on, to both sides, one run of the network is not enough
_REPEATED = 8  # runs of the network then
_UNWIRED = 4  # runs of networks whose spikes follow no wiring
_CHANCE = 0.0027  # of three standard deviations


@dataclass
class SwitchTrial:
    """Does a pulse switch between two coexisting states, and how often?"""

    network: Testable
    name: str
    place: dict[str, float]
    factor: float  # of the kick, upwards from the lower state, downwards from the upper one
    border: float  # Hz
    seed: int
    group: str = GROUP
    factors: Mapping[str, float] = field(default_factory=lambda: KICKS)  # of the network's kick
    premise: RegimeTrial | None = None  # that the two states are there

    @property
    def amplitude(self) -> float:
        """Of the pulse, in the unit of the input."""
        kick = self.factors["high" if self.factor > 0 else "low"]
        return self.network.kick.amount(abs(self.factor) * kick, self._model)

    @property
    def _model(self) -> Any:
        return self.network.model.with_parameters(**self.place)

    @property
    def claim(self) -> str:
        word = "up" if self.factor > 0 else "down"
        size = self.network.kick.written(abs(self.amplitude), self.network.model)
        return (
            f"{self.name}: a pulse of {size} {word}wards, {_LASTS:g} ms long, at "
            f"{written(self.place)}"
        )

    def cost(self) -> float:
        """Simulated time in ms."""
        return _AT + _LASTS + _AFTER

    def inputs(self) -> dict[str, Waveform]:
        """The kick that chooses the state, then the pulse."""
        kick, model = self.network.kick, self._model
        first = kick.amount(self.factors["low" if self.factor > 0 else "high"], model)
        pulse = kick.pulse(self.amplitude, model, _AT, _LASTS)
        return {kick.parameter: kick.choosing(first, model, KICKED) + pulse}

    def job(self, repeat: int = 0) -> Work:
        """A run of the network."""
        return self.network.job(self.cost(), self.seed + repeat, self.inputs(), **self.place)

    def window(self) -> tuple[float, float]:
        """The times (ms) worth a look."""
        return _AT - 300, self.cost()

    def steps(self) -> Steps:
        """One run; more where noise decides."""
        two = Feature("bistable", LEAST_STEP, self.network.rates[0])
        if self.premise and (reason := self.premise.lacks(two)):
            return [untested(GROUP, self.claim, reason, self.place)]
        predicted = noisy_runs(self.network, self.place, self.cost(), self.inputs(), _PREDICTED,
                               self.factor < 0)  # fmt: skip
        if not all(self._finite(run) for run in predicted):
            reason = "the mean field itself does not stay finite: it predicts nothing"
            return [untested(GROUP, self.claim, reason, self.place)]
        likely = sum(self._switches(run) for run in predicted)
        sure = not _SURE < likely / len(predicted) < 1 - _SURE
        count = 1 if sure or len(predicted) == 1 else _REPEATED
        jobs = [self.job(k) for k in range(count)]
        runs = yield jobs
        keys = tuple(job.key for job in jobs)
        if count == 1:
            return [self._outcome(predicted, likely, runs[0], keys)]
        return [self._often(likely, len(predicted), runs, keys)]

    def _rates(self, run: xr.Dataset) -> tuple[Estimate, Estimate]:
        main = self.network.rates[0]
        before = mean_rate(run, main, after=_AT - 500, before=_AT)
        return before, mean_rate(run, main, after=_AT + _LASTS + 700)

    def _finite(self, run: xr.Dataset) -> bool:
        return all(math.isfinite(rate.value) for rate in self._rates(run))

    def _switches(self, run: xr.Dataset) -> bool:
        before, after = self._rates(run)
        return (before.value > self.border) != (after.value > self.border)

    def _word(self, run: xr.Dataset) -> str:
        if not self._finite(run):
            return "runs away"
        side = "above" if self._rates(run)[0].value > self.border else "below"
        return "switches" if self._switches(run) else f"stays {side}"

    def _outcome(
        self, predicted: list[xr.Dataset], likely: int, run: xr.Dataset, keys: tuple[str, ...]
    ) -> Finding:
        often = 2 * likely >= len(predicted)
        word = self._word(next(r for r in predicted if self._switches(r) == often))
        found, rates = self._word(run), self._rates(run)
        verdict = AGREE if word == found else DIFFER
        reason = f"{self.network.rates[0]} {rates[0]} before, {rates[1]} after"
        if any(e.low <= self.border <= e.high for e in rates):
            verdict = UNDECIDED
            reason = f"{reason}: too near the border of {self.border:.3g} Hz"
        if len(predicted) > 1:
            reason = f"{reason}; {likely} of {len(predicted)} runs with noise switch"
        return Finding(
            GROUP, self.claim, "outcome", word, found, "", verdict, reason, dict(self.place), keys,
            details={"border": self.border},
        )  # fmt: skip

    def _often(
        self, likely: int, of: int, runs: list[xr.Dataset], keys: tuple[str, ...]
    ) -> Finding:
        """Probabilities of switching, by the beta-binomial law of both counts."""
        from scipy.stats import betabinom  # scipy.stats takes half a second to load

        count, found = len(runs), sum(self._switches(run) for run in runs)
        law = betabinom(count, likely + 1, of - likely + 1)
        chance = 2 * min(law.cdf(found), law.sf(found - 1))
        verdict = AGREE if chance > _CHANCE else DIFFER
        return Finding(
            GROUP, self.claim, "probability of switching", f"{likely / of:.2f} ({likely} of {of})",
            f"{found / count:.2f} ({found} of {count})", "counts of both", verdict,
            f"noise decides here; so many by chance: {min(1.0, chance):.2g}", dict(self.place),
            keys, likely / of, found / count, details={"border": self.border},
        )  # fmt: skip


@dataclass
class EntrainmentTrial:
    """Does a sine lock the rhythm, and how well at this size?"""

    network: Testable
    name: str
    place: dict[str, float]
    factor: float  # amplitude over that of the kick
    frequency: float  # Hz
    tolerances: Tolerances
    seed: int
    group: str = GROUP

    @property
    def amplitude(self) -> float:
        """Of the sine, in the unit of the input, which it does not turn negative."""
        at = self.network.model.with_parameters(**self.place)
        return -self.network.kick.amount(-self.factor, at)

    @property
    def claim(self) -> str:
        size = self.network.kick.written(self.amplitude, self.network.model)
        return f"{self.name}: a sine of {size} and {self.frequency:.2f} Hz at {written(self.place)}"

    def cost(self) -> float:
        """Simulated time in ms."""
        return CALM + _LOCKING

    def inputs(self) -> dict[str, Waveform]:
        """The sine."""
        kick = self.network.kick
        size = kick.exact(self.amplitude, self.network.model)
        return {kick.parameter: Sine(size, frequency=self.frequency)}

    def job(self) -> Work:
        """The network's run."""
        return self.network.job(self.cost(), self.seed, self.inputs(), **self.place)

    def window(self) -> tuple[float, float]:
        """The times (ms) worth a look."""
        return self.cost() - 800, self.cost()

    def steps(self) -> Steps:
        """One run."""
        job, main = self.job(), self.network.rates[0]
        (wave,) = self.inputs().values()
        (run,) = yield [job]
        noisy = noisy_runs(self.network, self.place, self.cost(), self.inputs(), _PREDICTED)
        at = self.network.model.with_parameters(**self.place)
        calm = simulate(at, self.cost(), inputs=self.inputs(), sample=0.5)
        findings = []
        for quantity, measure in (
            ("response cycles per stimulus cycle", rotation_number),
            ("phase-locking value", locking_value),
        ):
            expected, spread = _over(noisy, lambda r, m=measure: m(r, wave, main, after=CALM))
            finding = compared(
                GROUP, self.claim, quantity, expected, measure(run, wave, main, after=CALM), spread,
                self.tolerances, self.place, (job.key,), 3,
            )  # fmt: skip
            without = measure(calm, wave, main, after=CALM).value
            word = f"without noise {without:.3f}" if has_noise(at) else "predicted without noise"
            finding = replace(finding, reason=f"{finding.reason}; {word}")
            finding = self._by_filter(finding, measure) if has_noise(at) else finding
            if finding.verdict == DIFFER:
                finding = yield from self._by_response(finding, measure)
            findings.append(finding)
        return findings

    def _by_response(
        self, finding: Finding, measure: Any
    ) -> Generator[list[Work], list[xr.Dataset], Finding]:
        """A finding that differs, with what neurons do whose spikes follow no wiring: no filter of
        the mean field, and the noise of as many neurons. Both are means over as many runs."""
        try:
            finding = yield from self._repeated(finding, measure)
            if finding.verdict == DIFFER:
                finding = yield from self._by_variants(finding, measure)
        except OutOfTime as end:
            finding = replace(finding, reason=f"{finding.reason}; {end.words}")
        return finding

    def _by_variants(
        self, finding: Finding, measure: Any
    ) -> Generator[list[Work], list[xr.Dataset], Finding]:
        (wave,) = self.inputs().values()
        main = self.network.rates[0]
        for variant in variants(self.network):
            if not variant.predicts:
                continue
            seeds = range(self.seed, self.seed + _UNWIRED)
            runs = yield Explaining(
                [variant.network.job(self.cost(), s, self.inputs(), **self.place) for s in seeds]
            )
            value, spread = _over(list(runs), lambda r: measure(r, wave, main, after=CALM))
            found = Estimate(finding.value, finding.low, finding.high)
            deviation = math.hypot(finding.deviation, spread / math.sqrt(len(runs)))
            rest = abs(finding.value - value.value) / abs(finding.value - finding.expected)
            agrees = judge(value.value, found, deviation)[0] == AGREE
            if rest <= 1 - LEAST or (agrees and rest <= HALVED):
                words = f"explained by {variant.cause}: {value}"
                return replace(finding, verdict=EXPLAINED, reason=f"{words}; {finding.reason}")
            finding = replace(finding, reason=f"{finding.reason}; nor by {variant.cause} ({value})")
        return finding

    def _repeated(
        self, finding: Finding, measure: Any
    ) -> Generator[list[Work], list[xr.Dataset], Finding]:
        """The finding by the mean over runs with several seeds, where some network may explain it:
        one run's own error bar does not know how runs differ."""
        if not any(variant.predicts for variant in variants(self.network)):
            return finding
        (wave,) = self.inputs().values()
        main = self.network.rates[0]
        seeds = range(self.seed, self.seed + _UNWIRED)
        runs = yield Explaining(
            [self.network.job(self.cost(), s, self.inputs(), **self.place) for s in seeds]
        )
        value, spread = _over(list(runs), lambda r: measure(r, wave, main, after=CALM))
        if not math.isfinite(spread):
            return finding
        deviation = max(spread, finding.deviation) / math.sqrt(len(runs))
        verdict, reason = judge(finding.expected, value, deviation, self.tolerances.deviations)
        return replace(
            finding, network=str(value), verdict=verdict, value=value.value, low=value.low,
            high=value.high, deviation=deviation, spread=f"± {deviation:.2g} (of the mean)",
            reason=f"{reason}, the mean of {len(runs)} runs; of one: {finding.reason}",
        )  # fmt: skip

    def _by_filter(self, finding: Finding, measure: Any) -> Finding:
        """A finding that differs, with what the network of infinitely many neurons does."""
        if finding.verdict != DIFFER:
            return finding
        at = self.network.model.with_parameters(**self.place)
        run = simulate_densities(at, self.cost(), self.inputs())
        (wave,) = self.inputs().values()
        value = measure(run, wave, self.network.rates[0], after=CALM).value
        found = Estimate(finding.value, finding.low, finding.high)
        rest = abs(finding.value - value) / abs(finding.value - finding.expected)
        agrees = judge(value, found, finding.deviation, self.tolerances.deviations)[0] == AGREE
        if agrees or rest <= 1 - LEAST:
            words = f"explained by {FILTER}: without it (and without noise) {value:.3f}"
            return replace(finding, verdict=EXPLAINED, reason=f"{words}; {finding.reason}")
        return replace(finding, reason=f"{finding.reason}; not explained by {FILTER} ({value:.3f})")


def _over(runs: list[xr.Dataset], measure: Any) -> tuple[Estimate, float]:
    """The mean of a measure over runs with noise, and its standard deviation in one of them."""
    if len(runs) == 1:
        return measure(runs[0]), math.nan
    each = np.array([measure(run).value for run in runs])
    each = each[np.isfinite(each)]
    if len(each) < 2:
        return measure(runs[0]), math.nan
    mean, spread = float(each.mean()), float(each.std(ddof=1))
    half = 1.96 * spread / math.sqrt(len(each))
    return Estimate(mean, mean - half, mean + half), max(spread, 1e-3)
