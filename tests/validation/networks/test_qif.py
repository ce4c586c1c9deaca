"""The QIF network: its mean field is exact, so both must agree to the network's noise."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys.errors import ModelError, UnknownNameError
from dynsys.models import montbrio_pazo_roxin
from dynsys.simulation import simulate
from stimulation import Pulse
from validation import network_of
from validation.networks.qif_kernel import advance
from validation.trials.probing import Probe

MODEL = montbrio_pazo_roxin()


@pytest.mark.parametrize(
    ("eta", "J", "Delta"),
    [(-5.0, 15.0, 1.0), (-4.0, 5.0, 1.0), (1.0, -5.0, 1.0), (0.5, 3.0, 0.5), (3.0, -10.0, 2.0)],
)
def test_rates_agree_with_the_mean_field_within_two_standard_errors(eta, J, Delta):
    model = MODEL.with_parameters(eta=eta, J=J, Delta=Delta)
    expected = model.equilibrium()["rate"]
    run = network_of(model, neurons=10_000).run(duration=1000, seed=1, settle=400)
    found = run.mean_rate(after=0.0)
    assert found.error < 0.01 * expected
    assert abs(found.value - expected) < 2 * found.error


def test_the_network_follows_a_pulse_as_its_mean_field_does():
    pulse = {"I": Pulse(4.0, 300.0, 100.0)}
    run = network_of(MODEL, neurons=20_000).run(duration=600, seed=2, settle=300, inputs=pulse)
    expected = simulate(MODEL, 900.0, inputs={"I": Pulse(4.0, 600.0, 100.0)}, sample=0.5)
    network = run["rate"].coarsen(time=20).mean().values
    model = expected["rate"].interp(time=300 + np.arange(600) + 0.5).values
    assert np.abs(network - model).max() < 0.06 * model.max()
    assert model.max() > 3 * model[0]


@pytest.mark.parametrize("options", [{}, {"delay": False, "kinetics": False}])
def test_brian2_agrees_with_the_kernel(options):
    model = montbrio_pazo_roxin(**options).with_parameters(eta=1.0, J=-5.0)
    runs = [
        network_of(model, neurons=400, engine=engine).run(duration=120, seed=1, settle=60)
        for engine in ("numpy", "kernel")
    ]
    brian, kernel = (float(run["rate"].mean()) for run in runs)
    assert brian == pytest.approx(kernel, rel=0.02)


def test_published_quantiles_lose_the_tails_rate():
    rates = {
        shares: float(network_of(MODEL, 2_500, shares=shares).run(400, settle=200)["rate"].mean())
        for shares in ("balanced", "published")
    }
    expected = MODEL.equilibrium()["rate"]
    assert rates["balanced"] == pytest.approx(expected, rel=0.01)
    assert rates["published"] < 0.95 * expected


def test_a_single_neuron_spikes_with_its_period():
    # V' = V^2 + c: the period is pi / sqrt(c).
    v, spikes, c, h = np.array([-np.tan(1.2)]), 0, 2.0, 0.01
    for _ in range(100_000):
        spikes += advance(v, np.array([c]), 0.0, h)
    assert spikes == pytest.approx(1000 * np.sqrt(c) / np.pi, abs=1)


def test_runs_repeat_and_tell_how_they_were_made():
    network = network_of(MODEL, 500)
    job = network.job(50.0, seed=3)
    assert np.array_equal(job.run()["rate"], network.run(50.0, seed=3)["rate"])
    assert job.key != network.job(50.0, seed=4).key
    assert job.run().attrs["engine"] == "kernel"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "cpp"}, UnknownNameError, "no engine 'cpp'"),
        ({"shares": "some"}, UnknownNameError, "no shares 'some'"),
        ({"wiring": "stated"}, UnknownNameError, "no option 'wiring'"),
        ({"dt": 0.3}, ModelError, "no whole number of steps"),
        ({"neurons": 1}, ModelError, "neurons is 1"),
    ],
)
def test_what_makes_no_sense_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        network_of(MODEL, **{"neurons": 100, **options})
    with pytest.raises(ModelError, match="inputs act on I"):
        network_of(MODEL, 100).run(10, inputs={"eta": Pulse(1.0, 1.0, 1.0)})


@pytest.mark.parametrize(("J", "fold"), [(14.05, -5.0508), (18.0, -8.2382)])
def test_kicks_that_go_back_slowly_lead_to_the_upper_state_up_to_its_fold(J, fold):
    model = montbrio_pazo_roxin(delay=False, kinetics=False).with_parameters(J=J)
    network = network_of(model, 1_000)
    for eta, high in ((fold + 0.03, True), (fold - 0.03, False)):
        (run,) = Probe({"eta": eta}, ("high",)).predicted(network)
        assert (float(run["rate"][-1]) > 40.0) == high
        abrupt = network.kick.pulse(5.0, model, 0.0, 300.0)
        run = simulate(model.with_parameters(eta=eta), 3000.0, inputs={"I": abrupt}, sample=0.5)
        assert float(run["rate"][-1]) < 12.0  # it overshoots, and turns out of the basin
