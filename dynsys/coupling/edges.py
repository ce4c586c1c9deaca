"""What travels along the edges of a graph: ``Coupling``, and the weights and delays of its edges.

Weights and delays are expressions in edge attributes and in parameters, read once and evaluated for
all edges together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from dynsys.definition import Expression, symbol
from dynsys.errors import ModelError
from dynsys.expressions.parsing import function_names
from dynsys.expressions.reading import read_expression

WEIGHT, DELAY = "weight", "delay"


@dataclass(frozen=True)
class Coupling:
    """``target`` of every node receives the weighted, delayed ``source`` of its predecessors.

    target_j -> target_j + sum over edges i -> j of weight_ij source_i(t - delay_ij)

    Parameters
    ----------
    source : expression in states, parameters and definitions of the sending node.
    target : parameter of the receiving node, to which the sum is added.
    weight : number, or expression in edge attributes and in the parameters of the coupled model.
    delay : the same, in the model's time unit; 0 is instantaneous. None reads the edge attribute
        ``delay`` where the edges carry one, and means no delays where none does.

    Example
    -------
    >>> Coupling("E", "P", weight="K*weight", delay="length/speed")
    """

    source: Expression
    target: str
    weight: Expression = WEIGHT
    delay: Expression | None = None

    diffusive = False


@dataclass(frozen=True)
class Diffusion(Coupling):
    """The difference travels: weight_ij (source_i(t - delay_ij) - source_j(t)).

    Example
    -------
    >>> Diffusion("x", "input_x", weight="K", delay="tau")
    """

    diffusive = True


@dataclass(frozen=True, eq=False)
class EdgeTable:
    """The edges of one coupling.

    ``senders``, ``receivers`` (E,): node numbers. ``weight``, ``delay``: expressions in parameters
    and in the edge attributes, whose values (E,) are in ``attributes``.
    """

    coupling: Coupling
    source: sympy.Expr
    edges: tuple[tuple[Any, Any], ...]
    senders: np.ndarray
    receivers: np.ndarray
    weight: sympy.Expr
    delay: sympy.Expr
    attributes: Mapping[str, np.ndarray]
    owner: str

    def values(self, expression: sympy.Expr, parameters: Mapping[str, float]) -> np.ndarray:
        """An expression's value (E,) for every edge."""
        names = sorted(str(s) for s in expression.free_symbols)
        if not names:
            return np.full(len(self.edges), float(expression))
        arguments = [self.attributes[n] if n in self.attributes else parameters[n] for n in names]
        with np.errstate(all="ignore"):
            result = np.asarray(_function(expression, tuple(names))(*arguments), dtype=float)
        return np.array(np.broadcast_to(result, (len(self.edges),)))

    def weights(self, parameters: Mapping[str, float]) -> np.ndarray:
        """Weights (E,); ModelError for one that is not finite."""
        result = self.values(self.weight, parameters)
        for k in np.flatnonzero(~np.isfinite(result))[:1]:
            raise ModelError(
                f"{self.owner}: the weight {self.weight} of the edge {self.edges[k]} is "
                f"{result[k]:g}; give every edge a finite number"
            )
        return result

    def delays(self, parameters: Mapping[str, float]) -> np.ndarray:
        """Delays (E,), 0 for instantaneous; ModelError for one that is negative or not finite."""
        result = self.values(self.delay, parameters)
        for k in np.flatnonzero(~(np.isfinite(result) & (result >= 0)))[:1]:
            raise ModelError(
                f"{self.owner}: the delay {self.delay} of the edge {self.edges[k]} is "
                f"{result[k]:g}; a signal cannot arrive before it was sent: give 0 or more"
            )
        return result

    def of_edge(self, expression: sympy.Expr, k: int) -> sympy.Expr:
        """An expression with the attributes of edge ``k`` put in."""
        used = {s: s.name for s in expression.free_symbols if s.name in self.attributes}
        return expression.xreplace(
            {s: sympy.Float(self.attributes[name][k], 17) for s, name in used.items()}
        )


@lru_cache(maxsize=64)
def _function(expression: sympy.Expr, names: tuple[str, ...]) -> Callable[..., Any]:
    # An expression that `read_expression` made: its names and functions are known ones.
    return sympy.lambdify([symbol(n) for n in names], expression, "numpy")  # noqa: TID251


