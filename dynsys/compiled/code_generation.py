"""From an expression graph to the Python source of a model's compiled functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynsys.compiled import transport
from dynsys.compiled.transport import Entry, Line
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

from dynsys.compiled.kernels import (
    DOMAIN, FIELD, JACOBIAN, JACOBIAN_TANGENT, OBSERVABLES, TANGENT, TAYLOR,
)
from dynsys.compiled.numbers import cleared, picked, placed
from dynsys.compiled.series import run_program
from dynsys.compiled.splines import table_jet, table_margin
from dynsys.expressions.functions import linoid_derivative
from dynsys.numba_cache import njit
'''


_INPUTS = ("x", "p", "dx", "dp")
TOGETHER = 16  # numbers that one statement reads or writes


@dataclass(frozen=True)
class FieldGraph:
    """A lifted vector field: its graph, inputs and outputs as node numbers.

    Delay lines of ``order`` nodes each come last among the states, one for every signal.
    """

    graph: Graph
    states: list[int]
    parameters: list[int]
    field: list[int]
    observables: list[int]
    signals: list[int]
    table_offsets: Mapping[str, int]
    table_quantities: Mapping[str, int]
    order: int = 0

    @property
    def physical(self) -> int:
        """Number of states that are no nodes of delay lines."""
        return len(self.states) - self.order * (len(self.signals) // 2)

    @property
    def own(self) -> list[int]:
        """What the states' rates and the lines are made of: rates, signals, delays."""
        return self.field[: self.physical] + self.signals

    def lines(self) -> list[Line]:
        """The delay lines."""
        count = len(self.signals) // 2
        names = [name_of(self.graph, number) for number in self.signals]
        return [
            Line(self.physical + k * self.order, self.order, names[k], names[count + k])
            for k in range(count)
        ]


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


