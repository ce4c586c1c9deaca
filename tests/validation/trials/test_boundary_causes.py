"""Why a boundary lies elsewhere: the same search by other means."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from dynsys.models import aln
from validation import network_of
from validation.measures.estimates import Estimate
from validation.trials import boundary, boundary_causes
from validation.trials.boundary import BoundaryTrial
from validation.trials.boundary_causes import NOISE, TEST, StandIn
from validation.trials.findings import DIFFER, EXPLAINED, UNDECIDED, UNTESTED, Tolerances
from validation.trials.probing import CALM, LONGER, WINDOW, Deciding, Feature, State
from validation.trials.regime import RegimeTrial
from validation.trials.variants import DEGREES, EQUAL, RESPONSE, Explaining, OutOfTime, Variant

TIME = np.arange(0.0, 3000.0, 0.5)


def constant(value):
    return xr.Dataset(dict.fromkeys(("r_E", "r_I"), ("time", np.full(6000, value))), {"time": TIME})


@dataclass
class Course:
    """A network whose rate is a function of the parameter."""

    rate: object
    rates = ("r_E", "r_I")
    model = aln()
    neurons = 1000
    wired: str = "as predicted"

    def job(self, duration, seed, inputs=None, **values):
        run = constant(self.rate(values["mu_e"]))
        return SimpleNamespace(key=f"{values}", run=lambda: run)


def result(trial, time=True, explaining=99):
    """The finding of a trial; without ``time`` nothing that is to decide is run, and what explains
    ``explaining`` times only."""
    steps, runs = trial.steps(), None
    while True:
        try:
            jobs = next(steps) if runs is None else steps.send(runs)
            explaining -= isinstance(jobs, Explaining)
            if not explaining:
                jobs = steps.throw(OutOfTime())
        except StopIteration as end:
            return end.value[0]
        runs = [] if isinstance(jobs, Deciding) and not time else [job.run() for job in jobs]


def search(rate, feature=None, predicted=1.0, **options):
    return BoundaryTrial(
        Course(rate), "a | b", "mu_e", predicted, {"mu_i": 0.5},
        feature or Feature("level", 10.0), True, (0.0, 3.0), Tolerances(), 1, **options,
    )  # fmt: skip


def stand_in(cause, *steps):
    """Searches by runs that step at known places."""

    def made(trial):
        runs = [
            lambda model, duration, inputs, seed, at=at: constant(
                20.0 * (model.parameters["mu_e"] > at)
            )
            for at in steps
        ]
        yield cause, [trial.by(StandIn(trial.network, run), k, None) for k, run in enumerate(runs)]

    return made


@pytest.mark.parametrize(
    ("steps", "verdict", "words"),
    [
        ((1.31,), EXPLAINED, "at 1.3"),  # there
        ((1.24, 1.34, 1.27, 1.37), EXPLAINED, "explained by the cause"),
        ((1.10,), DIFFER, "nor by the cause (at 1.1"),
        ((1.62,), DIFFER, "nor by the cause"),
        ((99.0,), DIFFER, "no boundary in 1 of them"),
    ],
)
def test_a_search_by_other_means_explains_what_it_finds_too(steps, verdict, words, monkeypatch):
    monkeypatch.setattr(boundary_causes, "_stand_ins", stand_in("the cause", *steps))
    finding = result(search(lambda mu: 20.0 * (mu > 1.3)))
    assert finding.verdict == verdict
    assert words in finding.reason


@pytest.mark.parametrize(("step", "verdict"), [(99.0, EXPLAINED), (-99.0, DIFFER), (1.2, DIFFER)])
def test_where_the_network_has_no_boundary_a_cause_has_none_either(step, verdict, monkeypatch):
    monkeypatch.setattr(boundary_causes, "_stand_ins", stand_in("the cause", step))
    assert result(search(lambda mu: 0.0)).verdict == verdict


def networks(monkeypatch, equal, response):
    """Other networks: without wiring none has a boundary, but those of equally many inputs do."""
    several = [
        Variant(RESPONSE, "", Course(response)),
        Variant(EQUAL, "of equal inputs", Course(equal), 0.0),
        Variant(DEGREES, "", Course(lambda mu: 20.0, "as the network")),
    ]
    monkeypatch.setattr(boundary_causes, "_stand_ins", lambda trial: iter(()))
    monkeypatch.setattr(boundary_causes, "variants", lambda network: iter(several))


def step_at(place):
    return lambda mu: 20.0 * (mu > place)


@pytest.mark.parametrize(
    ("equal", "response", "verdict", "words"),
    [
        (1.02, 99.0, EXPLAINED, f"explained by {EQUAL}: network of equal inputs at 1.0"),
        (1.22, 1.24, EXPLAINED, f"explained by {RESPONSE}, and {EQUAL}: corrected to 1.2"),
        (1.22, 1.5, DIFFER, f"{RESPONSE}: at 1.5"),
        (1.22, 99.0, DIFFER, f"{RESPONSE}: no boundary"),
        (99.0, 1.02, DIFFER, "no boundary either"),
    ],
)
def test_a_boundary_missing_for_unequal_inputs_is_where_equal_ones_are(
    equal, response, verdict, words, monkeypatch
):
    networks(monkeypatch, step_at(equal), step_at(response))
    finding = result(search(lambda mu: 0.0))
    assert finding.verdict == verdict
    assert words in finding.reason


def test_a_search_that_explains_ends_with_its_time(monkeypatch):
    networks(monkeypatch, step_at(1.02), step_at(99.0))
    finding = result(search(lambda mu: 0.0), explaining=2)
    assert finding.verdict == DIFFER
    assert finding.reason.endswith(OutOfTime.words)


def test_the_mean_fields_own_runs_and_noisy_densities_are_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(boundary_causes, "simulate_densities", lambda model, duration, inputs,
                        neurons, seed: asked.append((neurons, seed)) or constant(0.0))  # fmt: skip
    trial = search(lambda mu: 0.0)
    own, noisy = boundary_causes._stand_ins(trial)
    assert (own[0], noisy[0]) == (TEST, NOISE)
    assert boundary_causes._made(noisy[1][1]) is None
    assert set(asked) == {(1000, 2)}
    low, high = boundary_causes._made(own[1][0])
    # With mu_i = 0.5 the mean field passes 10 Hz there.
    assert 0.7 < low < high < 1.4


def rhythm(amplitude):
    wave = 10.0 + amplitude * np.sin(2 * np.pi * 0.02 * TIME)
    return xr.Dataset(dict.fromkeys(("r_E", "r_I"), ("time", wave)), {"time": TIME})


@pytest.mark.parametrize(("high", "verdict"), [(1.7, UNDECIDED), (6.0, DIFFER)])
def test_powers_next_to_the_bound_decide_nothing(high, verdict, monkeypatch):
    monkeypatch.setattr(boundary_causes, "_stand_ins", lambda trial: iter(()))
    feature = Feature("oscillates", 1.0)
    trial = search(None, feature, 2.5)
    powers = iter([0.7, high, *[0.7] * 9])
    monkeypatch.setattr(trial, "_states", lambda runs: [
        State({"r_E": Estimate(10, 9, 11, "Hz")}, next(powers), Estimate(20, 19, 21, "Hz"))
    ] * len(runs))  # fmt: skip
    trial.network.job = lambda *a, **k: SimpleNamespace(key="", run=lambda: None)
    assert result(trial).verdict == verdict


class Wavering(Course):
    """A network whose rhythm has one power in short runs, another in long ones."""

    def job(self, duration, seed, inputs=None, **values):
        short, long = self.rate(values["mu_e"])
        power = short if duration == CALM + WINDOW else long
        time = np.arange(0.0, duration, 0.5)
        wave = 10.0 + np.sqrt(2 * power) * np.sin(2 * np.pi * 0.02 * time)
        run = xr.Dataset(dict.fromkeys(("r_E", "r_I"), ("time", wave)), {"time": time})
        return SimpleNamespace(key=f"{values} {duration}", run=lambda: run)


def wavering(powers, monkeypatch, time=True):
    """What a search finds whose answers noise decides in short runs."""
    monkeypatch.setattr(boundary, "is_aln", lambda model: False)  # no theory of the noise
    monkeypatch.setattr(boundary, "explained_boundary", lambda f, t: iter_of(f))
    trial = search(None, Feature("oscillates", 1.0))
    trial.network, trial.tolerances = Wavering(powers), Tolerances(rhythm_in_network=1.0)
    return result(trial, time)


def iter_of(finding):
    return finding
    yield


def test_longer_runs_answer_where_noise_decides(monkeypatch):
    def powers(mu):
        return (1.2, 5.0) if mu > 1.3 else (0.8, 0.1)

    decided = wavering(powers, monkeypatch)
    assert decided.verdict == DIFFER
    assert decided.low < 1.3 < decided.high
    assert decided.deviation == pytest.approx((decided.high - decided.low) / np.sqrt(12))
    open_ = wavering(powers, monkeypatch, time=False)
    assert open_.verdict == UNDECIDED
    assert "up to the low end and the high end of the search" in open_.reason


def test_a_boundary_is_as_uncertain_as_the_answers_about_it(monkeypatch):
    # In long runs powers within 1.4 of the bound decide nothing: between 1.16 and 1.37.
    found = wavering(lambda mu: 2 * [2.0 ** ((mu - 1.26) / 0.2)], monkeypatch)
    assert found.low < 1.26 < found.high
    assert found.deviation > 0.2 / np.sqrt(12)


def test_noise_decides_less_in_longer_runs():
    rate = {"r_E": Estimate(10, 9, 11, "Hz")}
    frequency = Estimate(20, 19, 21, "Hz")
    for power in (0.6, 1.8):
        assert State(rate, power, frequency).borderline
        assert not State(rate, power, frequency, measured=LONGER * WINDOW).borderline


def test_two_states_are_asked_for_only_where_the_network_has_them():
    attractors = tuple(
        {"kind": "equilibrium", "name": name, "observables": {"r_E": rate}}
        for name, rate in (("down", 1.0), ("up", 40.0))
    )
    inside = RegimeTrial(
        network_of(aln(), 1000), "region", {"mu_e": 2.0, "mu_i": 2.0}, attractors, Tolerances(), 1
    )
    trial = search(None, Feature("bistable", 10.0), premise=inside)
    frequency = Estimate(np.nan, np.nan, np.nan, "Hz")
    states = [State({"r_E": Estimate(r, r, r, "Hz")}, 0.0, frequency) for r in (1.0, 1.2, 40.0)]
    assert inside.lacks(trial.feature) == ""  # it was not run
    inside.found = [states[0], states[2]]
    assert inside.lacks(trial.feature) == ""
    inside.found = states[:2]
    finding = result(trial)
    assert finding.verdict == UNTESTED
    assert "one state only deep inside region, at mu_e = 2, mu_i = 2" in finding.reason


def test_where_a_rhythm_ends_is_asked_only_of_networks_that_have_it():
    cycle = {"kind": "cycle", "name": "LC_EI", "period": 50.0}
    inside = RegimeTrial(
        network_of(aln(), 1000), "region", {"mu_e": 1.3, "mu_i": 0.5}, (cycle,), Tolerances(), 1
    )
    rate = {"r_E": Estimate(10, 9, 11, "Hz")}
    feature = Feature("oscillates", 1.0)
    for power, measured, asked in ((3.0, WINDOW, True), (0.6, WINDOW, True), (0.1, WINDOW, False),
                                   (0.6, LONGER * WINDOW, False)):  # fmt: skip
        inside.found = [State(rate, power, Estimate(20, 19, 21, "Hz"), 1.0, measured)]
        assert (inside.lacks(feature) == "") == asked
    finding = result(search(None, feature, premise=inside))
    assert finding.verdict == UNTESTED
    assert (
        "does not oscillate deep inside region, at mu_e = 1.3, mu_i = 0.5: power" in finding.reason
    )
    assert "0.6 Hz^2, it counts from 1" in finding.reason
