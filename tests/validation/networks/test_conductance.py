"""Brian2 networks of conductance-based cells, against published runs and the mean field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("brian2")

from dynsys import ModelError, UnknownNameError
from dynsys.cells import CELLS, find_cell, simulate_cell
from dynsys.cells.brian_equations import brian_equations
from dynsys.models import master_equation
from dynsys.transfer import NETWORKS, Network, balanced_network
from dynsys.transfer.networks import Drive, Projection, Receptor
from validation.measures.conductance import _shape, measured
from validation.networks.conductance import ConductanceNetwork, network_of_circuit

CELLS_ = {"e": "RS", "i": "FS"}


def small(**changes) -> ConductanceNetwork:
    """CONFIG1 with a tenth of its cells and the same number of synapses on each."""
    return ConductanceNetwork(balanced_network("small", 1000, 0.5), CELLS_, **changes)


def test_runs_repeat_with_their_seed_and_differ_with_another():
    network = small()
    one, again, other = (
        network.run(120.0, seed=s, ramp=0.0, record=5, compiled=False) for s in (1, 1, 2)
    )
    assert np.array_equal(one["spike_time_i"].values, again["spike_time_i"].values)
    assert not np.array_equal(one["r_i"].values, other["r_i"].values)
    assert one["v_e"].shape == (5, 120)
    assert one.attrs["neurons_e"] == 800


def test_a_waveform_reaches_the_population_it_is_meant_for():
    network = replace(small(), network=replace(small().network, drives={
        "kick": Drive("e", 0.0, "", {"e": 1.0, "i": 0.0})
    }))  # fmt: skip
    run = network.run(
        200.0, seed=3, rates={"kick": lambda t: 30.0 * (t > 100)}, record=2, compiled=False
    )
    early = run.sel(time=slice(0, 99))
    assert float(early["r_e"].sum()) == 0.0
    assert float(run["r_e"].sel(time=slice(110, 199)).mean()) > 5
    first = {k: run[f"spike_time_{k}"].values.min() for k in "ei"}
    assert first["e"] < first["i"]


def test_synapses_release_with_their_probability():
    whole = balanced_network("small", 1000, 0.5)
    half = replace(
        whole, projections=tuple(replace(p, release=0.5) for p in whole.projections),
        drives={"drive": Drive("e", 12.0)},
    )  # fmt: skip
    run = ConductanceNetwork(half, CELLS_).run(400.0, seed=2, record=50, compiled=False)
    found = measured(run, after=200.0)
    # Campbell: every conductance is active synapses times rate times Q times tau.
    expected = 0.001 * 0.5 * 400 * 1.0 * 5.0 * (found["nu_e"] + 12.0)
    assert found["mu_G_e_e"] == pytest.approx(expected, rel=0.05)
    assert found["mu_G_i_e"] == pytest.approx(0.001 * 0.5 * 100 * 5 * 5 * found["nu_i"], rel=0.1)
    with pytest.raises(ModelError, match="above 0 and at most 1"):
        replace(whole, projections=tuple(replace(p, release=0.0) for p in whole.projections))


def test_moments_of_potentials_are_those_of_a_known_process():
    # Ornstein-Uhlenbeck with tau = 10 ms, then squared deviations added: a known skewness.
    rng, n = np.random.default_rng(4), 20_000
    x = np.zeros((20, n))
    for k in range(1, n):
        x[:, k] = x[:, k - 1] * np.exp(-0.1) + np.sqrt(1 - np.exp(-0.2)) * rng.normal(size=20)
    found = _shape(-60 + 3 * x, 1.0, "e")
    assert found["tau_V_e"] == pytest.approx(10.0, rel=0.05)
    assert found["gamma_V_e"] == pytest.approx(0.0, abs=0.05)
    skewed = _shape(x**2, 1.0, "e")  # chi square of one degree: skewness sqrt(8), half the time
    assert skewed["gamma_V_e"] == pytest.approx(np.sqrt(8), rel=0.05)
    assert skewed["tau_V_e"] == pytest.approx(5.0, rel=0.1)


def test_cells_without_synapses_are_the_single_cells():
    alone = Network(
        "alone", {"e": 1}, {"e": Receptor(5.0, 0.0), "x": Receptor(5.0, 0.0)},
        (Projection("x", "e", 1.0, 0.0),), {"drive": Drive("x", 0.0)},
    )  # fmt: skip
    # A depolarised leak fires the cell regularly, in Brian2 and in our simulator alike.
    for cell in (replace(find_cell("RS"), E_L=-40.0), replace(find_cell("HH-FS"), E_L=-40.0)):
        run = ConductanceNetwork(alone, {"e": cell}).run(
            200.0, seed=1, dt=0.02, record=1, compiled=False
        )
        spikes = run["spike_time_e"].values
        ours = simulate_cell(cell, 200.0, dt=0.005)["spikes"].values
        assert len(spikes) >= 4
        assert abs(len(spikes) - len(ours)) <= 1
        # Thresholds differ for action potentials; intervals between spikes do not.
        assert np.diff(spikes)[-3] == pytest.approx(np.diff(ours)[-3], rel=0.02)


def test_a_cell_from_equations_is_the_same_in_brian():
    base = find_cell("Morris-Lecar")
    # A leak that pulls up stands for an injected current of 600 pA: the cell fires regularly.
    cell = replace(base, field=base.field.with_parameters(E_L=-30.0), step=0.005)
    alone = Network(
        "alone", {"e": 1}, {"x": Receptor(5.0, 0.0)}, (Projection("x", "e", 1.0, 20.0),),
        {"drive": Drive("x", 0.0)},
    )  # fmt: skip
    run = ConductanceNetwork(alone, {"e": cell}).run(
        300.0, seed=1, dt=0.02, record=1, compiled=False
    )
    ours = simulate_cell(cell, 300.0)["spikes"].values
    assert len(ours) >= 4
    assert run["spike_time_e"].values == pytest.approx(ours, abs=0.5)


def test_every_cell_of_the_library_has_brian_equations():
    from brian2 import Equations

    for cell in CELLS.values():
        text = brian_equations(cell, ["e", "i"])
        assert {"v", "G_e", "G_i"} <= set(Equations(text.model).diff_eq_names)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ModelError, match="cells are given for e"):
        ConductanceNetwork("CONFIG1", {"e": "RS"})
    with pytest.raises(UnknownNameError, match="no train 'gauss'"):
        small(trains="gauss")
    with pytest.raises(UnknownNameError, match="Did you mean 'afferent'"):
        small().run(10.0, seed=1, rates={"aferent": 1.0})
    with pytest.raises(ModelError, match="falls below 0 Hz"):
        small().run(10.0, seed=1, rates={"drive": -1.0})
    with pytest.raises(ModelError, match="less than two bins"):
        measured(small().run(20.0, seed=1, record=1, compiled=False), after=15.0)


# --- published runs ---------------------------------------------------------------------------

# Connectivity, trains -> nu_e, nu_i after 500 ms, with the spread of seeds.
PUBLISHED = {
    ("bernoulli", "bernoulli"): (1.647, 8.345),
    ("fixed", "bernoulli"): (1.676, 8.327),
    ("bernoulli", "poisson"): (1.735, 8.534),
}
FIRST = next(iter(PUBLISHED))


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.slow(chosen=c == FIRST)) for c in PUBLISHED]
)
def test_spontaneous_activity_is_the_published_one(case):
    run = network_of_circuit("zerlaut2018", *case).run(2500.0, seed=1)
    found = measured(run)
    assert found["nu_e"] == pytest.approx(PUBLISHED[case][0], abs=0.05)
    assert found["nu_i"] == pytest.approx(PUBLISHED[case][1], abs=0.08)
    if case == ("bernoulli", "bernoulli"):
        assert found["mu_V_e"] == pytest.approx(-56.43, abs=0.3)
        assert found["sigma_V_e"] == pytest.approx(3.01, abs=0.15)
        assert found["mu_G_e_e"] == pytest.approx(11.24, abs=0.3)
        assert found["mu_G_i_e"] == pytest.approx(20.53, abs=0.5)
        assert found["sigma_G_e_e"] == pytest.approx(2.28, abs=0.1)
        assert found["sigma_G_i_e"] == pytest.approx(6.78, abs=0.2)
        assert 0.64 < found["cv_e"] < 0.74
        assert found["W_e"] == pytest.approx(52.6, rel=0.08)


@pytest.mark.slow
def test_the_adapting_network_agrees_with_the_mean_field_of_second_order():
    run = network_of_circuit("divolo2019", e="RS-bis").run(4000.0, seed=1)
    found = measured(run, after=2000.0)
    predicted = master_equation("divolo2019", 2).with_parameters(a=0, b=100, drive=2.5)
    rest = predicted.equilibrium()
    assert found["nu_e"] == pytest.approx(rest["nu_e"], rel=0.08)
    assert found["nu_i"] == pytest.approx(rest["nu_i"], rel=0.04)
    assert found["W_e"] == pytest.approx(rest["W"], rel=0.05)


@pytest.mark.slow
def test_the_network_of_hodgkin_huxley_cells_is_the_known_one():
    network = network_of_circuit("carlu2020-hh", trains="bernoulli")
    found = measured(network.run(3000.0, seed=1, start="published-hh"), after=1500.0)
    assert found["nu_e"] == pytest.approx(1.028, abs=0.05)
    assert found["nu_i"] == pytest.approx(7.356, abs=0.12)


@pytest.mark.slow
def test_the_network_of_the_framework_ntwk_responds_as_there():
    network = ConductanceNetwork(NETWORKS["RS-FS-2017"], {"e": "RS-ntwk", "i": "FS-ntwk"}, "fixed")

    def afferent(t):
        return 4 + 4 * np.exp(-((t - 1000) ** 2) / (2 * 100**2))

    run = network.run(1500.0, seed=1, rates={"F_aff": afferent}, record=2)
    # Rates (Hz) of three published seeds, lowest and highest.
    published = {
        (400, 700): ((1.30, 1.60), (5.19, 5.75)),
        (950, 1050): ((4.68, 5.30), (17.4, 18.2)),
        (1200, 1500): ((0.4, 0.67), (3.7, 4.2)),
    }
    for (start, end), ranges in published.items():
        window = run.sel(time=slice(start, end))
        for label, (low, high) in zip("ei", ranges, strict=True):
            rate = float(window[f"r_{label}"].mean())
            spread = 1.5 * (high - low)
            assert low - spread < rate < high + spread


@pytest.mark.slow
def test_the_leaky_network_of_31_coefficients_fires_as_there():
    run = network_of_circuit("spectrum2018", "fixed").run(
        1500.0, seed=1, rates={"F_aff": 8.0}, record=2
    )
    found = measured(run)
    assert found["nu_e"] == pytest.approx(3.32, rel=0.15)
    assert found["nu_i"] == pytest.approx(8.58, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("afferent", "rates"), [(8.0, (4.58, 10.99, 0.258)), (20.0, (32.6, 55.0, 10.2))]
)
def test_disinhibition_lets_the_network_fire_as_published(afferent, rates):
    run = network_of_circuit("spectrum2018-disinhibited", "fixed").run(
        1500.0, seed=1, rates={"F_aff": afferent}, record=2
    )
    found = measured(run)
    for label, rate in zip(("e", "i", "ds"), rates, strict=True):
        assert found[f"nu_{label}"] == pytest.approx(rate, rel=0.1)


def test_runs_go_to_files_and_come_back(tmp_path):
    import xarray as xr

    run = small().run(50.0, seed=1, record=2, compiled=False)
    run.to_netcdf(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as again:
        assert again.identical(run)


def test_the_published_networks_are_described_once():
    assert network_of_circuit("zerlaut2018").network is NETWORKS["CONFIG1"]
