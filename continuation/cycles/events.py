"""Special cycles along a branch: folds, period doublings, torus bifurcations, branch points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.signal import find_peaks

from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import Point, Solver
from continuation.cycles.tracing import Trace, step_from

TRIVIAL_TOLERANCE = 1e-3  # a multiplier 1 that is off by more makes the verdict worthless
STILL = 1e-9  # part of half a span by which a parameter has to move for tests to mean something
FLAT = 1e-6  # part of half a span: smaller turns back and forth are rounding, as in a canard
_DEPTH = 8  # bisections of a step in which several things happen


def events(solver: Solver, traced: Trace) -> Iterator[tuple[int, str, Point]]:
    """(index of the point before, label, corrected cycle) of every special cycle, in order."""
    pairs = zip(traced.points[:-1], traced.points[1:], traced.steps, strict=True)
    found: list[tuple[int, str, Point]] = []
    for index, (before, after, step) in enumerate(pairs):
        if _trustworthy(solver, before, after):
            inside = _inside(solver, before, (0.0, before), (1.2 * step, None), after)
            found += [(index, label, point) for label, point in inside]
    found = _without_noise(solver, traced.points, found)
    folds = {index for index, label, _ in found if label == "LPC"}
    found += [
        (index, "LPC", point)
        for index, point in _turning_points(solver, traced.points)
        if not folds & {index - 1, index}
    ]
    yield from sorted(found, key=lambda item: item[0])


def _without_noise(
    solver: Solver, points: Sequence[Point], found: list[tuple[int, str, Point]]
) -> list[tuple[int, str, Point]]:
    """Folds between which the parameter only trembles count as one, or none where it goes on."""
    values = np.array([p.orbit.value for p in points])
    groups: list[list[tuple[int, str, Point]]] = []
    for fold in (item for item in found if item[1] == "LPC"):
        if groups:
            between = values[groups[-1][-1][0] : fold[0] + 2]
            if np.ptp(between) < FLAT * solver.half[1]:
                groups[-1].append(fold)
                continue
        groups.append([fold])
    kept = [group[len(group) // 2] for group in groups if len(group) % 2]
    return [item for item in found if item[1] != "LPC"] + kept


def _turning_points(solver: Solver, points: Sequence[Point]) -> Iterator[tuple[int, Point]]:
    """Folds on which the parameter stands still to rounding over many cycles, as in a canard.

    There the largest (or smallest) parameter is the fold, to all digits that rounding leaves. On a
    homoclinic tail, where the parameter does not turn back, there is none.
    """
    values = np.array([p.orbit.value for p in points])
    for sign in (1.0, -1.0):
        for k in find_peaks(sign * values, prominence=FLAT * solver.half[1])[0]:
            yield int(k), points[k]


def _trustworthy(solver: Solver, before: Point, after: Point) -> bool:
    """On a homoclinic tail neither multipliers nor the parameter tell anything."""
    worst = max(before.trivial_error, after.trivial_error)
    moved = abs(after.orbit.value - before.orbit.value)
    return worst < 30 * TRIVIAL_TOLERANCE and moved > STILL * solver.half[1]


def _inside(solver, base, start, end, after) -> Iterator[tuple[str, Point]]:
    """Events between two points of one step, the step bisected while it holds several."""
    kinds = changes(start[1], after)
    if not kinds:
        return
    if len(kinds) == 1:
        label = kinds[0]
        found = _locate(solver, base, start, end, TESTS[label])
        if found is not None:
            yield label, found
        return
    stop = end[0] if end[1] is not None else end[0] / 1.2
    middle = 0.5 * (start[0] + stop)
    between = step_from(solver, base, middle)
    if between is None or stop - start[0] < stop * 2.0**-_DEPTH:
        return
    yield from _inside(solver, base, start, (middle, between), between)
    yield from _inside(solver, base, (middle, between), (stop, after), after)


def changes(before: Point, after: Point) -> list[str]:
    """Labels of what happens between two neighboring points, one for every multiplier."""
    plus, minus, pairs = (b - a for a, b in zip(_counts(before), _counts(after), strict=True))
    folded = before.direction.z[1] * after.direction.z[1] < 0
    found = ["LPC"] if folded else []
    if not folded and minus == 0 and pairs == 0:
        found += ["BPC"] * abs(plus)
    if pairs == 0 or plus == 0:
        found += ["PD"] * abs(minus) + ["NS"] * abs(pairs)
    if max(before.trivial_error, after.trivial_error) > TRIVIAL_TOLERANCE:
        return [label for label in found if label == "LPC"]
    return found


def _counts(point: Point) -> tuple[int, int, int]:
    """Multipliers beyond +1 (real), beyond -1 (real), and complex pairs outside the circle."""
    real, outside = point.rest.are_real, point.rest.log10 > 0
    ahead = np.cos(point.rest.angle) > 0
    return (
        int(np.sum(real & outside & ahead)),
        int(np.sum(real & outside & ~ahead)),
        int(np.sum(~real & outside)) // 2,
    )


def _product(factors: np.ndarray) -> float:
    """Real product of factors that come in conjugate pairs."""
    return float(np.prod(factors).real)


def product_test(found: np.ndarray, target: float) -> float:
    """Changes sign where one of the multipliers passes ``target`` = 1 or -1 on the real axis."""
    return _product((found - target) / (1 + np.abs(found)))


def pair_test(point: Point) -> float:
    """Changes sign where a pair of multipliers has product 1: mostly on the unit circle."""
    rest = point.rest
    first, second = np.triu_indices(len(rest), 1)
    products = Multipliers(
        rest.log10[first] + rest.log10[second], rest.angle[first] + rest.angle[second]
    ).bounded
    return _product((products - 1) / (1 + np.abs(products)))


Test = Callable[[Point], float]
TESTS: dict[str, Test] = {
    "LPC": lambda p: float(p.direction.z[1]),
    "BPC": lambda p: product_test(p.rest.bounded, 1.0),
    "PD": lambda p: product_test(p.rest.bounded, -1.0),
    "NS": pair_test,
}


def _locate(solver: Solver, base: Point, start, end, test: Test) -> Point | None:
    """Root of a test function in the length of one step, by Brent's method."""
    known: dict[float, Point] = {start[0]: start[1]}
    if end[1] is not None:
        known[end[0]] = end[1]

    def value(length: float) -> float:
        if length not in known:
            point = step_from(solver, base, length)
            if point is None:
                raise ArithmeticError
            known[length] = point
        return float(test(known[length]))

    try:
        length = brentq(value, start[0], end[0], xtol=1e-13, rtol=1e-13, maxiter=60)
        value(length)
    except (ArithmeticError, ValueError, RuntimeError):
        return _interpolated(known, test)
    return known[length]


def _interpolated(known: dict[float, Point], test: Test) -> Point | None:
    """At a branch point Newton is singular: the root between the nearest points to both sides."""
    values = {length: test(point) for length, point in known.items()}
    ahead = [k for k, v in values.items() if v > 0]
    behind = [k for k, v in values.items() if v < 0]
    if not ahead or not behind:
        return None
    a, b = min(ahead, key=lambda k: abs(values[k])), min(behind, key=lambda k: abs(values[k]))
    if max(abs(values[a]), abs(values[b])) > 0.1:
        return None
    part = values[a] / (values[a] - values[b])
    first, second = known[a], known[b]
    if len(first.orbit.mesh) != len(second.orbit.mesh):
        return None
    orbit = replace(
        first.orbit,
        u=first.orbit.u + part * (second.orbit.u - first.orbit.u),
        z=first.orbit.z + part * (second.orbit.z - first.orbit.z),
    )
    nearer = first if part < 0.5 else second
    return replace(nearer, orbit=orbit)
