"""Explicit time in an .ode file: what depends on it becomes inputs of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import sympy
from sympy.functions.elementary.piecewise import ExprCondPair

from dynsys.definition import symbol
from dynsys.delays import Delay
from dynsys.exchange.xpp_translation import NotCarried
from dynsys.expressions.conditions import written_out
from dynsys.expressions.lookup import TableLookup
from dynsys.expressions.symbols import evaluation_order
from dynsys.inputs import TIME, course_of


@dataclass
class Forced:
    """A system without explicit time.

    ``inputs`` maps the parameters that stand for the forcing to their courses in the time t,
    ``start`` to their values at the start.
    """

    equations: dict[str, sympy.Expr]
    definitions: dict[str, sympy.Expr]
    inputs: dict[str, sympy.Expr] = field(default_factory=dict)
    start: dict[str, float] = field(default_factory=dict)


def separate_forcing(
    equations: Mapping[str, sympy.Expr],
    definitions: Mapping[str, sympy.Expr],
    parameters: Mapping[str, float],
    start: float,
    owner: str,
) -> Forced:
    """Replace every part that depends on the time, and on parameters alone beside it, by an input.

    A definition that is such a part keeps its name; other parts are called ``forcing``,
    ``forcing_2``, ... ``start`` is the time at which XPPAUT begins. Raises NotCarried for a delayed
    forcing.
    """
    return _Separation(equations, definitions, parameters, start, owner).run()


class _Separation:
    def __init__(self, equations, definitions, parameters, start, owner) -> None:
        self.equations, self.definitions = dict(equations), dict(definitions)
        self.parameters, self.begin, self.owner = dict(parameters), start, owner
        self.states = {symbol(k) for k in equations}
        self.moving = set(self.states)  # symbols that depend on states
        self.timed = {TIME}  # symbols that depend on the time
        self.plain: dict[sympy.Symbol, sympy.Expr] = {}  # stateless definitions, written out
        self.result = Forced({}, {})
        self.names: dict[sympy.Expr, sympy.Symbol] = {}

    def run(self) -> Forced:
        for label in evaluation_order(self.owner, self.definitions):
            self._define(label, self.definitions[label])
        order = [k for k in self.definitions if k in self.result.definitions]
        self.result.definitions = {k: self.result.definitions[k] for k in order}
        self.result.equations = {k: self._without_time(e) for k, e in self.equations.items()}
        return self.result

    def _define(self, label: str, expression: sympy.Expr) -> None:
        mark = symbol(label)
        timed = bool(expression.free_symbols & self.timed)
        if expression.free_symbols & self.moving:
            self.moving.add(mark)
            self.result.definitions[label] = self._without_time(expression)
            return
        self.plain[mark] = written_out(expression, self.plain)
        if timed:
            self.timed.add(mark)
            self._input(label, self.plain[mark])
        else:
            self.result.definitions[label] = expression

    def _without_time(self, expression: sympy.Basic) -> sympy.Basic:
        if not expression.free_symbols & self.timed:
            return expression
        if isinstance(expression, Delay):
            raise NotCarried(f"{self.owner}: {expression} delays what depends on the time")
        if expression in self.timed and expression != TIME:
            return expression  # a definition that became an input
        if not expression.free_symbols & self.moving and not isinstance(expression, ExprCondPair):
            return self._named(expression)
        if isinstance(expression, (sympy.Add, sympy.Mul)):
            own = [a for a in expression.args if self._is_forcing(a)]
            rest = [self._without_time(a) for a in expression.args if not self._is_forcing(a)]
            return expression.func(*rest, *([self._named(expression.func(*own))] if own else []))
        return expression.func(*map(self._without_time, expression.args))

    def _is_forcing(self, part: sympy.Basic) -> bool:
        used = part.free_symbols
        return bool(used & self.timed) and not used & self.moving

    def _named(self, part: sympy.Basic) -> sympy.Basic:
        """The input that stands for a part; a condition is an input above one half."""
        if part in self.timed and part != TIME:
            return part
        if not isinstance(part, sympy.Expr):  # symbols are Boolean to SymPy too
            return self._named(sympy.Piecewise((1, part), (0, True))) > sympy.Rational(1, 2)
        course = written_out(part, self.plain)
        if course not in self.names:
            count = sum(1 for s in self.names.values() if s.name.startswith("forcing")) + 1
            label = "forcing" if count == 1 else f"forcing_{count}"
            while label in {*self.equations, *self.parameters, *self.definitions}:
                label += "_"
            self._input(label, course)
        return self.names[course]

    def _input(self, label: str, course: sympy.Expr) -> None:
        if course.has(TableLookup):
            raise NotCarried(
                f"{self.owner}: {label} is a table of the time; leave it out and give the forcing "
                "to simulate(inputs=...), or give a formula"
            )
        shifted = course.xreplace({TIME: TIME + sympy.Float(self.begin)}) if self.begin else course
        self.names.setdefault(course, symbol(label))
        self.result.inputs[label] = shifted
        self.result.start[label] = float(course_of(shifted, self.parameters)(np.zeros(1))[0])
