"""A network is read from its mean field; what makes no sense is refused before anything runs."""

from __future__ import annotations

import pytest

from dynsys.errors import DynsysError, ModelError, UnknownNameError
from dynsys.models import aln, wilson_cowan
from dynsys.models.aln_network import PAIRS
from dynsys.transfer import EIFNeuron
from stimulation import Step
from validation import network_of
from validation.networks.memory import memory_of
from validation.networks.structure import structure_of
from validation.networks.values import group_values

SMALL = aln().with_parameters(K_e=20, K_i=10)


def by_pair(values):
    return dict(zip(PAIRS, values, strict=True))


def test_stated_wiring_attaches_inputs_and_delays_to_the_source():
    structure = network_of(aln(), 1000).structure
    assert by_pair(structure.in_degrees) == {"EE": 800, "EI": 200, "IE": 800, "II": 200}
    assert by_pair(structure.delays) == {"EE": 4.0, "EI": 2.0, "IE": 4.0, "II": 2.0}


def test_published_wiring_swaps_the_cross_connections():
    network = network_of(aln(wiring="published"), 1000)
    assert by_pair(network.structure.in_degrees) == {"EE": 800, "EI": 800, "IE": 200, "II": 200}
    assert by_pair(network.structure.delays) == {"EE": 4.0, "EI": 4.0, "IE": 2.0, "II": 2.0}
    assert network.wiring == "published"


def test_the_network_has_the_parameters_of_its_mean_field():
    values = group_values(dict(aln().with_parameters(a=15, b=40, mu_e=1.3).parameters))
    assert values["E"]["mu"] == 1.3  # V/s
    assert values["E"]["a"] == pytest.approx(15e-9)
    assert values["E"]["sigma"] == pytest.approx(1.5e-3 / 1e-3**0.5)  # V/sqrt(s)
    # The published jumps: .1235 (EE), .1154 (E to I), .1515 (I to E), .3049 (II).
    jumps = [values[pair[0]][f"jump_{pair}"] for pair in PAIRS]
    assert jumps == pytest.approx([0.1235, 0.1515, 0.1154, 0.3049], abs=5e-5)


def test_structures_differ_in_what_a_program_is_made_for_alone():
    base = network_of(SMALL, 100).structure
    assert network_of(SMALL.with_parameters(mu_e=2, b=40), 100).structure.key() == base.key()
    for other in (
        network_of(SMALL.with_parameters(K_e=21), 100),
        network_of(SMALL.with_parameters(d_e=4.1), 100),
        network_of(SMALL, 101),
        network_of(SMALL, 100, dt=0.05),
        network_of(SMALL, 100, precision="single"),
        network_of(SMALL, 100, method="euler"),
    ):
        assert other.structure.key() != base.key()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neurons": 500}, "K_e = 800 inputs of kind EE cannot be drawn from 500 neurons"),
        ({"neurons": -3}, "neurons is -3; it must be a whole number of 2 or more"),
        ({"neurons": 1000.5}, "neurons is 1000.5"),
        ({"neurons": True}, "neurons is True"),
        ({"dt": 0.3}, "the delay 4 ms of EE is no whole number of steps of 0.3 ms"),
        ({"dt": -0.1}, "dt is -0.1 ms"),
        ({"connections": -1}, "connections is -1"),
        ({"neuron": EIFNeuron(DeltaT=1.5001)}, "made with another neuron"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_value(options, message, monkeypatch):
    if "neuron" in options:  # a table of another neuron would take minutes

        class Other:
            digest = "another"

        original = __import__("dynsys.models.aln_network", fromlist=["x"]).transfer_function
        monkeypatch.setattr(
            "dynsys.models.aln_network.transfer_function",
            lambda neuron: Other if neuron == options["neuron"] else original(neuron),
        )
    with pytest.raises(ModelError, match=message):
        network_of(aln(), **{"neurons": 1000, **options})


def test_other_models_and_engines_are_answered_with_the_right_ones():
    with pytest.raises(ModelError, match=r"no network is known behind the model wilson_cowan"):
        network_of(wilson_cowan(), 1000)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'kernel'"):
        network_of(aln(), 1000, engine="kernl")
    with pytest.raises(UnknownNameError, match=r"no precision 'half'\. It has: double, single"):
        network_of(aln(), 1000, precision="half")
    with pytest.raises(UnknownNameError, match="'heun'"):
        network_of(aln(), 1000, method="heunn")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed is -1; it must be a whole number of 0 or more"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"duration": 0}, r"duration \(ms\) is 0; it must be a finite number of 0.1 or more"),
        ({"duration": float("nan")}, r"duration \(ms\) is nan"),
        ({"duration": 10.03}, "10.03 ms is no whole number of steps"),
        ({"settle": -1}, r"settle \(ms\) is -1; it must be 0 or positive"),
        ({"K_e": 10}, r"K_e decides which synapses there are; make another network"),
        ({"mu_ee": 1.0}, "Did you mean 'mu_e'"),
        ({"c_e": 3.0}, "must lie between 0 and 1"),
        ({"inputs": {"b": Step("1 pA")}}, "a network's b does not change over time"),
        ({"inputs": {"mu_e": Step("1 V/m")}}, "V/m"),
    ],
)
def test_runs_that_make_no_sense_are_refused_with_the_value(arguments, message):
    network = network_of(SMALL, 100, engine="kernel")
    with pytest.raises(DynsysError, match=message):
        network.run(**{"duration": 10, **arguments})


def test_a_network_too_large_for_the_memory_is_refused_with_the_estimate(monkeypatch):
    monkeypatch.setattr("validation.networks.memory.available_memory", lambda: 2e9)
    with pytest.raises(
        ModelError, match=r"100 million synapses need about 2\.1 GB; 2\.0 GB are free"
    ):
        network_of(aln(), 50_000, engine="cpp_standalone")
    assert network_of(aln(), 10_000).structure.synapses == 20_000_000


def test_the_estimate_grows_with_the_synapses():
    small, large = (structure_of(aln(), n, None, 0.1, "double") for n in (10_000, 20_000))
    assert memory_of(large) - memory_of(small) > 20_000_000 * 15
