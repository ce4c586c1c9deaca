"""The kernel's parts against what they should be: the steps, the noise, the connections."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys.models import aln
from dynsys.models.aln_network import PAIRS
from dynsys.transfer import EIFNeuron, steady_state
from stimulation import Pulse
from validation import network_of
from validation.networks.connections import connections_of
from validation.networks.kernel import _constants
from validation.networks.stepping import (
    NORMAL,
    Generator,
    Population,
    advance,
    exponential,
    normals,
    workspace,
)  # fmt: skip
from validation.networks.structure import values_of
from validation.networks.values import group_values

MODEL = aln().with_parameters(a=15, b=40)


def constants(method):
    structure = network_of(MODEL, 1000, engine="kernel", method=method).structure
    values = group_values(values_of(MODEL))
    return _constants(structure, values, "E")


def reference_step(v, w, s_e, s_i, moves, z, mu, mu_next, method, dt=0.1):
    """One step of the published equations in double precision, as written on paper."""
    p = dict(MODEL.parameters)

    def slopes(v, w, s_e, s_i, mu):
        dv = (-65 - v + 1.5 * np.exp((v + 50) / 1.5)) / 20 - w / 200 + mu
        dv = dv + p["J_ee"] * s_e + p["J_ei"] * s_i
        return dv, (p["a"] * (v - p["E_A"]) - w) / p["tau_A"], -s_e / 2, -s_i / 5

    x = (v, w, s_e, s_i)
    noise = (1.5 * np.sqrt(dt) * z, 0, 0, 0)
    first = slopes(*x, mu)
    if method == "euler":
        step = [dt * f + n for f, n in zip(first, noise, strict=True)]
    else:
        ahead = [a + dt * f + n for a, f, n in zip(x, first, noise, strict=True)]
        second = slopes(*ahead, mu_next)
        step = [0.5 * dt * (f + g) + n for f, g, n in zip(first, second, noise, strict=True)]
    return [a + moves * d for a, d in zip(x, step, strict=True)]


@pytest.mark.parametrize("method", ["heun", "euler"])
def test_a_step_is_that_of_the_equations_and_freezes_the_refractory(method):
    generator = np.random.default_rng(5)
    n = 1000
    v = generator.uniform(-90, -41, n)
    w = generator.uniform(0, 400, n)
    s_e, s_i = generator.uniform(0, 0.9, (2, n))
    z = generator.normal(size=n)
    wait = generator.integers(0, 4, n).astype(np.int32)
    expected = reference_step(v, w, s_e, s_i, wait <= 1, z, 1.3, 1.4, method)
    state = [np.array(x, np.float32) for x in (v, w, 1 - s_e, 1 - s_i)]
    left = wait.copy()
    advance(Population(*state, left), z.astype(np.float32), constants(method), 1.3, 1.4,
            workspace(n))  # fmt: skip
    assert np.array_equal(left, np.maximum(wait - 1, 0))
    # Near the threshold a step of Heun's is large: relative to what it moves.
    assert np.allclose(state[0], expected[0], rtol=2e-5, atol=1e-4)
    assert np.allclose(state[1], expected[1], rtol=1e-5, atol=1e-3)
    assert np.allclose(1 - state[2], expected[2], atol=1e-6)
    assert np.allclose(1 - state[3], expected[3], atol=1e-6)
    still = wait > 1
    assert still.any()
    assert np.array_equal(state[0][still], v.astype(np.float32)[still])


def test_the_exponential_is_good_to_single_precision():
    v = np.linspace(-150, -30, 4000).astype(np.float32)
    work = workspace(4000)
    exponential(v, constants("heun"), work)
    assert np.allclose(work.part, 1.5 * np.exp((v.astype(float) + 50) / 1.5), rtol=2e-5)


def test_the_noise_is_normal_and_white():
    out = np.empty(2_000_000, np.float32)
    normals(Generator(np.array([3, 5], np.uint64), NORMAL), out)
    z = out.astype(float)[1000:]  # the generator forgets its small seeds
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.var() == pytest.approx(1, abs=4 * np.sqrt(2 / z.size))
    assert (z**4).mean() == pytest.approx(3, abs=0.02)
    assert np.mean(np.abs(z) > 3) == pytest.approx(0.0027, rel=0.05)
    for lag in (1, 2, 3, 1000):
        assert abs(np.mean(z[lag:] * z[:-lag])) < 4 / np.sqrt(z.size)


def test_every_neuron_draws_its_inputs_once_and_evenly(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    structure = network_of(aln().with_parameters(K_e=80, K_i=20), 300, engine="kernel").structure
    connections = connections_of(structure, 1)
    for k, pair in enumerate(PAIRS):
        offsets, targets = connections.offsets[k], connections.targets[k]
        sources = np.repeat(np.arange(300), np.diff(offsets))
        matrix = np.zeros((300, 300), int)
        np.add.at(matrix, (targets, sources), 1)
        degree = 80 if pair[1] == "E" else 20
        assert matrix.max() == 1  # nobody is drawn twice
        assert np.array_equal(matrix.sum(axis=1), np.full(300, degree))
        # Out-degrees are hypergeometric: nearly binomial with this variance.
        share = degree / 300
        assert np.diff(offsets).var() == pytest.approx(300 * share * (1 - share), rel=0.35)
    again = connections_of(structure, 1)
    assert all(
        np.array_equal(a, b) for a, b in zip(connections.targets, again.targets, strict=True)
    )
    other = connections_of(structure, 2)
    assert not np.array_equal(connections.targets[0], other.targets[0])


def test_uncoupled_neurons_fire_at_the_rate_of_fokker_planck_theory():
    network = network_of(aln().with_parameters(K_e=10, K_i=10), 4000, engine="kernel", dt=0.05)
    run = network.run(3000, seed=2, c_e=1e-9, c_i=1e-9, mu_e=1.6, mu_i=0.9)
    for population, mu in (("E", 1.6), ("I", 0.9)):
        exact = 1000 * steady_state(EIFNeuron(), mu, 1.5)[0]
        found = run.mean_rate(population)
        assert found.value == pytest.approx(exact, rel=0.01)


def test_spikes_arrive_after_the_delay_of_their_connection():
    model = aln().with_parameters(K_e=50, K_i=50, mu_e=-1.0, mu_i=-1.0, d_e=7.0, d_i=3.0)
    network = network_of(model, 200, engine="kernel")
    # A strong, short pulse: E fires once, nearly together; I never.
    run = network.run(600, seed=1, inputs={"mu_e": Pulse("30 mV/ms", 500.0, 3.0)})
    first = float(run["time"][np.flatnonzero(run["r_E"].values)[0]])
    assert 500 < first < 503
    assert run["r_I"].values[: round((first + 6.9) / 0.1)].max() == 0
    opened = run["s_IE"].max("neuron")
    arrival = float(run["slow_time"][np.flatnonzero(opened.values)[0]])
    assert first + 7.0 < arrival <= first + 8.1
