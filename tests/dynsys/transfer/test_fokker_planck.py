"""Transfer functions of the EIF neuron: published values, closed forms, order, invariance."""

from __future__ import annotations

import argparse
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import cumulative_simpson, quad, trapezoid

from dynsys.errors import ModelError, StorageError
from dynsys.models import aln
from dynsys.transfer import (
    EIFNeuron,
    filter_time_constants,
    load_table,
    rate_response,
    save_table,
    steady_state,
    stored,
    transfer_function,
    transfer_table,
)
from dynsys.transfer.commands import add
from dynsys.transfer.filters import cell
from dynsys.transfer.fokker_planck import response, steady
from tests.oracles import transfer_function as oracle

NEURON = EIFNeuron()
LEAKY = {"leak": -65.0, "reset": -70.0, "threshold": -50.0, "refractory": 1.5, "tau": 20.0}

# A leaky neuron for the compiled functions: an exponential current that is never felt.
LEAKY_PACKED = np.array([-65.0, 1.0, 1000.0, -70.0, -50.0, 1.5, 20.0])

inputs = st.tuples(st.floats(-1.0, 6.0), st.floats(0.6, 4.9))


@pytest.mark.parametrize(("mu", "sigma", "rate", "voltage", "tau"), oracle.SPOTS)
def test_the_published_values_are_met_within_the_error_of_their_scheme(
    mu, sigma, rate, voltage, tau
):
    # The published first-order scheme on steps of 0.01 mV is off by up to 1.3e-4 in the rate,
    # 0.8e-4 in the voltage and 1 % in tau (next test), and tau is rounded to 0.01 ms.
    mu, sigma = oracle.on_grid(mu, sigma)
    assert steady_state(NEURON, mu, sigma) == pytest.approx((rate, voltage), rel=1.5e-4)
    found = filter_time_constants(NEURON, mu, sigma)[0]
    assert found == pytest.approx(tau, abs=0.02 + 0.01 * tau)


@pytest.mark.parametrize(("mu", "sigma", "rate", "voltage"), [s[:4] for s in oracle.SPOTS[1:5:2]])
def test_the_published_scheme_converges_to_our_steady_state_at_first_order(
    mu, sigma, rate, voltage
):
    mu, sigma = oracle.on_grid(mu, sigma)
    coarse, middle, fine = (
        np.array(oracle.published_steady_state(mu, sigma, n)[:2]) for n in (16_000, 32_000, 64_000)
    )
    assert coarse == pytest.approx((rate, voltage), rel=1e-7)  # it is the published scheme
    ours = np.array(steady_state(NEURON, mu, sigma))
    assert (coarse - ours) / (middle - ours) == pytest.approx(2.0, abs=0.06)
    limit = (4 * (2 * fine - middle) - (2 * middle - coarse)) / 3
    assert ours == pytest.approx(limit, rel=1e-7)


@pytest.mark.slow(chosen=True)
@pytest.mark.parametrize(("mu", "sigma", "tau"), [(s[0], s[1], s[4]) for s in oracle.SPOTS[:3:2]])
def test_the_published_scheme_converges_to_our_time_constant(mu, sigma, tau):
    mu, sigma = oracle.on_grid(mu, sigma)
    published = oracle.best_time_constant(oracle.published_response(mu, sigma, slip=True))
    assert published == pytest.approx(tau, abs=0.0051)  # it is the published scheme
    coarse, fine = (
        oracle.best_time_constant(oracle.published_response(mu, sigma, n)) for n in (16_000, 32_000)
    )
    ours = filter_time_constants(NEURON, mu, sigma)[0]
    assert 2 * fine - coarse == pytest.approx(ours, rel=1e-4)


@pytest.mark.parametrize("mu", [0.2, 0.6, 0.9, 2.0])
@pytest.mark.parametrize("sigma", [0.8, 1.5, 4.0])
def test_without_an_upstroke_the_rate_is_siegerts(mu, sigma):
    logarithm, _ = steady(LEAKY_PACKED, mu, sigma, 1)
    assert math.exp(logarithm) == pytest.approx(oracle.siegert_rate(mu, sigma, **LEAKY), rel=2e-6)


