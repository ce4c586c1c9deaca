"""Cycles between two neighbors of a branch, across the chord that connects them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from continuation.cycles.orbits import Direction, Orbit, Point, Solver, moved, remeshed

LONGEST = 0.04  # in half spans: chords of curves drawn in a plane
NODES, APART = 4, 1e-4  # cycles through which others are guessed, and how near they may be


class Chord:
    """The line between two neighboring cycles, on the mesh of the later one.

    ``like`` is a chord between the same cycles on another mesh, whose cycles are guesses for these.
    """

    def __init__(
        self, solver: Solver, left: Point, right: Point, like: Chord | None = None
    ) -> None:
        self.solver, self.left, self.right = solver, left, right
        mesh = right.orbit.mesh
        start = remeshed(left.orbit, mesh)
        step = Direction(right.orbit.u - start.u, right.orbit.z - start.z)
        length = np.sqrt(max(solver.product(right.orbit, step, step), 1e-300))
        self.start, self.step = start, step
        self.unit = Direction(np.ascontiguousarray(step.u / length), step.z / length)
        self._known = {0.0: start, 1.0: right.orbit}
        self.beside: list[tuple[float, Point]] = []
        self._guesses: dict[float, Orbit] = {}
        if like is not None:
            inner = [(f, orbit) for f, orbit in like._known.items() if 0.0 < f < 1.0]
            self._guesses = {f: remeshed(orbit, mesh) for f, orbit in inner[-NODES:]}

    def look_beside(self, points: Sequence[Point]) -> None:
        """Keep what neighbors of the ends tell: as many multipliers are outside at each as at the
        end next to it. ``beside`` are their places, below 0 and beyond 1."""
        length = self.solver.product(self.start, self.unit, self.step)
        for point in points:
            there = remeshed(point.orbit, self.start.mesh)
            way = Direction(there.u - self.start.u, there.z - self.start.z)
            place = self.solver.product(self.start, self.unit, way) / length
            end = self.left if place < 0.0 else self.right
            if not 0.0 <= place <= 1.0 and point.outside == end.outside:
                self.beside.append((place, point))

    @cached_property
    def tangents(self) -> tuple[Direction, Direction]:
        """The branch's directions at both ends, per unit of the fraction."""
        ends = [
            Direction(moved(p.direction.u, p.orbit.mesh, self.start.mesh), p.direction.z)
            for p in (self.left, self.right)
        ]
        square = self.solver.product(self.start, self.step, self.step)
        parts = [self.solver.product(self.start, self.step, end) for end in ends]
        factors = [square / part if part > 0.3 * np.sqrt(square) else 0.0 for part in parts]
        first, last = (
            Direction(f * end.u, f * end.z) if f > 0.0 else self.step
            for f, end in zip(factors, ends, strict=True)
        )
        return first, last

    def cubic(self, fraction: float) -> Orbit:
        """The orbit on the cubic curve through both ends with the branch's directions there."""
        first, last = self.tangents
        left, right = fraction * (1 - fraction) ** 2, fraction**2 * (fraction - 1)
        along = left + right
        parts = (fraction - along, left, right)  # of the step, of the ends' directions
        u = self.start.u + sum(
            a * d.u for a, d in zip(parts, (self.step, first, last), strict=True)
        )
        z = self.start.z + sum(
            a * d.z for a, d in zip(parts, (self.step, first, last), strict=True)
        )
        return Orbit(self.start.mesh, u, z)

    def guess(self, fraction: float) -> Orbit:
        """The orbit by a polynomial through the nearest cycles known, not corrected."""
        if len(self._known) == 2 and not self._guesses:
            return self.cubic(fraction)
        known, nodes = {**self._guesses, **self._known}, list[float]()
        for f in sorted(known, key=lambda f: abs(f - fraction)):
            apart = max(APART, 0.5 * abs(f - fraction))  # what is far from many near each other
            if len(nodes) < NODES and all(abs(f - other) > apart for other in nodes):
                nodes.append(f)
        basis, orbits = lagrange(np.array(nodes), fraction), [known[f] for f in nodes]
        u = np.einsum("k,kts->ts", basis, [o.u for o in orbits])
        return Orbit(self.start.mesh, u, basis @ np.array([o.z for o in orbits]))

    def at(self, fraction: float, tolerance: float = 1e-10) -> Point:
        """The cycle in the plane across the chord; ArithmeticError where Newton fails."""
        if fraction in (0.0, 1.0):
            return self.right if fraction else self.left
        found = self.solver.along(self.guess(fraction), self.unit, tolerance)
        if found is None:
            raise ArithmeticError
        self._known[fraction] = found.orbit
        self._guesses = {f: o for f, o in self._guesses.items() if abs(f - fraction) > APART}
        return found


def lagrange(nodes: np.ndarray, at: float) -> np.ndarray:
    """Values (k,) at a place of the polynomials that are 1 at one node and 0 at the others."""
    apart = nodes[:, None] - nodes[None, :] + np.eye(len(nodes))
    offset = np.where(np.eye(len(nodes), dtype=bool), 1.0, at - nodes[None, :])
    return np.prod(offset / apart, axis=1)


def densified(solver: Solver, points: list[Point]) -> list[Point]:
    """Points added where two neighbors lie far apart in the plane of the parameters."""
    result = [points[0]]
    for after in points[1:]:
        before = result[-1]
        apart = (after.orbit.z[1:3] - before.orbit.z[1:3]) / solver.half[1:3]
        pieces = int(np.ceil(np.linalg.norm(apart) / LONGEST))
        component = 1 + int(np.argmax(np.abs(apart)))
        start = remeshed(before.orbit, after.orbit.mesh)
        for part in np.arange(1, pieces) / pieces:
            guess = Orbit(
                start.mesh, start.u + part * (after.orbit.u - start.u),
                start.z + part * (after.orbit.z - start.z),
            )  # fmt: skip
            between = solver.point_at(guess, float(guess.z[component]), component, 1e-7)
            if between is not None:
                result.append(replace(between, pair=None, local=None))
        result.append(after)
    return result
