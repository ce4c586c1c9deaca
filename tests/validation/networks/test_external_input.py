"""Shared afferent cells and clamped conductances in networks of cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from dynsys.cells import find_cell
from dynsys.transfer import NETWORKS, Network
from dynsys.transfer.networks import Drive, Projection, Receptor
from validation.networks.conductance import ConductanceClamp, ConductanceNetwork

SYNAPSES, AFFERENTS = 30, 60


def alone(cells: int = 60) -> Network:
    """Cells that only an external source reaches."""
    return Network(
        "alone", {"e": cells}, {"aff": Receptor(5.0, 0.0)},
        (Projection("aff", "e", float(SYNAPSES), 0.2),), {"rate": Drive("aff", 20.0)},
    )  # fmt: skip


def correlation(shared: dict[str, int], connectivity: str) -> float:
    """Mean correlation of the conductances of different cells."""
    network = ConductanceNetwork(alone(), {"e": "LIF"}, connectivity, shared=shared)
    run = network.run(1000.0, seed=3, compiled=False, ramp=0.0)
    opened = run["G_aff_e"].values[:, 100:]
    between = np.corrcoef(opened)
    assert opened.mean() == pytest.approx(SYNAPSES * 0.020 * 0.2 * 5.0, rel=0.05)  # Campbell
    return float(between[np.triu_indices(len(between), 1)].mean())


# Pairs: every cell has each afferent at most once, with the probability K/N. Drawn with
# replacement, an afferent counts n times, of variance K/N: K^2/N of K + K^2/N is in common.
COMMON = {
    "bernoulli": SYNAPSES / AFFERENTS,
    "fixed": SYNAPSES / (AFFERENTS + SYNAPSES),
}


@pytest.mark.parametrize("connectivity", COMMON)
def test_cells_that_share_afferents_are_correlated_by_what_they_share(connectivity):
    shared = correlation({"aff": AFFERENTS}, connectivity)
    assert shared == pytest.approx(COMMON[connectivity], abs=0.04)


def test_cells_with_afferents_of_their_own_are_not_correlated():
    assert correlation({}, "fixed") == pytest.approx(0.0, abs=0.03)


def test_a_clamp_holds_cells_where_its_conductance_pulls_them():
    cell = find_cell("LIF")
    silent = replace(alone(2), drives={"rate": Drive("aff", 0.0)})
    network = ConductanceNetwork(silent, {"e": cell})
    light = ConductanceClamp(lambda t: 5.0 * ((t >= 100) & (t < 300)), E=-70.0)
    run = network.run(500.0, seed=1, compiled=False, clamps={"e": light})
    V = run["v_e"].values[0]
    held = (cell.g_L * cell.E_L + 5.0 * -70.0) / (cell.g_L + 5.0)
    assert V[90] == pytest.approx(cell.E_L, abs=1e-6)
    assert V[295] == pytest.approx(held, abs=1e-3)
    assert V[499] == pytest.approx(cell.E_L, abs=0.01)


@pytest.mark.parametrize("name", ["HH-FS", "Morris-Lecar"])
def test_every_kind_of_cell_can_be_clamped(name):
    silent = replace(alone(2), drives={"rate": Drive("aff", 0.0)})
    network = ConductanceNetwork(silent, {"e": name})
    free, lit = (
        network.run(25.0, seed=1, dt=0.02, compiled=False, clamps=clamps)["v_e"].values[0, -1]
        for clamps in (None, {"e": ConductanceClamp(20.0, E=-90.0)})
    )
    assert lit < free - 2.0


def test_what_cannot_be_shared_or_clamped_is_refused():
    network = alone()
    with pytest.raises(UnknownNameError, match="no source of external spikes 'e'"):
        ConductanceNetwork(network, {"e": "LIF"}, shared={"e": 10})
    with pytest.raises(ModelError, match="30 synapses from aff, of only 10 cells"):
        ConductanceNetwork(network, {"e": "LIF"}, shared={"aff": 10})
    with pytest.raises(ModelError, match="whole number of 1 or more"):
        ConductanceNetwork(network, {"e": "LIF"}, shared={"aff": 0})
    with pytest.raises(UnknownNameError, match="population 'x'"):
        ConductanceNetwork(network, {"e": "LIF"}).run(
            10.0, seed=1, clamps={"x": ConductanceClamp(1.0)}
        )
    with pytest.raises(ModelError, match="falls below 0 nS"):
        ConductanceNetwork(network, {"e": "LIF"}).run(
            10.0, seed=1, clamps={"e": ConductanceClamp(-1.0)}
        )
    assert NETWORKS["CONFIG1"].drives  # populations' own synapses cannot be shared
    with pytest.raises(UnknownNameError):
        ConductanceNetwork("CONFIG1", {"e": "RS", "i": "FS"}, shared={"e": 8000})
