"""Conditions in expressions, also inside of one another.

SymPy multiplies a ``Piecewise`` inside the condition of another one out into every combination of
their cases: each level costs three times the one before. There a ``Choice`` stands in its place,
which stays as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.logic import fuzzy_and
from sympy.core.relational import Relational

from dynsys.expressions.admission import as_expression

Pair = tuple[sympy.Expr, sympy.Basic]


class Choice(sympy.Expr):
    """``Choice(condition, a, b)``: a where the condition holds, else b.

    Its derivative is that of the value chosen.
    """

    is_commutative = True

    def __new__(cls, condition: sympy.Basic, then: sympy.Expr, otherwise: sympy.Expr) -> Any:
        if condition in (sympy.true, sympy.false):
            return as_expression(then if condition == sympy.true else otherwise)
        values = as_expression(then), as_expression(otherwise)
        return values[0] if values[0] == values[1] else super().__new__(cls, condition, *values)

    def _eval_is_extended_real(self) -> bool | None:
        return fuzzy_and(value.is_extended_real for value in self.args[1:])

    def _eval_is_finite(self) -> bool | None:
        return fuzzy_and(value.is_finite for value in self.args[1:])

    def _eval_derivative(self, by: sympy.Symbol) -> sympy.Expr:
        condition, then, otherwise = self.args
        return Choice(condition, then.diff(by), otherwise.diff(by))

    def _pythoncode(self, printer: Any) -> str:
        condition, then, otherwise = map(printer._print, self.args)
        return f"(({then}) if ({condition}) else ({otherwise}))"

    def _numpycode(self, printer: Any) -> str:
        parts = ", ".join(map(printer._print, self.args))
        return f"{printer._module_format('numpy.where')}({parts})"

    def _latex(self, printer: Any) -> str:
        condition, then, otherwise = map(printer._print, self.args)
        cases = rf"{then} & \text{{for}}\: {condition} \\{otherwise} & \text{{otherwise}}"
        return rf"\begin{{cases}} {cases} \end{{cases}}"


def piecewise(*pairs: Pair) -> sympy.Expr:
    """``Piecewise((value, condition), ...)``, whose conditions may hold conditions.

    Example
    -------
    >>> x = sympy.Symbol("x", real=True)
    >>> inner = piecewise((x, x > 0), (sympy.Integer(2), sympy.true))
    >>> piecewise((x, inner < 1), (sympy.S.Zero, sympy.true)).args[0][1]
    Choice(x > 0, x, 2) < 1
    """
    return sympy.Piecewise(*((value, unfolded(condition)) for value, condition in pairs))


def unfolded(expression: sympy.Basic) -> sympy.Basic:
    """What belongs into a condition: a ``Choice`` for every ``Piecewise``."""
    if not expression.has(sympy.Piecewise):
        return expression
    parts = [unfolded(part) for part in expression.args]
    if not isinstance(expression, sympy.Piecewise):
        return expression.func(*parts)
    value: sympy.Expr = sympy.S.NaN  # beyond the last condition, as SymPy has it
    for branch, condition in reversed(parts):
        value = Choice(condition, branch, value)
    return value


def written_out(expression: sympy.Expr, values: Mapping[sympy.Basic, sympy.Expr]) -> sympy.Expr:
    """``expression.xreplace(values)``, where the values may hold conditions and be parts of some.

    Example
    -------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> step = piecewise((sympy.S.One, x > 0), (sympy.S.Zero, sympy.true))
    >>> written_out(piecewise((x, y > 2), (y, sympy.true)), {y: step}).args[0][1]
    Choice(x > 0, 1, 0) > 2
    """
    inside = {key: unfolded(value) for key, value in values.items()}
    conditions = {c: c.xreplace(inside) for c in expression.atoms(Relational)}
    return expression.xreplace({**values, **conditions})
