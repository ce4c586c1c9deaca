"""The named quantities of an .ode file that its equations need, read on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy

from dynsys.definition import symbol
from dynsys.exchange.ode_names import Names
from dynsys.exchange.ode_statements import Statement, Statements


class Definitions:
    """Constants, derived parameters and fixed variables by name, each read where it is needed.

    XPPAUT evaluates fixed variables in the order of the file, from the last step's values where
    one stands above what it needs; here each has its present value.
    """

    def __init__(
        self, names: Names, statements: Statements, read: Callable[[Statement], sympy.Expr]
    ) -> None:
        self._read = read
        self._statements = statements
        self._order = {
            names.spelled[s.key]: (place, s)
            for place, s in enumerate(statements.of("constant", "derived", "fixed"))
        }
        self._fleeting = {symbol(names.spelled[k]) for k in names.keys("state", "fixed", "wiener")}
        self._fleeting.add(symbol("t"))
        self._known: dict[str, sympy.Expr] = {}

    def needed_by(self, expressions: Iterable[sympy.Expr]) -> dict[str, sympy.Expr]:
        """The definitions the expressions need, directly and through each other, in file order.

        Raises as reading an expression does.
        """
        waiting = [s.name for e in expressions for s in e.free_symbols]
        found: set[str] = set()
        while waiting:
            label = waiting.pop()
            if label in found or label not in self._order:
                continue
            found.add(label)
            waiting += [s.name for s in self._expression(label).free_symbols]
        return {k: self._known[k] for k in self._order if k in found}

    def _expression(self, label: str) -> sympy.Expr:
        if label not in self._known:
            _, statement = self._order[label]
            if statement.kind == "constant":
                self._known[label] = sympy.Float(float(statement.text), 17)
            else:
                self._known[label] = self._read(statement)
                self._check(label, statement)
        return self._known[label]

    def _check(self, label: str, statement: Statement) -> None:
        used = self._known[label].free_symbols
        if statement.kind == "derived" and used & self._fleeting:
            raise statement.fault(
                "a derived parameter needs a state or the time, of which XPPAUT takes the first "
                "value only; write it without !"
            )
        place = self._order[label][0]
        later = [s.name for s in used if self._order.get(s.name, (0, None))[0] > place]
        if statement.kind == "fixed" and later:
            self._statements.note(
                statement.line,
                f"{label} needs {', '.join(sorted(later))} from below; XPPAUT takes the value of "
                "the last step there, the model the present one",
            )
