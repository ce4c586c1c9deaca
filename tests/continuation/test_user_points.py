"""Quantities of the user's own: observables, and where on a branch they take a value."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, fold_curve, hopf_curve, user_points
from dynsys import ModelError, UnknownNameError, VectorField
from dynsys.models import wilson_cowan

CIRCLE = VectorField("circle", {"x": 0.1}, {"m": 1.0}, {"x": "m - x^2"})


@pytest.fixture(scope="module")
def branch():
    return equilibria(wilson_cowan(), "P", (-4, 7))


def test_values_of_states_and_parameters_are_met_exactly():
    parabola = equilibria(CIRCLE, "m", (-1, 4), start=[1.0])
    points = user_points(parabola, "x", 1.5)
    assert [p.parameters["m"] for p in points] == pytest.approx([2.25], abs=1e-12)
    both = user_points(parabola, "m", 1.0)
    assert sorted(p.state[0] for p in both) == pytest.approx([-1, 1], abs=1e-12)
    assert [p.name for p in both] == ["UZ1", "UZ2"]


def test_functions_of_the_user_are_followed_to_zero(branch):
    for point in user_points(branch, lambda v: v["E"] + v["I"] - 1.0):
        assert point.state[:2].sum() == pytest.approx(1.0, abs=1e-12)
        assert np.max(np.abs(point.model.rhs(point.state))) < 1e-10
    assert user_points(branch, lambda v: v["E"] + v["I"] - 1.0)


def test_two_parameter_curves_have_user_points_too(branch):
    plane = {"P": (-4, 7), "Q": (-9, 0)}
    for follow, start in ((fold_curve, "LP1"), (hopf_curve, "H1")):
        curve = follow(branch[start], ("P", "Q"), plane)
        points = user_points(curve, "Q", -4.0)
        assert points
        for point in points:
            assert point.parameters["Q"] == pytest.approx(-4.0, abs=1e-10)
            critical = np.min(np.abs(point.eigenvalues.real))
            assert critical < 1e-8


def test_more_observables_belong_to_every_branch():
    model = wilson_cowan().with_observables(total="E + I", drive="a*E - b*I + P")
    branch = equilibria(model, "P", (-3, 6))
    states = branch.states()
    assert branch.data["total"].values == pytest.approx(states[:, 0] + states[:, 1])
    assert "drive" in branch["H1"].observables
    (point, *_) = user_points(branch, "total", 0.5)
    assert point.observables["total"] == pytest.approx(0.5, abs=1e-12)
    assert wilson_cowan().with_observables().observable_names == wilson_cowan().observable_names


def test_unknown_quantities_are_refused(branch):
    with pytest.raises(UnknownNameError, match="Did you mean 'E'"):
        user_points(branch, "EE", 0.5)
    with pytest.raises((ModelError, UnknownNameError), match="no symbol 'EE'"):
        wilson_cowan().with_observables(total="EE + I")
