"""States that stay zero where they are: populations, concentrations of what makes itself."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import sympy

from dynsys.expressions.symbols import symbol
from dynsys.vector_field import VectorField

_known: WeakKeyDictionary[VectorField, tuple[bool, ...]] = WeakKeyDictionary()


def stays_zero(model: VectorField) -> tuple[bool, ...]:
    """For every state, whether its rate vanishes with it, whatever the others are.

    Such a state grows and decays relative to itself: when it is tiny, its logarithm still says how
    long it takes to come back, and errors of it are to be measured relative to it.

    Example
    -------
    >>> stays_zero(VectorField("prey", {"n": 1.0, "p": 1.0}, {}, {"n": "n*(1 - p)", "p": "n - p"}))
    (True, False)
    """
    family = model.unvalued or model
    if family not in _known:
        named = {symbol(name): expression for name, expression in family.definitions.items()}
        _known[family] = tuple(
            _written_out(rate, named).xreplace({symbol(name): sympy.Integer(0)}) == 0
            for name, rate in family.equations.items()
        )
    return _known[family]


def _written_out(
    expression: sympy.Expr, named: dict[sympy.Symbol, sympy.Expr]
) -> sympy.Expr:  # fmt: skip
    """An expression without the names of definitions, which may use one another."""
    for _ in named:
        if not expression.free_symbols & named.keys():
            break
        expression = expression.xreplace(named)
    return expression
