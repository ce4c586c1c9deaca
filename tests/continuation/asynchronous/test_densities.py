"""The Fokker-Planck equation over time, constant rates, noise and escapes of finite networks."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import asynchronous_state, find_equilibria, rate_spectrum
from continuation.asynchronous.densities import simulate_densities
from continuation.asynchronous.escape import Escape, escape
from continuation.asynchronous.noisy import noisy_model
from continuation.asynchronous.trains import constant_rates
from dynsys.errors import ModelError
from dynsys.models import aln, wilson_cowan
from dynsys.simulation import simulate, simulate_ensemble
from stimulation import Pulse


def late(run, name="r_E", after=600.0):
    return run[name].values[run["time"].values >= after]


def test_a_stable_state_has_the_rates_of_its_steady_equation():
    model = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    run = simulate_densities(model, 800.0)
    for name, rate in asynchronous_state(model).rates.items():
        assert late(run, name, 750.0).mean() == pytest.approx(rate, rel=5e-4)


@pytest.mark.parametrize(("mu_e", "grows"), [(1.43, True), (1.49, False)])
def test_a_rhythm_begins_at_the_exact_hopf_point_not_at_the_cascades(mu_e, grows):
    # Exact 1.45802, the mean field's 1.3951 (mu_i = 0.5).
    run = simulate_densities(aln().with_parameters(mu_e=mu_e, mu_i=0.5), 2000.0)
    assert (np.ptp(late(run, after=1800.0)) > 2.0) == grows


def test_adaptation_settles_as_in_the_mean_field():
    model = aln().with_parameters(mu_e=4.5, mu_i=0.5, a=15.0, b=40.0)
    run = simulate_densities(model, 2500.0)
    rate = asynchronous_state(model).rates["r_E"]
    assert late(run, after=2300.0).mean() == pytest.approx(rate, rel=2e-3)


def test_inputs_act_and_others_are_refused():
    model = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    pulse = {"mu_e": Pulse("1 mV/ms", 200, 100)}
    calm, driven = (simulate_densities(model, 300.0, inputs=i)["r_E"] for i in ({}, pulse))
    np.testing.assert_array_equal(driven[:400], calm[:400])
    assert float(driven[400:].max()) > float(calm[400:].max()) + 10
    with pytest.raises(ModelError, match="inputs act on mu_e and mu_i here, not on a"):
        simulate_densities(model, 300.0, inputs={"a": lambda t: 0 * t})
    with pytest.raises(ModelError):
        simulate_densities(wilson_cowan(), 300.0)


def test_constant_rates_without_corrections_are_the_mean_fields():
    model = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    rates = constant_rates(model, trains=False, pauses=False)
    assert rates == pytest.approx(asynchronous_state(model).rates, rel=1e-8)


def test_regular_trains_lower_a_rate_that_noise_makes():
    # Network of 8000: 0.299 +- 0.005 and 4.117 +- 0.01 Hz; the mean field says 0.311 and 4.179:
    # of the difference the noise of the trains is too much by a third.
    rates = constant_rates(aln().with_parameters(mu_e=1.2, mu_i=1.2))
    assert rates["r_E"] == pytest.approx(0.291, abs=0.002)
    assert rates["r_I"] == pytest.approx(4.093, abs=0.003)


@pytest.mark.parametrize(
    ("mu_e", "mu_i", "mean_field", "network"),
    [
        # Networks of 2000 with steps of 0.025 ms, 6 s, from above; two standard errors .02 to .06.
        (2.327, 0.6729, (48.531, 42.291), (48.191, 42.254)),
        (1.958, 1.509, (23.758, 61.415), (23.576, 61.607)),
    ],
)
def test_regular_trains_and_pauses_give_the_rates_of_a_network_with_fine_steps(
    mu_e, mu_i, mean_field, network
):
    model = aln().with_parameters(mu_e=mu_e, mu_i=mu_i)
    state = max(find_equilibria(model), key=lambda x: model.observe(x)["r_E"])
    observed = model.observe(state)
    assert [observed["r_E"], observed["r_I"]] == pytest.approx(mean_field, abs=2e-3)
    assert list(constant_rates(model, state).values()) == pytest.approx(network, abs=0.04)


def test_the_noisy_mean_field_has_the_theorys_spectrum_away_from_the_filter():
    model = aln().with_parameters(mu_e=1.2, mu_i=1.2)
    noisy = noisy_model(model, 2_000)
    run = simulate(noisy, 20_000.0, seed=3, sample=0.5, dt=0.1, method="heun", settle=500.0)
    spectrum = rate_spectrum(model, 2_000, [10.0])
    # Counted in bins that hold what lies below 50 Hz.
    for name in ("r_E", "r_I"):
        spread = run[name].values[:40_000].reshape(-1, 20).mean(axis=1).std()
        assert spread == pytest.approx(spectrum.standard_deviation(name, 10.0), rel=0.15)
    larger = noisy.with_parameters(N=8_000.0)
    again = simulate(larger, 20_000.0, seed=3, sample=0.5, dt=0.1, method="heun", settle=500.0)
    ratio = run["r_I"].values.std() / again["r_I"].values.std()
    assert ratio == pytest.approx(2.0, rel=0.1)


def test_kramers_time_is_that_of_the_cubic_potential():
    # x' = -(1 - x^2) + noise of strength D: barrier 4/3 / D, 2 pi / 2 exp(barrier).
    for D in (0.1, 0.2):
        found = Escape(-1.0, 1.0, 2.0 * 1000, D / 2.0)
        assert found.barrier == pytest.approx(4 / 3 / D)
        assert found.time == pytest.approx(np.pi * np.exp(4 / 3 / D))


def test_barriers_grow_with_the_number_of_neurons():
    model = aln().with_parameters(mu_e=1.89, mu_i=1.36)
    state = max(find_equilibria(model), key=lambda x: model.observe(x)["r_E"])
    one, four = (escape(model, n, state).barrier for n in (2_000, 8_000))
    assert four == pytest.approx(4 * one, rel=1e-6)


def test_kramers_formula_ends_where_the_slowest_mode_turns_or_the_barrier_is_low():
    def near_fold(mu_i, neurons):
        model = aln().with_parameters(mu_e=1.99, mu_i=mu_i)
        state = max(find_equilibria(model), key=lambda x: model.observe(x)["r_E"])
        return escape(model, neurons, state)

    turning, near, low = near_fold(2.277, 2_000), near_fold(2.366, 12_000), near_fold(2.36, 1_000)
    assert turning.frequency == pytest.approx(6.86, abs=0.05)
    assert "the slowest mode oscillates" in str(turning)
    assert near.valid
    assert near.frequency == 0
    assert near.end == ""
    assert "barrier is below 1" in low.end
    beyond = near_fold(2.345, 4_000)
    assert "no parabola" in beyond.end
    assert beyond.departure == pytest.approx(23.8, abs=0.1)
    assert beyond.relaxation == pytest.approx(42.5, abs=0.1)
    down = aln().with_parameters(mu_e=2.585, mu_i=2.277)
    quiet = min(find_equilibria(down), key=lambda x: down.observe(x)["r_E"])
    assert "the saddle's rate is 2.5 times the state's" in escape(down, 1_000, quiet).end


def test_the_noisy_mean_fields_residences_grow_as_its_own_relaxation_tells():
    """The slope over N is Kramers' times the ratio of the mean field's to the exact relaxation."""
    model = aln().with_parameters(mu_e=1.9824, mu_i=2.277)
    _, saddle, state = sorted(find_equilibria(model), key=lambda x: model.observe(x)["r_E"])
    initial = dict(zip(model.states, state[: len(model.states)].tolist(), strict=True))
    sizes, times = (4_000, 8_000), []
    border = model.observe(saddle)["r_E"] - 5.0
    for size in sizes:
        runs = simulate_ensemble(
            noisy_model(model, size, state), 12_000.0, initial=initial, seeds=range(24),
            sample=1.0, dt=0.1, method="heun", record=["r_E"], warn=False,
        )  # fmt: skip
        below = runs["r_E"].values < border
        left = [np.argmax(each) if each.any() else len(each) for each in below]
        times.append(sum(left) / sum(each.any() for each in below))  # of events under censoring
    found = [escape(model, size, state) for size in sizes]
    assert all(each.valid for each in found)
    own = -np.max(np.delete(np.sort(np.linalg.eigvals(model.jacobian(state)).real), -1)) * 1000
    expected = (found[1].barrier - found[0].barrier) * found[0].relaxation / own
    # Two samples of about 24 escapes: standard error of the logarithm of their ratio 0.3.
    assert np.log(times[1] / times[0]) == pytest.approx(expected, abs=0.9)
    assert np.log(times[1] / times[0]) > 0.5 * expected


def test_without_another_state_there_is_no_escape():
    alone = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    with pytest.raises(ModelError, match="no saddle here"):
        escape(alone, 2_000, alone.equilibrium().state)


def test_densities_with_the_noise_of_trains_have_the_theorys_spread():
    model = aln().with_parameters(mu_e=1.6, mu_i=0.5)
    spectrum = rate_spectrum(model, 2_000, [10.0])
    run = simulate_densities(model, 6000.0, neurons=2_000, seed=1)
    for name in ("r_E", "r_I"):
        counted = late(run, name, 500.0).reshape(-1, 20).mean(axis=1)
        assert counted.std() == pytest.approx(spectrum.standard_deviation(name, 10.0), rel=0.15)
    assert run.attrs["neurons"] == 2_000
    again = simulate_densities(model, 50.0, neurons=2_000, seed=1)
    np.testing.assert_array_equal(again["r_E"], run["r_E"][:100])


def test_noise_sets_off_whole_cycles_where_infinitely_many_neurons_rest():
    """The Hopf point is at 3.878; networks of 2000 neurons oscillate from 3.71 on."""
    model = aln().with_parameters(mu_e=3.8, mu_i=1.8, a=15.0, b=40.0)
    calm = simulate_densities(model, 2500.0)
    noisy = simulate_densities(model, 2500.0, neurons=2_000, seed=1)
    assert np.ptp(late(calm, after=1500.0)) < 0.1
    assert late(noisy, after=1000.0).max() > 15.0
