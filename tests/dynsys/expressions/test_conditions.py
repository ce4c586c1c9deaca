"""Conditions inside conditions: what they say, and that each level costs as much as the last."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from dynsys import VectorField
from dynsys.compiled.lifting import field_graph
from dynsys.errors import ModelError
from dynsys.exchange.pydstool_specification import specification
from dynsys.exchange.xpp_names import XppPrinter
from dynsys.expressions.conditions import Choice, piecewise, written_out
from dynsys.expressions.printing import to_text

X, Y = sympy.symbols("x y", real=True)
PLACES = (-3.0, 0.5, 2.5, 7.0)


def nested(depth: int) -> str:
    """A condition on a condition on a condition ..."""
    text = "x"
    for k in range(depth):
        text = f"if({text} < {k})then(x + {k})else(if(x > {k})then(p)else(1))"
    return text


def by_hand(depth: int, x: float, p: float) -> float:
    value = x
    for k in range(depth):
        value = (x + k) if value < k else (p if x > k else 1.0)
    return value


def model(equation: str) -> VectorField:
    return VectorField("m", {"x": 1.0}, {"p": 1.5}, {"x": equation}, time_unit="")


@pytest.mark.parametrize("depth", [1, 16])
def test_a_condition_on_conditions_has_the_value_it_says(depth: int):
    field = model(nested(depth))
    assert [field.rhs([x])[0] for x in PLACES] == [by_hand(depth, x, 1.5) for x in PLACES]


def test_each_level_adds_as_much_as_the_one_before():
    """SymPy's own conditions on conditions multiply: 3 times as many at each level."""
    sizes = [len(field_graph(model(nested(depth))).graph.nodes) for depth in (8, 16, 32)]
    assert sizes[2] - sizes[1] <= 2 * (sizes[1] - sizes[0]) + 2


def test_a_condition_on_conditions_is_read_back_from_its_text():
    equation = model(nested(6)).equations["x"]
    assert model(to_text(equation)).equations["x"] == equation


def test_joined_conditions_may_hold_conditions():
    field = model(
        "if((if(x > 0)then(1)else(p)) > 1.2 and x < 2 or max(x, if(x<3)then(p)else(9)) > 8, 5, 6)"
    )
    for x in PLACES:
        either = (1 if x > 0 else 1.5) > 1.2 and x < 2
        assert field.rhs([x])[0] == (5 if either or max(x, 1.5 if x < 3 else 9) > 8 else 6)


def test_the_derivative_is_that_of_the_value_chosen():
    inner = Choice(X > 1, X**2, 3 * X)
    assert inner.diff(X) == Choice(X > 1, 2 * X, 3)
    field = model("(if(if(x > 1)then(x^2)else(3*x) > 2)then(x^3)else(x))")
    assert field.jacobian(np.array([1.5]))[0, 0] == pytest.approx(3 * 1.5**2)
    assert field.jacobian(np.array([0.5]))[0, 0] == 1.0


def test_other_programs_read_conditions_on_conditions():
    equation = model(nested(2)).equations["x"]
    xpp = XppPrinter().doprint(equation).replace(" ", "")
    again = model(xpp)
    assert again.equations["x"] == equation
    text = specification(model(nested(3)))["varspecs"]["x"]
    assert [model(text).rhs([x])[0] for x in PLACES] == [by_hand(3, x, 1.5) for x in PLACES]
    assert r"\begin{cases}" in sympy.latex(Choice(X > 1, X, Y))


def test_definitions_written_out_into_conditions_do_not_multiply():
    definitions = {"a0": X}
    for k in range(12):
        step = f"a{k}"
        inner = sympy.Symbol(step, real=True)
        definitions[f"a{k + 1}"] = piecewise(
            (X + k, inner < k), (Y, k < X), (sympy.S.One, sympy.true)
        )
    written: dict = {}
    for name, expression in definitions.items():
        written[sympy.Symbol(name, real=True)] = written_out(expression, written)
    whole = written[sympy.Symbol("a12", real=True)]
    assert whole.free_symbols == {X, Y}
    assert sum(1 for _ in sympy.preorder_traversal(whole)) < 400
    assert [float(whole.subs({X: x, Y: 1.5})) for x in PLACES] == [
        by_hand(12, x, 1.5) for x in PLACES
    ]


def test_a_condition_that_is_known_leaves_its_value():
    assert Choice(sympy.true, X, Y) is X
    assert Choice(sympy.false, X, Y) is Y
    assert Choice(X > 0, Y, Y) is Y


def test_what_is_nested_too_deeply_to_work_with_is_refused():
    with pytest.raises(ModelError, match="more than 200 levels deep; name its parts"):
        model("abs(" * 90 + "x" + " - p)" * 90)


@pytest.mark.parametrize("modules", ["math", "numpy"])
def test_sympys_own_functions_compute_conditions_on_conditions(modules: str):
    """Those of inputs, edges and theories, which are no compiled fields."""
    inner = piecewise((X, X > 1), (Y, sympy.true))
    function = sympy.lambdify([X, Y], piecewise((X + Y, inner < 2), (X - Y, sympy.true)), modules)
    for x in PLACES:
        chosen = x if x > 1 else 0.5
        assert function(x, 0.5) == (x + 0.5 if chosen < 2 else x - 0.5)
    if modules == "numpy":
        assert function(np.array(PLACES), 0.5).tolist() == [function(x, 0.5) for x in PLACES]


def test_slopes_are_those_of_what_is_chosen_also_where_the_other_has_none():
    rectified = model("-x + p*if(x > 0, sqrt(x), 0)")
    assert rectified.jacobian([-0.5])[0, 0] == -1.0
    assert rectified.jacobian([0.25])[0, 0] == pytest.approx(0.5)
    second = model("if(x > 0, x^1.5, 0) + if(x < 1, log(1 - x), x)")
    assert second.jacobian([-1.0])[0, 0] == pytest.approx(-0.5)
    assert second.jacobian([4.0])[0, 0] == pytest.approx(4.0)
