"""The linearization of a graph at an equilibrium, and its exact characteristic equation.

With blocks of one node and the graph's edges kept apart,

    Delta(lambda) = D(lambda) - P W(lambda) G,   D block-diagonal, W_ji = weight exp(-lambda delay),
    det Delta = prod over nodes of det D_j * det(I - W H),   H = G D^-1 P,

so that everything costs one small block per node and one matrix of the size of the graph (Pecora &
Carroll 1998, Phys Rev Lett 80:2109, where nodes are alike and modes do not mix).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from continuation.graphs.nodes import Nodes, NodeValues
from continuation.graphs.wires import Wires
from dynsys.errors import ConvergenceError

STEP_TOLERANCE = 1e-12


class Determinants(NamedTuple):
    """Of every node and, last, of the coupling, (N + 1,): signs and logarithmic derivatives."""

    signs: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True, eq=False)
class Linearization:
    """Derivatives of all nodes (N, q, q) at an equilibrium, the own delays (N, k) and the wires."""

    jacobian: np.ndarray
    tau: np.ndarray
    wires: Wires
    n: int
    w: int

    @classmethod
    def of(cls, nodes: Nodes, values: NodeValues, wires: Wires) -> Linearization:
        """Of the nodes where ``values`` were taken."""
        return cls(values.jacobian, values.tau, wires, nodes.n, nodes.w)

    @property
    def count(self) -> int:
        """Number of nodes."""
        return len(self.jacobian)

    @property
    def q(self) -> int:
        """Unknowns per node."""
        return self.jacobian.shape[1]

    @property
    def delays(self) -> bool:
        """Whether anything arrives late."""
        return bool(self.tau.size or np.any(self.wires.delay > 0))

    # --- blocks -----------------------------------------------------------------------------------

    def node_blocks(self, root: complex) -> np.ndarray:
        """D(lambda), (N, q, q) complex."""
        found, i = self._own(self.jacobian, root), np.arange(self.q)
        found[:, i, i] += np.where(i < self.n, root, 1.0)
        return found

    def _own(self, jacobian: np.ndarray, root: complex) -> np.ndarray:
        """What a Jacobian (N, q, q) adds to D(lambda)."""
        found, late = -jacobian.astype(complex), slice(self.n + self.w, None)
        found[:, self.n : self.n + self.w] = 0.0
        found[:, late] *= np.exp(-root * self.tau)[:, :, None]
        return found

    def of_jacobian(self, jacobian: np.ndarray, root: complex) -> sparse.csr_array:
        """What a Jacobian (N, q, q), such as a derivative of one, adds to Delta(lambda)."""
        sent = jacobian[:, self.n : self.n + self.w]
        whole = self._blocks(self._own(jacobian, root))
        return whole - self.coupling(self.wires.gains(root), sent)

    def node_slopes(self, root: complex) -> np.ndarray:
        """d D / d lambda, (N, q, q) complex."""
        late = slice(self.n + self.w, None)
        found = np.zeros(self.jacobian.shape, complex)
        found[:, late] = self.jacobian[:, late] * (self.tau * np.exp(-root * self.tau))[:, :, None]
        i = np.arange(self.n)
        found[:, i, i] = 1.0
        return found

    @property
    def sent(self) -> np.ndarray:
        """G, the signals by the unknowns of their node, (N, w, q)."""
        return self.jacobian[:, self.n : self.n + self.w]

    @cached_property
    def _slots(self) -> np.ndarray:
        """Where the slots are among all unknowns, (N w,)."""
        first = np.arange(self.count)[:, None] * self.q + self.n
        return (first + np.arange(self.w)).ravel()

    def matrix(self, root: complex) -> sparse.csc_array:
        """Delta(lambda), sparse (N q, N q); real for a real root."""
        whole = self._blocks(self.node_blocks(root)) - self.coupling(self.wires.gains(root))
        return sparse.csc_array(whole.real if np.imag(root) == 0 else whole)

    def slope(self, root: complex) -> sparse.csc_array:
        """d Delta / d lambda, sparse (N q, N q)."""
        late = self.coupling(-self.wires.delay * self.wires.gains(root))
        return sparse.csc_array(self._blocks(self.node_slopes(root)) - late)

    def coupling(self, gains: np.ndarray, sent: np.ndarray | None = None) -> sparse.csr_array:
        """P W G, sparse (N q, N q), for edges that pass ``gains`` of the signals ``sent``."""
        size, wires = self.count * self.q, self.wires
        spread = sparse.coo_array((gains, (self._slots[wires.to], wires.sent)), (size, wires.size))
        return sparse.csr_array(spread) @ self._blocks(self.sent if sent is None else sent)

    def _blocks(self, blocks: np.ndarray) -> sparse.csr_array:
        count, rows, columns = blocks.shape
        pattern = (blocks, np.arange(count), np.arange(count + 1))
        return sparse.csr_array(sparse.bsr_array(pattern, (count * rows, count * columns)))

    # --- the reduced equation ---------------------------------------------------------------------

    def responses(self, root: complex) -> np.ndarray:
        """X = D^-1 P: how a node answers to what arrives at its slots, (N, q, w)."""
        unit = np.zeros((self.count, self.q, self.w), complex)
        unit[:, self.n : self.n + self.w] = np.eye(self.w)
        return np.linalg.solve(self.node_blocks(root), unit)

    def reduced(self, root: complex, responses: np.ndarray | None = None) -> np.ndarray:
        """T = I - W H, (N w, N w): singular at roots, but for those nodes keep to themselves."""
        found = self.responses(root) if responses is None else responses
        signals = self.wires.matrix(self.wires.gains(root)) @ _diagonal(self.sent @ found)
        return np.eye(self.wires.size) - signals

    def inverse(self, root: complex) -> np.ndarray:
        """T^-1."""
        return np.linalg.inv(self.reduced(root))

    def determinants(self, root: complex) -> tuple[Determinants, np.ndarray]:
        """Signs and logarithmic derivatives of all factors of det Delta; and T^-1."""
        blocks, turned = self.node_blocks(root), self.node_slopes(root)
        inverses = np.linalg.inv(blocks)
        slots = slice(self.n, self.n + self.w)
        answers = inverses[:, :, slots]
        gains = self.wires.gains(root)
        now, later = (self.wires.matrix(g) for g in (gains, -self.wires.delay * gains))
        response = _diagonal(self.sent @ answers)
        change = _diagonal(-self.sent @ inverses @ turned @ answers)
        reduced = np.eye(self.wires.size) - now @ response
        inverse = np.linalg.inv(reduced)
        own = np.einsum("jab,jba->j", inverses, turned)
        coupled = -np.sum(inverse.T * (later @ response + now @ change))
        signs = [*np.linalg.slogdet(blocks)[0], np.linalg.slogdet(reduced)[0]]
        return Determinants(np.array(signs), np.append(own, coupled)), inverse

    # --- roots ------------------------------------------------------------------------------------

    def polish(
        self, root: complex, vector: np.ndarray, iterations: int = 30
    ) -> tuple[complex, np.ndarray]:
        """The root next to a guess, and its vector (N q,): Newton on (lambda, v) together.

        Raises ConvergenceError where Newton finds none.
        """
        z, v = complex(root), np.asarray(vector, complex) / np.linalg.norm(vector)
        step = complex(np.inf)
        for _ in range(iterations):
            try:
                w = splu(self.matrix(complex(z)).astype(complex)).solve(self.slope(z) @ v)
            except RuntimeError:  # exactly singular: a root to the last digit
                return z, v
            step = 1.0 / np.vdot(v, w)
            if not np.isfinite(step):
                break
            z, v = z - step, w / np.linalg.norm(w)
            if abs(step) < STEP_TOLERANCE * (1 + abs(z)):
                return z, v
        raise ConvergenceError(
            f"no characteristic root was found near {root:.6g}: Newton's last step was "
            f"{abs(step):.2g} after {iterations} at most; start closer"
        )

    def bound(self, re_min: float) -> float:
        """No root right of ``re_min`` is larger, in modulus, than this.

        The Perron root of the moduli: |lambda| |x| <= |F_x| |x| + |F_v| |v|, |v| <= |S_x| |x| +
        |S_v| |v| for all that arrives, v = (r, u). Infinite where |S_v| may amplify: then there
        may be infinitely many roots right of the line.
        """
        size = self.count * self.q
        blocks, gains = np.abs(self.jacobian), np.abs(self.wires.gains(re_min))
        late = slice(self.n + self.w, None)
        blocks[:, self.n : self.n + self.w] = 0.0
        blocks[:, late] *= np.exp(-re_min * self.tau)[:, :, None]
        whole = (self._blocks(blocks) + abs(self.coupling(gains.astype(complex)))).tocsr()
        states = np.arange(size) % self.q < self.n
        f_x, f_v = whole[states][:, states], whole[states][:, ~states]
        s_x, s_v = whole[~states][:, states], whole[~states][:, ~states]
        loops, _ = _perron(lambda y: s_v @ y, s_v.shape[0])
        if loops >= 1:
            return np.inf

        def through(x: np.ndarray) -> np.ndarray:
            v = arriving = s_x @ x
            for _ in range(500):
                v, before = arriving + s_v @ v, v
                if np.max(np.abs(v - before), initial=0.0) <= 1e-12 * np.max(v, initial=1e-300):
                    break
            return f_x @ x + f_v @ v

        return _perron(through, f_x.shape[0])[0]


def _diagonal(blocks: np.ndarray) -> np.ndarray:
    """Blocks (N, w, w) as one matrix (N w, N w)."""
    count, w, _ = blocks.shape
    found = np.zeros((count, w, count, w), blocks.dtype)
    i = np.arange(count)
    found[i, :, i, :] = blocks
    return found.reshape(count * w, count * w)


def _perron(apply, size: int) -> tuple[float, np.ndarray]:
    """An upper bound of the largest eigenvalue of a matrix without negative entries.

    max (A x)_i / x_i for a positive x, which power iteration improves (Collatz 1942).
    """
    if not size:
        return 0.0, np.zeros(0)
    x, best = np.ones(size), np.inf
    for _ in range(60):
        y = apply(x)
        best = min(best, float(np.max(y / x)))
        x = y / max(float(np.max(y)), 1e-300) + 1e-3 * x
        x /= np.max(x)
    return best, x
