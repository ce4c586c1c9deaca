"""Bounds of a run: it stops where a state's size passes them, as XPPAUT's runs do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.numba_cache import njit


@njit(forceinline=True)
def beyond(state, n, bound):
    """Whether one of the first n states is larger than ``bound`` in size (nan never is)."""
    passed = False
    for i in range(n):
        passed = passed or abs(state[i]) > bound
    return passed


def checked_bounds(value: Any) -> float:
    """The bounds of a run, from an argument of ``simulate``; none (inf) for None."""
    return math.inf if value is None else checks.number("bounds", value, above=0, finite=False)


def passed(names: Sequence[str], final_state: np.ndarray, bound: float) -> str:
    """The words for a run that stopped at the bounds: which states passed them."""
    which = [k for k, x in zip(names, final_state, strict=True) if abs(x) > bound]
    return f"{', '.join(which) or 'a state'} passed the bounds of {bound:g}"
