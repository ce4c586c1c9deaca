"""Partial derivatives of named expressions inside equations: ``partial(F_e, nu_e)``."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from dynsys.expressions.admission import ModelFunction


class Partial(ModelFunction):
    """``Partial(f, x)``: the exact derivative of ``f`` by a state or parameter ``x``.

    All definitions that ``f`` is made of are differentiated through; delayed signals are kept
    fixed. Nested, it is a higher derivative. In strings it is written ``partial(f, x)``.

    Example
    -------
    >>> model = VectorField("m", {"x": 2.0}, {}, {"x": "partial(g, x)"}, {"g": "x**3"})
    >>> model.rhs([2.0])
    array([12.])
    """

    nargs = 2

    def _latex(self, printer, exp=None):
        of, by = map(printer._print, self.args)
        text = rf"\frac{{\partial {of}}}{{\partial {by}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def spelled_out(
    expression: sympy.Expr, definitions: Mapping[sympy.Symbol, sympy.Expr]
) -> sympy.Expr:
    """The expression with its partial derivatives carried out, for notations that have none.

    ``definitions`` maps the names that stand for expressions to these.
    """
    for term in sorted(expression.atoms(Partial), key=lambda t: len(str(t))):
        of, by = term.args
        inner = spelled_out(of, definitions)
        expression = expression.xreplace({term: _total(inner, by, definitions)})
    return expression


def _total(
    expression: sympy.Expr, by: sympy.Symbol, definitions: Mapping[sympy.Symbol, sympy.Expr]
) -> sympy.Expr:
    """Derivative through all definitions, by the chain rule."""
    total = expression.diff(by)
    for name in sorted(expression.free_symbols & set(definitions), key=str):
        inner = _total(spelled_out(definitions[name], definitions), by, definitions)
        total += expression.diff(name) * inner
    return total
