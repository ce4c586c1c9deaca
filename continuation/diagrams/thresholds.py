"""Lines on which the word for a stable equilibrium changes although nothing bifurcates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import contourpy
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.diagrams.names import borders, level_name, naming_observable
from continuation.diagrams.paths import values_at
from continuation.steady_states.branch import Branch
from dynsys.vector_field import VectorField

COUNT = 41  # grid points in each direction of the plane
STRIDE = 4  # of them between those that are always asked

Axis = tuple[str, float, float]


def threshold_lines(
    model: VectorField, face: Polygon, x: Axis, y: Axis, lines: Sequence[Branch]
) -> list[LineString]:
    """Lines across a face, in units of the plane, on which ``model.attractors`` changes its word.

    The stable equilibrium is solved for on a grid around the face, from the nearest known one, and
    the level of its observable interpolated.
    """
    levels, observable = borders(model), naming_observable(model)
    if not levels:
        return []
    known, states = _stable_states(lines, x, y)
    inside = shapely.contains_xy(face.buffer(0.02), known) if len(known) else np.zeros(0, bool)
    if not inside.any():
        return []
    known, states = known[inside], states[inside]
    names = {
        level_name(model, model.observe(s)[observable])
        for s in states[:: max(1, len(states) // 60)]
    }
    low, high = face.bounds[:2], face.bounds[2:]
    if len(names) < 2:
        return []
    across = np.linspace(low[0], high[0], max(5, int(COUNT * (high[0] - low[0])) + 2))
    upward = np.linspace(low[1], high[1], max(5, int(COUNT * (high[1] - low[1])) + 2))
    near = face.buffer(1.5 / COUNT)

    def value(i: int, j: int) -> float:
        place = np.array([across[j], upward[i]])
        if not near.contains(shapely.Point(place)):
            return float("nan")
        start = states[int(np.argmin(np.sum((known - place) ** 2, axis=1)))]
        return _observed(model.with_parameters(**values_at(place, (x, y))), start, observable)

    values = _around_levels(value, (len(upward), len(across)), levels)
    generator = contourpy.contour_generator(across, upward, np.ma.masked_invalid(values))
    return [
        LineString(_prolonged(np.asarray(line)))
        for border in levels
        for line in generator.lines(border)
        if len(line) > 2
    ]


def _around_levels(
    value: Callable[[int, int], float], shape: tuple[int, int], levels: Sequence[float]
) -> np.ndarray:
    """Values on a grid around the level lines, nan elsewhere: all of every fourth row and column,
    the others where a level lies between the nearest of those, or beyond one without a value."""
    values = np.full(shape, np.nan)
    rows, columns = (np.unique([*range(0, count, STRIDE), count - 1]) for count in shape)
    for i in rows:
        for j in columns:
            values[i, j] = value(i, j)
    wanted = np.zeros(shape, bool)
    for i, i_next in itertools.pairwise(rows.tolist()):
        for j, j_next in itertools.pairwise(columns.tolist()):
            corners = values[[i, i, i_next, i_next], [j, j_next, j, j_next]]
            crossed = any(corners.min() <= level <= corners.max() for level in levels)
            if crossed or (np.isnan(corners).any() and not np.isnan(corners).all()):
                wanted[i : i_next + 1, j : j_next + 1] = True
    for i, j in zip(*np.nonzero(_widened(wanted) & np.isnan(values)), strict=True):
        values[i, j] = value(i, j)
    return values


def _widened(mask: np.ndarray) -> np.ndarray:
    """A mask with the places beside it: a line may bend across the edge of a cell."""
    padded = np.pad(mask, STRIDE // 2)
    shifts = range(STRIDE + 1)
    rows, columns = mask.shape
    return np.any([padded[a : a + rows, b : b + columns] for a in shifts for b in shifts], axis=0)


def _stable_states(lines: Sequence[Branch], x: Axis, y: Axis) -> tuple[np.ndarray, np.ndarray]:
    """Positions (k, 2) in units of the plane and states (k, n) of stable equilibria on lines."""
    places, states = [], []
    for line in lines:
        stable = np.flatnonzero(line.data["stable"].values)
        columns = [
            (line.data[k].values[stable] if k in line.parameters
             else np.full(stable.size, line.model.parameters[k]))
            for k in (x[0], y[0])
        ]  # fmt: skip
        places.append(
            np.column_stack(
                [(c - a[1]) / (a[2] - a[1]) for c, a in zip(columns, (x, y), strict=True)]
            )
        )
        states.append(line.states()[stable])
    if not places:
        return np.empty((0, 2)), np.empty((0, 0))
    return np.concatenate(places), np.concatenate(states)


def _observed(model: VectorField, start: np.ndarray, name: str) -> float:
    """The observable at the equilibrium Newton finds from a start; nan where it finds none."""
    state = start.copy()
    for _ in range(12):
        try:
            step = np.linalg.solve(model.jacobian(state), -model.rhs(state))
        except np.linalg.LinAlgError:
            break
        state = state + step
        if np.max(np.abs(step) / model.scales) < 1e-9:
            return float(model.observe(state)[name])
    return float("nan")


def _prolonged(line: np.ndarray) -> np.ndarray:
    """The line with both ends drawn out beyond the face."""
    first, last = line[0] - line[1], line[-1] - line[-2]
    reach = 3.0 / COUNT
    start = line[0] + reach * first / max(np.linalg.norm(first), 1e-12)
    end = line[-1] + reach * last / max(np.linalg.norm(last), 1e-12)
    return np.concatenate([[start], line, [end]])
