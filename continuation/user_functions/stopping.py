"""Branches that end where a quantity of the user's own takes a value (AUTO's stop conditions)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from continuation.engine.special_points import numbered
from continuation.steady_states.branch import Branch
from continuation.user_functions.search import user_points
from dynsys.typed import typed

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch
    from continuation.cycles.curves import CycleCurve

    Cycles = CycleBranch | CycleCurve

Quantity = str | Callable[..., float]


@typed
def until(branch: Any, quantity: Quantity, value: float = 0.0) -> Any:
    """The branch up to the first point, from its start, where a quantity equals ``value``.

    Every connected piece of a branch of equilibria, folds or Hopf points ends at its own first such
    point; that point is among the special points, labelled UZ. A piece that never meets the value
    stays whole.

    Parameters
    ----------
    branch : of equilibria, folds, Hopf points or limit cycles, or a curve of bifurcating cycles.
    quantity, value : as for ``user_points``.

    Raises
    ------
    UnknownNameError for a name the model does not have.

    Example
    -------
    >>> until(equilibria(wilson_cowan(), "P", (-3, 6)), "E", 0.3)
    >>> until(limit_cycles(point, "P", (0, 2)), "period", 20.0)
    """
    words = quantity if isinstance(quantity, str) else getattr(quantity, "__name__", "function")
    reason = f"the stop condition {words} = {value:g}"
    if isinstance(branch, Branch):
        return _cut_branch(branch, quantity, value, reason)
    return _cut_cycles(branch, quantity, value, reason)


def _cut_branch(branch: Branch, quantity: Quantity, value: float, reason: str) -> Branch:
    first: dict[int, Any] = {}
    found: Any = user_points(branch, quantity, value)
    for point in found:
        if point.piece not in first or point.index < first[point.piece].index:
            first[point.piece] = point
    pieces = branch.data["piece"].values
    keep = np.ones(len(pieces), bool)
    for number, point in first.items():
        keep &= (pieces != number) | (np.arange(len(pieces)) <= point.index)
    starts = {k: int(np.flatnonzero(pieces == k)[0]) for k in np.unique(pieces)}
    special = [
        p
        for p in branch.special_points
        if p.piece not in first or starts[p.piece] + p.index < first[p.piece].index
    ]
    ended = tuple(
        (start, reason if number in first else end)
        for number, (start, end) in enumerate(branch.ended)
    )
    return replace(
        branch, data=branch.data.isel(point=np.flatnonzero(keep)), ended=ended,
        special_points=numbered([*special, *first.values()]),
    )  # fmt: skip


def _cut_cycles(branch: Cycles, quantity: Quantity, value: float, reason: str) -> Any:
    found = user_points(branch, quantity, value)
    if not found:
        return branch
    ended: Any = branch.ended
    ended = (ended[0], reason) if isinstance(ended[0], str) else ((ended[0][0], reason),)
    stop: Any = found[0]
    count = stop.index + 1
    return replace(
        branch, data=branch.data.isel(point=slice(0, count)), orbits=branch.orbits[:count],
        special_points=numbered(
            [*(c for c in branch.special_points if c.index < stop.index), stop]
        ),
        ended=ended,
    )  # fmt: skip
