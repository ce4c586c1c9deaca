"""Curves of a parameter plane as lines that meet where the mathematics says they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point, box

from continuation.cycles.curves import CycleCurve
from continuation.engine.following import CLOSED, REASONS, check_span
from continuation.steady_states.branch import Branch
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

EDGE = 1e-6  # distance, in units of the plane, at which a curve's end lies on the plane's edge
SAME = 2e-4  # two curves nearer to each other all along are one line: states that mirror each other
SHARP = 0.5  # cosine of an angle beyond which a curve turns back on itself
TIP = 6  # points from which the tip of such a turn is found
FAINT = 0.2  # largest range of a scaled state of a cycle about to vanish
NEAR_BIRTH = 0.05  # how far from its generalized Hopf point a curve of small cycles may end
# How far an end may lie from the curve it belongs to, across it and along its own direction: curves
# of equilibria end exactly on others, those of cycles where Newton's method gives up beside them.
REACH = {"equilibria": (1e-4, 1e-3), "cycles": (0.01, 0.03)}

Axis = tuple[str, float, float]


@dataclass(frozen=True)
class Path:
    """A curve in units of the plane. ``loose`` are its ends (0 or 1) that meet nothing."""

    name: str
    line: LineString
    loose: tuple[int, ...] = ()


def position(parameters: Mapping[str, float], axes: Sequence[Axis]) -> list[float]:
    """A point of the plane in its units."""
    return [(parameters[name] - low) / (high - low) for name, low, high in axes]


def values_at(place: Sequence[float] | np.ndarray, axes: Sequence[Axis]) -> dict[str, float]:
    """Parameter values of a place in units of the plane."""
    return {
        name: float(low + fraction * (high - low))
        for (name, low, high), fraction in zip(axes, place, strict=True)
    }


def paths_of(curves: Sequence[Branch | CycleCurve], x: Axis, y: Axis) -> list[Path]:
    """Every curve as a path, its ends led on to the curves that they belong to."""
    births = np.array(
        [position(p.parameters, (x, y)) for c in curves if isinstance(c, Branch)
         for p in c.points("GH")]
    ).reshape(-1, 2)  # fmt: skip
    rows = [_points(curve, x, y, births) for curve in curves]
    lines = [LineString(r) if len(r) > 1 else LineString() for r in rows]
    edge, result = box(0, 0, 1, 1).exterior, []
    for number, (curve, points) in enumerate(zip(curves, rows, strict=True)):
        kind = "equilibria" if isinstance(curve, Branch) else "cycles"
        others = shapely.union_all([edge, *lines[:number], *lines[number + 1 :]])
        loose: list[int] = []
        if any(line.buffer(SAME).covers(lines[number]) for line in lines[:number]):
            result.append(Path(f"{curve.kind} {number + 1}", LineString()))
            continue  # the image of another curve under a symmetry of the model
        for end in (0, 1) if len(points) > 1 and not _is_closed(points) else ():
            points, met = _joined(points, end, others, *REACH[kind])
            if not met:
                loose.append(end)
        if kind == "equilibria":
            points = _tips_joined(points, others, REACH[kind][0])
        line = LineString(points) if len(points) > 1 else LineString()
        result.append(Path(f"{curve.kind} {number + 1}", line, tuple(loose)))
    return result


def _is_closed(points: np.ndarray) -> bool:
    return bool(np.all(points[0] == points[-1]))


def _points(curve: Branch | CycleCurve, x: Axis, y: Axis, births: np.ndarray) -> np.ndarray:
    """Vertices (k, 2) in units of the plane, the codimension-two points among them.

    ``births`` (k, 2) are the generalized Hopf points, where curves of folds of cycles begin.
    """
    columns = [curve.data[x[0]].values, curve.data[y[0]].values]
    special: list[Any] = list(curve.special_points)
    for point in sorted(special, key=lambda p: p.index, reverse=True):
        at = point.index + 1
        for k, name in enumerate((x[0], y[0])):
            columns[k] = np.insert(columns[k], at, point.parameters[name])
    scaled = [(v - low) / (high - low) for v, (_, low, high) in zip(columns, (x, y), strict=True)]
    points = np.clip(np.column_stack(scaled), 0.0, 1.0)
    if isinstance(curve, Branch) and not special:
        points = _with_turns(points, curve.states() / curve.model.scales)
    if "homoclinic" in curve.kind or "fixed period" in curve.kind:
        points = _without_return(points)
    if curve.kind == "cycle fold curve":
        points = _with_births(curve, points, births)
    if curve.ended and REASONS[CLOSED] in curve.ended[0]:
        points[-1] = points[0]  # the last step led across the start
    for end in (0, -1):
        points[end] = np.where(points[end] < EDGE, 0.0, points[end])
        points[end] = np.where(points[end] > 1 - EDGE, 1.0, points[end])
    keep = np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])
    return points[keep]


def _with_turns(points: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Points (k, 2) of a curve with those at which it turns back on itself in the plane, as one of
    branch points does where its states pass their image under a symmetry: its steps, along states
    (k, n), pass over the tip."""
    steps = np.diff(points, axis=0)
    sizes = np.linalg.norm(steps, axis=1)
    turned = np.sum(steps[1:] * steps[:-1], axis=1) < -SHARP * sizes[1:] * sizes[:-1]
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(states, axis=0), axis=1))])
    for k in sorted((1 + np.flatnonzero(turned)).tolist(), reverse=True):
        near = slice(max(k - TIP // 2, 0), k + TIP // 2 + 1)
        s = way[near] - way[k]
        if len(s) <= TIP // 2 or s[0] == s[-1]:
            continue
        along = np.polynomial.Polynomial.fit(s, points[near, 0], len(s) - 1)
        across = np.polynomial.Polynomial.fit(s, points[near, 1], len(s) - 1)
        between = np.linspace(way[k - 1] - way[k], way[k + 1] - way[k], 2001)
        speed = along.deriv()(between) ** 2 + across.deriv()(between) ** 2
        at = between[int(np.argmin(speed))]
        tip = np.clip([along(at), across(at)], 0.0, 1.0)
        points = np.insert(points, k + int(at > 0), tip, axis=0)
    return points


def _with_births(curve: Any, points: np.ndarray, births: np.ndarray) -> np.ndarray:
    """A curve of folds whose cycles shrink to nothing is led on to the generalized Hopf point."""
    for end, orbit in ((0, curve.orbits[0]), (-1, curve.orbits[-1])):
        if len(births) and np.max(np.ptp(orbit.u, axis=0)) < FAINT:
            distance = np.linalg.norm(births - points[end], axis=1)
            k = int(np.argmin(distance))
            if distance[k] < NEAR_BIRTH:
                parts = [births[k : k + 1], points] if end == 0 else [points, births[k : k + 1]]
                points = np.concatenate(parts)
    return points


def _without_return(points: np.ndarray) -> np.ndarray:
    """A curve of long periods has two arms, large and small cycles, that run on top of each other:
    one of them is kept."""
    if len(points) < 4:
        return points
    for k in range(len(points) - 1, 2, -1):
        line = LineString(points[: k - 1])
        ahead = points[k]
        if line.distance(Point(ahead)) > 1e-4:
            return points[: k + 2]
    return points


def _joined(
    points: np.ndarray, end: int, others: Any, across: float, along: float
) -> tuple[np.ndarray, bool]:
    """The path led on from one end to what it nearly meets, and whether it meets anything."""
    ordered = points if end else points[::-1]
    tip = ordered[-1]
    if np.any(tip == 0.0) or np.any(tip == 1.0):
        return points, True
    distance = others.distance(Point(tip))
    target = None
    if distance <= across:
        target = shapely.shortest_line(others, Point(tip)).coords[0]
    else:
        chord = tip - ordered[-2]
        ahead = LineString([tip, tip + along * chord / np.linalg.norm(chord)])
        hit = ahead.intersection(others)
        if not hit.is_empty:
            target = shapely.shortest_line(hit, Point(tip)).coords[0]
    if target is None:
        return points, False
    if tuple(tip) == tuple(target):
        return points, True
    grown = np.concatenate([ordered, [target]])
    return (grown if end else grown[::-1]), True


def _tips_joined(points: np.ndarray, others: Any, across: float) -> np.ndarray:
    """Points (k, 2) of a curve whose tips, where it turns back, lie on what they nearly meet."""
    steps = np.diff(points, axis=0)
    back = np.sum(steps[1:] * steps[:-1], axis=1) < 0
    for k in sorted((1 + np.flatnonzero(back)).tolist(), reverse=True):
        if 0 < others.distance(Point(points[k])) <= across:
            target = shapely.shortest_line(others, Point(points[k])).coords[0]
            points = np.insert(points, k, target, axis=0)
    return points


def checked_axes(model: VectorField, *axes: Axis) -> dict[str, tuple[float, float]]:
    """Parameter and span of every axis; ModelError where one is none, or two are the same."""
    spans: dict[str, tuple[float, float]] = {}
    for axis in axes:
        if not isinstance(axis, (tuple, list)) or len(axis) != 3:
            raise ModelError(f"an axis is (parameter, low, high); got {axis!r}")
        name, low, high = axis
        if name in spans:
            raise ModelError(f"x and y are both {name!r}; give two different parameters")
        spans[name] = check_span(model, name, (low, high))
    return spans
