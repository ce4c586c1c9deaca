"""Why a network's boundary lies elsewhere than predicted: the same search, by other means.

A bisection asks yes-or-no questions to runs of finite length. The same questions put to the mean
field's own runs tell what the test itself does; put to densities with the noise of N trains, what
neurons without the mean field's filter do at this size, noise-induced cycles and all; put to a
network without wiring, what is left of the neurons' own response.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from continuation.asynchronous.densities import simulate_densities
from dynsys.errors import DynsysError
from dynsys.models.aln_network import is_aln
from dynsys.simulation import simulate
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.networks.testable import Testable, Work
from validation.trials.causes import HALVED, LEAST
from validation.trials.findings import AGREE, EXPLAINED, Finding, judge
from validation.trials.variants import Explaining, OutOfTime, Variant, variants

if TYPE_CHECKING:
    from validation.trials.boundary import BoundaryTrial

_SEEDS = 3  # searches by densities with noise
_UNIFORM = math.sqrt(12)  # a bracket's width over its standard deviation
TEST = "the test itself (by the same kicks, times and criterion the mean field's own runs change)"
NOISE = "finite size (densities with the noise of N trains, without the mean field's filter)"

Run = Callable[[VectorField, float, Mapping[str, Any], int], xr.Dataset]


@dataclass(frozen=True)
class StandIn:
    """What is asked instead of the network: ``simulation`` of its model at each place."""

    network: Testable
    simulation: Run

    @property
    def rates(self) -> tuple[str, ...]:
        return self.network.rates

    @property
    def model(self) -> VectorField:
        return self.network.model

    @property
    def kick(self) -> Any:
        return self.network.kick

    def job(
        self, duration: float, seed: int, inputs: Mapping[str, Any], **parameters: float
    ) -> StandInRun:
        """A run to be made in this process."""
        model = self.model.with_parameters(**parameters)
        return StandInRun(self.simulation, model, duration, inputs, seed)


@dataclass(frozen=True)
class StandInRun:
    """One run of a stand-in."""

    simulation: Run
    model: VectorField
    duration: float
    inputs: Mapping[str, Any]
    seed: int
    key = ""

    def run(self) -> xr.Dataset:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not stay finite answers no
            return self.simulation(self.model, self.duration, self.inputs, self.seed)


def explained_boundary(
    finding: Finding, trial: BoundaryTrial
) -> Generator[list[Work], list[xr.Dataset], Finding]:
    """A boundary that differs, with the first cause whose own search finds it there; or with what
    all of them found.

    A cause explains it that agrees, or takes away three quarters of the difference; where the
    network has no boundary, one that has none either, with the same answer.
    """
    try:
        yield Explaining()
        for cause, trials in _stand_ins(trial):
            try:
                brackets = [_made(each) for each in trials]
            except DynsysError as error:
                words = f"not computed: {cause} ({error})"
                finding = replace(finding, reason=f"{finding.reason}; {words}")
                continue
            finding = _with_cause(finding, trial, cause, trials, brackets)
            if finding.verdict == EXPLAINED:
                return finding
        several = list(variants(trial.network))
        # The last is the one whose neurons have as many inputs as the network's.
        for variant in [v for v in several if v.predicts][-1:]:
            other = _by(trial, variant)
            bracket = yield from _explaining(other)
            finding = _with_cause(finding, trial, variant.cause, [other], [bracket])
        for variant in several:
            if finding.verdict != EXPLAINED and variant.beyond == 0:
                finding = yield from _with_limit(finding, trial, variant, several)
    except OutOfTime as end:
        finding = replace(finding, reason=f"{finding.reason}; {end.words}")
    return finding


def _by(trial: BoundaryTrial, variant: Variant) -> BoundaryTrial:
    """The same search by another network."""
    return trial.by(variant.network, trial.seed, trial.tolerances.rhythm_in_network)


def _with_limit(
    finding: Finding, trial: BoundaryTrial, limit: Variant, several: Sequence[Variant]
) -> Generator[list[Work], list[xr.Dataset], Finding]:
    """A boundary that the network has not where it is predicted, by a network in a limit that the
    mean field assumes: that has it there, or where neurons of as many inputs without wiring do."""
    bracket = yield from _explaining(_by(trial, limit))
    if bracket is None:
        return _failed(finding, f"{limit.cause}: network {limit.words}", "no boundary either")
    found = f"network {limit.words} at {_middle(bracket):.3f}"
    if _nearer(finding, trial, bracket, finding.expected, 0.0):
        return _explained(finding, f"{limit.cause}: {found}")
    for variant in several:
        if variant.predicts and variant.network.wired == limit.network.wired:
            other = yield from _explaining(_by(trial, variant))
            if other and _nearer(finding, trial, bracket, _middle(other), trial.resolution):
                words = f"corrected to {_middle(other):.3f}; {found}"
                return _explained(finding, f"{variant.cause}, and {limit.cause}: {words}")
            where = f"at {_middle(other):.3f}" if other else "no boundary"
            found += f"; {variant.cause}: {where}"
    return _failed(finding, limit.cause, found)


def _middle(bracket: tuple[float, float]) -> float:
    return 0.5 * (bracket[0] + bracket[1])


def _nearer(
    finding: Finding, trial: BoundaryTrial, bracket: tuple[float, float], expected: float,
    width: float,
) -> bool:  # fmt: skip
    """Whether a bracket agrees with a value (itself ``width`` wide), and lies at least twice as
    near to it as the network's, if that has one."""
    off = abs(_middle(bracket) - expected)
    own = finding.deviation if math.isfinite(finding.deviation) else 0.0
    deviation = math.hypot(own, trial.resolution / _UNIFORM, width / _UNIFORM)
    near = not math.isfinite(finding.value) or off <= HALVED * abs(finding.value - expected)
    return near and off <= trial.tolerances.deviations * deviation


