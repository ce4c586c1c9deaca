"""Delays: ``delay(expression, tau)`` in an equation, and the transport line that carries it.

A delayed signal s(t - tau) obeys the transport equation u_t = u_theta / tau on -1 < theta < 0 with
u(0, t) = s(t); discretized at M + 1 Chebyshev points it becomes M ordinary equations (the M-stage
pseudospectral ODE of Breda, Diekmann, Gyllenberg, Scarabel & Vermiglio 2016, SIAM J Appl Dyn Syst)
whose last state is the delayed signal. Equilibria are exact; eigenvalues converge spectrally in M.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import sympy
from numba import int64, types

from dynsys.compiled.kernels import MATRIX, OBSERVABLES_TYPE, VECTOR
from dynsys.errors import ModelError
from dynsys.expressions.delay import Delay
from dynsys.expressions.symbols import symbol
from dynsys.numba_cache import njit

DEFAULT_ORDER = 6


@dataclass(frozen=True)
class DelayLine:
    """One delayed signal: ``nodes`` are the symbols of the line, the last one is the output."""

    signal: sympy.Expr
    tau: sympy.Expr
    nodes: tuple[sympy.Symbol, ...]

    def equations(self) -> list[sympy.Expr]:
        """Time derivatives of the nodes."""
        matrix = differentiation_matrix(len(self.nodes))
        values = (self.signal, *self.nodes)
        return [
            sum((sympy.Float(c, 17) * v for c, v in zip(row, values, strict=True)), sympy.S.Zero)
            / self.tau
            for row in matrix[1:]
        ]


def differentiation_matrix(order: int) -> np.ndarray:
    """Chebyshev differentiation matrix (order + 1, order + 1) on [-1, 0], node 0 at theta = 0.

    Source: Trefethen 2000, Spectral Methods in MATLAB, theorem 7, with negative-sum diagonal.
    """
    theta = chebyshev_nodes(order)
    weight = np.ones(order + 1)
    weight[[0, -1]] = 2.0
    weight *= (-1.0) ** np.arange(order + 1)
    difference = theta[:, None] - theta[None, :] + np.eye(order + 1)
    matrix = np.outer(weight, 1.0 / weight) / difference
    return matrix - np.diag(matrix.sum(axis=1))


def chebyshev_nodes(order: int) -> np.ndarray:
    """Chebyshev points of the second kind on [-1, 0], from 0 down to -1."""
    return (np.cos(np.pi * np.arange(order + 1) / order) - 1.0) / 2.0


def replace_delays(
    expressions: list[sympy.Expr], order: int
) -> tuple[list[sympy.Expr], list[DelayLine]]:
    """Replace every delayed signal by the end of its line; equal signals share a line.

    Returns the expressions without delays and the lines, whose signals are free of delays too
    (a signal may depend on delayed signals, itself included).
    """
    found: dict[tuple[sympy.Expr, sympy.Expr], tuple[sympy.Symbol, ...]] = {}
    for expression in expressions:
        for term in sorted(expression.atoms(Delay), key=sympy.default_sort_key):
            key = (term.args[0], term.args[1])
            if key not in found:
                label = len(found) + 1
                found[key] = tuple(
                    sympy.Symbol(f"line{label}_{k}", real=True) for k in range(1, order + 1)
                )
    # Nested delays first: xreplace rewrites the outermost match, so inner ones are done by depth.
    outputs = {Delay(*key): nodes[-1] for key, nodes in found.items()}
    lines = [
        DelayLine(_without_delays(signal, outputs), _without_delays(tau, outputs), nodes)
        for (signal, tau), nodes in found.items()
    ]
    return [_without_delays(e, outputs) for e in expressions], lines


def delays_in(
    expressions: Iterable[sympy.Expr], states: Iterable[str], owner: str
) -> tuple[sympy.Expr, ...]:
    """All delays tau in expressions; ModelError where one depends on a state."""
    delays = {term.args[1] for e in expressions for term in e.atoms(Delay)}
    variable = set(map(symbol, states))
    for tau in delays:
        if tau.free_symbols & variable:
            raise ModelError(
                f"{owner}: the delay {tau} depends on a state; only delays that are "
                "constants or expressions in parameters are supported"
            )
    return tuple(delays)


def _without_delays(expression: sympy.Expr, outputs: dict[sympy.Expr, sympy.Symbol]) -> sympy.Expr:
    return expression.xreplace(outputs)


@njit([types.void(OBSERVABLES_TYPE, MATRIX, VECTOR, VECTOR, int64, int64, int64)], cache=True)
def fill_lines(signals, states, p, tables, physical, lines, order):
    """Put every delay line of every row of ``states`` at rest with its physical states.

    A signal that depends on delayed signals is iterated to consistency, at most 50 rounds.
    """
    values = np.zeros(2 * lines)
    for row in range(states.shape[0]):
        x = states[row]
        for _ in range(50):
            signals(x, p, tables, values)
            change, size = 0.0, 1e-300
            for k in range(lines):
                for i in range(order):
                    at = physical + k * order + i
                    change = max(change, abs(x[at] - values[k]))
                    x[at] = values[k]
                size = max(size, abs(values[k]))
            if not change > 1e-12 * size:
                break
