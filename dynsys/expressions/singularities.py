"""Removable singularities written plainly: ``x/(1 - exp(-x))``, ``sin(x)/x``, ``x/tanh(x)``, ...

At x = 0 the plain form is 0/0, and next to it a difference may cancel (1 % off at 1e-14). Written
with ``Linoid``, or with a series next to 0, it is exact there, with all its derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy

from dynsys.expressions.admission import ModelFunction
from dynsys.expressions.conditions import piecewise
from dynsys.expressions.functions import Linoid

# Coefficients that agree to this many digits are meant to be equal: exp(-0.1*(v + 35)) is kept as
# 0.0302*exp(-0.1*v), whose zero is that of v + 35 up to rounding.
_EQUAL = 1e-12


def regularized(product: sympy.Mul) -> sympy.Expr:
    """The product with each pair of factors that vanish together in a form that is exact there.

    Pairs are N/(a - b exp(z)), N/tanh(z), N/sinh(z), N/sin(z), N/tan(z), N/log(1 + z), N/atan(z)
    with N proportional to z, their reciprocals and their powers. Other products come back as they
    are.

    Example
    -------
    >>> v = sympy.Symbol("v", real=True)
    >>> regularized((v + 4) / (1 - sympy.exp(-v - 4)))
    Linoid(v + 4, 0)
    """
    factors = list(product.args)
    for place, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        found = _vanishing(base) if exponent.is_Integer else None
        if found is None:
            continue
        slope, zero = found
        for other, partner in enumerate(factors):
            vanishing, power = partner.as_base_exp()
            if other == place or power != -exponent or vanishing.is_number:
                continue
            ratio = _ratio(vanishing, zero)
            if ratio is not None:
                rest = [f for k, f in enumerate(factors) if k not in (place, other)]
                return sympy.Mul(*rest, (slope(vanishing / ratio) / ratio) ** exponent)
    return product


def _vanishing(base: sympy.Expr) -> tuple[Callable[[sympy.Expr], sympy.Expr], sympy.Expr] | None:
    """(g, z) of a factor that is z g(z) with g(0) = 1 or another number; None for the others."""
    if isinstance(base, sympy.Add):
        found = _difference(base)
        if found is None:
            return None
        height, zero = found
        return lambda z: height / Linoid(z), zero
    if isinstance(base, sympy.log):
        return _log, base.args[0] - 1
    if base.func in _OVER_ARGUMENT:
        return _OVER_ARGUMENT[base.func], base.args[0]
    return None


# --- f(z)/z: a series next to 0, the plain form beyond it --------------------------------------


class Quotient(ModelFunction):
    """``Quotient(a, b)``: a/b as it is, which ``regularized`` does not look at."""

    nargs = 2


def _over(
    function: Callable[[sympy.Expr], sympy.Expr], z: sympy.Expr, series: Callable
) -> sympy.Expr:
    """function(z)/z: the series where |z| < 1/2.

    The plain form is evaluated there too, at 1: its derivatives, which do not count, stay finite.
    """
    near = sympy.Abs(z) < sympy.Rational(1, 2)
    far = piecewise((sympy.S.One, near), (z, sympy.true))
    return piecewise((series(z), near), (Quotient(function(far), far), sympy.true))


def _polynomial(z: sympy.Expr, coefficients: list[float]) -> sympy.Expr:
    """The sum of coefficients times z^(2k)."""
    total: sympy.Expr = sympy.S.Zero
    for coefficient in reversed(coefficients):
        total = total * z**2 + sympy.Float(coefficient, 17)
    return total


def _sin(z: sympy.Expr) -> sympy.Expr:
    series = [(-1) ** k / math.factorial(2 * k + 1) for k in range(12)]
    return _over(sympy.sin, z, lambda u: _polynomial(u, series))


def _sinh(z: sympy.Expr) -> sympy.Expr:
    series = [1 / math.factorial(2 * k + 1) for k in range(12)]
    return _over(sympy.sinh, z, lambda u: _polynomial(u, series))


def _log(z: sympy.Expr) -> sympy.Expr:
    """log(1 + z)/z; log(1 + z) = 2 artanh(w) with w = z/(2 + z)."""
    series = [2 / (2 * k + 1) for k in range(24)]
    return _over(
        lambda u: sympy.log(1 + u), z,
        lambda u: Quotient(_polynomial(Quotient(u, 2 + u), series), 2 + u),
    )  # fmt: skip


def _atan(z: sympy.Expr) -> sympy.Expr:
    series = [(-1) ** k / (2 * k + 1) for k in range(32)]
    return _over(sympy.atan, z, lambda u: _polynomial(u, series))


_OVER_ARGUMENT: dict[type, Callable[[sympy.Expr], sympy.Expr]] = {
    sympy.sin: _sin,
    sympy.sinh: _sinh,
    sympy.atan: _atan,
    sympy.tan: lambda z: _sin(z) / sympy.cos(z),
    sympy.tanh: lambda z: 1 / (Linoid(2 * z) - z),  # z coth(z) = linoid(2z) - z
}


def _difference(base: sympy.Add) -> tuple[sympy.Expr, sympy.Expr] | None:
    """(a, z) of a sum that is a (1 - exp(-z)), or None."""
    if len(base.args) != 2:
        return None
    for constant, term in (base.args, base.args[::-1]):
        parts = sympy.Mul.make_args(term)
        exponentials = [f for f in parts if isinstance(f, sympy.exp)]
        if not constant.is_number or len(exponentials) != 1 or constant.is_zero:
            continue
        size = -sympy.Mul(*(f for f in parts if f is not exponentials[0])) / constant
        if size.is_number and float(size) > 0:
            shift = sympy.S.Zero if size == 1 else sympy.Float(math.log(float(size)), 17)
            return constant, -exponentials[0].args[0] - shift
    return None


def _ratio(vanishing: sympy.Expr, zero: sympy.Expr) -> sympy.Expr | None:
    """vanishing / zero where both are zero together and the ratio is not, or None."""
    symbols = sorted(zero.free_symbols & vanishing.free_symbols, key=str)
    if not symbols:
        return None
    slopes = [(sympy.diff(vanishing, s), sympy.diff(zero, s)) for s in symbols]
    for over, under in slopes:
        ratio = sympy.cancel(over / under) if under != 0 else None
        if ratio is None or ratio == 0 or ratio.has(sympy.nan, sympy.zoo):
            continue
        if ratio.free_symbols & _dividing(zero) or not ratio.free_symbols & set(symbols):
            if _negligible(vanishing - ratio * zero, vanishing):
                return ratio
    return None


def _dividing(expression: sympy.Expr) -> set[sympy.Symbol]:
    return sympy.fraction(sympy.together(expression))[1].free_symbols


def _negligible(difference: sympy.Expr, whole: sympy.Expr) -> bool:
    """Whether a difference of two expressions vanishes up to the rounding of their numbers."""
    left = sympy.expand(sympy.together(difference))
    if left == 0:
        return True
    terms = left.as_coefficients_dict()
    largest = max(abs(float(c)) for c in sympy.expand(whole).as_coefficients_dict().values())
    return all(abs(float(c)) <= _EQUAL * largest for c in terms.values() if c.is_number)
