"""Removable singularities that people write plainly: ``x/(1 - exp(-x))`` and its relatives.

At x = 0 the plain form is 0/0, and next to it the difference cancels (1 % off at 1e-14). Written
with ``Linoid`` it is exact there, with all its derivatives.
"""

from __future__ import annotations

import math

import sympy

from dynsys.expressions.functions import Linoid

# Coefficients that agree to this many digits are meant to be equal: exp(-0.1*(v + 35)) is kept as
# 0.0302*exp(-0.1*v), whose zero is that of v + 35 up to rounding.
_EQUAL = 1e-12


def with_linoids(product: sympy.Mul) -> sympy.Expr:
    """The product with each pair N/(a - b exp(z)), N and the bracket zero together, as a linoid.

    Also powers of such a pair, and its reciprocal (a - b exp(z))/N. Products without such a pair
    come back as they are.

    Example
    -------
    >>> v = sympy.Symbol("v", real=True)
    >>> with_linoids((v + 4) / (1 - sympy.exp(-v - 4)))
    Linoid(v + 4, 0)
    """
    factors = list(product.args)
    for place, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        if not exponent.is_Integer or not isinstance(base, sympy.Add):
            continue
        found = _difference(base)
        if found is None:
            continue
        height, zero = found
        for other, partner in enumerate(factors):
            vanishing, power = partner.as_base_exp()
            if other == place or power != -exponent or vanishing.is_number:
                continue
            ratio = _ratio(vanishing, zero)
            if ratio is not None:
                rest = [f for k, f in enumerate(factors) if k not in (place, other)]
                pair = ratio / height * Linoid(vanishing / ratio)
                return sympy.Mul(*rest, pair**-exponent)
    return product


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
