"""Fields that jump or bend: what they hold is said to be left out, and no branch goes past it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from continuation import equilibria, find_equilibria
from continuation.engine.breaks import break_between
from continuation.steady_states.jumps import may_bend
from dynsys import State, VectorField
from dynsys.errors import ConvergenceError
from dynsys.models import aln


def model(equation: str, p: float = 1.0) -> VectorField:
    states = {"x": State(0.5, (-3.0, 3.0))}
    return VectorField("m", states, {"p": p}, {"x": equation}, time_unit="")


@pytest.mark.parametrize(
    "equation", ["p - 3*sign(x)", "if(x < p)then(1)else(-1)", "heav(-x) - 0.5 + 0*p"]
)
def test_where_only_a_jump_holds_states_it_is_said(equation):
    with pytest.raises(ConvergenceError, match=r"jumps.*states that a jump holds"):
        equilibria(model(equation), "p", (-2.0, 2.0))
    with pytest.warns(UserWarning, match="states that a jump holds"):
        assert not find_equilibria(model(equation)).size


def test_branches_end_at_a_jump_and_say_so():
    with pytest.warns(UserWarning, match="left out: the field of m jumps, as at x = 0"):
        branch = equilibria(model("p - x - sign(x)"), "p", (-2.0, 2.0))
    p, x = branch.data["p"].values, branch.data["x"].values
    assert x == pytest.approx(p - np.sign(p), abs=1e-9)
    assert np.abs(p).min() == pytest.approx(1.0, abs=1e-6)
    ends = [end for pair in branch.ended for end in pair]
    assert sum("jumps here" in end for end in ends) == 2


@pytest.mark.parametrize("equation", ["p - abs(x)", "p - abs(x)^(1/3)", "p - sqrt(abs(x))"])
def test_branches_end_where_the_slope_jumps_or_is_infinite(equation):
    """At an infinite slope Newton's steps vanish where the field does not: no zero is invented."""
    branch = equilibria(model(equation), "p", (-2.0, 2.0))
    assert branch.data["p"].min() > -1e-8
    at = zip(branch.data["p"].values, branch.data["x"].values, strict=True)
    field = [model(equation, p=p).rhs([x])[0] for p, x in at]
    assert np.abs(field).max() < 1e-6
    assert all("slope of the field" in start for start, _ in branch.ended)


def test_a_bend_that_is_stable_from_one_side_only_is_left_out_and_said():
    """abs(x) (p - x): the line x = 0 has the slopes p and -p, x = p crosses it."""
    with pytest.warns(UserWarning, match="bends across x at x = 0"):
        branch = equilibria(model("abs(x)*(p - x)"), "p", (-2.0, 2.0))
    assert len(branch.ended) == 1 and not branch.points("suspect")
    assert branch.data["x"].values == pytest.approx(branch.data["p"].values, abs=1e-6)


def test_a_bend_with_slopes_of_one_sign_is_an_equilibrium():
    branch = equilibria(model("-x - p*max(x, 0)"), "p", (0.5, 2.0))
    assert np.abs(branch.data["x"].values).max() < 1e-9 and branch.data["stable"].all()


def test_continuous_conditions_are_no_jumps():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        branch = equilibria(model("p - if(x < 1)then(x)else(2*x - 1)"), "p", (-2.0, 2.0))
    assert branch.data["p"].max() == pytest.approx(2.0)


def test_where_a_condition_leaves_out_a_root_without_value_equilibria_are_found():
    # x = p below 0, where sqrt(x), which is not chosen, has no value.
    branch = equilibria(model("p - x + if(x > 0, sqrt(x), 0)", -1.0), "p", (-2.0, -0.5))
    np.testing.assert_allclose(branch.data["x"], branch.data["p"], atol=1e-9)
    assert branch.data["stable"].all() and branch.data["p"].min() == pytest.approx(-2.0)


def test_an_exponential_elsewhere_makes_nothing_zero():
    """The field is of the order 1 where exp(800 x) vanishes, however large it is elsewhere."""
    with pytest.raises(ConvergenceError) as told:
        equilibria(model("p - exp(800*x)"), "p", (-2.0, -1.0))
    assert "every point" not in str(told.value)


def test_a_sum_conserved_at_one_value_is_said_of_that_value():
    states = {name: State(0.5, (-3.0, 3.0)) for name in "xy"}
    turning = VectorField("m", states, {"p": 1.0}, {"x": "p*y", "y": "-p*x"}, time_unit="")
    with pytest.warns(UserWarning, match=r"every equilibrium of m \(p = 0\)"):
        equilibria(turning, "p", (-2.0, 2.0))


def test_steps_are_told_from_steep_slopes():
    ends = np.array([-1.0]), np.array([2.0])
    assert break_between(np.sign, *ends) == pytest.approx(0.0, abs=1e-9)
    assert break_between(lambda x: np.tanh(1e4 * x), *ends) is None
    assert break_between(lambda x: 3.0 * x, *ends) is None


def test_only_what_changes_with_the_states_can_bend():
    """A bend of a parameter alone is a constant; one reached through definitions is none."""
    assert not may_bend(aln())  # Abs(J_ee)
    through = {"u": "abs(w)", "w": "x - 1"}
    assert may_bend(VectorField("bent", {"x": 1.0}, {"k": 1.0}, {"x": "k - u"}, through))
    fixed = {"u": "abs(w)", "w": "2*k"}
    assert not may_bend(VectorField("plain", {"x": 1.0}, {"k": 1.0}, {"x": "-x - u"}, fixed))
