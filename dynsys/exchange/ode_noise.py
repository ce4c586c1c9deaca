"""White noise of an .ode file (``wiener``) as amplitudes of the states' equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from dynsys.definition import symbol
from dynsys.exchange.xpp_translation import NotCarried
from dynsys.expressions.conditions import written_out
from dynsys.expressions.symbols import evaluation_order


def separate_noise(
    equations: Mapping[str, sympy.Expr],
    definitions: Mapping[str, sympy.Expr],
    wiener: Sequence[str],
    owner: str,
) -> tuple[dict[str, sympy.Expr], dict[str, sympy.Expr], dict[str, sympy.Expr]]:
    """Equations and definitions without noise, and state -> amplitude of its noise.

    XPPAUT draws a Wiener variable anew in every step with variance 1/dt, so that a term s*w is
    noise of amplitude s. Raises NotCarried where noise is not added (squared, inside a function)
    or one variable acts on two states, whose noises would be correlated.
    """
    noises = {symbol(w) for w in wiener}
    written = _written_out(definitions, noises, owner)
    quiet = {k: e for k, e in definitions.items() if symbol(k) not in written}
    result, amplitudes = {}, {}
    users: dict[sympy.Symbol, str] = {}
    for state, raw in equations.items():
        expression = written_out(raw, written)
        found = sorted(expression.free_symbols & noises, key=str)
        result[state] = expression
        if not found:
            continue
        for noise in found:
            if noise in users:
                raise NotCarried(
                    f"{owner}: the noise {noise} acts on {users[noise]} and {state}; give each "
                    "state a wiener variable of its own"
                )
            users[noise] = state
        slopes = [sympy.diff(expression, noise) for noise in found]
        if any(slope.free_symbols & noises for slope in slopes):
            raise NotCarried(f"{owner}: the noise of {state} is not added as amplitude*wiener")
        result[state] = expression.xreplace(dict.fromkeys(found, sympy.S.Zero))
        amplitudes[state] = (
            slopes[0] if len(slopes) == 1 else sympy.sqrt(sum(slope**2 for slope in slopes))
        )
    return result, quiet, amplitudes


def _written_out(
    definitions: Mapping[str, sympy.Expr], noises: set[sympy.Symbol], owner: str
) -> dict[sympy.Symbol, sympy.Expr]:
    """The definitions that noise enters, as expressions of states, parameters and noise."""
    written: dict[sympy.Symbol, sympy.Expr] = {}
    for label in evaluation_order(owner, definitions):
        expression = written_out(definitions[label], written)
        if expression.free_symbols & noises:
            written[symbol(label)] = expression
    return written
