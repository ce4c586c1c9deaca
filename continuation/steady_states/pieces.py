"""Pieces of a branch of equilibria: their special points, their ends, what leaves from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from continuation.engine.following import (
    DOMAIN,
    INTERRUPTED,
    MAX_POINTS,
    REASONS,
    SWITCHED,
    Follower,
    Trace,
    join,
    on_curves,
)
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch_points import other_tangent
from continuation.steady_states.certificates import make_point
from continuation.steady_states.continua import continuum_at, field_size
from continuation.steady_states.degenerate import repeated_root
from continuation.steady_states.events import events
from continuation.steady_states.jumps import bend_at

MOST_PIECES = 40
_LEAVING = 1e-3  # scaled distance at which a second branch is met
_ANGLES = 24  # directions tried where several eigenvalues pass zero together
EARLY = {REASONS[MAX_POINTS], REASONS[INTERRUPTED]}  # ends that can be followed on


def located(follower: Follower, traces: list[Trace]) -> list[SpecialPoint]:
    """Special points of all pieces; branches that leave from branch points join ``traces``, unless
    an interruption has cut one off."""
    points: list[SpecialPoint] = []
    cut = any(INTERRUPTED in (trace.start, trace.end) for trace in traces)
    for number, trace in enumerate(traces):  # grows while branch points add pieces
        found = [_told(replace(p, piece=number)) for p in events(follower, trace)]
        found += [replace(p, piece=number) for p in _edges(follower, trace)]
        for point in found:
            if point.label == "BP" and len(traces) < MOST_PIECES and not cut:
                if not _repeated(point, points):
                    traces += _switched(follower, trace, point, traces)
        ambiguous = ("BP", "LP", "suspect")
        for point in found:
            if point.label not in ambiguous or not _repeated(point, points):
                points.append(point)
    return points


def _told(point: SpecialPoint) -> SpecialPoint:
    """A special point; on a bend of the field, of whose linear part it tells nothing, a suspect."""
    bent = point.label != "suspect" and bend_at(point.model, point.state) is not None
    return replace(point, label="suspect") if bent else point


def followed_on(follower: Follower, trace: Trace) -> Trace:
    """The trace continued at both ends, where they stopped early."""
    for _ in range(2):  # the end, then the start
        if REASONS[trace.end] in EARLY:
            last = trace.points[-1], trace.tangents[-1], trace.steps[1]
            trace = join(trace, follower.follow(*last))
        trace = trace.reversed()
    return trace


def trace_of(
    follower: Follower, piece: xr.Dataset, ended: tuple[str, str], steps: tuple[float, float]
) -> Trace:
    """A piece of a branch as it was followed; tangents are found again from its points."""
    rest = [piece[name].values for name in follower.names]
    points = np.column_stack([piece["coordinates"].values, *rest]) / follower.scale
    chords = np.gradient(points, axis=0)
    found = [follower.tangent(y, chord) for y, chord in zip(points, chords, strict=True)]
    spectra = piece["eigenvalue_real"].values + 1j * piece["eigenvalue_imag"].values
    start, end = (next(code for code, words in REASONS.items() if words == e) for e in ended)
    return Trace(
        points, np.array([t for t, _ in found]), spectra, np.array([s for _, s in found]),
        start, end, steps,
    )  # fmt: skip


def _repeated(point: SpecialPoint, points: list[SpecialPoint]) -> bool:
    """Whether a point is known, or is a branch point met again along its second branch."""
    name, near = point.free[0], 1e-5
    return any(
        p.label in (point.label, "BP")
        and np.max(np.abs((p.state - point.state) / point.model.scales)) < near
        and abs(p.parameters[name] - point.parameters[name]) < near
        for p in points
    )


def _edges(follower: Follower, trace: Trace) -> list[SpecialPoint]:
    """Ends at the edge of a table, as special points."""
    ends = [(trace.start, 0), (trace.end, -1)]
    result = []
    for reason, index in ends:
        if reason == DOMAIN:
            y = trace.points[index]
            residual = float(np.max(np.abs(follower.evaluate(y)[0])))
            point = make_point(follower, y, "B", None, residual)
            result.append(replace(point, index=index % len(trace.points)))
    return result


def _in_continuum(follower: Follower, y: np.ndarray) -> bool:
    """Whether a point beside a branch point has equilibria to its sides at the same parameters."""
    model = follower.at(y)
    away = _LEAVING / 2
    return continuum_at(model, follower.state(y), field_size(model), away) is not None


def _switched(
    follower: Follower, trace: Trace, point: SpecialPoint, traces: list[Trace]
) -> list[Trace]:
    """The second branch through a branch point, where it is not known yet."""
    y = follower.scaled(point.state, point.parameters[follower.names[0]])
    tangent = trace.tangents[point.index]
    halves: list[Trace] = []
    zeros = point.certificate.get("zeros", 1)
    for direction in _directions(follower, y, tangent, zeros):
        shifted = y + _LEAVING * direction
        start = follower.correct(shifted, direction, float(direction @ shifted))
        known = [*traces, *halves] if zeros > 1 else traces  # opposite halves are never the same
        if start is None or on_curves(follower, known, start):
            continue
        if zeros > 1 and _in_continuum(follower, start):  # as a circle that is born there
            continue
        if repeated_root(follower, start) is not None:  # it has no tangent
            continue
        along = follower.tangent(start, direction)[0]
        halves.append(replace(follower.follow(start, along), start=SWITCHED))
    return halves


def _directions(
    follower: Follower, y: np.ndarray, tangent: np.ndarray, zeros: int
) -> list[np.ndarray]:
    """Directions in which other branches may leave a branch point; where several eigenvalues are
    zero, some spread over the plane of the first two."""
    if zeros == 1:
        direction = other_tangent(follower, y, tangent)
        return [] if direction is None else [direction, -direction]
    _, matrix = follower.evaluate(y)
    plane = np.linalg.svd(matrix)[2][-1 - zeros :]
    across = plane - np.outer(plane @ tangent, tangent)
    first, second = np.linalg.svd(across)[2][:2]
    angles = 2 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    return [np.cos(a) * first + np.sin(a) * second for a in angles]
