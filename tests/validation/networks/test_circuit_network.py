"""Networks of cells behind the master equation, at its parameter values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynsys.errors import ModelError
from dynsys.models import master_equation, wilson_cowan
from dynsys.models.master_equation_network import cells_at, circuit_of, network_at
from dynsys.transfer import find_circuit
from validation import network_of
from validation.measures.rates import mean_rate
from validation.networks.conductance import ConductanceNetwork
from validation.networks.testable import Kick

MODEL = master_equation("divolo2019").with_parameters(E_L_e=-63, a=0, b=20.0, drive=1.0)


@pytest.fixture(scope="module")
def network():
    return network_of(MODEL, 1_000)


def test_cells_synapses_and_drives_are_the_mean_fields():
    model = MODEL.with_parameters(Q_i=4.0, tau_e=6.0, K_e=300.0, E_i=-75.0, afferent_to_i=0.5)
    circuit = circuit_of(model)
    cells = cells_at(circuit, model.parameters)
    assert (cells["e"].E_L, cells["e"].a, cells["e"].b) == (-63.0, 0.0, 20.0)
    assert cells["i"] == circuit.cells["i"]
    found = network_at(circuit, model.parameters, {"e": 4000, "i": 1000})
    assert found.receptors["e"].tau == 6.0
    assert found.receptors["i"].E == -75.0
    assert {(p.source, p.K, p.Q) for p in found.projections} == {("e", 300, 1.5), ("i", 100, 4)}
    assert found.drives["drive"].rate == 1.0
    assert found.drives["afferent"].shares == {"e": 1.0, "i": 0.5}


def test_a_circuit_of_ones_own_must_be_the_models():
    own = replace(find_circuit("divolo2019"), name="mine")
    model = master_equation(own)
    with pytest.raises(ModelError, match="mine is not in the library; pass the one"):
        circuit_of(model)
    assert circuit_of(model, own) is own
    with pytest.raises(ModelError, match="has other equations than this model"):
        circuit_of(model, find_circuit("zerlaut2018"))
    with pytest.raises(ModelError, match="no master equation"):
        circuit_of(wilson_cowan())


def test_bad_input_is_answered(network):
    with pytest.raises(ModelError, match="use neurons >= 401"):
        network_of(MODEL, 300)
    with pytest.raises(ModelError, match="which alone the kernel knows"):
        network_of(master_equation("carlu2020-hh"), 8000, engine="kernel")
    with pytest.raises(ModelError, match="falls below 0 Hz"):
        network.job(100.0, inputs={"drive": lambda t: -2.0 + 0 * t})
    with pytest.raises(ModelError, match="inputs act on drive, afferent"):
        network.job(100.0, inputs={"b": lambda t: 0 * t})


def test_runs_repeat_and_differ_by_seed(network):
    first, again, other = (network.run(120.0, seed=s)["nu_e"].values for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert network.job(100.0, 1).key == network.job(100.0, 1).key
    assert network.job(100.0, 1).key != network.job(100.0, 1, b=10.0).key


def test_fixed_in_degrees_and_random_pairs_have_as_many_synapses(network):
    from validation.networks import cells_kernel

    circuit, generator = network.circuit, np.random.default_rng(1)
    found = network_at(circuit, MODEL.parameters, network.counts)
    for connectivity in ("fixed", "bernoulli"):
        (p, *_) = found.from_source("e")
        cells_kernel.seed_random(1)
        made = cells_kernel._synapses(found, p, connectivity, ["e", "i"], np.array([0, 1000, 1250]),
                                      ["e", "i"], generator)  # fmt: skip
        assert len(made.targets) == pytest.approx(1000 * 400, rel=0.01)
        sources = np.repeat(np.arange(1000), np.diff(made.offsets))
        assert not np.any(sources == made.targets)
        degrees = np.bincount(made.targets, minlength=1000)
        assert degrees.std() == (0 if connectivity == "fixed" else pytest.approx(15.5, rel=0.15))


def test_a_kick_takes_a_rate_down_to_a_twentieth():
    kick = Kick("drive", 5.0, positive=True)
    assert kick.amount(-1.0, MODEL) == pytest.approx(-0.95)
    assert kick.amount(1.0, MODEL) == 5.0
    low = MODEL.with_parameters(drive=0.47686499124476567)
    pulse = kick.pulse(kick.amount(-1.0, low), low, 0.0, 10.0)
    job = network_of(low, 1_000).job(20.0, inputs={"drive": pulse})
    assert job.drives["drive"].min() == pytest.approx(0.05 * 0.47686499124476567)


@pytest.mark.slow
def test_the_kernel_agrees_with_brian2():
    kernel = network_of(MODEL, 1_000)
    brian = network_of(MODEL, 1_000, engine="brian2")
    assert isinstance(brian, type(kernel))
    runs = {
        engine: [n.run(1_500.0, seed=s).sel(time=slice(500, None)) for s in (1, 2)]
        for engine, n in (("kernel", kernel), ("brian2", brian))
    }
    for name in ("nu_e", "nu_i"):
        one, other = (
            np.concatenate([r[name].values.reshape(-1, 200).mean(axis=1) for r in several])
            for several in runs.values()
        )
        error = np.hypot(one.std(ddof=1), other.std(ddof=1)) / np.sqrt(len(one))
        assert abs(one.mean() - other.mean()) < 4 * error
        assert error < 0.08 * one.mean()


def test_the_network_is_brian2s_with_the_same_numbers():
    job = network_of(MODEL, 1_000).job(100.0, 1)
    whole = ConductanceNetwork(job.network, job.cells, job.connectivity)
    assert whole.network.neurons == {"e": 1000, "i": 250}


@pytest.mark.slow  # half a minute
def test_in_degrees_that_vary_change_rates_as_they_do_without_wiring():
    model = master_equation("divolo2019", order=1)
    network = network_of(model.with_parameters(E_L_e=-63, a=0, drive=0.8735, b=58.98), 4_000)
    changes = []
    for redrawn in (False, True):
        random, fixed = (
            replace(network, connectivity=word, redrawn=redrawn).run(8000.0, seed=3)
            for word in ("bernoulli", "fixed")
        )
        changes.append([
            mean_rate(random, name, after=2000.0).value - mean_rate(fixed, name, after=2000.0).value
            for name in network.rates
        ])  # fmt: skip
    (by_e, by_i), without = changes
    assert by_e < -0.1
    assert by_i < -0.3
    assert without == pytest.approx([by_e, by_i], abs=0.3)
    assert without[0] == pytest.approx(by_e, abs=0.12)
