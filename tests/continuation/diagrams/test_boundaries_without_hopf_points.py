"""Cycles that no Hopf point leads to: found by simulation, followed both ways, bounded."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram
from dynsys import State, VectorField


@pytest.fixture(scope="module")
def ring():
    # On the invariant circle r = 1 the phase obeys t' = b - a cos t: a saddle-node on it at b = a.
    # The origin is an unstable focus everywhere, so that there is no Hopf point.
    model = VectorField(
        "class_one", {"x": State(0.5, (-1.5, 1.5)), "y": State(0.0, (-1.5, 1.5))},
        {"a": 1.0, "b": 0.5},
        {"x": "x*(1 - R) - y*(b - a*x)", "y": "y*(1 - R) + x*(b - a*x)"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    return bifurcation_diagram(model, x=("b", 0.2, 2.0), y=("a", 0.5, 1.5))


def test_a_class_one_neuron_has_its_two_regions(ring):
    areas = {r["attractors"]: r["area"] for _, r in ring.regimes.nodes(data=True)}
    # b < a over a plane of 1.8 x 1: the mean of (a - 0.2) / 1.8 for a from 0.5 to 1.5.
    assert areas[("equilibrium",)] == pytest.approx(0.8 / 1.8, abs=1e-4)
    assert areas[("limit cycle",)] == pytest.approx(1 - 0.8 / 1.8, abs=2e-3)
    assert not ring.points("H")


def test_its_cycles_are_followed_to_the_saddle_node_and_have_their_period(ring):
    assert ring.cycles
    (cycle,) = ring.attractors(b=1.5, a=1.0)
    # The period of t' = b - a cos t is 2 pi / sqrt(b^2 - a^2).
    assert cycle["period"] == pytest.approx(2 * np.pi / np.sqrt(1.25), rel=1e-6)
    along = next(c for c in ring.cycles if c.parameter == "b")
    assert any(word.startswith("the period diverges") for word in along.ended)
    assert along.data["b"].values.max() == pytest.approx(2.0)  # the other end is the plane's edge
