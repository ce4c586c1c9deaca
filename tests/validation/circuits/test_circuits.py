"""The ball-and-stick neuron and the shared-afferent network against the published figures."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria
from dynsys.errors import ModelError
from dynsys.models.ball_and_stick import RECEPTORS, ball_and_stick
from dynsys.neurons.cable import Cable
from stimulation import ElectricField
from validation.circuits.ball_and_stick import simulate_ball_and_stick
from validation.circuits.population_measures import population_measures
from validation.circuits.shared_afferents import SharedNetwork

brian2 = pytest.importorskip("brian2")


@pytest.fixture(autouse=True)
def without_compiler():
    """Small runs finish before a compiler would."""
    target = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = target


def test_the_dendrites_constants_are_the_published_ones_and_serve_the_field():
    cable = Cable()
    found = (cable.membrane_conductance, cable.axial_conductance, cable.capacitance,
             cable.time_constant)  # fmt: skip
    assert found == pytest.approx((0.517, 39.27, 10.05, 19.5), rel=3e-3)
    assert {k: r.area for k, r in RECEPTORS.items()} == pytest.approx(
        {"ampa": 1.98, "nmda": 71.0, "gaba_a": 11.19, "gaba_b": 0.296}, rel=2e-3
    )
    current = ElectricField(**cable.field_constants()).current("1 V/m")
    long = ElectricField(**Cable(length=320.0).field_constants()).current("1 V/m")
    assert 1.5 < long / current < 2.5
    with pytest.raises(ModelError, match="positive"):
        Cable(length=0.0)


def test_the_mean_conductance_equilibrium_is_steep_and_without_folds():
    passive = ball_and_stick().with_parameters(VT=100.0)
    branch = equilibria(passive, "nu_e", (0.0, 14.0))
    assert not branch.points("LP")
    rates, volts = branch.data["nu_e"].values, branch.data["Vd"].values
    assert np.all(np.diff(volts) * np.sign(np.diff(rates)) > 0)
    order = np.argsort(rates)
    found = np.interp([9.0, 10.2, 11.0], rates[order], volts[order])
    assert found == pytest.approx([-53.3, -46.5, -28.5], abs=0.15)
    gain = np.gradient(volts[order], rates[order])
    assert 10.2 < rates[order][np.nanargmax(gain)] < 11.0


def test_the_ball_and_stick_neuron_fires_as_published():
    run = simulate_ball_and_stick(neurons=60, duration=2000.0, seed=1)
    assert len(run.spike_time) / 60 / 2 == pytest.approx(3.6, abs=0.6)
    assert float(run.Vs.mean()) == pytest.approx(-57.8, abs=0.6)
    assert float(run.Vs.std()) == pytest.approx(4.5, abs=0.5)
    assert float(run.Vd.mean()) == pytest.approx(-42.5, abs=1.2)
    assert float(run.Vd.std()) == pytest.approx(9.5, abs=1.0)
    assert np.percentile(run.Vd, [1, 50, 99]) == pytest.approx([-55, -46, -23], abs=2.0)


def test_without_nmda_it_is_silent():
    run = simulate_ball_and_stick(neurons=20, duration=600.0, nmda=False)
    assert len(run.spike_time) == 0
    passive = ball_and_stick().with_parameters(VT=100.0, s_nmda=0.0, nu_e=10.2)
    mean = equilibria(passive, "nu_e", (10.0, 10.4)).data
    at = float(np.interp(10.2, *(np.sort(mean[k].values) for k in ("nu_e", "Vd"))))
    assert float(run.Vd.mean()) == pytest.approx(at, abs=0.5)


def test_the_tutorials_step_is_named_unstable_and_reproduced():
    with pytest.warns(UserWarning, match="unstable beyond"):
        run = simulate_ball_and_stick(neurons=40, duration=1500.0, dt=0.125, magnesium=False)
    assert len(run.spike_time) / 40 / 1.5 == pytest.approx(19.9, abs=0.5)


def test_shared_afferents_make_the_network_fire_where_independent_ones_would_not():
    measures = {}
    for shared in (True, False):
        network = SharedNetwork(4.0, cells=(800, 200), probability=0.5, shared=shared)
        run = network.run(1500.0, dt=0.1, seed=3)
        measures[shared] = population_measures(run, range(800), after=250.0)
    assert measures[True].rate > 3 * measures[False].rate
    assert measures[True].correlation > 0.2 > 3 * measures[False].correlation
    assert measures[False].silent > 0.85


def test_population_measures_of_known_spikes():
    import xarray as xr

    random = np.random.default_rng(0)
    cells, duration = 200, 20_000.0
    who = np.repeat(np.arange(cells), random.poisson(10 * duration / 1000, cells))
    when = random.uniform(0, duration, len(who))
    run = xr.Dataset(
        {"spike_neuron": ("spike", who), "spike_time": ("spike", when)},
        attrs={"duration": duration},
    )
    found = population_measures(run, range(cells))
    assert found.rate == pytest.approx(10, rel=0.03)
    assert found.correlation == pytest.approx(0, abs=0.003)
    assert found.cv == pytest.approx(1, abs=0.03)
    together = run.assign(spike_time=("spike", np.floor(when / 100) * 100 + 1.0))
    assert population_measures(together, range(cells)).rate_deviation > found.rate_deviation


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate_ball_and_stick(neurons=0), "at least one neuron"),
        (lambda: simulate_ball_and_stick(dt=5.0), "at most 1 ms"),
        (lambda: SharedNetwork(-1.0), "no network"),
        (lambda: SharedNetwork(probability=2.0), "between 0 and 1"),
        (lambda: SharedNetwork().run(-1.0), "positive"),
    ],
)
def test_numbers_that_make_no_circuit_are_refused(call, message):
    with pytest.raises(ModelError, match=message):
        call()
