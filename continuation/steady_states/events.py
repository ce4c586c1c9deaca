"""Folds, Hopf points and branch points on a curve of equilibria: detected, located, certified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from continuation.engine.borders import hopf_borders, null_vectors
from continuation.engine.following import Follower, Trace
from continuation.engine.intervals import (
    Interval,
    intervals,
    isolate,
    locate,
    rotates,
    turning_back,
)
from continuation.engine.problems import FOLD, HOPF
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch_points import polish
from continuation.steady_states.certificates import coefficients, make_point

Classifier = Callable[[Interval], list[str]]
TOGETHER = 1e-6  # distance of several eigenvalues from the axis, relative to their size
FAR_ENOUGH = 1e-4  # scaled length below which eigenvalues are tracked rightly
_CORRECTIONS = 4  # at a branch point where several eigenvalues are zero
NEAR_BRANCH_POINT = 1e-2  # scaled length of an interval within which a branch point is sought
ROUNDING = 1e-6  # scaled distance of a branch point from an interval cut as short as rounding lets
SMALLEST_LOOK = 1e-6  # scaled length: two events inside a shorter interval annul each other


def events(follower: Follower, trace: Trace) -> Iterator[SpecialPoint]:
    """All special points of a curve of equilibria, in order along it."""
    suspicious = set(turning_back(trace).tolist())
    classify = classifier(follower.n)
    for interval in intervals(trace):
        looked = classify
        if interval.index in suspicious and not classify(interval):
            looked = looking_inside(classify, interval)
        for piece, kind in isolate(follower, interval, looked):
            point = (_unparted if kind == "suspect" else LOCATORS[kind])(follower, piece)
            if point is not None:
                yield point


def classifier(n: int) -> Classifier:
    """Names the elementary events of an interval; eigenvalues, tangent and sign must agree."""

    def classify(interval: Interval) -> list[str]:
        columns = interval.crossings()
        before, after = interval.left.eigenvalues[columns], interval.right.eigenvalues[columns]
        turning = [rotates(end.eigenvalues)[columns] for end in (interval.left, interval.right)]
        rotating = turning[0] & turning[1]
        if np.any(turning[0] != turning[1]):
            return ["mixed"]
        if interval.length > FAR_ENOUGH and np.any(_leaps(before, after)):
            return ["mixed"]  # the ends may belong to different eigenvalues
        fold = interval.left.tangent[n] * interval.right.tangent[n] < 0
        branch = interval.left.sign * interval.right.sign < 0
        if int(np.sum(~rotating)) != int(fold) + int(branch):
            return ["mixed"]
        pairs = int(np.sum(rotating & (before.imag > 0)))
        return ["H"] * pairs + ["LP"] * int(fold) + ["BP"] * int(branch)

    return classify


def _leaps(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Complex eigenvalues that move by more than half their size."""
    size = np.maximum(np.abs(before), np.abs(after))
    return (before.imag != 0) & (np.abs(after - before) > 0.5 * size)


def looking_inside(classify: Classifier, whole: Interval) -> Classifier:
    """Split a suspicious interval three times before it is believed to be empty."""
    least = max(whole.length / 6, SMALLEST_LOOK)

    def inside(interval: Interval) -> list[str]:
        return ["mixed"] if interval.length > least else classify(interval)

    return inside


def _fold(follower: Follower, interval: Interval) -> SpecialPoint | None:
    n = follower.n
    y = locate(follower, interval, lambda y: follower.tangent(y, interval.left.tangent)[0][n])
    if y is None:
        return _turning_branch_point(follower, interval)
    square = Follower(follower.model, FOLD, follower.spans, follower.settings)
    square.border[0], square.border[1] = null_vectors(follower.jacobian(y))
    solved = square.solve(y[: n + 1])
    if solved is None or np.linalg.norm(solved[0] - y) > 1e-3 or _is_passed(follower, solved[0]):
        return _turning_branch_point(follower, interval)
    return make_point(square, solved[0], "LP", interval, residual=solved[1])


def _is_passed(follower: Follower, y: np.ndarray) -> bool:
    """Whether a second branch passes a singular equilibrium, as at a pitchfork whose arm turns
    there: it is no fold."""
    exact = polish(follower, y)
    return exact is not None and bool(np.linalg.norm(exact - y) < ROUNDING)


def _hopf(follower: Follower, interval: Interval) -> SpecialPoint | None:
    column = next(
        c for c in interval.crossings() if interval.left.eigenvalues[c].imag > 0
    )  # fmt: skip
    start, end = interval.left.eigenvalues[column], interval.right.eigenvalues[column]
    y = locate(
        follower, interval, lambda y: follow_eigenvalue(follower, interval, y, start, end).real
    )
    if y is None:
        return _suspect(follower, interval)
    omega = abs(follow_eigenvalue(follower, interval, y, start, end).imag)
    square = Follower(follower.model, HOPF, follower.spans, follower.settings, omega**2)
    hopf_borders(follower.jacobian(y), omega, square.border)
    solved = square.solve(np.append(y, 1.0))
    if solved is None or np.linalg.norm(solved[0][:-1] - y) > 1e-3 or solved[0][-1] <= 0:
        return _suspect(follower, interval)
    return make_point(square, solved[0], "H", interval, residual=solved[1])


