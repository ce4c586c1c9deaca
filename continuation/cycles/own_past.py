"""Multipliers of delayed cycles on their own past: how far those of delay lines are off.

A cycle is collocated again, with delayed signals that are its own one delay earlier, by piecewise
polynomials of higher degree. Of its linearization solutions exp(lambda t) p(t) are sought, p of the
same period, from the lines' lambda on by inverse iteration (Ruhe 1973, SIAM J Numer Anal 10:674):
no line takes part in what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from continuation.cycles.delay_errors import signals_along
from continuation.cycles.orbits import (
    Direction,
    Orbit,
    Solver,
    adapted_mesh,
    interpolate,
    lagrange_at_gauss,
)
from dynsys.delays import differentiation_matrix

_DEGREE = 8
_VALUES, _SLOPES, _ = lagrange_at_gauss(_DEGREE)
_NODES = np.arange(_DEGREE + 1) / _DEGREE
_MOST = 4000  # unknowns; with more of them the mesh is coarser, which counts as an error
_NEWTON, _SMALL = 12, 1e-10  # its steps, and the last of them
_FALLS = 0.03  # of the step before, that one with the same factors is to be
_FACTORS, _TWICE, _ITERATIONS, _STILL = 8, 2, 5, 1e-10  # of a search for a lambda
_TWIN, _STILL_DOUBLE = 1e-3, 1e-5  # near 0 it is double, as at a fold, and rounding parts the two
_DIFFERENCE = 1e-6  # relative step for slopes along period and parameter
_SAME = 0.05  # relative change of the period beyond which it is another cycle
_LEAST, _SMALL_ONE = 2, 1e-8  # multipliers asked for wherever they are larger than this,
_COUNT, _NOTABLE = 6, 1e-4  # and where they are larger than this


def multipliers_on_own_past(
    solver: Solver, orbit: Orbit, guesses: np.ndarray, across: Direction | None = None
) -> np.ndarray:
    """Complex multipliers (k,) of a delayed cycle next to the guesses (k,), largest first; NaN for
    those that are not found or too small to be asked for, for all where the cycle is not found.

    ``across`` is the direction of its branch, where its parameter may turn.
    """
    found = np.full(len(guesses), np.nan, dtype=complex)
    equations = _Equations(solver, orbit)
    cycle = equations.solved(orbit, across)
    if cycle is None:
        return found
    linearized = equations.linearized(cycle)
    for k in range(min(_COUNT, len(guesses))):
        smallest = _SMALL_ONE if k < _LEAST else _NOTABLE
        if not smallest < abs(guesses[k]) < np.inf:
            break
        if k and guesses[k].imag and guesses[k] == np.conj(guesses[k - 1]):
            found[k] = np.conj(found[k - 1])
        else:
            found[k] = np.exp(linearized.exponent(complex(np.log(complex(guesses[k])))))
    return found


@dataclass(frozen=True)
class _Linearized:
    """(here + lambda there + sum of exp(-lambda part) past) v = 0 for solutions exp(lambda t) v(t),
    t in periods, with one matrix of the ``past`` for every signal, by a part of the period."""

    here: sparse.csr_matrix
    there: sparse.csr_matrix
    past: list[sparse.csr_matrix]
    parts: np.ndarray

    def exponent(self, guess: complex) -> complex:
        """The lambda next to a guess, by residual inverse iteration; NaN where none is found."""
        still = _STILL * (1.0 + abs(guess)) if abs(guess) > _TWIN else _STILL_DOUBLE
        value, v = guess, np.random.default_rng(0).standard_normal(self.here.shape[0]) + 0j
        for _ in range(_FACTORS):
            try:
                factors = splu(self.at(value))
            except RuntimeError:  # exactly singular
                return value
            for _ in range(_TWICE):
                v = factors.solve(self._slope(value) @ v)
                v /= np.linalg.norm(v)
            for _ in range(_ITERATIONS):
                rest, moved = (factors.solve(m @ v) for m in (self.at(value), self._slope(value)))
                move = complex(np.vdot(v, rest) / np.vdot(v, moved))
                value, v = value - move, v - (rest - move * moved)
                v /= np.linalg.norm(v)
                if not np.isfinite(value):
                    return complex(np.nan)
                if abs(move) < still:
                    return value
        return complex(np.nan)

    def at(self, value: complex) -> sparse.csc_matrix:
        """The matrix of one lambda."""
        total = self.here + value * self.there
        for part, past in zip(self.parts, self.past, strict=True):
            total = total + np.exp(-value * part) * past
        return sparse.csc_matrix(total)

    def _slope(self, value: complex) -> sparse.csr_matrix:
        total = 1.0 * self.there
        for part, past in zip(self.parts, self.past, strict=True):
            total = total - part * np.exp(-value * part) * past
        return total


class _Equations:
    """Collocation of delayed cycles on the mesh of one. Unknowns are the scaled physical states and
    the signals at all nodes but the last one, one after the other, then period and parameter."""

    def __init__(self, solver: Solver, orbit: Orbit) -> None:
        model = solver.model
        self.solver, self.compiled, self.order = solver, model.compiled, model.delay_order
        self.physical, self.count = model.physical_dimension, len(model.lines)
        self.scale = model.scales[: self.physical]
        self.firsts = self.physical + model.delay_order * np.arange(self.count)
        self.ends = self.firsts + model.delay_order - 1
        most = max(_MOST // (_DEGREE * (self.physical + self.count)), 8)
        self.mesh = adapted_mesh(orbit, min(orbit.intervals, most))
        width, begins = np.diff(self.mesh)[:, None], self.mesh[:-1, None]
        self.times = (begins + width * _NODES[None, :-1]).ravel()
        self.gauss = (begins + width * (_VALUES @ _NODES)[None, :]).ravel()
        self.values = self._matrix(*self._basis(self.gauss))
        slopes = (_SLOPES[None] / width[:, :, None]).reshape(-1, _DEGREE + 1)
        self.slopes = self._matrix(self._basis(self.gauss)[0], slopes)

    def solved(self, orbit: Orbit, across: Direction | None) -> np.ndarray | None:
        """The unknowns of a cycle, by Newton from that of delay lines; None where it fails."""
        states = interpolate(orbit.mesh, orbit.u, self.times)[:, : self.physical]
        signals = np.ascontiguousarray(signals_along(self.solver, orbit)[0])
        signals = interpolate(orbit.mesh, signals, self.times)
        first = np.concatenate([states.T.ravel(), signals.T.ravel(), orbit.z[:2]])
        unknowns, rows = first, self._conditions(orbit, states, across)
        factors, before = None, np.inf
        for _ in range(_NEWTON):
            residual = self._residual(unknowns)
            if factors is None:
                try:
                    factors = splu(self._matrix_of_newton(unknowns, residual, rows))
                except RuntimeError:  # exactly singular
                    return None
            change = factors.solve(np.concatenate([residual, rows @ (unknowns - first)]))
            unknowns, step = unknowns - change, float(np.max(np.abs(change[: states.size])))
            if not abs(unknowns[-2] / orbit.period - 1.0) < _SAME:
                return None
            if step < _SMALL:
                return unknowns
            if step > _FALLS * before:
                factors = None
            before = step
        return None

    def _matrix_of_newton(
        self, unknowns: np.ndarray, residual: np.ndarray, rows: np.ndarray
    ) -> sparse.csc_matrix:
        beside = []
        for k, size in ((-2, unknowns[-2]), (-1, self.solver.half[1])):
            moved = unknowns.copy()
            moved[k] += _DIFFERENCE * size
            beside.append((self._residual(moved) - residual) / (_DIFFERENCE * size))
        matrix = sparse.bmat([
            [self.linearized(unknowns).at(0.0), np.array(beside).T], [rows[:, :-2], rows[:, -2:]],
        ])  # fmt: skip
        return sparse.csc_matrix(matrix.real)

    def linearized(self, unknowns: np.ndarray) -> _Linearized:
        """The linearization about a cycle."""
        physical, period = self.physical, unknowns[-2]
        delays = self._delays(unknowns)
        parts = delays / period
        rates = self._gradients(unknowns, self.gauss, delays)[0]
        signals = self._gradients(unknowns, self.times, delays)[1]
        here: dict[tuple[int, int], sparse.csr_matrix] = {}
        past: list[dict[tuple[int, int], sparse.csr_matrix]] = [{} for _ in delays]
        for s in range(physical):
            for c in range(physical):
                here[s, c] = -period * sparse.diags(rates[:, s, c]) @ self.values
            here[s, s] = here[s, s] + self.slopes
        for q in range(self.count):
            here[physical + q, physical + q] = sparse.eye(len(self.times))
            for c in range(physical):
                here[physical + q, c] = -sparse.diags(signals[:, q, c])
        for k, part in enumerate(parts):
            column, gauss = physical + k, self._matrix(*self._basis(self.gauss - part))
            for s in range(physical):
                past[k][s, column] = -period * sparse.diags(rates[:, s, column]) @ gauss
            nodes = self._matrix(*self._basis(self.times - part))
            for q in range(self.count):
                past[k][physical + q, column] = -sparse.diags(signals[:, q, column]) @ nodes
        there = {(s, s): self.values for s in range(physical)}
        return _Linearized(
            self._joined(here), self._joined(there), list(map(self._joined, past)), parts
        )

    def _residual(self, unknowns: np.ndarray) -> np.ndarray:
        """Those of the rates at the Gauss points, and of the signals at the nodes."""
        p, period, delays = self._p(unknowns), unknowns[-2], self._delays(unknowns)
        w, s = self._parted(unknowns)
        rates, signals = np.empty(self.compiled.n), np.empty(2 * self.count)
        off, wrong = self.slopes @ w, s.copy()
        for j, x in enumerate(self._states(unknowns, self.gauss, delays)):
            self.compiled.field(x, p, self.compiled.tables, rates)
            off[j] -= period * rates[: self.physical] / self.scale
        for j, x in enumerate(self._states(unknowns, self.times, delays)):
            self.compiled.signals(x, p, self.compiled.tables, signals)
            wrong[j] -= signals[: self.count]
        return np.concatenate([off.T.ravel(), wrong.T.ravel()])

    def _conditions(self, orbit: Orbit, states: np.ndarray, across: Direction | None) -> np.ndarray:
        """Two rows (2, k): of the phase, and of the parameter or the branch's direction."""
        half, size = self.solver.half[1], states.size
        rows = np.zeros((2, (self.physical + self.count) * len(states) + 2))
        rows[0, :size] = (self.values.T @ (self.slopes @ states)).T.ravel() / len(states)
        rows[1, -1] = 1.0 / half
        if across is not None:
            along = interpolate(orbit.mesh, np.ascontiguousarray(across.u), self.times)
            rows[1, :size] = along[:, : self.physical].T.ravel() / len(states)
            rows[1, -2:] = across.z[:2] / np.array([orbit.period, half]) ** 2
        return rows

    def _gradients(
        self, unknowns: np.ndarray, times: np.ndarray, delays: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the scaled rates (k, P, P + S) and of the signals (k, S, P + S) along the
        scaled states and the delayed signals, at times; the latter from the first node of every
        line, which they move."""
        p, n, line = self._p(unknowns), self.compiled.n, differentiation_matrix(self.order)
        jacobians = np.empty((len(times), n, n))
        for x, out in zip(self._states(unknowns, times, delays), jacobians, strict=True):
            self.compiled.jacobian(x, p, self.compiled.tables, out)
        columns = np.append(np.arange(self.physical), self.ends)
        scale = np.append(self.scale, np.ones(self.count))
        chosen = jacobians[:, :, columns] * scale
        signals = chosen[:, self.firsts] * delays[:, None]
        for k in range(self.count):
            signals[:, k, self.physical + k] -= line[1, -1]
        return chosen[:, : self.physical] / self.scale[:, None], signals / line[1, 0]

    def _states(self, unknowns: np.ndarray, times: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """States (k, n) at times, of the lines only the ends, which carry the delayed signals."""
        w, s = self._parted(unknowns)
        out = np.zeros((len(times), self.compiled.n))
        out[:, : self.physical] = self._matrix(*self._basis(times)) @ w * self.scale
        for k, part in enumerate(delays / unknowns[-2]):
            out[:, self.ends[k]] = self._matrix(*self._basis(times - part)) @ s[:, k]
        return out

    def _parted(self, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States (k, P) and signals (k, S) at the nodes."""
        both = unknowns[:-2].reshape(-1, len(self.times)).T
        return both[:, : self.physical], both[:, self.physical :]

    def _p(self, unknowns: np.ndarray) -> np.ndarray:
        p = self.solver.model.parameter_array()
        p[self.solver.free[0]] = unknowns[-1]
        return p

    def _delays(self, unknowns: np.ndarray) -> np.ndarray:
        """The delay (S,) of every signal."""
        out = np.empty(2 * self.count)
        x = np.zeros(self.compiled.n)
        self.compiled.signals(x, self._p(unknowns), self.compiled.tables, out)
        return out[self.count :].copy()

    def _basis(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The intervals (k,) of times in periods, and the values (k, 9) there of the polynomials
        that belong to their nodes."""
        times = times % 1.0
        j = np.clip(np.searchsorted(self.mesh, times, side="right") - 1, 0, len(self.mesh) - 2)
        local = (times - self.mesh[j]) / np.diff(self.mesh)[j]
        basis = np.ones((len(times), _DEGREE + 1))
        for k, node in enumerate(_NODES):
            for other in np.delete(_NODES, k):
                basis[:, k] *= (local - other) / (node - other)
        return j, basis

    def _matrix(self, intervals: np.ndarray, basis: np.ndarray) -> sparse.csr_matrix:
        """What takes the numbers at the nodes to those that the polynomials make of them."""
        size = len(self.times)
        columns = (intervals[:, None] * _DEGREE + np.arange(_DEGREE + 1)) % size
        rows = np.repeat(np.arange(len(intervals)), _DEGREE + 1)
        return sparse.csr_matrix((basis.ravel(), (rows, columns.ravel())), (len(intervals), size))

    def _joined(self, blocks: dict[tuple[int, int], sparse.csr_matrix]) -> sparse.csr_matrix:
        """One matrix of its blocks."""
        total, size = self.physical + self.count, len(self.times)
        empty = sparse.csr_matrix((size, size))
        rows = [
            [blocks.get((i, k), empty if i == k else None) for k in range(total)]
            for i in range(total)
        ]
        return sparse.csr_matrix(sparse.bmat(rows))
