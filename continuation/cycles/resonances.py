"""Codimension-two points on curves of bifurcating cycles."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from continuation.cycles import doubling, torus
from continuation.cycles.chords import Chord
from continuation.cycles.columns import RESOLVED
from continuation.cycles.conditions import DOUBLING, FOLD, TORUS
from continuation.cycles.location import AT_PLACE, Location, locate, residual
from continuation.cycles.multipliers import Multipliers, bounded_values
from continuation.cycles.orbits import Point, Solver
from continuation.cycles.tracing import on_mesh

Test = Callable[[Point], float]
# What is critical besides the trivial multiplier: real ones, pairs on the unit circle.
CRITICAL: dict[str, tuple[tuple[float, ...], int]] = {
    "CPC": ((1.0,), 0), "R1": ((1.0, 1.0), 0), "LPPD": ((1.0, -1.0), 0), "LPNS": ((1.0,), 1),
    "GPD": ((-1.0,), 0), "R2": ((-1.0, -1.0), 0), "PDNS": ((-1.0,), 1),
    "CH": ((), 1), "R3": ((), 1), "R4": ((), 1), "NSNS": ((), 2),
}  # fmt: skip
_NOTHING = 1e-3  # of a normal-form coefficient beside a point, that is none there
_ROUNDING = 1e-6  # of a complex coefficient, below which its real part is none
_FINER, _REFINEMENTS = 1.5, 3  # by which a mesh is refined at a time, and how often
_DISTANCE = "multiplier_distance"
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
    off: np.ndarray,
    labels: tuple[str, ...] | None = None,
) -> Iterator[Resonance]:
    """Codimension-two cycles along a curve; only of some ``labels`` where given.

    ``cubic`` are its normal-form coefficients (see ``cubic_coefficients``), ``off`` how far its own
    multipliers are from their places (see ``off_the_curve``).
    """
    resolved = off <= RESOLVED
    if solver.kind == FOLD and (labels is None or "CPC" in labels):
        yield from _cusps(solver, points, resolved)
    for label, test in _tests(solver).items():
        if labels is None or label in labels:
            values = [test(p) for p in points]
            yield from _passed(solver, points, label, test, values, resolved)
    for label, pole in _changes_of_sign(solver).items():
        if labels is None or label in labels:
            values = [c.real * pole(p) for c, p in zip(cubic, points, strict=True)]
            test = partial(_cubic_test, solver, pole)
            for found in _passed(solver, points, label, test, values, resolved):
                near = cubic[found.index : found.index + 2]
                beside = max(abs(near.real))
                if beside < _ROUNDING * max(abs(near)):
                    continue  # a real part of nothing all along, as where volumes are kept
                if abs(cubic_coefficients(solver, [found.point])[0].real) < _NOTHING * beside:
                    yield found  # not the zero of a factor that took no pole away


def _cubic_test(solver: Solver, pole: Test, point: Point) -> float:
    """The normal-form coefficient's real part, without its poles."""
    return float(cubic_coefficients(solver, [point])[0].real * pole(point))


def _passed(
    solver: Solver, points: Sequence[Point], label: str, test: Test, values: Sequence[float],
    resolved: np.ndarray,
) -> Iterator[Resonance]:  # fmt: skip
    """Where a test changes its sign along a curve, between cycles that are ``resolved``."""
    for k, (first, second) in enumerate(itertools.pairwise(values)):
        if not (first * second < 0 and resolved[k] and resolved[k + 1]):
            continue
        chord = Chord(solver, points[k], points[k + 1])
        found = _proven(chord, label, test, min(abs(first), abs(second)))
        if found is not None:
            yield replace(found, index=k)


