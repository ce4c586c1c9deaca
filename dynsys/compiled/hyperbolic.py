"""Hyperbolic functions that a compiler turns into vector instructions (see ``arithmetic``)."""

from __future__ import annotations

import math

from numba import float64

from dynsys.compiled.arithmetic import exp, fma, from_bits, to_bits
from dynsys.numba_cache import njit

_LOG2E = 1.4426950408889634
_LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")  # 43 bits: its products with exponents are exact
_LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")
_ROUND = 1.5 * 2.0**52  # added to a number it leaves the nearest integer in the lowest bits
_ONE = 0x4338000000000000 - 1023  # bits of _ROUND, less what makes an exponent of an integer
_LARGEST = 709.0  # sinh of more is told to be infinite; doubles end at 710.5


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def _less_one(x):
    """exp(x) - 1 for x from 0 to ``_LARGEST``, to about an unit of the last place.

    x = k log 2 + r as in ``exp``, and exp(r) - 1 is its Taylor polynomial without the 1.
    """
    shifted = fma(x, _LOG2E, _ROUND)
    k = shifted - _ROUND
    r = fma(-k, _LN2_LOW, fma(-k, _LN2_HIGH, x))
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(1 / 120, r, 1 / 24), r2, fma(1 / 6, r, 1 / 2))
    middle = fma(fma(1 / 362880, r, 1 / 40320), r2, fma(1 / 5040, r, 1 / 720))
    high = fma(fma(1 / 6227020800, r, 1 / 479001600), r2, fma(1 / 39916800, r, 1 / 3628800))
    power = fma(r2, fma(r4, fma(r4, high, middle), low), r)
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
