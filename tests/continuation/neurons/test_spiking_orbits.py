"""Branches of spiking orbits and rate curves against published rates, simulation and theory."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.neurons.spiking_orbits import spiking_orbits
from dynsys.errors import ModelError, UnknownNameError
from dynsys.models import adex_neuron
from dynsys.models.adex_neuron import saddle_node_current


def settled(row: str, **values: float):
    neuron = adex_neuron(row, **values)
    return neuron.adaptation_map().attractor(neuron.rest(5.0)).orbit


def stable_rates(curve, currents) -> list[float]:
    part = curve.where(curve.stable, drop=True).sortby("I")
    return [float(np.interp(x, part.I.values, part.rate.values)) for x in currents]


# Rates (Hz) at 40, 60, 80, 100 pA, by counting spikes of simulations over 2 s.
@pytest.mark.parametrize(
    ("row", "published"),
    [
        ("tonic", [6.5, 14.5, 22.5, 30.0]),
        ("adapting", [6.5, 28.5, 48.5, 67.0]),
        ("initial_burst", [None, 21.0, 44.5, 67.5]),
    ],
)
def test_the_rate_curve_agrees_with_the_published_rates(row, published):
    rates = stable_rates(adex_neuron(row).rate_curve(span=(0, 130)), (40, 60, 80, 100))
    for rate, expected in zip(rates, published, strict=True):
        if expected is not None:
            assert rate == pytest.approx(expected, abs=0.5)


@pytest.fixture(scope="module")
def burster():
    return adex_neuron("bursting").rate_curve(span=(20, 110))


@pytest.mark.parametrize("current", [60.0, 100.0])
def test_the_rate_curve_of_the_burster_is_what_simulations_converge_to(burster, current):
    neuron = adex_neuron("bursting", I=current)
    run = neuron.simulate(2000.0, dt=0.005, start=neuron.rest(5.0), record=0)
    times = run.spike_time.values[run.spike_time.values > 500]
    long = np.flatnonzero(np.diff(times) > 10)  # whole bursts
    counted = 1000 * (long[-1] - long[0]) / (times[long[-1]] - times[long[0]])
    assert stable_rates(burster, [current])[0] == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize("row", ["tonic", "adapting", "delayed"])
def test_firing_begins_at_the_saddle_node_with_a_rate_like_a_square_root(row):
    neuron = adex_neuron(row)
    limit = saddle_node_current(neuron.parameters)
    curve = neuron.rate_curve(span=(0, 130))
    assert curve.attrs["onset"] == pytest.approx(limit, abs=0.3)
    assert "period diverges" in curve.attrs["ended"]
    rates = [settled(row, I=limit + x).rate for x in (1e-4, 4e-4)]
    assert rates[1] / rates[0] == pytest.approx(2, rel=0.05)


def test_firing_of_the_transient_row_begins_at_a_fold_below_the_end_of_rest():
    neuron = adex_neuron("transient")
    curve = neuron.rate_curve(span=(30, 90))
    fold = float(curve.special_I[list(curve.label.values).index("LPC")])
    assert curve.attrs["onset"] == pytest.approx(fold, abs=1e-6)
    assert fold < neuron.onset().current
    # On one side an attracting orbit, on the other silence; the fold is where the slope is 1.
    above = neuron.with_current(fold + 1e-3).adaptation_map().attractor()
    assert above.kind == "periodic" and 0 < above.orbit.multiplier < 1
    assert neuron.with_current(fold - 1e-3).adaptation_map().attractor().kind == "silent"


def test_the_burster_adds_spikes_at_folds(burster):
    added = burster.special_I.values[burster.label.values == "ADD"]
    folds = burster.special_I.values[burster.label.values == "LPC"]
    assert len(added) == 2
    for current in added:
        assert np.min(np.abs(folds - current)) < 0.05
    low, high = (settled("bursting", I=x) for x in (added[0] - 1, added[0] + 1))
    assert (len(low), len(high)) == (4, 5)


def test_doublings_of_the_irregular_row_approach_feigenbaums_ratio():
    orbit, currents = settled("irregular", I=100.0), []
    for doubling in range(4):
        branch = spiking_orbits(orbit, "I", (80, 100), only_stable=True)
        point = min(branch.points("PD"), key=lambda p: p.value)
        assert point.orbit.multiplier == pytest.approx(-1, abs=1e-4)
        currents.append(point.value)
        below = adex_neuron("irregular", I=point.value - 0.02 / 4**doubling)
        start = np.array([below.parameters["Vr"], point.orbit.w[0] + 1e-3])
        orbit = below.adaptation_map().attractor(start).orbit
        assert len(orbit) == 2 ** (doubling + 1)
    steps = -np.diff(currents)
    assert steps[1] / steps[2] == pytest.approx(4.669, rel=0.06)


def test_special_points_do_not_depend_on_the_step():
    orbit = settled("irregular")
    found = [
        spiking_orbits(orbit, "I", (60, 80), step=step, only_stable=True) for step in (0.02, 0.012)
    ]
    for one, two in zip(found[0].special_points, found[1].special_points, strict=True):
        assert (one.label, one.value) == (two.label, pytest.approx(two.value, abs=1e-6))


def test_an_isolated_family_is_closed():
    branch = spiking_orbits(settled("irregular"), "I", (0, 130))
    assert branch.ended[0].startswith("closed")
    assert len(branch.points("LPC")) == 2


def test_any_parameter_can_be_followed_and_names_are_checked():
    orbit = settled("adapting")
    branch = spiking_orbits(orbit, "b", (2.0, 20.0))
    assert branch.values.min() == pytest.approx(2.0) and branch.values.max() == pytest.approx(20.0)
    found = settled("adapting", b=20.0)
    assert branch.orbits[int(np.argmax(branch.values))].rate == pytest.approx(found.rate, rel=1e-8)
    with pytest.raises(UnknownNameError, match="Did you mean 'tau_w'"):
        spiking_orbits(orbit, "tauw", (1.0, 2.0))
    with pytest.raises(ModelError, match="empty or reversed"):
        adex_neuron("tonic").rate_curve(span=(130, 0))
