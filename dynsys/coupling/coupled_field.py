"""``couple``: any model as the node of any graph, with delays on the edges.

The result is a ``VectorField``, whose equations are written out when something asks for them;
``simulate_nodes`` never does, so that graphs of any size can be simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from dynsys.coupling.edges import Coupling, EdgeTable, edge_table, node_labels, node_list
from dynsys.definition import (
    Expression,
    Observable,
    Parameter,
    Reader,
    check_model_name,
    check_names,
    check_parameter,
    symbol,
)
from dynsys.delays import Delay
from dynsys.errors import ModelError, unknown_name
from dynsys.typed import typed
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from dynsys.coupling.node_kernel import NodeKernel


@typed
def couple(
    model: VectorField,
    graph: Any,
    couplings: Coupling | Sequence[Coupling] | None = None,
    *,
    source: Expression | None = None,
    target: str | None = None,
    weight: Expression = "weight",
    delay: Expression | None = None,
    parameters: Mapping[str, Parameter | float] | None = None,
    per_node: str | Sequence[str] = (),
    name: str | None = None,
) -> CoupledField:
    """Put a model on every node of a graph and couple the nodes along its edges.

    ``target`` of node j becomes target + sum over edges i -> j of
    weight_ij source_i(t - delay_ij). The model's own equations are kept, its recurrent input too.

    Parameters
    ----------
    model : what every node is; any model of the library or your own.
    graph : networkx graph (directed, undirected or with parallel edges). An undirected edge
        carries in both directions; a self loop carries a node's own output back to it, once.
    couplings : one ``Coupling`` or ``Diffusion``, or several; or
    source, target, weight, delay : those of one ``Coupling``. ``weight`` and ``delay`` are numbers
        or expressions in edge attributes and parameters, such as "K*weight" or "length/speed";
        delays are in the model's time unit (ms for the mean fields), 0 is instantaneous.
    parameters : further parameters that weights and delays name: continuation may vary them.
    per_node : parameters that every node has for itself, named ``P_<node>``; so have those that
        a node of the graph carries as an attribute, which is then its value.
    name : of the coupled model.

    Returns
    -------
    CoupledField, a VectorField with states ``<state>_<node>``, node by node: equilibria, cycles,
    simulation and exports apply at once. Its equations grow with the number of edges: beyond some
    ten nodes simulate it with ``simulate_nodes`` and continue it with
    ``continuation.graph_equilibria``.

    Raises
    ------
    ModelError, UnknownNameError
        for edges without weight, negative delays, isolated nodes, a source or target the model
        does not have, instantaneous edges whose source depends on its own target.

    Example
    -------
    >>> import networkx as nx
    >>> from dynsys import couple
    >>> from dynsys.models import wilson_cowan
    >>> pair = nx.DiGraph([("a", "b"), ("b", "a")])
    >>> model = couple(wilson_cowan(), pair, source="E", target="P", weight="K", delay="tau",
    ...                parameters={"K": 0.5, "tau": 2.0})
    >>> model.state_names[:4]
    ('E_a', 'I_a', 'E_b', 'I_b')
    """
    if couplings is None:
        if source is None or target is None:
            raise ModelError("couple needs a source and a target, or a list of couplings")
        couplings = [Coupling(source, target, weight, delay)]
    elif source is not None or target is not None:
        raise ModelError("give source and target, or couplings, not both")
    several = [couplings] if isinstance(couplings, Coupling) else list(couplings)
    if not several or not all(isinstance(c, Coupling) for c in several):
        raise ModelError(f"couplings are {several!r}; give Coupling or Diffusion objects")
    return CoupledField(model, graph, several, parameters or {}, per_node, name)


class CoupledField(VectorField):
    """A model on the nodes of a graph; made by ``couple``.

    ``node_model``, ``nodes`` (N,), their ``labels`` in names, ``edge_tables`` (one per coupling).
    """

    node_model: VectorField
    nodes: tuple[Any, ...]
    labels: tuple[str, ...]
    edge_tables: tuple[EdgeTable, ...]
    own_parameters: tuple[str, ...]

    @typed
    def __init__(
        self,
        model: VectorField,
        graph: Any,
        couplings: Sequence[Coupling],
        parameters: Mapping[str, Parameter | float],
        per_node: str | Sequence[str],
        name: str | None,
    ) -> None:
        nodes = node_list(graph, name or f"coupled {model.name}")
        name = name or f"{model.name}_on_{len(nodes)}_nodes"
        check_model_name(name)
        labels = node_labels(nodes, name)
        own = _own_parameters(model, graph, per_node)
        extra = {k: _declared(v) for k, v in parameters.items()}
        shared = {k: p for k, p in model.declared_parameters.items() if k not in own}
        declared = dict(shared)
        for label in extra:
            if label in model.parameters:
                raise ModelError(f"{name}: {label!r} is a parameter of {model.name} already")
        declared |= extra
        values = {k: model.parameters[k] for k in shared} | {k: p.value for k, p in extra.items()}
        for node, label in zip(nodes, labels, strict=True):
            for k in own:
                value = graph.nodes[node].get(k, model.parameters[k])
                parameter = model.declared_parameters[k]
                check_parameter(name, f"{k}_{label}", parameter, value)
                declared[f"{k}_{label}"] = replace(
                    parameter, value=float(value), meaning=_at(parameter.meaning, node)
                )
                values[f"{k}_{label}"] = float(value)
        states = {
            f"{k}_{label}": replace(state, meaning=_at(state.meaning, node))
            for node, label in zip(nodes, labels, strict=True)
            for k, state in model.states.items()
        }
        for k, p in extra.items():
            check_parameter(name, k, p, p.value)
        check_names(name, states, declared, {}, model.tables)
        read = Reader(
            name, [*model.states, *shared, *extra, *own, *model.definitions], model.tables
        )
        known = [*shared, *extra]
        tables = []
        for coupling in couplings:
            if coupling.target not in model.parameters:
                raise unknown_name("parameter", coupling.target, model.parameters, model.name)
            source = read("the source of a coupling", coupling.source)
            tables.append(edge_table(graph, nodes, coupling, source, known, name))
        self.__dict__.update(
            name=name,
            node_model=model,
            nodes=tuple(nodes),
            labels=tuple(labels),
            edge_tables=tuple(tables),
            own_parameters=own,
            states=MappingProxyType(states),
            declared_parameters=MappingProxyType(declared),
            parameters=MappingProxyType(values),
            tables=model.tables,
            time_unit=model.time_unit,
            source=model.source,
            meaning=f"{model.name} on the {len(nodes)} nodes of a graph",
            attractors=None,
            delay_order=model.delay_order,
            inputs=MappingProxyType(_shared_inputs(model, own, name)),
            sets=MappingProxyType({}),
            run=model.run,
            notes=model.notes,
        )
        self._check_delays()
        self._check_loops()

    # --- the equations, written out on demand ---------------------------------------------------

    @cached_property
    def definitions(self) -> Mapping[str, sympy.Expr]:  # type: ignore[override]
        """Definitions of every node, and ``received_<target>_<node>``, what it gets."""
        result = {}
        arriving = self._arriving()
        for j, label in enumerate(self.labels):
            here = self._symbols(j)
            for target in self.targets:
                own = symbol(f"{target}_{label}" if target in self.own_parameters else target)
                result[f"received_{target}_{label}"] = own + sympy.Add(*arriving[target][j])
            for k, expression in self.node_model.definitions.items():
                result[f"{k}_{label}"] = expression.xreplace(here)
        return MappingProxyType(result)

    @cached_property
    def equations(self) -> Mapping[str, sympy.Expr]:  # type: ignore[override]
        """Time derivatives of all states, node by node."""
        result = {}
        for j, label in enumerate(self.labels):
            here = self._symbols(j)
            for k, expression in self.node_model.equations.items():
                result[f"{k}_{label}"] = expression.xreplace(here)
        return MappingProxyType(result)

    @cached_property
    def noise(self) -> Mapping[str, sympy.Expr]:  # type: ignore[override]
        """The node model's noise, on the states of every node."""
        return MappingProxyType(
            {
                f"{k}_{label}": expression.xreplace(self._symbols(j))
                for j, label in enumerate(self.labels)
                for k, expression in self.node_model.noise.items()
            }
        )

    @cached_property
    def observables(self) -> Mapping[str, Observable]:  # type: ignore[override]
        """The node model's observables for every node, ``<observable>_<node>``."""
        result = {}
        for j, (node, label) in enumerate(zip(self.nodes, self.labels, strict=True)):
            here = self._symbols(j)
            for k, item in self.node_model.observables.items():
                expression = item.expression.xreplace(here)
                meaning = _at(item.meaning, node)
                result[f"{k}_{label}"] = replace(item, expression=expression, meaning=meaning)
        return MappingProxyType(result)

    @property
    def targets(self) -> tuple[str, ...]:
        """The parameters that receive input, each once."""
        return tuple(dict.fromkeys(table.coupling.target for table in self.edge_tables))

    def _symbols(self, j: int) -> dict[sympy.Symbol, sympy.Symbol]:
        """What the node model's symbols are called at node ``j``."""
        label, model = self.labels[j], self.node_model
        names = {k: f"{k}_{label}" for k in (*model.states, *model.definitions)}
        names |= {k: f"{k}_{label}" for k in self.own_parameters}
        names |= {k: f"received_{k}_{label}" for k in self.targets}
        return {symbol(k): symbol(v) for k, v in names.items()}

    def _arriving(self) -> dict[str, list[list[sympy.Expr]]]:
        """For every target and node, the terms that arrive."""
        result: dict[str, list[list[sympy.Expr]]] = {
            target: [[] for _ in self.nodes] for target in self.targets
        }
        symbols = [self._symbols(j) for j in range(len(self.nodes))]
        for table in self.edge_tables:
            sent = [table.source.xreplace(here) for here in symbols]
            terms = result[table.coupling.target]
            for k, (i, j) in enumerate(zip(table.senders, table.receivers, strict=True)):
                tau = table.of_edge(table.delay, k)
                signal = sent[i] if tau.is_zero else Delay(sent[i], tau)
                if table.coupling.diffusive:
                    signal = signal - sent[j]
                terms[j].append(table.of_edge(table.weight, k) * signal)
        return result

    # --- checks ---------------------------------------------------------------------------------

    def _check_delays(self) -> None:
        for j in range(len(self.nodes) if self.own_parameters else 1):
            if self.node_model._delays:
                self.node_model.with_parameters(**self.node_parameters(j))
        for table in self.edge_tables:
            table.weights(self.parameters)
            delays = table.delays(self.parameters)
            if any(s.name in self.parameters for s in table.delay.free_symbols):
                for k in np.flatnonzero(delays == 0):
                    if not table.of_edge(table.delay, int(k)).is_zero:
                        raise ModelError(
                            f"{self.name}: the delay {table.delay} of the edge {table.edges[k]} "
                            "is 0; one that parameters set must be positive (pass delay=0 for "
                            "instantaneous edges)"
                        )

    def _check_loops(self) -> None:
        """A source that depends on what its node receives needs a delay on the way."""
        for table in self.edge_tables:
            used = self._needed_now(table.source) & set(self.targets)
            instant = np.flatnonzero(table.delays(self.parameters) == 0)
            if len(instant) and used:
                raise ModelError(
                    f"{self.name}: the source {table.coupling.source} depends on "
                    f"{', '.join(sorted(used))}, which the coupling feeds, and the edge "
                    f"{table.edges[instant[0]]} is instantaneous: give the edge a delay, or "
                    "choose a state as the source"
                )

    def _needed_now(self, expression: sympy.Expr) -> set[str]:
        """Names that an expression depends on without delay, through definitions too."""
        found: set[str] = set()
        waiting = [expression]
        while waiting:
            now = waiting.pop()
            now = now.xreplace(dict.fromkeys(now.atoms(Delay), sympy.S.Zero))
            for name in {s.name for s in now.free_symbols} - found:
                found.add(name)
                if name in self.node_model.definitions:
                    waiting.append(self.node_model.definitions[name])
        return found

    # --- values ---------------------------------------------------------------------------------

    def node_parameters(self, j: int) -> dict[str, float]:
        """Values of the node model's parameters at node number ``j``."""
        own, label = self.own_parameters, self.labels[j]
        return {
            k: self.parameters[f"{k}_{label}" if k in own else k]
            for k in self.node_model.parameters
        }

    @cached_property
    def kernel(self) -> NodeKernel:
        """The compiled node that all nodes share, whatever the parameters' values."""
        # It brings the steppers of graphs, which compile; continuation needs none of them.
        from dynsys.coupling.node_kernel import compile_node

        return compile_node(self)

    def node_states(self, x: Sequence[float] | np.ndarray) -> np.ndarray:
        """A state (n,) as one row per node (N, states of the node model)."""
        count = len(self.states)
        return np.asarray(x, dtype=float)[:count].reshape(len(self.nodes), -1)


def _at(meaning: str, node: Any) -> str:
    return f"{meaning}, node {node}" if meaning else f"node {node}"


def _declared(value: Parameter | float) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(float(value))


def _own_parameters(model: VectorField, graph: Any, per_node: Sequence[str]) -> tuple[str, ...]:
    """Parameters every node has for itself, in the model's order."""
    asked = [per_node] if isinstance(per_node, str) else list(per_node)
    for label in asked:
        if label not in model.parameters:
            raise unknown_name("parameter", label, model.parameters, model.name)
    carried = {k for _, attributes in graph.nodes(data=True) for k in attributes}
    return tuple(k for k in model.parameters if k in carried or k in asked)


def _shared_inputs(model: VectorField, own: Sequence[str], name: str) -> dict[str, sympy.Expr]:
    """The node model's inputs, which must not depend on the node."""
    mine = {symbol(k) for k in own}
    for target, expression in model.inputs.items():
        if target in own or expression.free_symbols & mine:
            raise ModelError(
                f"{name}: the input of {target!r} would differ from node to node; leave "
                f"{', '.join(own)} out of per_node, or give simulate inputs of its own"
            )
    return dict(model.inputs)
