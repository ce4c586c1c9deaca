"""Special cycles along a branch: folds, period doublings, torus bifurcations, branch points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.optimize import brentq

from continuation.cycle_tracing import Trace, step_from
from continuation.orbits import Point, Solver

TRIVIAL_TOLERANCE = 1e-3  # a multiplier 1 that is off by more makes the verdict worthless
_DEPTH = 8  # bisections of a step in which several things happen


def events(solver: Solver, traced: Trace) -> Iterator[tuple[int, str, Point]]:
    """(index of the point before, label, corrected cycle) of every special cycle, in order."""
    pairs = zip(traced.points[:-1], traced.points[1:], traced.steps, strict=True)
    for index, (before, after, step) in enumerate(pairs):
        if not _trustworthy(solver, before, after):
            continue
        found = _inside(solver, before, (0.0, before), (1.2 * step, None), after)
        yield from ((index, label, point) for label, point in found)


def _trustworthy(solver: Solver, before: Point, after: Point) -> bool:
    """On a homoclinic tail neither multipliers nor the parameter tell anything."""
    worst = max(before.trivial_error, after.trivial_error)
    moved = abs(after.orbit.value - before.orbit.value)
    return worst < 30 * TRIVIAL_TOLERANCE and moved > 1e-9 * solver.half[1]


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
    rest = point.rest
    real = _is_real(rest)
    return (
        int(np.sum(real & (rest.real > 1))),
        int(np.sum(real & (rest.real < -1))),
        int(np.sum(~real & (np.abs(rest) > 1))) // 2,
    )


def _is_real(found: np.ndarray) -> np.ndarray:
    return np.abs(found.imag) < 1e-9 * (1 + np.abs(found))


def nearest_real(point: Point, target: float) -> float:
    """The real multiplier nearest to a target, the trivial one aside; nan without any."""
    real = point.rest[_is_real(point.rest)].real
    return float(real[np.argmin(np.abs(real - target))]) if real.size else np.nan


def nearest_pair(point: Point) -> complex:
    """The multiplier off the real axis (upper half) nearest to the unit circle; nan without any."""
    pairs = point.rest[~_is_real(point.rest) & (point.rest.imag > 0)]
    return complex(pairs[np.argmin(np.abs(np.abs(pairs) - 1))]) if pairs.size else complex(np.nan)


Test = Callable[[Point], float]
TESTS: dict[str, Test] = {
    "LPC": lambda p: float(p.direction.z[1]),
    "BPC": lambda p: nearest_real(p, 1.0) - 1.0,
    "PD": lambda p: nearest_real(p, -1.0) + 1.0,
    "NS": lambda p: abs(nearest_pair(p)) - 1.0,
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
        # At a branch point Newton is singular: what was met closest to it has to do.
        length = min(known, key=lambda k: abs(test(known[k])))
        if not abs(test(known[length])) < 1e-4 or length == start[0]:
            return None
    return known[length]
