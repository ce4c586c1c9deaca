"""Why a network differs from its mean field: corrections, each tested, one cause at a time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from continuation import find_equilibria
from continuation.asynchronous.densities import simulate_densities
from continuation.asynchronous.trains import constant_rates
from continuation.diagrams.names import CYCLE
from dynsys.errors import DynsysError
from dynsys.models import master_equation
from dynsys.models.aln_network import is_aln
from dynsys.simulation import simulate
from dynsys.validity import flags
from dynsys.vector_field import VectorField
from validation.measures.estimates import Estimate
from validation.networks.circuit_network import CircuitNetwork
from validation.networks.testable import Testable, Work
from validation.trials.findings import AGREE, DIFFER, EXPLAINED, Finding, Tolerances, judge
from validation.trials.noisy import noisy_runs
from validation.trials.probing import CALM, LONGER, Probe, State, state_of
from validation.trials.variants import Explaining, Limit, OutOfTime, Variant, limits, stages

_RUNS = 8  # of the mean field with noise
LEAST = 0.75  # of a difference that a correction must take away to explain it
_TOLD = 2.0  # standard errors from which another network's number is no chance
HALVED = 0.5  # what a limit that agrees may leave of it
ATTRACTOR = "attractor"
RUNS_AWAY = "it runs away"
FILTER = "the cascade's filter"
TRAINS = "spike trains more regular than Poisson's"
PAUSES = "synapses that stand still while a neuron is refractory"
FINITE = "finite size (the noise of N trains in the mean field)"
SECOND_ORDER = "finite size (the master equation's second order)"


@dataclass(frozen=True)
class Correction:
    """What a prediction becomes without one approximation; ``words`` for a state's kind, and the
    numbers by quantity; ``trouble`` where it could not be computed."""

    cause: str
    word: str
    values: dict[str, float]
    trouble: str = ""

    @classmethod
    def failed(cls, cause: str, trouble: object) -> Correction:
        """One that could not be computed."""
        return cls(cause, "", {}, str(trouble))


def outside(model: VectorField, run: xr.Dataset) -> str:
    """Where the mean field itself says, at the end of a run, that its prediction means nothing."""
    late = run.sel(time=slice(CALM, None))
    shown = {name: late[name].values for name in late if name in model.observables}
    return "; ".join(f"{flag.observable}: {flag.reason}" for flag in flags(model, shown))


def explained(
    findings: Sequence[Finding], network: Testable, probe: Probe, kick: str,
    word: Callable[[State], str], left_range: str, seed: int, tolerances: Tolerances,
) -> Generator[list[Work], list[xr.Dataset], list[Finding]]:  # fmt: skip
    """Findings of one run, those that differ with the correction that explains them.

    1. The prediction is computed again without one approximation at a time. That explains a
       difference if the corrected prediction agrees, or takes away three quarters of it.
    2. Where all fail, the network is run again in other ways (``variants``). A limit explains it
       that agrees with the prediction (corrected or not, or that of a network without wiring), at
       least halves what is left of the difference, and lies farther from the network than chance;
       so does a network without wiring that agrees with it and takes away half, or takes away three
       quarters, by more than chance.
    3. Where chance may be all, network and variants run four times as long, and are judged again.
    4. Where all of this fails, what it gave is said; and where no time is left for it.
    """
    several = list[Correction]()
    found = [_with_cause(f, several, left_range) for f in findings]
    rests = all(CYCLE not in (f.predicted, f.network) for f in findings)
    bound, alone = tolerances.rhythm_in_network, replace(probe, kicks=(kick,))
    measured = list[tuple[Variant, State]]()
    try:
        yield Explaining()
        for correction in _corrections(network, probe, kick, word, tolerances):
            several.append(correction)
            found = [_with_cause(f, several, left_range) for f in findings]
            if all(f.verdict != DIFFER for f in found):
                return found
        corrected = found
        for others in stages(network, rests):
            runs = yield Explaining([job for v in others for job in alone.jobs(v.network, seed)])
            measured += _measured(others, runs, bound)
            found = _by_all(findings, corrected, several, measured, word)
            if all(f.verdict != DIFFER for f in found):
                return found
        left = [f for f in found if f.verdict == DIFFER]
        causes = {cause for f in left for cause in _open(f, several, measured, word)}
        if not causes:
            return found
        alone, others = alone.longer(), [v for v, _ in measured if v.cause in causes]
        networks = [network, *(v.network for v in others)]
        own, *runs = yield Explaining([job for n in networks for job in alone.jobs(n, seed)])
    except OutOfTime as end:
        reasons = [f"{f.reason}; {end.words}" if f.verdict == DIFFER else f.reason for f in found]
        return [replace(f, reason=reason) for f, reason in zip(found, reasons, strict=True)]
    again = [_remeasured(f, state_of(own, network.rates, bound), word) for f in findings]
    tried = [_with_cause(f, several, left_range) for f in again]
    longer = _by_all(again, tried, several, _measured(others, runs, bound), word)
    return [new if old.verdict == DIFFER else old for new, old in zip(longer, found, strict=True)]


def _remeasured(finding: Finding, state: State, word: Callable[[State], str]) -> Finding:
    """A finding by a run four times as long: its word, or its number with half the standard
    deviation at least."""
    seconds = f"in {state.measured / 1000:.3g} s"
    if _quantity(finding) == ATTRACTOR:
        verdict = AGREE if word(state) == finding.predicted else DIFFER
        power = f"power of the rhythm {state.power:.3g} Hz^2 {seconds}; it oscillates from"
        reason = f"{power} {state.bound:.3g}"
        return replace(finding, network=word(state), verdict=verdict, reason=reason)
    if not math.isfinite(finding.expected):
        return finding
    found = _of(state, _quantity(finding))
    deviation = max(found.error, finding.deviation / math.sqrt(LONGER))
    verdict, reason = judge(finding.expected, found, deviation)
    return replace(
        finding, network=str(found), verdict=verdict, value=found.value, low=found.low,
        high=found.high, deviation=deviation, reason=f"{reason} {seconds}",
    )  # fmt: skip


def _measured(
    others: Sequence[Variant], runs: Sequence[xr.Dataset], bound: float | None
) -> list[tuple[Variant, State]]:
    """What other networks settled on."""
    pairs = zip(others, runs, strict=True)
    return [(v, state_of(run, v.network.rates, bound)) for v, run in pairs]


def _by_all(
    findings: Sequence[Finding], tried: Sequence[Finding], several: Sequence[Correction],
    measured: Sequence[tuple[Variant, State]], word: Callable[[State], str],
) -> list[Finding]:  # fmt: skip
    """The findings that corrections left (``tried``), by the runs of other networks."""
    return [
        _by_variants(f, each, several, measured, word) if each.verdict == DIFFER else each
        for f, each in zip(findings, tried, strict=True)
    ]


def _quantity(finding: Finding) -> str:
    """The name by which states and corrections know it: "attractor", "r_E", "frequency"."""
    return finding.quantity.split(" (")[0].removeprefix("mean ")


def _of(state: State, quantity: str) -> Estimate:
    return state.frequency if quantity == "frequency" else state.rates[quantity]


def _by_variants(
    finding: Finding, tried: Finding, several: Sequence[Correction],
    measured: Sequence[tuple[Variant, State]], word: Callable[[State], str],
) -> Finding:  # fmt: skip
    """A finding that no correction of the prediction explains (``tried``), by other networks."""
    quantity = _quantity(finding)
    if quantity == ATTRACTOR:
        for variant, state in measured:
            if _shows(variant, state, finding, word) and not _by_chance(state, finding):
                return _explained(finding, variant.cause, f"{variant.words} {word(state)}".strip())
        words = ", ".join(f"{variant.cause}: {word(state)}" for variant, state in measured)
        return _still(tried, words)
    values = [(variant, _of(state, quantity)) for variant, state in measured]
    for limit, cause, expected in _agreeing(finding, several, measured):
        if limit.sure:
            causes = ", and ".join(c for c in (cause, *limit.causes) if c)
            corrected = f"corrected to {expected.value:.2f} Hz; " if cause else ""
            text = f"{corrected}network {limit.words} {limit.value}"
            return _explained(finding, causes, text)
    for variant, value in values:
        if not variant.predicts or not np.isfinite(value.value):
            continue
        if _takes_away(finding, value) and _told(finding, value):
            return _explained(finding, variant.cause, f"corrected to {value}")
    return _still(tried, ", ".join(f"{variant.cause} {value}" for variant, value in values))


def _takes_away(finding: Finding, value: Estimate) -> bool:
    """Whether a difference is gone from another prediction: half of it, where it agrees with the
    network, else three quarters."""
    rest = abs(finding.value - value.value) / max(abs(finding.value - finding.expected), 1e-300)
    found = Estimate(finding.value, finding.low, finding.high, "Hz")
    deviation = float(np.hypot(finding.deviation, value.error))
    agrees = judge(value.value, found, deviation)[0] == AGREE
    return (agrees and rest <= HALVED) or rest <= 1 - LEAST


def _told(finding: Finding, value: Estimate) -> bool:
    """Whether another prediction differs from the first by more than chance."""
    return not abs(value.value - finding.expected) < _TOLD * value.error


def _shows(variant: Variant, state: State, finding: Finding, word: Callable[[State], str]) -> bool:
    """Whether another network does what explains an attractor: one in the mean field's place what
    the network did, any other what was predicted."""
    return word(state) == (finding.network if variant.predicts else finding.predicted)


def _by_chance(state: State, finding: Finding) -> bool:
    """Whether noise decided between rhythm and rest."""
    return CYCLE in (finding.predicted, finding.network) and state.borderline


def _agreeing(
    finding: Finding, several: Sequence[Correction], measured: Sequence[tuple[Variant, State]]
) -> Iterator[tuple[Limit, str, Estimate]]:
    """Limits of other networks that agree with a prediction (its cause, its value) and leave less
    than half of the difference."""
    quantity = _quantity(finding)
    values = [(variant, _of(state, quantity)) for variant, state in measured]
    found = Estimate(finding.value, finding.low, finding.high, "Hz")
    unwired = [(v.cause, value) for v, value in values if v.predicts]
    for limit in limits(found, finding.deviation, values):
        for cause, expected in [*_best(finding, several, quantity), *unwired]:
            left = abs(limit.value.value - expected.value)
            whole = max(abs(finding.value - expected.value), 1e-300)
            deviation = float(np.hypot(limit.deviation, expected.error))
            agrees = judge(expected.value, limit.value, deviation)[0] == AGREE
            if agrees and left <= HALVED * whole:
                yield limit, cause, expected


def _open(
    finding: Finding, several: Sequence[Correction], measured: Sequence[tuple[Variant, State]],
    word: Callable[[State], str],
) -> set[str]:  # fmt: skip
    """What would explain it if it were not chance: the causes of other networks."""
    if _quantity(finding) == ATTRACTOR:
        return {
            v.cause for v, s in measured if _shows(v, s, finding, word) and _by_chance(s, finding)
        }
    if not math.isfinite(finding.expected):
        return set()
    predictions = [(v, _of(s, _quantity(finding))) for v, s in measured if v.predicts]
    agreeing = _agreeing(finding, several, measured)
    return {c for limit, cause, _ in agreeing for c in (*limit.causes, cause)} | {
        v.cause for v, value in predictions if _takes_away(finding, value)
    }


def _best(
    finding: Finding, several: Sequence[Correction], quantity: str
) -> Iterator[tuple[str, Estimate]]:
    """The prediction without as many approximations as could be dropped together, and as it is."""
    for correction in reversed(several):
        value = correction.values.get(quantity, np.nan)
        if correction.cause != FINITE and np.isfinite(value):
            yield correction.cause, Estimate(value, value, value, "Hz")
            break
    yield "", Estimate(finding.expected, finding.expected, finding.expected, "Hz")


def _still(finding: Finding, networks: str) -> Finding:
    words = f"; nor by other networks: {networks}" if networks else ""
    return replace(finding, reason=f"{finding.reason}{words}")


def _with_cause(finding: Finding, several: Sequence[Correction], left_range: str) -> Finding:
    if finding.verdict != DIFFER:
        return finding
    quantity = _quantity(finding)
    failed, missing = [], []
    for correction in several:
        if correction.trouble:
            missing.append(f"{correction.cause} ({correction.trouble})")
            continue
        if quantity == ATTRACTOR:
            if correction.word == finding.network:
                return _explained(finding, correction.cause, correction.word)
            failed.append(f"{correction.cause}: still {correction.word}")
            continue
        value = correction.values.get(quantity, np.nan)
        if not np.isfinite([value, finding.value]).all():
            continue
        found = Estimate(finding.value, finding.low, finding.high, "Hz")
        agrees = judge(value, found, finding.deviation)[0] == AGREE
        rest = abs(finding.value - value) / max(abs(finding.value - finding.expected), 1e-300)
        if agrees or rest <= 1 - LEAST:
            left = "" if agrees else f", {100 * (1 - rest):.0f} % of the difference"
            text = f"corrected to {value:.2f} Hz{left}"
            corrected = {"corrected": value, "cause": correction.cause}
            explained = _explained(finding, correction.cause, text)
            return replace(explained, details={**finding.details, **corrected})
        failed.append(f"{correction.cause} ({value:.2f} Hz)")
    words = f"not explained by {', nor '.join(failed)}" if failed else "unexplained"
    words += f"; not computed: {', '.join(missing)}" if missing else ""
    beyond = f"; the mean field leaves its own range: {left_range}" if left_range else ""
    return replace(finding, reason=f"{finding.reason}; {words}{beyond}")


def _explained(finding: Finding, cause: str, text: str) -> Finding:
    reason = f"explained by {cause}: {text}; {finding.reason}"
    return replace(finding, verdict=EXPLAINED, reason=reason)


def _corrections(
    network: Testable, probe: Probe, kick: str, word: Callable[[State], str],
    tolerances: Tolerances,
) -> Iterator[Correction]:  # fmt: skip
    model = network.model.with_parameters(**probe.values)
    inputs = probe.inputs(network, kick)
    if is_aln(model):
        found = state_of(simulate_densities(model, probe.duration, inputs), network.rates)
        yield _of_state(FILTER, found, word)
        if found.finite and not found.oscillates:
            yield from _by_rest(model, network.rates, found, word)
        yield from _by_noise(network, probe, inputs, kick, word)
    elif isinstance(network, CircuitNetwork):
        yield from _by_second_order(network, model, probe, inputs, word, tolerances.rhythm)


def _of_state(cause: str, state: State, word: Callable[[State], str]) -> Correction:
    if not state.finite:
        return Correction.failed(cause, RUNS_AWAY)
    values = {name: rate.value for name, rate in state.rates.items()}
    return Correction(cause, word(state), values | {"frequency": state.frequency.value})


def _by_rest(
    model: VectorField, rates: Sequence[str], near: State, word: Callable[[State], str]
) -> Iterator[Correction]:
    states = find_equilibria(model)
    levels = np.array([model.observe(x)[rates[0]] for x in states])
    if not len(levels):
        return
    state = states[int(np.argmin(np.abs(levels - near.rate.value)))]
    for cause, trains, pauses in (
        (TRAINS, True, False), (PAUSES, False, True), (f"{TRAINS}, and {PAUSES}", True, True),
    ):  # fmt: skip
        try:
            found = constant_rates(model, state, trains, pauses)
        except DynsysError as error:
            yield Correction.failed(cause, error)
            continue
        yield Correction(cause, word(near), found)


def _by_noise(
    network: Testable, probe: Probe, inputs: dict[str, Any], kick: str,
    word: Callable[[State], str],
) -> Iterator[Correction]:  # fmt: skip
    """The mean over runs of the mean field with noise; its kind is that of most of them."""
    runs = noisy_runs(network, probe.values, probe.duration, inputs, _RUNS, kick == "high")
    states = [state for run in runs if (state := state_of(run, network.rates)).finite]
    if not states:
        yield Correction.failed(FINITE, RUNS_AWAY)
        return
    kinds = [word(state) for state in states]
    often = max(set(kinds), key=kinds.count)
    alike = [state for state, kind in zip(states, kinds, strict=True) if kind == often]
    values = {
        name: float(np.mean([state.rates[name].value for state in alike])) for name in network.rates
    }
    frequency = float(np.mean([state.frequency.value for state in alike]))
    yield Correction(FINITE, often, values | {"frequency": frequency})


def _by_second_order(
    network: CircuitNetwork, model: VectorField, probe: Probe, inputs: dict[str, Any],
    word: Callable[[State], str], bound: float | None,
) -> Iterator[Correction]:  # fmt: skip
    if any(name.startswith("c_") for name in model.states):
        return
    second = master_equation(network.circuit, 2).with_parameters(**model.parameters)
    counts = {f"N_{label}": float(count) for label, count in network.counts.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where its closure fails it runs away, and is left out
        try:
            second = second.with_parameters(**counts)
            run = simulate(second, probe.duration, inputs=inputs, sample=0.5)
        except DynsysError as error:
            yield Correction.failed(SECOND_ORDER, error)
            return
    yield _of_state(SECOND_ORDER, state_of(run, network.rates, bound), word)
