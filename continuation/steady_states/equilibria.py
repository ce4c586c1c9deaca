"""``equilibria``: every branch of equilibria across a span of one parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from continuation.engine.following import (
    BOUND,
    DOMAIN,
    INTERRUPTED,
    MAX_POINTS,
    REASONS,
    SWITCHED,
    Follower,
    Trace,
    check_span,
    join,
    on_curves,
)
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, numbered
from continuation.steady_states.branch import Branch, make_dataset, reasons
from continuation.steady_states.branch_points import other_tangent
from continuation.steady_states.certificates import make_point
from continuation.steady_states.events import events
from continuation.steady_states.search import find_equilibria, refine_equilibrium
from dynsys.errors import ConvergenceError, ModelError
from dynsys.vector_field import VectorField

MOST_PIECES = 40


def equilibria(
    model: VectorField,
    parameter: str,
    span: tuple[float, float],
    start: Sequence[float] | np.ndarray | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    backend: str = "dynsys",
) -> Branch:
    """Follow the equilibria of a model across a span of one parameter.

    1. Without ``start``, find all equilibria in the states' ranges at both ends and in the middle
       of the span; with it, refine it at the model's own parameter value.
    2. Follow each not yet met through folds, in both directions.
    3. Locate folds (LP), Hopf points (H), branch points (BP) and the edge of a table's domain (B).
    4. Switch to the second branch at every branch point.

    Parameters
    ----------
    parameter : name of the free parameter.
    span : (low, high).
    start : state (n_physical,) or (n,); only what is connected with it is followed.
    settings : ``Settings`` of the continuation.
    seed : of the search for equilibria; the same seed gives the same branch.
    backend : "dynsys", or "pydstool": the same curves followed by PyDSTool's PyCont, from the same
        starts, without branch switching; see ``cross_check``.

    Raises
    ------
    UnknownNameError, ModelError
        for a wrong name or span; ConvergenceError where no equilibrium is found.

    Example
    -------
    >>> from dynsys.models import aln
    >>> branch = equilibria(aln().with_parameters(mu_i=0.5), parameter="mu_e", span=(0.0, 3.0))
    >>> branch["H2"].frequency
    """
    settings = settings or Settings()
    low, high = check_span(model, parameter, span)
    follower = Follower(model, EQUILIBRIUM, {parameter: (low, high)}, settings)
    if backend != "dynsys":
        from continuation.pycont.backend import check_backend, compute

        check_backend(backend)
        seeds = _seeds(model, parameter, (low, high), start, seed)
        found = [_on_curve(follower, x, value) for value, x in seeds]
        return compute(follower, [y for y in found if y is not None])
    traces: list[Trace] = []
    for value, x in _seeds(model, parameter, (low, high), start, seed):
        y = _on_curve(follower, x, value)
        if y is not None and not on_curves(follower, traces, y):
            traces.append(_oriented(_follow(follower, y), follower))
    if not traces:
        raise ConvergenceError(
            f"no equilibrium of {model.name} with {parameter} in [{low:g}, {high:g}] was found in "
            "the states' ranges; give a start, or ranges that hold one"
        )
    return _assemble(follower, traces)


def _seeds(model, parameter, span, start, seed):
    """(parameter value, state) pairs to start from."""
    if start is not None:
        value = float(np.clip(model.parameters[parameter], *span))
        yield value, refine_equilibrium(model.with_parameters(**{parameter: value}), start)
        return
    low, high = span
    for value in (low, high, (low + high) / 2):
        for x in find_equilibria(model.with_parameters(**{parameter: value}), seed=seed):
            yield value, x


def _on_curve(follower: Follower, x: np.ndarray, value: float) -> np.ndarray | None:
    row = np.zeros(follower.size)
    row[follower.n] = 1.0
    return follower.correct(follower.scaled(x, value), row, value / follower.scale[follower.n])


def _follow(follower: Follower, y: np.ndarray) -> Trace:
    tangent = follower.any_tangent(y)
    at_low = y[follower.n] <= follower.lower[follower.n] + 1e-12
    at_high = y[follower.n] >= follower.upper[follower.n] - 1e-12
    if at_low or at_high:
        inward = tangent if at_low == (tangent[follower.n] > 0) else -tangent
        return replace(follower.follow(y, inward), start=BOUND)
    return follower.both_directions(y, tangent)


def _oriented(trace: Trace, follower: Follower) -> Trace:
    """Let a piece run from its end at the smaller parameter value."""
    first, last = trace.points[0, follower.n], trace.points[-1, follower.n]
    return trace.reversed() if last < first else trace


def _assemble(follower: Follower, traces: list[Trace]) -> Branch:
    """Special points of all pieces, with the branches that leave from branch points."""
    points: list[SpecialPoint] = []
    for number, trace in enumerate(traces):  # grows while branch points add pieces
        found = [replace(p, piece=number) for p in events(follower, trace)]
        found += [replace(p, piece=number) for p in _edges(follower, trace)]
        for point in found:
            if point.label == "BP" and len(traces) < MOST_PIECES:
                if not _repeated(point, points):
                    traces += _switched(follower, trace, point, traces)
        ambiguous = ("BP", "LP", "suspect")
        points += [p for p in found if p.label not in ambiguous or not _repeated(p, points)]
    return Branch(
        kind="equilibria",
        model=follower.model,
        parameters=follower.names,
        spans=follower.spans,
        data=make_dataset(follower, traces),
        special_points=numbered(points),
        ended=tuple(reasons(trace) for trace in traces),
        settings=follower.settings,
        steps=tuple(trace.steps for trace in traces),
    )


def extend(branch: Branch, max_points: int | None) -> Branch:
    """``Branch.extended``: the pieces as traces again, their ends followed on."""
    early = {REASONS[MAX_POINTS], REASONS[INTERRUPTED]}
    if branch.kind != "equilibria" or not any(early & set(pair) for pair in branch.ended):
        ends = "; ".join(f"{a}, {b}" for a, b in branch.ended)
        raise ModelError(
            f"this branch of {branch.kind} has no end to extend ({ends}); only branches of "
            "equilibria that stopped early are extended. Follow it across a wider span"
        )
    settings = branch.settings
    room = replace(settings, max_points=1 + (max_points or settings.max_points))
    follower = Follower(branch.model, EQUILIBRIUM, branch.spans, room)
    traces = []
    for piece, ended, steps in zip(branch.pieces(), branch.ended, branch.steps, strict=True):
        trace = _trace(follower, piece, steps)
        codes = [next(code for code, reason in REASONS.items() if reason == e) for e in ended]
        trace = replace(trace, start=codes[0], end=codes[1])
        for _ in range(2):  # the end, then the start
            if trace.end in (MAX_POINTS, INTERRUPTED):
                last = trace.points[-1], trace.tangents[-1], trace.steps[1]
                trace = join(trace, follower.follow(*last))
            trace = trace.reversed()
        traces.append(trace)
    longer = replace(
        settings, max_points=max(settings.max_points, *(len(t.points) for t in traces))
    )
    return _assemble(Follower(branch.model, EQUILIBRIUM, branch.spans, longer), traces)


def _trace(follower: Follower, piece: xr.Dataset, steps: tuple[float, float]) -> Trace:
    """A piece of a branch as it was followed; tangents are found again from its points."""
    rest = [piece[name].values for name in follower.names]
    points = np.column_stack([piece["coordinates"].values, *rest]) / follower.scale
    chords = np.gradient(points, axis=0)
    found = [follower.tangent(y, chord) for y, chord in zip(points, chords, strict=True)]
    spectra = piece["eigenvalue_real"].values + 1j * piece["eigenvalue_imag"].values
    return Trace(
        points, np.array([t for t, _ in found]), spectra, np.array([s for _, s in found]),
        MAX_POINTS, MAX_POINTS, steps,
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


def _switched(
    follower: Follower, trace: Trace, point: SpecialPoint, traces: list[Trace]
) -> list[Trace]:
    """The second branch through a branch point, where it is not known yet."""
    y = follower.scaled(point.state, point.parameters[follower.names[0]])
    tangent = trace.tangents[point.index]
    direction = other_tangent(follower, y, tangent)
    if direction is None:
        return []
    halves = []
    for sign in (1.0, -1.0):
        shifted = y + sign * 1e-3 * direction
        row = sign * direction
        start = follower.correct(shifted, row, float(row @ shifted))
        if start is None or on_curves(follower, traces, start):
            continue
        halves.append(replace(follower.follow(start, row), start=SWITCHED))
    return halves
