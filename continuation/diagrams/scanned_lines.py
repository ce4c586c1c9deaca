"""Scan lines and boundaries as arrays, in units of the plane."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon

from continuation.cycles.curves import CycleCurve
from continuation.diagrams.paths import Axis
from continuation.diagrams.reach import is_reached
from continuation.steady_states.branch import Branch


def arms(line: Branch) -> list[tuple[int, int]]:
    """First points and ends of the stretches of a scan line between its folds, and its pieces."""
    value, piece = line.data[line.parameters[0]].values, line.data["piece"].values
    ahead = np.diff(value) > 0
    turns = np.flatnonzero((ahead[1:] != ahead[:-1]) & (piece[2:] == piece[:-2])) + 1
    breaks = np.flatnonzero(np.diff(piece)) + 1
    edges = np.unique([0, *turns.tolist(), *breaks.tolist(), len(value)])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def walls(curves: Sequence[Branch | CycleCurve], axes: Sequence[Axis]) -> np.ndarray:
    """The straight pieces (m, 2, 2) of all boundaries in units of the plane."""
    pieces = [np.empty((0, 2, 2))]
    for curve in curves:
        row = np.column_stack(
            [(curve.data[k].values - low) / (high - low) for k, low, high in axes]
        )
        pieces.append(np.stack([row[:-1], row[1:]], axis=1))
    return np.concatenate(pieces)


def line_positions(line: Branch, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Positions (k, 2) of a scan line's points in units of the plane."""
    columns = [
        (line.data[name].values if name in line.parameters
         else np.full(len(line), line.model.parameters[name]))
        for name, _, _ in axes
    ]  # fmt: skip
    return np.column_stack(
        [(c - low) / (high - low) for c, (_, low, high) in zip(columns, axes, strict=True)]
    )


def most_at_rest(
    lines: Sequence[Branch], positions: Sequence[np.ndarray], inner: Polygon
) -> tuple[int, np.ndarray]:
    """How many stretches of one scan line are stable side by side inside a face, at most, and a
    place (2,) in the middle of where they are. ``positions`` (k, 2) are those of the lines."""
    best, place, width = 0, np.empty(0), 0.0
    for line, at in zip(lines, positions, strict=True):
        inside = line.data["stable"].values & shapely.contains_xy(inner, at)
        inside &= is_reached(line.model, line.states())
        if not inside.any():
            continue
        along = at[:, int(np.argmax(np.ptp(at, axis=0)))]
        spans = []
        for first, last in arms(line):
            mine = first + np.flatnonzero(inside[first:last])
            parts = np.split(mine, np.flatnonzero(np.diff(mine) > 1) + 1) if len(mine) else []
            spans += [(along[part].min(), along[part].max()) for part in parts]
        edges = np.unique(spans)
        for low, high in itertools.pairwise(edges.tolist()):
            count = sum(a <= low and high <= b for a, b in spans)
            if (count, high - low) > (best, width):
                best, width = count, float(high - low)
                place = at[inside][np.argmin(np.abs(along[inside] - (low + high) / 2))]
    return best, place
