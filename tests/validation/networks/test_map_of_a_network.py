"""A plane of two parameters of a real network, beside that of its mean field."""

from __future__ import annotations

import numpy as np

from dynsys.models import aln
from dynsys.simulation import regime_map
from validation import network_of


def test_a_map_of_a_network_shows_the_rhythm_of_its_mean_field():
    axes = ("mu_e", 0.3, 1.0, 2), ("mu_i", 0.5, 0.55, 2)
    network = regime_map(network_of(aln(), neurons=2000), *axes, settle=300, duration=500)
    field = regime_map(aln(), *axes, settle=1000, duration=1000)
    np.testing.assert_array_equal(network["oscillates"], field["oscillates"])
    assert network["oscillates"].sum() == 4  # at mu_e = 1 from both starts
    rhythms = field["frequency"].values > 0
    np.testing.assert_allclose(
        network["frequency"].values[rhythms], field["frequency"].values[rhythms], rtol=0.1
    )
    assert not network["coexistence"].any()
    assert network.data.attrs["simulated"] == "network"
