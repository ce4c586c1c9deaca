"""Functions with removable singularities, safe to evaluate and to differentiate everywhere."""

from __future__ import annotations

import math

import numpy as np
import sympy
from numba import float64, int64, njit

_BERNOULLI = np.array(
    [1.0, 0.5, 1 / 12, 0.0, -1 / 720, 0.0, 1 / 30240, 0.0, -1 / 1209600, 0.0, 1 / 47900160]
    + [0.0, -691 / 1307674368000, 0.0, 1 / 74724249600, 0.0, -3617 / 10670622842880000, 0.0]
    + [43867 / 5109094217170944000, 0.0, -174611 / 802857662698291200000]
)


class Linoid(sympy.Function):
    """``Linoid(u, k)``: the k-th derivative of u / (1 - exp(-u)), the rate of Hodgkin & Huxley."""

    nargs = (1, 2)

    @classmethod
    def eval(cls, u, k=None):
        return cls(u, sympy.S.Zero) if k is None else None

    def fdiff(self, argindex=1):
        u, k = self.args
        return Linoid(u, k + 1) if argindex == 1 else sympy.S.Zero

    def _latex(self, printer, exp=None):
        u, k = self.args
        mark = "" if k == 0 else f"^{{({k})}}"
        return rf"\mathrm{{linoid}}{mark}\left({printer._print(u)}\right)"


@njit([float64(float64, int64)], cache=True, error_model="numpy")
def linoid_derivative(u, k):
    """k-th derivative of u / (1 - exp(-u)), accurate through the removable singularity at 0.

    Series in Bernoulli numbers near 0, elsewhere the derivatives of s(u) = 1 / (1 - exp(-u)) by
    s' = s (1 - s): L^(k) = u s^(k) + k s^(k-1).
    """
    if abs(u) < 0.7:
        total = 0.0
        for i in range(_BERNOULLI.shape[0] - 1, k - 1, -1):
            factor = 1.0
            for j in range(k):
                factor *= i - j
            total = total * u + _BERNOULLI[i] * factor
        return total
    if u < -700.0:
        return 0.0
    previous, current = 0.0, 0.0
    s = 1.0 / (1.0 - math.exp(-u))
    if k == 0:
        return u * s
    # s^(j) is a polynomial in s: d/du s^m = m s^m (1 - s).
    coefficients = np.zeros(k + 2)
    coefficients[1] = 1.0
    for order in range(k + 1):
        value = 0.0
        for m in range(k + 1, -1, -1):
            value = value * s + coefficients[m]
        previous, current = current, value
        if order < k:
            fresh = np.zeros(k + 2)
            for m in range(1, k + 1):
                fresh[m] += m * coefficients[m]
                fresh[m + 1] -= m * coefficients[m]
            coefficients = fresh
    return u * current + k * previous
