"""What may become an expression, decided by its type before SymPy sees it.

SymPy makes an expression of whatever it is given, and to do so evaluates text as Python, also text
inside lists, arrays and dictionaries and the text of strange objects. Text is read by
``dynsys.expressions.parsing`` instead, which evaluates nothing.
"""

from __future__ import annotations

import math
from numbers import Integral, Rational, Real
from typing import Any

import sympy

from dynsys.errors import ModelError


def as_expression(value: object, owner: str = "expression") -> sympy.Expr:
    """A real number or a SymPy expression, as a SymPy expression.

    Raises ModelError for anything else (text, a list, an array, ...) and for numbers that are not
    finite.

    Example
    -------
    >>> as_expression(2)
    2
    """
    if isinstance(value, sympy.Expr):
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        hint = "; text is read where a model's equations are given" * isinstance(value, str)
        raise ModelError(
            f"{owner} is a {type(value).__name__}; give a number or a SymPy expression{hint}"
        )
    if isinstance(value, Integral):
        return sympy.Integer(int(value))
    if isinstance(value, Rational):
        return sympy.Rational(int(value.numerator), int(value.denominator))
    number = float(value)
    if not math.isfinite(number):
        raise ModelError(f"{owner} is {number}; give a finite number")
    return sympy.Float(number)


class ModelFunction(sympy.Function):
    """A function of our own in equations: its arguments are numbers and expressions, never text."""

    def __new__(cls, *arguments: object, **options: Any) -> Any:
        admitted = (as_expression(a, f"an argument of {cls.__name__}") for a in arguments)
        return super().__new__(cls, *admitted, **options)
