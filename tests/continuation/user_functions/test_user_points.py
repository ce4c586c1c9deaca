"""Quantities of the user's own: observables, and where on a branch they take a value."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, fold_curve, hopf_curve, limit_cycles, until, user_points
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


def test_where_a_function_jumps_it_takes_no_value(branch):
    assert user_points(branch, lambda v: 1.0 / (v["P"] - 0.123)) == ()
    assert user_points(branch, lambda v: 1.0 if v["P"] > 0.123 else -1.0) == ()


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


def radial() -> VectorField:
    """Cycles of radius sqrt(m) and period 2 pi / (1 + m)."""
    return VectorField(
        "radial", {"x": 0.5, "y": 0.0}, {"m": 0.2},
        {"x": "x*(m - x^2 - y^2) - y*(1 + m)", "y": "y*(m - x^2 - y^2) + x*(1 + m)"}, time_unit="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def cycles():
    hopf = equilibria(radial(), "m", (-0.5, 1.5), start=[0, 0]).points("H")[0]
    return limit_cycles(hopf, "m", (-0.5, 1.5))


@pytest.mark.parametrize(
    ("quantity", "value", "exact"),
    [
        ("max_x", 0.8, 0.64), ("period", 4.0, 2 * np.pi / 4 - 1), ("m", 0.75, 0.75),
        (lambda cycle: cycle.extrema("y")[0], -1.1, 1.21),
    ],
)  # fmt: skip
def test_cycles_have_user_points_too(cycles, quantity, value, exact):
    (cycle,) = user_points(cycles, quantity, value)
    assert cycle.name == "UZ1"
    assert cycle.orbit.value == pytest.approx(exact, abs=1e-5)  # extrema are sampled
    assert cycle.stable


def test_a_stop_condition_ends_a_branch_of_cycles(cycles):
    short = until(cycles, "max_x", 0.8)
    assert short.data["m"].values.max() < 0.64 <= short["UZ1"].orbit.value + 1e-5
    assert short.ended[1] == "the stop condition max_x = 0.8"
    assert len(short) == len(short.orbits) < len(cycles)
    assert until(cycles, "period", 100.0) is cycles


def test_a_stop_condition_ends_every_piece_of_a_branch(branch):
    whole = branch.data["E"].values
    short = until(branch, "E", 0.3)
    assert whole.max() > 0.3 > short.data["E"].values.max()
    assert short.points("UZ")[0].observables["E"] == pytest.approx(0.3, abs=1e-12)
    assert "the stop condition E = 0.3" in short.ended[0]
    assert len(short.special_points) <= len(branch.special_points) + 1


def test_an_unknown_quantity_of_cycles_is_refused(cycles):
    with pytest.raises(UnknownNameError, match="period"):
        user_points(cycles, "perod", 4.0)
