"""Scan lines and boundaries as arrays, in units of the plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from continuation.cycles.curves import CycleCurve
from continuation.diagrams.paths import Axis
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
