"""Codimension-two points on fold and Hopf curves: CP, BT, GH, ZH, HH."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from continuation.engine.borders import null_vectors
from continuation.engine.following import BOUND, Follower, Trace, matching
from continuation.engine.intervals import End, Interval, intervals, isolate, locate, turning_back
from continuation.engine.multilinear import MultilinearForms
from continuation.engine.problems import FOLD
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states import normal_forms
from continuation.steady_states.certificates import make_point
from continuation.steady_states.events import follow_eigenvalue, looking_inside

Test = Callable[[np.ndarray], float]


def events(follower: Follower, trace: Trace) -> Iterator[SpecialPoint]:
    """All codimension-two points along a fold or Hopf curve, in order."""
    search = _fold_events if follower.problem is FOLD else _hopf_events
    found = sorted(search(follower, trace), key=lambda pair: pair[0])
    for (index, _), (label, y) in ((k, v) for k, v in found):
        residual = float(np.max(np.abs(follower.evaluate(y)[0])))
        interval = next(i for k, i in enumerate(intervals(trace)) if k == index)
        yield make_point(follower, y, label, interval, residual)


Found = tuple[tuple[int, float], tuple[str, np.ndarray]]


def _fold_events(follower: Follower, trace: Trace) -> Iterator[Found]:
    quadratic, product = _fold_tests(follower, trace)
    yield from _sign_changes(follower, trace, quadratic, "CP", _fold_quadratic(follower))
    yield from _sign_changes(follower, trace, product, "BT", _fold_product(follower))
    yield from _other_crossings(follower, trace, critical=1)


def _fold_tests(follower: Follower, trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Along the curve: p . B(q, q) and p . q with unit null vectors, continuous signs."""
    quadratic, product = np.empty((2, len(trace.points)))
    p = q = None
    for k, y in enumerate(trace.points):
        p, q = _aligned_null_vectors(follower, y, p, q)
        quadratic[k] = _second(follower, y, p, q)
        product[k] = p @ q
    return quadratic, product


