"""Null vectors and bordering bases of singular matrices."""

from __future__ import annotations

import numpy as np


def null_vectors(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right unit singular vectors (n,) of the smallest singular value of ``a``."""
    u, _, vh = np.linalg.svd(a)
    return u[:, -1], vh[-1]


def hopf_borders(a: np.ndarray, omega: float, border: np.ndarray) -> None:
    """Fill rows 0-1 (left) and 2-3 (right) with biorthogonal bases of the critical plane."""
    u, _, vh = np.linalg.svd(a @ a + omega**2 * np.eye(len(a)))
    left, right = u[:, -2:].T, vh[-2:]
    border[:2] = np.linalg.solve(left @ right.T, left)
    border[2:4] = right
    border[4, 0] = omega**2
