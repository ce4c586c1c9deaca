"""Codimension-two points on curves of bifurcating cycles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from continuation.cycles.conditions import DOUBLING, FOLD, TORUS
from continuation.cycles.doubling import doubling_test
from continuation.cycles.location import Chord, locate
from continuation.cycles.orbits import Point, Solver
from continuation.cycles.torus import torus_test

Test = Callable[[Point], float]


def codimension_two(
    solver: Solver, points: Sequence[Point], labels: tuple[str, ...] | None = None
) -> Iterator[tuple[int, str, Point]]:
    """(index of the point before, label, corrected cycle) along a curve, in order; only of some
    ``labels`` where given."""
    if labels == ():
        return
    if solver.kind == FOLD and (labels is None or "CPC" in labels):
        yield from _cusps(solver, points)
    for label, test in _tests(solver).items():
        if labels is None or label in labels:
            values = [test(p) for p in points]
            yield from _passed(solver, points, label, test, values)


def _passed(
    solver: Solver, points: Sequence[Point], label: str, test: Test, values: Sequence[float]
) -> Iterator[tuple[int, str, Point]]:
    """Where a test changes its sign along a curve."""
    for k, (first, second) in enumerate(itertools.pairwise(values)):
        before, after = points[k], points[k + 1]
        if not first * second < 0 or max(before.trivial_error, after.trivial_error) > 1e-2:
            continue
        found = locate(Chord(solver, before, after), test)
        if found is not None and abs(found.value) < min(abs(first), abs(second)):
            yield k, label, found.point


def _cusps(solver: Solver, points: Sequence[Point]) -> Iterator[tuple[int, str, Point]]:
    """Where a fold curve turns back in both parameters, which stand still there."""
    half = solver.half[1:3]
    for k, (before, after) in enumerate(itertools.pairwise(points)):
        along = before.direction.z[1:3] / half

        def turned(point: Point, along: np.ndarray = along) -> float:
            return float(point.direction.z[1:3] / half @ along)

        if turned(after) < 0 and max(before.trivial_error, after.trivial_error) <= 1e-2:
            found = locate(Chord(solver, before, after), turned)
            if found is not None:
                if np.linalg.norm(found.point.direction.z[1:3] / half) < 1e-3:
                    yield k, "CPC", found.point


def _tests(solver: Solver) -> dict[str, Test]:
    """Functions that change sign at a codimension-two point, and have no poles."""
    plus: Test = lambda p: product_test(other(solver, p), 1.0)  # noqa: E731
    minus: Test = lambda p: product_test(other(solver, p), -1.0)  # noqa: E731
    if solver.kind == FOLD:
        return {"R1": plus, "LPPD": minus, "LPNS": lambda p: _pairs(solver, p)}
    if solver.kind == DOUBLING:
        return {
            "GPD": lambda p: doubling_test(solver, p.orbit) * minus(p), "LPPD": plus, "R2": minus,
            "PDNS": lambda p: _pairs(solver, p),
        }  # fmt: skip
    if solver.kind == TORUS:
        return {
            "CH": lambda p: torus_test(solver, p.orbit) * plus(p),
            "R3": lambda p: float(p.orbit.z[3]) - 2 * np.pi / 3,
            "R4": lambda p: float(p.orbit.z[3]) - np.pi / 2,
            "LPNS": plus, "PDNS": minus, "NSNS": lambda p: _pairs(solver, p),
        }  # fmt: skip
    return {}


def product_test(found: np.ndarray, target: float) -> float:
    """Changes sign where one of the multipliers passes ``target`` = 1 or -1 on the real axis."""
    return float(np.prod((found - target) / (1 + np.abs(found))).real)


def other(solver: Solver, point: Point) -> np.ndarray:
    """The multipliers that are not the curve's own critical ones, nor the trivial one."""
    if solver.kind == FOLD:
        return point.floquet.without_nearest(1.0, 1.0).bounded
    if solver.kind == DOUBLING:
        return point.floquet.without_nearest(1.0, -1.0).bounded
    turn = np.exp(1j * point.orbit.z[3])
    return point.floquet.without_nearest(1.0, turn, turn.conjugate()).bounded


def _pairs(solver: Solver, point: Point) -> float:
    rest = other(solver, point)
    if len(rest) < 2 or not np.any(np.abs(rest.imag) > 1e-9):
        return 1.0
    sizes = np.abs(rest[np.abs(rest.imag) > 1e-9])
    return float(np.prod((sizes[::2] - 1) / (1 + sizes[::2])))
