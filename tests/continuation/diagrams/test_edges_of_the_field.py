"""Equilibria on the edge where the field ends, as of a root: no slopes tell their stability."""

from __future__ import annotations

import numpy as np

from continuation.diagrams.attractors import stable_equilibria
from dynsys import State, VectorField


def test_an_equilibrium_on_the_edge_of_the_field_is_left_out():
    model = VectorField(
        "root", {"x": State(0.5, (-3, 3))}, {"p": 0.0}, {"x": "p - sqrt(x)"}, time_unit=""
    )
    assert np.isinf(model.jacobian([0.0])).all()
    stable, every = stable_equilibria(model, np.array([[0.0]]), searches=0)
    assert not stable and not len(every)
    stable, every = stable_equilibria(model.with_parameters(p=0.5))
    assert [item["state"][0] for item in stable] == [0.25] and len(every) == 1
