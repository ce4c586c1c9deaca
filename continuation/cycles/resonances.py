"""Codimension-two points on curves of bifurcating cycles."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles import doubling, torus
from continuation.cycles.chords import Chord
from continuation.cycles.conditions import DOUBLING, FOLD, TORUS
from continuation.cycles.location import Location, locate, residual
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import Point, Solver

Test = Callable[[Point], float]
# What is critical besides the trivial multiplier: real ones, pairs on the unit circle.
CRITICAL: dict[str, tuple[tuple[float, ...], int]] = {
    "CPC": ((1.0,), 0), "R1": ((1.0, 1.0), 0), "LPPD": ((1.0, -1.0), 0), "LPNS": ((1.0,), 1),
    "GPD": ((-1.0,), 0), "R2": ((-1.0, -1.0), 0), "PDNS": ((-1.0,), 1),
    "CH": ((), 1), "R3": ((), 1), "R4": ((), 1), "NSNS": ((), 2),
}  # fmt: skip
_NOTHING = 1e-3  # of a normal-form coefficient beside a point, that is none there
ANGLES = {"R3": 2 * np.pi / 3, "R4": np.pi / 2}


@dataclass(frozen=True)
class Resonance:
    """A codimension-two cycle after point ``index`` of a curve, with what shows it."""

    index: int
    label: str
    point: Point
    certificate: Mapping[str, Any]


def cubic_coefficients(solver: Solver, points: Sequence[Point]) -> np.ndarray:
    """Normal-form coefficients of the cycles of a curve: c (k,) of period doublings, complex d (k,)
    of torus bifurcations; none (0,) of others."""
    if solver.kind == DOUBLING:
        return np.array([doubling.cubic_coefficient(solver, p.orbit) for p in points])
    if solver.kind == TORUS:
        return np.array([torus.cubic_coefficient(solver, p.orbit) for p in points])
    return np.empty(0)


def codimension_two(
    solver: Solver,
    points: Sequence[Point],
    cubic: np.ndarray,
    labels: tuple[str, ...] | None = None,
) -> Iterator[Resonance]:
    """Codimension-two cycles along a curve; only of some ``labels`` where given.

    ``cubic`` are its normal-form coefficients (see ``cubic_coefficients``).
    """
    if solver.kind == FOLD and (labels is None or "CPC" in labels):
        yield from _cusps(solver, points)
    for label, test in _tests(solver).items():
        if labels is None or label in labels:
            yield from _passed(solver, points, label, test, [test(p) for p in points])
    for label, pole in _changes_of_sign(solver).items():
        if labels is None or label in labels:
            values = [c.real * pole(p) for c, p in zip(cubic, points, strict=True)]
            test = partial(_cubic_test, solver, pole)
            for found in _passed(solver, points, label, test, values):
                beside = max(abs(cubic[found.index : found.index + 2].real))
                if abs(cubic_coefficients(solver, [found.point])[0].real) < _NOTHING * beside:
                    yield found  # not the zero of a factor that took no pole away


def _cubic_test(solver: Solver, pole: Test, point: Point) -> float:
    """The normal-form coefficient's real part, without its poles."""
    return float(cubic_coefficients(solver, [point])[0].real * pole(point))


def _passed(
    solver: Solver, points: Sequence[Point], label: str, test: Test, values: Sequence[float]
) -> Iterator[Resonance]:
    """Where a test changes its sign along a curve."""
    for k, (first, second) in enumerate(itertools.pairwise(values)):
        before, after = points[k], points[k + 1]
        if not first * second < 0 or max(before.trivial_error, after.trivial_error) > 1e-2:
            continue
        chord = Chord(solver, before, after)
        found = locate(chord, test)
        if found is not None and abs(found.value) < min(abs(first), abs(second)):
            yield Resonance(k, label, found.point, _certificate(chord, found, label))


def _cusps(solver: Solver, points: Sequence[Point]) -> Iterator[Resonance]:
    """Where a fold curve turns back in both parameters, which stand still there."""
    half = solver.half[1:3]
    for k, (before, after) in enumerate(itertools.pairwise(points)):
        along = before.direction.z[1:3] / half

        def turned(point: Point, along: np.ndarray = along) -> float:
            return float(point.direction.z[1:3] / half @ along)

        if turned(after) < 0 and max(before.trivial_error, after.trivial_error) <= 1e-2:
            chord = Chord(solver, before, after)
            found = locate(chord, turned)
            if found is not None:
                if np.linalg.norm(found.point.direction.z[1:3] / half) < 1e-3:
                    yield Resonance(k, "CPC", found.point, _certificate(chord, found, "CPC"))


def _tests(solver: Solver) -> dict[str, Test]:
    """Functions that change sign at a codimension-two point, and have no poles."""
    plus: Test = lambda p: product_test(other(solver, p), 1.0)  # noqa: E731
    minus: Test = lambda p: product_test(other(solver, p), -1.0)  # noqa: E731
    pairs: Test = lambda p: _pairs(solver, p)  # noqa: E731
    if solver.kind == FOLD:
        return {"R1": plus, "LPPD": minus, "LPNS": pairs}
    if solver.kind == DOUBLING:
        return {"LPPD": plus, "R2": minus, "PDNS": pairs}
    if solver.kind == TORUS:
        return {
            "R3": lambda p: float(p.orbit.z[3]) - ANGLES["R3"],
            "R4": lambda p: float(p.orbit.z[3]) - ANGLES["R4"],
            "LPNS": plus, "PDNS": minus, "NSNS": pairs,
        }  # fmt: skip
    return {}


def _changes_of_sign(solver: Solver) -> dict[str, Test]:
    """Where the cubic coefficient changes its sign, and a factor that takes away its poles."""
    if solver.kind == DOUBLING:
        return {"GPD": lambda p: product_test(other(solver, p), -1.0)}
    if solver.kind == TORUS:
        return {"CH": lambda p: product_test(other(solver, p), 1.0)}
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


def _certificate(chord: Chord, located: Location, label: str) -> dict[str, Any]:
    """What shows that a located cycle is what its label says; see ``location.certificate``."""
    ends = sorted((chord.left.orbit.value, chord.right.orbit.value))
    return {
        "residual": residual(chord.solver, located.point.orbit),
        "multiplier_distance": critical_distance(located.point.floquet, label),
        "test_value": located.value,
        "bracket": ends,
    }


def critical_distance(floquet: Multipliers, label: str) -> float:
    """Largest distance of the critical multipliers of a codimension-two point from their places.

    Of k that meet in one place the coefficients of their polynomial are compared, which rounding of
    size e moves by e; the multipliers themselves it moves by its k-th root.
    """
    reals, pairs = CRITICAL[label]
    left, far = floquet.bounded, 0.0
    for target, count in Counter((1.0, *reals)).items():
        nearest = np.argsort(np.abs(left - target))[:count]
        far = max(far, float(np.max(np.abs(np.poly(left[nearest] - target)[1:]))))
        left = np.delete(left, nearest)
    upper = left[left.imag > 0]
    upper = upper[np.argsort(np.abs(np.abs(upper) - 1.0))]
    if len(upper) < pairs:
        return float("inf")
    for multiplier in upper[:pairs]:
        place = ANGLES.get(label, float(np.angle(multiplier)))
        far = max(far, float(abs(multiplier - np.exp(1j * place))))
    return far
