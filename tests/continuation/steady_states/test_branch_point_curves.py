"""Pitchfork and transcritical points in two parameters, against formulas."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram, branch_point_curve, equilibria, load
from dynsys import ConvergenceError, ModelError, State, VectorField

STILL = {"x": State(0.1, (-3, 3)), "y": State(0.1, (-1, 1))}


def honeybees() -> VectorField:
    """Value-sensitive decisions of a swarm between equal alternatives (Pais et al. 2013, eq. 1)."""
    return VectorField(
        "honeybees", {"A": State(0.1, (0, 1)), "B": State(0.1, (0, 1))}, {"mu": 3.0, "sigma": 1.0},
        {"A": "mu*U - A/mu + mu*A*U - sigma*A*B", "B": "mu*U - B/mu + mu*B*U - sigma*A*B"},
        definitions={"U": "1 - A - B"}, time_unit="",
    )  # fmt: skip


def minimal(term: str) -> VectorField:
    return VectorField(
        "minimal", STILL, {"a": 0.0, "b": 0.0}, {"x": f"(a + b)*x - {term}", "y": "-y + x^2"},
        time_unit="",
    )  # fmt: skip


def one_state(name: str, equation: str, **values: float) -> VectorField:
    return VectorField(name, {"x": State(0.1, (-3, 3))}, values, {"x": equation}, time_unit="")


def test_the_pitchfork_of_the_honeybees_lies_on_its_formula():
    branch = equilibria(honeybees(), "sigma", (0.1, 8))
    curve = branch_point_curve(
        branch["BP1"], ("sigma", "mu"), spans={"sigma": (0.1, 8), "mu": (1.2, 5)}
    )
    mu = curve.data["mu"].values
    # Pais et al. 2013, eq. 3: sigma = 4 mu^3 / (mu^2 - 1)^2.
    assert curve.data["sigma"].values == pytest.approx(4 * mu**3 / (mu**2 - 1) ** 2, abs=1e-9)
    assert np.abs(curve.data["unfolding"]).max() < 1e-10
    assert curve.kind == "pitchfork curve"
    assert (curve.data["cubic"] < 0).all()  # supercritical: two stable states are born
    assert curve.ended == (("reached the end of the span",) * 2,)
    assert curve.data["sigma"].max() == pytest.approx(8.0)  # and leaves the span where it should


@pytest.mark.parametrize(
    ("term", "kind"), [("x^3", "pitchfork curve"), ("x^2", "transcritical curve")]
)
def test_minimal_branch_points_lie_on_a_line_and_are_told_apart(term, kind):
    branch = equilibria(minimal(term), "a", (-1.0, 1.1))
    curve = branch_point_curve(branch["BP1"], ("a", "b"), {"a": (-1.0, 1.0), "b": (-1.0, 1.0)})
    assert curve.kind == kind
    assert curve.data["a"].values == pytest.approx(-curve.data["b"].values, abs=1e-12)
    assert np.ptp(curve.data["a"].values) == pytest.approx(2.0)


def test_two_moving_branches_are_followed_where_they_cross():
    # x = a + b and x = b^2 - a are equilibria everywhere: they cross where 2 a = b^2 - b.
    model = one_state("crossing", "-(x - a - b)*(x + a - b^2)", a=0.0, b=0.3)
    branch = equilibria(model, "a", (-1.0, 1.0))
    curve = branch_point_curve(branch["BP1"], ("a", "b"))
    a, b = curve.data["a"].values, curve.data["b"].values
    assert 2 * a == pytest.approx(b**2 - b, abs=1e-12)
    assert np.abs(curve.data["unfolding"]).max() < 1e-12


def test_an_isolated_branch_point_is_refused_with_its_reason():
    # x^2 = a^2 + b: two lines cross at b = 0 only; beside it they part or turn back.
    branch = equilibria(one_state("isolated", "x^2 - a^2 - b", a=0.0, b=0.0), "a", (-1.0, 1.0))
    with pytest.raises(ConvergenceError, match="isolated"):
        branch_point_curve(branch["BP1"], ("a", "b"))


def test_other_points_are_refused():
    branch = equilibria(one_state("fold", "b + x^2", b=-1.0, c=0.0), "b", (-1.0, 1.0))
    with pytest.raises(ModelError, match="starts from BP points; LP1 is labelled LP"):
        branch_point_curve(branch["LP1"], ("b", "c"))


def test_a_plane_is_split_by_its_pitchfork_and_survives_the_file(tmp_path):
    diagram = bifurcation_diagram(honeybees(), x=("sigma", 0.1, 8), y=("mu", 1.2, 5))
    regions = [r for _, r in diagram.regimes.nodes(data=True)]
    assert sorted(len(r["attractors"]) for r in regions) == [1, 2]
    assert sum(r["area"] for r in regions) == pytest.approx(1.0, abs=1e-6)
    mu = np.linspace(1.2, 5, 20001)
    left = np.clip((4 * mu**3 / (mu**2 - 1) ** 2 - 0.1) / 7.9, 0, 1)
    (one,) = [r for r in regions if len(r["attractors"]) == 1]
    assert one["area"] == pytest.approx(float(left.mean()), abs=1e-4)
    (edge,) = diagram.regimes.edges(data=True)
    assert edge[2]["bifurcations"] == ["pitchfork curve 1"]
    for sigma, count in ((0.2, 1), (1.6, 1), (1.8, 2), (4.0, 2)):
        assert len(diagram.attractors(sigma=sigma, mu=3.0)) == count
        assert len(diagram.region(sigma=sigma, mu=3.0)["attractors"]) == count
    assert str(load(diagram.save(tmp_path / "bees.nc"))) == str(diagram)
    assert diagram.plot().get_legend().get_texts()[0].get_text() == "pitchfork"


@pytest.mark.parametrize("term", ["x^3", "x^2"])
def test_both_halves_of_a_minimal_plane_are_regions(term):
    diagram = bifurcation_diagram(minimal(term), x=("a", -1.0, 1.0), y=("b", -1.0, 1.0))
    areas = [r["area"] for _, r in diagram.regimes.nodes(data=True)]
    assert areas == pytest.approx([0.5, 0.5], abs=1e-6)
    assert not diagram.unresolved()
