"""Pseudo-arclength continuation with sparse matrices, for curves of many unknowns.

The inner product weighs states by their typical sizes and parameters by half their spans, as
``Settings`` says; what follows from them (arriving input, delayed values, modes) does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from continuation.engine.settings import Settings
from continuation.graphs.system import EquilibriumSystem
from dynsys.errors import DynsysError
from dynsys.journal import interrupted, part_is_wanted

BOUND = "edge of the span"
MAX_POINTS = "max_points reached"
STEP_MIN = "no solution found beyond: the step fell below step_min"
CLOSED = "closed curve"
INTERRUPTED = "interrupted"


class Step(NamedTuple):
    """A point of a curve: unknowns (M + 1,) and unit tangent."""

    y: np.ndarray
    tangent: np.ndarray


@dataclass
class SparseCurve:
    """A system's curve and how it is followed."""

    system: EquilibriumSystem
    settings: Settings

    def __post_init__(self) -> None:
        self.weight = 1.0 / self.system.scale**2  # 0 for what does not count
        self.count = len(self.system.parameters)

    def correct(
        self, y: np.ndarray, row: np.ndarray, level: float | None = None
    ) -> tuple[np.ndarray, int] | None:
        """Newton's method in the plane row . y = level (that of ``y`` by default)."""
        y, before = y.copy(), np.inf
        level = float(row @ y) if level is None else level
        for iteration in range(self.settings.max_newton):
            try:
                residual, matrix = self.system.evaluate(y)
                bordered = sparse.vstack([matrix, sparse.csr_array(row[None])], format="csc")
                step = splu(bordered).solve(np.append(-residual, level - row @ y))
            except (DynsysError, RuntimeError):  # parameters out of bounds; exactly singular
                return None
            size = float(np.max(np.abs(step) / self.system.sizes))
            if not np.isfinite(size) or size > max(1.0, 10 * before):
                return None
            y, before = y + step, size
            if size < self.settings.tolerance:
                return y, iteration + 1
        return None

    def tangent(self, y: np.ndarray, previous: np.ndarray) -> np.ndarray:
        """The unit tangent along ``previous``."""
        _, matrix = self.system.evaluate(y)
        row = previous * self.weight
        bordered = sparse.vstack([matrix, sparse.csr_array(row[None])], format="csc")
        found = splu(bordered).solve(np.append(np.zeros(matrix.shape[0]), 1.0))
        return found / np.sqrt(found @ (self.weight * found))

    def along_parameter(self, y: np.ndarray) -> np.ndarray:
        """The unit tangent in the direction of a growing first parameter."""
        unit = np.zeros(len(y))
        unit[-self.count] = 1.0
        return self.tangent(y, unit)

    def inside(self, y: np.ndarray) -> bool:
        values = y[-self.count :]
        return all(
            low <= value <= high
            for value, (low, high) in zip(values, self.system.spans, strict=True)
        )

    def follow(self, start: Step) -> tuple[list[Step], str]:
        """The curve from ``start`` along its tangent, without the start; and why it ended."""
        steps, length = [start], self.settings.step
        try:
            while len(steps) <= self.settings.max_points:
                if length < self.settings.step_min:
                    return steps[1:], STEP_MIN
                found = self._next(steps[-1], length)
                if found is None:
                    length /= 2
                    continue
                step, iterations = found
                if not self.inside(step.y):
                    last = self._at_bound(steps[-1], step)
                    return steps[1:] + ([last] if last is not None else []), BOUND
                steps.append(step)
                if len(steps) > 4 and self._closed(steps):
                    return steps[1:], CLOSED
                if iterations <= 3:
                    length = min(1.5 * length, self.settings.step_max)
        except KeyboardInterrupt:
            if not part_is_wanted():
                raise
            interrupted()
            return steps[1:], INTERRUPTED
        return steps[1:], MAX_POINTS

    def _next(self, last: Step, length: float) -> tuple[Step, int] | None:
        corrected = self.correct(last.y + length * last.tangent, last.tangent * self.weight)
        if corrected is None:
            return None
        y, iterations = corrected
        try:
            tangent = self.tangent(y, last.tangent)
        except RuntimeError:
            return None
        if tangent @ (self.weight * last.tangent) < self.settings.min_cosine:
            return None
        return Step(y, tangent), iterations

    def _at_bound(self, inside: Step, outside: Step) -> Step | None:
        """The point where the first parameter to leave its span does so."""
        best, at = 2.0, None
        for k, (low, high) in enumerate(self.system.spans):
            here, there = (s.y[k - self.count] for s in (inside, outside))
            for end in (low, high):
                if there != here and 0 <= (part := (end - here) / (there - here)) < best:
                    if there < low or there > high:
                        best, at = part, (k, end)
        if at is None or best == 0:
            return None
        row = np.zeros(len(inside.y))
        row[at[0] - self.count] = 1.0
        guess = inside.y + best * (outside.y - inside.y)
        found = self.correct(guess, row, at[1])
        return None if found is None else Step(found[0], self.tangent(found[0], inside.tangent))

    def _closed(self, steps: list[Step]) -> bool:
        first, before, now = steps[0], steps[-2], steps[-1]
        reach = self._length(now.y - before.y)
        near = max(self._length(first.y - before.y), self._length(first.y - now.y)) <= reach
        return near and bool(first.tangent @ (self.weight * now.tangent) > 0)

    def _length(self, difference: np.ndarray) -> float:
        return float(np.sqrt(difference @ (self.weight * difference)))
