"""All nodes of a graph from one compiled node: values, derivatives and second derivatives.

A node has its states x (n,), the slots r (w,) in which input arrives, and its own delayed values u
(k,). It answers with f(x, r, u), its signals g and its own delayed signals s:

    x' = f(x, r, u),   r_j(t) = sum over i of W_ji g_i(t - d_ji),   u(t) = s(t - tau).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy

from dynsys.coupling.coupled_field import CoupledField
from dynsys.coupling.node_kernel import kernel_model
from dynsys.definition import State
from dynsys.expressions.symbols import symbol
from dynsys.vector_field import VectorField

OBSERVED, NOISE = "observed_", "noise_"


@dataclass(frozen=True)
class NodeValues:
    """Of all N nodes: ``answers`` (N, q) = f, g, s; ``outputs`` (N, e); ``jacobian`` (N, q, q) and
    ``output_jacobian`` (N, e, q) by (x, r, u); ``tau`` (N, k) the nodes' own delays."""

    answers: np.ndarray
    outputs: np.ndarray
    jacobian: np.ndarray
    output_jacobian: np.ndarray
    tau: np.ndarray


class Nodes:
    """The compiled node behind a coupled field, and its parameters at every node.

    ``n`` states, ``w`` slots, ``k`` own delays, ``q`` = n + w + k unknowns of each of ``count``
    nodes; ``outputs`` are the names of what is observed besides.
    """

    def __init__(self, field: CoupledField) -> None:
        self.field = field
        self.model, self.signals = _node_model(field)
        self.count = len(field.nodes)
        self.n, self.k = len(field.node_model.states), len(self.model.lines)
        self.w = len(kernel_model(field)[0].states) - self.n
        self.q = self.n + self.w + self.k
        self.outputs = [s for s in self.model.states if s.startswith((OBSERVED, NOISE))]
        whole = len(self.model.states)
        # Columns of the compiled node's states that are unknowns, rows that are answers.
        self._at = np.concatenate([np.arange(self.n + self.w), whole + np.arange(self.k)])
        self._extra = np.arange(self.n + self.w, whole)
        self.rows = self._parameter_rows()

    @property
    def sizes(self) -> np.ndarray:
        """Typical size (n,) of every state."""
        return self.field.node_model.sizes

    def at(self, field: CoupledField) -> Nodes:
        """The same nodes with the parameters of another variant of the field."""
        other = object.__new__(Nodes)
        other.__dict__.update(self.__dict__)
        other.field = field
        other.rows = other._parameter_rows()
        return other

    def _parameter_rows(self) -> np.ndarray:
        own = [self.field.node_parameters(j) for j in range(self.count)]
        shared = self.field.parameters
        return np.array([[p.get(k, shared.get(k)) for k in self.model.parameters] for p in own])

    def evaluate(self, z: np.ndarray) -> NodeValues:
        """Answers and derivatives at the unknowns z (N, q)."""
        compiled, full = self.model.compiled, self._full(z)
        values, jacobians = np.empty_like(full), np.empty((*full.shape, full.shape[1]))
        signals = np.empty((self.count, 2 * self.k))
        for j in range(self.count):
            p = self.rows[j]
            compiled.field(full[j], p, compiled.tables, values[j])
            compiled.jacobian(full[j], p, compiled.tables, jacobians[j])
            if self.k:
                compiled.signals(full[j], p, compiled.tables, signals[j])
        tau = signals[:, self.k :]
        answers, jacobian = values[:, self._at], jacobians[:, self._at][:, :, self._at]
        # A line of one node is u' = (s - u) / tau.
        late = slice(self.n + self.w, None)
        answers[:, late] = signals[:, : self.k]
        jacobian[:, late] *= tau[:, :, None]
        jacobian[:, late, late] += np.eye(self.k)
        extra = jacobians[:, self._extra][:, :, self._at]
        return NodeValues(answers, values[:, self._extra], jacobian, extra, tau)

    def jacobian_along(self, z: np.ndarray, tau: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Derivative (N, q, q) of the Jacobian along a direction (N, q) of the unknowns."""
        moved = self._full(direction)
        return self._second(z, tau, moved, np.zeros_like(self.rows))

    def parameter_slopes(self, z: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the answers (N, q) and of the own delays (N, k) by a parameter."""
        compiled, full = self.model.compiled, self._full(z)
        still, rows = np.zeros(full.shape[1]), self.parameter_directions(name)
        slopes, values = np.zeros_like(full), np.empty(full.shape[1])
        tau, by_tau = self.delays(name)
        late = slice(self.n + self.w, None)
        answers = np.zeros((self.count, self.q))
        for j, direction in enumerate(rows):
            if not direction.any():
                continue
            p = self.rows[j]
            compiled.tangent(full[j], p, compiled.tables, still, direction, slopes[j])
            compiled.field(full[j], p, compiled.tables, values)
            answers[j] = slopes[j, self._at]
            answers[j, late] = tau[j] * answers[j, late] + by_tau[j] * values[self._at][late]
        return answers, by_tau

    def jacobian_slopes(self, z: np.ndarray, values: NodeValues, name: str) -> np.ndarray:
        """Derivative (N, q, q) of the Jacobian by a parameter."""
        still = np.zeros((self.count, len(self.model.state_names)))
        found = self._second(z, values.tau, still, self.parameter_directions(name))
        _, by_tau = self.delays(name)
        late = slice(self.n + self.w, None)
        line = values.jacobian[:, late].copy()
        line[:, :, late] -= np.eye(self.k)
        found[:, late] += by_tau[:, :, None] * line / values.tau[:, :, None]
        return found

    def parameter_directions(self, name: str) -> np.ndarray:
        """Which entry of every node's parameters (N, m) a parameter of the field is."""
        found = np.zeros_like(self.rows)
        names = list(self.model.parameters)
        for j, label in enumerate(self.field.labels):
            for i, known in enumerate(names):
                own = known in self.field.own_parameters
                found[j, i] = (f"{known}_{label}" if own else known) == name
        return found

    def delays(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The nodes' own delays (N, k), and their derivatives by a parameter."""
        tau, slopes = np.zeros((2, self.count, self.k))
        directions = self.parameter_directions(name)
        names = [symbol(k) for k in self.model.parameters]
        for k, expression in enumerate(self._own_delays):
            known: dict[bytes, tuple[float, float]] = {}
            for j, (row, direction) in enumerate(zip(self.rows, directions, strict=True)):
                key = row.tobytes() + direction.tobytes()
                if key not in known:
                    values = dict(zip(names, map(sympy.Float, row), strict=True))
                    turned = [s for s, d in zip(names, direction, strict=True) if d]
                    pair = (expression, sympy.Add(*(expression.diff(s) for s in turned)))
                    known[key] = tuple(float(e.xreplace(values)) for e in pair)  # type: ignore[assignment]
                tau[j, k], slopes[j, k] = known[key]
        return tau, slopes

    @cached_property
    def _own_delays(self) -> list[sympy.Expr]:
        """The delays of the lines as expressions in parameters alone."""
        named = {symbol(k): v for k, v in self.model.definitions.items()}
        found = []
        for line in self.model.lines:
            tau = line.tau
            while tau.free_symbols & set(named):
                tau = tau.xreplace(named)
            found.append(tau)
        return found

    def _full(self, z: np.ndarray) -> np.ndarray:
        full = np.zeros((self.count, len(self._at) + len(self._extra)))
        full[:, self._at] = z
        return full

    def _second(
        self, z: np.ndarray, tau: np.ndarray, moved: np.ndarray, turned: np.ndarray
    ) -> np.ndarray:
        compiled, full = self.model.compiled, self._full(z)
        found = np.zeros((*full.shape, full.shape[1]))
        for j in range(self.count):
            if moved[j].any() or turned[j].any():
                compiled.jacobian_tangent(
                    full[j], self.rows[j], compiled.tables, moved[j], turned[j], found[j]
                )
        result = found[:, self._at][:, :, self._at]
        result[:, self.n + self.w :] *= tau[:, :, None]
        return result


def _node_model(field: CoupledField) -> tuple[VectorField, tuple[sympy.Expr, ...]]:
    """The kernel of a field, with observables and noise amplitudes as further "derivatives"."""
    kernel, signals = kernel_model(field)
    model = field.node_model
    received = {symbol(t): symbol(t) + symbol(f"received_{t}") for t in field.targets}
    outputs = {OBSERVED + k: o.expression for k, o in kernel.observables.items()}
    outputs |= {NOISE + k: e.xreplace(received) for k, e in model.noise.items()}
    whole = VectorField(
        name=f"{model.name}_graph_node",
        states={**kernel.states, **{k: State(0.0) for k in outputs}},
        parameters=dict(kernel.declared_parameters),
        equations={**kernel.equations, **outputs},
        definitions=dict(kernel.definitions),
        tables=dict(kernel.tables),
        time_unit=kernel.time_unit,
        source=kernel.source,
        delay_order=1,
    )
    return whole, signals
