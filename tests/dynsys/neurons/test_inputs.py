"""Neurons with random and periodic input, against the tutorial's figures and against theory."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys.errors import ConvergenceError, ModelError, UnknownNameError
from dynsys.models import adex_neuron, lif_neuron
from dynsys.neurons import CurrentPerStep, PoissonKicks, WhiteNoise
from dynsys.neurons.theory import (
    eif_density,
    eif_rate,
    high_conductance_state,
    lif_density,
    siegert_rate,
)

EXCITATION, INHIBITION = PoissonKicks(1.2, 1.0, 1000), PoissonKicks(3.0, 4.0, 1000)


def test_noise_per_step_depends_on_the_step_and_says_so():
    neuron = lif_neuron(I=30.0)
    counts = {}
    for dt, neurons in ((0.125, 400), (0.025, 200)):
        with pytest.warns(UserWarning, match="rates depend on the step"):
            run = neuron.simulate(
                2000, dt=dt, neurons=neurons, noise=CurrentPerStep(100.0), start=[-55.0], record=0
            )
        counts[dt] = np.bincount(run.spike_neuron, minlength=neurons)
    assert counts[0.125].mean() == pytest.approx(12.41, abs=0.6)
    assert counts[0.125].std() == pytest.approx(3.31, abs=0.4)
    assert counts[0.025].mean() == pytest.approx(0.10, abs=0.1)


def test_white_noise_does_not_depend_on_the_step():
    neuron, sigma = lif_neuron(I=30.0), 100 / 40 * np.sqrt(0.125)
    assert CurrentPerStep(100.0).equivalent(neuron.field, 0.125).sigma == pytest.approx(
        0.884, abs=1e-3
    )
    for dt in (0.125, 0.025):
        run = neuron.simulate(
            3000, dt=dt, neurons=150, noise=WhiteNoise(sigma), start=[-55.0], record=0, seed=3
        )
        rate = len(run.spike_time) / 150 / 3
        assert rate == pytest.approx(siegert_rate(neuron, sigma, dt), rel=0.05)
        free = neuron.simulate(
            1500, dt=dt, neurons=100, noise=WhiteNoise(sigma), start=[-55.0], threshold=False,
            record=100, stride=40,
        )  # fmt: skip
        assert float(free.V[:, 30:].std()) == pytest.approx(2.795, rel=0.03)


def test_siegerts_rate_is_the_published_one():
    neuron, sigma = lif_neuron(I=30.0), 100 / 40 * np.sqrt(0.125)
    assert siegert_rate(neuron, sigma) == pytest.approx(6.75, abs=0.005)
    assert siegert_rate(neuron, sigma, dt=0.125) == pytest.approx(6.06, abs=0.01)
    assert siegert_rate(lif_neuron(I=60.0), 1e-2) == pytest.approx(
        1000 / (2 + 20 * np.log(15 / 10)), rel=1e-3
    )  # without noise: the time from reset to threshold
    assert siegert_rate(lif_neuron(I=-60.0), 0.1) == 0.0


def test_densities_are_those_of_simulations():
    sigma = 100 / 40 * np.sqrt(0.125)
    lif = lif_neuron(I=30.0)
    v = np.linspace(-75, -50, 2001)
    density = lif_density(lif, sigma, v)
    assert np.trapezoid(density, v) == pytest.approx(1 - siegert_rate(lif, sigma) * 2e-3, abs=1e-5)
    eif = adex_neuron("tonic", a=0.0, b=0.0, I=30.0)
    grid, other = eif_density(eif, sigma)
    assert np.trapezoid(other, grid) == pytest.approx(1 - eif_rate(eif, sigma) * 1e-3, abs=1e-4)
    run = eif.simulate(
        4000, dt=0.02, neurons=150, noise=WhiteNoise(sigma), start=[-57.0, 0.0], record=150,
        stride=50, seed=5,
    )  # fmt: skip
    assert len(run.spike_time) / 150 / 4 == pytest.approx(eif_rate(eif, sigma), rel=0.08)
    values = run.V.values[:, 20:].ravel()
    edges = np.linspace(-62, -51, 12)
    counted = np.histogram(values, edges)[0] / len(values)
    mass = np.concatenate([[0], np.cumsum(np.diff(grid) * (other[1:] + other[:-1]) / 2)])
    assert counted == pytest.approx(np.diff(np.interp(edges, grid, mass)), abs=0.012)


def test_sinusoids_fire_one_packet_a_cycle_in_opposite_phase():
    waves = [lambda t, i=i: 50 * np.sin(2e-3 * np.pi * t + i * 3 * np.pi / 4) for i in (1, 2)]
    run = lif_neuron().simulate(2000, dt=0.125, neurons=2, current=waves, record=2)
    packets = ((794, 965), (419, 590))
    intervals = [22.5, 18.5, 16.9, 16.1, 15.9, 16.3, 17.3, 19.6, 27.8]
    for neuron, (first, last) in enumerate(packets):
        times = run.spike_time.values[run.spike_neuron.values == neuron]
        assert len(times) == 20
        assert (times[0], times[9]) == (pytest.approx(first, abs=0.6), pytest.approx(last, abs=0.6))
        assert np.diff(times)[:9] == pytest.approx(intervals, abs=0.07)
    assert float(run.V.min()) == pytest.approx(-94.8, abs=0.05)


def test_waveforms_drive_neurons():
    from stimulation import Step

    run = adex_neuron("tonic", I=5.0).simulate(
        330, dt=0.125, current=Step("60 pA", start=30.0), start=[-70.0, 0.0]
    )
    assert len(run.spike_time) == 5


def test_the_high_conductance_state_is_that_of_shot_noise_theory():
    neuron = lif_neuron(conductances=True)
    theory = high_conductance_state(neuron, EXCITATION, INHIBITION)
    assert (theory.ratio, theory.time_constant) == pytest.approx((16.6, 1.20), abs=0.01)
    assert (theory.mean, theory.deviation) == pytest.approx((-58.43, 4.09), abs=0.005)
    assert (theory.excitation, theory.inhibition) == (
        pytest.approx((7.2, 1.897), abs=1e-3), pytest.approx((24.0, 6.928), abs=1e-3),
    )  # fmt: skip
    options = {
        "kicks": {"ge": EXCITATION, "gi": INHIBITION}, "start": [-58.0, 7.2, 24.0], "neurons": 60,
        "record": 60, "stride": 16, "dt": 0.125,
    }  # fmt: skip
    free = neuron.simulate(2000, threshold=False, **options)
    assert float(free.V.mean()) == pytest.approx(theory.mean, abs=0.4)
    assert float(free.V.std()) == pytest.approx(theory.deviation, abs=0.25)
    run = neuron.simulate(2000, **options)
    assert len(run.spike_time) / 60 / 2 == pytest.approx(18.1, abs=1.8)
    assert float((-run.ge * run.V).mean()) == pytest.approx(417, abs=6)
    assert float((-run.gi * (run.V + 75)).mean()) == pytest.approx(-384, abs=6)


def test_the_same_seed_gives_the_same_spikes():
    runs = [
        lif_neuron(I=30.0).simulate(500, dt=0.1, neurons=20, noise=WhiteNoise(0.9), seed=seed)
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(runs[0].spike_time, runs[1].spike_time)
    assert not np.array_equal(runs[0].V, runs[2].V)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: n.simulate(100, dt=0.0), ModelError, "must be positive"),
        (lambda n: n.simulate(-1.0, dt=0.1), ModelError, "must be positive"),
        (lambda n: n.simulate(100, dt=0.1, start=[0.0, 1.0]), ModelError, "has shape"),
        (lambda n: n.simulate(100, dt=0.1, current=[np.zeros(9)]), ModelError, "steps are needed"),
        (lambda n: n.simulate(100, dt=0.1, current="50 pA"), UnknownNameError, "kind of current"),
        (
            lambda n: n.simulate(100, dt=0.1, kicks={"gx": EXCITATION}), UnknownNameError, "state",
        ),
        (lambda n: n.firing_pattern(), ModelError, "no adaptation"),
        (lambda n: siegert_rate(n, 0.0), ModelError, "must be positive"),
        (lambda n: eif_rate(n, 1.0), ModelError, "without adaptation"),
        (lambda n: high_conductance_state(n, EXCITATION, INHIBITION), ModelError, "conductances"),
        (lambda n: WhiteNoise(-1.0), ModelError, "not negative"),
        (lambda n: lif_neuron(Vr=-50.0), ModelError, "not below the cutoff"),
        (lambda n: lif_neuron(conductances=True).simulate(10), ModelError, "run on"),
        (
            lambda n: lif_neuron(Tref=0.0, I=1e6).simulate(100, dt=0.01), ConvergenceError,
            "every step",
        ),
    ],
)  # fmt: skip
def test_input_that_makes_no_sense_is_explained(call, error, message):
    with pytest.raises(error, match=message):
        call(lif_neuron())
