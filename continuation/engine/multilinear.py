"""Multilinear forms B, C, D, E of a field at a point, exact from its Taylor kernel.

The k-th directional derivative D^k f [u, ..., u] is k! times the k-th Taylor coefficient of
f(x + s u). Different directions follow by polarization: D^k f [u1 + t2 u2 + ...]^k is a polynomial
in t2, t3, ..., and its values at roots of unity give the wanted coefficient.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

MOST_VECTORS = 5

Taylor = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


class MultilinearForms:
    """``forms(u, v)`` is B(u, v) = f_xx[u, v], ``forms(u, v, w)`` is C; one to five vectors.

    Vectors (n,) may be complex. A vector (n + m,) moves the parameters too, so that
    ``forms(e)`` with a unit vector behind the states is f_p and ``forms(q, e)`` is f_xp q.
    Returns (n,), real where all vectors are.

    Parameters
    ----------
    taylor : kernel ``taylor(X[K+1, n], P[K+1, m], tables, F[K+1, n])``, compiled or plain Python:
        writes into F the Taylor coefficients of f along x(s) = sum X[k] s^k, p(s) = sum P[k] s^k.
    x, p, tables : the point (n,), the parameters (m,), the packed tables (empty without tables).
    scale : (n,) typical size of each state, default 1. Directions are brought to equal length in
        these units before they are added, so that none drowns in the rounding of another.

    The forms are exact to rounding: about 1e-15 relative to the largest product of derivative and
    directions, not to a result that cancels.

    Example
    -------
    >>> forms = MultilinearForms.from_model(model, x)
    >>> forms(q, q.conj())
    """

    def __init__(
        self,
        taylor: Taylor,
        x: np.ndarray,
        p: np.ndarray,
        tables: np.ndarray | None = None,
        scale: np.ndarray | None = None,
    ) -> None:
        self._taylor = taylor
        self._x, self._p = np.asarray(x, float), np.asarray(p, float)
        self._tables = np.empty(0) if tables is None else tables
        n, m = len(self._x), len(self._p)
        sizes = np.maximum(np.abs(self._p), 1.0)
        states = np.ones(n) if scale is None else np.asarray(scale, float)
        self._units = np.concatenate([states, sizes])
        self._allowed = (n, n + m)

    @classmethod
    def from_model(cls, model: VectorField, x: np.ndarray) -> MultilinearForms:
        """Forms of a model at a state (n,), with the model's parameter values."""
        compiled = model.compiled
        return cls(compiled.taylor, x, model.parameter_array(), compiled.tables, model.scales)

    def __call__(self, *vectors: np.ndarray) -> np.ndarray:
        if not 1 <= len(vectors) <= MOST_VECTORS:
            raise ValueError(f"{len(vectors)} vectors given; forms of 1 to {MOST_VECTORS} exist")
        directions = [np.asarray(v) for v in vectors]
        real = all(np.isrealobj(v) for v in directions)
        lengths = [self._length(v) for v in directions]
        if 0.0 in lengths:
            return np.zeros(len(self._x), float if real else complex)
        units = [v / size for v, size in zip(directions, lengths, strict=True)]
        result = self._polarized(*_grouped(units)) * prod(lengths)
        return result.real if real else result

    def _polarized(self, directions: list[np.ndarray], counts: list[int]) -> np.ndarray:
        """D^k f with ``directions[j]`` repeated ``counts[j]`` times, counts increasing.

        Roots of unity of order count + 1 for every direction but the first isolate the
        coefficient: any other term that they let pass has a higher power of a later direction,
        and then more than ``counts[0]`` fewer of the first, which is impossible.
        """
        order, total = sum(counts), np.zeros(len(self._x), complex)
        roots = [np.exp(2j * np.pi * np.arange(c + 1) / (c + 1)) for c in counts[1:]]
        for factors in product(*roots):
            direction = directions[0].astype(complex)
            for factor, other in zip(factors, directions[1:], strict=True):
                direction = _sum(direction, factor * other)
            weight = prod(f**-c for f, c in zip(factors, counts[1:], strict=True))
            total += weight * self._power(direction, order)
        return total * prod(factorial(c) for c in counts) / prod(len(r) for r in roots)

    def _power(self, direction: np.ndarray, order: int) -> np.ndarray:
        """D^order f applied to one direction ``order`` times, divided by order!."""
        n, m = len(self._x), len(self._p)
        x, p = np.zeros((order + 1, n), complex), np.zeros((order + 1, m), complex)
        x[0], p[0], x[1] = self._x, self._p, direction[:n]
        p[1, : len(direction) - n] = direction[n:]
        series = np.zeros((order + 1, n), complex)
        self._taylor(x, p, self._tables, series)
        return series[order]

    def _length(self, vector: np.ndarray) -> float:
        if vector.ndim != 1 or len(vector) not in self._allowed:
            states, both = self._allowed
            raise ValueError(
                f"a direction has shape {vector.shape}; ({states},) moves the states, "
                f"({both},) states and parameters"
            )
        return float(np.linalg.norm(vector / self._units[: len(vector)]))


def _grouped(vectors: list[np.ndarray]) -> tuple[list[np.ndarray], list[int]]:
    """Distinct vectors with their multiplicities, the rarest first."""
    distinct: list[np.ndarray] = []
    counts: list[int] = []
    for vector in vectors:
        for k, known in enumerate(distinct):
            if known is vector or np.array_equal(known, vector):
                counts[k] += 1
                break
        else:
            distinct.append(vector)
            counts.append(1)
    ranked = sorted(range(len(distinct)), key=counts.__getitem__)
    return [distinct[k] for k in ranked], [counts[k] for k in ranked]


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum of directions of which one may leave the parameters alone."""
    if len(a) == len(b):
        return a + b
    short, long = sorted((a, b), key=len)
    total = long.copy()
    total[: len(short)] += short
    return total
