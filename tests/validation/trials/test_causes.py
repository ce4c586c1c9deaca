"""What explains a difference, and that a run which is not finite agrees with nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from dynsys.models import aln, wilson_cowan
from validation.measures.estimates import Estimate
from validation.networks.testable import Kick
from validation.trials import causes
from validation.trials.causes import Correction, explained
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    UNTESTED,
    Tolerances,
    compared,
)
from validation.trials.probing import CALM, WINDOW, Probe, State
from validation.trials.regime import RegimeTrial
from validation.trials.variants import EQUAL, SIZE, OutOfTime, Variant

PLACE = {"mu_e": 0.4, "mu_i": 0.6}


def found(value, quantity="mean r_E"):
    """A finding: predicted are 20 Hz, with a spread of 0.5 Hz."""
    exactly, measured = Estimate(20, 20, 20, "Hz"), Estimate(value, value - 1, value + 1, "Hz")
    return compared(
        "regimes", "claim", quantity, exactly, measured, 0.5, Tolerances(), PLACE, ("key",)
    )


def verdict_of(finding, monkeypatch, *corrections, limits=""):
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(corrections))
    steps = explained(
        [finding], None, Probe(PLACE, ("rest",)), "rest", str, limits, 1, Tolerances()
    )
    next(steps)  # all tests are made first
    with pytest.raises(StopIteration) as end:  # no other network is known of none
        steps.send([])
    (result,) = end.value.value
    return result


@pytest.mark.parametrize(
    ("value", "corrected", "verdict"),
    [
        (21.0, 30.0, AGREE),  # needs no explanation
        (26.0, 25.0, EXPLAINED),  # agrees within 1.5 Hz
        (40.0, 36.0, EXPLAINED),  # 80 % of the difference
        (40.0, 34.0, DIFFER),  # 70 %
        (40.0, 47.0, DIFFER),
        (40.0, np.nan, DIFFER),
    ],
)
def test_a_cause_must_take_most_of_a_difference_away(value, corrected, verdict, monkeypatch):
    correction = Correction("a filter", "up", {"r_E": corrected})
    result = verdict_of(found(value), monkeypatch, correction)
    assert result.verdict == verdict
    assert result.value == value
    assert result.reason.startswith("explained by a filter") == (verdict == EXPLAINED)


def test_what_was_tried_and_failed_is_said(monkeypatch):
    several = [Correction(name, "up", {"r_E": v}) for name, v in (("one", 22.0), ("two", 23.5))]
    result = verdict_of(found(40.0), monkeypatch, *several, limits="r_E: too high")
    assert result.verdict == DIFFER
    assert "not explained by one (22.00 Hz), nor two (23.50 Hz)" in result.reason
    assert "leaves its own range: r_E: too high" in result.reason
    assert "unexplained" in verdict_of(found(40.0), monkeypatch).reason


class Rhythmic:
    """A network with a rhythm of one power in short runs, another in long ones."""

    rates, model, kick = ("r_E", "r_I"), aln(), Kick("mu_e", 1.0)

    def __init__(self, short, long):
        self.powers = short, long

    def job(self, duration, seed, inputs=None, **values):
        time = np.arange(0.0, duration, 0.5)
        power = self.powers[duration > CALM + WINDOW]
        wave = 20.0 + np.sqrt(2 * power) * np.sin(2 * np.pi * 0.02 * time)
        run = xr.Dataset(dict.fromkeys(self.rates, ("time", wave)), {"time": time})
        return SimpleNamespace(run=lambda: run)


@pytest.mark.parametrize(
    ("own", "equal", "rounds", "verdict"),
    [
        ((0.1, 0.1), (5.0, 5.0), 1, EXPLAINED),  # with equal in-degrees it has the rhythm
        ((0.1, 0.1), (1.5, 4.0), 2, EXPLAINED),  # next to the bound: longer runs decide
        ((0.1, 0.1), (1.5, 0.4), 2, DIFFER),
        ((0.1, 0.1), (0.1, 0.1), 1, DIFFER),
        ((0.6, 3.0), (1.5, 1.2), 2, AGREE),  # in a longer run it has it itself
    ],
)
def test_a_rhythm_that_unequal_inputs_end_is_explained_by_equal_ones(
    own, equal, rounds, verdict, monkeypatch
):
    variant = Variant(EQUAL, "of neurons with equally many inputs", Rhythmic(*equal), 0.0)
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(()))
    monkeypatch.setattr(causes, "stages", lambda *_: iter([[variant]]))
    rest = found(22.0, "attractor")
    rest = replace(rest, predicted="cycle", network="rest", expected=np.nan, value=np.nan)
    steps = explained(
        [rest], Rhythmic(*own), Probe(PLACE, ("rest",)), "rest",
        lambda state: "cycle" if state.oscillates else "rest", "", 1,
        Tolerances(rhythm_in_network=1.0),
    )  # fmt: skip
    next(steps)
    made, jobs = 0, steps.send([])
    with pytest.raises(StopIteration) as end:
        while True:
            made += 1
            jobs = steps.send([job.run() for job in jobs])
    (result,) = end.value.value
    assert (made, result.verdict) == (rounds, verdict)
    if verdict == EXPLAINED:
        assert result.reason.startswith(f"explained by {EQUAL}: of neurons with equally")


class Constant:
    """A network whose rates are constant, another number in long runs than in short ones."""

    rates = ("r_E", "r_I")

    def __init__(self, short, long):
        self.short, self.long = short, long

    def job(self, duration, seed, inputs=None, **values):
        time = np.arange(0.0, duration, 0.5)
        value = self.short if duration == CALM + WINDOW else self.long
        run = xr.Dataset(dict.fromkeys(self.rates, ("time", np.full(len(time), value))),
                         {"time": time})  # fmt: skip
        return SimpleNamespace(run=lambda: run)


@pytest.mark.parametrize(
    ("larger", "rounds", "verdict"),
    [
        ((20.5, None), 1, EXPLAINED),  # to 19: 1.5 is no chance
        ((21.2, 21.0), 2, EXPLAINED),  # to 20.4: 0.8 may be chance, 1.0 in long runs is not
        ((21.2, 21.6), 2, DIFFER),
        ((22.1, None), 1, DIFFER),  # nothing to follow up
    ],
)
def test_a_limit_that_may_be_chance_is_followed_up(larger, rounds, verdict, monkeypatch):
    network, other = Constant(22.0, 22.0), Constant(*larger)
    network.kick, network.model = Kick("mu_e", 1.0), aln()
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(()))
    monkeypatch.setattr(causes, "stages", lambda *_: iter([[Variant(SIZE, "", other, 1.0)]]))
    steps = explained(
        [found(22.0)], network, Probe(PLACE, ("rest",)), "rest", str, "", 1, Tolerances()
    )
    next(steps)
    made, jobs = 0, steps.send([])
    with pytest.raises(StopIteration) as end:
        while True:
            made += 1
            jobs = steps.send([job.run() for job in jobs])
    (result,) = end.value.value
    assert (made, result.verdict) == (rounds, verdict)


def test_what_was_not_asked_for_want_of_time_is_said(monkeypatch):
    monkeypatch.setattr(
        causes, "stages", lambda *_: iter([[Variant(SIZE, "", Constant(1, 1), 1.0)]])
    )
    several = [Correction("a filter", "up", {"r_E": 40.0})]
    for corrections, tried in (([], False), (several, True)):
        monkeypatch.setattr(causes, "_corrections", lambda *_, c=corrections: iter(c))
        network = Constant(22.0, 22.0)
        network.kick, network.model = Kick("mu_e", 1.0), aln()
        steps = explained(
            [found(22.0), found(20.0)], network, Probe(PLACE, ("rest",)), "rest", str, "", 1,
            Tolerances(),
        )  # fmt: skip
        next(steps)
        if tried:
            steps.send([])
        with pytest.raises(StopIteration) as end:
            steps.throw(OutOfTime())
        differs, agrees = end.value.value
        assert (differs.verdict, agrees.verdict) == (DIFFER, AGREE)
        assert differs.reason.endswith(OutOfTime.words)
        assert ("not explained by a filter" in differs.reason) == tried


def test_a_prediction_as_uncertain_as_the_difference_explains_nothing():
    differs = found(22.0)
    for error, told in ((1.5, False), (0.3, True)):
        other = Estimate(21.8, 21.8 - 1.96 * error, 21.8 + 1.96 * error, "Hz")
        state = State({"r_E": other}, 0.0, Estimate(np.nan, np.nan, np.nan, "Hz"))
        measured = [(Variant("their response", "", None), state)]
        result = causes._by_variants(differs, differs, [], measured, str)
        assert (result.verdict == EXPLAINED) == told
        assert causes._open(differs, [], measured, str) == {"their response"}


def test_what_tells_most_is_asked_first_and_what_it_explains_asks_no_more(monkeypatch):
    network = Constant(26.0, 26.0)
    network.kick, network.model = Kick("mu_e", 1.0), aln()
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(()))
    two = [[Variant("one", "", Constant(v, v))] for v in (25.9, 20.0)]
    for order, rounds in ((two, 1), (two[::-1], 2)):
        monkeypatch.setattr(causes, "stages", lambda *_, o=order: iter(o))
        steps = explained(
            [found(26.0)], network, Probe(PLACE, ("rest",)), "rest", str, "", 1, Tolerances()
        )
        next(steps)
        made, jobs = 0, steps.send([])
        with pytest.raises(StopIteration) as end:
            while True:
                made += 1
                jobs = steps.send([job.run() for job in jobs])
        assert (made, end.value.value[0].verdict) == (rounds, EXPLAINED)


class Diverging:
    """A network whose every run ends in nothing."""

    rates, neurons, sizes, accuracy = ("r_E", "r_I"), 4000, 4000, 0.0
    kick = Kick("mu_e", 1.0)

    def __init__(self, model):
        self.model = model

    def job(self, duration, seed, inputs=None, **values):
        class Job:
            key = "key"

        return Job


def test_what_could_not_be_computed_is_said(monkeypatch):
    result = verdict_of(found(40.0), monkeypatch, Correction.failed("two", "it runs away"))
    assert result.verdict == DIFFER
    assert result.reason.endswith("unexplained; not computed: two (it runs away)")


def findings_of(trial):
    steps = trial.steps()
    next(steps)
    time = np.arange(0.0, trial.probe().duration, 0.5)
    nothing = xr.Dataset({k: ("time", np.full(len(time), np.nan)) for k in ("r_E", "r_I")},
                         {"time": time})  # fmt: skip
    with pytest.raises(StopIteration) as end:
        steps.send([nothing] * len(trial.probe().kicks))
        while True:  # nothing else is run to explain it
            steps.send([])
    return end.value.value


def compared_states(expected, power, rate):
    """Findings of a trial between "low" (1 Hz) and "high" (30 Hz), oscillating from 1 Hz^2."""
    attractors = tuple(
        {"kind": "equilibrium", "name": name, "observables": {"nu": level}}
        for name, level in (("low", 1.0), ("high", 30.0))
    )
    network = SimpleNamespace(
        rates=("nu",), model=wilson_cowan(), accuracy=0.0, neurons=4000, sizes=4000
    )
    trial = RegimeTrial(network, "region", {}, attractors, Tolerances(), 1)
    states = [
        State({"nu": Estimate(r, r - 0.1, r + 0.1, "Hz")}, p, Estimate(9, 8, 10, "Hz"))
        for r, p in ((expected, 0.0), (rate, power))
    ]
    return trial._compared(*states, "", "key")


def test_a_power_next_to_the_bound_decides_nothing():
    near, sure = (compared_states(1.0, power, 1.0)[0] for power in (1.4, 8.0))
    assert (near.verdict, sure.verdict) == (UNDECIDED, DIFFER)
    assert "too near to tell in one run" in near.reason


def test_noise_has_no_frequency_to_compare(monkeypatch):
    monkeypatch.setattr(State, "oscillates", property(lambda state: state.rate.value > 20.0))
    for rate, verdict in ((1.0, UNTESTED), (30.0, AGREE)):
        *_, frequency = compared_states(30.0, 0.1, rate)
        assert frequency.verdict == verdict


def test_rates_of_another_attractor_are_not_compared():
    attractor, rate = compared_states(30.0, 0.1, 1.0)
    assert (attractor.verdict, rate.verdict) == (DIFFER, UNTESTED)
    assert "another attractor" in rate.reason
    assert [f.verdict for f in compared_states(1.0, 0.1, 1.0)] == [AGREE, AGREE]


def trial_of(*names):
    attractors = tuple(
        {"kind": "equilibrium", "name": name, "observables": {"r_E": 1.0}} for name in names
    )
    return RegimeTrial(Diverging(aln()), "region", PLACE, attractors, Tolerances(), 1)


def test_a_network_that_runs_away_agrees_with_nothing(monkeypatch):
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(()))
    several = findings_of(trial_of("down"))
    assert several[0].quantity == "attractor"
    assert {f.verdict for f in several} <= {DIFFER, UNTESTED}
    assert several[0].network == "nothing finite"


def test_where_the_mean_field_runs_away_nothing_is_tested(monkeypatch):
    monkeypatch.setattr(Probe, "predicted", lambda self, network: [
        xr.Dataset({k: ("time", np.full(6000, np.nan)) for k in ("r_E", "r_I")},
                   {"time": np.arange(0.0, 3000.0, 0.5)})
    ] * 2)  # fmt: skip
    trial = trial_of("down", "up")  # NaN Hz is no rate above the border
    several = findings_of(trial)
    assert [f.verdict for f in several] == [UNTESTED] * 4
    assert all("does not stay finite" in f.reason for f in several[:2])
    assert "do not lead the mean field to up" in several[3].reason


def test_what_the_mean_fields_own_run_does_not_show_is_not_tested():
    (finding,) = findings_of(trial_of("up"))  # it is down there
    assert finding.verdict == UNTESTED
    assert "own run measures as down" in finding.reason
    assert "not as up; the network measures as nothing finite" in finding.reason


@pytest.mark.parametrize(
    ("amplitude", "extrema", "tested"),
    [
        (0.0, None, True),
        (0.3, None, False),
        (0.3, (9.0, 13.0), False),
        (0.3, (0.1, 1.0), True),  # the cycle is far from it
        (8.0, None, True),
    ],
)
def test_a_rhythm_too_faint_for_the_criterion_is_not_called_rest(
    monkeypatch, amplitude, extrema, tested
):
    """Beside a predicted cycle, a run that moves a little is neither of the two."""
    time = np.arange(0.0, 3000.0, 0.5)
    rate = 10.0 + amplitude * np.sin(2 * np.pi * 0.01 * time)
    run = xr.Dataset(dict.fromkeys(("r_E", "r_I"), ("time", rate)), {"time": time})
    run["time"].attrs["units"] = "ms"
    monkeypatch.setattr(Probe, "predicted", lambda self, network: [run] * 2)
    monkeypatch.setattr(causes, "_corrections", lambda *arguments: iter(()))
    steady = {"kind": "equilibrium", "name": "up", "observables": {"r_E": 10.5}}
    cycle = {"kind": "cycle", "name": "LC_EI", "period": 100.0}
    cycle |= {"extrema": {"r_E": extrema}} if extrema else {}
    trial = RegimeTrial(Diverging(aln()), "region", PLACE, (steady, cycle), Tolerances(), 1)
    first = findings_of(trial)[0]
    assert (first.verdict != UNTESTED) == tested
    assert ("which may be any of up and LC_EI" in first.reason) != tested
