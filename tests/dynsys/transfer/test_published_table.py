"""The transfer functions by the published scheme, as shipped and as computed again."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys.transfer import EIFNeuron, transfer_function
from dynsys.transfer.published import MU, SIGMA, published_cell, published_scheme
from tests.oracles.transfer_function import SPOTS


@pytest.mark.parametrize(("mu", "sigma", "rate", "voltage", "tau"), SPOTS)
def test_the_shipped_table_has_the_published_values(mu, sigma, rate, voltage, tau):
    at = int(np.abs(MU - mu).argmin()), int(np.abs(SIGMA - sigma).argmin())
    found = [table[at] for table in published_scheme()]
    assert found[0] == pytest.approx(rate, rel=4e-8)
    assert found[1] == pytest.approx(voltage, abs=6e-7)
    assert found[2] == pytest.approx(tau, abs=1e-9)


@pytest.mark.parametrize("at", [(60, 30), (100, 14), (300, 50)])
def test_the_shipped_table_is_what_the_scheme_computes(at):
    out = np.empty(3)
    published_cell(EIFNeuron().packed(), MU[at[0]], SIGMA[at[1]], out)
    assert out == pytest.approx([table[at] for table in published_scheme()], rel=1e-10)


def test_our_table_differs_by_the_errors_of_the_published_scheme():
    rate, _, tau = published_scheme()
    firing = rate > 1e-3
    grid = np.meshgrid(MU, SIGMA, indexing="ij")
    own = np.exp(transfer_function().evaluate("log_rate", *grid))
    assert np.abs(own / rate - 1)[firing].max() < 2e-4
    filtered = np.exp(transfer_function().evaluate("log_tau_mu", *grid))
    assert np.abs(filtered - tau)[firing].max() < 0.2  # ms, of up to 20