def blocks(model: FieldGraph) -> tuple[list[int], list[list[int]]]:
    """The Jacobian's rows of the states, flat, and the derivatives of every signal."""
    columns = [model.graph.derivative(model.own, {x: model.graph.one}) for x in model.states]
    rows = [[column[i] for column in columns] for i in range(len(model.own))]
    first = model.physical
    flat = [entry for row in rows[:first] for entry in row]
    return flat, rows[first : first + len(model.signals) // 2]


def entries(graph: Graph, row: list[int]) -> list[Entry]:
    """The columns that a row of derivatives has, with their texts."""
    return [(c, name_of(graph, entry)) for c, entry in enumerate(row) if entry != graph.zero]


def second_source(model: FieldGraph, name: str) -> str:
    """The source of the Jacobian's derivative, the longest function, which few tasks need."""
    graph, n, seeds = model.graph, len(model.states), _seeds(model)
    flat, slopes = blocks(model)
    change = graph.derivative(flat, seeds)
    along = [graph.derivative(row, seeds) for row in slopes]
    moved = graph.derivative(model.signals, seeds)[len(slopes) :]
    used = [number for row in [*slopes, *along] for number in row]
    body = statements(model, change + used + moved + model.signals)
    body += results(model, change, n)
    for line, row, other, tau in zip(model.lines(), slopes, along, moved, strict=True):
        body += line.second(entries(graph, row), entries(graph, other), name_of(graph, tau))
    made = decorated("jacobian_tangent", "JACOBIAN_TANGENT", "x, p, t, dx, dp, out", body)
    return "\n\n".join([header(model, name), made])


def header(model: FieldGraph, name: str) -> str:
    """What a generated module begins with."""
    lines = transport.HEADER.format(order=model.order) if model.order else ""
    return HEADER.format(name=name) + lines


def source(model: FieldGraph, name: str) -> str:
    """The source of the other compiled functions; the Taylor kernel's program is data."""
    n = len(model.states)
    parts = [
        f"{header(model, name)}\nSTATES = {n}\nPARAMETERS = {len(model.parameters)}\n",
        function_of_field(model),
        function_source(model, "observables", "OBSERVABLES", "x, p, t, out", model.observables),
        function_source(model, "signals", "OBSERVABLES", "x, p, t, out", model.signals),
        _tangent(model),
        _jacobian(model),
        _domain(model),
        _TAYLOR,
    ]
    return "\n\n".join(parts)


def function_of_field(model: FieldGraph) -> str:
    """The source of the rates of change at one state."""
    body = statements(model, model.own) + results(model, model.field[: model.physical])
    for line in model.lines():
        body += line.field()
    return decorated("field", "FIELD", "x, p, t, out", body)


def _tangent(model: FieldGraph) -> str:
    changes = model.graph.derivative(model.own, _seeds(model))
    body = statements(model, changes + model.signals)
    body += results(model, changes[: model.physical])
    moved = [name_of(model.graph, number) for number in changes[model.physical :]]
    count = len(moved) // 2
    for line, signal, tau in zip(model.lines(), moved[:count], moved[count:], strict=True):
        body += line.tangent(signal, tau)
    return decorated("tangent", "TANGENT", "x, p, t, dx, dp, out", body)


def _jacobian(model: FieldGraph) -> str:
    flat, slopes = blocks(model)
    used = [number for row in slopes for number in row]
    body = statements(model, flat + used + model.signals)
    body += results(model, flat, len(model.states))
    for line, row in zip(model.lines(), slopes, strict=True):
        body += line.jacobian(entries(model.graph, row))
    return decorated("jacobian", "JACOBIAN", "x, p, t, out", body)


_TAYLOR = """
_program = np.load(__file__.replace("kernels.py", "program.npz"))
_instructions, _constants = _program["instructions"], _program["constants"]
_outputs = _program["outputs"]
PROGRAM = _instructions, _constants, _outputs


# numba keeps no function on disk that holds a larger array.
@njit([TAYLOR], cache=_instructions.nbytes <= 10**6)
def taylor(x, p, t, out):
    run_program(_instructions, _constants, _outputs, x, p, t, out)
"""


def decorated(name: str, signature: str, arguments: str, body: list[str]) -> str:
    """A compiled function from the lines of its body."""
    lines = [f'@njit([{signature}], cache=True, error_model="numpy")', f"def {name}({arguments}):"]
    return "\n".join(lines + ["    " + line for line in body or ["pass"]]) + "\n"


def function_source(
    model: FieldGraph, name: str, signature: str, arguments: str, outputs: list[int],
    columns: int | None = None,
) -> str:  # fmt: skip
    """A compiled function of a signature that writes nodes to ``out``, by rows if a matrix."""
    body = statements(model, outputs) + results(model, outputs, columns)
    return decorated(name, signature, arguments, body)


def results(
    model: FieldGraph, outputs: list[int], columns: int | None = None, out: str = "out"
) -> list[str]:
    """Assignments to ``out``, a vector or a matrix of so many columns."""
    graph, matrix = model.graph, columns is not None
    written = [
        (k, number) for k, number in enumerate(outputs) if number != graph.zero or not matrix
    ]
    body = [f"cleared({out})"] if matrix else []
    for first in range(0, len(written), TOGETHER):
        part = written[first : first + TOGETHER]
        places = " ".join(str(k) for k, _ in part)
        values = "".join(f"{name_of(graph, number)}, " for _, number in part)
        body.append(f'placed({out}, "{places}", ({values}))')
    return body


def inputs(graph: Graph, order: list[int], arrays: Sequence[str] = _INPUTS) -> list[str]:
    """Lines that read what is asked for of these arrays."""
    lines = []
    for array in arrays:
        found = [graph.nodes[k][1] for k in order if graph.nodes[k][0] == array]
        for first in range(0, len(found), TOGETHER):
            part = found[first : first + TOGETHER]
            names = "".join(f"{array}{k}, " for k in part)
            lines.append(f'{names}= picked({array}, "{" ".join(map(str, part))}")')
    return lines


def name_of(graph: Graph, number: int) -> str:
    """A node as an operand."""
    content = graph.nodes[number]
    operation = content[0]
    if operation == "const":
        return repr(content[1]) if content[1] >= 0 else f"({content[1]!r})"
    if operation in _INPUTS:
        return f"{operation}{content[1]}"
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


def statements(model: FieldGraph, outputs: list[int]) -> list[str]:
    """Lines that read the inputs and compute the nodes ``outputs``."""
    order = model.graph.reachable(outputs)
    return [*inputs(model.graph, order), *computations(model, order)]


def computations(
    model: FieldGraph, order: list[int], calls: Mapping[str, str] = CALLS
) -> list[str]:
    """Lines that compute nodes in order; ``calls`` names the function of an operation."""
    graph, lookups, lines = model.graph, _lookups(model, order), list[str]()
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
                    f"{name_of(graph, a)}, {name_of(graph, b)}",
                )  # fmt: skip
        text = _expression(graph, number, lookups, calls)
        if text is not None:
            lines.append(f"v{number} = {text}")
    return lines


def _expression(
    graph: Graph, number: int, lookups: Mapping[tuple, _Lookup], calls: Mapping[str, str]
) -> str | None:
    content = graph.nodes[number]
    operation = content[0]
    if operation == "const" or operation in _INPUTS:
        return None
    names = [name_of(graph, argument) for argument in graph.arguments(number)]
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
    return f"{calls[operation]}({names[0]})"


def _domain(model: FieldGraph) -> str:
    graph = model.graph
    order = graph.reachable(model.field + model.observables)
    found = list(_lookups(model, order))
    arguments = [argument for _, *pair in found for argument in pair]
    body = [*statements(model, arguments), *_margins(model, found, "margin"), "return margin"]
    return decorated("domain", "DOMAIN", "x, p, t", body)


def _margins(model: FieldGraph, lookups: list[tuple], target: str) -> list[str]:
    lines = [f"{target} = np.inf"]
    for table, a, b in lookups:
        point = f"{name_of(model.graph, a)}, {name_of(model.graph, b)}"
        call = f"table_margin(t, {model.table_offsets[table]}, {point})"
        lines.append(f"{target} = min({target}, {call})")
    return lines
