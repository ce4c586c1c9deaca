"""Kicks and bounds in the scale of a model."""

from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import shapely
import xarray as xr

from dynsys.models import aln, master_equation
from validation import network_of
from validation.networks.testable import Kick
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
    """Regions of a place and attractors each, all of one size."""
    graph = nx.Graph()
    for k, (place, kinds) in enumerate(nodes):
        stable = [{"kind": kind, "name": kind} for kind in kinds]
        square = shapely.box(k, 0, k + 1, 1)
        graph.add_node(k, parameters=place, stable=stable, polygon=square, area=0.5)
    return SimpleNamespace(regimes=graph, x=("drive", 0, 2), y=("b", 0, 2))


class Noisy:
    """A network behind a mean field whose runs at rest are noise of some power."""

    rates, kick, neurons = ("nu_e", "nu_i"), Kick("drive", 5.0, positive=True), 4000

    def __init__(self, power):
        self.model, self.power = UPDOWN, power

    def job(self, duration, seed, inputs, **values):
        time = np.arange(0.0, duration, 0.5)
        wave = 3.0 + np.sqrt(2 * self.power) * np.sin(2 * np.pi * 0.006 * time)
        run = xr.Dataset(dict.fromkeys(self.rates, ("time", wave)), {"time": time})
        return SimpleNamespace(run=lambda: run)


def test_a_rhythm_beside_rest_is_measured_on_its_cycle():
    # Kicked runs end at rest there, slowly: what is left of them (0.03 Hz^2) is no rhythm.
    place = {"drive": 0.474158, "b": 23.190275}
    on_cycle = {"state": [3.459053, 9.347424, 22.448375], "period": 48.7}
    nodes = diagram((place, ["equilibrium", "cycle"]), ({"drive": 0.87, "b": 59}, ["equilibrium"]))
    nodes.regimes.nodes[0]["stable"][1] |= on_cycle
    assert 4 * rhythm_bounds(nodes, Noisy(0.08)).mean_field == pytest.approx(0.71, rel=0.1)


def test_a_faint_rhythm_has_a_bound_between_noise_and_noise_with_it():
    rhythm, rest = {"drive": 0.5594, "b": 76.23}, {"drive": 0.8735, "b": 58.98}
    nodes = diagram((rhythm, ["cycle"]), (rest, ["equilibrium"]))
    found = rhythm_bounds(nodes, Noisy(0.08))
    assert found.mean_field == pytest.approx(0.34 / 4, rel=0.1)
    assert found.network == pytest.approx(np.sqrt(0.08 * (0.08 + 0.34)), rel=0.1)
    assert not found.published
    assert not found.trouble
    assert "use neurons >= " in rhythm_bounds(nodes, Noisy(0.5)).trouble
    # Without a region at rest it is a share of the rhythm's own power.
    alone = rhythm_bounds(diagram((rhythm, ["cycle"])), Noisy(0.08))
    assert alone.network == alone.mean_field


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
