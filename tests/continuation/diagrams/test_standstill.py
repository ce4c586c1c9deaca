"""Planes of degenerate models: equilibria that attract from one side, lines on which all rests."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram, load
from continuation.diagrams.standstill import standstills
from continuation.steady_states.half_stable import way_out
from dynsys import State, VectorField
from tests.continuation.diagrams.test_audited_planes import label_areas

HALF = "half-stable equilibrium"


def model(equations: dict[str, str], definitions=None, **parameters: float) -> VectorField:
    states = {name: State(0.5, (-2.0, 2.0)) for name in equations}
    return VectorField(
        "degenerate", states, parameters, equations, definitions=definitions, time_unit=""
    )


def test_a_double_equilibrium_all_over_a_plane_attracts_from_one_side(tmp_path):
    own = model({"x": "-p*q*x^2"}, p=1.0, q=1.0)
    diagram = bifurcation_diagram(own, x=("p", -1, 2), y=("q", 0.5, 2), audit=20)
    areas = sorted(region["area"] for _, region in diagram.regimes.nodes(data=True))
    assert areas == pytest.approx([1 / 3, 2 / 3], abs=1e-6)  # it attracts from the other side
    assert set(label_areas(diagram)) == {HALF}
    assert "motions on the other run away" in str(diagram)
    assert "where p = 0 nothing moves: every x is an equilibrium" in str(diagram)
    (edge,) = diagram.regimes.edges(data=True)
    assert edge[2]["bifurcations"] == ["p = 0 (x at a standstill)"]
    assert not diagram.doubts()
    assert str(load(diagram.save(tmp_path / "diagram.nc"))) == str(diagram)


def test_motions_leave_where_the_square_is_negative():
    for sign in (1.0, -1.0):
        own = model({"x": "p*x^2", "y": "-y + x"}, p=sign)
        assert way_out(own, np.array([1e-9, 1e-9]))[0] == pytest.approx(sign)
    assert way_out(model({"x": "-p*x^3"}, p=1.0), np.array([1e-6])) is None  # stable, if weakly
    assert way_out(model({"x": "-p*x"}, p=1e-9), np.zeros(1)) is None  # only slow
    assert way_out(model({"x": "p*x^2", "y": "y"}, p=1.0), np.zeros(2)) is None  # attracts nothing
    assert way_out(model({"x": "y", "y": "p*x^2 - y"}, p=1.0), np.zeros(2)) is not None


def test_factors_of_parameters_alone_are_found_in_every_term_and_definition():
    own = model(
        {"x": "rate*(x - x^3)", "y": "(p - q)*y - q*y^2 + p*y^3"}, {"rate": "p*(q - 1)"},
        p=1.0, q=1.0,
    )  # fmt: skip
    axes = ("p", -1.0, 1.0), ("q", 0.0, 2.0)
    found = {str(line.factor): line for line in standstills(own, *axes)}
    assert set(found) == {"p", "q - 1"}
    (line,) = found["p"].lines
    assert line.length == pytest.approx(1.0)
    assert found["p"].holds({"p": 0.0, "q": 0.3})
    assert not found["p"].holds({"p": 1e-3, "q": 0.3})
    assert "where p = 0 x stays where it begins" in found["p"].words(["x", "y"])
    assert not standstills(own, ("p", 0.5, 1.0), ("q", 1.5, 2.0))


def test_a_line_of_two_parameters_is_cut_along():
    own = model({"x": "(p - q)*(x - x^3)"}, p=1.0, q=0.0)
    diagram = bifurcation_diagram(own, x=("p", 0, 1), y=("q", 0, 1), audit=20)
    assert label_areas(diagram) == pytest.approx({"low + high": 0.5, "equilibrium": 0.5}, abs=1e-6)
    assert not diagram.doubts()
