"""Codimension-two points of all curves of a diagram, each once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from continuation.engine.special_points import SpecialPoint, numbered


def distinct(points: Iterable[SpecialPoint]) -> tuple[SpecialPoint, ...]:
    """The points without those met again along another curve, numbered."""
    result: list[SpecialPoint] = []
    for point in points:
        scale = point.model.scales
        if not any(
            p.label == point.label
            and np.max(np.abs((p.state - point.state) / scale)) < 1e-5
            and all(abs(p.parameters[k] - point.parameters[k]) < 1e-6 for k in point.free)
            for p in result
        ):
            result.append(point)
    return numbered(result)
