"""Periodic orbits on a collocation mesh: data, multipliers, mesh adaptation, extrema."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eig

from continuation.collocation import lagrange_at_gauss
from continuation.cycle_correction import branch_tangent, correct
from dynsys.vector_field import VectorField

DEGREE = 4
VALUES, SLOPES, WEIGHT = lagrange_at_gauss(DEGREE)
_NODES = np.arange(DEGREE + 1) / DEGREE


@dataclass(frozen=True)
class Orbit:
    """A periodic orbit: ``mesh`` (N + 1,) on [0, 1], ``u`` (N m + 1, n) scaled nodes, period,
    value of the free parameter."""

    mesh: np.ndarray
    u: np.ndarray
    period: float
    value: float

    @property
    def intervals(self) -> int:
        return len(self.mesh) - 1

    def node_times(self) -> np.ndarray:
        """Times (N m + 1,) of the nodes on [0, 1]."""
        h = np.diff(self.mesh)
        inside = self.mesh[:-1, None] + h[:, None] * _NODES[None, :-1]
        return np.append(inside.ravel(), 1.0)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Scaled states (k, n) at times on [0, 1]."""
        return interpolate(self.mesh, self.u, times)

    def derivative(self) -> np.ndarray:
        """u' (N m, n) at the Gauss points."""
        blocks = np.stack([self.u[k : k + DEGREE + 1] for k in range(0, len(self.u) - 1, DEGREE)])
        slopes = np.einsum("ik,jks->jis", SLOPES, blocks) / np.diff(self.mesh)[:, None, None]
        return np.ascontiguousarray(slopes.reshape(-1, self.u.shape[1]))


@dataclass(frozen=True)
class Direction:
    """A tangent: nodes (N m + 1, n), period and parameter (in scaled units of the branch)."""

    u: np.ndarray
    period: float
    value: float


