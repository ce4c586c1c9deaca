"""The words for attractors, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from continuation.diagrams.attractors import stable_equilibria
from continuation.diagrams.names import (
    agree,
    check_state,
    equilibrium_names,
    is_cycle,
    label,
    level_name,
    means_any_cycle,
    names_with_varying_bursts,
)
from dynsys import UnknownNameError, VectorField
from dynsys.definition import State
from dynsys.models import aln, wilson_cowan
from stimulation.transitions.attractors import equilibria_at
from validation.measures.estimates import Estimate
from validation.trials.findings import Tolerances
from validation.trials.probing import State as Settled
from validation.trials.regime import RegimeTrial

DOUBLE_WELL = VectorField(
    "double_well", {"x": State(-1.0, (-2.0, 2.0))}, {"I": 0.0}, {"x": "x - x**3 + I"}
)


@pytest.mark.parametrize("name", ["down", "up", "LC_EI", "LC_aE", "cycle"])
def test_a_model_with_words_of_its_field_knows_them(name):
    check_state(aln(), name)
    assert is_cycle(aln(), name) == (name in ("LC_EI", "LC_aE", "cycle"))


@pytest.mark.parametrize(
    ("model", "name", "hint"),
    [
        (aln(), "LC_E", "Did you mean 'LC_EI'"),
        (aln(), "limit cycle", "It has: down, up, LC_EI, LC_aE, cycle"),
        (aln(), "equilibrium 1", "It has: down, up, LC_EI, LC_aE, cycle"),
        (wilson_cowan(), "down", "It has: equilibrium, low, high, limit cycle"),
        (wilson_cowan(), "equilibrium1", "Did you mean 'equilibrium'"),
        (wilson_cowan(), "equilibrium 0", "Did you mean 'equilibrium"),
    ],
)
def test_other_words_are_refused_with_those_there_are(model, name, hint):
    with pytest.raises(UnknownNameError, match=hint):
        check_state(model, name)


def test_a_model_without_words_numbers_its_equilibria():
    check_state(wilson_cowan(), "equilibrium 7")
    assert equilibrium_names(wilson_cowan(), [0.3]) == ["equilibrium"]
    assert equilibrium_names(wilson_cowan(), [0.1, 0.8]) == ["low", "high"]
    assert equilibrium_names(wilson_cowan(), [0.1, 0.5, 0.8])[::2] == [
        "equilibrium 1", "equilibrium 3"
    ]  # fmt: skip
    assert means_any_cycle(wilson_cowan(), "limit cycle")
    assert not means_any_cycle(aln(), "LC_EI")
    assert label(["equilibrium", "limit cycle"]) == "equilibrium + limit cycle"


def test_two_equilibria_in_one_band_take_neighboring_words():
    assert equilibrium_names(aln(), [0.5, 1.5]) == ["down", "up"]
    assert equilibrium_names(aln(), [1.5]) == ["down"]
    assert level_name(aln(), 5.0) == "up"


def test_diagrams_and_stimuli_name_the_same_states_alike():
    # The unstable equilibrium between the wells takes no number.
    by_diagrams = [item["name"] for item in stable_equilibria(DOUBLE_WELL)[0]]
    by_stimuli = [e.name for e in equilibria_at(DOUBLE_WELL) if e.stable]
    assert by_diagrams == by_stimuli == ["low", "high"]


def test_networks_are_told_in_the_same_words():
    trial = RegimeTrial(SimpleNamespace(model=aln()), "region", {}, (), Tolerances(), 1)
    rates = {"r_E": Estimate(20.0, 19.9, 20.1)}
    for power, word in ((0.0, "up"), (5.0, "cycle")):
        told = trial._word(Settled(rates, power, Estimate(20.0, 19.9, 20.1)))
        assert told == word
        check_state(aln(), told)


def test_a_rhythm_to_which_spikes_are_added_is_told_once():
    rest = {"name": "equilibrium", "kind": "equilibrium"}
    tonic = {"name": "limit cycle", "kind": "cycle", "detail": ""}
    bursts = [{**tonic, "detail": f"bursting, {k} spikes"} for k in (3, 4)]
    varying = "bursting, spikes vary"
    assert names_with_varying_bursts([tonic]) == (varying,)
    assert names_with_varying_bursts(bursts) == (varying,)
    assert names_with_varying_bursts([rest, tonic, *bursts]) == (
        "equilibrium", "limit cycle", varying,
    )  # fmt: skip
    assert names_with_varying_bursts([rest]) == ("equilibrium",)
    twins = [bursts[0], bursts[0]]  # two rhythms of three spikes each: not told by their spikes
    assert names_with_varying_bursts([*twins, bursts[1]]) == (varying, varying)
    slow = [{**item, "name": "LC_aE"} for item in bursts]
    assert names_with_varying_bursts(slow) == ("LC_aE",)  # a field's word says more
    assert agree([tonic], (varying,))
    assert agree(bursts, (varying,))  # beside each other
    assert agree([tonic, *bursts], ("limit cycle", varying))
    assert agree([*twins, bursts[1]], (varying, varying))
    assert not agree(twins, (varying,))
    assert not agree([tonic, *bursts], (varying,))
    assert not agree([tonic, tonic], (varying,))
    assert not agree([], (varying,))
    assert not agree([rest], (varying,))
    assert not agree([tonic, rest], (varying,))
    assert not agree([{"name": "chaos", "kind": "chaos"}], (varying,))
    assert not agree([tonic], ("limit cycle", varying))


def test_chaos_between_bursts_agrees_where_the_label_says_so():
    chaos = {"name": "chaos", "kind": "chaos", "detail": "largest exponent 0.01"}
    bursts = [
        {"name": "limit cycle", "kind": "cycle", "detail": f"bursting, {k} spikes"} for k in (3, 4)
    ]
    rest = {"name": "equilibrium", "kind": "equilibrium"}
    (bands,) = names_with_varying_bursts(bursts, bands=True)
    assert bands == "bursting, spikes vary, chaos between"
    assert agree([chaos], (bands,))
    assert agree(bursts[:1], (bands,))
    assert agree([*bursts, chaos], (bands,))  # beside each other
    assert agree([rest, chaos], ("equilibrium", bands))
    assert not agree([chaos, rest], (bands,))
    assert not agree([chaos, chaos], (bands,))
    assert not agree([{"name": "torus", "kind": "torus"}], (bands,))
    assert not agree([], (bands,))
    assert not agree([chaos], names_with_varying_bursts(bursts))
