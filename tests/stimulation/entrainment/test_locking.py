"""Phase locking of signals with known phases."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from stimulation import order_parameter, phase_locking
from stimulation.entrainment.phases import crossings, phase

TIME = np.arange(0, 20_000, 1.0)  # ms


def wave(frequency: float, shift: float = 0.0, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    jitter = noise * np.cumsum(np.random.default_rng(seed).normal(size=len(TIME)))
    return np.cos(2 * np.pi * (frequency * TIME / 1000 - shift + jitter))


@pytest.mark.parametrize("method", ["peaks", "hilbert"])
def test_a_shifted_copy_is_locked_at_its_shift(method):
    found = phase_locking(wave(10, 0.2), wave(10), dt=1.0, method=method)
    assert found.locked
    assert found.value > 0.999
    assert found.preferred == pytest.approx(0.2, abs=2e-3)
    assert found.rotation == pytest.approx(1, abs=1e-3)
    assert found.mean == pytest.approx(abs(np.cos(np.pi * 0.2)), abs=5e-3)


def test_a_uniform_drift_has_the_known_statistics():
    found = phase_locking(wave(10.13), wave(10), dt=1.0)
    assert not found.locked
    assert found.mean == pytest.approx(2 / np.pi, abs=0.03)
    assert found.deviation == pytest.approx(0.308, abs=0.01)
    assert found.rotation == pytest.approx(1.013, abs=1e-3)


def test_the_order_parameter_of_two_phases():
    assert order_parameter(np.array([0.0, 0.3, 0.5]), np.zeros(3)) == pytest.approx(
        [1.0, abs(np.cos(np.pi * 0.3)), 0.0]
    )


def test_locking_of_other_ratios():
    found = phase_locking(wave(10), wave(20, 0.1), dt=1.0, ratio=(1, 2), method="hilbert")
    assert found.value > 0.99
    assert found.rotation == pytest.approx(0.5, abs=1e-3)
    assert phase_locking(wave(10), wave(20), dt=1.0, method="hilbert").value < 0.1


def test_surrogates_tell_locking_from_chance():
    noisy = wave(10, noise=0.004, seed=1)
    own = phase_locking(noisy, wave(10, 0.3, noise=0.004, seed=1), dt=1.0, surrogates=99)
    other = phase_locking(noisy, wave(10, 0.3, noise=0.01, seed=2), dt=1.0, surrogates=99)
    assert own.p_value == pytest.approx(0.01)
    assert other.p_value > 0.05


def test_the_histogram_is_a_density():
    density, edges = phase_locking(wave(10, 0.2), wave(10), dt=1.0).histogram(10)
    assert np.sum(density * np.diff(edges)) == pytest.approx(1)
    assert edges[np.argmax(density)] == pytest.approx(0.2, abs=0.11)


def test_crossings_count_cycles_once_in_spite_of_ripples():
    ripple = wave(5) + 0.05 * wave(83)
    assert len(crossings(ripple, 1.0)) == pytest.approx(100, abs=1)


def test_what_cannot_be_locked_is_answered():
    with pytest.raises(ModelError, match="two cycles are needed"):
        phase_locking(np.zeros(100), np.ones(100), dt=1.0)
    with pytest.raises(ModelError, match="has shape"):
        phase_locking(np.zeros(100), np.ones(99), dt=1.0)
    with pytest.raises(ModelError, match="give dt"):
        phase_locking(np.zeros(100), np.ones(100))
    with pytest.raises(ModelError, match="a whole number of 1 or more"):
        phase_locking(wave(10), wave(10), dt=1.0, ratio=(0, 1))
    with pytest.raises(UnknownNameError, match="Did you mean 'hilbert'"):
        phase(wave(10), 1.0, "hilbrt")
