"""The last cycles of a branch that shrinks to an equilibrium, down to the size at which others
begin beside a Hopf point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from continuation.cycles.meshes import node_weights
from continuation.cycles.orbits import DEGREE, Orbit, Point, Solver

SMALLEST = 1e-3  # distance of the first cycle from an equilibrium, in the norm of steps
_SMALL = 2.0  # times as far, at which a cycle is the last
_PART = 0.75  # of the way to the equilibrium in one step, at most
_LEAST = 0.05  # of its size, that one step leaves
_STEPS, _HALVINGS = 16, 5  # of them, and how often one is halved


def shrunk(solver: Solver, point: Point) -> list[Point] | None:
    """The cycles from a point to the last one, each smaller than the one before; None where they do
    not get small."""
    found: list[Point] = []
    for _ in range(_STEPS):
        if _size(*_swing(point.orbit)) <= _SMALL * SMALLEST:
            return found
        smaller = _smaller(solver, point)
        if smaller is None:
            return None
        found.append(smaller)
        point = smaller
    return None


def _smaller(solver: Solver, point: Point) -> Point | None:
    """The next cycle along the point's direction; the size of small ones falls evenly along it."""
    orbit, along = point.orbit, point.direction
    weights, swing = _swing(orbit)
    here = _size(weights, swing)
    rate = -float(weights @ np.sum(swing * along.u, axis=1)) / here
    if rate <= 0.0:
        return None
    step = min((here - SMALLEST) / rate, _PART * here / rate)
    for _ in range(_HALVINGS):
        guess = Orbit(orbit.mesh, orbit.u + step * along.u, orbit.z + step * along.z)
        found = solver.along(guess, along) if guess.period > 0.0 else None
        if found is not None:
            there = _swing(found.orbit)[1]
            turned = float(weights @ np.sum(swing * there, axis=1)) < 0.0
            if not turned and _LEAST * here < _size(weights, there) < here:
                return replace(found, pair=None, local=None)
        step *= 0.5
    return None


def _swing(orbit: Orbit) -> tuple[np.ndarray, np.ndarray]:
    """Weights (N m + 1,) of the nodes, and their distances (N m + 1, n) from the mean."""
    weights = np.empty(len(orbit.u))
    node_weights(orbit.mesh, DEGREE, weights)
    return weights, orbit.u - weights @ orbit.u


def _size(weights: np.ndarray, swing: np.ndarray) -> float:
    """Root mean square distance from the mean, in scaled units."""
    return float(np.sqrt(weights @ np.sum(swing**2, axis=1)))