def node_list(graph: Any, owner: str) -> list[Any]:
    """The nodes of a graph; ModelError where there are none, or one that nothing is tied to."""
    import networkx as nx  # here, because a model that is coupled to nothing should not wait for it

    if not isinstance(graph, nx.Graph):
        raise ModelError(f"{owner}: the graph is a {type(graph).__name__}; give a networkx graph")
    if not graph:
        raise ModelError(f"{owner}: the graph has no nodes")
    alone = [node for node in graph if graph.degree(node) == 0]
    if alone:
        raise ModelError(
            f"{owner}: the node{'s' if len(alone) > 1 else ''} "
            f"{', '.join(map(repr, alone[:5]))}{' ...' if len(alone) > 5 else ''} of the graph "
            f"{'have' if len(alone) > 1 else 'has'} no edges; connect or remove isolated nodes"
        )
    return list(graph)


def node_labels(nodes: Sequence[Any], owner: str) -> list[str]:
    """What is appended to a state's name for every node; ModelError where two are alike."""
    labels = ["".join(c if c.isalnum() else "_" for c in str(node)).strip("_") for node in nodes]
    for position, label in enumerate(labels):
        if not label or label in labels[:position]:
            raise ModelError(
                f"{owner}: the node {nodes[position]!r} gives no name of its own ({label!r}); "
                "use numbers or words that differ, for instance networkx.relabel_nodes"
            )
    return labels


def edge_table(
    graph: Any,
    nodes: Sequence[Any],
    coupling: Coupling,
    source: sympy.Expr,
    parameters: Sequence[str],
    owner: str,
) -> EdgeTable:
    """Read the weights and delays of all edges; an undirected edge carries in both directions.

    A self loop carries from a node to itself, once. Raises ModelError for an edge that lacks an
    attribute the expressions name.
    """
    number = {node: k for k, node in enumerate(nodes)}
    found = []
    for u, v, attributes in graph.edges(data=True):
        found.append((u, v, attributes))
        if not graph.is_directed() and u != v:
            found.append((v, u, attributes))
    carried = set().union(*(attributes for _, _, attributes in found))
    delay = coupling.delay
    if delay is None:
        delay = DELAY if DELAY in carried else 0
    taken = sorted(carried & set(parameters))
    read = {}
    for kind, expression in (("weight", coupling.weight), ("delay", delay)):
        read[kind] = _expression(kind, expression, carried, parameters, owner)
    used = {s.name for e in read.values() for s in e.free_symbols}
    for name in taken:
        if name in used:
            raise ModelError(
                f"{owner}: {name!r} is both a parameter and an edge attribute; rename one"
            )
    values = {
        name: np.array([_number(edge, name, owner) for edge in found])
        for name in sorted(used - set(parameters))
    }
    return EdgeTable(
        coupling=coupling,
        source=source,
        edges=tuple((u, v) for u, v, _ in found),
        senders=np.array([number[u] for u, _, _ in found], dtype=np.int64),
        receivers=np.array([number[v] for _, v, _ in found], dtype=np.int64),
        weight=read["weight"],
        delay=read["delay"],
        attributes=values,
        owner=owner,
    )


def _expression(
    kind: str, expression: Expression, carried: set, parameters: Sequence[str], owner: str
) -> sympy.Expr:
    names = [name for name in carried if isinstance(name, str) and name.isidentifier()]
    default = isinstance(expression, str) and expression == WEIGHT
    if kind == "weight" and default and WEIGHT not in carried:
        raise ModelError(
            f"{owner}: no edge of the graph has a weight; give every edge an attribute "
            "'weight', or pass weight=1.0 for edges of equal weight"
        )
    known = {name: symbol(name) for name in [*names, *parameters]}
    if isinstance(expression, str):
        if expression in known:
            return known[expression]
        # An attribute may be called "delay", which inside an expression is a function.
        known = {k: v for k, v in known.items() if k not in function_names()}
    return read_expression(expression, known, owner=f"{owner}, {kind} of the edges")


def _number(edge: tuple[Any, Any, Mapping], name: str, owner: str) -> float:
    u, v, attributes = edge
    if name not in attributes:
        raise ModelError(
            f"{owner}: the edge ({u!r}, {v!r}) has no {name!r}, which other edges have; "
            f"give every edge its {name}"
        )
    try:
        return float(attributes[name])
    except (TypeError, ValueError):
        raise ModelError(
            f"{owner}: {name} of the edge ({u!r}, {v!r}) is {attributes[name]!r}; give a number"
        ) from None
