"""The one reader of expressions: of equations, observables, couplings, weights and delays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from dynsys.errors import unknown_name
from dynsys.expressions.admission import as_expression
from dynsys.expressions.parsing import function_names, parse_expression


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
        return parse_expression(given, symbols, tables, owner, functions)
    expression = as_expression(given, owner)
    for strange in sorted(expression.atoms(AppliedUndef), key=str):
        raise unknown_name("function", str(strange.func), sorted(function_names()), owner)
    found = {s for s in expression.free_symbols if s.name not in (tables or {})}
    for unknown in sorted(found, key=str):
        if unknown.name not in symbols:
            raise unknown_name("symbol", unknown.name, symbols, owner)
    return expression.xreplace({s: symbols[s.name] for s in found})
