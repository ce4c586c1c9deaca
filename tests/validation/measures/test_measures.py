"""Measures against signals whose rates, frequencies and irregularity are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from dynsys import simulate
from dynsys.errors import ModelError
from dynsys.models import aln
from stimulation import bistability_detector
from validation.measures.estimates import Estimate, bootstrap, of_seeds
from validation.measures.rates import (
    bistability,
    dominant_frequency,
    mean_rate,
    oscillates,
    oscillation,
    peak_rate,
    switching_times,
)
from validation.measures.spike import irregularity, synchrony

DT = 0.1


def signal(values):
    values = np.asarray(values, dtype=float)
    time = DT * np.arange(len(values))
    return xr.Dataset({"r_E": ("time", values)}, coords={"time": time})


def times(duration):
    return DT * np.arange(round(duration / DT))


@pytest.mark.parametrize("frequency", [2.73, 11.0, 22.57, 30.1, 47.3])
def test_the_frequency_of_a_noisy_rhythm_lies_in_its_interval(frequency):
    generator = np.random.default_rng(1)
    t = times(6000)
    noise = generator.normal(0, 8, len(t))
    run = signal(20 + 10 * np.sin(2 * np.pi * frequency * t / 1000) + noise)
    found = dominant_frequency(run)
    assert found.value == pytest.approx(frequency, rel=0.01)
    assert found.low - 0.01 * frequency <= frequency <= found.high + 0.01 * frequency


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Phase diffuses from cycle to cycle: 95 % intervals over many rhythms of one frequency."""
    held = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        period = generator.normal(50, 2.5, 140)  # 20 Hz, coefficient of variation 5 %
        marks = np.concatenate([[0], np.cumsum(period)])
        phase = np.interp(times(6000), marks, np.arange(len(marks)))
        found = dominant_frequency(signal(30 + 25 * np.cos(2 * np.pi * phase)))
        held += found.low <= 20.0 <= found.high
    assert 90 <= held <= 99


def test_few_segments_of_a_slow_rhythm_give_no_small_error_by_luck():
    """2.5 s of 3.5 Hz are three segments: a normal quantile for their spread says 3 standard
    deviations in 1 of 10 runs."""
    scores, errors = [], []
    for seed in range(100):
        generator = np.random.default_rng(seed)
        cycles = 3.5 * times(2500) / 1000 + np.cumsum(generator.normal(0, 0.0032, 25_000))
        noise = generator.normal(0, 20, 25_000)
        found = dominant_frequency(signal(60 + 25 * np.cos(2 * np.pi * cycles) + noise), after=0)
        scores.append((found.value - 3.5) / found.error)
        errors.append(found.error)
    assert np.mean(np.abs(scores) > 3) <= 0.03
    assert min(errors) > 0.02


def test_a_spectrum_that_grows_to_the_end_of_the_search_has_no_frequency():
    """Noise of a damped rhythm of 3 Hz, whose short autocorrelation shows any period."""
    found = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        kick = generator.normal(size=(2, 6000))
        rotated = lfilter(
            [1.0], [1.0, -np.exp((-5 + 2j * np.pi * 3) * 5e-4)], kick[0] + 1j * kick[1]
        )
        rate = xr.Dataset({"r_E": ("time", 50 + 0.5 * rotated.real)},
                          coords={"time": 0.5 * np.arange(6000)})  # fmt: skip
        found.append(dominant_frequency(rate, after=0))
    told = [each for each in found if math.isfinite(each.value)]
    assert 0 < len(told) < 60
    assert min(each.error for each in told) > 0.05
    assert any("no peak" in str(each) for each in found)


def test_a_noisy_rhythm_is_not_taken_for_a_multiple_of_its_period():
    generator = np.random.default_rng(0)
    for _ in range(40):
        rate = 30 + 25 * np.cos(2 * np.pi * 20 * times(2000) / 1000)
        rate += np.repeat(generator.normal(0, 100, 4000), 5)
        assert dominant_frequency(signal(rate), after=0).value == pytest.approx(20, abs=1)


def test_nothing_is_called_a_rhythm_in_white_noise():
    generator = np.random.default_rng(3)
    run = signal(generator.normal(20, 5, 40_000))
    found = dominant_frequency(run)
    assert math.isnan(found.value)
    assert str(found) == "no rhythm"


def test_mean_and_peak_of_a_rhythm_are_those_of_its_formula():
    run = signal(12 + 10 * np.sin(2 * np.pi * 20 * times(3000) / 1000))
    assert mean_rate(run).value == pytest.approx(12, abs=0.02)
    # A Gaussian of 2 ms takes exp(-(2 pi f sigma)^2 / 2) of the amplitude.
    kept = math.exp(-((2 * np.pi * 0.020 * 2) ** 2) / 2)
    assert peak_rate(run).value == pytest.approx(12 + 10 * kept, abs=0.02)