def test_sharp_upstrokes_approach_the_leaky_neuron():
    expected = oracle.siegert_rate(0.7, 1.5, **LEAKY)
    distances = [
        abs(steady_state(EIFNeuron(DeltaT=d, Vs=-50 + 20 * d), 0.7, 1.5)[0] / expected - 1)
        for d in (0.4, 0.2, 0.1)
    ]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.1


@pytest.mark.parametrize("mu", [1.5, 3.0])
def test_without_noise_the_interval_is_the_deterministic_one(mu):
    def slowness(v):
        current = NEURON.EL - v + NEURON.DeltaT * math.exp((v - NEURON.VT) / NEURON.DeltaT)
        return 1 / (mu + current / NEURON.membrane_time_constant)

    interval = NEURON.Tref + quad(slowness, NEURON.Vr, NEURON.Vs, epsrel=1e-12, limit=200)[0]
    rate, voltage = steady_state(NEURON, mu, 0.02)
    assert rate == pytest.approx(1 / interval, rel=1e-4)
    mean = quad(lambda v: v * slowness(v), NEURON.Vr, NEURON.Vs, limit=200)[0]
    assert voltage == pytest.approx(mean / (interval - NEURON.Tref), rel=1e-4)


def test_the_rate_saturates_at_the_inverse_refractory_time():
    rates = [steady_state(NEURON, mu, 1.5)[0] for mu in (10, 100, 1000)]
    assert rates[0] < rates[1] < rates[2] < 1 / NEURON.Tref
    assert rates[2] == pytest.approx(1 / NEURON.Tref, rel=0.05)


@settings(max_examples=15, deadline=None)
@given(inputs)
def test_a_slow_modulation_follows_the_slope_of_the_rate(at):
    mu, sigma = at
    h, k = 1e-3, 1e-3 * sigma

    def logarithm(mu, sigma):
        return math.log(steady_state(NEURON, mu, sigma)[0])

    rate, _ = steady_state(NEURON, mu, sigma)
    slope = (logarithm(mu + h, sigma) - logarithm(mu - h, sigma)) / (2 * h)
    found = rate_response(NEURON, mu, sigma, [1e-3])[0] / rate
    assert found == pytest.approx(slope, rel=2e-4)
    slope = (logarithm(mu, sigma + k) - logarithm(mu, sigma - k)) / (2 * k)
    found = rate_response(NEURON, mu, sigma, [1e-3], modulation="sigma")[0] / rate
    assert found == pytest.approx(slope, rel=2e-4, abs=1e-4)


def test_a_fast_modulation_is_low_pass_filtered_by_the_slope_factor():
    # Fourcaud-Trocme et al. 2003, J. Neurosci. 23:11628: r1 -> r / (i omega DeltaT).
    neuron = EIFNeuron(Vs=-20.0)  # the asymptote needs an upstroke faster than the modulation
    rate, _ = steady_state(neuron, 0.8, 2.0)
    frequencies = np.array([1000.0, 2000.0, 4000.0, 8000.0])
    asymptote = rate / (2j * math.pi * frequencies / 1000 * neuron.DeltaT)
    errors = np.abs(rate_response(neuron, 0.8, 2.0, frequencies) / asymptote - 1)
    assert np.all(errors[:-1] / errors[1:] > 1.8)
    assert errors[-1] < 0.02


@pytest.mark.parametrize(("mu", "sigma"), [(-0.5, 1.5), (1.3, 1.5), (1.3, 0.5), (7.0, 5.0)])
def test_halving_the_steps_divides_the_errors_by_sixteen(mu, sigma):
    frequencies = np.array([0.001, 0.01, 0.1, 1.0])

    def solution(refinement):
        out = np.empty(4, complex)
        response(NEURON.packed(), mu, sigma, frequencies, refinement, False, out)
        return np.array([*steady(NEURON.packed(), mu, sigma, refinement), *out])

    one, two, four = (solution(k) for k in (1, 2, 4))
    ratio = np.linalg.norm(one - four) / np.linalg.norm(two - four)
    assert 12 < ratio < 22  # 17 for an exact fourth order


@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 1.5), (1.3, 1.5), (5.0, 1.0), (6.2, 0.5), (7, 5)])
def test_the_time_constant_is_the_global_minimum_over_all_published_frequencies(mu, sigma):
    brute = oracle.best_time_constant(rate_response(NEURON, mu, sigma, oracle.FREQUENCIES))
    assert filter_time_constants(NEURON, mu, sigma)[0] == pytest.approx(brute, rel=1e-5)


