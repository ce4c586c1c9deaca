"""Codimension-two points on curves of bifurcating cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.optimize import brentq

from continuation.cycles.conditions import DOUBLING, FOLD, TORUS
from continuation.cycles.normal_forms import doubling_coefficient
from continuation.cycles.orbits import Orbit, Point, Solver
from continuation.cycles.tracing import step_from

Test = Callable[[Point], float]


def codimension_two(
    solver: Solver, points: Sequence[Point], labels: tuple[str, ...] | None = None
) -> Iterator[tuple[int, str, Point]]:
    """(index of the point before, label, corrected cycle) along a curve, in order; only of some
    ``labels`` where given."""
    if labels == ():
        return
    for label, test in _tests(solver).items():
        if labels is None or label in labels:
            values = [test(p) for p in points]
            yield from _passed(solver, points, label, test, values)


def _passed(
    solver: Solver, points: Sequence[Point], label: str, test: Test, values: Sequence[float]
) -> Iterator[tuple[int, str, Point]]:
    """Where a test changes its sign along a curve."""
    for k, (first, second) in enumerate(zip(values[:-1], values[1:], strict=True)):
        before, after = points[k], points[k + 1]
        if not first * second < 0 or max(before.trivial_error, after.trivial_error) > 1e-2:
            continue
        found = locate(Chord(solver, before, after), test)
        if found is not None and abs(found.value) < min(abs(first), abs(second)):
            yield k, label, found.point


def _tests(solver: Solver, before: Point) -> dict[str, Test]:
    """Functions that change sign at a codimension-two point."""
    plus: Test = lambda p: product_test(other(solver, p), 1.0)  # noqa: E731
    minus: Test = lambda p: product_test(other(solver, p), -1.0)  # noqa: E731
    if solver.kind == FOLD:
        half = solver.half[1:3]
        along = before.direction.z[1:3] / half
        return {
            "CPC": lambda p: float(p.direction.z[1:3] / half @ along), "R1": plus, "LPPD": minus,
            "LPNS": lambda p: _pairs(solver, p),
        }  # fmt: skip
    if solver.kind == DOUBLING:
        return {
            "GPD": lambda p: _doubling(solver, p.orbit), "LPPD": plus, "R2": minus,
            "PDNS": lambda p: _pairs(solver, p),
        }  # fmt: skip
    if solver.kind == TORUS:
        return {
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


def _doubling(solver: Solver, orbit: Orbit) -> float:
    plain = Solver(solver.at(orbit), {solver.names[0]: solver.spans[solver.names[0]]})
    return doubling_coefficient(plain, Orbit(orbit.mesh, orbit.u, orbit.z[:2].copy()))


def _accepted(label, solver, point, first, second, test) -> bool:
    """A pole changes sign as well as a zero; at a cusp both parameters stand still."""
    if label == "CPC":
        speed = np.linalg.norm(point.direction.z[1:3] / solver.half[1:3])
        return bool(speed < 1e-3)
    return abs(test(point)) < min(abs(first), abs(second))


def _locate(solver: Solver, before: Point, step: float, test: Test) -> Point | None:
    known: dict[float, Point] = {0.0: before}

    def value(length: float) -> float:
        if length not in known:
            point = step_from(solver, before, length)
            if point is None:
                raise ArithmeticError
            known[length] = point
        return test(known[length])

    try:
        length = brentq(value, 0.0, 1.2 * step, xtol=1e-12, rtol=1e-12, maxiter=60)
        value(length)
    except (ArithmeticError, ValueError, RuntimeError):
        return None
    return known[length]
