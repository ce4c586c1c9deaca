"""Expressions as text that ``dynsys.expressions.parsing`` reads back exactly."""

from __future__ import annotations

import sympy
from sympy.printing.str import StrPrinter


class _TextPrinter(StrPrinter):
    def __init__(self, quantities: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._quantities = quantities

    def _print_Float(self, number: sympy.Float) -> str:
        return repr(float(number))

    def _print_Exp1(self, _: sympy.Expr) -> str:
        return "exp(1)"

    def _arguments(self, expression: sympy.Expr, start: int = 0) -> str:
        return ", ".join(self._print(argument) for argument in expression.args[start:])

    def _print_Delay(self, expression: sympy.Expr) -> str:
        return f"delay({self._arguments(expression)})"

    def _print_Linoid(self, expression: sympy.Expr) -> str:
        return f"linoid({self._arguments(expression)})"

    def _print_Partial(self, expression: sympy.Expr) -> str:
        return f"partial({self._arguments(expression)})"

    def _print_Abs(self, expression: sympy.Expr) -> str:
        return f"abs({self._arguments(expression)})"

    def _print_Heaviside(self, expression: sympy.Expr) -> str:
        return f"heav({self._print(expression.args[0])})"

    def _print_Max(self, expression: sympy.Expr) -> str:
        return f"max({self._arguments(expression)})"

    def _print_Min(self, expression: sympy.Expr) -> str:
        return f"min({self._arguments(expression)})"

    def _print_Piecewise(self, expression: sympy.Piecewise) -> str:
        text = self._print(expression.args[-1][0])
        for branch, condition in reversed(expression.args[:-1]):
            text = f"if({self._print(condition)}, {self._print(branch)}, {text})"
        return text

    def _print_Choice(self, expression: sympy.Expr) -> str:
        return f"if({self._arguments(expression)})"

    def _print_TableLookup(self, expression: sympy.Expr) -> str:
        name, quantity, i, j = expression.args[:4]
        known = self._quantities.get(str(name))
        word = known[int(quantity)] if known else f"q{quantity}"
        if int(i) or int(j):
            word += f"_{i}_{j}"
        return f"{name}.{word}({self._arguments(expression, 4)})"


def to_text(expression: sympy.Expr, quantities: dict[str, tuple[str, ...]] | None = None) -> str:
    """Write an expression in the toolbox's string notation, floats to the last digit.

    ``quantities`` names the quantities of each table, as they are written in ``table.quantity``.
    """
    return _TextPrinter(quantities or {}).doprint(expression)
