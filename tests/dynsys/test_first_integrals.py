"""First integrals are found where they are sums of simple terms, and none where there is none."""

from __future__ import annotations

import pytest
import sympy

from dynsys import State, VectorField
from dynsys.first_integrals import first_integrals
from dynsys.models import hodgkin_huxley


def model(ranges, equations, **parameters) -> VectorField:
    states = {k: State((low + high) / 2, (low, high)) for k, (low, high) in ranges.items()}
    return VectorField("m", states, parameters or {"k": 1.0}, equations, time_unit="")


def around(*names: str):
    return dict.fromkeys(names, (-1.0, 1.2))


CASES = {
    "pendulum": (
        model(around("q", "p"), {"q": "p", "p": "-k*sin(q)"}, k=2.0), ["p^2 - 4*cos(q)"]),
    "Lotka-Volterra": (
        model({"x": (0.1, 3), "y": (0.1, 3)}, {"x": "x - 1.5*x*y", "y": "x*y - 2*y"}),
        ["x + 3*y/2 - 2*log(x) - log(y)"]),
    "rigid body": (
        model(around("a", "b", "c"), {"a": "-b*c", "b": "c*a", "c": "-a*b/3"}),
        ["a^2 - 3*c^2", "b^2 + 3*c^2"]),
    "van der Pol": (model(around("x", "y"), {"x": "y", "y": "k*(1 - x^2)*y - x"}), []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_first_integrals_are_those_of_mechanics(name):
    found, expected = first_integrals(CASES[name][0]), CASES[name][1]
    assert len(found) == len(expected)
    for quantity, text in zip(found, expected, strict=True):
        wanted = sympy.sympify(text.replace("^", "**"))
        plain = quantity.xreplace({s: sympy.Symbol(s.name) for s in quantity.free_symbols})
        assert sympy.simplify(plain - wanted) == 0


def test_functions_of_a_model_of_its_own_are_no_terms():
    assert first_integrals(hodgkin_huxley()) == ()
