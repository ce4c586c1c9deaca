"""From an expression graph to the Python source of a model's compiled functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dynsys.expressions.graph import Graph

CALLS = {
    "exp": "math.exp",
    "log": "math.log",
    "sqrt": "math.sqrt",
    "sin": "math.sin",
    "cos": "math.cos",
    "tan": "math.tan",
    "sinh": "math.sinh",
    "cosh": "math.cosh",
    "tanh": "math.tanh",
    "asin": "math.asin",
    "acos": "math.acos",
    "atan": "math.atan",
    "abs": "abs",
    "floor": "np.floor",
    "sign": "np.sign",
    "erf": "math.erf",
    "erfc": "math.erfc",
}

HEADER = '''"""Compiled functions of {name}: generated, keyed by content, safe to delete."""

import math

import numpy as np
from numba import njit

from dynsys.compiled.kernels import (
    DOMAIN, FIELD, JACOBIAN, JACOBIAN_TANGENT, OBSERVABLES, TANGENT, TAYLOR,
)
from dynsys.compiled.series import run_program
from dynsys.compiled.splines import table_jet, table_margin
from dynsys.expressions.functions import linoid_derivative
'''


@dataclass(frozen=True)
class FieldGraph:
    """A lifted vector field: its graph, inputs and outputs as node numbers."""

    graph: Graph
    states: list[int]
    parameters: list[int]
    field: list[int]
    observables: list[int]
    signals: list[int]
    table_offsets: Mapping[str, int]
    table_quantities: Mapping[str, int]


def jacobian_nodes(model: FieldGraph) -> list[list[int]]:
    """Nodes of the matrix f_x, row by row."""
    graph = model.graph
    columns = [graph.derivative(model.field, {x: graph.one}) for x in model.states]
    return [[column[i] for column in columns] for i in range(len(model.field))]


def _seeds(model: FieldGraph) -> dict[int, int]:
    graph = model.graph
    dx = [graph.node("dx", i) for i in range(len(model.states))]
    dp = [graph.node("dp", i) for i in range(len(model.parameters))]
    return dict(zip(model.states + model.parameters, dx + dp, strict=True))


def second_source(model: FieldGraph, name: str) -> str:
    """The source of the Jacobian's derivative, the longest function, which few tasks need."""
    flat = [entry for row in jacobian_nodes(model) for entry in row]
    return "\n\n".join(
        [
            HEADER.format(name=name),
            function_source(
                model, "jacobian_tangent", "JACOBIAN_TANGENT", "x, p, t, dx, dp, out",
                model.graph.derivative(flat, _seeds(model)), len(model.states),
            ),
        ]
    )  # fmt: skip


def source(model: FieldGraph, name: str) -> str:
    """The source of the other compiled functions; the Taylor kernel's program is data."""
    graph = model.graph
    flat = [entry for row in jacobian_nodes(model) for entry in row]
    n = len(model.states)
    parts = [
        HEADER.format(name=name) + f"\nSTATES = {n}\nPARAMETERS = {len(model.parameters)}\n",
        function_source(model, "field", "FIELD", "x, p, t, out", model.field),
        function_source(model, "observables", "OBSERVABLES", "x, p, t, out", model.observables),
        function_source(model, "signals", "OBSERVABLES", "x, p, t, out", model.signals),
        function_source(
            model, "tangent", "TANGENT", "x, p, t, dx, dp, out",
            graph.derivative(model.field, _seeds(model)),
        ),
        function_source(model, "jacobian", "JACOBIAN", "x, p, t, out", flat, n),
        _domain(model),
        _TAYLOR,
    ]  # fmt: skip
    return "\n\n".join(parts)


_TAYLOR = """
_program = np.load(__file__.replace("kernels.py", "program.npz"))
_instructions, _constants = _program["instructions"], _program["constants"]
_outputs = _program["outputs"]


@njit([TAYLOR], cache=True)
def taylor(x, p, t, out):
    run_program(_instructions, _constants, _outputs, x, p, t, out)
"""


def _decorated(name: str, signature: str, arguments: str, body: list[str]) -> str:
    lines = [f'@njit([{signature}], cache=True, error_model="numpy")', f"def {name}({arguments}):"]
    return "\n".join(lines + ["    " + line for line in body or ["pass"]]) + "\n"


def function_source(
    model: FieldGraph, name: str, signature: str, arguments: str, outputs: list[int],
    columns: int | None = None,
) -> str:  # fmt: skip
    """A compiled function of a signature that writes nodes to ``out``, by rows if a matrix."""
    body = _statements(model, outputs) + _results(model, outputs, columns)
    return _decorated(name, signature, arguments, body)


