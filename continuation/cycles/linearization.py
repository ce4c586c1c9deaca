"""The linearized collocation equations of a cycle as a sparse matrix, for normal forms and branch
switching."""

from __future__ import annotations

import numpy as np
from scipy.sparse import bmat, coo_array, csc_array
from scipy.sparse.linalg import splu

from continuation.cycles.orbits import DEGREE, SLOPES, VALUES, WEIGHT, Orbit, Solver
from continuation.engine.field import jacobians, rates


class Linearization:
    """v' - T A(t) v on the nodes of a cycle, in scaled variables.

    Functions are given by their values at the nodes (N m + 1, n); right sides at the Gauss points
    (N m, n). ``weights`` (N m,) integrate over [0, 1].
    """

    def __init__(self, solver: Solver, orbit: Orbit) -> None:
        self.solver, self.orbit = solver, orbit
        self.model = solver.at(orbit)
        self.n, self.count = orbit.u.shape[1], orbit.intervals * DEGREE
        h = np.diff(orbit.mesh)
        self.weights = (h[:, None] * WEIGHT).ravel()
        scale = solver.scale
        self.states = self.at_gauss(orbit.u) * scale
        self.field = rates(self.model, self.states) / scale
        self.jacobians = jacobians(self.model, self.states) * (scale[None, :] / scale[:, None])
        self._rows, self._columns = self._pattern()

    def at_gauss(self, nodes: np.ndarray) -> np.ndarray:
        """Values (N m, n) at the Gauss points of a function on the nodes."""
        return np.einsum("ik,jks->jis", VALUES, _by_interval(nodes)).reshape(-1, self.n)

    def slopes_at_gauss(self, nodes: np.ndarray) -> np.ndarray:
        """Derivatives (N m, n) at the Gauss points of a function on the nodes."""
        slopes = np.einsum("ik,jks->jis", SLOPES, _by_interval(nodes))
        return (slopes / np.diff(self.orbit.mesh)[:, None, None]).reshape(-1, self.n)

    def integral(self, a: np.ndarray, b: np.ndarray) -> complex:
        """Integral over [0, 1] of conj(a) . b, both at the Gauss points."""
        return complex(np.sum(self.weights[:, None] * np.conj(a) * b))

    def functional(self, weighted: np.ndarray) -> np.ndarray:
        """Row (N m + 1, n) of the sum of ``weighted`` (N m, n) . v over the Gauss points."""
        blocks = weighted.reshape(self.orbit.intervals, DEGREE, self.n)
        row = np.zeros((self.count + 1, self.n), dtype=weighted.dtype)
        for k in range(DEGREE + 1):
            row[k : self.count + k : DEGREE] += np.einsum("i,jis->js", VALUES[:, k], blocks)
        return row

    def _pattern(self) -> tuple[np.ndarray, np.ndarray]:
        n, m = self.n, DEGREE
        j, i, k, s, c = np.meshgrid(
            np.arange(self.orbit.intervals), np.arange(m), np.arange(m + 1), np.arange(n),
            np.arange(n), indexing="ij",
        )  # fmt: skip
        return ((j * m + i) * n + s).ravel(), ((j * m + k) * n + c).ravel()

    def operator(self, shift: complex = 0.0, multiplier: complex = 1.0) -> csc_array:
        """Matrix of v' - T A v + shift v at the Gauss points and v(1) - multiplier v(0)."""
        h, intervals, n = np.diff(self.orbit.mesh), self.orbit.intervals, self.n
        a = self.jacobians.reshape(intervals, DEGREE, n, n)
        eye = np.eye(n)
        blocks = (SLOPES[None, :, :, None, None] / h[:, None, None, None, None]) * eye
        blocks = blocks - VALUES[None, :, :, None, None] * (
            self.orbit.period * a - shift * eye
        )[:, :, None]  # fmt: skip
        size, width = self.count * n, (self.count + 1) * n
        ends = np.arange(n)
        rows = np.concatenate([self._rows, size + ends, size + ends])
        columns = np.concatenate([self._columns, self.count * n + ends, ends])
        data = np.concatenate([blocks.ravel(), np.ones(n), -multiplier * np.ones(n)])
        some = data != 0  # delay lines know little of each other
        entries = (data[some], (rows[some], columns[some]))
        return csc_array(coo_array(entries, shape=(size + n, width)))

    def null_vectors(
        self, shift: complex = 0.0, multiplier: complex = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Right null function on the nodes and left one at the Gauss points.

        The left one is the adjoint function: the weights are divided out.
        """
        right, left = _null_pair(self.operator(shift, multiplier))
        inner = left[: self.count * self.n].reshape(-1, self.n) / self.weights[:, None]
        return right.reshape(-1, self.n), inner

    def fold_vectors(self) -> tuple[np.ndarray, float, np.ndarray]:
        """At a fold of cycles, v on the nodes and sigma with v' = T A v + sigma F, without a part
        along the cycle, and the adjoint at the Gauss points, orthogonal to F.

        Also where the period does not change at the fold: there sigma is 0.
        """
        right, left = _null_pair(self._fold_operator())
        inner = left[: self.count * self.n].reshape(-1, self.n) / self.weights[:, None]
        return right[:-1].reshape(-1, self.n), float(right[-1]), inner

    def fold_solve(
        self, right: np.ndarray, null: tuple[np.ndarray, float, np.ndarray]
    ) -> tuple[np.ndarray, float]:
        """Periodic h on the nodes and s with h' = T A h + s F + right, h without a part along the
        cycle; ``null`` as from ``fold_vectors``, to the first two of which (h, s) is orthogonal."""
        v, sigma, left = null
        column = np.concatenate([left.ravel(), np.zeros(self.n + 1)])
        bordered = _bordered(self._fold_operator(), column, np.append(v.ravel(), sigma))
        solution = bordered.solve(np.concatenate([right.ravel(), np.zeros(self.n + 2)]))
        return solution[:-2].reshape(-1, self.n), float(solution[-2])

    def _fold_operator(self) -> csc_array:
        """Matrix of v' - T A v - sigma F, v(1) - v(0) and the part of v along the cycle."""
        column = np.concatenate([-self.field.ravel(), np.zeros(self.n)])
        phase = self.functional(self.weights[:, None] * self.field).ravel()
        return csc_array(bmat([[self.operator(), column[:, None]], [phase[None, :], None]]))

    def solve(
        self,
        right: np.ndarray,
        shift: complex = 0.0,
        multiplier: complex = 1.0,
        null: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Periodic solution on the nodes of v' - T A v + shift v = right (at the Gauss points).

        Where the operator is singular, ``null`` = (right, left) null functions as from
        ``null_vectors``; the solution is then orthogonal to the right one over time.
        """
        matrix = self.operator(shift, multiplier)
        flat = np.concatenate([right.ravel(), np.zeros(self.n)])
        if null is None:
            return splu(matrix).solve(flat.astype(matrix.dtype)).reshape(-1, self.n)
        row = self.functional(self.at_gauss(null[0]).conj() * self.weights[:, None])
        column = np.concatenate([null[1].ravel(), np.zeros(self.n)])
        bordered = _bordered(matrix, column, row.ravel())
        solution = bordered.solve(np.append(flat, 0.0).astype(bordered.U.dtype))
        return solution[:-1].reshape(-1, self.n)


def _by_interval(nodes: np.ndarray) -> np.ndarray:
    """Values (N, m + 1, n) of a function on the nodes (N m + 1, n) of every interval."""
    return np.stack([nodes[k : k + DEGREE + 1] for k in range(0, len(nodes) - 1, DEGREE)])


def _null_pair(matrix: csc_array) -> tuple[np.ndarray, np.ndarray]:
    """Right and left null vector of a singular square matrix, by borders that come to be them."""
    size = matrix.shape[0]
    random = np.random.default_rng(0)
    column, row = random.standard_normal((2, size))
    for _ in range(3):
        bordered = _bordered(matrix, column, row)
        unit = np.zeros(size + 1)
        unit[-1] = 1.0
        right = bordered.solve(unit.astype(bordered.U.dtype))[:-1]
        left = bordered.solve(unit.astype(bordered.U.dtype), trans="H")[:-1]
        column, row = left / np.linalg.norm(left), right.conj() / np.linalg.norm(right)
    return right, left


def _bordered(matrix: csc_array, column: np.ndarray, row: np.ndarray):
    return splu(csc_array(bmat([[matrix, column[:, None]], [row[None, :], None]])))
