"""Expression graphs as JavaScript: what a model in a web page is made of.

Nothing a user wrote becomes code: states, parameters and tables are known by their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import sympy

from dynsys.expressions.graph import Graph

_FUNCTIONS = Path(__file__).with_name("functions.js")
_OPERATORS = {"add": "+", "mul": "*", "div": "/"}
_OWN = frozenset(["erf", "erfc"])  # of functions.js; JavaScript has all others
_BERNOULLI = [float(sympy.bernoulli(i) / sympy.factorial(i)) for i in range(0, 122, 2)]

WEIGHTS = 12  # numbers that locate a point in a table: six along each axis


def functions() -> str:
    """The functions that printed statements call, as a script without a top-level statement run."""
    numbers = ", ".join(map(repr, _BERNOULLI))
    return f"const BERNOULLI = [{numbers}];\n{_FUNCTIONS.read_text(encoding='utf-8')}"


def number(value: float) -> str:
    """A double as JavaScript writes it, to the last digit.

    Example
    -------
    >>> number(-0.1)
    '(-0.1)'
    """
    text = repr(float(value))
    text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(text, text)
    return f"({text})" if text.startswith("-") else text


class Printer:
    """Prints functions of one graph; ``tables`` maps the names of tables to their numbers.

    ``x`` and ``p`` in what it prints are the arrays of states and parameters, ``t0``, ``t1``, ...
    the packed tables, and ``w0``, ``w1``, ... what ``scratch`` declares.

    Example
    -------
    >>> Printer(graph, {}).function("field", "x, p, out", nodes)
    """

    def __init__(self, graph: Graph, tables: Mapping[str, int]) -> None:
        self.graph, self.tables = graph, tables
        self._places: dict[tuple, int] = {}  # (table, a, b, i, j) -> number of its weights

    def function(self, name: str, arguments: str, outputs: Sequence[int], rest: str = "") -> str:
        """A function that writes nodes to ``out``; ``rest`` are further statements."""
        lines = self._statements(outputs)
        lines += [f"out[{k}] = {self._name(n)};" for k, n in enumerate(outputs)]
        lines += rest.splitlines()
        return "\n".join([f"function {name}({arguments}) {{", *(f"  {s}" for s in lines), "}"])

    def margins(self, outputs: Sequence[int], target: str) -> str:
        """Statements that write the smallest margin to an edge of the tables that outputs read."""
        lines = [f"{target} = Infinity;"]
        found = {self._place(n)[:3]: n for n in self._lookups(outputs)}
        for (table, a, b), _ in found.items():
            call = f"tableMargin(t{self.tables[table]}, {self._name(a)}, {self._name(b)})"
            lines.append(f"{target} = Math.min({target}, {call});")
        return "\n".join(lines)

    def scratch(self) -> str:
        """Declarations of the arrays that the functions printed so far share."""
        return "\n".join(
            f"const w{k} = new Float64Array({WEIGHTS});" for k in self._places.values()
        )

    def _lookups(self, outputs: Sequence[int]) -> list[int]:
        nodes = self.graph.nodes
        return [n for n in self.graph.reachable(outputs) if nodes[n][0] == "table"]

    def _place(self, n: int) -> tuple:
        table, _, i, j, a, b = self.graph.nodes[n][1:]
        return table, a, b, i, j

    def _statements(self, outputs: Sequence[int]) -> list[str]:
        lines, located = [], set()
        for n in self.graph.reachable(outputs):
            operation = self.graph.nodes[n][0]
            if operation in ("const", "x", "p"):
                continue
            if operation == "table" and self._place(n) not in located:
                place = self._place(n)
                located.add(place)
                k = self._places.setdefault(place, len(self._places))
                table, a, b, i, j = place
                point = f"{self._name(a)}, {self._name(b)}"
                lines.append(
                    f"const c{k} = locate(t{self.tables[table]}, {point}, {i}, {j}, w{k});"
                )
            lines.append(f"const v{n} = {self._expression(n)};")
        return lines

    def _name(self, n: int) -> str:
        operation, *rest = self.graph.nodes[n]
        if operation == "const":
            return number(rest[0])
        return f"{operation}[{rest[0]}]" if operation in ("x", "p") else f"v{n}"

    def _expression(self, n: int) -> str:
        content = self.graph.nodes[n]
        operation = content[0]
        given = [self._name(argument) for argument in self.graph.arguments(n)]
        if operation in _OPERATORS:
            return f" {_OPERATORS[operation]} ".join(given)
        if operation == "power":
            return f"Math.pow({given[0]}, {number(content[2])})"
        if operation == "linoid":
            return f"linoid({given[0]}, {content[2]})"
        if operation == "select":
            return f"{given[0]} {content[1]} {given[1]} ? {given[2]} : {given[3]}"
        if operation == "table":
            k = self._places[self._place(n)]
            return f"tableValue(t{self.tables[content[1]]}, c{k}, {content[2]}, w{k})"
        return f"{operation if operation in _OWN else f'Math.{operation}'}({given[0]})"
