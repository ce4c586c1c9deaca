"""Complete two-parameter diagrams with cycles, against formulas."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram, load
from dynsys import ModelError, State, VectorField


@pytest.fixture(scope="module")
def bautin():
    # r' = r (b1 + b2 r^2 - r^4): Hopf on b1 = 0, folds of cycles on b1 = -b2^2 / 4 for b2 > 0.
    model = VectorField(
        "bautin", {"x": State(0.1, (-1.5, 1.5)), "y": State(0.0, (-1.5, 1.5))},
        {"b1": -0.1, "b2": 1.0},
        {"x": "x*(b1 + b2*R - R^2) - 2*y", "y": "y*(b1 + b2*R - R^2) + 2*x"},
        definitions={"R": "x^2 + y^2"}, time_unit="ms",
    )  # fmt: skip
    return bifurcation_diagram(model, x=("b1", -0.5, 0.5), y=("b2", -1.0, 1.0))


def test_the_regions_around_a_bautin_point_have_their_exact_areas(bautin):
    areas = {r["attractors"]: r["area"] for _, r in bautin.regimes.nodes(data=True)}
    # The plane measures 1 x 2: both coexist over the integral of b2^2 / 4 from 0 to 1, 1 / 12.
    assert areas[("equilibrium", "limit cycle")] == pytest.approx(1 / 24, rel=5e-3)
    assert areas[("limit cycle",)] == pytest.approx(1 / 2, rel=1e-3)
    assert areas[("equilibrium",)] == pytest.approx(1 / 2 - 1 / 24, rel=1e-3)


def test_every_boundary_is_named_by_its_bifurcation(bautin):
    named = {
        frozenset(bautin.regimes.nodes[k]["attractors"] for k in (a, b)): data["bifurcations"]
        for a, b, data in bautin.regimes.edges(data=True)
    }
    both, rest, cycle = ("equilibrium", "limit cycle"), ("equilibrium",), ("limit cycle",)
    assert any(name.startswith("cycle fold curve") for name in named[frozenset((both, rest))])
    assert all(name.startswith("hopf curve") for name in named[frozenset((both, cycle))])
    assert all(name.startswith("hopf curve") for name in named[frozenset((rest, cycle))])


@pytest.mark.parametrize("b2", [0.4, 0.9])
def test_attractors_between_the_curves_are_the_exact_ones(bautin, b2):
    b1 = -0.1 * b2**2
    rest, cycle = bautin.attractors(b1=b1, b2=b2)
    assert (rest["kind"], cycle["kind"]) == ("equilibrium", "cycle")
    radius = np.sqrt((b2 + np.sqrt(b2**2 + 4 * b1)) / 2)
    assert cycle["extrema"]["x"][1] == pytest.approx(radius, rel=1e-5)
    assert cycle["frequency"] == pytest.approx(1000 * 2 / (2 * np.pi), rel=1e-8)


def test_a_diagram_with_cycles_survives_the_file(bautin, tmp_path):
    again = load(bautin.save(tmp_path / "diagram.nc"))
    assert str(again) == str(bautin)
    assert [a["name"] for a in again.attractors(b1=-0.05, b2=0.8)] == ["equilibrium", "limit cycle"]


def test_a_place_outside_the_plane_is_refused(bautin):
    with pytest.raises(ModelError, match="b1 = 3 lies outside"):
        bautin.attractors(b1=3.0, b2=0.0)


def test_a_bogdanov_takens_point_sends_out_its_homoclinic_curve():
    # x'' = b1 + b2 x' + x^2 - x x': homoclinic orbits on b1 = -(49 / 25) b2^2 + O(b2^3).
    model = VectorField(
        "bogdanov_takens", {"x": State(0.1, (-1, 1)), "y": State(0.0, (-1, 1))},
        {"b1": -0.05, "b2": -0.1}, {"x": "y", "y": "b1 + b2*y + x^2 - x*y"}, time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("b1", -0.2, 0.1), y=("b2", -0.4, 0.4))
    (curve,) = [c for c in diagram.cycle_curves if c.kind == "homoclinic curve"]
    b1, b2 = curve.data["b1"].values, curve.data["b2"].values
    near = (np.abs(b2) > 0.02) & (np.abs(b2) < 0.12)  # nearer, the fixed period is too short
    assert near.sum() > 5
    assert b1[near] == pytest.approx(-49 / 25 * b2[near] ** 2, rel=0.03)
    found = {r["attractors"] for _, r in diagram.regimes.nodes(data=True)}
    assert found == {("equilibrium",), ("limit cycle",), ("runs away",)}
    between = {
        frozenset(diagram.regimes.nodes[k]["attractors"] for k in (a, b)): data["bifurcations"]
        for a, b, data in diagram.regimes.edges(data=True)
    }
    assert between[frozenset({("limit cycle",), ("runs away",)})] == ["homoclinic curve 3"]
