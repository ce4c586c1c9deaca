"""Linear response and intervals of the EIF neuron at complex frequencies."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys.errors import ModelError
from dynsys.transfer import EIFNeuron, neuron_response, rate_response, steady_state

NEURON = EIFNeuron()
POINTS = [(0.9, 1.7), (1.4, 1.8), (0.3, 1.6), (2.2, 2.0)]
FREQUENCIES = np.array([1.0, 10.0, 25.0, 60.0, 200.0])


@pytest.mark.parametrize(("mu", "sigma"), POINTS)
def test_on_the_imaginary_axis_it_is_the_response_behind_the_tables(mu, sigma):
    found = neuron_response(NEURON, mu, sigma, 2j * np.pi * FREQUENCIES / 1000)
    for name, values in (("mu", found.rate_mu), ("sigma", found.rate_sigma)):
        expected = rate_response(NEURON, mu, sigma, FREQUENCIES, name)
        assert values == pytest.approx(expected, rel=5e-6, abs=1e-9)


@pytest.mark.parametrize(("mu", "sigma"), POINTS)
def test_slow_responses_are_the_slopes_of_rate_and_mean_voltage(mu, sigma):
    found, h = neuron_response(NEURON, mu, sigma, [1e-6]), 1e-4
    for by_rate, by_voltage, step in (
        (found.rate_mu, found.voltage_mu, (h, 0.0)),
        (found.rate_sigma, found.voltage_sigma, (0.0, h)),
    ):
        above = steady_state(NEURON, mu + step[0], sigma + step[1])
        below = steady_state(NEURON, mu - step[0], sigma - step[1])
        slopes = [(a - b) / (2 * h) for a, b in zip(above, below, strict=True)]
        assert by_rate[0].real == pytest.approx(slopes[0], rel=1e-4, abs=1e-7)
        assert by_voltage[0].real == pytest.approx(slopes[1], rel=1e-4)


@pytest.mark.parametrize(("mu", "sigma"), POINTS)
def test_the_mean_interval_is_the_inverse_of_the_rate(mu, sigma):
    slow = 1e-6
    (f,) = neuron_response(NEURON, mu, sigma, [slow]).interval
    rate = steady_state(NEURON, mu, sigma)[0]
    assert -np.log(f).real / slow == pytest.approx(1 / rate, rel=slow / rate + 1e-5)


def test_intervals_have_the_variation_of_simulated_ones():
    # 400 neurons, Heun's method: an independent way to the same numbers.
    mu, sigma, dt, count = 1.4, 1.8, 0.02, 400
    generator = np.random.default_rng(3)
    v, last = np.full(count, -70.0), np.zeros(count)
    wait, intervals = np.zeros(count), []

    def slope(v: np.ndarray) -> np.ndarray:
        return mu + (-65.0 - v + 1.5 * np.exp((np.minimum(v, -40.0) + 50.0) / 1.5)) / 20.0

    for step in range(25_000):
        noise = sigma * np.sqrt(dt) * generator.standard_normal(count)
        ahead = v + dt * slope(v) + noise
        moved = v + 0.5 * dt * (slope(v) + slope(ahead)) + noise
        v = np.where(wait > 0, v, moved)
        wait -= dt
        spiked = v > -40.0
        v[spiked], wait[spiked] = -70.0, 1.5
        intervals.append(step * dt - last[spiked])
        last[spiked] = step * dt
    found = np.concatenate(intervals[2500:])
    f = neuron_response(NEURON, mu, sigma, [0.05j, 0.2j]).interval
    measured = [np.mean(np.exp(-1j * w * found)) for w in (0.05, 0.2)]
    assert f == pytest.approx(measured, abs=0.02)


def test_noise_is_the_rate_at_high_frequencies_and_less_at_low_ones():
    mu, sigma = 1.4, 1.8
    rate = steady_state(NEURON, mu, sigma)[0]
    low, high = neuron_response(NEURON, mu, sigma, [0.005j, 6.0j]).noise(rate) / rate
    assert low == pytest.approx(0.112, abs=0.002)  # the squared variation of the intervals
    assert high == pytest.approx(1.0, abs=1e-3)


def test_what_has_no_response_is_refused():
    with pytest.raises(ModelError, match="noise must be positive"):
        neuron_response(NEURON, 1.0, 0.0, [0.1j])
    with pytest.raises(ModelError, match="is 0"):
        neuron_response(NEURON, 1.0, 1.0, [0.0])
    with pytest.raises(ModelError, match="finite"):
        neuron_response(NEURON, 1.0, 1.0, [np.nan])


def test_voltage_responses_are_right_or_said_to_be_lost():
    # Below some frequency they agree with those of a grid twice as fine; above it they are NaN.
    mu, sigma = 0.9, 1.7
    exponents = 2j * np.pi * np.array([50.0, 100.0, 200.0, 400.0, 700.0, 2000.0]) / 1000
    found = neuron_response(NEURON, mu, sigma, exponents)
    coarse = neuron_response(NEURON, mu, sigma, exponents, extrapolated=False)
    for fine, rough in (
        (found.voltage_mu, coarse.voltage_mu),
        (found.voltage_sigma, coarse.voltage_sigma),
    ):
        assert fine[:3] == pytest.approx(rough[:3], abs=1e-3)
        assert np.all(np.isnan(fine[3:]))
    assert (found.voltage_mu * exponents)[2] == pytest.approx(1.0, abs=0.2)  # the membrane's
    without = neuron_response(NEURON, mu, sigma, exponents, voltages=False)
    assert np.array_equal(without.rate_mu, found.rate_mu)
    assert np.all(np.isnan(without.voltage_mu))
