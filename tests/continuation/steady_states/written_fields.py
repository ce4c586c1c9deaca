"""Fields written by hand or as strings, with derivatives that owe nothing to the package."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import sympy

from continuation.engine.multilinear import MultilinearForms


class Jet:
    """A truncated power series, for fields written by hand: coefficients (K + 1,)."""

    __array_priority__ = 1.0

    def __init__(self, c: np.ndarray) -> None:
        self.c = np.asarray(c, complex)

    def like(self, value: Jet | complex) -> np.ndarray:
        if isinstance(value, Jet):
            return value.c
        return np.concatenate([[value], np.zeros(len(self.c) - 1)])

    def __add__(self, other):
        return Jet(self.c + self.like(other))

    def __mul__(self, other):
        return Jet(np.convolve(self.c, self.like(other))[: len(self.c)])

    def __neg__(self):
        return Jet(-self.c)

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __pow__(self, n: int) -> Jet:
        assert int(n) == n
        if n < 0:
            return (self ** (-n)).inverse()
        return self * self ** (n - 1) if n > 1 else self if n == 1 else Jet(self.like(1.0))

    def __truediv__(self, other):
        return self * (other.inverse() if isinstance(other, Jet) else 1 / other)

    def __rtruediv__(self, other):
        return self.inverse() * other

    __radd__, __rmul__ = __add__, __mul__

    def inverse(self) -> Jet:
        g = np.zeros_like(self.c)
        g[0] = 1 / self.c[0]
        for k in range(1, len(g)):
            g[k] = -(self.c[1 : k + 1] @ g[k - 1 :: -1][:k]) / self.c[0]
        return Jet(g)

    def exp(self) -> Jet:
        g = np.zeros_like(self.c)
        g[0] = np.exp(self.c[0])
        for k in range(1, len(g)):
            g[k] = sum(j * self.c[j] * g[k - j] for j in range(1, k + 1)) / k
        return Jet(g)

    def log(self) -> Jet:
        slope = np.append(np.arange(1, len(self.c)) * self.c[1:], 0)
        ratio = (Jet(slope) / self).c
        return Jet(np.append(np.log(self.c[0]), ratio[:-1] / np.arange(1, len(self.c))))


def taylor_of(expressions, states, parameters) -> Callable:
    """Taylor kernel of SymPy expressions, independent of the package's own code generation."""
    functions = {"exp": lambda z: z.exp(), "log": lambda z: z.log(), "pi": math.pi}
    plain = [sympy.sympify(e).rewrite(sympy.exp) for e in expressions]
    evaluate = sympy.lambdify([*states, *parameters], plain, modules=[functions])

    def taylor(x, p, tables, out):
        values = evaluate(*map(Jet, x.T), *map(Jet, p.T))
        for column, value in enumerate(values):
            out[:, column] = Jet(x[:, 0]).like(value)

    return taylor


@dataclass(frozen=True)
class Field:
    """A vector field as strings, with its exact Jacobian and Taylor kernel."""

    states: str
    parameters: dict[str, float]
    equations: list
    definitions: dict[str, str] = field(default_factory=dict)
    value: Callable = field(init=False)
    slope: Callable = field(init=False)
    taylor: Callable = field(init=False)

    def __post_init__(self) -> None:
        symbols = {name: sympy.Symbol(name) for name in [*self.states.split(), *self.parameters]}
        inner = {k: sympy.sympify(v, locals=symbols) for k, v in self.definitions.items()}
        right = [sympy.sympify(e, locals={**symbols, **inner}) for e in self.equations]
        n = len(right)
        x, p = list(symbols.values())[:n], list(symbols.values())[n:]
        put = object.__setattr__
        put(self, "value", sympy.lambdify([*x, *p], right, "numpy"))
        put(self, "slope", sympy.lambdify([*x, *p], sympy.Matrix(right).jacobian(x), "numpy"))
        put(self, "taylor", taylor_of(right, x, p))

    def forms(self, x: np.ndarray, values: dict[str, float]) -> MultilinearForms:
        return MultilinearForms(self.taylor, x, np.array(list(values.values())))

    def second(self, x, values, q) -> np.ndarray:
        """B(q, q) at a point that may be complex."""
        jet, p = np.array([x, q, 0 * q], complex), np.zeros((3, len(values)), complex)
        p[0] = list(values.values())
        out = np.empty((3, len(x)), complex)
        self.taylor(jet, p, np.empty(0), out)
        return 2 * out[2]
