"""A delayed signal inside an expression."""

from __future__ import annotations

import sympy

from dynsys.expressions.admission import ModelFunction


class Delay(ModelFunction):
    """``Delay(signal, tau)``: the signal's value ``tau`` ago (same unit as the model's time)."""

    nargs = 2

    def _latex(self, printer, exp=None):
        signal, tau = self.args
        text = rf"\left[{printer._print(signal)}\right]_{{t-{printer._print(tau)}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"


def delay(signal: sympy.Expr | float, tau: sympy.Expr | float) -> sympy.Expr:
    """The value of ``signal`` a time ``tau`` ago, for use inside an equation.

    ``tau`` must be positive when the model is used: a constant or an expression in parameters.
    ModelError for text, which belongs into the whole equation: "r*N*(1 - delay(N, 1))".

    Example
    -------
    >>> import sympy
    >>> from dynsys import delay
    >>> N, r = sympy.symbols("N r")
    >>> r * N * (1 - delay(N, 1))
    N*r*(1 - Delay(N, 1))
    """
    return Delay(signal, tau)
