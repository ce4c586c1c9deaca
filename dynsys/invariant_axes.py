"""States that stay zero where they are: populations, concentrations of what makes itself."""

from __future__ import annotations

from functools import lru_cache

import sympy

from dynsys.expressions.symbols import symbol
from dynsys.vector_field import VectorField


def stays_zero(model: VectorField) -> tuple[bool, ...]:
    """For every state, whether its rate vanishes with it, whatever the others are.

    Such a state grows and decays relative to itself: when it is tiny, its logarithm still says how
    long it takes to come back, and errors of it are to be measured relative to it.

    Example
    -------
    >>> stays_zero(VectorField("prey", {"n": 1.0, "p": 1.0}, {}, {"n": "n*(1 - p)", "p": "n - p"}))
    (True, False)
    """
    return _of(model.unvalued or model)


@lru_cache(maxsize=64)
def _of(model: VectorField) -> tuple[bool, ...]:
    named = {symbol(name): expression for name, expression in model.definitions.items()}
    return tuple(
        _written_out(rate, named).xreplace({symbol(name): sympy.Integer(0)}) == 0
        for name, rate in model.equations.items()
    )


def _written_out(
    expression: sympy.Expr, named: dict[sympy.Symbol, sympy.Expr]
) -> sympy.Expr:  # fmt: skip
    """An expression without the names of definitions, which may use one another."""
    for _ in named:
        if not expression.free_symbols & named.keys():
            break
        expression = expression.xreplace(named)
    return expression
