"""Who reaches whom in a graph: weights and delays of all edges, and what they are by parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from continuation.graphs.nodes import Nodes
from dynsys.coupling.coupled_field import CoupledField
from dynsys.coupling.edges import EdgeTable
from dynsys.definition import symbol


@dataclass(frozen=True)
class Wires:
    """Edge e brings ``weight`` times signal ``sent`` of ``delay`` ago to the slot ``to``.

    Slots and signals of node j are numbers j w ... j w + w - 1 of ``size`` = N w; all (E,).
    """

    size: int
    to: np.ndarray
    sent: np.ndarray
    weight: np.ndarray
    delay: np.ndarray

    def gains(self, root: complex) -> np.ndarray:
        """What every edge passes of exp(root t), (E,): weight exp(-root delay)."""
        return self.weight * np.exp(-root * self.delay)

    def scaled(self, part: float) -> Wires:
        """The same wires, all weights times ``part``."""
        return replace(self, weight=part * self.weight)

    def matrix(self, gains: np.ndarray) -> np.ndarray:
        """Slots by signals (N w, N w): the sum of the edges' gains."""
        where = self.to * self.size + self.sent
        found = np.bincount(where, gains.real, self.size**2)
        if np.iscomplexobj(gains):
            found = found + 1j * np.bincount(where, gains.imag, self.size**2)
        return found.reshape(self.size, self.size)


def wires_of(nodes: Nodes) -> Wires:
    """The wires of a coupled field at its parameters; weights are checked there."""
    field = nodes.field
    values = field.parameters

    def read(table: EdgeTable) -> tuple[np.ndarray, np.ndarray]:
        return table.weights(values), table.delays(values)

    to, sent, weight, delay = _columns(nodes, field, read)
    return Wires(nodes.count * nodes.w, to, sent, weight, delay)


def wire_slopes(nodes: Nodes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives (E,) of the weights and of the delays by a parameter."""
    field, turned = nodes.field, symbol(name)

    def read(table: EdgeTable) -> tuple[np.ndarray, np.ndarray]:
        by_weight, by_delay = table.weight.diff(turned), table.delay.diff(turned)
        values = field.parameters
        return table.values(by_weight, values), table.values(by_delay, values)

    _, _, weight, delay = _columns(nodes, field, read)
    return weight, delay


def _columns(
    nodes: Nodes, field: CoupledField, read: Callable[[EdgeTable], tuple[np.ndarray, np.ndarray]]
) -> list[np.ndarray]:
    parts = []
    for table in field.edge_tables:
        slot, signal = field.targets.index(table.coupling.target), nodes.signals.index(table.source)
        weight, delay = read(table)
        to = table.receivers * nodes.w + slot
        parts.append((to, table.senders * nodes.w + signal, weight, delay))
        if table.coupling.diffusive:  # what the node itself sends is taken off, at once
            own = table.receivers * nodes.w + signal
            parts.append((to, own, -weight, np.zeros(len(weight))))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
