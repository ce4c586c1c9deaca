"""Powers whose exponent is a parameter, where their base is zero."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria
from continuation.engine.multilinear import MultilinearForms
from dynsys import State, VectorField


def power(n: float) -> VectorField:
    return VectorField("power", {"x": 0.1}, {"n": n}, {"x": "x^n - x"}, time_unit="")


@pytest.mark.parametrize("n", [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.5])
def test_slopes_at_zero_are_those_of_the_power(n: float):
    assert power(n).jacobian([0.0]) == (0.0 if n == 1.0 else -1.0)
    assert power(n).jacobian([0.5])[0, 0] == pytest.approx(n * 0.5 ** (n - 1) - 1, rel=1e-12)


@pytest.mark.parametrize("n", [1.0, 2.0, 3.0, 4.0, 5.0])
def test_whole_powers_have_all_their_derivatives_at_zero(n: float):
    forms = MultilinearForms.from_model(power(n), np.zeros(1))
    direction = np.ones(1)
    for order in (2, 3, 4, 5):
        expected = float(np.prod(np.arange(1, order + 1))) if order == n else 0.0
        assert forms(*[direction] * order) == pytest.approx(expected, abs=1e-12)


def test_a_root_has_no_slope_at_zero():
    assert np.isnan(power(0.5).jacobian([0.0])).all()


def test_a_hill_function_keeps_its_zero_branch():
    # x (K^2 - 3 x + x^2) = 0, with a fold at K = 1.5; zero is stable for all K.
    hill = VectorField(
        "hill", {"x": State(0.1, (0, 3))}, {"n": 2.0, "K": 1.0},
        {"x": "-x + 3*x^n/(K^n + x^n)"}, time_unit="",
    )  # fmt: skip
    branch = equilibria(hill, "K", (0.5, 4.0))
    assert branch["LP1"].parameters["K"] == pytest.approx(1.5, rel=1e-9)
    zero = np.abs(branch.data["x"].values) < 1e-9
    assert branch.data["stable"].values[zero].all() and branch.data["K"].values[zero].max() == 4.0


def test_silent_cells_have_slopes():
    rates = VectorField(
        "rates", {"e": State(0.1, (0, 30)), "i": State(0.1, (0, 30))}, {"n": 2.0},
        {"e": "-e + 0.04*max(0, e - i)^n", "i": "-2*i + 0.04*max(0, e - 1)^n"}, time_unit="",
    )  # fmt: skip
    np.testing.assert_array_equal(rates.jacobian([0.0, 5.0]), [[-1, 0], [0, -2]])


@pytest.mark.parametrize("n", [1.0, 2.0, 3.0, 4.0, -1.0, -2.0, 0.0])
def test_whole_powers_have_values_and_slopes_below_zero(n: float):
    assert power(n).rhs([-2.0])[0] == pytest.approx((-2.0) ** n + 2.0, rel=1e-14)
    slope = n * (-2.0) ** (n - 1) - 1.0
    assert power(n).jacobian([-2.0])[0, 0] == pytest.approx(slope, rel=1e-13)


@pytest.mark.parametrize("n", [0.5, 1.5, -2.5])
def test_broken_powers_have_none_below_zero(n: float):
    assert np.isnan(power(n).rhs([-2.0])).all()


def test_an_odd_power_is_followed_through_zero():
    cubic = VectorField(
        "cubic", {"x": State(0.5, (-2, 2))}, {"n": 3.0, "r": 0.0}, {"x": "r + x - x^n"},
        time_unit="",
    )  # fmt: skip
    branch = equilibria(cubic, "r", (-1.0, 1.0))
    folds = sorted(p.parameters["r"] for p in branch.points("LP"))
    assert folds == pytest.approx([-2 / 27**0.5, 2 / 27**0.5], rel=1e-9)
