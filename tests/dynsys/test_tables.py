"""Smooth tables: exactness, order, smoothness, and the closed door at their edges."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from dynsys import ModelError, SmoothTable, UnknownNameError
from dynsys.tables import TableLookup, table_margin


def table_of(function, n: int = 24) -> SmoothTable:
    a, b = np.linspace(-1, 2, n), np.linspace(0, 1, n)
    return SmoothTable("f", {"a": a, "b": b}, {"q": function(a[:, None], b[None, :])})


def test_quintic_polynomials_are_reproduced_with_all_derivatives():
    table = table_of(lambda a, b: a**5 * b**4 - 3 * a**2 * b**5 + b)
    a, b = np.array([-0.93, 0.11, 1.77]), np.array([0.05, 0.52, 0.98])
    assert table.evaluate("q", a, b) == pytest.approx(a**5 * b**4 - 3 * a**2 * b**5 + b, abs=1e-10)
    first = table.evaluate("q", a, b, derivative=(1, 0))
    assert first == pytest.approx(5 * a**4 * b**4 - 6 * a * b**5, abs=1e-8)
    mixed = table.evaluate("q", a, b, derivative=(2, 1))
    assert mixed == pytest.approx(80 * a**3 * b**3 - 30 * b**4, abs=1e-5)


def test_interpolation_converges_with_sixth_order():
    def smooth(a, b):
        return np.sin(2 * a + 0.3) * np.exp(b)

    a, b = np.random.default_rng(0).uniform([-1, 0], [2, 1], (200, 2)).T
    errors = [
        np.max(np.abs(table_of(smooth, n).evaluate("q", a, b) - smooth(a, b))) for n in (20, 40)
    ]
    assert 5.0 < np.log2(errors[0] / errors[1]) < 7.5


def test_the_fourth_derivative_is_continuous_at_knots():
    table = table_of(lambda a, b: np.exp(a) * np.cos(3 * b))
    knot = table.axes["a"][11]
    left = table.evaluate("q", knot - 1e-9, 0.4, derivative=(4, 0))
    right = table.evaluate("q", knot + 1e-9, 0.4, derivative=(4, 0))
    assert left == pytest.approx(right, rel=1e-6)


def test_leaving_the_domain_is_an_error_that_names_it():
    table = table_of(lambda a, b: a + b)
    with pytest.raises(ModelError, match=r"a = 2.5 is outside its domain \[-1, 2\]"):
        table.evaluate("q", 2.5, 0.5)
    assert table.evaluate("q", 2.5, 0.5, extrapolate=True) == pytest.approx(3.0)
    packed = table.packed.copy()
    assert table_margin(packed, 0, 0.5, 0.5) == pytest.approx(0.5)
    assert table_margin(packed, 0, 2.3, 0.5) == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("axes", "values", "message"),
    [
        ({"a": np.linspace(0, 1, 5), "b": np.linspace(0, 1, 9)}, np.zeros((5, 9)), "8 grid points"),
        ({"a": np.geomspace(1, 2, 9), "b": np.linspace(0, 1, 9)}, np.zeros((9, 9)), "not uniform"),
        ({"a": np.linspace(1, 0, 9), "b": np.linspace(0, 1, 9)}, np.zeros((9, 9)), "increase"),
        ({"a": np.linspace(0, 1, 9), "b": np.linspace(0, 1, 9)}, np.zeros((8, 9)), "shape"),
        ({"a": np.linspace(0, 1, 9), "b": np.linspace(0, 1, 9)}, np.full((9, 9), np.nan), "finite"),
        ({"a": np.linspace(0, 1, 9)}, np.zeros(9), "two axes"),
    ],
)
def test_grids_that_cannot_be_interpolated_are_refused(axes, values, message):
    with pytest.raises(ModelError, match=message):
        SmoothTable("f", axes, {"q": values})


def test_lookups_differentiate_symbolically():
    table = table_of(lambda a, b: a * b)
    x = sympy.Symbol("x")
    slope = sympy.diff(table.expression("q", 2 * x, x), x)
    assert slope.atoms(TableLookup) == {
        TableLookup(sympy.Symbol("f"), 0, 1, 0, 2 * x, x),
        TableLookup(sympy.Symbol("f"), 0, 0, 1, 2 * x, x),
    }
    with pytest.raises(UnknownNameError, match="Did you mean 'q'"):
        table.expression("Q", x, x)


def test_equal_tables_have_equal_digests_and_others_not():
    assert table_of(np.multiply).digest == table_of(np.multiply).digest
    assert table_of(np.multiply).digest != table_of(np.add).digest
