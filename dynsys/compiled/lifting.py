"""The lifted system, delay lines included, as one shared expression graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sympy

from dynsys.compiled.code_generation import FieldGraph
from dynsys.expressions.graph import Graph
from dynsys.expressions.symbols import evaluation_order, symbol
from dynsys.expressions.translation import Translator


class Model(Protocol):
    """What is asked of a model here: names, and expressions without delays."""

    @property
    def name(self) -> str: ...
    @property
    def states(self) -> Mapping[str, Any]: ...
    @property
    def parameters(self) -> Mapping[str, float]: ...
    @property
    def definitions(self) -> Mapping[str, sympy.Expr]: ...
    @property
    def equations(self) -> Mapping[str, sympy.Expr]: ...
    @property
    def tables(self) -> Mapping[str, Any]: ...
    @property
    def lifted_system(self) -> tuple[Sequence[sympy.Expr], Sequence[Any]]: ...


def field_graph(model: Model) -> FieldGraph:
    """Translate a model, its delays replaced by transport lines, into one shared graph."""
    expressions, lines = model.lifted_system
    graph = Graph()
    nodes = [node for line in lines for node in line.nodes]
    names = [*map(symbol, model.states), *nodes]
    states = {name: graph.node("x", i) for i, name in enumerate(names)}
    parameters = {symbol(k): graph.node("p", i) for i, k in enumerate(model.parameters)}
    translate = Translator(graph, states | parameters)
    first = len(model.definitions)
    last = first + len(model.equations)
    named = dict(zip(model.definitions, expressions[:first], strict=True))
    for label in evaluation_order(model.name, named):
        translate.define(symbol(label), named[label])
    field = [*expressions[first:last], *(e for line in lines for e in line.equations())]
    offsets, position = {}, 0
    for label, table in model.tables.items():
        offsets[label] = position
        position += len(table.packed)
    return FieldGraph(
        graph=graph,
        states=list(states.values()),
        parameters=list(parameters.values()),
        field=[translate(e) for e in field],
        observables=[translate(e) for e in expressions[last:]],
        signals=[translate(x.signal) for x in lines] + [translate(x.tau) for x in lines],
        table_offsets=offsets,
        table_quantities={k: len(table.quantities) for k, table in model.tables.items()},
        order=len(lines[0].nodes) if lines else 0,
    )
