"""Exponential and logarithm that a compiler turns into vector instructions.

Library functions are called one number at a time. These are plain arithmetic without branches, so
that a loop over many runs evaluates as many at once as the processor has lanes. Every operation is
rounded by itself (fused ones by definition), hence the digits are the same one at a time and
side by side, on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import float64, int64
from numba.core import types
from numba.extending import intrinsic

from dynsys.numba_cache import njit

LOG2E = 1.4426950408889634
LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")  # 43 bits: its products with exponents are exact
LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")
ROUND = 1.5 * 2.0**52  # added to a number it leaves the nearest integer in the lowest bits
_ROUND_BITS = int(np.float64(ROUND).view(np.int64))
_MANTISSA = (1 << 52) - 1
_ROOT_HALF_BITS = int(np.float64(math.sqrt(0.5)).view(np.int64))
_ONE_BITS = 1023 << 52
_TINY = 2.0**-1022
_LIFT = 2.0**54


@intrinsic
def fma(typingctx, a, b, c):
    """``a * b + c``, rounded once."""

    def build(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return float64(float64, float64, float64), build


@intrinsic
def to_bits(typingctx, a):
    """The bits of a floating-point number as an integer."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return int64(float64), build


@intrinsic
def from_bits(typingctx, a):
    """The floating-point number of these bits."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(int64), build


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def taylor_less_one(r):
    """exp(r) - 1 for abs(r) < 0.35: its Taylor polynomial of degree 13 without the 1."""
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(1 / 120, r, 1 / 24), r2, fma(1 / 6, r, 1 / 2))
    middle = fma(fma(1 / 362880, r, 1 / 40320), r2, fma(1 / 5040, r, 1 / 720))
    high = fma(fma(1 / 6227020800, r, 1 / 479001600), r2, fma(1 / 39916800, r, 1 / 3628800))
    return fma(r2, fma(r4, fma(r4, high, middle), low), r)


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def exp(x):
    """The exponential, with an error below one unit of the last place.

    x = k log 2 + r with an integer k and abs(r) < 0.35; exp(r) by its Taylor polynomial
    (``taylor_less_one``), whose remainder is below 5e-18; then times 2^k in two steps, for
    subnormal results.
    """
    y = x if x < 710.0 else 710.0
    y = y if y > -746.0 else -746.0
    shifted = fma(y, LOG2E, ROUND)
    k = shifted - ROUND
    power = 1.0 + taylor_less_one(fma(-k, LN2_LOW, fma(-k, LN2_HIGH, y)))
    exponent = to_bits(shifted) - _ROUND_BITS
    half = exponent >> 1
    value = power * from_bits((half + 1023) << 52) * from_bits((exponent - half + 1023) << 52)
    return value if x == x else x


@njit([float64(float64)], cache=True, forceinline=True, error_model="numpy")
def log(x):
    """The logarithm, with an error below one unit of the last place.

    x = 2^e (1 + f) with 1 + f between the square roots of 1/2 and 2; log(1 + f) is the series
    of 2 artanh(s), s = f / (2 + f), to s^23.
    """
    tiny = x < _TINY
    bits = to_bits(x * _LIFT if tiny else x) + (_ONE_BITS - _ROOT_HALF_BITS)
    e = float((bits >> 52) - 1023) - (54.0 if tiny else 0.0)
    f = from_bits((bits & _MANTISSA) + _ROOT_HALF_BITS) - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    low = fma(fma(2 / 9, z, 2 / 7), z2, fma(2 / 5, z, 2 / 3))
    middle = fma(fma(2 / 17, z, 2 / 15), z2, fma(2 / 13, z, 2 / 11))
    high = fma(2 / 23, z2, fma(2 / 21, z, 2 / 19))
    series = z * fma(z4, fma(z4, high, middle), low)
    value = fma(e, LN2_HIGH, f - fma(s, f - series, -e * LN2_LOW))
    value = value if x < math.inf else x
    return value if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
