"""Expressions from strings: what users of PyDSTool and XPPAUT write, and what is refused."""

from __future__ import annotations

import math

import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynsys import DynsysError, ModelError, UnknownNameError
from dynsys.expressions.parsing import parse_expression
from dynsys.expressions.printing import to_text

X, Y = sympy.symbols("x y", real=True)
SYMBOLS = {"x": X, "y": Y}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*x^2^3", 2 * X**8),
        ("-x^2", -(X**2)),
        ("1/3*x", X / 3),
        ("if(x>1)then(y)else(x+1)", sympy.Piecewise((Y, X > 1), (X + 1, True))),
        ("if(x<1, 3, y)", sympy.Piecewise((3, X < 1), (Y, True))),
        ("pow(x, 2) + ln(y)", X**2 + sympy.log(Y)),
        ("max(x, y) - min(x, y)", sympy.Max(X, Y) - sympy.Min(X, Y)),
        ("sin(pi*x)", sympy.sin(sympy.pi * X)),
    ],
)
def test_notation_is_read_as_users_mean_it(text, expected):
    assert parse_expression(text, SYMBOLS) == expected


def test_decimal_literals_keep_every_digit():
    value = parse_expression("0.1234567890123456*x", SYMBOLS).subs(X, 1)
    assert float(value) == 0.1234567890123456


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("x +", "cannot read"),
        ("(x + y", "1 opening and 0 closing"),
        ("x ; y", "cannot read"),
        ("x if y else 1", "not understood"),
        ("__import__('os')", "no function"),
        ("x.real", "not understood"),
        ("[x]", "not understood"),
        ("'text'", "only numbers"),
        ("ceil(x)", "not differentiable"),
        ("sin(x, y)", "sin takes 1 argument"),
        ("1/0", "divides by zero"),
        ("x == y", "not understood"),
        ("if(x, y)", "write if"),
        ("f.rate(x, y)", "no table 'f'"),
        ("lambda: 1", "not understood"),
    ],
)
def test_what_an_equation_cannot_hold_is_refused_by_name(text, message):
    with pytest.raises(DynsysError, match=message):
        parse_expression(text, SYMBOLS)


def test_an_undeclared_symbol_is_answered_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="Did you mean 'mu_e'"):
        parse_expression("mu_ee + 1", {"mu_e": X})


def test_a_name_that_shadows_a_function_is_refused():
    with pytest.raises(ModelError, match="shadows"):
        parse_expression("1 + exp", {"exp": X})


numbers = st.floats(0.1, 5).map(lambda v: f"{v:.3f}")
leaves = st.one_of(numbers, st.just("x"), st.just("y"))


def combine(inner):
    binary = st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})")
    unary = st.tuples(st.sampled_from(["sin", "cos", "tanh", "atan"]), inner).map(
        lambda t: f"{t[0]}({t[1]})"
    )
    return st.one_of(binary, unary)


@settings(max_examples=60, deadline=None)
@given(st.recursive(leaves, combine, max_leaves=8), st.floats(-2, 2), st.floats(-2, 2))
def test_values_agree_with_pythons_own_arithmetic(text, x, y):
    names = {k: getattr(math, k) for k in ("sin", "cos", "tanh", "atan")}
    expected = eval(text, {"__builtins__": {}}, {**names, "x": x, "y": y})
    value = parse_expression(text, SYMBOLS).subs({X: x, Y: y})
    assert float(value) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.recursive(leaves, combine, max_leaves=8))
@example("1.0-((1.0+x)*sin(x))")
@example("1.0+(2.0*((1.0+x)*y))")
def test_text_round_trips_exactly(text):
    expression = parse_expression(text, SYMBOLS)
    assert parse_expression(to_text(expression), SYMBOLS) == expression


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="xy0123456789.+-*/^()<>=,if then else sincoexpdelay_[]'\"", max_size=25))
def test_junk_is_read_or_refused_but_never_crashes(text):
    try:
        parse_expression(text, SYMBOLS)
    except DynsysError as error:
        assert str(error)