def _results(model: FieldGraph, outputs: list[int], columns: int | None = None) -> list[str]:
    """Assignments to ``out``, a vector or a matrix of so many columns."""
    graph = model.graph
    if columns is None:
        return [f"out[{k}] = {_name(graph, number)}" for k, number in enumerate(outputs)]
    body = ["out[:, :] = 0.0"]
    for position, number in enumerate(outputs):
        if number != graph.zero:
            row, column = divmod(position, columns)
            body.append(f"out[{row}, {column}] = {_name(graph, number)}")
    return body


def _name(graph: Graph, number: int) -> str:
    content = graph.nodes[number]
    operation = content[0]
    if operation == "const":
        return repr(content[1]) if content[1] >= 0 else f"({content[1]!r})"
    if operation in ("x", "p", "dx", "dp"):
        return f"{operation}[{content[1]}]"
    return f"v{number}"


@dataclass(frozen=True)
class _Lookup:
    """One reading of a table: a jet of derivatives."""

    variable: str
    depth: int

    def lines(self, offset: int, quantities: int, arguments: str) -> list[str]:
        size = self.depth + 1
        return [
            f"{self.variable} = np.empty(({size}, {size}, {quantities}))",
            f"table_jet(t, {offset}, {arguments}, {self.depth}, {self.variable})",
        ]


def _lookups(model: FieldGraph, order: list[int]) -> dict[tuple, _Lookup]:
    """For every (table, a, b): how deep it is read."""
    depths: dict[tuple, int] = {}
    for number in order:
        content = model.graph.nodes[number]
        if content[0] == "table":
            key = (content[1], *content[5:7])
            depths[key] = max(depths.get(key, 0), content[3] + content[4])
    return {key: _Lookup(f"jet{k}", depth) for k, (key, depth) in enumerate(depths.items())}


def _statements(model: FieldGraph, outputs: list[int]) -> list[str]:
    graph = model.graph
    order = graph.reachable(outputs)
    lookups = _lookups(model, order)
    lines = []
    done: set[tuple] = set()
    for number in order:
        content = graph.nodes[number]
        if content[0] == "table":
            key = (content[1], *content[5:7])
            if key not in done:
                done.add(key)
                table, a, b = key
                lines += lookups[key].lines(
                    model.table_offsets[table], model.table_quantities[table],
                    f"{_name(graph, a)}, {_name(graph, b)}",
                )  # fmt: skip
        text = _expression(graph, number, lookups)
        if text is not None:
            lines.append(f"v{number} = {text}")
    return lines


def _expression(graph: Graph, number: int, lookups: Mapping[tuple, _Lookup]) -> str | None:
    content = graph.nodes[number]
    operation = content[0]
    if operation in ("const", "x", "p", "dx", "dp"):
        return None
    names = [_name(graph, argument) for argument in graph.arguments(number)]
    if operation in ("add", "mul", "div"):
        symbol = {"add": "+", "mul": "*", "div": "/"}[operation]
        return f"{names[0]} {symbol} {names[1]}"
    if operation == "power":
        return f"{names[0]} ** {content[2]!r}"
    if operation == "linoid":
        return f"linoid_derivative({names[0]}, {content[2]})"
    if operation == "select":
        return f"{names[2]} if {names[0]} {content[1]} {names[1]} else {names[3]}"
    if operation == "table":
        jet = lookups[content[1], *content[5:7]].variable
        return f"{jet}[{content[3]}, {content[4]}, {content[2]}]"
    return f"{CALLS[operation]}({names[0]})"


def _domain(model: FieldGraph) -> str:
    graph = model.graph
    order = graph.reachable(model.field + model.observables)
    found = list(_lookups(model, order))
    arguments = [argument for _, *pair in found for argument in pair]
    body = [*_statements(model, arguments), *_margins(model, found, "margin"), "return margin"]
    return _decorated("domain", "DOMAIN", "x, p, t", body)


def _margins(model: FieldGraph, lookups: list[tuple], target: str) -> list[str]:
    lines = [f"{target} = np.inf"]
    for table, a, b in lookups:
        point = f"{_name(model.graph, a)}, {_name(model.graph, b)}"
        call = f"table_margin(t, {model.table_offsets[table]}, {point})"
        lines.append(f"{target} = min({target}, {call})")
    return lines
