"""The expressions of an .ode file, from XPPAUT's text to SymPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from dynsys.definition import symbol
from dynsys.errors import unknown_name
from dynsys.exchange.ode_names import Names, fresh_name
from dynsys.exchange.ode_statements import Statement, Statements
from dynsys.exchange.ode_tables import OdeTable, formula_of, table_of_file, table_of_formula
from dynsys.exchange.user_functions import UserFunctions
from dynsys.exchange.xpp_grammar import FUNCTIONS, Unreadable, parse
from dynsys.exchange.xpp_translation import NotCarried, Translation
from dynsys.inputs import TIME


class Expressions:
    """Reads the expressions of one file; calling it with a statement returns its SymPy form.

    Raises UnknownNameError for a name that is not declared, NotCarried for what XPPAUT reads and
    a vector field cannot hold, ModelError for what XPPAUT would not read either.
    """

    def __init__(self, names: Names, statements: Statements) -> None:
        self.names = names
        self.statements = statements
        self.tables: dict[str, OdeTable] = {}  # those that are called
        self.translation = Translation(
            names.spelled,
            states=names.keys("state"),
            variables=names.variables,
            constants=names.constants,
            numbers={s.key: float(s.text) for s in statements.of("constant")},
        )
        self.functions = UserFunctions({n: symbol(n) for n in names.spelled.values() if n != "pi"})
        for key in names.keys("table"):
            self._define_table(names.declared[key])
        self._define(statements.of("function"))

    def __call__(self, statement: Statement) -> sympy.Expr:
        text = self._text(statement, self.translation, {})
        return self.functions.read(text, statement.line.place)

    def _define_table(self, statement: Statement) -> None:
        """Make a table known as a function of one argument, read when it is called."""

        def call(argument: sympy.Expr) -> sympy.Expr:
            if name not in self.tables:
                self.tables[name] = self._table(statement)
                self.statements.note(statement.line, f"{name}: {self.tables[name].words}")
            return self.tables[name].function(argument)

        name = self.names.spelled[statement.key]
        self.functions.calls[name] = call

    def _table(self, statement: Statement) -> OdeTable:
        content = formula_of(statement)
        if content is None:
            return table_of_file(statement, self.statements)
        points, low, high, text = content
        formula = self(replace(statement, kind="fixed", text=text))
        return table_of_formula(points, low, high, lambda x: formula.xreplace({TIME: x}))

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
        arguments: list[str] = []
        for argument in statement.arguments:
            key = "".join(argument.split()).lower()
            if argument != argument.strip() and key in {*self.names.declared, "t", "pi"}:
                self._tell_unbound(statement, key)
                arguments.append(f"{key}_{len(arguments)}_unbound")  # a name of nothing else
            else:
                own[key] = fresh_name(key, arguments)
                arguments.append(own[key])
        open_names = {k: why for k, why in refused.items() if k not in own}
        writing = replace(
            self.translation, spelled={**self.names.spelled, **own}, refused=open_names
        )
        body = self._text(statement, writing, own)
        name = self.names.spelled[statement.key]
        self.functions.define(name, arguments, body, statement.line.place)

    def _tell_unbound(self, statement: Statement, key: str) -> None:
        """XPPAUT keeps the space in an argument's name, so that the body never means it."""
        words = (
            f"XPPAUT does not bind the argument {key} of {statement.name}, which stands beside a "
            f"space: in its formula {key} is the one declared elsewhere, here too"
        )
        if f"{statement.line.place}: {words}" not in self.statements.notes:
            self.statements.note(statement.line, words)

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