def interpolate(mesh: np.ndarray, u: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Values (k, n) of the piecewise polynomials of degree m at times on [0, 1]."""
    j = np.clip(np.searchsorted(mesh, times, side="right") - 1, 0, len(mesh) - 2)
    local = (times - mesh[j]) / np.diff(mesh)[j]
    basis = np.ones((len(times), DEGREE + 1))
    for k in range(DEGREE + 1):
        for other in range(DEGREE + 1):
            if other != k:
                basis[:, k] *= (local - _NODES[other]) / (_NODES[k] - _NODES[other])
    blocks = u[j[:, None] * DEGREE + np.arange(DEGREE + 1)]
    return np.einsum("tk,tks->ts", basis, blocks)


def node_weights(mesh: np.ndarray) -> np.ndarray:
    """Weights (N m + 1,) with which a sum over nodes approximates the integral over time."""
    h = np.diff(mesh) / DEGREE
    weights = np.zeros(len(h) * DEGREE + 1)
    for k in range(DEGREE):
        weights[k : len(h) * DEGREE : DEGREE] += h / 2
        weights[k + 1 : len(h) * DEGREE + 1 : DEGREE] += h / 2
    return weights


class Solver:
    """Corrects orbits of one model in one free parameter, in scaled variables."""

    def __init__(self, model: VectorField, parameter: str, span: tuple[float, float]) -> None:
        self.model, self.parameter, self.span = model, parameter, span
        self.free = model.parameter_index(parameter)
        self.half = (span[1] - span[0]) / 2
        self.scale = model.scales
        self._p = model.parameter_array()

    def _arguments(self) -> tuple:
        c = self.model.compiled
        return (c.field, c.jacobian, c.tangent, c.tables, self._p, self.free, self.scale)

    def correct(
        self,
        guess: Orbit,
        reference: np.ndarray,
        row: np.ndarray,
        tail: np.ndarray,
        level: float,
        tolerance: float = 1e-9,
        most: int = 10,
    ) -> tuple[Orbit, int] | None:
        """Newton on the orbit with row . u + tail . (period, value) = level; None on failure."""
        u, unknown = guess.u.copy(), np.array([guess.period, guess.value])
        n, count = u.shape[1], guess.intervals
        stages, speeds = np.empty((2, count, DEGREE, n))
        done = correct(  # type: ignore[call-arg]
            *self._arguments(), u, unknown, guess.mesh, VALUES, SLOPES, WEIGHT, reference,
            np.ascontiguousarray(row), tail, level, tolerance, most, np.empty((n, 2 * n)),
            stages, speeds,
        )  # fmt: skip
        if done < 0:
            return None
        return Orbit(guess.mesh, u, float(unknown[0]), float(unknown[1])), done

    def at_value(self, guess: Orbit, value: float, tolerance: float = 1e-10) -> Orbit | None:
        """The orbit at a fixed parameter value, from a guess nearby."""
        tail = np.array([0.0, 1.0 / self.half])
        found = self.correct(
            guess,
            guess.derivative(),
            np.zeros_like(guess.u),
            tail,
            value / self.half,
            tolerance,
            25,
        )
        return None if found is None else found[0]

    def tangent(self, orbit: Orbit, along: Direction) -> tuple[Direction, np.ndarray, np.ndarray]:
        """Unit tangent, the condensed pair [W S] and the local maps at an orbit."""
        n, count = orbit.u.shape[1], orbit.intervals
        row, tail = self.row(orbit, along)
        stages, speeds = np.empty((2, count, DEGREE, n))
        pair, delta, extra = np.empty((n, 2 * n)), np.empty_like(orbit.u), np.empty(2)
        inner = np.empty((count, DEGREE * n, n + 3))
        branch_tangent(  # type: ignore[call-arg]
            *self._arguments(), orbit.u, np.array([orbit.period, orbit.value]), orbit.mesh,
            VALUES, SLOPES, WEIGHT, orbit.derivative(), row, tail, pair, delta, extra, stages,
            speeds, inner,
        )  # fmt: skip
        direction = Direction(delta, float(extra[0]), float(extra[1]))
        length = np.sqrt(self.product(orbit, direction, direction))
        unit = Direction(delta / length, float(extra[0]) / length, float(extra[1]) / length)
        return unit, pair, inner

    def row(self, orbit: Orbit, along: Direction) -> tuple[np.ndarray, np.ndarray]:
        """The linear form <along, .> of the scaled inner product, as (nodes, period and value)."""
        weights = node_weights(orbit.mesh)[:, None]
        tail = np.array([along.period / orbit.period**2, along.value / self.half**2])
        return np.ascontiguousarray(weights * along.u), tail

    def product(self, orbit: Orbit, a: Direction, b: Direction) -> float:
        """Scaled inner product: integral over time, relative period, parameter in half spans."""
        row, tail = self.row(orbit, a)
        return float(np.sum(row * b.u) + tail @ [b.period, b.value])

    def states(self, orbit: Orbit, times: np.ndarray | None = None) -> np.ndarray:
        """States (k, n) in the model's units at times on [0, 1] (the nodes by default)."""
        u = orbit.u if times is None else orbit.at(times)
        return u * self.scale


def multipliers(pair: np.ndarray) -> np.ndarray:
    """Floquet multipliers (n,), largest first, of the pencil -W v = mu S v by QZ."""
    n = len(pair)
    found = eig(-pair[:, :n], pair[:, n:], right=False)
    return found[np.argsort(-np.abs(found))]


def without_trivial(found: np.ndarray) -> tuple[np.ndarray, float]:
    """Multipliers but the one nearest to 1, and that one's distance to 1."""
    trivial = int(np.argmin(np.abs(found - 1)))
    return np.delete(found, trivial), float(abs(found[trivial] - 1))


def adapted_mesh(orbit: Orbit, intervals: int | None = None) -> np.ndarray:
    """Mesh that equidistributes the m + 1st derivative (de Boor 1973; AUTO's monitor)."""
    count = intervals or orbit.intervals
    h = np.diff(orbit.mesh)
    blocks = np.stack([orbit.u[k : k + DEGREE + 1] for k in range(0, len(orbit.u) - 1, DEGREE)])
    difference = np.array([1.0])
    for _ in range(DEGREE):
        difference = np.convolve(difference, [1.0, -1.0])
    highest = np.einsum("k,jks->js", difference[::-1], blocks) * (DEGREE / h[:, None]) ** DEGREE
    jump = np.abs(highest - np.roll(highest, 1, axis=0)) * 2 / (h + np.roll(h, 1))[:, None]
    local = np.sum((0.5 * (jump + np.roll(jump, -1, axis=0))) ** (1 / (DEGREE + 1)), axis=1)
    local = np.maximum(local, 0.1 * np.sum(local * h))  # quiet stretches keep points
    total = np.concatenate([[0.0], np.cumsum(local * h)])
    mesh = np.interp(np.linspace(0, total[-1], count + 1), total, orbit.mesh)
    mesh[0], mesh[-1] = 0.0, 1.0
    return mesh


def remeshed(orbit: Orbit, mesh: np.ndarray) -> Orbit:
    """The orbit on another mesh."""
    moved = replace(orbit, mesh=mesh, u=np.empty((0, 0)))
    u = orbit.at(moved_times(mesh))
    u[-1] = u[0]
    return replace(moved, u=np.ascontiguousarray(u))


def moved_times(mesh: np.ndarray) -> np.ndarray:
    """Node times of a mesh."""
    h = np.diff(mesh)
    return np.append((mesh[:-1, None] + h[:, None] * _NODES[None, :-1]).ravel(), 1.0)


def sample_times(mesh: np.ndarray, per_interval: int) -> np.ndarray:
    """Times on [0, 1], equally many in every mesh interval: dense where the orbit is steep."""
    fractions = np.arange(per_interval) / per_interval
    return (mesh[:-1, None] + np.diff(mesh)[:, None] * fractions).ravel()
