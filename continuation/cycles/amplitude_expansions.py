"""What lies near a cycle as a power series in the amplitude of a critical mode."""

from __future__ import annotations

from functools import cache

import numpy as np

from continuation.cycles.linearization import Linearization

_ANGLES = np.pi * np.arange(6) / 6  # of xi; they tell the powers of up to five factors apart

Power = tuple[int, int]


class Expansion:
    """x = u(tau) + sum of h_jk(tau) xi^j conj(xi)^k, in scaled variables.

    Time and amplitude move by tau' = 1 + sum of a_jk xi^j conj(xi)^k and xi' = (i theta / T) xi +
    sum of b_jk xi^j conj(xi)^k. Put into x' = f(x), every power (j, k) gives a linear equation for
    h_jk, in tau / T with theta = 0 of a real xi, whose powers are (j, 0):

        h_jk' - T A h_jk + i (j - k) theta h_jk = T (rest(j, k) - a_jk F - b_jk v), v = h_10.

    ``set`` takes what was found of h (nodes), a and b, from the lower orders to the higher.
    """

    def __init__(self, linear: Linearization, v: np.ndarray, a: float = 0.0) -> None:
        self._linear = linear
        self._complex = np.iscomplexobj(v)
        self._angles = _ANGLES if self._complex else np.zeros(1)
        self._h: dict[Power, np.ndarray] = {}
        self._a: dict[Power, float] = {}
        self._b: dict[Power, complex] = {}
        self._images = cache(self._fields)
        self.set((1, 0), v, a=a)

    def set(self, power: Power, h: np.ndarray, a: float = 0.0, b: complex = 0.0) -> None:
        """The function h (N m + 1, n) of a power, and the terms of tau' and xi' with it."""
        self._h[power] = h
        if self._complex:
            self._h[power[::-1]] = h.conj()
        self._a[power], self._b[power] = a, b

    def rest(self, j: int, k: int) -> np.ndarray:
        """The term of f in xi^j conj(xi)^k without A h_jk, less what lower orders move of x'."""
        linear, period = self._linear, self._linear.orbit.period
        turns = np.exp(-1j * (j - k) * self._angles) / len(self._angles)
        total = np.tensordot(turns, self._images(j + k), axes=1)
        for (p, q), a in self._a.items():
            if a and (moved := self._h.get((j - p, k - q))) is not None:
                total = total - a / period * linear.slopes_at_gauss(moved)
        for (p, q), b in self._b.items():
            if b and (grown := self._h.get((j - p + 1, k - q))) is not None:
                total = total - b * (j - p + 1) * linear.at_gauss(grown)
            if b and self._complex and (grown := self._h.get((j - q, k - p + 1))) is not None:
                total = total - np.conj(b) * (k - p + 1) * linear.at_gauss(grown)
        return total if self._complex else total.real

    def _fields(self, order: int) -> np.ndarray:
        """Terms (angle, N m, n) of f in s^order where xi = s exp(i angle), h of that order left
        out: Taylor arithmetic along a real curve, exact to rounding."""
        linear, model = self._linear, self._linear.model
        scale, compiled = linear.solver.scale, model.compiled
        p = np.zeros((order + 1, len(model.parameter_array())), complex)
        p[0] = model.parameter_array()
        curve = np.zeros((order + 1, *linear.states.shape), complex)
        curve[0] = linear.states
        result = np.empty((len(self._angles), *linear.states.shape), complex)
        series = np.empty((order + 1, linear.n), complex)
        for angle, images in zip(self._angles, result, strict=True):
            curve[1:] = 0.0
            for (j, k), h in self._h.items():
                curve[j + k] += np.exp(1j * (j - k) * angle) * linear.at_gauss(h) * scale
            for place in range(len(images)):
                x = np.ascontiguousarray(curve[:, place])
                compiled.taylor(x, p, compiled.tables, series)
                images[place] = series[order] / scale
        return result
