"""Lines on which the word for a stable equilibrium changes although nothing bifurcates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from shapely.geometry import LineString, Point

from continuation.diagrams.names import borders, naming_observable
from continuation.diagrams.paths import Axis, position, values_at
from continuation.steady_states.branch import Branch
from dynsys.vector_field import VectorField

LONGEST, SHORTEST = 0.02, 1e-5  # steps along a line, in units of the plane and of the states
MOST = 1000  # steps to one side
OUTSIDE = 0.02  # how far beyond the plane a line is followed: it is to cross its edge
_KNOWN = 2e-3  # distance of a start from a line that is known, in units of the plane,
_ALIKE = 0.1  # and of the scaled states there
_CLOSE = 1e-9  # last change of the unknowns by Newton's method, which has
_ITERATIONS = 8


class _Level(NamedTuple):
    """Equilibria of a plane at which an observable has a value.

    A point is y (n + 2,): the scaled state and the place in units of the plane.
    """

    model: VectorField
    axes: tuple[Axis, Axis]
    observable: str
    value: float

    @property
    def name(self) -> str:
        """The level, as the name of a boundary."""
        return f"{self.observable} = {self.value:g} (no bifurcation)"

    def at(self, y: np.ndarray) -> tuple[VectorField, np.ndarray]:
        """The model and the state (n,) of a point."""
        here = self.model.with_parameters(**values_at(y[-2:], self.axes))
        return here, y[:-2] * self.model.scales

    def residual(self, y: np.ndarray) -> np.ndarray:
        """What vanishes: the scaled field and the distance from the level (n + 1,)."""
        here, x = self.at(y)
        size = max(abs(self.value), 1e-9)
        observed = (here.observe(x)[self.observable] - self.value) / size
        return np.append(here.rhs(x) / here.scales, observed)

    def slopes(self, y: np.ndarray) -> np.ndarray:
        """Derivatives (n + 1, n + 2) of the residual; those of the observable by differences, which
        only turn the way to a point."""
        here, x = self.at(y)
        n, scale, before = len(x), here.scales, self.residual(y)[-1]
        result = np.zeros((n + 1, n + 2))
        result[:n, :n] = here.jacobian(x) * scale[None, :] / scale[:, None]
        for k, (name, low, high) in enumerate(self.axes):
            result[:n, n + k] = here.parameter_derivative(x, name) / scale * (high - low)
        for k in (*range(len(here.states)), n, n + 1):
            moved = y.copy()
            moved[k] += 1e-6
            result[n, k] = (self.residual(moved)[-1] - before) / 1e-6
        return result

    def is_stable(self, y: np.ndarray) -> bool:
        """Whether the equilibrium of a point is."""
        here, x = self.at(y)
        return bool(np.max(np.linalg.eigvals(here.jacobian(x)).real) < 0)


class Threshold(NamedTuple):
    """A ``line`` in units of the plane on which the word for a stable equilibrium changes, with the
    ``name`` of such a boundary; ``points`` (k, n + 2) hold the scaled states and the places."""

    name: str
    line: LineString
    points: np.ndarray


def thresholds(
    model: VectorField, x: Axis, y: Axis, lines: Sequence[Branch]
) -> list[Threshold]:  # fmt: skip
    """All lines on which ``model.attractors`` changes its word for a stable equilibrium.

    1. Between two stable points of a scan line one of whose observables lies below a border of the
       words, one above, Newton's method finds the equilibrium at the border.
    2. From there the line is followed both ways (pseudo-arclength) until it has left the plane, or
       the equilibrium is unstable: at a fold it touches the boundary, at a Hopf curve it crosses.

    Example
    -------
    >>> [line.line.length for line in thresholds(model, x, y, diagram.lines)]
    """
    found: list[Threshold] = []
    for border in borders(model):
        level = _Level(model, (x, y), naming_observable(model), border)
        mine: list[Threshold] = []
        for guess, free in _crossings(level, lines):
            start = _corrected(level, guess, np.eye(len(guess))[free])
            if start is None or not level.is_stable(start) or _is_known(start, mine):
                continue
            points = _followed(level, start)
            if len(points) > 1:
                mine.append(Threshold(level.name, LineString(points[:, -2:]), points))
        found += mine
    return found


def _crossings(level: _Level, lines: Sequence[Branch]) -> Iterator[tuple[np.ndarray, int]]:
    """Guesses (n + 2,) of points at the level on scan lines, with the unknown that stays there."""
    for line in lines:
        values, stable = line.data[level.observable].values, line.data["stable"].values
        above, piece = values > level.value, line.data["piece"].values
        steps = (above[1:] != above[:-1]) & stable[1:] & stable[:-1] & (piece[1:] == piece[:-1])
        free = line.parameters[0]
        states, at = line.states() / level.model.scales, dict(line.model.parameters)
        for k in np.flatnonzero(steps):
            part = (level.value - values[k]) / (values[k + 1] - values[k])
            ahead = line.data[free].values[k : k + 2]
            place = position({**at, free: ahead[0] + part * (ahead[1] - ahead[0])}, level.axes)
            state = states[k] + part * (states[k + 1] - states[k])
            yield np.append(state, place), -1 if free == level.axes[0][0] else -2


def _is_known(start: np.ndarray, known: Sequence[Threshold]) -> bool:
    """Whether a line found before runs through a point."""
    for threshold in known:
        if threshold.line.distance(Point(start[-2:])) < _KNOWN:
            distance = np.max(np.abs(threshold.points[:, -2:] - start[-2:]), axis=1)
            nearest = threshold.points[int(np.argmin(distance))]
            if np.max(np.abs(nearest - start)[:-2]) < _ALIKE:
                return True
    return False


def _followed(level: _Level, start: np.ndarray) -> np.ndarray:
    """The points (k, n + 2) of a line to both sides of one."""
    ahead = np.linalg.svd(level.slopes(start))[2][-1]
    before, after = (_one_way(level, start, side * ahead) for side in (-1.0, 1.0))
    return np.array([*before[::-1], start, *after])


def _one_way(level: _Level, y: np.ndarray, ahead: np.ndarray) -> list[np.ndarray]:
    points: list[np.ndarray] = []
    first, step = y, LONGEST / 4
    while len(points) < MOST:
        moved = _corrected(level, y + step * ahead, ahead)
        if moved is None or (moved - y) @ ahead < 0.5 * np.linalg.norm(moved - y):
            step /= 2
            if step < SHORTEST:
                break
            continue
        ahead = (moved - y) / np.linalg.norm(moved - y)
        y = moved
        points.append(y)
        inside = np.all((y[-2:] > -OUTSIDE) & (y[-2:] < 1 + OUTSIDE))
        closed = len(points) > 3 and np.linalg.norm(y - first) < step
        if not inside or closed or not level.is_stable(y):
            break
        step = min(1.5 * step, LONGEST)
    return [*points, first] if len(points) > 3 and closed else points


def _corrected(level: _Level, y: np.ndarray, ahead: np.ndarray) -> np.ndarray | None:
    """The point at the level in the plane through y across ``ahead``; None where Newton fails."""
    start = y
    for _ in range(_ITERATIONS):
        residual = np.append(level.residual(y), (y - start) @ ahead)
        slopes = np.vstack([level.slopes(y), ahead])
        if not (np.all(np.isfinite(residual)) and np.all(np.isfinite(slopes))):
            return None
        try:
            change = np.linalg.solve(slopes, -residual)
        except np.linalg.LinAlgError:
            return None
        y = y + change
        if np.max(np.abs(change)) < _CLOSE:
            return y
    return None
