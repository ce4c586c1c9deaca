"""Following one curve of a model: the Python face of the compiled predictor-corrector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from continuation.engine.predictor_corrector import (
    BOUND,
    CLOSED,
    DOMAIN,
    INTERRUPTED,
    MAX_POINTS,
    STEP_MIN,
    follow,
    newton,
    tangent_at,
)
from continuation.engine.problems import Problem
from continuation.engine.settings import Settings
from dynsys.compiled.kernels import no_second_derivatives
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

SWITCHED = -1  # of halves that leave from a branch point; the compiled loop never ends so
REASONS = {
    SWITCHED: "starts at a branch point",
    BOUND: "reached the end of the span",
    MAX_POINTS: "reached max_points; raise Settings.max_points to go on",
    STEP_MIN: "the step fell below step_min: Newton no longer converges here",
    DOMAIN: "left the domain of a table",
    CLOSED: "closed curve: returned to its start",
    INTERRUPTED: "interrupted; everything computed is kept",
}
_CHUNK = 500  # points between two looks at the keyboard
_SAME = 1e-11  # scaled distance at which two successive points are one


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

    def arguments(self) -> tuple:
        """What every compiled function of the engine takes first."""
        compiled = self.model.compiled
        return (
            self.problem.evaluate, compiled.field, compiled.jacobian, compiled.tangent,
            compiled.jacobian_tangent if self.problem.second else no_second_derivatives,
            compiled.tables, self.parameters, self.free, self.scale,
            self.border,
        )  # fmt: skip

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
        first, *others = self.arguments()
        first(*others, np.ascontiguousarray(y), residual, matrix)
        return residual, matrix

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Scaled Jacobian (n, n) of the field at a point."""
        return self.evaluate(y)[1][: self.n, : self.n]

    def correct(self, y: np.ndarray, row: np.ndarray, level: float) -> np.ndarray | None:
        """Newton on the curve in the plane row . y = level; None where it fails."""
        y = y.copy()
        size = self.size
        work = (
            np.empty(size - 1), np.empty((size - 1, size)), np.empty((size, size)),
            np.empty(size, np.int64), np.empty(size),
        )  # fmt: skip
        s = self.settings
        done = newton(  # type: ignore[call-arg]
            *self.arguments(), y, np.ascontiguousarray(row), float(level),
            min(s.tolerance, 1e-11), 2 * s.max_newton, *work,
        )  # fmt: skip
        return y if done > 0 else None

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
        """Follow the curve in the direction of ``tangent`` until it ends."""
        settings = self.settings
        pieces: list[list[np.ndarray]] = []
        reason = MAX_POINTS
        point, direction = y, tangent
        eigenvalues = np.linalg.eigvals(self.jacobian(y)).astype(complex)
        _, sign = self.tangent(y, tangent)
        total, step = 1, settings.step if step is None else step
        first = (point, direction, eigenvalues, sign)
        while total < settings.max_points:
            arrays = self._allocate(min(_CHUNK, settings.max_points - total) + 1, first)
            try:
                count, reason, step = follow(  # type: ignore[call-arg]
                    self.problem.evaluate, self.problem.refresh, *self.arguments()[1:8],
                    self.model.compiled.domain, self.scale, self.border, step,
                    np.ascontiguousarray(y), np.ascontiguousarray(tangent), self.lower, self.upper,
                    settings.packed(), *arrays,
                )  # fmt: skip
            except KeyboardInterrupt:
                reason = INTERRUPTED
                break
            points, tangents, reals, imaginaries, signs = arrays
            spectra = reals[:count] + 1j * imaginaries[:count]
            skip = 1 if pieces else 0
            pieces.append([a[skip:count] for a in (points, tangents, spectra, signs)])
            total += count - 1
            if reason != MAX_POINTS:
                break
            last = count - 1
            first = (points[last], tangents[last], spectra[last], signs[last])
        if not pieces:
            pieces.append([np.array([a]) for a in first])
        arrays = tuple(np.concatenate(group) for group in zip(*pieces, strict=True))
        if len(arrays[0]) > 1 and np.linalg.norm(arrays[0][-1] - arrays[0][-2]) < _SAME:
            arrays = tuple(a[:-1] for a in arrays)  # the curve already stood on the bound
        points, tangents, spectra, signs = arrays
        return Trace(points, tangents, spectra, signs, MAX_POINTS, reason, (np.nan, float(step)))

    def _allocate(self, capacity: int, first: tuple) -> tuple[np.ndarray, ...]:
        point, direction, eigenvalues, sign = first
        points, tangents = np.empty((2, capacity, self.size))
        reals, imaginaries = np.empty((2, capacity, self.n))
        signs = np.empty(capacity)
        points[0], tangents[0], signs[0] = point, direction, sign
        reals[0], imaginaries[0] = eigenvalues.real, eigenvalues.imag
        return points, tangents, reals, imaginaries, signs

    def both_directions(self, y: np.ndarray, tangent: np.ndarray) -> Trace:
        """Follow a curve to both sides of a point; the result runs along ``tangent``."""
        border = self.border.copy()
        forward = self.follow(y, tangent)
        if forward.end == CLOSED:
            return replace(forward, start=CLOSED)
        self.border[:] = border
        return join(self.follow(y, -tangent).reversed(), forward)


def join(before: Trace, after: Trace) -> Trace:
    """Two halves that meet in ``after``'s first point; eigenvalue columns stay tracked."""
    columns = _matching(before.eigenvalues[-1], after.eigenvalues[0])
    return Trace(
        np.concatenate([before.points[:-1], after.points]),
        np.concatenate([before.tangents[:-1], after.tangents]),
        np.concatenate([before.eigenvalues[:-1], after.eigenvalues[:, columns]]),
        np.concatenate([before.signs[:-1], after.signs]),
        before.start,
        after.end,
        (before.steps[0], after.steps[1]),
    )


def _matching(old: np.ndarray, new: np.ndarray) -> np.ndarray:
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
    if len(parameters) != 2 or len(set(parameters)) != 2:
        raise ModelError(f"parameters is {parameters!r}; give two different parameter names")
    result = {}
    for name in parameters:
        model.parameter_index(name)
        value = model.parameters[name]
        reach = 2 * max(abs(value), 1.0)
        given = (spans or {}).get(name, (value - reach, value + reach))
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
        low, high = (float(end) for end in span)
    except (TypeError, ValueError):
        raise ModelError(f"the span of {name} is {span!r}; give two numbers (low, high)") from None
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ModelError(f"the span of {name} is ({low}, {high}); both ends must be finite")
    if not low < high:
        kind = "empty" if low == high else "reversed"
        raise ModelError(
            f"the span of {name} is {kind}: ({low:g}, {high:g}); give (low, high) with low < high"
        )
    return low, high
