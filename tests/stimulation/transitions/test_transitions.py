"""Switching the state: figure 4 of Cakan & Obermayer 2020, predicted and simulated.

Published values: Euler, dt = 0.1 ms, no noise.
"""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ConvergenceError, ModelError, UnknownNameError, simulate
from dynsys.models import aln
from stimulation import Decay, Pulse, Sine, Step, dose_duration, transition_threshold
from stimulation.entrainment.phases import crossings

A1 = aln().with_parameters(mu_e=1.2, mu_i=1.2)
A2 = aln().with_parameters(mu_e=1.3, mu_i=0.5)
A3 = aln().with_parameters(mu_e=2.05, mu_i=1.7)
ADAPTED = aln().with_parameters(a=15, b=40)
B3 = ADAPTED.with_parameters(mu_e=4.0, mu_i=1.8)
B4 = ADAPTED.with_parameters(mu_e=3.8, mu_i=2.0)


def published(model, duration, wave, settle=3000, **arguments):
    return simulate(
        model, duration, inputs={"mu_e": wave}, settle=settle, discretisation="published",
        record="r_E", **arguments,
    )["r_E"]  # fmt: skip


def test_a1_leaves_its_down_state_for_the_fast_rhythm():
    rate = published(A1, 3000, Step("60 pA", stop=3000))
    late = rate.sel(time=slice(1500, 2999)).values
    assert float(rate[0]) == pytest.approx(0.312540, abs=2e-6)
    assert (late.min(), late.max()) == (
        pytest.approx(0.07, abs=0.005),
        pytest.approx(7.48, abs=0.005),
    )
    assert 1000 / np.diff(crossings(late, 0.1)).mean() == pytest.approx(18.9, abs=0.05)


def test_a2_stops_during_a_step_and_comes_back():
    rate = published(A2, 3000, Step("40 pA", start=1000, stop=2000), settle=0)
    assert float(rate.sel(time=1999.9)) == pytest.approx(14.485, abs=6e-4)
    late = rate.sel(time=slice(2400, 3000)).values
    assert 1000 / np.diff(crossings(late, 0.1)).mean() == pytest.approx(22.3, abs=0.05)


def test_a3_flips_up_and_down():
    # A pulse of 165 ms: a step that decays.
    up, down = (
        Decay(f"{a} pA", start=t, stop=t + 165, tau=50) for a, t in ((100, 500), (-100, 2500))
    )
    rate = published(A3, 4500, up + down, initial=_state("down"))
    assert float(rate.sel(time=499)) == pytest.approx(0.626911, abs=2e-5)
    assert float(rate.sel(time=2499)) == pytest.approx(28.173389, abs=2e-5)
    assert float(rate.sel(time=4500)) == pytest.approx(0.626911, abs=2e-4)


def test_b3_is_entrained_at_3_hz():
    rate = published(B3, 10_000, Sine("40 pA", frequency=3))
    marks = crossings(rate.sel(time=slice(4000, 10_000)).values, 0.1)
    assert np.diff(marks) == pytest.approx(1000 / 3, abs=0.5)


def test_b4_answers_each_period_with_one_burst():
    quiet = simulate(B4, 1000, settle=4000, discretisation="published")
    assert float(np.ptp(quiet["r_E"].values)) < 0.01
    rate = published(B4, 8000, Sine("40 pA", frequency=4))
    late = rate.sel(time=slice(3000, 8000)).values
    assert late.max() > 10
    assert np.diff(crossings(late, 0.1)) == pytest.approx(250, abs=2)


def test_the_step_that_stops_a_rhythm_is_the_hopf_point():
    # Continuous time: mu_e = 1.3951 is the Hopf point, 19.02 pA away.
    found = transition_threshold(A2, Step("1 pA"), to_state="up")
    assert found.from_state == "cycle"
    assert found.prediction == pytest.approx(200 * (1.3951 - 1.3), abs=0.02)
    assert abs(found.difference) < 0.2  # slow near the bifurcation
    assert "H1 at mu_e" in found.predicted_by
    assert "predicted" in str(found)


def test_the_step_that_empties_the_up_state_is_the_fold():
    found = transition_threshold(A3, Step("-1 pA"), "down", from_state="up", observe=4000)
    assert found.prediction == pytest.approx(200 * (1.9160 - 2.05), abs=0.02)
    assert found.difference == pytest.approx(0, abs=0.1)


def test_a_sudden_step_may_cross_the_separatrix_before_the_fold():
    found = transition_threshold(A3, Step("1 pA"), "up", from_state="down", observe=4000)
    assert found.prediction == pytest.approx(200 * (2.2002 - 2.05), abs=0.02)
    assert found.amplitude < found.prediction


@pytest.mark.parametrize(
    ("sign", "origin", "goal"), [("1 pA", "down", "up"), ("-1 pA", "up", "down")]
)
def test_the_pulse_that_switches_ends_on_the_saddles_stable_manifold(sign, origin, goal):
    found = transition_threshold(A3, Pulse(sign, 0, 100), goal, from_state=origin, observe=3000)
    assert found.amplitude == pytest.approx(found.prediction, rel=3e-3)
    below, above = (
        simulate(
            A3, 3000, inputs={"mu_e": Pulse(f"{c * found.amplitude} pA", 0, 100)}, method="rk4",
            initial=_state(origin),
        )["r_E"][-1]
        for c in (0.99, 1.01)
    )  # fmt: skip
    assert (below < 4) == (origin == "down")
    assert (above < 4) == (goal == "down")


def _state(name):
    from stimulation.transitions.attractors import chosen, equilibria_at

    return chosen(equilibria_at(A3), name, A3).state


def test_longer_pulses_need_less():
    curve = dose_duration(A3, [10, 30, 100], "up", from_state="down", observe=2000)
    assert curve["threshold"].attrs["units"] == "pA"
    assert np.all(np.diff(curve["threshold"]) < 0)
    assert curve["prediction"].values == pytest.approx(curve["threshold"].values, rel=0.02)


def test_transitions_that_do_not_exist_are_answered():
    with pytest.raises(ModelError, match="has the stable states down, up"):
        transition_threshold(A3, Step("1 pA"), "up")
    with pytest.raises(UnknownNameError, match="aln has no state 'sideways'"):
        transition_threshold(A3, Pulse("1 pA", 0, 10), "sideways", from_state="down")
    with pytest.raises(ConvergenceError, match="no amplitude up to"):
        transition_threshold(
            A3, Pulse("1 pA", 0, 1), "up", from_state="down", largest=2, observe=500
        )
    with pytest.raises(ModelError, match="has no unit"):
        transition_threshold(A3, Step(1), "up", from_state="down")
