"""What no motion from the states' ranges can reach is no attractor of a plane."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram
from continuation.diagrams.reach import is_reached, with_edges
from continuation.diagrams.simulating import destinations
from dynsys import State, UnknownNameError, VectorField


def infections(lowest: float | None = None) -> VectorField:
    """Susceptible and infected with lost immunity: transcritical at b = 1."""
    return VectorField(
        "infections", {"S": State(0.5, (0, 1)), "I": State(0.2, (0, 1), lowest=lowest)},
        {"b": 1.5, "w": 0.1}, {"S": "w*(1 - S - I) - b*S*I*(1 + 3*I)",
                               "I": "b*S*I*(1 + 3*I) - I"}, time_unit="",
    )  # fmt: skip


SPANS = {"b": (0.1, 2.0), "w": (0.005, 0.3)}


def test_an_end_of_a_range_is_an_edge_where_its_state_stands_still():
    assert [s.lowest for s in with_edges(infections(), SPANS).states.values()] == [None, 0.0]
    higher = infections().with_ranges(I=(0.1, 1.0))
    assert with_edges(higher, SPANS) is higher
    delayed = VectorField(
        "delayed", {"x": State(0.5, (0, 2))}, {"r": 1.0}, {"x": "x*r*delay(1 - x, 1)"}, time_unit=""
    )
    assert with_edges(delayed, {"r": (0.0, 1.0)}) is delayed


def test_no_run_begins_below_the_lowest_values_of_states():
    # Nothing is infected that was not: from below its axis the infection comes to a negative state.
    (end,) = destinations(infections(), [{"b": 1.5}], np.array([[0.5, -0.2]]))
    assert end.state[1] < -0.1
    (end,) = destinations(infections(lowest=0.0), [{"b": 1.5}], np.array([[0.5, -0.2]]))
    assert end.state[1] > 0
    states = np.array([[0.5, 0.0], [0.5, -1e-3], [-0.5, 0.5]])
    assert is_reached(infections(lowest=0.0), states).tolist() == [True, False, True]
    with pytest.raises(UnknownNameError, match="no state 'R'"):
        infections().with_lowest(R=0.0)


def test_a_plane_has_no_state_beyond_an_axis_that_no_motion_crosses():
    x, y = (("b", *SPANS["b"]), ("w", *SPANS["w"]))
    diagram = bifurcation_diagram(infections(), x=x, y=y, audit=20)
    regions = [region for _, region in diagram.regimes.nodes(data=True)]
    assert {region["label"] for region in regions} == {"equilibrium"}
    assert sorted(r["area"] for r in regions) == pytest.approx([0.9 / 1.9, 1 / 1.9], abs=1e-4)
    assert all(item["state"][1] > -1e-9 for region in regions for item in region["stable"])
    assert diagram.checked.passed
