"""Branch points of equilibria: located exactly, and left along the other branch."""

from __future__ import annotations

import numpy as np

from continuation.engine.borders import null_vectors
from continuation.engine.following import Follower


def polish(follower: Follower, y: np.ndarray, iterations: int = 12) -> np.ndarray | None:
    """Newton on f + beta w = 0, f_x' w = 0, f_alpha . w = 0, w . w = 1; None where it fails.

    The enlarged system is regular at a simple branch point (Moore 1980; MatCont's locator).
    """
    n = follower.n
    w, beta = null_vectors(follower.jacobian(y))[0], 0.0
    for _ in range(iterations):
        residual, matrix = follower.evaluate(y)
        if not np.all(np.isfinite(matrix)):  # beyond what the field is defined for
            return None
        rows = np.concatenate([residual + beta * w, matrix.T @ w, [(w @ w - 1.0) / 2]])
        system = np.zeros((2 * n + 2, 2 * n + 2))
        system[:n, : n + 1] = matrix
        system[:n, n + 1 : -1] = beta * np.eye(n)
        system[:n, -1] = w
        system[n : 2 * n + 1, : n + 1] = weighted_second_derivative(follower, y, w)
        system[n : 2 * n + 1, n + 1 : -1] = matrix.T
        system[-1, n + 1 : -1] = w
        try:
            step = np.linalg.solve(system, -rows)
        except np.linalg.LinAlgError:
            return None
        if not np.all(np.isfinite(step)):  # derivatives are infinite, as those of a root at 0
            return None
        y, w, beta = y + step[: n + 1], w + step[n + 1 : -1], beta + step[-1]
        if np.max(np.abs(step)) < 1e-12:
            return y
    return None


def weighted_second_derivative(follower: Follower, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Symmetric matrix (n + 1, n + 1) of w . f_yy, y = (x, alpha), in scaled variables."""
    n, scale, compiled = follower.n, follower.scale, follower.model.compiled
    at = follower.at(y)
    x, p = follower.state(y), at.parameter_array()
    full, change = np.empty((n + 1, n + 1)), np.empty((n, n))
    weight = w / scale[:n]

    def along(dx: np.ndarray, dp: np.ndarray) -> np.ndarray:
        compiled.jacobian_tangent(x, p, compiled.tables, dx, dp, change)
        return (weight @ change) * scale[:n]

    still = np.zeros(compiled.m)
    for j in range(n):
        direction = np.zeros(n)
        direction[j] = scale[j]
        full[j, :n] = along(direction, still)
    unit = np.zeros(compiled.m)
    unit[follower.free[0]] = scale[n]
    full[n, :n] = full[:n, n] = along(np.zeros(n), unit)
    curve_x, curve_p = np.zeros((3, n), complex), np.zeros((3, compiled.m), complex)
    curve_x[0], curve_p[0], curve_p[1] = x, p, unit
    series = np.empty((3, n), complex)
    compiled.taylor(curve_x, curve_p, compiled.tables, series)
    full[n, n] = weight @ (2 * series[2].real)
    return full


def other_tangent(follower: Follower, y: np.ndarray, tangent: np.ndarray) -> np.ndarray | None:
    """Tangent of the second branch through a branch point (algebraic branching equation).

    With (phi1, phi2) spanning the null space of [f_x f_alpha] and B the weighted second
    derivative, the tangents solve B11 s^2 + 2 B12 s t + B22 t^2 = 0 (Keller 1987, section 5.20).
    """
    _, matrix = follower.evaluate(y)
    u, _, vh = np.linalg.svd(matrix)
    w, plane = u[:, -1], vh[-2:]
    first = plane.T @ (plane @ tangent)
    first /= np.linalg.norm(first)
    second = plane[0] - (plane[0] @ first) * first
    if np.linalg.norm(second) < 0.5:
        second = plane[1] - (plane[1] @ first) * first
    second /= np.linalg.norm(second)
    b = weighted_second_derivative(follower, y, w)
    b12, b22 = first @ b @ second, second @ b @ second
    if not abs(b12) > 1e-9 * (1 + abs(b22)):
        return None
    # first solves the equation (B11 = 0); the other root is s : t = -B22 : 2 B12.
    direction = -b22 * first + 2 * b12 * second
    return direction / np.linalg.norm(direction)