def follow_eigenvalue(
    follower: Follower, interval: Interval, y: np.ndarray, start: complex, end: complex
) -> complex:
    """The eigenvalue at ``y`` nearest to the chord of a tracked one."""
    chord = interval.right.point - interval.left.point
    fraction = float(chord @ (y - interval.left.point) / (chord @ chord))
    expected = start + fraction * (end - start)
    spectrum = np.linalg.eigvals(follower.jacobian(y))
    return complex(spectrum[np.argmin(np.abs(spectrum - expected))])


def _branch_point(follower: Follower, interval: Interval) -> SpecialPoint | None:
    chord = interval.right.point - interval.left.point
    middle = (interval.left.point + interval.right.point) / 2
    y = polish(follower, middle)
    far = max(2 * float(np.linalg.norm(chord)), ROUNDING)
    if y is None or np.linalg.norm(y - middle) > far:
        return _suspect(follower, interval)
    residual = float(np.max(np.abs(follower.evaluate(y)[0])))
    return make_point(follower, y, "BP", interval, residual=residual)


def _unparted(follower: Follower, interval: Interval) -> SpecialPoint | None:
    """What an interval holds that could not be cut: several pairs or real eigenvalues that cross
    together, or a branch point on the branch that turns there, of which none crosses."""
    if _pairs_together(interval) > 1:
        return _double_hopf(follower, interval)
    if _reals_together(interval) > 1:
        return _multiple_branch_point(follower, interval)
    return _turning_branch_point(follower, interval)


def _turning_branch_point(follower: Follower, interval: Interval) -> SpecialPoint | None:
    """The branch point next to an interval in which its branch turns."""
    near = interval.length < NEAR_BRANCH_POINT
    return _branch_point(follower, interval) if near else _suspect(follower, interval)


def _reals_together(interval: Interval) -> int:
    """Real eigenvalues that cross the axis the same way, where nothing else does; else 0."""
    columns = interval.crossings()
    for end in (interval.left.eigenvalues, interval.right.eigenvalues):
        if np.any(rotates(end)[columns]):
            return 0
    below = interval.left.eigenvalues[columns].real < 0
    return len(columns) if below.all() or not below.any() else 0


def _multiple_branch_point(follower: Follower, interval: Interval) -> SpecialPoint | None:
    """Several eigenvalues that pass zero together, as the symmetry of identical units makes them.
    Newton's steps leave out the directions in which it is singular there."""
    columns = interval.crossings()
    count, chord = len(columns), interval.right.point - interval.left.point
    before, after = (e.eigenvalues[columns].real.mean() for e in (interval.left, interval.right))
    part, slope = before / (before - after), after - before
    for _ in range(_CORRECTIONS):
        y = interval.left.point + part * chord
        residual, matrix = follower.evaluate(y)
        left, sizes, right = np.linalg.svd(matrix)
        regular = slice(0, len(sizes) - count)
        y = y - right[: len(sizes)][regular].T @ ((left.T @ residual)[regular] / sizes[regular])
        spectrum = np.linalg.eigvals(follower.jacobian(y))
        spectrum = spectrum[np.argsort(np.abs(spectrum))]
        part -= spectrum[:count].real.mean() / slope
    off = float(np.abs(spectrum[count - 1]))
    if off > TOGETHER * np.abs(spectrum[-1]):
        return _suspect(follower, interval)
    point = make_point(follower, y, "BP", interval, float(np.max(np.abs(follower.evaluate(y)[0]))))
    certificate = {**point.certificate, "eigenvalue_residual": off, "zeros": count}
    return replace(point, coefficients={}, certificate=certificate)


def _pairs_together(interval: Interval) -> int:
    """Pairs that cross in an interval too short to part them; 0 where anything else does."""
    columns = interval.crossings()
    before, after = interval.left.eigenvalues[columns], interval.right.eigenvalues[columns]
    if np.any(before.imag == 0) or np.any(after.imag == 0):
        return 0
    return int(np.sum(before.imag > 0))


def _double_hopf(follower: Follower, interval: Interval) -> SpecialPoint | None:
    """Several pairs that cross together, as the symmetry of identical units makes them: a Hopf-Hopf
    point met by one parameter. Its normal form holds for different frequencies only."""
    middle = (interval.left.point + interval.right.point) / 2
    columns = interval.crossings()
    pairs = interval.left.eigenvalues[columns]
    omegas = np.sort(pairs.imag[pairs.imag > 0])
    off = float(np.max(np.abs(pairs.real)))
    if off > TOGETHER * omegas[-1]:
        return _suspect(follower, interval)
    residual = float(np.max(np.abs(follower.evaluate(middle)[0])))
    point = make_point(follower, middle, "HH", interval, residual)
    same = np.ptp(omegas) < 1e-6 * omegas[-1]
    model = follower.at(middle)
    found = {} if same else coefficients(model, point.state, "HH", float(omegas[0]))
    certificate = {**point.certificate, "eigenvalue_residual": off, "pairs": len(omegas)}
    return replace(
        point, frequency=float(omegas[0]) / (2 * np.pi) * model.frequency_factor,
        coefficients=found, certificate=certificate,
    )  # fmt: skip


def _suspect(follower: Follower, interval: Interval) -> SpecialPoint | None:
    """An event that could not be located: reported at the interval's middle as what it is."""
    middle = (interval.left.point + interval.right.point) / 2
    residual = float(np.max(np.abs(follower.evaluate(middle)[0])))
    return make_point(follower, middle, "suspect", interval, residual=residual)


LOCATORS: dict[str, Callable[[Follower, Interval], SpecialPoint | None]] = {
    "LP": _fold,
    "H": _hopf,
    "BP": _branch_point,
    "suspect": _suspect,
}
