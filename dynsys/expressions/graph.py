"""A hash-consed expression graph with exact differentiation.

Every distinct operation is stored once, so common subexpressions are shared by construction, also
between a function and its derivatives. Nodes are numbered in evaluation order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

Node = tuple  # ("mul", 3, 7), ("const", 2.5), ("x", 0), ("table", "eif", 0, 1, 0, 12, 13), ...

UNARY = frozenset(
    ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
    + ["asin", "acos", "atan", "abs", "sign", "erf", "erfc", "floor"]
)


class Graph:
    """Builder of shared operations; methods return node numbers."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[Node, int] = {}
        self.zero = self.constant(0.0)
        self.one = self.constant(1.0)

    def node(self, *content: object) -> int:
        """Return the number of the node with this content, adding it where it is new."""
        known = self._index.get(content)
        if known is None:
            known = len(self.nodes)
            self.nodes.append(content)
            self._index[content] = known
        return known

    def constant(self, value: float) -> int:
        return self.node("const", float(value))

    def value(self, number: int) -> float | None:
        """The constant a node stands for, or None."""
        content = self.nodes[number]
        return content[1] if content[0] == "const" else None

    def add(self, a: int, b: int) -> int:
        if a == self.zero:
            return b
        if b == self.zero:
            return a
        left, right = self.value(a), self.value(b)
        if left is not None and right is not None:
            return self.constant(left + right)
        return self.node("add", *sorted((a, b)))

    def mul(self, a: int, b: int) -> int:
        if a == self.zero or b == self.zero:
            return self.zero
        if a == self.one:
            return b
        if b == self.one:
            return a
        left, right = self.value(a), self.value(b)
        if left is not None and right is not None:
            return self.constant(left * right)
        return self.node("mul", *sorted((a, b)))

    def div(self, a: int, b: int) -> int:
        if a == self.zero or b == self.one:
            return a
        right = self.value(b)
        if right is not None and right != 0.0:
            return self.mul(a, self.constant(1.0 / right))
        return self.node("div", a, b)

    def neg(self, a: int) -> int:
        return self.mul(self.constant(-1.0), a)

    def integer_power(self, a: int, exponent: int) -> int:
        """``a ** exponent`` by repeated multiplication, exact at a = 0."""
        if exponent < 0:
            return self.div(self.one, self.integer_power(a, -exponent))
        if exponent == 0:
            return self.one
        half = self.integer_power(a, exponent // 2)
        square = self.mul(half, half) if exponent > 1 else self.one
        return self.mul(square, a) if exponent % 2 else square

    def power(self, a: int, exponent: float) -> int:
        if exponent == 0.5:
            return self.unary("sqrt", a)
        if float(exponent).is_integer() and abs(exponent) <= 32:
            return self.integer_power(a, int(exponent))
        return self.node("power", a, float(exponent))

    def unary(self, name: str, a: int) -> int:
        return self.node(name, a)

    def select(self, relation: str, left: int, right: int, then: int, otherwise: int) -> int:
        """``then if left <relation> right else otherwise``; relation is "<" or "<="."""
        if then == otherwise:
            return then
        return self.node("select", relation, left, right, then, otherwise)

    def arguments(self, number: int) -> tuple[int, ...]:
        """Nodes this one is computed from."""
        content = self.nodes[number]
        operation = content[0]
        if operation in ("const", "x", "p", "dx", "dp"):
            return ()
        if operation == "table":
            return content[5:7]
        if operation == "select":
            return content[2:6]
        if operation in ("power", "linoid"):
            return content[1:2]
        return content[1:]

    def reachable(self, outputs: Iterable[int]) -> list[int]:
        """All nodes the outputs depend on, in evaluation order."""
        seen: set[int] = set()
        stack = list(outputs)
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                stack.extend(self.arguments(number))
        return sorted(seen)

    def derivative(self, outputs: list[int], seeds: Mapping[int, int]) -> list[int]:
        """Directional derivative of the outputs; ``seeds`` maps input nodes to their derivative."""
        tangent: dict[int, int] = dict(seeds)
        for number in self.reachable(outputs):
            if number in tangent:
                continue
            total = self.zero
            if self.nodes[number][0] == "select":
                total = self._select_derivative(number, tangent)
            else:
                for argument, partial in self._partials(number, tangent):
                    total = self.add(total, self.mul(partial, tangent[argument]))
            if total != self.zero:
                tangent[number] = total
        return [tangent.get(number, self.zero) for number in outputs]

    def _partials(self, number: int, active: Mapping[int, int]) -> list[tuple[int, int]]:
        """(argument, partial derivative) pairs for the arguments that vary."""
        return [
            (argument, self._partial(number, position))
            for position, argument in enumerate(self.arguments(number))
            if argument in active
        ]

    def _partial(self, number: int, position: int) -> int:
        """Partial derivative of a node with respect to its argument at ``position``."""
        content = self.nodes[number]
        operation = content[0]
        arguments = self.arguments(number)
        a = arguments[0]
        if operation == "add":
            return self.one
        if operation == "mul":
            return arguments[1 - position]
        if operation == "div":
            b = arguments[1]
            return self.div(self.one, b) if position == 0 else self.neg(self.div(number, b))
        if operation == "power":
            return self.mul(self.constant(content[2]), self.power(a, content[2] - 1.0))
        if operation == "table":
            name, quantity, i, j = content[1:5]
            step = (i + 1, j) if position == 0 else (i, j + 1)
            return self.node("table", name, quantity, *step, *arguments)
        if operation == "linoid":
            return self.node("linoid", a, content[2] + 1)
        return self._unary_partial(operation, number, a)

    def _select_derivative(self, number: int, tangent: Mapping[int, int]) -> int:
        """That of what is chosen: the other one's may have no value, as of a root below zero."""
        _, relation, left, right, *chosen = self.nodes[number]
        return self.select(relation, left, right, *(tangent.get(c, self.zero) for c in chosen))

    def _unary_partial(self, operation: str, number: int, a: int) -> int:
        square = self.integer_power(number, 2)
        if operation == "exp":
            return number
        if operation == "log":
            return self.div(self.one, a)
        if operation == "sqrt":
            return self.div(self.constant(0.5), number)
        if operation == "sin":
            return self.unary("cos", a)
        if operation == "cos":
            return self.neg(self.unary("sin", a))
        if operation == "tan":
            return self.add(self.one, square)
        if operation == "sinh":
            return self.unary("cosh", a)
        if operation == "cosh":
            return self.unary("sinh", a)
        if operation == "tanh":
            return self.add(self.one, self.neg(square))
        if operation in ("asin", "acos"):
            under = self.add(self.one, self.neg(self.integer_power(a, 2)))
            slope = self.div(self.one, self.unary("sqrt", under))
            return slope if operation == "asin" else self.neg(slope)
        if operation == "atan":
            return self.div(self.one, self.add(self.one, self.integer_power(a, 2)))
        if operation == "abs":
            return self.unary("sign", a)
        if operation in ("erf", "erfc"):
            bell = self.unary("exp", self.neg(self.integer_power(a, 2)))
            height = 2.0 / math.sqrt(math.pi)
            return self.mul(self.constant(height if operation == "erf" else -height), bell)
        return self.zero  # sign and floor are piecewise constant
