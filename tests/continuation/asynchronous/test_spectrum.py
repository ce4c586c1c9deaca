"""Spectra of finite networks: theory against independent numbers, itself and its limits.

The power of r_E asked for was computed by a separate program and confirmed by a network of 2000
neurons per population (20 s, Welch windows of 1 s).
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from continuation import RateSpectrum, rate_spectrum
from dynsys.errors import DynsysError, ModelError, UnknownNameError
from dynsys.models import aln, master_equation, wilson_cowan
from dynsys.netcdf import read_netcdf

MODEL = aln().with_parameters(mu_e=1.6, mu_i=0.5)
FREQUENCIES = [2, 5, 10, 20, 25, 30, 40, 60, 80, 120, 200]
POWER = [0.011, 0.012, 0.017, 0.062, 0.127, 0.144, 0.032, 0.012, 0.010, 0.016, 0.027]


@pytest.fixture(scope="module")
def spectrum() -> RateSpectrum:
    return rate_spectrum(MODEL, neurons=2_000, frequencies=FREQUENCIES)


def test_the_power_is_that_of_another_program(spectrum):
    assert spectrum["r_E"].values == pytest.approx(POWER, abs=6e-4)
    assert spectrum["r_E"].attrs["units"] == "Hz^2/Hz"


def test_power_goes_as_one_over_the_number_of_neurons(spectrum):
    larger = rate_spectrum(MODEL, neurons=8_000, frequencies=FREQUENCIES)
    for name in ("r_E", "r_I", "r_E_r_I"):
        assert larger[name].values * 4 == pytest.approx(spectrum[name].values, rel=1e-10)
    assert larger.standard_deviation("r_I") * 2 == pytest.approx(
        spectrum.standard_deviation("r_I"), rel=1e-10
    )


def test_the_same_state_again_costs_milliseconds(spectrum):
    def seconds():
        begun = time.process_time()
        again = rate_spectrum(MODEL, neurons=4_000, frequencies=FREQUENCIES)
        assert again["r_E"].values * 2 == pytest.approx(spectrum["r_E"].values, rel=1e-10)
        return time.process_time() - begun

    assert min(seconds() for _ in range(3)) < 0.06


def test_the_noise_of_each_population_adds(spectrum):
    # Almost silent I leaves the noise of E alone, and the other way round.
    most = 10**9
    parts = [
        rate_spectrum(MODEL, {"E": e, "I": i}, FREQUENCIES)
        for e, i in ((2_000, most), (most, 2_000))
    ]
    both = sum(part["r_E"].values for part in parts)
    assert both == pytest.approx(spectrum["r_E"].values, rel=1e-4)


def test_coherence_is_at_most_one_and_high_at_the_quasi_cycle(spectrum):
    coherence = np.abs(spectrum["r_E_r_I"]) ** 2 / (spectrum["r_E"] * spectrum["r_I"])
    assert float(coherence.max()) < 1
    assert float(coherence.sel(frequency=30)) > 0.9
    assert float(coherence.sel(frequency=200)) < 0.1


def test_at_high_frequencies_only_single_spikes_are_left():
    found = rate_spectrum(MODEL, 2_000, [2_500.0])
    assert float(found["r_E"][0]) == pytest.approx(2 * 19.7036 / 2_000, rel=0.02)


def test_the_standard_deviation_is_the_integral_of_the_power(spectrum):
    dense = np.arange(0.05, 1500, 0.1)
    power = rate_spectrum(MODEL, 2_000, dense)["r_E"].values
    variance = np.sum(power * np.sinc(dense * 0.01) ** 2) * 0.1
    assert spectrum.standard_deviation("r_E", bin=10.0) ** 2 == pytest.approx(variance, rel=5e-3)
    # In the shortest bins spikes are a Poisson process, r / (N bin).
    short = spectrum.standard_deviation("r_E", bin=0.01)
    assert short**2 == pytest.approx(19.7036 / (2_000 * 1e-5), rel=0.02)


def test_the_quasi_cycle_and_its_coherence_time(spectrum):
    peak = spectrum.peak("r_E")
    assert peak["frequency"] == pytest.approx(28.1, abs=0.05)
    assert peak["height"] == pytest.approx(0.161, abs=0.001)
    assert 1 / (np.pi * spectrum.coherence_time / 1000) == pytest.approx(peak["width"], rel=0.15)
    assert "quasi-cycle at 28.1" in spectrum.summary()


def test_adaptation_takes_power_away_at_low_frequencies():
    plain = aln().with_parameters(mu_e=5.0, mu_i=0.5, a=15.0, b=0.0)
    spiking = plain.with_parameters(mu_e=5.4, b=20.0)
    low = [float(rate_spectrum(m, 2_000, [0.2])["r_E"][0]) for m in (plain, spiking)]
    assert low[1] < low[0]


def test_the_master_equations_variances_solve_its_lyapunov_equation():
    model = master_equation("zerlaut2018").with_parameters(drive=4.0)
    found = rate_spectrum(model, {"e": 8000, "i": 2000}, [5.0])
    x = model.equilibrium().state
    strength = x * (1000 / 5.0 - x) / (np.array([8000, 2000]) * 5.0)
    covariance = solve_continuous_lyapunov(model.jacobian(x), -np.diag(strength))
    for k, name in enumerate(("nu_e", "nu_i")):
        whole = found.filtered_variance(name, np.ones_like, 0.0)
        assert whole == pytest.approx(covariance[k, k], rel=5e-3)
    second = master_equation("zerlaut2018", order=2).with_parameters(drive=4.0)
    assert covariance[0, 0] == pytest.approx(second.equilibrium()["c_ee"], rel=0.02)


def test_it_is_written_with_its_cross_spectrum(spectrum, tmp_path):
    again = read_netcdf(spectrum.save(tmp_path / "spectrum")).to_dataset()
    assert np.array_equal(again["r_E_r_I_imag"], spectrum["r_E_r_I"].values.imag)


@pytest.mark.parametrize(
    ("model", "neurons", "frequencies", "message"),
    [
        (MODEL.with_parameters(mu_e=1.4), 2000, [1.0], r"23.57 Hz grows at 16.45 1/s"),
        (MODEL, 500, [1.0], "K_e = 800"),
        (MODEL, 2000, [0.0], "above 0 Hz"),
        (MODEL.with_parameters(mu_e=-0.5), 2000, [1.0], "spikes within"),
        (wilson_cowan(), 2000, [1.0], "no theory"),
        (MODEL, {"E": 2000}, [1.0], r"the populations are \['E', 'I'\]"),
    ],
)
def test_what_has_no_spectrum_is_refused(model, neurons, frequencies, message):
    with pytest.raises(ModelError, match=message):
        rate_spectrum(model, neurons, frequencies)


def test_unknown_rates_are_named(spectrum):
    with pytest.raises(UnknownNameError, match="r_E, r_I"):
        spectrum.standard_deviation("r_X")
    with pytest.raises(DynsysError, match="bin"):
        spectrum.standard_deviation("r_E", bin=0)
