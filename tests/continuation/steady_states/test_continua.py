"""Equilibria that are not isolated are recognised and said, never followed as if they were."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest

from continuation import equilibria, find_equilibria
from dynsys import State, VectorField
from dynsys.errors import ConvergenceError, ModelError


def model(equations: dict[str, str], **parameters: float) -> VectorField:
    states = {name: State(0.5, (-3, 3)) for name in equations}
    return VectorField("m", states, parameters or {"p": 1.0}, equations, time_unit="")


def test_a_conserved_sum_is_named_and_kept():
    both = model({"x": "p - x", "y": "p - x"})
    with pytest.warns(UserWarning, match="x - y is conserved"):
        (found,) = find_equilibria(both)
    assert found == pytest.approx([1.0, 1.0])
    with pytest.warns(UserWarning, match="x - y is conserved"):
        branch = equilibria(both, "p", (-2, 2))
    assert branch.data["y"].values == pytest.approx(branch.data["p"].values)


def test_a_sum_that_depends_on_the_parameter_has_no_level_set_to_go_on_in():
    turning = model({"x": "p*(1 - x)", "y": "x - 1"})
    with pytest.raises(ModelError, match="definitions="):
        equilibria(turning, "p", (0.5, 2))


def test_the_model_that_the_message_advises_has_the_folds():
    # x' = -(k + 0.4) x + y (s + x^2/(1 + x^2)) with y = 2 - x: the cubic
    # (s + 1 + c) x^3 - 2 (s + 1) x^2 + (s + c) x - 2 s = 0, c = k + 0.4, has a double root where
    # its discriminant vanishes.
    rate = "y*(s + x^2/(1 + x^2)) - (k + 0.4)*x"
    states = {"x": State(0.5, (0, 5))}
    reduced = VectorField("closed", states, {"k": 0.1, "s": 0.05}, {"x": rate},
                          definitions={"y": "2 - x"}, time_unit="")  # fmt: skip
    branch = equilibria(reduced, "k", (0.0, 1.5))
    for point in branch.points("LP"):
        c, s = point.parameters["k"] + 0.4, 0.05
        roots = np.roots([s + 1 + c, -2 * (s + 1), s + c, -2 * s])
        gaps = np.abs(roots[:, None] - roots[None, :])[np.triu_indices(3, 1)]
        assert gaps.min() < 1e-6
    assert len(branch.points("LP")) == 2


def test_a_circle_of_equilibria_is_said_and_takes_no_minute():
    circle = model({"x": "x*(p - x^2 - y^2)", "y": "y*(p - x^2 - y^2)"})
    begin = time.process_time()
    with pytest.warns(UserWarning, match="every point of a curve"):
        branch = equilibria(circle, "p", (-2, 2))
    assert time.process_time() - begin < 20  # most of it compiles
    assert np.abs(branch.states()).max() < 1e-9  # the origin, which is isolated; from where
    assert len(branch.points("BP")) == 1  # circles are born no branch is followed


def test_an_interval_of_friction_is_said():
    dead = model({"x": "v", "v": "-v - max(x - p, 0) - min(x + p, 0)"})
    with pytest.warns(UserWarning, match="every point of a curve"):
        find_equilibria(dead)


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        ({"x": "y", "y": "-x - p*sign(y)"}, "whole interval of states is at rest"),  # |x| <= p
        ({"x": "-max(x - p, 0) + max(-p - x, 0)"}, "every point of a curve"),  # |x| <= p
    ],
)
def test_ends_of_intervals_at_rest_are_no_equilibria(equations, words):
    with pytest.raises(ConvergenceError, match=words):
        equilibria(model(equations), "p", (0.5, 2.0))


@pytest.mark.parametrize("equation", ["-p*x^2", "-p*x^3"])
def test_a_degenerate_equilibrium_is_neutral_from_whichever_side_it_was_found(equation):
    branch = equilibria(model({"x": equation}), "p", (0.5, 2.0))
    assert not branch.data["stable"].any()
    assert branch.data["neutral"].all()


def test_a_slow_state_beside_a_fast_one_is_no_curve_of_equilibria():
    branch = equilibria(model({"x": "-1e9*p*x", "y": "-1e-3*y"}), "p", (0.5, 2.0))
    assert np.abs(branch.states()).max() < 1e-9


def test_next_to_a_fold_stability_is_resolved():
    branch = equilibria(model({"x": "p - x^2"}), "p", (-1.0, 2.0))
    assert not branch.data["neutral"].any()
    np.testing.assert_array_equal(branch.data["stable"].values, branch.data["x"].values > 0.0)


@pytest.mark.parametrize("equation", ["p - x^2", "-x^3 + 0*p"])
def test_degenerate_but_isolated_equilibria_stay(equation):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = find_equilibria(model({"x": equation}, p=0.0))
    assert found == pytest.approx(np.zeros((1, 1)), abs=1e-5)


def test_centres_are_neutral_and_not_stable():
    branch = equilibria(model({"x": "y", "y": "p - x"}), "p", (-1, 1))
    assert not branch.data["stable"].any()
    assert branch.data["neutral"].all()
    assert not branch.special_points
    assert "neutral" in str(branch)


def test_tiny_states_get_no_invented_equilibria():
    tiny = VectorField("tiny", {"x": 1e-12}, {"p": 1.0}, {"x": "p*1e-24 - x^2"}, time_unit="")
    branch = equilibria(tiny, "p", (-1, 1))
    assert (branch.data["p"] >= -1e-12).all()
    assert branch["LP1"].parameters["p"] == pytest.approx(0.0, abs=1e-12)


def test_a_branch_is_kept_up_to_the_edge_of_a_root():
    branch = equilibria(model({"x": "p - sqrt(x)"}), "p", (-2, 2))
    p, x = branch.data["p"].values, branch.data["x"].values
    assert x == pytest.approx(p**2, abs=1e-9)
    assert 0 <= p.min() < 1e-3
    assert p.max() == pytest.approx(2.0 if (x <= 4).all() else p.max())
