"""Finding every event between two points of a followed curve.

Detection rests on eigenvalues tracked from point to point, never on one scalar alone: an interval
is halved until it holds at most one elementary event, so the set found does not depend on the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from continuation.engine.following import Follower, Trace, _matching

DEEPEST = 36  # halvings: a step of 0.04 becomes 1e-12


@dataclass(frozen=True)
class End:
    """One end of an interval: point, tangent, tracked eigenvalues, determinant sign."""

    point: np.ndarray
    tangent: np.ndarray
    eigenvalues: np.ndarray
    sign: float


@dataclass(frozen=True)
class Interval:
    """A piece of a curve between two computed points; ``index`` counts the trace's points."""

    index: int
    left: End
    right: End

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.right.point - self.left.point))

    def crossings(self, ignore: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """Columns of the eigenvalues whose real part changes sign."""
        before, after = self.left.eigenvalues, self.right.eigenvalues
        changed = (before.real < 0) != (after.real < 0)
        if ignore is not None:
            changed &= ~(ignore(before) | ignore(after))
        return np.flatnonzero(changed)


def intervals(trace: Trace) -> Iterator[Interval]:
    """The intervals of a trace in order."""
    ends = [
        End(*parts)
        for parts in zip(trace.points, trace.tangents, trace.eigenvalues, trace.signs, strict=True)
    ]
    for index in range(len(ends) - 1):
        yield Interval(index, ends[index], ends[index + 1])


def point_between(follower: Follower, interval: Interval, fraction: float) -> np.ndarray | None:
    """The curve's point over a fraction of the chord of an interval."""
    chord = interval.right.point - interval.left.point
    guess = interval.left.point + fraction * chord
    row = chord / np.linalg.norm(chord)
    return follower.correct(guess, row, float(row @ guess))


def halves(follower: Follower, interval: Interval) -> tuple[Interval, Interval] | None:
    """An interval cut in the middle, eigenvalues tracked; None where Newton fails."""
    y = point_between(follower, interval, 0.5)
    if y is None:
        return None
    tangent, sign = follower.tangent(y, interval.left.tangent)
    spectrum = np.linalg.eigvals(follower.jacobian(y))
    spectrum = spectrum[_matching(interval.left.eigenvalues, spectrum)]
    middle = End(y, tangent, spectrum, sign)
    columns = _matching(spectrum, interval.right.eigenvalues)
    right = End(
        interval.right.point, interval.right.tangent, interval.right.eigenvalues[columns],
        interval.right.sign,
    )  # fmt: skip
    return (
        Interval(interval.index, interval.left, middle),
        Interval(interval.index, middle, right),
    )


def isolate(
    follower: Follower,
    interval: Interval,
    classify: Callable[[Interval], list[str]],
    depth: int = 0,
) -> Iterator[tuple[Interval, str]]:
    """Split an interval until every piece holds at most one event; yield (piece, kind).

    ``classify`` names the elementary events an interval may hold; "mixed" asks for a split.
    Two events nearer than rounding allows to separate come out as "suspect".
    """
    kinds = classify(interval)
    if not kinds:
        return
    if len(kinds) == 1 and kinds[0] != "mixed":
        yield interval, kinds[0]
        return
    pieces = halves(follower, interval) if depth < DEEPEST else None
    if pieces is None:
        yield interval, "suspect"
        return
    for piece in pieces:
        yield from isolate(follower, piece, classify, depth + 1)


def locate(
    follower: Follower, interval: Interval, test: Callable[[np.ndarray], float]
) -> np.ndarray | None:
    """Where in an interval a test function vanishes (Brent); None without a sign change."""

    def value(fraction: float) -> float:
        y = point_between(follower, interval, fraction)
        return np.nan if y is None else test(y)

    try:
        fraction = brentq(value, 0.0, 1.0, xtol=1e-14, rtol=1e-14, maxiter=80)
    except (ValueError, RuntimeError):
        return None
    return point_between(follower, interval, fraction)


def turning_back(trace: Trace) -> np.ndarray:
    """Indices of intervals in which a tracked eigenvalue may cross the axis and return.

    A cubic through the ends with difference slopes whose extremum lies across the axis is a
    suspicion that only a look inside can settle.
    """
    real = trace.eigenvalues.real
    if len(real) < 3:
        return np.zeros(0, dtype=int)
    slope = np.gradient(real, axis=0)
    left, right = real[:-1], real[1:]
    same = (left < 0) == (right < 0)
    toward = np.where(left > 0, -1.0, 1.0)
    reach = np.maximum(toward * slope[:-1], 0) + np.maximum(-toward * slope[1:], 0)
    near = np.minimum(np.abs(left), np.abs(right)) < 0.5 * reach
    return np.flatnonzero(np.any(same & near, axis=1))