def _stand_ins(trial: BoundaryTrial) -> Iterator[tuple[str, list[BoundaryTrial]]]:
    network, allowed = trial.network, trial.tolerances
    own = StandIn(network, _mean_field)
    yield TEST, [trial.by(own, trial.seed, allowed.rhythm)]
    if is_aln(network.model):
        noisy = StandIn(network, _Densities(network.neurons))
        seeds = range(trial.seed, trial.seed + _SEEDS)
        yield NOISE, [trial.by(noisy, seed, allowed.rhythm_in_network) for seed in seeds]


def _mean_field(
    model: VectorField, duration: float, inputs: Mapping[str, Any], seed: int
) -> xr.Dataset:
    return simulate(model, duration, inputs=inputs, sample=0.5)


@dataclass(frozen=True)
class _Densities:
    neurons: int

    def __call__(
        self, model: VectorField, duration: float, inputs: Mapping[str, Any], seed: int
    ) -> xr.Dataset:
        return simulate_densities(model, duration, inputs, neurons=self.neurons, seed=seed)


def _made(trial: BoundaryTrial) -> tuple[float, float] | None:
    """A search whose runs are made here."""
    search = _explaining(trial)
    try:
        jobs = next(search)
        while True:
            jobs = search.send([job.run() for job in jobs])
    except StopIteration as end:
        found: tuple[float, float] | None = end.value
        return found


def _explaining(
    trial: BoundaryTrial,
) -> Generator[list[Work], list[xr.Dataset], tuple[float, float] | None]:
    """A search whose runs explain."""
    search, runs = trial.search(), None
    while True:
        try:
            jobs = next(search) if runs is None else search.send(runs)
        except StopIteration as end:
            found: tuple[float, float] | None = end.value
            return found
        runs = yield Explaining(jobs)


def _with_cause(
    finding: Finding, trial: BoundaryTrial, cause: str, trials: list[BoundaryTrial],
    brackets: list[tuple[float, float] | None],
) -> Finding:  # fmt: skip
    """The finding with a cause whose searches are made: explained by it, or not."""
    found = [bracket for bracket in brackets if bracket is not None]
    if not math.isfinite(finding.value):
        alike = all(each.ends == trial.ends for each in trials)
        if not found and alike:
            return _explained(finding, f"{cause}: it has no boundary there either")
        where = "; ".join(f"{low:.3f} .. {high:.3f}" for low, high in found)
        return _failed(finding, cause, f"boundary in {where}" if found else "the other answer")
    if len(found) < len(brackets):
        return _failed(finding, cause, f"no boundary in {len(brackets) - len(found)} of them")
    middles = np.array([(low + high) / 2 for low, high in found])
    count, value = len(middles), float(middles.mean())
    spread = float(middles.std(ddof=1)) if count > 1 else 0.0
    # The network is one run more, and this a mean of brackets.
    own = math.hypot(spread * math.sqrt(1 + 1 / count), trial.resolution / _UNIFORM)
    measured = Estimate(finding.value, finding.low, finding.high, _unit(trial))
    deviation = math.hypot(finding.deviation, own)
    agrees = judge(value, measured, deviation, trial.tolerances.deviations)[0] == AGREE
    left = abs(finding.value - value) / max(abs(finding.value - finding.expected), 1e-300)
    text = f"{cause} at {value:.3f} ± {1.96 * own:.3f}"
    if (agrees and left < 1) or left <= 1 - LEAST:
        return _explained(finding, text)
    return _failed(finding, cause, f"at {value:.3f}")


def _unit(trial: BoundaryTrial) -> str:
    """The unit of the parameter that is searched."""
    return str(trial.network.model.unit(trial.parameter))


def _explained(finding: Finding, words: str) -> Finding:
    reason = f"explained by {words}; {finding.reason}"
    return replace(finding, verdict=EXPLAINED, reason=reason)


def _failed(finding: Finding, cause: str, what: str) -> Finding:
    return replace(finding, reason=f"{finding.reason}; nor by {cause} ({what})")
