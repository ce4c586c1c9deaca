"""``read_ode``: models from XPPAUT's .ode files."""

from __future__ import annotations

import math
import re
from pathlib import Path

import sympy

from dynsys.definition import Observable, Parameter, State, symbol
from dynsys.errors import DynsysError, ModelError
from dynsys.exchange.ode_statements import Statement, fault, python_name, read_statements
from dynsys.exchange.user_functions import UserFunctions
from dynsys.expressions.parsing import function_names
from dynsys.vector_field import VectorField

_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_OPERATOR_WORDS = {"if", "then", "else", "not"}
_POWERS = re.compile(r"\^\s*[\w.]+\s*\^")


def read_ode(
    path: str | Path, name: str | None = None, time_unit: str = "", source: str = ""
) -> VectorField:
    """Read a model from an XPPAUT file.

    Understood: ``x'=``, ``dx/dt=``, ``par``, ``number``, ``!derived=``, ``init``, ``x(0)=``,
    fixed variables, functions ``f(a,b)=``, ``aux``, ``delay(x,tau)``, arrays ``x[1..5]'=``,
    continued lines, ``done``. Options (``@``), ``set`` and comments are skipped. As in XPPAUT,
    upper and lower case are the same; names keep the spelling of their declaration.

    Parameters
    ----------
    name : of the model; the file's name by default.
    time_unit : "ms", "s" or "" (an .ode file does not say).
    source : where the equations come from.

    Returns
    -------
    VectorField whose observables are the states and the ``aux`` quantities.

    Raises
    ------
    StorageError
        where there is no such file.
    ModelError
        with the line number, for statements a vector field cannot hold (``wiener``, ``global``,
        ``markov``, ``volterra``, maps, explicit time, noise), and for unknown names.

    Source: Ermentrout 2002, Simulating, Analyzing, and Animating Dynamical Systems, appendix D.

    Example
    -------
    >>> from dynsys import read_ode
    >>> model = read_ode("morris_lecar.ode", time_unit="ms")
    """
    place = Path(path)
    return _Reader(place, read_statements(place)).model(name, time_unit, source)


class _Reader:
    def __init__(self, path: Path, statements: list[Statement]) -> None:
        self.path = path
        self.statements = statements
        self.spelling: dict[str, str] = {}
        self.functions: UserFunctions
        self._declare()

    def _of(self, *kinds: str) -> list[Statement]:
        return [s for s in self.statements if s.kind in kinds]

    def _declare(self) -> None:
        """Collect the names, whatever their case; refuse those declared twice."""
        first: dict[str, Statement] = {}
        for s in self._of("state", "parameter", "constant", "fixed", "derived", "function"):
            key = s.name.lower()
            if key in first:
                before = first[key]
                raise self._fault(
                    s, f"{s.name} is declared in line {before.line} already (as {before.kind}; "
                    "upper and lower case are the same)"
                )  # fmt: skip
            if key in function_names() and s.kind != "function":
                raise self._fault(s, f"{s.name} is the name of a function; choose another")
            first[key] = s
            self.spelling[key] = python_name(s.name)
        if not self._of("state"):
            raise ModelError(f"{self.path.name} has no differential equation (x'=... or dx/dt=...)")
        names = [self.spelling[s.name.lower()] for k, s in first.items() if s.kind != "function"]
        self.functions = UserFunctions({n: symbol(n) for n in names})
        for s in self._of("function"):
            arguments = tuple(python_name(a.lower()) for a in s.arguments)
            own = {a.lower(): python_name(a.lower()) for a in s.arguments}
            owner = f"{self.path.name}, line {s.line}"
            self.functions.define(self._name(s), arguments, self._spelled(s, own), owner)

    def _name(self, statement: Statement) -> str:
        return self.spelling[statement.name.lower()]

    def _fault(self, statement: Statement, why: str) -> ModelError:
        return fault(self.path, statement.line, f"{statement.name}={statement.text}", why)

    def _spelled(self, statement: Statement, own: dict[str, str] | None = None) -> str:
        """The text with every name in the spelling of its declaration."""
        own = own or {}
        if _POWERS.search(statement.text):
            raise self._fault(
                statement, "XPPAUT reads a^b^c from the left, mathematics from the right; "
                "write (a^b)^c or a^(b^c)"
            )  # fmt: skip

        def spell(match: re.Match) -> str:
            word = match[0].lower()
            if word in own:
                return own[word]
            if word == "t" and word not in self.spelling:
                raise self._fault(
                    statement, "it depends on the time t; make the forcing autonomous, for "
                    "instance by an oscillator u'=u-w*v-u*(u^2+v^2), v'=w*u+v-v*(u^2+v^2)"
                )  # fmt: skip
            if word in _OPERATOR_WORDS:
                return word
            return self.spelling.get(word, word if word in function_names() else match[0])

        return _WORD.sub(spell, statement.text)

    def _expression(self, statement: Statement) -> sympy.Expr:
        owner = f"{self.path.name}, line {statement.line}"
        return self.functions.read(self._spelled(statement), owner)

    def _number(self, statement: Statement) -> float:
        """The value of a declaration: a number or an expression of numbers."""
        try:
            return float(statement.text)
        except ValueError:
            pass
        try:
            value = float(UserFunctions({}).read(statement.text.lower(), ""))
        except (DynsysError, TypeError):
            value = math.nan
        if not math.isfinite(value):
            raise self._fault(statement, f"{statement.text!r} is no number")
        return value

    def _initials(self) -> dict[str, float]:
        states = {s.name.lower() for s in self._of("state")}
        result = {}
        for s in self._of("initial"):
            if s.name.lower() not in states:
                raise self._fault(s, f"{s.name} has an initial value but no equation {s.name}'=...")
            result[self._name(s)] = self._number(s)
        return result

    def model(self, name: str | None, time_unit: str, source: str) -> VectorField:
        initials = self._initials()
        states = {self._name(s): State(initials.get(self._name(s), 0.0)) for s in self._of("state")}
        observables = {k: Observable(symbol(k)) for k in states}
        for s in self._of("auxiliary"):
            label = python_name(s.name)
            while label in observables:
                label += "_"
            observables[label] = Observable(self._expression(s))
        definitions: dict[str, sympy.Expr] = {
            self._name(s): sympy.Float(self._number(s), 17) for s in self._of("constant")
        }
        definitions |= {self._name(s): self._expression(s) for s in self._of("derived", "fixed")}
        stem = re.sub(r"\W", "_", self.path.stem)
        return VectorField(
            name=name or (stem if stem.isidentifier() else f"model_{stem}"),
            states=states,
            parameters={self._name(s): Parameter(self._number(s)) for s in self._of("parameter")},
            equations={self._name(s): self._expression(s) for s in self._of("state")},
            definitions=definitions,
            observables=observables,
            time_unit=time_unit,
            source=source or f"XPPAUT file {self.path.name}",
        )
