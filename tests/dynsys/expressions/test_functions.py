"""``Linoid``, the rate with a removable singularity, against 200-digit arithmetic and algebra."""

from __future__ import annotations

import math

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from dynsys.expressions.functions import Linoid, linoid_derivative

# Relative tolerance by order of the derivative: what the docstring promises.
TOLERANCE = {0: 1e-15, 1: 2e-15, 2: 2e-15, 3: 2e-15, 4: 2e-14, 5: 2e-14}


def exact(u: float, order: int) -> mpmath.mpf:
    """Derivative of u / (1 - exp(-u)) from its Taylor series or, away from 0, by differences."""
    with mpmath.workdps(200):
        if abs(u) < 2:
            powers = range(order, 260)
            return mpmath.fsum(
                (-1) ** i
                * mpmath.bernoulli(i)
                / mpmath.factorial(i)
                * mpmath.ff(i, order)
                * mpmath.mpf(u) ** (i - order)
                for i in powers
            )
        function = lambda w: w / (1 - mpmath.exp(-w))  # noqa: E731
        return mpmath.diff(function, mpmath.mpf(u), order) if order else function(mpmath.mpf(u))


# Around 0, on both sides of the border between series and closed form (3), and far out.
POINTS = [0.0, 1e-300, 1e-12, 1e-4, 0.3, 1.0, 1.999, 2.99999, 3.00001, 5.0, 12.5, 40.0, 80.0]


@pytest.mark.parametrize("order", TOLERANCE)
@pytest.mark.parametrize("u", [*POINTS, *(-u for u in POINTS[1:])])
def test_derivatives_keep_their_digits_through_the_singularity(u, order):
    value, reference = linoid_derivative(u, order), exact(u, order)
    # Odd derivatives from the third on vanish at 0; 1e-300 below is such a zero.
    assert value == pytest.approx(float(reference), rel=TOLERANCE[order], abs=1e-299)


@given(st.floats(-700, 700))
def test_the_function_and_its_mirror_image_differ_by_the_argument(u):
    # u / (1 - exp(-u)) = u + (-u) / (1 - exp(u))
    mirrored = u + linoid_derivative(-u, 0)
    assert linoid_derivative(u, 0) == pytest.approx(mirrored, rel=1e-15, abs=abs(u) * 2e-16)


@settings(max_examples=200)
@given(st.floats(-20, 20), st.integers(1, 5))
def test_each_order_is_the_slope_of_the_one_below(u, order):
    h = 1e-4
    slope = (linoid_derivative(u + h, order - 1) - linoid_derivative(u - h, order - 1)) / (2 * h)
    assert linoid_derivative(u, order) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_limits_are_reached_without_overflow():
    assert linoid_derivative(-1e4, 0) == 0.0
    assert linoid_derivative(1e4, 0) == 1e4
    assert linoid_derivative(1e4, 1) == 1.0
    assert linoid_derivative(-math.inf, 2) == 0.0
    assert math.isnan(linoid_derivative(math.nan, 1))


def test_the_symbol_differentiates_and_evaluates():
    u = sympy.Symbol("u", real=True)
    assert Linoid(3 * u).diff(u, 2) == 9 * Linoid(3 * u, 2)
    assert float(Linoid(0)) == 1.0
    assert float(Linoid(sympy.Rational(5, 2))) == pytest.approx(2.5 / (1 - math.exp(-2.5)))
    assert "linoid" in sympy.latex(Linoid(u, 1) ** 2)
