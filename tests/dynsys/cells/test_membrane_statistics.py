"""Moments of the membrane potential against shot-noise integrals and published values."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from scipy.integrate import quad

from dynsys import ModelError
from dynsys.transfer.membrane import SynapticInput, membrane_definitions, membrane_statistics

# (nu_e, nu_i) in Hz of CONFIG1: published mean, sd, autocorrelation time; sd of the published code.
PUBLISHED = {
    (5, 5): (-50.769231, 4.098975, 11.153846, 2.338702),
    (8, 10): (-51.960784, 3.904062, 8.921569, 2.157322),
    (12, 20): (-55.357143, 3.289094, 7.380952, 1.878944),
}


def config1(nu_e: float, nu_i: float, legacy_sigma: bool = False):
    inputs = [
        SynapticInput(0.4 * nu_e, 1.0, 5.0, 0.0),
        SynapticInput(0.1 * nu_i, 5.0, 5.0, -80.0, inhibitory=True),
    ]
    return membrane_statistics(inputs, 10.0, 200.0, -65.0, legacy_sigma=legacy_sigma)


@pytest.mark.parametrize("rates", PUBLISHED)
def test_the_moments_of_config1_are_the_published_ones(rates):
    mean, sd, time, legacy = PUBLISHED[rates]
    found = config1(*rates)
    assert float(found.mean) == pytest.approx(mean, abs=1e-6)
    assert float(found.sd) == pytest.approx(sd, abs=1e-6)
    assert float(found.autocorrelation_time) == pytest.approx(time, abs=1e-6)
    assert float(config1(*rates, legacy_sigma=True).sd) == pytest.approx(legacy, abs=1e-6)


def potential(inputs, g_L, C_m, E_L, current):
    """Mean, and the post-synaptic potential of each input as a function of time, by hand."""
    G = g_L + sum(i.rate * i.Q * i.tau for i in inputs)
    mean = (g_L * E_L + current + sum(i.rate * i.Q * i.tau * i.E for i in inputs)) / G
    tau_m = C_m / G

    def response(i):
        # C dv/dt = -G v + Q exp(-t/tau) (E - mean), by variation of constants
        push = i.Q * (i.E - mean) / C_m
        return lambda t: push * (np.exp(-t / tau_m) - np.exp(-t / i.tau)) / (1 / i.tau - 1 / tau_m)

    return mean, [response(i) for i in inputs]


THREE = (
    SynapticInput(1.1, 1.3, 4.0, 0.0),
    SynapticInput(0.7, 4.0, 8.0, -80.0, inhibitory=True),
    SynapticInput(0.2, 2.5, 15.0, -10.0),
)


def test_moments_of_three_populations_are_the_integrals_of_their_responses():
    mean, responses = potential(THREE, 12.0, 180.0, -68.0, -30.0)
    found = membrane_statistics(THREE, 12.0, 180.0, -68.0, current=-30.0)

    def moment(power):
        return sum(
            i.rate * quad(lambda t, f=f: f(t) ** power, 0, 400, limit=200, epsabs=1e-13)[0]
            for i, f in zip(THREE, responses, strict=True)
        )

    assert float(found.mean) == pytest.approx(mean, rel=1e-12)
    assert float(found.sd) == pytest.approx(np.sqrt(moment(2)), rel=1e-8)
    assert float(found.skewness) == pytest.approx(moment(3) / moment(2) ** 1.5, rel=1e-7)
    areas = [quad(f, 0, 400, limit=200)[0] for f in responses]
    spectrum_at_zero = sum(i.rate * a**2 for i, a in zip(THREE, areas, strict=True))
    # Half the integral of the power spectrum's ratio to its peak, which Parseval's theorem gives.
    time = spectrum_at_zero / (2 * moment(2))
    assert float(found.autocorrelation_time) == pytest.approx(time, rel=1e-8)


def test_excitation_skews_upwards_and_inhibition_downwards():
    up = membrane_statistics([SynapticInput(0.5, 2.0, 5.0, 0.0)], 10.0, 200.0, -65.0)
    down = membrane_statistics([SynapticInput(0.5, 2.0, 5.0, -80.0)], 10.0, 200.0, -65.0)
    assert float(up.skewness) > 0 > float(down.skewness)


def test_the_statistics_of_a_simulated_membrane_are_the_symbolic_ones():
    rng = np.random.default_rng(7)
    dt, steps, trials = 0.1, 20000, 60
    inputs = (SynapticInput(2.0, 1.0, 5.0, 0.0), SynapticInput(0.8, 5.0, 5.0, -80.0))
    V = np.full(trials, -60.0)
    G = np.zeros((2, trials))
    sums = np.zeros(3)
    for step in range(steps):
        for k, i in enumerate(inputs):
            G[k] += -dt * G[k] / i.tau + i.Q * rng.poisson(i.rate * dt, trials)
        V += dt / 200.0 * (10.0 * (-65.0 - V) + G[0] * (0.0 - V) + G[1] * (-80.0 - V))
        if step > 2000:
            sums += (trials, V.sum(), (V**2).sum())
    mean = sums[1] / sums[0]
    sd = np.sqrt(sums[2] / sums[0] - mean**2)
    found = membrane_statistics(inputs, 10.0, 200.0, -65.0)
    # The theory takes conductances at their means: it is off by the square of their fluctuations.
    assert float(found.mean) == pytest.approx(mean, abs=0.35)
    assert float(found.sd) == pytest.approx(sd, rel=0.06)


def test_named_definitions_and_written_out_moments_agree():
    definitions, moments = membrane_definitions("e", THREE, 12.0, 180.0, -68.0)
    known: dict = {}
    for name, formula in definitions.items():
        known[sympy.Symbol(name, real=True)] = formula.xreplace(known)
    whole = membrane_statistics(THREE, 12.0, 180.0, -68.0)
    assert list(definitions) == [
        "mu_G_e", "tau_m_e", "mu_V_e", "sigma_V_e", "tau_V_e", "gamma_V_e",
    ]  # fmt: skip
    for field in ("mean", "sd", "autocorrelation_time", "skewness"):
        written = float(known[getattr(moments, field)])
        assert written == pytest.approx(float(getattr(whole, field)), rel=1e-14)


def test_a_silent_membrane_rests_without_division_by_zero():
    found = config1(0.0, 0.0)
    assert float(found.mean) == -65.0
    assert 0 < float(found.sd) < 1e-6
    assert np.isfinite(float(found.autocorrelation_time))


def test_a_membrane_without_input_is_refused():
    with pytest.raises(ModelError, match="give one input"):
        membrane_statistics([], 10.0, 200.0, -65.0)
    only = [SynapticInput(1.0, 1.0, 5.0, -80.0, inhibitory=True)]
    with pytest.raises(ModelError, match="there is no other"):
        membrane_statistics(only, 10.0, 200.0, -65.0, legacy_sigma=True)
