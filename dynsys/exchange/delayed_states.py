"""Delayed signals as functions of delayed states, for tools that delay variables only."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from dynsys.definition import symbol
from dynsys.delays import Delay


class EndlessDelay(Exception):
    """A delayed signal that depends on its own past, hence on infinitely many delayed states."""


class DelayedStates:
    """Rewrites ``delay(g(x, y), tau)`` as ``g(x(t - tau), y(t - tau))``.

    ``states`` are the names that may be delayed, ``definitions`` what is written out inside a
    delay. ``found`` maps (state name, delay) to the symbol that stands for the delayed state.
    Raises EndlessDelay for a signal that depends on its own past.
    """

    def __init__(self, states: Mapping[str, object], definitions: Mapping[str, sympy.Expr]) -> None:
        self._states = {symbol(name) for name in states}
        self._definitions = {symbol(k): e for k, e in definitions.items()}
        self.found: dict[tuple[str, sympy.Expr], sympy.Symbol] = {}
        self._open: list[sympy.Expr] = []

    def __call__(self, expression: sympy.Expr, shift: sympy.Expr = sympy.S.Zero) -> sympy.Expr:
        """The expression a time ``shift`` ago, with every delay moved to the states."""
        if isinstance(expression, Delay):
            return self(expression.args[0], shift + expression.args[1])
        if shift == 0 and not expression.has(Delay):
            return expression
        if shift != 0 and expression in self._definitions:
            return self._written_out(expression, shift)
        if shift != 0 and expression in self._states:
            return self._delayed(expression, shift)
        if not expression.args:
            return expression
        return expression.func(*(self(argument, shift) for argument in expression.args))

    def _written_out(self, name: sympy.Symbol, shift: sympy.Expr) -> sympy.Expr:
        if name in self._open:
            raise EndlessDelay(str(name))
        self._open.append(name)
        try:
            return self(self._definitions[name], shift)
        finally:
            self._open.pop()

    def _delayed(self, state: sympy.Symbol, shift: sympy.Expr) -> sympy.Symbol:
        key = (state.name, shift)
        if key not in self.found:
            self.found[key] = symbol(f"{state.name}_delayed{len(self.found) + 1}")
        return self.found[key]
