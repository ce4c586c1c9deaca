"""One compiled node for all nodes of a graph: states and arriving input in, signals out.

The kernel is the node model with further states, the slots. A slot's value is what arrives at one
target; its "time derivative" is one of the node's signals, which the graph carries elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sympy

from dynsys.compiled.records import Indices, Vector, record
from dynsys.definition import State, symbol
from dynsys.simulation.motion import Motion, motion
from dynsys.variants import substituted
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from dynsys.coupling.coupled_field import CoupledField


@record
class Wiring(NamedTuple):
    """Edges sorted by receiving slot; node j's slot or signal r is number j * width + r.

    ``first`` (N * width + 1,): where the edges of a slot begin. ``row`` (E,): the signal an edge
    carries. ``weight`` (E,). ``lag`` (E,): index into ``lags`` (L,), the distinct delays.
    """

    first: Indices
    row: Indices
    weight: Vector
    lag: Indices
    lags: Vector


@dataclass(frozen=True)
class NodeKernel:
    """The node with its slots: ``width`` slots and signals, of which the last are its own delays.

    ``direct`` (width,): the state that a signal is, or -1 where it is an expression.
    """

    model: VectorField
    motion: Motion
    targets: tuple[str, ...]
    signals: tuple[sympy.Expr, ...]
    slots: int
    width: int
    direct: np.ndarray


def kernel_model(field: CoupledField) -> tuple[VectorField, tuple[sympy.Expr, ...]]:
    """The node model with slots as states, and the distinct signals they send."""
    model = field.node_model
    signals = tuple(dict.fromkeys(table.source for table in field.edge_tables))
    count = max(len(signals), len(field.targets))
    names = [f"received_{t}" for t in field.targets]
    names += [f"unused_slot_{k}" for k in range(count - len(names))]
    total = {symbol(t): symbol(t) + symbol(f"received_{t}") for t in field.targets}
    sent = [s.xreplace(total) for s in signals] + [sympy.S.Zero] * (count - len(signals))
    extra = {
        k: v
        for k, v in field.declared_parameters.items()
        if any(symbol(k) in s.free_symbols for s in signals) and k not in model.parameters
    }
    inside = substituted(model, total)
    inside["equations"] |= dict(zip(names, sent, strict=True))
    kernel = VectorField(
        name=f"{model.name}_node",
        states={**model.states, **{name: State(0.0) for name in names}},
        parameters={**model.declared_parameters, **extra},
        **inside,
    )
    return kernel, signals


def compile_node(field: CoupledField) -> NodeKernel:
    """Compile the node of a coupled field, once for all its nodes and for every graph."""
    kernel, signals = kernel_model(field)
    compiled = motion(kernel)
    slots = len(kernel.states) - len(field.node_model.states)
    width = slots + compiled.delayed
    direct = np.full(width, -1, dtype=np.int64)
    states = list(field.node_model.states)
    for k, signal in enumerate(signals):
        if isinstance(signal, sympy.Symbol) and signal.name in states:
            direct[k] = states.index(signal.name)
    return NodeKernel(kernel, compiled, field.targets, signals, slots, width, direct)


def parameter_rows(field: CoupledField, kernel: NodeKernel) -> np.ndarray:
    """Parameters (N, m) of the kernel at every node."""
    rows = []
    for j in range(len(field.nodes)):
        own = field.node_parameters(j)
        rows.append([own[k] if k in own else field.parameters[k] for k in kernel.model.parameters])
    return np.array(rows, dtype=float).reshape(len(field.nodes), -1)


def wirings(field: CoupledField, kernel: NodeKernel, rows: np.ndarray) -> tuple[Wiring, Wiring]:
    """The delayed and the instantaneous edges, the nodes' own delays among the former."""
    nodes, width = len(field.nodes), kernel.width
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for table in field.edge_tables:
        target = kernel.targets.index(table.coupling.target)
        signal = kernel.signals.index(table.source)
        weight, delay = table.weights(field.parameters), table.delays(field.parameters)
        to, row = table.receivers * width + target, table.senders * width + signal
        parts.append((to, row, weight, delay))
        if table.coupling.diffusive:
            parts.append((to, table.receivers * width + signal, -weight, np.zeros(len(weight))))
    own = kernel.motion.delayed
    if own:
        lags = np.zeros((nodes, own))
        x = np.zeros(kernel.motion.n + own)
        for lag, p in zip(lags, rows, strict=True):
            kernel.motion.delays(x, p, kernel.motion.tables, lag)
        number = np.arange(nodes)[:, None] * width + kernel.slots + np.arange(own)
        parts.append((number.ravel(), number.ravel(), np.ones(number.size), lags.ravel()))
    to, row, weight, delay = (np.concatenate(column) for column in zip(*parts, strict=True))
    used = weight != 0
    to, row, weight, delay = to[used], row[used], weight[used], delay[used]
    late = delay > 0
    return tuple(
        _wiring(to[chosen], row[chosen], weight[chosen], delay[chosen], nodes * width)
        for chosen in (late, ~late)
    )  # type: ignore[return-value]


def _wiring(
    to: np.ndarray, row: np.ndarray, weight: np.ndarray, delay: np.ndarray, slots: int
) -> Wiring:
    # Equal signals that arrive at the same slot at the same time are one edge.
    lags, lag = np.unique(delay, return_inverse=True)
    order = np.lexsort([lag, row, to])
    to, row, weight, lag = to[order], row[order], weight[order], lag.ravel()[order]
    key = np.stack([to, row, lag], axis=1)
    begins = np.ones(len(to), bool)
    begins[1:] = np.any(key[1:] != key[:-1], axis=1)
    if len(to):
        weight = np.add.reduceat(weight, np.flatnonzero(begins))
    to, row, lag = to[begins], row[begins], lag[begins]
    first = np.searchsorted(to, np.arange(slots + 1)).astype(np.int64)
    return Wiring(first, row.astype(np.int64), weight, lag.astype(np.int64), lags)
