"""Planes on which a quantity is conserved: centres, not attractors."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram, load
from continuation.diagrams.centres import centres, centres_met, conserved_quantity
from continuation.diagrams.pasts import at_rest
from continuation.diagrams.trials import Trial
from dynsys import State, VectorField
from tests.continuation.diagrams.test_audited_planes import label_areas


def planar(x: str, y: str, ranges: tuple[float, float], **parameters: float) -> VectorField:
    states = {"x": State(0.5, ranges), "y": State(0.5, ranges)}
    return VectorField("planar", states, parameters, {"x": x, "y": y}, time_unit="")


def lotka_volterra() -> VectorField:
    return planar("x*(a - y)", "y*(x - b)", (0, 4), a=1.0, b=1.0)


def duffing() -> VectorField:
    return planar("y", "-a*x - b*x^3", (-3, 3), a=1.0, b=1.0)


def test_predators_and_prey_circle_around_a_centre_and_the_diagram_says_what_is_kept(tmp_path):
    axes = ("a", 0.5, 2.0), ("b", 0.5, 2.0)
    assert conserved_quantity(lotka_volterra(), axes) == "x + y - log(x) - log(y)"
    diagram = bifurcation_diagram(lotka_volterra(), *axes, audit=20, budget=15)
    assert label_areas(diagram) == pytest.approx({"centre": 1.0})
    (centre,) = diagram.attractors(a=0.8, b=1.8)
    assert centre["state"] == pytest.approx([1.8, 0.8])
    assert centre["period"] == pytest.approx(2 * np.pi / np.sqrt(0.8 * 1.8))
    assert not diagram.doubts()
    assert diagram.checked.agree == 20
    assert "is conserved: nothing attracts" in str(diagram)
    assert str(load(diagram.save(tmp_path / "diagram.nc"))) == str(diagram)


def test_a_pitchfork_parts_one_centre_from_two():
    diagram = bifurcation_diagram(duffing(), x=("a", -1, 2), y=("b", 0.2, 2), audit=5)
    expected = {"centre": 2 / 3, "centre + centre": 1 / 3}
    assert label_areas(diagram) == pytest.approx(expected, abs=1e-3)
    assert diagram.checked.passed


def test_friction_and_what_only_looks_like_a_centre_conserve_nothing():
    axes = ("a", 0.5, 2.0), ("b", 0.5, 2.0)
    assert conserved_quantity(planar("y", "-a*x - b*y", (-1, 1), a=1.0, b=1.0), axes) == ""
    # Imaginary eigenvalues everywhere, and yet all motions spiral inwards.
    weak = planar("-a*y - x*(x^2 + y^2)", "b*x - y*(x^2 + y^2)", (-1, 1), a=1.0, b=1.0)
    assert len(centres(weak, None, searches=16)) == 1
    assert conserved_quantity(weak, axes) == ""


def test_the_audit_tells_where_orbits_beside_a_centre_do_not_close():
    model = planar("a*y", "-b*x - 0.2*y", (-1, 1), a=1.0, b=1.0)
    damped = Trial({"a": 1.0, "b": 1.0}, at_rest(np.array([[0.5, 0.5]])))
    assert [item["kind"] for item in centres_met(model, [damped])[0]] != ["centre"]
    free = planar("a*y", "-b*x", (-1, 1), a=1.0, b=1.0)
    assert [item["kind"] for item in centres_met(free, [damped])[0]] == ["centre"]
