"""The one reader of expressions: of equations, observables, couplings, weights and delays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.admission import as_expression
from dynsys.expressions.parsing import function_names, parse_expression

DEEPEST = (
    200  # levels; what prints and differentiates expressions calls itself about 5 times in each
)


def read_expression(
    given: object,
    symbols: Mapping[str, sympy.Expr],
    tables: Mapping[str, Any] | None = None,
    owner: str = "expression",
    functions: Mapping[str, Callable[..., sympy.Expr]] | None = None,
) -> sympy.Expr:
    """Text through the parser, numbers and SymPy expressions with their symbols matched by name.

    Parameters
    ----------
    symbols : name -> what it stands for. tables : name -> ``SmoothTable``.
    functions : of text, as for ``parse_expression``.

    Raises
    ------
    ModelError for what is neither text nor a number nor an expression, and for text that cannot be
    read; UnknownNameError for symbols and functions that are not known.

    Example
    -------
    >>> x = sympy.Symbol("x", real=True)
    >>> read_expression(2 * sympy.Symbol("x"), {"x": x}) == read_expression("2*x", {"x": x})
    True
    """
    if isinstance(given, str):
        return _within_depth(parse_expression(given, symbols, tables, owner, functions), owner)
    expression = _within_depth(as_expression(given, owner), owner)
    for strange in sorted(expression.atoms(AppliedUndef), key=str):
        raise unknown_name("function", str(strange.func), sorted(function_names()), owner)
    found = {s for s in expression.free_symbols if s.name not in (tables or {})}
    for unknown in sorted(found, key=str):
        if unknown.name not in symbols:
            raise unknown_name("symbol", unknown.name, symbols, owner)
    return expression.xreplace({s: symbols[s.name] for s in found})


def _within_depth(expression: sympy.Expr, owner: str) -> sympy.Expr:
    """The expression back; ModelError where it is nested more deeply than can be worked with."""
    level: set[sympy.Basic] = {expression}
    for _ in range(DEEPEST):
        level = {part for whole in level for part in whole.args}
        if not level:
            return expression
    raise ModelError(
        f"{owner}: it is nested more than {DEEPEST} levels deep; name its parts in `definitions`"
    )
