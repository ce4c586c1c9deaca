"""Equilibria that attract from one side and repel on the other: a stable and an unstable one met.

A fold is one. Over a whole region of parameters they stand in models of a special form alone, such
as x' = -p x^2: Newton's method halves its distance at every step there, and the eigenvalue with it,
whose sign tells only from which side it came.
"""

from __future__ import annotations

import numpy as np

from continuation.engine.borders import null_vectors
from dynsys.vector_field import VectorField

UNRESOLVED = 0.2  # of an eigenvalue's distance from the axis, that another Newton step moves it
ASIDE = 1e-2  # scaled distance to both sides at which it is asked where motions go
EVEN = 0.5  # ratio of the rates on both sides from which they are the same: odd ones are opposite


def way_out(model: VectorField, x: np.ndarray) -> np.ndarray | None:
    """The scaled direction (n,) in which motions leave a half-stable equilibrium (n,); None of any
    other one.

    1. Another Newton step changes the Jacobian by as much as its smallest eigenvalue lies from the
       imaginary axis, or that eigenvalue is zero.
    2. The field along the null vector has one sign on both sides, and nothing else grows.

    Example
    -------
    >>> model = VectorField("fold", {"x": 0.0}, {"p": 1.0}, {"x": "-p*x^2"})
    >>> way_out(model, np.zeros(1))
    array([-1.])
    """
    scale = model.scales
    a = _slopes(model, x)
    if not np.all(np.isfinite(a)):
        return None
    values = np.linalg.eigvals(a)
    values = values[np.argsort(np.abs(values))]
    if values[0].imag or np.any(values[1:].real >= 0) or not _is_unresolved(model, x, a, values[0]):
        return None
    left, right = null_vectors(a)
    right = right / np.max(np.abs(right))
    ends = (x + side * ASIDE * right * scale for side in (1.0, -1.0))
    ahead, behind = (float(left @ (model.rhs(end) / scale)) for end in ends)
    overlap = float(left @ right)
    even = ahead * behind > 0 and EVEN < ahead / behind < 1 / EVEN
    return right * np.sign(ahead * overlap) if even and overlap else None


def _is_unresolved(model: VectorField, x: np.ndarray, a: np.ndarray, value: complex) -> bool:
    try:
        step = np.linalg.solve(a, model.rhs(x) / model.scales)
    except np.linalg.LinAlgError:
        return True
    change = _slopes(model, x - step * model.scales) - a
    return not np.max(np.abs(change)) < UNRESOLVED * abs(value.real)


def _slopes(model: VectorField, x: np.ndarray) -> np.ndarray:
    return model.jacobian(x) * model.scales[None, :] / model.scales[:, None]
