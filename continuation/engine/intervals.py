"""Finding every event between two points of a followed curve.

Detection rests on eigenvalues tracked from point to point, never on one scalar alone: an interval
is halved until it holds at most one elementary event, so the set found does not depend on the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from continuation.engine.following import Follower, Trace, matching

AXIS = 1e-11  # real parts below it, relative to the largest eigenvalue, lie on the imaginary axis
ROUNDED = 1e-12  # of the largest eigenvalue: what rounding makes of the frequency of none
DEEPEST = 36  # halvings: a step of 0.04 becomes 1e-12
SHORTEST = 1e-10  # scaled length below which an interval is rounding and is not cut
MOST_CUTS = 500  # of one interval: 13 events as near to one another as rounding can tell apart


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
        """Columns of the eigenvalues whose real part changes sign.

        One that stays on the axis to rounding, as at centres, has no sign.
        """
        before, after = self.left.eigenvalues, self.right.eigenvalues
        changed = (before.real < 0) != (after.real < 0)
        changed &= ~(_on_axis(before) & _on_axis(after))
        if ignore is not None:
            changed &= ~(ignore(before) | ignore(after))
        return np.flatnonzero(changed)


def rotates(eigenvalues: np.ndarray) -> np.ndarray:
    """Which eigenvalues are complex beyond the rounding that makes a pair of a double real one."""
    return np.abs(eigenvalues.imag) > ROUNDED * np.max(np.abs(eigenvalues), initial=0.0)


def _on_axis(eigenvalues: np.ndarray) -> np.ndarray:
    """Which eigenvalues rounding cannot tell from the imaginary axis; real ones never."""
    least = AXIS * np.max(np.abs(eigenvalues), initial=0.0)
    return (np.abs(eigenvalues.real) <= least) & rotates(eigenvalues)


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
    y = point_between(follower, interval, 0.5) if interval.length > SHORTEST else None
    if y is None or _off(interval, y):
        return None
    tangent, sign = follower.tangent(y, interval.left.tangent)
    spectrum = np.linalg.eigvals(follower.jacobian(y))
    spectrum = spectrum[matching(interval.left.eigenvalues, spectrum)]
    middle = End(y, tangent, spectrum, sign)
    columns = matching(spectrum, interval.right.eigenvalues)
    right = End(
        interval.right.point, interval.right.tangent, interval.right.eigenvalues[columns],
        interval.right.sign,
    )  # fmt: skip
    return (
        Interval(interval.index, interval.left, middle),
        Interval(interval.index, middle, right),
    )


def _off(interval: Interval, y: np.ndarray) -> bool:
    """Whether a point over the middle of a chord lies on another curve, or on another turn."""
    middle = (interval.left.point + interval.right.point) / 2
    return bool(np.linalg.norm(y - middle) > 0.5 * interval.length)


def isolate(
    follower: Follower,
    interval: Interval,
    classify: Callable[[Interval], list[str]],
) -> Iterator[tuple[Interval, str]]:
    """Split an interval until every piece holds at most one event; yield (piece, kind) in order.

    ``classify`` names the elementary events an interval may hold; "mixed" asks for a split. What
    cannot be told apart comes out as "suspect": two events nearer than rounding allows to separate,
    and what is left when an interval was cut ``MOST_CUTS`` times.
    """
    waiting, cuts = [(interval, 0)], 0
    while waiting:
        piece, depth = waiting.pop()
        kinds = classify(piece)
        if not kinds:
            continue
        if len(kinds) == 1 and kinds[0] != "mixed":
            yield piece, kinds[0]
            continue
        pieces = halves(follower, piece) if depth < DEEPEST and cuts < MOST_CUTS else None
        if pieces is None:
            yield piece, "suspect"
            continue
        cuts += 1
        waiting += [(part, depth + 1) for part in reversed(pieces)]


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
