"""Functions that a model file defines for itself: ``minf(v) = .5*(1 + tanh((v - v1)/v2))``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from dynsys.definition import symbol
from dynsys.errors import ModelError
from dynsys.expressions.conditions import written_out
from dynsys.expressions.parsing import parse_expression


class UserFunctions:
    """A model's own functions, written out wherever they are called; they may call each other.

    ``symbols`` holds the names that a body may use beside its arguments. An unknown symbol is
    reported at the first call, in the words of the function.
    """

    def __init__(self, symbols: Mapping[str, sympy.Expr]) -> None:
        self.symbols = dict(symbols)
        self.calls: dict[str, Callable[..., sympy.Expr]] = {}
        self._open: list[str] = []
        self._caller = ""

    def define(self, name: str, arguments: Sequence[str], body: str, owner: str) -> None:
        """Add ``name(arguments) = body``; ModelError for arguments given twice."""
        if len(set(arguments)) != len(arguments):
            raise ModelError(f"{owner}: the function {name} names an argument twice")

        def call(*values: sympy.Expr) -> sympy.Expr:
            if len(values) != len(arguments):
                raise ModelError(
                    f"{self._caller}: {name} takes {len(arguments)} "
                    f"argument{'s' * (len(arguments) != 1)} ({', '.join(arguments)}); "
                    f"{len(values)} given"
                )
            if name in self._open:
                raise ModelError(f"{owner}: the function {name} calls itself")
            self._open.append(name)
            try:
                known = self.symbols | {a: symbol(f"argument {a}") for a in arguments}
                expression = parse_expression(body, known, None, owner, self.calls)
            finally:
                self._open.pop()
            chosen = {symbol(f"argument {a}"): v for a, v in zip(arguments, values, strict=True)}
            return written_out(expression, chosen)

        self.calls[name] = call

    def read(self, text: str, owner: str) -> sympy.Expr:
        """An expression that may call these functions."""
        self._caller = owner
        return parse_expression(text, self.symbols, None, owner, self.calls)
