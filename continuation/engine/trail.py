"""A curve while it is followed: its points so far, and as plain data to go on from."""

from __future__ import annotations

from typing import Any

import numpy as np

from continuation.engine.predictor_corrector import MAX_POINTS, Path

_SAME = 1e-11  # scaled distance at which two successive points are one
First = tuple[np.ndarray, np.ndarray, np.ndarray, float]


class Trail:
    """Points, tangents, eigenvalues and signs, in pieces; ``reason`` and ``step`` as the compiled
    loop left them."""

    def __init__(self, first: First, step: float) -> None:
        self.pieces = [tuple(np.array([a]) for a in first)]
        self.reason, self.step, self.total = MAX_POINTS, step, 1

    def allocate(self, capacity: int) -> Path:
        """Room for more points, behind the last one."""
        point, tangent, eigenvalues, sign = (column[-1] for column in self.pieces[-1])
        points, tangents = np.empty((2, capacity, len(point)))
        reals, imaginaries = np.empty((2, capacity, len(eigenvalues)))
        signs = np.empty(capacity)
        points[0], tangents[0], signs[0] = point, tangent, sign
        reals[0], imaginaries[0] = eigenvalues.real, eigenvalues.imag
        return Path(points, tangents, reals, imaginaries, signs)

    def add(self, path: Path, count: int, reason: int, step: float) -> None:
        """The points that were made behind the first row."""
        spectra = path.reals[1:count] + 1j * path.imaginaries[1:count]
        if count > 1:
            rest = (path.points[1:count], path.tangents[1:count], spectra, path.signs[1:count])
            self.pieces.append(rest)
        self.reason, self.step, self.total = reason, step, self.total + count - 1

    def columns(self) -> tuple[np.ndarray, ...]:
        """Points, tangents, eigenvalues and signs of all points."""
        if len(self.pieces) > 1:
            joined = tuple(np.concatenate(group) for group in zip(*self.pieces, strict=True))
            self.pieces = [joined]
        return self.pieces[0]

    def ended(self) -> tuple[np.ndarray, ...]:
        """The columns, without a last point that stood on the bound already."""
        columns = self.columns()
        points = columns[0]
        if len(points) > 1 and np.linalg.norm(points[-1] - points[-2]) < _SAME:
            return tuple(a[:-1] for a in columns)
        return columns

    def plain(self) -> list[Any]:
        """The trail as plain data."""
        return [list(self.columns()), self.reason, float(self.step)]

    @classmethod
    def again(cls, content: list[Any]) -> Trail:
        """The trail that ``plain`` described."""
        columns, reason, step = content
        trail = cls(tuple(column[-1] for column in columns), step)
        trail.pieces = [tuple(columns)]
        trail.reason, trail.total = reason, len(columns[0])
        return trail
