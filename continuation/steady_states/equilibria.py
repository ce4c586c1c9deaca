"""``equilibria``: every branch of equilibria across a span of one parameter."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from continuation.engine.following import (
    BOUND,
    INTERRUPTED,
    REASONS,
    Follower,
    Trace,
    check_span,
    on_curves,
)
from continuation.engine.problems import EQUILIBRIUM
from continuation.engine.settings import Settings
from continuation.steady_states.branch import Branch, equilibria_of
from continuation.steady_states.deflation import unseen
from continuation.steady_states.degenerate import RepeatedRoot, Unreached, repeated_root
from continuation.steady_states.delay_orders import order_needed
from continuation.steady_states.jumps import Bend, Steep, with_steps
from continuation.steady_states.pydstool_backend import check_backend, compute
from continuation.steady_states.search import find_all, refine_equilibrium
from continuation.steady_states.search_box import guessed_ranges
from dynsys import checks
from dynsys.activity import doing
from dynsys.errors import ConvergenceError
from dynsys.journal import interrupted, part_is_wanted, whole
from dynsys.level_sets import level_set
from dynsys.vector_field import VectorField

_AT_END = 1e-4  # scaled distance from the end of a piece to what it ends at


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
    2. Follow each not yet met through folds, in both directions; then search at ``settings.places``
       further values, known solutions divided out, for curves that close in between.
    3. Locate folds (LP), Hopf points (H), branch points (BP) and the edge of a table's domain (B).
    4. Switch to the second branch at every branch point.
    5. Compare the eigenvalues of a delay model with the exact characteristic equation; where its
       delay lines have too few nodes, do it again with as many as it takes (``branch.model``).

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

    Where sums of states are conserved no equilibrium is isolated: those on the level set of the
    start are followed, which is said (see ``dynsys.level_sets``).

    Example
    -------
    >>> from dynsys.models import aln
    >>> branch = equilibria(aln().with_parameters(mu_i=0.5), parameter="mu_e", span=(0.0, 3.0))
    >>> branch["H2"].frequency
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    settings = Settings() if settings is None else settings
    checks.instance("settings", settings, Settings, "Settings(step_max=0.02)")
    seed = checks.seed(seed)
    low, high = check_span(model, parameter, span)
    level = level_set(model, {parameter: (low, high)}, start)
    if level is not None:
        warnings.warn(str(level), stacklevel=2)
        model, start = level.model, None if start is None else level.inside(model._full(start))
    follower = Follower(model, EQUILIBRIUM, {parameter: (low, high)}, settings)
    if checks.text("backend", backend) != "dynsys":
        check_backend(backend)
        seeds = _seeds(model, parameter, (low, high), start, seed, [])
        found = [_on_curve(follower, x, value) for value, x in seeds]
        return compute(follower, [y for y in found if y is not None])
    left: list[Any] = []  # equilibria that no branch leads through
    places = 0 if start is not None else settings.places
    with whole(parts=True), doing(f"equilibria along {parameter}"):
        traces: list[Trace] = []
        seeds = _seeds(model, parameter, (low, high), start, seed, left)
        # The second search begins when the first is done, and knows what that has found.
        _follow_all(follower, chain(seeds, unseen(follower, traces, places, seed)), traces, left)
        branch = equilibria_of(follower, traces) if traces else None
    notes = [str(each) for each in left if not _is_met(follower, traces, each)]
    notes = with_steps(notes, model) if start is None else notes
    if branch is None and notes:
        raise ConvergenceError(
            f"{model.name} has no equilibrium that can be followed with {parameter} in [{low:g}, "
            f"{high:g}] in the states' ranges: {notes[0]}"
        )
    if branch is None:
        raise ConvergenceError(
            f"no equilibrium of {model.name} with {parameter} in [{low:g}, {high:g}] was found in "
            f"the states' ranges; give a start, or ranges that hold one{guessed_ranges(model)}"
        )
    for note in notes[:1]:
        warnings.warn(f"left out: {note}", stacklevel=2)
    branch = replace(branch, sought=places)
    cut = any(REASONS[INTERRUPTED] in pair for pair in branch.ended)
    if cut or not (model.lines and settings.delay_check):
        return branch
    order = order_needed(follower, traces, branch.special_points, settings.most_delay_order)
    if order <= model.delay_order:
        return branch
    start = None if start is None else model._full(start)[: model.physical_dimension]
    return equilibria(model.with_delay_order(order), parameter, span, start, settings, seed)


def _follow_all(
    follower: Follower, seeds: Iterator[tuple[float, np.ndarray]], traces: list[Trace],
    left: list[Any],
) -> None:  # fmt: skip
    """Add the curves through all seeds to ``traces``, each once, and repeated roots to ``left``;
    after Ctrl-C those that are there stay, and nothing more is sought."""
    try:
        for value, x in seeds:
            y = _on_curve(follower, x, value)
            at = follower.scaled(x, value) if y is None else y
            if y is not None and on_curves(follower, traces, y):
                continue
            root = repeated_root(follower, at)
            if root is not None:
                left.append(root)
            elif y is None:
                left.append(Unreached(follower.at(at), x))
            else:
                trace = _oriented(_follow(follower, y), follower)
                root = _root_along(follower, trace)
                if root is not None:
                    left.append(root)
                    continue
                traces.append(trace)
                if INTERRUPTED in (traces[-1].start, traces[-1].end):
                    break
        else:
            return
    except KeyboardInterrupt:
        if not traces or not part_is_wanted():
            raise
    interrupted()
    warnings.warn(
        "interrupted: the branch holds what was followed until then; the same call goes on from "
        "there",
        stacklevel=3,
    )


def _seeds(
    model: VectorField,
    parameter: str,
    span: tuple[float, float],
    start: Sequence[float] | np.ndarray | None,
    seed: int,
    left: list[Any],
) -> Iterator[tuple[float, np.ndarray]]:
    """(parameter value, state) pairs to start from; ``left`` grows by what is left out."""
    if start is not None:
        value = float(np.clip(model.parameters[parameter], *span))
        yield value, refine_equilibrium(model.with_parameters(**{parameter: value}), start)
        return
    low, high = span
    for value in (low, high, (low + high) / 2):
        found = find_all(model.with_parameters(**{parameter: value}), seed=seed)
        left += found.continua[:1] or found.notes
        for x in found.isolated:
            yield value, x


def _is_met(follower: Follower, traces: list[Trace], left: Any) -> bool:
    """Whether a piece ends at a bend or an infinite slope, and says so itself, or passes through
    where Newton's method was not at rest."""
    if not isinstance(left, (Bend, Steep, Unreached)):
        return False
    y = follower.scaled(left.state, left.model.parameters[follower.names[0]])
    ends = [trace.points[k] for trace in traces for k in (0, -1)]
    if any(np.max(np.abs(end - y)) < _AT_END for end in ends):
        return True
    return isinstance(left, Unreached) and on_curves(follower, traces, y)


def _on_curve(follower: Follower, x: np.ndarray, value: float) -> np.ndarray | None:
    row = np.zeros(follower.size)
    row[follower.n] = 1.0
    return follower.correct(follower.scaled(x, value), row, value / follower.scale[follower.n])


def _root_along(follower: Follower, trace: Trace) -> RepeatedRoot | None:
    """A repeated root on a curve that was begun where it meets a simple one."""
    count = len(trace.points)
    found = (repeated_root(follower, trace.points[k * count // 4]) for k in (1, 2, 3))
    return next((root for root in found if root is not None), None)


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
