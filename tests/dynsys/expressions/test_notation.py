"""Corners of the notation: nested conditions, constants that are no numbers, text that hangs."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from dynsys import ModelError, UnknownNameError
from dynsys.expressions.parsing import parse_expression

X, Y = sympy.symbols("x y", real=True)
SYMBOLS = {"x": X, "y": Y}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sqrt(-1)", "not a finite real number"),
        ("log(0)", "not a finite real number"),
        ("tan(pi/2)", "not a finite real number"),
        ("(-8)^(1/3)", "not a finite real number"),
        ("exp(1000)*x", "not a finite real number"),
        ("pow(9, 10^9)", "too large"),
        ("((9^300)^300)^300", "too large"),
        ("10^(10^300)", "too large"),
        ("pow(0, -1)", "divides by zero"),
        ("x/(y - y)", "divides by zero"),
        ("max(x)", "max takes 2 arguments or more"),
        ("linoid(x, y)", "order of a derivative is an integer"),
        ("x % 2", "not differentiable"),
        ("exp + 1", "exp is a function|'exp'.* is a function"),
        ("lambda*x", "reserved word of Python; call it lambda_"),
        ("x # + y", "comments"),
        ("if(x < y)then(1)", "1 'then' and 0 'else'"),
        ("if(x < y & y < 1, 1, 2)", "with parentheses"),
        ("__if__(x < y, 1, 2)", "is taken"),
    ],
)
def test_what_would_fail_later_is_refused_where_it_is_written(text, message):
    with pytest.raises(ModelError, match=message):
        parse_expression(text, SYMBOLS)


def test_an_unknown_symbol_is_located_as_a_whole_word():
    with pytest.raises(UnknownNameError, match="at character 9"):
        parse_expression("x_e + x*x_", {"x": X, "x_e": Y})


def test_exact_powers_give_way_to_doubles_before_they_fill_the_memory():
    value = parse_expression("(1 + 1/10^15)^(10^15)", SYMBOLS)
    assert float(value) == pytest.approx(2.718281828459045, rel=0.2)  # a double's 1 + 1e-15
    assert parse_expression("(2/3)^20", SYMBOLS) == sympy.Rational(2, 3) ** 20


def test_an_expression_may_stand_on_several_lines():
    assert parse_expression("x\n    + y", SYMBOLS) == X + Y


def test_both_micro_signs_name_the_same_symbol():
    micro, mu = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
    assert parse_expression(f"2*{micro}", {micro: X}) == 2 * X
    assert parse_expression(f"2*{mu}", {micro: X}) == 2 * X


def test_chained_comparisons_hold_together():
    expected = sympy.Piecewise((1, (X > 0) & (X < 1)), (0, True))
    assert parse_expression("if(0 < x < 1)then(1)else(0)", SYMBOLS) == expected


conditions = st.tuples(
    st.sampled_from("xy"), st.sampled_from(["<", "<=", ">", ">="]), st.integers(-2, 2)
)


def choose(inner):
    """A condition in both notations: (XPPAUT's text, PyDSTool's text, Python's text)."""

    def written(parts):
        (name, sign, border), a, b = parts
        c = f"{name}{sign}{border}"
        return (
            f"if({c})then({a[0]})else({b[0]})",
            f"if({c}, {a[1]}, {b[1]})",
            f"(({a[2]}) if ({c}) else ({b[2]}))",
        )

    return st.tuples(conditions, inner, inner).map(written)


leaves = st.sampled_from(["1", "2", "x", "y", "(x + 3*y)"]).map(lambda t: (t, t, t))


@settings(max_examples=60, deadline=None)
@given(st.recursive(leaves, choose, max_leaves=6), st.integers(-3, 3), st.integers(-3, 3))
def test_nested_conditions_choose_as_python_does(texts, x, y):
    xppaut, pydstool, python = texts
    expected = eval(python, {"__builtins__": {}}, {"x": x, "y": y})
    values = {X: x, Y: y}
    assert parse_expression(f"2*{xppaut} + 1", SYMBOLS).subs(values) == 2 * expected + 1
    assert parse_expression(f"2*{pydstool} + 1", SYMBOLS).subs(values) == 2 * expected + 1


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_arbitrary_text_is_read_or_refused_in_words(text):
    try:
        parse_expression(text, SYMBOLS)
    except (ModelError, UnknownNameError) as error:
        assert "expression" in str(error)
