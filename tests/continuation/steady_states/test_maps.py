"""Fixed points of maps whose bifurcations are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import Map, fixed_points
from dynsys import ModelError

LOGISTIC = {"states": {"x": 0.5}, "parameters": {"r": 2.5}, "equations": {"x": "r*x*(1 - x)"}}


def test_the_logistic_map_branches_at_one_and_doubles_at_three():
    branch = fixed_points(Map("logistic", **LOGISTIC), "r", (0.5, 4))
    assert branch["BP1"].parameters["r"] == pytest.approx(1, abs=1e-9)
    doubling = [p for p in branch.points("PD") if p.state[0] > 0.1]
    assert [p.parameters["r"] for p in doubling] == pytest.approx([3], abs=1e-9)
    assert doubling[0].state == pytest.approx([2 / 3], abs=1e-9)
    data = branch.data
    positive = data.where((data["x"] > 0.01) & (data["r"] > 1.01), drop=True)
    assert np.array_equal(positive["stable"] == 1, positive["r"] < 3)


def test_period_two_of_the_logistic_map_doubles_at_one_plus_root_six():
    twice = Map("logistic", **LOGISTIC, period=2)
    assert twice.step([0.3]) == pytest.approx(2.5 * 0.525 * 0.475)
    branch = fixed_points(twice, "r", (2.5, 3.6))
    values = sorted(p.parameters["r"] for p in branch.points("PD"))
    assert values == pytest.approx([1 + np.sqrt(6)] * len(values), abs=1e-8)
    assert len(values) == 2  # both points of the orbit
    assert min(p.parameters["r"] for p in branch.points("BP")) == pytest.approx(3, abs=1e-8)


def test_the_henon_map_folds_and_doubles_where_henon_says():
    """Fold at a = -(1 - b)^2/4, period doubling at a = 3 (1 - b)^2/4 (Henon 1976)."""
    henon = Map(
        "henon", {"x": 0.5, "y": 0.1}, {"a": 0.2, "b": 0.3}, {"x": "1 - a*x^2 + y", "y": "b*x"}
    )
    branch = fixed_points(henon, "a", (-0.2, 1), start=[0.9, 0.27])
    assert branch["LP1"].parameters["a"] == pytest.approx(-0.1225, abs=1e-10)
    assert branch["PD1"].parameters["a"] == pytest.approx(0.3675, abs=1e-10)


def test_the_delayed_logistic_map_turns_at_two():
    """x' = r x (1 - y), y' = x: Neimark-Sacker point r = 2 with angle pi/3 (Kuznetsov 4.7)."""
    delayed = Map("delayed", {"x": 0.4, "y": 0.4}, {"r": 1.8}, {"x": "r*x*(1 - y)", "y": "x"})
    branch = fixed_points(delayed, "r", (1.5, 2.4), start=[0.4, 0.4])
    assert branch["NS1"].parameters["r"] == pytest.approx(2, abs=1e-9)
    assert branch["NS1"].coefficients["angle"] == pytest.approx(np.pi / 3, abs=1e-9)
    assert not branch.points("PD")


def test_two_real_multipliers_with_product_one_are_no_torus():
    cat = Map("saddle", {"x": 0.0, "y": 0.0}, {"m": 0.3}, {"x": "2*x", "y": "m*y"})
    assert not fixed_points(cat, "m", (0.2, 0.8), start=[0.0, 0.0]).points("NS")


def test_maps_that_make_no_sense_are_refused():
    with pytest.raises(ModelError, match="period"):
        Map("logistic", **LOGISTIC, period=0)
    with pytest.raises(ModelError, match="no delays"):
        Map("late", {"x": 0.1}, {"r": 2.0}, {"x": "r*delay(x, 1)"})
