"""Multilinear forms B, C, D, E of a field at a point, exact from its Taylor kernel.

The k-th directional derivative D^k f [u, ..., u] is k! times the k-th Taylor coefficient of
f(x + s u); different directions follow by polarization over signs.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import factorial

import numpy as np

from dynsys.vector_field import VectorField


class MultilinearForms:
    """``forms(u, v)`` is B(u, v), ``forms(u, v, w)`` is C(u, v, w), up to five vectors.

    Vectors (n,) may be complex; a vector (n + m,) also moves the parameters.

    Example
    -------
    >>> forms = MultilinearForms.from_model(model, x)
    >>> forms(q, q.conj())
    """

    def __init__(
        self, taylor: Callable, x: np.ndarray, p: np.ndarray, tables: np.ndarray
    ) -> None:
        self._taylor, self._tables = taylor, tables
        self._x, self._p = np.asarray(x, float), np.asarray(p, float)

    @classmethod
    def from_model(cls, model: VectorField, x: np.ndarray) -> MultilinearForms:
        """Forms of a model at a state (n,), with the model's parameter values."""
        compiled = model.compiled
        return cls(compiled.taylor, x, model.parameter_array(), compiled.tables)

    def __call__(self, *vectors: np.ndarray) -> np.ndarray:
        order = len(vectors)
        if not 1 <= order <= 5:
            raise ValueError(f"{order} vectors given; forms of 1 to 5 vectors exist")
        sizes = [float(np.linalg.norm(v)) for v in vectors]
        if not all(sizes):
            return np.zeros(len(self._x), complex)
        units = [np.asarray(v) / size for v, size in zip(vectors, sizes, strict=True)]
        if all(u is units[0] or np.array_equal(u, units[0]) for u in units[1:]):
            total = self._power(units[0], order)
        else:
            total = np.zeros(len(self._x), complex)
            for signs in product((1.0, -1.0), repeat=order - 1):
                direction = units[0] + sum(
                    (s * u for s, u in zip(signs, units[1:], strict=True)), np.zeros(1)
                )
                total += np.prod(signs) * self._power(direction, order)
            total /= 2 ** (order - 1) * factorial(order)
        result = total * np.prod(sizes)
        return result.real if all(np.isrealobj(v) for v in vectors) else result

    def _power(self, direction: np.ndarray, order: int) -> np.ndarray:
        """D^order f applied to one direction ``order`` times."""
        n, m = len(self._x), len(self._p)
        x, p = np.zeros((order + 1, n), complex), np.zeros((order + 1, m), complex)
        x[0], p[0], x[1] = self._x, self._p, direction[:n]
        if len(direction) > n:
            p[1] = direction[n:]
        series = np.empty((order + 1, n), complex)
        self._taylor(x, p, self._tables, series)
        return series[order] * factorial(order)
