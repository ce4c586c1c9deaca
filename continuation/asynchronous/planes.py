"""Exact Hopf curves of the asynchronous state in a plane whose fixed points are known on lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.progress import track

from continuation.asynchronous.hopf_curves import hopf_curve
from continuation.asynchronous.hopf_points import on_branch
from continuation.asynchronous.network import network_behind
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

LINES = 4  # scan lines in each direction: a closed curve between two of them is missed
_NEAR = 0.01  # distance in units of the plane at which a point lies on a curve


def asynchronous_curves(
    model: VectorField,
    spans: dict[str, tuple[float, float]],
    lines: Sequence[Branch],
    progress: bool = False,
) -> tuple[Branch, ...]:
    """Every Hopf curve of the asynchronous state that crosses one of some scan lines.

    Parameters
    ----------
    spans : of the plane's two parameters.
    lines : branches of equilibria along either, of which ``LINES`` of each direction are used.

    Raises
    ------
    ModelError for another model than ``aln()``.
    """
    network_behind(model)
    curves: list[Branch] = []
    chosen = list(_spread(spans, lines))
    for line in track(chosen, description="asynchronous states", disable=not progress):
        for point in on_branch(line):
            if not any(_lies_on(curve, point, spans) for curve in curves):
                names = tuple(spans)
                curves.append(hopf_curve(point, (names[0], names[1]), spans))
    return tuple(curves)


def check_plane(model: VectorField, y: object) -> None:
    """ModelError where no such curves can be drawn: before the minutes that a diagram takes."""
    network_behind(model)
    if y is None:
        raise ModelError(
            "asynchronous=True draws curves in a plane: give y, or ask for "
            "asynchronous_state.hopf_points(model, parameter, span)"
        )


def _spread(spans: dict[str, tuple[float, float]], lines: Sequence[Branch]) -> Iterator[Branch]:
    """Lines of each direction, evenly spread over the plane."""
    names = list(spans)
    for free, other in (names, names[::-1]):
        several = [line for line in lines if line.parameters == (free,)]
        several.sort(key=lambda line: line.model.parameters[other])
        picked = np.unique(np.linspace(0, len(several) - 1, min(LINES, len(several))).round())
        yield from (several[int(k)] for k in picked)


def _lies_on(curve: Branch, point: SpecialPoint, spans: dict[str, tuple[float, float]]) -> bool:
    """Whether a point lies between two points of a curve, rates included."""
    columns = [curve.data[k].values / (high - low) for k, (low, high) in spans.items()]
    place = [point.parameters[k] / (high - low) for k, (low, high) in spans.items()]
    columns.append(np.log(curve.data["r_E"].values) / 10)
    place.append(float(np.log(point.observables["r_E"])) / 10)
    points, at = np.stack(columns, axis=1), np.array(place)
    chord = np.diff(points, axis=0)
    square = np.maximum(np.sum(chord**2, axis=1), 1e-300)
    share = np.clip(np.sum((at - points[:-1]) * chord, axis=1) / square, 0, 1)
    distance = np.linalg.norm(points[:-1] + share[:, None] * chord - at, axis=1)
    return bool(np.min(distance, initial=np.inf) < _NEAR)
