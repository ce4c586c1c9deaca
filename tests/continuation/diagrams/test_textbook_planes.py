"""Diagrams of textbook models are those of the textbooks."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from continuation import bifurcation_diagram
from continuation.diagrams.picture import drawn_curves
from continuation.diagrams.regimes import SEARCHED
from dynsys import State, VectorField
from tests.continuation.diagrams.test_audited_planes import label_areas
from tests.continuation.diagrams.textbook_planes import (
    TEXTBOOK,
    bautin,
    brusselator,
    hopfield,
    vanishing_prey,
)

POINTS = 100  # simulated in each plane


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TEXTBOOK if name != "lorenz"])
def test_simulations_agree_at_every_point(name):
    make, x, y = TEXTBOOK[name]
    diagram = bifurcation_diagram(make(), x=x, y=y)
    audit = diagram.audit(points=POINTS)
    assert not diagram.unresolved()
    assert (audit.agree, audit.tested) == (POINTS, POINTS), audit


@pytest.mark.slow
def test_chaos_beside_rest_is_found_or_what_is_left_open_of_it_is_told():
    # No curve bounds the chaos that lives beside both states at rest (24.06 < rho < 24.74 for
    # sigma = 10); a search for its edge costs more than the budget of a plane.
    make, x, y = TEXTBOOK["lorenz"]
    diagram = bifurcation_diagram(make(), x=x, y=y)
    audit = diagram.audit(points=POINTS)
    assert audit.passed or diagram.doubts()
    assert audit.agree >= 0.97 * audit.tested
    assert any("chaos" in region["label"] for _, region in diagram.regimes.nodes(data=True))


def test_two_cycles_lie_between_the_fold_of_cycles_and_the_hopf_line():
    # The stable ones exist right of beta1 = -beta2^2 / 4 for beta2 > 0: of the plane of 2 by 3 it
    # is 1.5^3 / 12 / 6 where the origin is stable, too.
    _, x, y = TEXTBOOK["bautin"]
    diagram = bifurcation_diagram(bautin(), x=x, y=y, audit=20)
    both = 1.5**3 / 12 / 6
    expected = {"limit cycle": 0.5, "equilibrium": 0.5 - both, "equilibrium + limit cycle": both}
    assert label_areas(diagram) == pytest.approx(expected, abs=1e-3)
    assert not diagram.doubts()


def test_a_long_relaxation_is_no_homoclinic_orbit():
    # Its only bifurcation is the Hopf curve B = 1 + A^2, whose share of the plane is known.
    _, x, y = TEXTBOOK["brusselator"]
    diagram = bifurcation_diagram(brusselator(), x=x, y=y, audit=20)
    assert not diagram.cycle_curves
    a = np.linspace(0.3, 2.0, 20001)
    rests = float(np.mean(np.clip(1 + a**2 - 0.5, 0, 4.5)) / 4.5)
    expected = {"equilibrium": rests, "limit cycle": 1 - rests}
    assert label_areas(diagram) == pytest.approx(expected, abs=1e-3)


def test_growth_without_a_rate_is_left_out_and_its_two_sides_are_two_regions():
    # At r = 0 nothing moves; the stable state is 0 on one side of it and k on the other.
    model = VectorField(
        "logistic", {"x": State(0.5, (0, 5))}, {"r": 1.0, "k": 1.0}, {"x": "r*x*(1 - x/k)"},
        time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("r", -1.0, 2.0), y=("k", 0.2, 3.0), audit=20)
    assert diagram.attractors(r=1.5, k=2.0)[0]["state"] == pytest.approx([2.0])
    assert diagram.attractors(r=-0.5, k=2.0)[0]["state"] == pytest.approx([0.0])
    areas = sorted(region["area"] for _, region in diagram.regimes.nodes(data=True))
    assert areas == pytest.approx([1 / 3, 2 / 3], abs=1e-6)
    assert diagram.checked.passed


def test_curves_that_turn_back_at_a_symmetric_point_bound_a_region_there():
    # The pitchforks of mixed states meet those of rest at w = 1, k = 0, where they turn back: on
    # x = y, w + k = x / tanh(x) and w - k = cosh(x)^2.
    x = np.linspace(1e-9, 2.0, 200_001)
    w, k = (x / np.tanh(x) + np.cosh(x) ** 2) / 2, (np.cosh(x) ** 2 - x / np.tanh(x)) / 2
    four = 2 * np.trapezoid(k[w < 2.5], w[w < 2.5]) / 9
    _, first, second = TEXTBOOK["hopfield"]
    diagram = bifurcation_diagram(hopfield(), x=first, y=second, audit=20)
    assert {curve.kind for curve in diagram.curves} == {"pitchfork curve"}
    assert not diagram.special_points  # arms of pitchforks have no folds and cusps of their own
    several = " + ".join(f"equilibrium {number}" for number in (1, 2, 3, 4))
    expected = {"equilibrium": 0.25, several: four, "low + high": 0.75 - four}
    assert label_areas(diagram) == pytest.approx(expected, abs=1e-4)
    assert not diagram.doubts()


@pytest.mark.slow
def test_a_pitchfork_of_unstable_states_parts_no_region_and_that_of_a_cycle_is_found_by_a_search():
    # Rest is stable where m < 0 and p < 0, z = +-sqrt(p) where p > 0 and m < 2 p, the cycle where
    # m > 0 and p < 2 m: it hands its stability on at p = 2 m, which no curve follows.
    model = VectorField(
        "hopf_pitchfork", {name: State(0.1, (-1.5, 1.5)) for name in "xyz"}, {"m": 0.5, "p": 0.5},
        {"x": "x*(m - R - 2*z^2) - y", "y": "y*(m - R - 2*z^2) + x", "z": "z*(p - z^2 - 2*R)"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("m", -1, 1), y=("p", -1, 1), audit=20)
    areas = {region["label"]: region["area"] for _, region in diagram.regimes.nodes(data=True)}
    assert len(areas) == len(diagram.regimes) == 4
    expected = {"equilibrium": 0.25, "limit cycle": 0.3125, "low + high": 0.3125,
                "low + high + limit cycle": 0.125}  # fmt: skip
    assert areas == pytest.approx(expected, abs=2e-3)
    told = {
        frozenset(diagram.regimes.nodes[k]["label"] for k in (a, b)): edge["bifurcations"]
        for a, b, edge in diagram.regimes.edges(data=True)
    }
    assert SEARCHED in told[frozenset(("low + high", "low + high + limit cycle"))]
    assert told[frozenset(("limit cycle", "low + high + limit cycle"))] == ["hopf curve 2"]


def test_prey_that_nearly_dies_out_has_one_rhythm():
    # It begins at K = 0.3 (1 + m)/(1 - m); predators live above K = 0.3 m/(1 - m).
    _, x, y = TEXTBOOK["vanishing_prey"]
    diagram = bifurcation_diagram(vanishing_prey(), x=x, y=y, audit=20)
    m = np.linspace(0.1, 0.9, 200_001)
    shares = [np.mean(np.clip(3 - edge, 0, 2.9)) / 2.9
              for edge in (0.3 * (1 + m) / (1 - m), 0.3 * m / (1 - m))]  # fmt: skip
    expected = {"limit cycle": shares[0], "equilibrium": 1 - shares[0]}
    assert label_areas(diagram) == pytest.approx(expected, abs=1e-3)
    rests = [r["area"] for _, r in diagram.regimes.nodes(data=True) if r["label"] == "equilibrium"]
    assert sorted(rests) == pytest.approx(sorted([shares[1] - shares[0], 1 - shares[1]]), abs=1e-3)
    assert not diagram.doubts()


def test_a_boundary_at_which_periods_grow_slowly_is_drawn():
    # Prey that dies out below a (an Allee effect): the connection between the two saddles of prey
    # alone, where the rhythm ends. At that of x = a motion is slow, and so the period tells little.
    model = VectorField(
        "allee", {"x": State(0.6, (0, 1.5)), "y": State(0.1, (0, 1))}, {"a": 0.2, "d": 0.6},
        {"x": "x*((1 - x)*(x - a) - y)", "y": "y*(x - d)"}, time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("a", 0.02, 0.3), y=("d", 0.1, 1.1), audit=20)
    rows = [np.column_stack([c.x, c.y]) for c in drawn_curves(diagram) if "homoclinic" in c.word]
    drawn = np.concatenate([row[np.isfinite(row).all(axis=1)] for row in rows])
    (rest, both) = (
        next(r["polygon"] for _, r in diagram.regimes.nodes(data=True) if r["label"] == label)
        for label in ("equilibrium", "equilibrium + limit cycle")
    )
    edge = shapely.intersection(rest, both, grid_size=1e-9)
    assert edge.length > 0.3
    places = edge.interpolate(np.linspace(0.02, 0.98, 40), normalized=True)
    assert shapely.distance(places, shapely.MultiPoint(drawn)).max() < 0.01