def test_the_sigma_filter_is_absent_where_noise_slows_firing():
    assert filter_time_constants(NEURON, 3.0, 1.5)[1] == 0.0
    assert filter_time_constants(NEURON, 0.4, 1.5)[1] > 0.0
    assert 0.0 < filter_time_constants(NEURON, 4.0, 5.0)[1] < 0.01


@settings(max_examples=15, deadline=None)
@given(inputs, st.floats(-30, 30), st.floats(0.3, 3.0))
def test_shifting_voltages_and_scaling_time_only_relabels(at, shift, scale):
    mu, sigma = at
    rate, voltage = steady_state(NEURON, mu, sigma)
    voltages = {k: getattr(NEURON, k) + shift for k in ("EL", "VT", "Vr", "Vs")}
    slower = EIFNeuron(C=200 * scale, Tref=1.5 * scale, **voltages)
    found, moved = steady_state(slower, mu / scale, sigma / math.sqrt(scale))
    # The grid depends on a fixed frequency, so it differs: agreement within the method's error.
    assert found * scale == pytest.approx(rate, rel=1e-6)
    assert moved - shift == pytest.approx(voltage, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.2, 4.0), st.floats(0.0, 8.0), st.floats(5, 40), st.floats(-2.0, 6.0),
    st.floats(0.3, 6.0),
)  # fmt: skip
def test_every_neuron_fires_at_a_rate_between_zero_and_the_inverse_refractory_time(
    slope, refractory, leak, mu, sigma
):
    neuron = EIFNeuron(DeltaT=slope, Tref=refractory, gL=leak, Vs=-50 + 6 * slope)
    lower, voltage = steady_state(neuron, mu, sigma)
    higher, _ = steady_state(neuron, mu + 0.1, sigma)
    assert 0 <= lower <= higher
    assert higher * refractory <= 1
    assert math.isfinite(voltage)
    assert voltage < neuron.Vs


@pytest.mark.parametrize(("values", "words"), [
    ({"C": 0}, "EIFNeuron.C is 0; it must be > 0"),
    ({"DeltaT": -1.5}, "DeltaT is -1.5"),
    ({"Tref": -1}, "Tref is -1 ms"),
    ({"Vr": -45}, "Vr < VT < Vs"),
    ({"EL": float("nan")}, "finite"),
    ({"DeltaT": 0.1}, "overflows"),
])  # fmt: skip
def test_values_that_make_no_neuron_are_named(values, words):
    with pytest.raises(ModelError, match=words):
        EIFNeuron(**values)


def test_bad_inputs_are_named():
    with pytest.raises(ModelError, match="sigma is 0"):
        steady_state(NEURON, 1.0, 0.0)
    with pytest.raises(ModelError, match="'mu' or 'sigma'"):
        rate_response(NEURON, 1.0, 1.5, [1.0], modulation="mean")
    with pytest.raises(ModelError, match="mu must increase"):
        transfer_table(NEURON, mu=[1, 0], sigma=[1, 2], progress=False)
    with pytest.raises(ModelError, match="sigma starts at -1"):
        transfer_table(NEURON, mu=[0, 1], sigma=[-1, 2], progress=False)


def test_the_shipped_table_is_what_the_method_gives():
    shipped = load_table(stored.SHIPPED)
    for i, j in [(0, 0), (150, 20), (200, 3), (230, 14), (480, 63)]:
        out = np.empty(4)
        mu, sigma = float(shipped.mu[i]), float(shipped.sigma[j])
        cell(NEURON.packed(), mu, sigma, 1, out)
        names = ("log_rate", "mean_voltage", "tau_mu", "tau_sigma")
        assert [float(shipped[k][i, j]) for k in names] == pytest.approx(out.tolist(), rel=1e-8)


@settings(max_examples=12, deadline=None)
@given(st.floats(-0.9, 6.9), st.floats(1.5, 4.9))
def test_the_spline_agrees_with_the_theory_between_grid_points(mu, sigma):
    table = transfer_function()
    rate, voltage = steady_state(NEURON, mu, sigma)
    assert table.evaluate("log_rate", mu, sigma) == pytest.approx(math.log(rate), abs=1e-6)
    assert table.evaluate("mean_voltage", mu, sigma) == pytest.approx(voltage, abs=1e-6)
    tau = filter_time_constants(NEURON, mu, sigma)[0]
    assert table.evaluate("log_tau_mu", mu, sigma) == pytest.approx(math.log(tau), abs=1e-6)


