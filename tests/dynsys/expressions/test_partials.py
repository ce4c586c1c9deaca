"""Partial derivatives and error functions in equations, against SymPy's own."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import sympy

from dynsys import ModelError, VectorField
from dynsys.exchange.pydstool_specification import specification
from dynsys.expressions.parsing import parse_expression
from dynsys.expressions.printing import to_text

X = [0.7, -0.4]


@pytest.fixture(scope="module")
def model() -> VectorField:
    return VectorField(
        "slopes",
        {"x": 0.7, "y": -0.4},
        {"k": 1.3},
        {"x": "partial(partial(g, x), y) + erf(k*x)", "y": "partial(g, k) - y*erfc(x*y)"},
        {"h": "k*x*y", "g": "h**3*erfc(x - h)"},
    )


def exact(order: int = 1) -> sympy.Matrix:
    x, y, k = sympy.symbols("x y k")
    g = (k * x * y) ** 3 * sympy.erfc(x - k * x * y)
    field = [g.diff(x, y) + sympy.erf(k * x), g.diff(k) - y * sympy.erfc(x * y)]
    values = {x: sympy.Float(X[0]), y: sympy.Float(X[1]), k: sympy.Float(1.3)}
    if order == 0:
        return sympy.Matrix(field).subs(values)
    return sympy.Matrix(field).jacobian([x, y]).subs(values)


def test_derivatives_in_equations_go_through_definitions(model):
    assert model.rhs(X) == pytest.approx(np.array(exact(0), dtype=float).ravel(), rel=1e-14)


def test_their_own_jacobian_is_exact(model):
    assert model.jacobian(X) == pytest.approx(np.array(exact(), dtype=float), rel=1e-13)


def test_taylor_coefficients_of_error_functions_are_exact():
    model = VectorField("bell", {"x": 0.3}, {"k": 1.7}, {"x": "erfc(k*x) - 2*erf(x)"})
    order, direction = 6, 0.8
    curve, p = np.zeros((order, 1), complex), np.zeros((order, 1), complex)
    curve[0], curve[1], p[0] = 0.3, direction, 1.7
    out = np.empty((order, 1), complex)
    model.compiled.taylor(curve, p, model.compiled.tables, out)
    s = sympy.Symbol("s")
    f = sympy.erfc(sympy.Rational(17, 10) * (sympy.Rational(3, 10) + s * sympy.Rational(4, 5)))
    f -= 2 * sympy.erf(sympy.Rational(3, 10) + s * sympy.Rational(4, 5))
    expected = [float(f.diff(s, n).subs(s, 0)) / math.factorial(n) for n in range(order)]
    assert out[:, 0].real == pytest.approx(expected, rel=1e-13)


def test_the_tail_of_erfc_keeps_its_digits():
    model = VectorField("tail", {"x": 9.0}, {}, {"x": "erfc(x)"})
    assert model.rhs([9.0])[0] == pytest.approx(4.13703174651381e-37, rel=1e-13)
    assert model.jacobian([9.0])[0, 0] == pytest.approx(-7.4920734e-36, rel=1e-7)


def test_text_and_storage_bring_them_back(model):
    x, y = sympy.symbols("x y", real=True)
    text = "partial(partial(erfc(x*y), x), y)"
    assert to_text(parse_expression(text, {"x": x, "y": y})) == text
    assert np.array_equal(pickle.loads(pickle.dumps(model)).rhs(X), model.rhs(X))
    assert r"\frac{\partial" in model.to_latex()


def test_only_states_and_parameters_can_be_differentiated_by():
    with pytest.raises(ModelError, match="takes a state or parameter"):
        VectorField("m", {"x": 1.0}, {}, {"x": "partial(x**2, 2*x)"})
    model = VectorField("m", {"x": 1.0}, {}, {"x": "partial(x**2, h)"}, {"h": "2*x"})
    with pytest.raises(ModelError, match="no state or parameter to differentiate by"):
        model.rhs([1.0])


def test_exports_without_derivatives_have_them_carried_out(model, tmp_path):
    # A polynomial: PyDSTool and XPPAUT can write it, once differentiated.
    plain = VectorField("p", {"x": 2.0}, {"k": 3.0}, {"x": "partial(g, x)"}, {"g": "k*x**3"})
    (equation,) = specification(plain)["varspecs"].values()
    assert "partial" not in equation
    assert parse_expression(equation, {"x": sympy.S(2), "k": sympy.S(3)}) == 36
    (path,) = plain.to_xppaut(tmp_path / "p.ode")
    assert "partial" not in path.read_text()
    assert "erfc(" in model.to_xppaut(tmp_path / "m.ode")[0].read_text()
    assert "erfc(" in specification(model)["varspecs"]["y"]