def test_the_interval_of_a_mean_shrinks_with_the_square_root_of_time():
    generator = np.random.default_rng(8)
    errors = []
    for duration in (4000, 64_000):
        each = [
            mean_rate(signal(generator.normal(20, 30, round(duration / DT)))).error
            for _ in range(5)
        ]
        errors.append(np.mean(each))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.4)
    assert errors[1] == pytest.approx(30 / math.sqrt(64_000 / DT), rel=0.3)


def test_the_published_power_of_a_sine_is_half_its_squared_amplitude():
    run = signal(20 + 3 * np.sin(2 * np.pi * 20 * times(3000) / 1000))
    frequency, power = oscillation(run)
    assert frequency == 20.0
    assert power == pytest.approx(4.5, rel=1e-3)
    assert oscillates(run)
    assert not oscillates(signal(20 + 1.3 * np.sin(2 * np.pi * 20 * times(3000) / 1000)))


def test_the_published_test_finds_the_two_states_of_the_mean_field():
    model = aln().with_parameters(mu_e=2.05, mu_i=1.7)
    detector = bistability_detector("1 mV/ms", 0.0, 6000.0)
    run = simulate(model, 6000, inputs={"mu_e": detector}, sample=0.5)
    # Published fixed points at A3: .623 and 28.17 Hz.
    assert bistability(run).value == pytest.approx(28.17 - 0.62, abs=0.1)
    single = simulate(aln().with_parameters(mu_e=1.2, mu_i=1.2), 6000, inputs={"mu_e": detector},
                      sample=0.5)  # fmt: skip
    assert abs(bistability(single).value) < 1


def test_switches_are_found_where_they_happen():
    values = np.where((times(3000) > 1000) & (times(3000) < 2200), 40.0, 1.0)
    up, down = switching_times(signal(values), border=20)
    assert up == pytest.approx([1000], abs=1)
    assert down == pytest.approx([2200], abs=1)


def spiking(trains, duration):
    time = np.concatenate(trains)
    neuron = np.concatenate([np.full(len(t), k) for k, t in enumerate(trains)])
    return xr.Dataset(
        {"spike_time_E": ("spike_E", time), "spike_neuron_E": ("spike_E", neuron)},
        coords={"time": np.arange(0, duration, 1.0)},
    )


def test_clocks_are_regular_and_poisson_neurons_irregular():
    generator = np.random.default_rng(2)
    clocks = [np.arange(k, 20_000, 37.0) for k in range(20)]
    assert irregularity(spiking(clocks, 20_000)).value == pytest.approx(0, abs=1e-9)
    poisson = [np.cumsum(generator.exponential(20, 900)) for _ in range(50)]
    found = irregularity(spiking(poisson, 20_000))
    assert found.low < 1.0 < found.high
    assert math.isnan(irregularity(spiking([np.array([1.0])], 20_000)).value)


def test_synchrony_is_one_for_copies_and_nothing_for_strangers():
    generator = np.random.default_rng(4)
    one = np.cumsum(generator.exponential(30, 600))
    copies = [one for _ in range(40)]
    strangers = [np.cumsum(generator.exponential(30, 600)) for _ in range(40)]
    assert synchrony(spiking(copies, 15_000)).value == pytest.approx(1, abs=1e-6)
    assert synchrony(spiking(strangers, 15_000)).value < 0.06


def test_errors_say_what_the_run_holds():
    run = signal(np.ones(1000))
    with pytest.raises(ModelError, match="no r_I"):
        mean_rate(run, "I")
    with pytest.raises(ModelError, match="between 500 and 600 ms of a run of 100 ms"):
        mean_rate(run, "E", after=500, before=600)
    with pytest.raises(ModelError, match="no spikes of E"):
        irregularity(run)


def test_estimates_print_their_uncertainty():
    assert str(Estimate(30.61, 30.3, 30.9, "Hz")) == "30.61 ± 0.31 Hz"
    assert "uncertainty unknown" in str(bootstrap(np.ones(1), np.mean, "Hz"))
    three = of_seeds([29.0, 30.0, 31.0], "Hz")
    assert three.value == 30
    assert three.high - 30 == pytest.approx(4.303 / math.sqrt(3), rel=1e-3)  # Student, 2 degrees


def test_a_run_that_ends_in_nothing_is_not_measured():
    run = xr.Dataset({"r_E": ("time", np.full(3000, np.nan))}, {"time": np.arange(3000.0)})
    found = mean_rate(run, "E")
    assert np.isnan(found.value)
    assert "does not stay finite" in str(found)
