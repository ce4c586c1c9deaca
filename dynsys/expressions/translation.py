"""From SymPy expressions to the shared expression graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import sympy

from dynsys.errors import ModelError
from dynsys.expressions.conditions import Choice
from dynsys.expressions.functions import Linoid
from dynsys.expressions.graph import Graph
from dynsys.expressions.lookup import TableLookup
from dynsys.expressions.partials import Partial
from dynsys.expressions.singularities import Quotient, regularized

_UNARY = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.Abs: "abs",
    sympy.floor: "floor",
    sympy.sign: "sign",
    sympy.erf: "erf",
    sympy.erfc: "erfc",
}

_MOST = 5  # derivatives of that order are asked for by normal forms


class Translator:
    """Translates expressions into one graph, each distinct subexpression once."""

    def __init__(self, graph: Graph, inputs: Mapping[sympy.Symbol, int]) -> None:
        self.graph = graph
        self._known: dict[sympy.Basic, int] = dict(inputs)
        self._inputs = frozenset(inputs)

    def __call__(self, expression: sympy.Expr) -> int:
        known = self._known.get(expression)
        if known is None:
            known = self._translate(expression)
            self._known[expression] = known
        return known

    def define(self, symbol: sympy.Symbol, expression: sympy.Expr) -> None:
        """Let ``symbol`` stand for an expression from here on."""
        self._known[symbol] = self(expression)

    def _translate(self, expression: sympy.Expr) -> int:
        graph = self.graph
        if expression.is_number:
            return graph.constant(float(expression))
        if isinstance(expression, sympy.Add):
            return reduce(graph.add, map(self, expression.args))
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression)
        if expression.func in _UNARY:
            return graph.unary(_UNARY[expression.func], self(expression.args[0]))
        if isinstance(expression, TableLookup):
            table, quantity, i, j, a, b = expression.args
            return graph.node("table", str(table), int(quantity), int(i), int(j), self(a), self(b))
        if isinstance(expression, Quotient):
            return graph.div(*map(self, expression.args))
        if isinstance(expression, Linoid):
            return graph.node("linoid", self(expression.args[0]), int(expression.args[1]))
        if isinstance(expression, Partial):
            return self._partial(expression)
        if isinstance(expression, Choice):
            condition, then, otherwise = expression.args
            return self._condition(condition, self(then), self(otherwise))
        if isinstance(expression, sympy.Piecewise):
            return self._piecewise(expression)
        if isinstance(expression, (sympy.Max, sympy.Min)):
            return self._extremum(expression)
        if isinstance(expression, sympy.Heaviside):
            return graph.select("<", self(expression.args[0]), graph.zero, graph.zero, graph.one)
        raise ModelError(
            f"{expression.func.__name__}(...) in {expression} cannot be compiled; "
            "write it with elementary functions, Piecewise or a SmoothTable"
        )

    def _partial(self, expression: Partial) -> int:
        of, by = expression.args
        if by not in self._inputs:
            raise ModelError(f"{expression}: {by} is no state or parameter to differentiate by")
        return self.graph.derivative([self(of)], {self(by): self.graph.one})[0]

    def _product(self, expression: sympy.Mul) -> int:
        graph = self.graph
        regular = regularized(expression)
        if regular is not expression:
            return self(regular)
        above, below = graph.one, graph.one
        for factor in expression.args:
            if isinstance(factor, sympy.Pow) and factor.exp.could_extract_minus_sign():
                below = graph.mul(below, self(sympy.Pow(factor.base, -factor.exp)))
            else:
                above = graph.mul(above, self(factor))
        return graph.div(above, below)

    def _power(self, expression: sympy.Pow) -> int:
        graph = self.graph
        base, exponent = expression.args
        if exponent.is_number:
            return graph.power(self(base), float(exponent))
        if base == sympy.E:
            return graph.unary("exp", self(exponent))
        return self._general_power(self(base), self(exponent))

    def _general_power(self, a: int, n: int) -> int:
        """a^n as exp(n log |a|), with its sign where a < 0 and n is whole, no value where n is not.
        Its slopes have no value at a = 0. There it is the next integer power, which has
        the same derivatives up to the fifth of all orders below n, and for a whole n beyond; of a
        broken n the next derivative is infinite, which this one's is not."""
        graph, one = self.graph, self.graph.one
        size = graph.unary("log", graph.unary("abs", a))
        general = graph.unary("exp", graph.mul(n, size))
        at_zero = graph.integer_power(a, _MOST + 1)
        for k in range(_MOST, 0, -1):
            at_zero = graph.select("<=", n, graph.constant(k), graph.integer_power(a, k), at_zero)
        at_zero = graph.select("<", n, one, general, at_zero)
        below = self._below_zero(a, n, general)
        not_above = graph.select("<", a, graph.zero, below, at_zero)
        return graph.select("<=", a, graph.zero, not_above, general)

    def _below_zero(self, a: int, n: int, size: int) -> int:
        """a^n of this size for a < 0; the root of a, which has no value, where n is not whole."""
        graph = self.graph
        half = graph.mul(graph.constant(0.5), n)
        signed = graph.select("<", graph.unary("floor", half), half, graph.neg(size), size)
        nothing = graph.unary("sqrt", a)
        return graph.select("<", graph.unary("floor", n), n, nothing, signed)

    def _piecewise(self, expression: sympy.Piecewise) -> int:
        value = None
        for branch, condition in reversed(expression.args):
            if condition is sympy.true or value is None:
                value = self(branch)
            else:
                value = self._condition(condition, self(branch), value)
        return self.graph.zero if value is None else value

    def _condition(self, condition: sympy.Basic, then: int, otherwise: int) -> int:
        if isinstance(condition, sympy.And):
            for part in condition.args:
                then = self._condition(part, then, otherwise)
            return then
        if isinstance(condition, sympy.Or):
            for part in condition.args:
                otherwise = self._condition(part, then, otherwise)
            return otherwise
        if isinstance(condition, sympy.Not):
            return self._condition(condition.args[0], otherwise, then)
        if isinstance(condition, sympy.ITE):  # what SymPy makes of a condition inside a condition
            test, first, second = condition.args
            return self._condition(
                test,
                self._condition(first, then, otherwise),
                self._condition(second, then, otherwise),
            )
        if condition in (sympy.true, sympy.false):
            return then if condition is sympy.true else otherwise
        left, right = map(self, condition.args)
        graph = self.graph
        if isinstance(condition, (sympy.Lt, sympy.Le)):
            return graph.select(
                "<" if condition.func is sympy.Lt else "<=", left, right, then, otherwise
            )
        if isinstance(condition, (sympy.Gt, sympy.Ge)):
            return graph.select(
                "<" if condition.func is sympy.Gt else "<=", right, left, then, otherwise
            )
        raise ModelError(f"the condition {condition} cannot be compiled; use <, <=, > or >=")

    def _extremum(self, expression: sympy.Expr) -> int:
        graph = self.graph
        largest = isinstance(expression, sympy.Max)

        def choose(a: int, b: int) -> int:
            return graph.select("<", a, b, b, a) if largest else graph.select("<", a, b, a, b)

        return reduce(choose, map(self, expression.args))
