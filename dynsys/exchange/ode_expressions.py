"""The expressions of an .ode file, from XPPAUT's text to SymPy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import sympy

from dynsys.definition import symbol
from dynsys.errors import unknown_name
from dynsys.exchange.ode_names import Names, fresh_name
from dynsys.exchange.ode_statements import Statement, Statements
from dynsys.exchange.user_functions import UserFunctions
from dynsys.exchange.xpp_grammar import FUNCTIONS, Unreadable, parse
from dynsys.exchange.xpp_translation import NotCarried, Translation


class Expressions:
    """Reads the expressions of one file; calling it with a statement returns its SymPy form.

    Raises UnknownNameError for a name that is not declared, NotCarried for what XPPAUT reads and
    a vector field cannot hold, ModelError for what XPPAUT would not read either.
    """

    def __init__(self, names: Names, statements: Statements) -> None:
        self.names = names
        tables = {k: _no_table(names.declared[k]) for k in names.keys("table")}
        self.translation = Translation(
            names.spelled,
            states=names.keys("state"),
            variables=names.variables,
            constants=names.constants,
            numbers={s.key: float(s.text) for s in statements.of("constant")},
            refused=tables,
        )
        self.functions = UserFunctions({n: symbol(n) for n in names.spelled.values() if n != "pi"})
        self._define(statements.of("function"))

    def __call__(self, statement: Statement) -> sympy.Expr:
        text = self._text(statement, self.translation, {})
        return self.functions.read(text, statement.line.place)

    def _define(self, functions: list[Statement]) -> None:
        """Make the file's own functions known; those that cannot be carried only if called."""
        refused = dict(self.translation.refused)
        known = -1
        while known != len(refused):  # a function that calls a refused one is refused too
            known = len(refused)
            for s in functions:
                try:
                    self._define_one(s, refused)
                except NotCarried as error:
                    refused[s.key] = str(error)
        self.translation = replace(self.translation, refused=refused)

    def _define_one(self, statement: Statement, refused: Mapping[str, str]) -> None:
        own: dict[str, str] = {}
        for argument in statement.arguments:
            own[argument.lower()] = fresh_name(argument.lower(), own.values())
        open_names = {k: why for k, why in refused.items() if k not in own}
        writing = replace(
            self.translation, spelled={**self.names.spelled, **own}, refused=open_names
        )
        arguments = tuple(own[a.lower()] for a in statement.arguments)
        body = self._text(statement, writing, own)
        name = self.names.spelled[statement.key]
        self.functions.define(name, arguments, body, statement.line.place)

    def _text(self, statement: Statement, writing: Translation, own: Mapping[str, str]) -> str:
        try:
            return writing(parse(statement.text, {*self.names.declared, *own}, self._arity(own)))
        except NotCarried as error:
            raise NotCarried(str(statement.fault(str(error)))) from None
        except Unreadable as error:
            if not error.name:
                raise statement.fault(str(error)) from None
            kind = "function" if error.call else "symbol"
            functions = [*FUNCTIONS, *self.names.keys("function")]
            known = functions if error.call else [s.name for s in self.names.declared.values()]
            owner = f"{statement.line.place} ({statement.text})"
            raise unknown_name(kind, error.name, known, owner) from None

    def _arity(self, own: Mapping[str, str]):
        """The number of arguments of a name that is a function, None for the others."""

        def arity(key: str) -> int | None:
            declared = None if key in own else self.names.declared.get(key)
            if declared is None or declared.kind not in ("function", "table"):
                return None
            return len(declared.arguments) if declared.kind == "function" else 1

        return arity


def _no_table(table: Statement) -> str:
    formula = re.fullmatch(r"%\s*\S+\s+\S+\s+\S+\s+(.*)", table.text)
    way = f"{table.name}(t)={formula[1]}" if formula else f"{table.name}(t)=..."
    return f"the table {table.name} is not read; give a formula in its place, {way}"