def _proven(chord: Chord, label: str, test: Test, least: float) -> Resonance | None:
    """The point where a test vanishes, its multipliers at their places, on finer meshes where they
    are not; "unresolved" where none brings them there. None where the test, smaller than ``least``
    at a zero, only passes a pole."""
    best: Resonance | None = None
    for attempt in range(_REFINEMENTS + 1):
        found = locate(chord, test)
        if found is None or (best is None and abs(found.value) >= least):
            break
        shown = _certificate(chord, found, label)
        if best is None or shown[_DISTANCE] < best.certificate[_DISTANCE]:
            best = Resonance(0, label, found.point, shown)
        if best.certificate[_DISTANCE] <= AT_PLACE or attempt == _REFINEMENTS:
            break
        count = math.ceil(_FINER * chord.right.orbit.intervals)
        left, right = (on_mesh(chord.solver, p, count) for p in (chord.left, chord.right))
        if left is None or right is None:
            break
        chord = Chord(chord.solver, left, right, chord)
    if best is None or best.certificate[_DISTANCE] <= AT_PLACE:
        return best
    far = best.certificate[_DISTANCE]
    reason = f"a {label} point may be here, but its multipliers are off their places by {far:.0e}"
    shown = {"reason": reason, "bracket": best.certificate["bracket"]}
    return replace(best, label="unresolved", certificate=shown)


def _cusps(solver: Solver, points: Sequence[Point], resolved: np.ndarray) -> Iterator[Resonance]:
    """Where a fold curve turns back in both parameters, which stand still there."""
    half = solver.half[1:3]
    for k, (before, after) in enumerate(itertools.pairwise(points)):
        along = before.direction.z[1:3] / half

        def turned(point: Point, along: np.ndarray = along) -> float:
            return float(point.direction.z[1:3] / half @ along)

        if turned(after) < 0 and resolved[k] and resolved[k + 1]:
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
    shown = {
        "residual": residual(chord.solver, located.point.orbit),
        "multiplier_distance": critical_distance(located.point.floquet, label),
        "test_value": located.value,
        "bracket": ends,
    }
    return shown | ({"angle": float(located.point.orbit.z[3])} if label == "NSNS" else {})


def critical_distance(floquet: Multipliers, label: str) -> float:
    """Largest distance of the critical multipliers of a codimension-two point from their places.

    Of k that meet in one place the coefficients of their polynomial are compared, which rounding of
    size e moves by e; the multipliers themselves it moves by its k-th root.
    """
    reals, pairs = CRITICAL[label]
    return _distance(floquet, reals, pairs, ANGLES.get(label))


def off_the_curve(solver: Solver, points: Sequence[Point]) -> np.ndarray:
    """Distances (k,) of the multipliers that the cycles of a curve have in common from their
    places, the trivial one among them; of two in one place as in ``critical_distance``."""
    logs, angles = np.array([[p.floquet.log10, p.floquet.angle] for p in points]).swapaxes(0, 1)
    found = bounded_values(logs, angles)
    ones = np.ones(len(points))
    trivial = _nearest(found, ones)
    if solver.kind == DOUBLING:
        return np.maximum(np.abs(trivial[:, 0]), np.abs(_nearest(found, -ones)[:, 0]))
    if solver.kind == TORUS:
        turn = np.exp(1j * np.array([p.orbit.z[3] for p in points]))
        return np.maximum(np.abs(trivial[:, 0]), np.abs(_nearest(found, turn)[:, 0]))
    if solver.kind == FOLD:
        first, second = trivial[:, 0], trivial[:, 1]
        return np.maximum(np.abs(first + second), np.abs(first * second))
    return np.abs(trivial[:, 0])


def _nearest(found: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Differences (k, n) of multipliers (k, n) from a place each, the smallest first."""
    apart = found - places[:, None]
    size = np.nan_to_num(np.abs(apart), nan=np.inf)
    return np.take_along_axis(np.where(np.isnan(apart), np.inf, apart), np.argsort(size), axis=1)


def _distance(
    floquet: Multipliers, reals: tuple[float, ...], pairs: int, angle: float | None
) -> float:
    """Largest distance of the trivial multiplier, of real ones and of pairs on the unit circle, at
    an ``angle`` where one is given, from their places."""
    left, far = floquet.bounded, 0.0
    for target, count in Counter((1.0, *reals)).items():
        nearest = np.argsort(np.abs(left - target))[:count]
        far = max(far, float(np.max(np.abs(np.poly(left[nearest] - target)[1:]))))
        left = np.delete(left, nearest)
    upper = left[left.imag > 0]
    apart = np.abs(upper) - 1.0 if angle is None else upper - np.exp(1j * angle)
    upper = upper[np.argsort(np.abs(apart))]
    if len(upper) < pairs:
        return float("inf")
    for multiplier in upper[:pairs]:
        place = float(np.angle(multiplier)) if angle is None else angle
        far = max(far, float(abs(multiplier - np.exp(1j * place))))
    return far
