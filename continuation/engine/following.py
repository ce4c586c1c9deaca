"""Following one curve of a model: the Python face of the compiled predictor-corrector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from continuation.engine.breaks import break_between
from continuation.engine.columns import OF_BRANCHES, check_apart
from continuation.engine.field import field_of
from continuation.engine.predictor_corrector import (
    BOUND,
    CLOSED,
    DOMAIN,
    INTERRUPTED,
    MAX_POINTS,
    STEP_MIN,
    Bounds,
    Control,
    Curve,
    Origin,
    Plane,
    follow,
    newton,
    tangent_at,
    vanishes,
    workspace,
)
from continuation.engine.problems import Problem
from continuation.engine.settings import Settings
from continuation.engine.trail import Trail
from dynsys import checks
from dynsys.errors import ModelError
from dynsys.interruption import Pace
from dynsys.journal import Checkpoint, key, part_is_wanted
from dynsys.vector_field import VectorField

# What the compiled loop does not say: of halves that leave from a branch point, and of ends where
# Newton no longer converges since the field ends, jumps or bends there.
SWITCHED, EDGE, AT_JUMP, AT_BEND = -1, -2, -3, -4
REASONS = {
    SWITCHED: "starts at a branch point",
    BOUND: "reached the end of the span",
    MAX_POINTS: "reached max_points; raise Settings.max_points to go on",
    STEP_MIN: "the step fell below step_min: Newton no longer converges here",
    EDGE: "reached the edge where the field ends: beyond, a root, a logarithm or a quotient has no "
    "value",
    AT_JUMP: "the field jumps here: states that the jump holds are not followed",
    AT_BEND: "the slope of the field jumps or is infinite here: Newton no longer converges",
    DOMAIN: "left the domain of a table",
    CLOSED: "closed curve: returned to its start",
    INTERRUPTED: "interrupted; everything computed is kept",
}
_BEYOND = 1e-3  # scaled distance behind an end at which the field is looked for
_STEEP = 1e3  # ratio of slopes at an end and that far before it, from which they are infinite
_FIRST, _CHUNK = 20, 500  # points between two looks at the keyboard: at first, and at most


@dataclass(frozen=True)
class Trace:
    """A followed curve in scaled variables: rows are points.

    ``points``, ``tangents`` (k, N + 1); ``eigenvalues`` (k, n) complex, columns tracked from point
    to point; ``signs`` (k,) of the bordered determinant; ``start``/``end`` say why it stopped,
    ``steps`` how far the next step at either end would have gone (nan: unknown).
    """

    points: np.ndarray
    tangents: np.ndarray
    eigenvalues: np.ndarray
    signs: np.ndarray
    start: int
    end: int
    steps: tuple[float, float] = (np.nan, np.nan)

    def reversed(self) -> Trace:
        """The same curve the other way round."""
        return Trace(
            self.points[::-1], -self.tangents[::-1], self.eigenvalues[::-1], -self.signs[::-1],
            self.end, self.start, self.steps[::-1],
        )  # fmt: skip


class Follower:
    """One problem of one model in given free parameters, with scaling and bounds.

    Parameters
    ----------
    spans : free parameter name -> (low, high), in the order of the unknowns.
    extra_scale : scale of the problem's extra unknown (omega squared of Hopf points).
    """

    def __init__(
        self,
        model: VectorField,
        problem: Problem,
        spans: Mapping[str, tuple[float, float]],
        settings: Settings,
        extra_scale: float = 1.0,
    ) -> None:
        self.model, self.problem, self.settings = model, problem, settings
        self.names = tuple(spans)
        check_apart(model.name, [*model.states, *model.observables, *spans], OF_BRANCHES)
        self.spans = dict(spans)
        self.n = model.compiled.n
        self.free = np.array([model.parameter_index(name) for name in self.names], dtype=np.int64)
        limits = np.array([check_span(model, k, v) for k, v in spans.items()], dtype=float)
        half = (limits[:, 1] - limits[:, 0]) / 2
        self.scale = np.concatenate([model.scales, half, np.full(problem.extra, extra_scale)])
        anywhere = np.full(self.n, np.inf)
        least, most = (np.full(problem.extra, end) for end in (problem.least, problem.most))
        self.lower = np.concatenate([-anywhere, limits[:, 0] / half, least])
        self.upper = np.concatenate([anywhere, limits[:, 1] / half, most])
        self.border = np.zeros((problem.border_rows, self.n))
        self.parameters = model.parameter_array()
        self.size = len(self.scale)

    @property
    def curve(self) -> Curve:
        """The curve as the compiled functions of the engine take it."""
        second = self.problem.second
        field = field_of(self.model, self.parameters, self.free, self.scale, second)
        return Curve(self.problem.evaluate, field, self.border)

    def scaled(self, x: np.ndarray, *rest: float) -> np.ndarray:
        """Scaled unknowns from a state, the free parameters and extra unknowns."""
        return np.concatenate([x, rest]) / self.scale

    def state(self, y: np.ndarray) -> np.ndarray:
        """State (n,) of a point, in the model's units."""
        return y[: self.n] * self.scale[: self.n]

    def values(self, y: np.ndarray) -> dict[str, float]:
        """Free parameter values of a point."""
        block = slice(self.n, self.n + len(self.names))
        return dict(zip(self.names, (y[block] * self.scale[block]).tolist(), strict=True))

    def at(self, y: np.ndarray) -> VectorField:
        """The model with the parameter values of a point."""
        return self.model.with_parameters(**self.values(y))

    def evaluate(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residual (N,) and matrix (N, size) at a point."""
        count = self.n + self.problem.conditions
        residual, matrix = np.empty(count), np.empty((count, self.size))
        curve = self.curve
        curve.evaluate(curve.field, curve.border, np.ascontiguousarray(y), residual, matrix)
        return residual, matrix

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Scaled Jacobian (n, n) of the field at a point."""
        return self.evaluate(y)[1][: self.n, : self.n]

    def correct(self, y: np.ndarray, row: np.ndarray, level: float) -> np.ndarray | None:
        """Newton on the curve in the plane row . y = level; None where it fails, or at an edge."""
        y = y.copy()
        plane = Plane(np.ascontiguousarray(row), float(level))
        tolerance, most = min(self.settings.tolerance, 1e-11), 2 * self.settings.max_newton
        done = newton(self.curve, plane, y, tolerance, most, workspace(self.size))
        residual, matrix = self.evaluate(y)
        # At the edge of a root's or logarithm's domain derivatives are infinite: nothing leaves.
        good = done > 0 and np.all(np.isfinite(matrix)) and vanishes(self.n, residual, matrix, y)
        return y if good else None

    def solve(self, y: np.ndarray, iterations: int = 20) -> tuple[np.ndarray, float] | None:
        """Newton on a square problem (as many unknowns as equations): (point, residual) or None."""
        for _ in range(iterations):
            residual, matrix = self.evaluate(y)
            try:
                step = np.linalg.solve(matrix, -residual)
            except np.linalg.LinAlgError:
                return None
            if not np.all(np.isfinite(step)):
                return None
            y = y + step
            if np.max(np.abs(step)) < 1e-13:
                break
        else:
            if np.max(np.abs(step)) > 1e-9:
                return None
        return y, float(np.max(np.abs(self.evaluate(y)[0])))

    def tangent(self, y: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, float]:
        """Unit tangent along ``reference`` and the sign of the bordered determinant."""
        _, matrix = self.evaluate(y)
        size = self.size
        right = np.empty(size)
        sign = tangent_at(
            np.ascontiguousarray(matrix), np.ascontiguousarray(reference),
            np.empty((size, size)), np.empty(size, np.int64), right,
        )  # fmt: skip
        return right, sign

    def any_tangent(self, y: np.ndarray) -> np.ndarray:
        """A unit vector of the curve's direction, pointing to larger first parameter if it can."""
        _, matrix = self.evaluate(y)
        direction = np.linalg.svd(matrix)[2][-1]
        return direction if direction[self.n] >= 0 else -direction

    def follow(self, y: np.ndarray, tangent: np.ndarray, step: float | None = None) -> Trace:
        """Follow the curve in the direction of ``tangent`` until it ends.

        Ctrl-C ends it too, with what is there. What was stopped otherwise goes on from its last
        checkpoint (``dynsys.journal``).
        """
        settings, border = self.settings, self.border.copy()
        length = settings.step if step is None else step
        checkpoint = Checkpoint(lambda: self._key(y, tangent, length, border))
        trail = self._begun(checkpoint.last(), y, tangent, length)
        control = Control(
            settings.step_min, settings.step_max, settings.tolerance, int(settings.max_newton),
            settings.min_cosine,
        )  # fmt: skip
        bounds = Bounds(self.lower, self.upper, self.model.compiled.domain)
        origin = Origin(np.ascontiguousarray(y), np.ascontiguousarray(tangent))
        pace = Pace(_FIRST, _CHUNK)
        try:
            while trail.reason == MAX_POINTS and trail.total < settings.max_points:
                path = trail.allocate(min(pace.room(), settings.max_points - trail.total) + 1)
                begin, border = time.perf_counter(), self.border.copy()
                made = follow(
                    self.curve, self.problem.refresh, bounds, control, origin, trail.step, path
                )
                trail.add(path, *made)
                pace.made(made[0] - 1, time.perf_counter() - begin)
                checkpoint.keep(lambda: [self.border, trail.plain()])
        except KeyboardInterrupt:
            if not part_is_wanted():
                raise
            self.border[:], trail.reason = border, INTERRUPTED
        points, tangents, spectra, signs = trail.ended()
        if trail.reason == STEP_MIN:
            trail.reason = self._why_stuck(points, tangents[-1])
        ahead = (np.nan, float(trail.step))
        return Trace(points, tangents, spectra, signs, MAX_POINTS, trail.reason, ahead)

    def _why_stuck(self, points: np.ndarray, tangent: np.ndarray) -> int:
        """Why Newton does not go on from the last point, as far as the field beyond tells it."""
        y = points[-1]
        beyond = y + _BEYOND * tangent
        if not self._goes_on(beyond):
            return EDGE
        before = y - _BEYOND * tangent
        if break_between(lambda at: self.evaluate(at)[0][: self.n], before, beyond) is not None:
            return AT_JUMP
        if break_between(lambda at: self.jacobian(at).ravel(), before, beyond) is not None:
            return AT_BEND
        return AT_BEND if self._is_steep(points) else STEP_MIN

    def _is_steep(self, points: np.ndarray) -> bool:
        """Whether the slopes grew without end towards the last point."""
        apart = np.flatnonzero(np.max(np.abs(points - points[-1]), axis=1) > _BEYOND)
        if not len(apart):
            return False
        here, before = (np.max(np.abs(self.jacobian(y))) for y in (points[-1], points[apart[-1]]))
        return bool(here > _STEEP * before)

    def _goes_on(self, y: np.ndarray) -> bool:
        """Whether the field has a value at a point."""
        return all(np.all(np.isfinite(part)) for part in self.evaluate(y))

    def _begun(self, kept: Any, y: np.ndarray, tangent: np.ndarray, step: float) -> Trail:
        """The trail as an earlier call left it, the borders with it, or its first point."""
        if kept is not None:
            self.border[:], content = kept
            return Trail.again(content)
        eigenvalues = np.linalg.eigvals(self.jacobian(y)).astype(complex)
        return Trail((y, tangent, eigenvalues, self.tangent(y, tangent)[1]), step)

    def _key(self, y: np.ndarray, tangent: np.ndarray, step: float, border: np.ndarray) -> str:
        """A name for all that determines where the curve leads."""
        settings = asdict(self.settings)
        numbers = (self.model.parameter_array(), self.free, self.scale, self.lower, self.upper)
        names = (self.problem.name, self.model.compiled.folder.name)
        return key("curve", names, settings, step, *numbers, border, y, tangent)

    def both_directions(self, y: np.ndarray, tangent: np.ndarray) -> Trace:
        """Follow a curve to both sides of a point; the result runs along ``tangent``."""
        border = self.border.copy()
        forward = self.follow(y, tangent)
        if forward.end in (CLOSED, INTERRUPTED):
            ahead = (self.settings.step, forward.steps[1])
            return replace(forward, start=forward.end, steps=ahead)
        self.border[:] = border
        return join(self.follow(y, -tangent).reversed(), forward)


def join(before: Trace, after: Trace) -> Trace:
    """Two halves that meet in ``after``'s first point; eigenvalue columns stay tracked."""
    columns = matching(before.eigenvalues[-1], after.eigenvalues[0])
    return Trace(
        np.concatenate([before.points[:-1], after.points]),
        np.concatenate([before.tangents[:-1], after.tangents]),
        np.concatenate([before.eigenvalues[:-1], after.eigenvalues[:, columns]]),
        np.concatenate([before.signs[:-1], after.signs]),
        before.start,
        after.end,
        (before.steps[0], after.steps[1]),
    )


def matching(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Column of ``new`` nearest to each entry of ``old``, as a permutation."""
    return linear_sum_assignment(np.abs(old[:, None] - new[None, :]))[1]


def on_curves(follower: Follower, traces: Sequence[Trace], y: np.ndarray) -> bool:
    """Whether a point lies on a curve already followed."""
    for trace in traces:
        a, b = trace.points[:-1], trace.points[1:]
        chord = b - a
        square = np.maximum(np.sum(chord**2, axis=1), 1e-300)
        fraction = np.clip(np.sum((y - a) * chord, axis=1) / square, 0, 1)
        distance = np.linalg.norm(a + fraction[:, None] * chord - y, axis=1)
        for k in np.argsort(distance)[:2]:
            if distance[k] > 0.2 * np.sqrt(square[k]) + 1e-9:
                continue
            if distance[k] < 1e-7:
                return True
            near = follower.correct(
                a[k] + fraction[k] * chord[k], chord[k] / np.sqrt(square[k]),
                float(chord[k] @ y / np.sqrt(square[k])),
            )  # fmt: skip
            if near is not None and np.linalg.norm(near - y) < 1e-6:
                return True
    return False


def spans_around(
    model: VectorField,
    parameters: tuple[str, str],
    spans: Mapping[str, tuple[float, float]] | None,
) -> dict[str, tuple[float, float]]:
    """Spans of two parameters that hold a model's values; where none is given, twice the value's
    size to both sides."""
    pair = isinstance(parameters, (tuple, list)) and len(parameters) == 2
    if not pair or not all(isinstance(name, str) for name in parameters) or len({*parameters}) != 2:
        raise ModelError(f"parameters is {parameters!r}; give two different parameter names")
    spans = checks.mapping("spans", spans, "{'k': (0.0, 1.0)}")
    for name in spans:
        checks.known("free parameter", name, parameters, "this curve")
    result = {}
    for name in parameters:
        model.parameter_index(name)
        value = model.parameters[name]
        reach = 2 * max(abs(value), 1.0)
        given = spans.get(name, (value - reach, value + reach))
        low, high = check_span(model, name, given)
        if not low <= value <= high:
            raise ModelError(
                f"the point has {name} = {value:g}, outside the span ({low:g}, {high:g})"
            )
        result[name] = (low, high)
    return result


def check_span(model: VectorField, name: str, span: tuple[float, float]) -> tuple[float, float]:
    """Return a span as floats; ModelError where it is reversed, empty or not finite."""
    model.parameter_index(name)
    try:
        low, high = (checks.number("an end", end, finite=False) for end in span)
    except (TypeError, ValueError):
        raise ModelError(
            f"the span of {name} is {span!r}; give two numbers (low, high), both finite"
        ) from None
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ModelError(f"the span of {name} is ({low}, {high}); both ends must be finite")
    if not low < high:
        kind = "empty" if low == high else "reversed"
        raise ModelError(
            f"the span of {name} is {kind}: ({low:g}, {high:g}); give (low, high) with low < high"
        )
    return low, high
