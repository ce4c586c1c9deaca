"""Where a model's predictions end: observables beyond the range in which they mean something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Flag:
    """An observable that left its valid range.

    Parameters
    ----------
    observable : its name. limit : the bound passed; ``above`` tells to which side.
    points : indices, along the result's first axis, of the values beyond it.
    worst : the value farthest beyond. reason : what that means.
    """

    observable: str
    limit: float
    above: bool
    points: np.ndarray
    worst: float
    total: int
    reason: str

    def __str__(self) -> str:
        side = "above" if self.above else "below"
        many = f" at {len(self.points)} of {self.total} points" if self.total > 1 else ""
        return (
            f"not valid{many}: {self.observable} {side} {self.limit:g} (up to {self.worst:.5g}): "
            f"{self.reason}"
        )

    __repr__ = __str__


def flags(model: VectorField, values: Any) -> list[Flag]:
    """Observables that leave their valid ranges on a result.

    Parameters
    ----------
    values : mapping or Dataset by observable (a branch's or a simulation's ``data``); of limit
        cycles the columns ``min_<observable>`` and ``max_<observable>`` are read.

    Example
    -------
    >>> for flag in flags(branch.model, branch.data):
    ...     print(flag)
    """
    found = []
    for name, observable in model.observables.items():
        if observable.valid is None:
            continue
        for limit, above in zip(observable.valid, (False, True), strict=True):
            column = _column(values, name, above)
            if column is None:
                continue
            rows = column.reshape(len(column), -1)
            reached = np.nanmax(rows, axis=1) if above else np.nanmin(rows, axis=1)
            beyond = np.flatnonzero(reached > limit if above else reached < limit)
            if len(beyond):
                worst = reached[beyond].max() if above else reached[beyond].min()
                found.append(
                    Flag(
                        name, float(limit), above, beyond, float(worst), len(reached),
                        observable.beyond,
                    )
                )  # fmt: skip
    return found


def _column(values: Any, name: str, above: bool) -> np.ndarray | None:
    for key in (name, f"{'max' if above else 'min'}_{name}"):
        if key in values:
            return np.atleast_1d(np.asarray(values[key], dtype=float))
    return None
