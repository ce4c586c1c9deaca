"""Least and greatest values of recorded motions, compiled: NumPy takes long over few columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from dynsys.compiled.kernels import MATRIX
from dynsys.numba_cache import njit


class Limits(NamedTuple):
    """Of every column of a recording: ``low`` and ``high`` (n,), and the ``rows`` (2 n,) in which
    they are reached, the lows first."""

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray

    @property
    def width(self) -> np.ndarray:
        """The ranges (n,)."""
        return self.high - self.low


@njit([types.void(MATRIX, MATRIX)], cache=True, nogil=True)
def _limits(states, out):
    for s in range(states.shape[1]):
        out[0, s], out[1, s], out[2, s], out[3, s] = states[0, s], states[0, s], 0.0, 0.0
    for k in range(states.shape[0]):
        for s in range(states.shape[1]):
            value = states[k, s]
            if value < out[0, s]:
                out[0, s], out[2, s] = value, k
            elif value > out[1, s]:
                out[1, s], out[3, s] = value, k


def limits(states: np.ndarray) -> Limits:
    """The limits of a recording (k, n) of finite values.

    Example
    -------
    >>> limits(np.array([[0.0, 1.0], [2.0, -1.0]])).width
    array([2., 2.])
    """
    out = np.empty((4, states.shape[1]))
    _limits(np.ascontiguousarray(states, dtype=float), out)
    return Limits(out[0], out[1], out[2:].ravel().astype(int))
