"""Where a function has a step: fields that jump, slopes that do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_HALVINGS = 40  # of the way between two places
_PART, _LEAST = 1e-2, 1e-9  # of the values, and in their unit: less is no step


def break_between(
    function: Callable[[np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray
) -> np.ndarray | None:
    """The place between two others at which most of a function's change happens at once; None
    where it is gradual, or where the function has no value.

    The half with the larger change is halved again: of a gradual change less and less is left.

    Example
    -------
    >>> break_between(np.sign, np.array([-1.0]), np.array([2.0]))
    array([0.])
    """
    at_a, at_b = function(a), function(b)
    whole = _apart(at_a, at_b)
    size = max(float(np.max(np.abs(v), initial=0.0)) for v in (at_a, at_b))
    if not whole > max(_PART * size, _LEAST):
        return None
    for _ in range(_HALVINGS):
        middle = (a + b) / 2
        at_middle = function(middle)
        if _apart(at_a, at_middle) > _apart(at_middle, at_b):
            b, at_b = middle, at_middle
        else:
            a, at_a = middle, at_middle
    return (a + b) / 2 if _apart(at_a, at_b) > whole / 4 else None


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(np.abs(other - one), initial=0.0))
