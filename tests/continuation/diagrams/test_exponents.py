"""Departures carried along a motion, against the exact Jacobian."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.diagrams.exponents import _field, carried, nudged
from dynsys import State, VectorField
from dynsys.models import aln
from tests.continuation.diagrams.planes import hindmarsh_rose


def both(
    model: VectorField, state: np.ndarray, v: np.ndarray, dt: float, steps: int
) -> list[np.ndarray]:
    """A departure v after some steps: by differences of rates, and by the Jacobian."""
    by_rates, by_jacobian = v.copy(), v[:, None].copy()
    ends = state.copy(), state.copy()
    nudged(_field(model), ends[0], by_rates, dt, steps)
    carried(_field(model), ends[1], by_jacobian, dt, steps)
    np.testing.assert_array_equal(*ends)
    return [by_rates, by_jacobian[:, 0]]


@pytest.mark.parametrize(
    "model, dt", [(hindmarsh_rose(), 0.02), (aln().with_parameters(a=15, b=40), 0.05)]
)
def test_differences_of_rates_carry_departures_as_the_jacobian_does(model, dt):
    # Differences of 1e-7 leave errors of the rates of about that.
    v = np.random.default_rng(2).standard_normal(len(model.scales)) * model.scales
    by_rates, by_jacobian = both(model, model.initial_state(), v, dt, 400)
    np.testing.assert_allclose(by_rates, by_jacobian, atol=1e-5 * np.max(np.abs(by_jacobian)))


def test_where_a_rate_beside_has_no_value_the_jacobian_does():
    model = VectorField(
        "absent", {"x": State(0.0, (0.0, 1.0)), "y": State(0.5, (0.0, 1.0))}, {"k": 1.0},
        {"x": "-x**1.5", "y": "k - 2*y"}, time_unit="",
    )  # fmt: skip
    by_rates, by_jacobian = both(model, np.array([0.0, 0.5]), np.array([-0.1, 0.2]), 0.01, 100)
    assert by_rates == pytest.approx([-0.1, 0.2 * np.exp(-2.0)], rel=1e-6)  # exactly so
    assert by_rates == pytest.approx(by_jacobian, rel=1e-12)
