"""Transfer functions against the published table, closed forms and their own convergence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson, trapezoid

from dynsys import ModelError, StorageError
from dynsys.models import aln
from dynsys.transfer import (
    EIFNeuron,
    filter_time_constants,
    load_table,
    rate_response,
    save_table,
    steady_state,
    transfer_function,
    transfer_table,
)
from dynsys.transfer.fokker_planck import steady

# Cakan & Obermayer 2020, quantities_cascade.h5: mu index, sigma index -> r (kHz), <V> (mV), tau_mu.
# Exact grid: mu = linspace(-1, 7, 350), sigma = linspace(.5, 5, 64).
SPOTS = [
    (20, 14, 3.2595779e-10, -75.835938, 21.741),
    (60, 14, 0.0026335796, -58.551090, 11.901),
    (100, 14, 0.03531517, -56.665591, 1.621),
    (150, 14, 0.072762357, -56.683505, 0.631),
    (250, 14, 0.13306337, -56.498825, 0.261),
    (349, 63, 0.17835896, -57.630050, 0.211),
    (60, 40, 0.012482975, -63.749129, 4.951),
    (100, 0, 0.035057091, -55.911897, 1.531),
]
MU, SIGMA = np.linspace(-1, 7, 350), np.linspace(0.5, 5, 64)


@pytest.mark.parametrize(("i", "j", "rate", "voltage", "tau"), SPOTS)
def test_published_spot_values(i, j, rate, voltage, tau):
    # The published scheme is first order in its 0.01 mV step: it lies up to 1.5e-4 from its own
    # limit in r, 1e-4 in V. Its tau adds a slip at the reset and quantization: 1 % or 0.05 ms;
    # see test_the_published_scheme_tends_to_our_values.
    mine, mean = steady_state(EIFNeuron(), MU[i], SIGMA[j])
    assert mine == pytest.approx(rate, rel=1.5e-4)
    assert mean == pytest.approx(voltage, rel=1e-4)
    slack = 0.035 if SIGMA[j] < 1 else 0.01
    assert filter_time_constants(EIFNeuron(), MU[i], SIGMA[j])[0] == pytest.approx(
        tau, rel=slack, abs=0.02
    )


def published_scheme(mu: float, sigma: float, step: float) -> tuple[float, float]:
    """Rate and mean voltage by the published first-order backward scheme (Augustin et al. 2017)."""
    v = np.arange(round(160 / step) + 1) * step - 200.0
    f = 2 / sigma**2 * ((v + 65 - 1.5 * np.exp((v + 50) / 1.5)) / 20 - mu)
    a = np.exp(step * f)
    b = 2 / sigma**2 * np.where(f != 0, (a - 1) / np.where(f == 0, 1, f), step)
    p, reset = np.zeros(len(v)), round(130 / step)
    for k in range(len(v) - 1, 0, -1):
        p[k - 1] = p[k] * a[k] + b[k] * (k > reset)
    free = 1 / (step * p.sum())
    return free / (1 + 1.5 * free), float((v * p).sum() / p.sum())


def test_the_published_scheme_tends_to_our_values():
    mu, sigma = MU[150], SIGMA[14]
    rate, voltage = steady_state(EIFNeuron(), mu, sigma)
    coarse, fine = published_scheme(mu, sigma, 0.01), published_scheme(mu, sigma, 0.005)
    assert coarse[0] == pytest.approx(0.072762357, rel=1e-7)  # this is the published number
    extrapolated = [2 * f - c for c, f in zip(coarse, fine, strict=True)]
    assert extrapolated[0] == pytest.approx(rate, rel=2e-6)
    assert extrapolated[1] == pytest.approx(voltage, rel=2e-6)


def test_steady_state_converges_with_fourth_order():
    neuron = EIFNeuron().packed()
    rates = [steady(neuron, 1.0, 1.5, refinement)[0] for refinement in (1, 2, 4)]
    order = math.log2((rates[0] - rates[1]) / (rates[1] - rates[2]))
    assert 3.8 < order < 4.2


@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 1.5), (1.0, 1.5), (1.5, 3.0)])
def test_the_rate_is_the_inverse_mean_first_passage_time(mu, sigma):
    # Closed form of one-dimensional diffusion (Siegert 1951): an independent quadrature of
    # T = 2/sigma^2 int_Vr^Vs dy exp(phi(y)) int_-inf^y dz exp(-phi(z)), phi' = -2 drift/sigma^2.
    # The trapezoidal outer integral is good to about 1e-5.
    neuron = EIFNeuron()
    lowest = neuron.EL - 9 * sigma * math.sqrt(10)
    v = np.linspace(min(lowest, neuron.Vr - 20), neuron.Vs, 400_001)
    exponential = neuron.DeltaT**2 * np.exp((v - neuron.VT) / neuron.DeltaT)
    potential = -2 / sigma**2 * (mu * v + (neuron.EL * v - v**2 / 2 + exponential) / 20)
    potential -= potential.max()
    inner = cumulative_simpson(np.exp(-potential - (-potential).min()), x=v, initial=0)
    outer = np.exp(potential + (-potential).min()) * inner
    above = v >= neuron.Vr
    passage = 2 / sigma**2 * trapezoid(outer[above], v[above])
    rate = 1 / (neuron.Tref + passage)
    assert steady_state(neuron, mu, sigma)[0] == pytest.approx(rate, rel=2e-5)


@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 1.5), (1.5, 1.5), (1.0, 3.0)])
def test_the_response_at_low_frequency_is_the_slope_of_the_rate(mu, sigma):
    neuron, h = EIFNeuron(), 1e-3
    slope_mu = (steady_state(neuron, mu + h, sigma)[0] - steady_state(neuron, mu - h, sigma)[0]) / (
        2 * h
    )
    slope_sigma = (
        steady_state(neuron, mu, sigma + h)[0] - steady_state(neuron, mu, sigma - h)[0]
    ) / (2 * h)
    assert rate_response(neuron, mu, sigma, [0.01])[0].real == pytest.approx(slope_mu, rel=2e-3)
    sigma_response = rate_response(neuron, mu, sigma, [0.01], modulation="sigma")[0]
    assert sigma_response.real == pytest.approx(slope_sigma, rel=5e-3, abs=2e-6)


def test_rates_stay_below_the_refractory_limit_and_grow_with_input():
    rates = [steady_state(EIFNeuron(), mu, 2.0)[0] for mu in (-2.0, 0.0, 1.0, 3.0, 30.0)]
    assert np.all(np.diff(rates) > 0)
    assert rates[-1] < 1 / 1.5


def test_the_shipped_table_is_what_the_solver_gives():
    shipped = transfer_function()
    mu, sigma = shipped.axes["mu"][[150, 300]], shipped.axes["sigma"][[5, 40]]
    again = transfer_table(mu=mu, sigma=sigma, progress=False)
    for name in ("log_rate", "mean_voltage"):
        stored = shipped.evaluate(name, mu[:, None], sigma[None, :])
        assert stored == pytest.approx(again[name].values, rel=1e-7)
    stored = shipped.evaluate("log_tau_mu", mu[:, None], sigma[None, :])
    assert np.exp(stored) == pytest.approx(again["tau_mu"].values, rel=1e-5)


def test_the_time_constant_is_smooth_where_models_use_it():
    table = transfer_function()
    mu = np.linspace(-1, 6, 1500)
    values = table.evaluate("log_tau_mu", mu, 1.5)
    # A table quantized to 0.01 ms would jump by 5 % at tau = 0.2 ms.
    assert np.max(np.abs(np.diff(values, 2))) < 2e-4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"C": -1.0}, "EIFNeuron.C"),
        ({"Tref": -0.1}, "Tref"),
        ({"Vr": -40.0}, "Vr < VT < Vs"),
        ({"DeltaT": float("nan")}, "finite"),
        ({"DeltaT": 0.1, "Vs": -30.0}, "slope factors"),
    ],
)
def test_neurons_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ModelError, match=message):
        EIFNeuron(**values)


def test_inputs_that_make_no_sense_are_refused():
    with pytest.raises(ModelError, match="sigma"):
        steady_state(EIFNeuron(), 1.0, 0.0)
    with pytest.raises(ModelError, match="modulation"):
        rate_response(EIFNeuron(), 1.0, 1.0, [1.0], modulation="tau")
    with pytest.raises(ModelError, match="increase"):
        transfer_table(mu=np.array([1.0, 0.0]), progress=False)


def test_a_damaged_table_file_is_named(tmp_path):
    table = transfer_table(mu=np.linspace(0, 2, 8), sigma=np.linspace(1, 3, 8), progress=False)
    path = save_table(table, tmp_path / "table.npz")
    assert load_table(path)["log_rate"].shape == (8, 8)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(StorageError, match=r"table\.npz"):
        load_table(path)


def test_another_neurons_table_is_computed_once_and_cached(tmp_path, monkeypatch):
    import dynsys.transfer.stored as stored

    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    calls = []

    def small(neuron):
        calls.append(neuron)
        return transfer_table(
            neuron, mu=np.linspace(-1, 3, 9), sigma=np.linspace(1, 3, 8), progress=False
        )

    monkeypatch.setattr("dynsys.transfer.table.transfer_table", small)
    neuron = EIFNeuron(DeltaT=2.0)
    first = stored.transfer_function.__wrapped__(neuron)
    second = stored.transfer_function.__wrapped__(neuron)
    assert len(calls) == 1
    assert first.digest == second.digest
    (file,) = (tmp_path / "transfer").glob("*.npz")
    file.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="computed again"):
        third = stored.transfer_function.__wrapped__(neuron)
    assert third.digest == first.digest
    assert len(calls) == 2


def test_the_mean_field_uses_its_own_neurons_table():
    model = aln()
    assert model.tables["eif"] is transfer_function()
