"""The equations of an equilibrium of a graph, and of a Hopf point, with sparse exact derivatives.

Unknowns of an equilibrium: z = (x, r, u) of every node, then the free parameter:

    -f(x, r, u) = 0,   r - W g = 0,   u - s = 0,   whose derivative by z is Delta(0).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy import sparse

from continuation.graphs.linearization import Linearization
from continuation.graphs.nodes import Nodes, NodeValues
from continuation.graphs.wires import Wires, wire_slopes, wires_of
from dynsys.coupling.coupled_field import CoupledField


class Point:
    """A coupled field's equations at unknowns z (N, q)."""

    def __init__(self, nodes: Nodes, z: np.ndarray) -> None:
        self.nodes, self.z = nodes, z

    @cached_property
    def values(self) -> NodeValues:
        return self.nodes.evaluate(self.z)

    @cached_property
    def wires(self) -> Wires:
        return wires_of(self.nodes)

    @cached_property
    def linear(self) -> Linearization:
        return Linearization.of(self.nodes, self.values, self.wires)

    def residual(self) -> np.ndarray:
        """(N q,): zero at an equilibrium."""
        return self.balance(self.values.answers, self.wires.weight) + self._unknown()

    def _unknown(self) -> np.ndarray:
        own = self.z.copy()
        own[:, : self.nodes.n] = 0.0
        return own.ravel()

    def balance(self, answers: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """-f, -W g, -s for answers (N, q)."""
        n, w = self.nodes.n, self.nodes.w
        found = -answers
        sent = answers[:, n : n + w].ravel()
        arriving = np.bincount(
            self.wires.to, weight * sent[self.wires.sent], minlength=self.wires.size
        )
        found[:, n : n + w] = -arriving.reshape(-1, w)
        return found.ravel()

    def by_parameter(self, name: str) -> np.ndarray:
        """Derivative (N q,) of the residual by a parameter."""
        answers, _ = self.nodes.parameter_slopes(self.z, name)
        weight, _ = wire_slopes(self.nodes, name)
        n, w = self.nodes.n, self.nodes.w
        wires = self.balance(self.values.answers, weight).reshape(self.z.shape)
        found = self.balance(answers, self.wires.weight).reshape(self.z.shape)
        found[:, n : n + w] += wires[:, n : n + w]
        return found.ravel()

    def mode_by_state(self, root: complex, v: np.ndarray) -> sparse.csr_array:
        """Derivative (N q, N q) of Delta(root) v by z."""
        rows = v.reshape(self.z.shape)
        real, imaginary = (
            self.nodes.jacobian_along(self.z, self.values.tau, np.ascontiguousarray(part))
            for part in (rows.real, rows.imag)
        )
        return self.linear.of_jacobian(real + 1j * imaginary, root)

    def mode_by_parameter(self, root: complex, v: np.ndarray, name: str) -> np.ndarray:
        """Derivative (N q,) of Delta(root) v by a parameter."""
        linear, wires, nodes = self.linear, self.wires, self.nodes
        change = linear.of_jacobian(nodes.jacobian_slopes(self.z, self.values, name), root) @ v
        weight, delay = wire_slopes(nodes, name)
        gains = (weight - root * wires.weight * delay) * np.exp(-root * wires.delay)
        change = change - linear.coupling(gains) @ v
        _, by_tau = nodes.delays(name)
        late = slice(nodes.n + nodes.w, None)
        own = np.einsum("jab,jb->ja", linear.jacobian[:, late], v.reshape(self.z.shape))
        change = change.reshape(self.z.shape)
        change[:, late] += root * by_tau * np.exp(-root * linear.tau) * own
        return change.ravel()


class EquilibriumSystem:
    """F(z, p) = 0; y = (z, p) of size N q + 1."""

    def __init__(self, nodes: Nodes, parameters: Sequence[str], spans: Sequence[tuple]) -> None:
        self.nodes, self.parameters = nodes, tuple(parameters)
        self.size = nodes.count * nodes.q
        self.spans = tuple(spans)
        half = [(high - low) / 2 for low, high in spans]
        unknown = np.full((nodes.count, nodes.q), np.inf)
        unknown[:, : nodes.n] = nodes.sizes
        # States count together as much as a parameter; what follows from them counts nothing.
        self.scale = np.concatenate([unknown.ravel() * np.sqrt(nodes.count), self.more(), half])
        self.sizes = np.concatenate([unknown.ravel(), self.more(), half])

    def more(self) -> np.ndarray:
        """Scales of what is unknown between the states and the parameters."""
        return np.zeros(0)

    def field_at(self, y: np.ndarray) -> CoupledField:
        free = y[len(y) - len(self.parameters) :].tolist()
        values = dict(zip(self.parameters, free, strict=True))
        return self.nodes.field.with_parameters(**values)  # type: ignore[return-value]

    def point(self, y: np.ndarray) -> Point:
        z = y[: self.size].reshape(self.nodes.count, self.nodes.q)
        return Point(self.nodes.at(self.field_at(y)), z)

    def evaluate(self, y: np.ndarray) -> tuple[np.ndarray, sparse.csc_array]:
        """Residual (M,) and Jacobian (M, M + 1)."""
        at = self.point(y)
        column = at.by_parameter(self.parameters[0])[:, None]
        matrix = sparse.hstack([at.linear.matrix(0.0), sparse.csc_array(column)], format="csc")
        return at.residual(), matrix


class HopfSystem(EquilibriumSystem):
    """F(z, p) = 0, Delta(i omega) v = 0, c* v = 1; y = (z, Re v, Im v, omega, p1, p2)."""

    def __init__(
        self, nodes: Nodes, parameters: Sequence[str], spans: Sequence[tuple], mode: np.ndarray
    ) -> None:
        super().__init__(nodes, parameters, spans)
        self.border = mode / np.linalg.norm(mode)

    def more(self) -> np.ndarray:
        return np.full(2 * self.nodes.count * self.nodes.q + 1, np.inf)

    def parts(self, y: np.ndarray) -> tuple[np.ndarray, float]:
        """The mode v (N q,) and omega."""
        m = self.size
        return y[m : 2 * m] + 1j * y[2 * m : 3 * m], float(y[3 * m])

    def evaluate(self, y: np.ndarray) -> tuple[np.ndarray, sparse.csc_array]:
        at, m = self.point(y), self.size
        v, omega = self.parts(y)
        root = 1j * omega
        delta = at.linear.matrix(root).astype(complex)
        by_z = at.mode_by_state(root, v)
        by_omega = 1j * (at.linear.slope(root) @ v)
        columns = [at.mode_by_parameter(root, v, name) for name in self.parameters]
        last = sparse.csc_array(np.stack([by_omega, *columns], axis=1))
        states = np.stack(
            [np.zeros(m), *(at.by_parameter(name) for name in self.parameters)], axis=1
        )
        c = self.border[None, :].conj()
        none = np.zeros((1, last.shape[1]))
        blocks = [
            [at.linear.matrix(0.0), None, None, sparse.csc_array(states)],
            [by_z.real, delta.real, -delta.imag, last.real],
            [by_z.imag, delta.imag, delta.real, last.imag],
            [None, sparse.csc_array(c.real), sparse.csc_array(-c.imag), sparse.csc_array(none)],
            [None, sparse.csc_array(c.imag), sparse.csc_array(c.real), sparse.csc_array(none)],
        ]
        turning, length = delta @ v, np.vdot(self.border, v) - 1.0
        residual = np.concatenate(
            [at.residual(), turning.real, turning.imag, [length.real, length.imag]]
        )
        return residual, sparse.block_array(blocks, format="csc")
