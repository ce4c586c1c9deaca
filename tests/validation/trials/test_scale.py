"""Kicks and bounds in the scale of a model."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest

from dynsys.models import aln, master_equation
from validation import network_of
from validation.trials.choosing import told_from_noise
from validation.trials.findings import Tolerances
from validation.trials.probing import KICKS, Probe, state_of
from validation.trials.regime import RegimeTrial
from validation.trials.scale import Bounds, published, reaching, rhythm_bounds

UPDOWN = master_equation("divolo2019", order=1).with_parameters(E_L_e=-63, a=0)
BOTH = {"drive": 1.25, "b": 19.2}
LEVELS = tuple({"observables": {"nu_e": rate}} for rate in (3.3, 192.7))


def test_kicks_are_as_strong_as_the_mean_field_needs():
    network = network_of(UPDOWN, 1_000)
    found = reaching(network, BOTH, LEVELS)
    assert found == {"low": -1.0, "high": 2.0, "rest": 0.0}
    for kick, above in (("low", False), ("high", True)):
        (run,) = Probe(BOTH, (kick,), factors=found).predicted(network)
        assert (state_of(run, network.rates).rate.value > 100) == above
    (run,) = Probe(BOTH, ("high",)).predicted(network)  # the published kick does not lead there
    assert state_of(run, network.rates).rate.value < 10


def test_the_published_kick_is_kept_where_it_suffices_or_nothing_does():
    network = network_of(aln(), 1_000)
    place = {"mu_e": 2.375, "mu_i": 2.633}
    levels = tuple({"observables": {"r_E": rate}} for rate in (0.0, 40.7))
    assert reaching(network, place, levels) == KICKS
    assert reaching(network, place, levels[:1]) == KICKS
    unreached = tuple({"observables": {"r_E": rate}} for rate in (0.0, 4000.0))
    assert reaching(network, place, unreached)["high"] == 1.0


def diagram(*nodes):
    """Regions of a place and attractors each."""
    graph = nx.Graph()
    for k, (place, kinds) in enumerate(nodes):
        stable = [{"kind": kind, "name": kind} for kind in kinds]
        graph.add_node(k, parameters=place, stable=stable)
    return SimpleNamespace(regimes=graph)


def test_a_faint_rhythm_has_a_bound_between_noise_and_noise_with_it():
    rhythm, rest = {"drive": 0.5594, "b": 76.23}, {"drive": 0.8735, "b": 58.98}
    nodes = diagram((rhythm, ["cycle"]), (rest, ["equilibrium"]))
    found = rhythm_bounds(nodes, network_of(UPDOWN, 4_000))
    assert found.mean_field == pytest.approx(0.34 / 4, rel=0.1)
    assert found.mean_field < 1
    assert not found.published
    larger = rhythm_bounds(nodes, network_of(UPDOWN, 16_000))
    assert larger.network < found.network
    smaller = rhythm_bounds(nodes, network_of(UPDOWN, 500))
    assert "use neurons >=" in smaller.trouble


def test_the_published_bound_is_kept_for_the_published_model():
    assert rhythm_bounds(diagram(), network_of(aln(), 1_000)) == published(1_000)
    assert published(1_000) == Bounds(1.0, 4.0)
    assert published(16_000) == Bounds(1.0, 1.0)


def test_rhythms_below_the_noise_are_not_tested():
    cycle = {"kind": "cycle", "name": "limit cycle"}
    rest = {"kind": "equilibrium", "name": "up"}
    trials = [
        RegimeTrial(None, "region", {"x": 1.0}, (item,), Tolerances(), 1) for item in (cycle, rest)
    ]
    kept, left_out = told_from_noise(trials, "noise drowns it")
    assert kept == trials[1:]
    assert [finding.reason for finding in left_out] == ["noise drowns it"]
    assert told_from_noise(trials, "") == (trials, [])


def test_a_bound_decides_what_oscillates():
    network = network_of(UPDOWN, 1_000)
    (run,) = Probe({"drive": 0.5594, "b": 76.23}, ("rest",)).predicted(network)
    assert not state_of(run, network.rates).oscillates
    assert state_of(run, network.rates, 0.1).oscillates
    assert np.isfinite(state_of(run, network.rates).power)