def _aligned_null_vectors(
    follower: Follower, y: np.ndarray, p: np.ndarray | None, q: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    left, right = null_vectors(follower.jacobian(y))
    if p is not None and p @ left < 0:
        left = -left
    if q is not None and q @ right < 0:
        right = -right
    return left, right


def _second(follower: Follower, y: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """p . B(q, q) in scaled variables."""
    scale = follower.scale[: follower.n]
    forms = MultilinearForms.from_model(follower.at(y), follower.state(y))
    direction = q * scale
    return float((p / scale) @ forms(direction, direction))


def _fold_quadratic(follower: Follower) -> Callable[[Interval], Test]:
    def make(interval: Interval) -> Test:
        p0, q0 = null_vectors(follower.jacobian(interval.left.point))

        def test(y: np.ndarray) -> float:
            return _second(follower, y, *_aligned_null_vectors(follower, y, p0, q0))

        return test

    return make


def _fold_product(follower: Follower) -> Callable[[Interval], Test]:
    def make(interval: Interval) -> Test:
        p0, q0 = null_vectors(follower.jacobian(interval.left.point))

        def test(y: np.ndarray) -> float:
            p, q = _aligned_null_vectors(follower, y, p0, q0)
            return float(p @ q)

        return test

    return make


def _hopf_events(follower: Follower, trace: Trace) -> Iterator[Found]:
    growth = np.array([_lyapunov(follower, y) for y in trace.points])
    yield from _sign_changes(
        follower, trace, growth, "GH", lambda _: lambda y: _lyapunov(follower, y)
    )
    yield from _other_crossings(follower, trace, critical=2)
    last = len(trace.points) - 1
    for reason, index in ((trace.start, 0), (trace.end, last)):
        if reason == BOUND and abs(trace.points[index, -1]) < 1e-9:
            yield (max(index - 1, 0), 0.0), ("BT", trace.points[index])


def _lyapunov(follower: Follower, y: np.ndarray) -> float:
    """Re c1 along a Hopf curve; positive infinity is never met because omega > 0 inside it."""
    omega = float(np.sqrt(max(y[-1] * follower.scale[-1], 0.0)))
    if omega < 1e-6:
        return np.nan
    model, x = follower.at(y), follower.state(y)
    a, forms = model.jacobian(x), MultilinearForms.from_model(model, x)
    return normal_forms.hopf(a, forms, omega)["re_c1"]


def _sign_changes(
    follower: Follower, trace: Trace, values: np.ndarray, label: str,
    make: Callable[[Interval], Test],
) -> Iterator[Found]:  # fmt: skip
    changes = set(np.flatnonzero(values[:-1] * values[1:] < 0).tolist())
    for k, interval in enumerate(intervals(trace)):
        if k in changes:
            test = make(interval)
            y = locate(follower, interval, test)
            # A pole (of a normal form, at ZH or BT points) changes sign as well.
            if y is not None and abs(test(y)) < min(abs(values[k]), abs(values[k + 1])):
                yield (k, _fraction(interval, y)), (label, y)


def _fraction(interval: Interval, y: np.ndarray) -> float:
    chord = interval.right.point - interval.left.point
    return float(chord @ (y - interval.left.point) / (chord @ chord))


def _other_crossings(follower: Follower, trace: Trace, critical: int) -> Iterator[Found]:
    """ZH and HH: eigenvalues other than the critical ones that reach the axis."""
    suspicious = set(turning_back(trace).tolist())
    classify = _other_classifier(follower, critical)
    for interval in intervals(trace):
        looked = classify
        if interval.index in suspicious and not classify(interval):
            looked = looking_inside(classify, interval)
        for piece, kind in isolate(follower, interval, looked):
            y = _locate_other(follower, piece, critical) if kind != "suspect" else None
            found = (kind, y) if y is not None else ("suspect", piece.right.point)
            yield (interval.index, _fraction(interval, found[1])), found


def _others(follower: Follower, interval: Interval, critical: int) -> Interval:
    """An interval with the eigenvalues that are not the curve's own critical ones.

    They are matched among themselves: another pair of the same frequency, as that of a second unit,
    may not be taken for the critical one.
    """
    before, after = (
        _noncritical(follower, end, critical) for end in (interval.left, interval.right)
    )
    after = after[matching(before, after)]
    return replace(
        interval,
        left=replace(interval.left, eigenvalues=before),
        right=replace(interval.right, eigenvalues=after),
    )


def _noncritical(follower: Follower, end: End, critical: int) -> np.ndarray:
    """The eigenvalues that are not the curve's own: zero, or a pair."""
    spectrum, own = end.eigenvalues, [0.0]
    if critical == 2:
        omega = np.sqrt(max(end.point[-1] * follower.scale[-1], 0.0))
        own = [1j * omega, -1j * omega]
    for value in own:
        spectrum = np.delete(spectrum, np.argmin(np.abs(spectrum - value)))
    return spectrum


def _other_classifier(follower: Follower, critical: int) -> Callable[[Interval], list[str]]:
    def classify(interval: Interval) -> list[str]:
        others = _others(follower, interval, critical)
        columns = others.crossings()
        before, after = others.left.eigenvalues[columns], others.right.eigenvalues[columns]
        if np.any((before.imag != 0) != (after.imag != 0)):
            return ["mixed"]
        pairs, reals = int(np.sum(before.imag > 0)), int(np.sum(before.imag == 0))
        if critical == 1:
            # A real eigenvalue through zero on a fold curve is its BT test, not a second event.
            return ["ZH"] * pairs
        return ["HH"] * pairs + ["ZH"] * reals

    return classify


def _locate_other(follower: Follower, interval: Interval, critical: int) -> np.ndarray | None:
    others = _others(follower, interval, critical)
    columns = others.crossings()
    rotating = [c for c in columns if others.left.eigenvalues[c].imag > 0]
    column = rotating[0] if rotating else columns[0]
    start, end = others.left.eigenvalues[column], others.right.eigenvalues[column]
    return locate(
        follower, interval, lambda y: follow_eigenvalue(follower, interval, y, start, end).real
    )
