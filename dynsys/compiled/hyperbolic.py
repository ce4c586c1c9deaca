"""Hyperbolic functions that a compiler turns into vector instructions (see ``arithmetic``)."""

from __future__ import annotations

import math

from numba import float64

from dynsys.compiled.arithmetic import (
    LN2_HIGH,
    LN2_LOW,
    LOG2E,
    ROUND,
    exp,
    fma,
    from_bits,
    taylor_less_one,
    to_bits,
)
from dynsys.numba_cache import njit

_ONE = 0x4338000000000000 - 1023  # bits of ROUND, less what makes an exponent of an integer
_LARGEST = 709.0  # sinh of more is told to be infinite; doubles end at 710.5


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def _less_one(x):
    """exp(x) - 1 for x from 0 to ``_LARGEST``, to about an unit of the last place.

    x = k log 2 + r as in ``exp``, and exp(r) - 1 is its Taylor polynomial without the 1.
    """
    shifted = fma(x, LOG2E, ROUND)
    k = shifted - ROUND
    power = taylor_less_one(fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x)))
    two = from_bits((to_bits(shifted) - _ONE) << 52)
    return fma(two, power, two - 1.0)


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def sinh(x):
    """The hyperbolic sine, with an error of about two units of the last place."""
    size = abs(x)
    e = _less_one(size if size < _LARGEST else _LARGEST)
    value = 0.5 * (e + e / (e + 1.0)) if size < _LARGEST else size * math.inf
    return value if x >= 0.0 else -value


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def cosh(x):
    """The hyperbolic cosine, with an error of about a unit of the last place."""
    e = exp(abs(x))
    return 0.5 * (e + 1.0 / e)


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def tanh(x):
    """The hyperbolic tangent, with an error of about two units of the last place."""
    size = abs(x)
    e = _less_one(2.0 * size if size < 20.0 else 40.0)
    value = e / (e + 2.0) if size == size else size
    return value if x >= 0.0 else -value
