"""Residence times over the number of neurons: slopes, what is said of them, a small run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from continuation import find_equilibria
from continuation.asynchronous.escape import Escape
from dynsys.errors import ModelError, UnknownNameError
from dynsys.models import aln, montbrio_pazo_roxin
from validation import network_of, residences
from validation.measures.estimates import Estimate
from validation.trials.findings import UNTESTED, Tolerances
from validation.trials.residences import (
    KRAMERS,
    NETWORK,
    NOISY,
    Residences,
    ResidenceTrial,
    draw_residences,
)

SIZES = (1000, 1200, 1400)
NEXT_TO_FOLD = aln().with_parameters(mu_e=1.99, mu_i=2.27726)


def time(value, factor=1.5):
    return Estimate(value, value / factor, value * factor, "ms")


@pytest.fixture
def found():
    grows = tuple(time(2000 * math.exp(0.003 * (n - 1000))) for n in SIZES)
    noisy = (*grows[:2], Estimate(math.nan, 5000, math.inf, "ms", "no escape"))
    kramers = tuple(Escape(18.8, 13.0, 45.0, 5.8**2 / (6 * 1.9 * n / 1000)) for n in SIZES)
    return Residences({"mu_e": 1.99}, "high", SIZES, grows, noisy, kramers)


def test_slopes_are_those_of_exponential_growth(found):
    slope = found.slope(NETWORK)
    assert slope.value == pytest.approx(0.003, rel=1e-9)
    error = math.log(1.5) / 1.96 / np.sqrt(np.sum((np.array(SIZES) - 1200.0) ** 2))
    assert slope.error == pytest.approx(error, rel=1e-6)
    assert found.slope(NOISY).value == pytest.approx(0.003, rel=1e-9)  # of two sizes
    assert found.slope(KRAMERS).value == pytest.approx(1.9e-3, rel=1e-6)
    with pytest.raises(UnknownNameError):
        found.slope("kramer")


def test_they_print_where_the_theory_ends_and_draw(found):
    text = str(found)
    assert "0.0030 ± " in text
    assert "barriers over the noise 1.9, 2.3, 2.7; Kramers' formula holds" in text
    assert len(draw_residences(found).lines) >= 3


def test_what_the_formula_does_not_know_is_said():
    low = Residences({}, "low", (1000,), (time(500),), (time(400),), (Escape(1.0, 1.5, 40, 0.5),))
    assert "formula ends: for N = 1000 the barrier is below 1" in low.end
    turning = replace(low, kramers=(Escape(1.0, 9.0, 40, 0.5, frequency=6.9),))
    assert "the slowest mode oscillates (6.9 Hz)" in turning.end
    assert math.isnan(low.slope(NETWORK).value)
    assert "one size has no slope" in str(low)


def test_small_networks_leave_a_state_and_the_noisy_mean_field_too():
    found = residences(NEXT_TO_FOLD, [1000], runs=3, duration=5000.0)
    assert found.state == "high"
    assert 100 < found.noisy[0].value < 5000
    assert found.network[0].low < 20_000
    states = sorted(NEXT_TO_FOLD.observe(x)["r_E"] for x in find_equilibria(NEXT_TO_FOLD))
    assert found.kramers[0].stable == pytest.approx(states[-1])
    assert found.kramers[0].saddle == pytest.approx(states[1])


def test_what_has_no_residence_is_said():
    with pytest.raises(ModelError, match="no two states"):
        residences(aln().with_parameters(mu_e=1.6, mu_i=0.5), [1000], runs=1, duration=1000.0)
    with pytest.raises(ModelError, match="montbrio_pazo_roxin"):
        residences(montbrio_pazo_roxin(), [1000])


def test_a_trial_without_a_fold_nearby_is_not_made():
    network = network_of(aln(), 1_000)
    trial = ResidenceTrial(network, "a | b", "mu_e", 1.6, {"mu_i": 0.5}, 3.0, Tolerances(), 1)
    assert trial.sizes == [1000, 1200, 1400]
    with pytest.raises(StopIteration) as end:
        next(trial.steps())
    (finding,) = end.value.value
    assert finding.verdict == UNTESTED
    assert "no theory knows a place" in finding.reason