def test_the_time_constant_is_smooth_to_seven_digits_away_from_the_threshold():
    # Rounding, a quantized tau or a switching minimum would show in high differences; where the
    # function itself bends (mu near 0.5) they are not small.
    table = load_table(stored.SHIPPED)
    tau = np.log(table["tau_mu"].sel(sigma=slice(1.45, None)))
    for span in (slice(None, -1.5), slice(1.6, None)):
        sixth = np.diff(tau.sel(mu=span).values, 6, axis=0)
        assert np.abs(sixth).max() < 64 * 1e-7


@pytest.fixture
def small_cache(tmp_path, monkeypatch):
    """Tables on a small grid, kept in a temporary cache."""
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path / "cache"))
    grids = {"mu": np.linspace(0, 1, 8), "sigma": np.linspace(1, 2, 8)}
    calls = []

    def small_table(neuron):
        calls.append(neuron)
        return transfer_table(neuron, **grids, progress=False)

    monkeypatch.setattr("dynsys.transfer.table.transfer_table", small_table)
    transfer_function.cache_clear()
    yield calls
    transfer_function.cache_clear()


def test_another_neurons_table_is_computed_once_and_kept(small_cache, tmp_path):
    neuron = EIFNeuron(DeltaT=2.0)
    first = transfer_function(neuron)
    transfer_function.cache_clear()
    again = transfer_function(neuron)
    assert small_cache == [neuron]
    assert first.digest == again.digest
    transfer_function(EIFNeuron(DeltaT=2.5))
    assert len(list((tmp_path / "cache" / "transfer").iterdir())) == 2


def test_a_damaged_cache_entry_is_reported_and_made_again(small_cache, tmp_path):
    neuron = EIFNeuron(DeltaT=2.0)
    digest = transfer_function(neuron).digest
    (path,) = (tmp_path / "cache" / "transfer").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    transfer_function.cache_clear()
    with pytest.warns(UserWarning, match="computed again"):
        assert transfer_function(neuron).digest == digest
    assert len(small_cache) == 2
    assert load_table(path).sizes == {"mu": 8, "sigma": 8}


def test_a_table_survives_its_file_and_damage_is_named(tmp_path):
    table = transfer_table(
        NEURON, mu=np.linspace(0, 1, 3), sigma=np.array([1.0, 2.0]), workers=2, progress=False
    )
    path = save_table(table, tmp_path / "t.npz")
    assert load_table(path).equals(table)
    for content in (b"", b"nonsense", path.read_bytes()[:-200]):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=r"t\.npz cannot be read"):
            load_table(path)


def test_the_command_writes_table_and_figure(small_cache, tmp_path, monkeypatch, capsys):
    import dynsys.transfer.table as table

    monkeypatch.setattr("dynsys.transfer.transfer_table", table.transfer_table, raising=False)
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers())
    files = [tmp_path / "new" / "t.npz", tmp_path / "t.png"]
    chosen = parser.parse_args(
        ["transfer-function", "--at", "1", "2", "--out", str(files[0]), "--plot", str(files[1])]
    )
    chosen.run(chosen)
    printed = capsys.readouterr().out
    assert all(f"wrote {file}" in printed for file in files)
    assert load_table(files[0]).sizes == {"mu": 8, "sigma": 8}
    assert files[1].read_bytes()[1:4] == b"PNG"
    with pytest.raises(ModelError, match="a figure ends in"):
        chosen.plot = tmp_path / "t.pmg"
        chosen.run(chosen)


def test_the_command_prints_the_values_of_a_neuron(capsys):
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers())
    chosen = parser.parse_args(["transfer-function", "--DeltaT", "1.5", "--at", "1.2923", "1.5"])
    chosen.run(chosen)
    printed = capsys.readouterr().out
    assert "35.31" in printed
    assert "-56.66" in printed


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


def test_the_mean_field_uses_its_own_neurons_table():
    model = aln()
    assert model.tables["eif"] is transfer_function()
