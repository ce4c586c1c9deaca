"""Names and expressions as XPPAUT reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sympy
from sympy.printing.str import StrPrinter

LONGEST_NAME = 9  # XPPAUT keeps ten characters and cuts the rest off in silence
LONGEST_LINE = 900  # its parser holds 1024 characters
_WORDS = """
sin cos tan asin acos atan sinh cosh tanh atan2 max min abs exp ln log log10 sqrt heav sign
flr mod delay ran if then else not normal besselj bessely besseli erf erfc sum of shift
ishift del_shft hom_bcs poisson set lgamma t pi linoid mouse_x mouse_y mouse_vx mouse_vy
par param params parameter number init aux bdry table wiener global markov volterra
special solve solv options only export done d p nxxqq start end
"""
RESERVED = frozenset(_WORDS.split())


def xpp_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> a name XPPAUT can tell apart: short, of plain letters, whatever its case.

    Example
    -------
    >>> xpp_names(["V", "v", "max"])
    {'V': 'V', 'v': 'v_2', 'max': 'max_'}
    """
    result: dict[str, str] = {}
    taken: set[str] = set(RESERVED)
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]", "z", name)
        if plain.lower() in RESERVED:
            plain += "_"
        short = plain[:LONGEST_NAME]
        count = 1
        while short.lower() in taken:
            count += 1
            tail = f"_{count}"
            short = plain[: LONGEST_NAME - len(tail)] + tail
        taken.add(short.lower())
        result[name] = short
    return result


class XppPrinter(StrPrinter):
    """Prints an expression in XPPAUT's notation; powers in parentheses, functions by its names."""

    def _print_Float(self, number: sympy.Float) -> str:
        return repr(float(number))

    def _print_Exp1(self, _: sympy.Expr) -> str:
        return "exp(1)"

    def _call(self, name: str, expression: sympy.Basic) -> str:
        return f"{name}({', '.join(self._print(a) for a in expression.args)})"

    def _print_Pow(self, expression: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expression.args
        if exponent == sympy.S.Half:
            return f"sqrt({self._print(base)})"
        if exponent == -1:
            return f"(1/({self._print(base)}))"
        return f"(({self._print(base)})^({self._print(exponent)}))"

    def _print_log(self, expression: sympy.Expr) -> str:
        return self._call("ln", expression)

    def _print_floor(self, expression: sympy.Expr) -> str:
        return self._call("flr", expression)

    def _print_Abs(self, expression: sympy.Expr) -> str:
        return self._call("abs", expression)

    def _print_Heaviside(self, expression: sympy.Expr) -> str:
        return f"heav({self._print(expression.args[0])})"

    def _nested(self, name: str, expression: sympy.Expr) -> str:
        text = self._print(expression.args[0])
        for argument in expression.args[1:]:
            text = f"{name}({text}, {self._print(argument)})"
        return text

    def _print_Max(self, expression: sympy.Expr) -> str:
        return self._nested("max", expression)

    def _print_Min(self, expression: sympy.Expr) -> str:
        return self._nested("min", expression)

    def _print_Linoid(self, expression: sympy.Expr) -> str:
        return f"linoid({self._print(expression.args[0])})"

    def _print_Piecewise(self, expression: sympy.Piecewise) -> str:
        text = self._print(expression.args[-1][0])
        for branch, condition in reversed(expression.args[:-1]):
            text = f"if({self._print(condition)})then({self._print(branch)})else({text})"
        return text

    def _print_Choice(self, expression: sympy.Expr) -> str:
        condition, then, otherwise = map(self._print, expression.args)
        return f"if({condition})then({then})else({otherwise})"

    def _print_And(self, condition: sympy.And) -> str:
        return "&".join(f"({self._print(part)})" for part in condition.args)

    def _print_Or(self, condition: sympy.Or) -> str:
        return "|".join(f"({self._print(part)})" for part in condition.args)

    def _print_Relational(self, condition: sympy.core.relational.Relational) -> str:
        left, right = condition.args
        return f"({self._print(left)}){condition.rel_op}({self._print(right)})"
