"""Transitions to and from named rhythms, where they coexist with a resting state."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from continuation import equilibria, limit_cycles
from dynsys import ModelError, UnknownNameError, simulate_ensemble
from dynsys.models import aln
from stimulation import Pulse, Step, transition_threshold
from stimulation.transitions import attractors, threshold
from stimulation.transitions.attractors import chosen, equilibria_at, rests, start_of
from stimulation.transitions.rhythms import recording

# Both states are stable here, between the fold of equilibria and the second Hopf point.
BOTH = aln().with_parameters(mu_e=1.835, mu_i=1.2)


@cache
def fast_cycle():
    branch = equilibria(BOTH, "mu_e", (1.0, 2.5))
    return limit_cycles(branch["H2"], "mu_e", (1.8, 1.85)).at(mu_e=1.835)


def late_rates(model, start, pulses, duration=3000):
    run = simulate_ensemble(
        model, duration, points={"mu_e": [model.parameters["mu_e"]] * len(pulses)}, initial=start,
        inputs={"mu_e": pulses}, record="r_E", sample=0.5,
    )  # fmt: skip
    return run["r_E"].values


def is_on_the_fast_cycle(rates):
    seen, cycle = recording(rates, 0.5), fast_cycle()
    low, high = cycle.extrema("r_E")
    return (
        seen is not None
        and seen.period == pytest.approx(cycle.period, rel=2e-3)
        and (seen.low, seen.high) == pytest.approx((low, high), abs=0.05)
    )


def test_a_pulse_throws_the_up_state_onto_the_fast_rhythm():
    found = transition_threshold(
        BOTH, Pulse("-1 pA", 0, 100), "LC_EI", from_state="up", largest=30, observe=3000,
        resolution=0.05,
    )  # fmt: skip
    assert (found.from_state, found.to_state, found.unit) == ("up", "LC_EI", "pA")
    assert -22 < found.amplitude < -21
    assert np.isnan(found.prediction)
    up = chosen(equilibria_at(BOTH), "up", BOTH)
    below, above = late_rates(
        BOTH, up.state, [Pulse(f"{f * found.amplitude} pA", 0, 100) for f in (0.99, 1.01)]
    )
    assert rests(below)
    assert below[-1] == pytest.approx(BOTH.observe(up.state)["r_E"], abs=0.01)
    assert is_on_the_fast_cycle(above)


def test_a_pulse_stops_the_fast_rhythm_at_the_phase_where_it_finds_it():
    options = {"largest": 30, "observe": 3000, "resolution": 0.05}
    found = transition_threshold(BOTH, Pulse("1 pA", 0, 50), "up", from_state="LC_EI", **options)
    assert (found.from_state, found.to_state) == ("LC_EI", "up")
    assert found.amplitude > 0
    start = start_of(BOTH, "LC_EI", "mu_e", 2.0, {})
    below, above = late_rates(
        BOTH, start.initial, [Pulse(f"{f * found.amplitude} pA", 0, 50) for f in (0.98, 1.02)]
    )
    assert is_on_the_fast_cycle(below)
    assert rests(above)


def test_a_pulse_starts_the_slow_rhythm_beside_the_down_state():
    # Below its subcritical Hopf point the down state of the adapting model coexists with LC_aE.
    model = aln().with_parameters(a=15, b=40, mu_e=4.1074, mu_i=2.5)
    found = transition_threshold(
        model, Pulse("1 pA", 0, 100), "LC_aE", from_state="down", largest=20, observe=6000,
        resolution=0.1,
    )  # fmt: skip
    assert (found.to_state, found.unit) == ("LC_aE", "pA")
    assert 1.6 < found.amplitude < 1.9
    down = chosen(equilibria_at(model), "down", model)
    below, above = late_rates(
        model, down.state, [Pulse(f"{f * found.amplitude} pA", 0, 100) for f in (0.9, 1.1)], 6000
    )
    assert rests(below)
    seen = recording(above, 0.5)
    assert seen.period > 600  # ms; bursts of tens of Hz from silence
    assert seen.high > 40


def test_a_step_starts_the_fast_rhythm_by_name():
    model = aln().with_parameters(mu_e=1.2, mu_i=1.2)
    found = transition_threshold(model, Step("1 pA"), to_state="LC_EI", observe=4000)
    assert found.prediction == pytest.approx(200 * (1.3426720 - 1.2), abs=1e-3)  # the Hopf point
    assert found.amplitude == pytest.approx(found.prediction, abs=0.4)  # slow near it
    with pytest.raises(ModelError, match="comes to 'LC_EI' without the stimulus too"):
        transition_threshold(aln(), Step("1 pA"), to_state="LC_EI", observe=3000)


def test_unknown_states_are_refused_before_any_work(monkeypatch):
    def work(*_, **__):
        raise AssertionError("work was done")

    for module in (threshold, attractors):
        monkeypatch.setattr(module, "simulate_ensemble", work)
    monkeypatch.setattr(attractors, "find_equilibria", work)
    with pytest.raises(UnknownNameError, match=r"aln has no state 'LC_IE'\. Did you mean 'LC_EI'"):
        transition_threshold(aln(), Step("1 pA"), to_state="LC_IE")
    with pytest.raises(UnknownNameError, match="It has: down, up, LC_EI, LC_aE, cycle"):
        transition_threshold(aln(), Pulse("1 pA", 0, 10), "up", from_state="asleep")


def test_a_rhythm_that_is_not_there_is_answered_with_what_is():
    with pytest.raises(UnknownNameError, match=r"no stable state 'LC_aE'.*It has: up, LC_EI"):
        transition_threshold(BOTH, Pulse("1 pA", 0, 50), "up", from_state="LC_aE")


def test_the_period_of_bursts_is_not_the_distance_of_their_spikes():
    t = np.arange(0.0, 4000.0)
    bursts = np.exp(-(((t % 250) - 60) ** 2) / 200) + 0.8 * np.exp(-(((t % 250) - 120) ** 2) / 200)
    assert recording(bursts, 1.0).period == pytest.approx(250, abs=0.5)
    assert recording(t, 1.0) is None
