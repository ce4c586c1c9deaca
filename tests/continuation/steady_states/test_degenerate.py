"""Equilibria at which Newton's method stalls: what cannot be followed is said, nothing invented."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest

from continuation import equilibria, find_equilibria
from continuation.steady_states.search_box import with_search_ranges
from dynsys import State, VectorField
from dynsys.errors import ConvergenceError

ROOT = "sign({u})*abs({u})^(1/3)"


def model(equation: str | dict[str, str], p: float = 1.0) -> VectorField:
    equations = {"x": equation} if isinstance(equation, str) else equation
    states = {name: State(0.5, (-3.0, 3.0)) for name in equations}
    return VectorField("m", states, {"p": p}, equations, time_unit="")


def bare(equation: str, x: float = 1.0) -> VectorField:
    return VectorField("m", {"x": x}, {"p": 1.0}, {"x": equation}, time_unit="")


@pytest.mark.parametrize(
    "equation",
    [
        "-(p - x)^2",
        "(x - p)^3",
        "-(x - p)^4",
        "(x^2 - p)^2",
        "exp(-x)*(sin(x) - p)^2",
        {"x": "-(x - y)^2", "y": "p - y"},
        {"x": "y", "y": "-(x - p)^2 - y"},
    ],
)
def test_curves_of_repeated_roots_are_refused_and_not_followed_in_pieces(equation):
    with pytest.raises(ConvergenceError, match="is a repeated root, and so are those along p"):
        equilibria(model(equation), "p", (-2.0, 2.0))


def test_a_start_on_a_repeated_root_is_refused_with_the_reason():
    with pytest.raises(ConvergenceError, match=r"x = 1 \(p = 1\) of m is a repeated root"):
        equilibria(model("-(p - x)^2"), "p", (-2.0, 2.0), start=[1.0])


def test_simple_roots_beside_repeated_ones_are_followed_and_the_others_said():
    with pytest.warns(UserWarning, match="left out: .* repeated root"):
        branch = equilibria(model("(p - x)^2*(p + x)"), "p", (-2.0, 2.0))
    np.testing.assert_allclose(branch.data["x"], -branch.data["p"], atol=1e-9)
    assert len(branch.ended) == 1 and not branch.special_points


@pytest.mark.parametrize("equation", ["p*x - x^3", "p*x - x^2", "-x^2*(x - 1) + 0*p"])
def test_branch_points_and_roots_that_stay_are_no_repeated_roots_along_the_parameter(equation):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        branch = equilibria(model(equation), "p", (-2.0, 2.0))
    assert len(branch.ended) >= 2


@pytest.mark.parametrize(
    "equation",
    [
        f"p*x - {ROOT.format(u='x')}",
        "p*x - sign(x)*sqrt(abs(x))",
        "p*x - sqrt(x)",
        "p*x - x^0.3",
        {"x": "y", "y": f"p*x - y - {ROOT.format(u='x')}"},
    ],
)
def test_an_equilibrium_with_an_infinite_slope_is_said(equation):
    with pytest.warns(UserWarning, match=r"infinite across x at the equilibrium x = 0"):
        branch = equilibria(model(equation), "p", (-2.0, 2.0))
    assert (branch.data["p"] > 0).all()


def test_where_all_equilibria_have_infinite_slopes_it_is_said():
    with pytest.raises(ConvergenceError, match=r"no equilibrium that can be followed.*infinite"):
        equilibria(model(ROOT.format(u="(x - p)")), "p", (-2.0, 2.0))


@pytest.mark.parametrize("equation", ["1 + sqrt(abs(x))", "0.01 + abs(x)^(1/3)", "1 + x^2"])
def test_where_newtons_steps_shrink_but_the_field_does_not_nothing_is_found(equation):
    assert not find_equilibria(model(equation)).size


@pytest.mark.parametrize(
    "equation", ["p - abs(x)", "p - max(x, -2*x)", f"p - {ROOT.format(u='x')}"]
)
def test_a_branch_up_to_its_tip_needs_no_warning(equation):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        branch = equilibria(model(equation), "p", (-2.0, 2.0))
    assert all("slope of the field" in " ".join(pair) for pair in branch.ended)


def test_on_a_bend_with_slopes_of_two_signs_nothing_is_stable():
    """x = 0 of p x - |x| has the slopes p - 1 and p + 1: half-stable for |p| < 1."""
    with pytest.warns(UserWarning, match="bends across x at x = 0"):
        branch = equilibria(model("p*x - abs(x)"), "p", (-2.0, 2.0))
    p = branch.data["p"].values
    inside, outside = np.abs(p) < 0.99, np.abs(p) > 1.01
    assert branch.data["neutral"].values[inside & (p < 0)].all()
    assert not branch.data["stable"].values[inside].any()
    np.testing.assert_array_equal(branch.data["stable"].values[outside], p[outside] < 0)
    assert not branch.points("BP")


def test_infinite_derivatives_end_no_search_with_an_exception():
    branch = equilibria(model(f"x*(p - {ROOT.format(u='x')})"), "p", (-2.0, 2.0))
    p, x = branch.data["p"].values, branch.data["x"].values
    assert np.minimum(np.abs(x), np.abs(x - p**3)).max() < 1e-3


@pytest.mark.parametrize("x", [1.0, 0.0, -1.0])
@pytest.mark.parametrize("size", ["1e6", "1e24"])
def test_a_model_that_goes_far_is_sought_where_it_goes(x, size):
    branch = equilibria(bare(f"p*{size} - x^2", x), "p", (-1.0, 2.0))
    expected = np.sqrt(float(size) * branch.data["p"].values)
    np.testing.assert_allclose(np.abs(branch.data["x"]), expected, atol=1e-5 * float(size) ** 0.5)
    assert branch.data["p"].max() == 2.0 and len(branch.points("LP")) == 1


def test_where_nothing_is_found_it_is_said_where_it_was_sought():
    with pytest.raises(ConvergenceError, match=r"without a range of their own: x from -0.5 to 2.5"):
        equilibria(bare("exp(x) - p*1e30"), "p", (0.5, 2.0))


def test_a_stiff_model_is_soon_told_where_to_look():
    stiff = bare("p*1e12 - x^3")
    stiff.rhs([0.0])
    begin = time.process_time()
    low, high = with_search_ranges(stiff).states["x"].range
    assert low < 1e4 < high and time.process_time() - begin < 8.0


def test_high_powers_have_the_derivatives_they_have_at_zero():
    """d^2/dx^2 of x^2.5 at 0 is 0, and there is no third one."""
    x, p = np.zeros((4, 1), complex), np.zeros((4, 1), complex)
    x[1], out = 1.0, np.empty((4, 1), complex)
    compiled = model("x^2.5 + 0*p").compiled
    compiled.taylor(x, p, compiled.tables, out)
    assert not out[:3].any() and np.isnan(out[3]).all()
