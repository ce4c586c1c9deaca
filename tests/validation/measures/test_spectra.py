"""Spectral densities of measured rates: signals of known density."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from dynsys.errors import ModelError
from validation.measures.spectra import at_frequencies, power_density


def run_of(values: np.ndarray, dt: float) -> xr.Dataset:
    return xr.Dataset({"r_E": ("time", values)}, {"time": dt * np.arange(len(values))})


def test_white_noise_has_its_variance_spread_over_all_frequencies():
    dt, count = 0.5, 80_000  # Nyquist frequency 1000 Hz
    values = 10 + 3 * np.random.default_rng(1).standard_normal(count)
    found = power_density(run_of(values, dt), "E", after=0.0)
    expected = 9 / 1000
    assert float(found["power"].mean()) == pytest.approx(expected, rel=0.01)
    scatter = float(found["power"].std() / found["power"].mean())
    assert float((found["error"] / found["power"])[5]) == pytest.approx(scatter, rel=0.1)
    near = at_frequencies(found, np.arange(10.0, 400.0, 5.0))
    deviations = (near["power"] - expected) / near["error"]
    assert float(deviations.std()) == pytest.approx(1.0, abs=0.3)


def test_a_run_too_short_or_a_frequency_too_high_is_refused():
    run = run_of(np.ones(1000), 1.0)
    with pytest.raises(ModelError, match="run longer"):
        power_density(run, after=0.0)
    found = power_density(run, window=200.0, after=0.0)
    with pytest.raises(ModelError, match="outside the measured"):
        at_frequencies(found, np.array([700.0]))
