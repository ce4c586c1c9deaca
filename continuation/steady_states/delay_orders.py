"""How many nodes delay lines need for the eigenvalues of equilibria to be right.

The roots of the exact characteristic equation tell: at samples of a branch, those of a model whose
lines have K nodes are compared with them, without compiling the model for K.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from continuation.engine.following import Follower, Trace
from continuation.engine.problems import HOPF
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.certificates import characteristic_equation
from continuation.steady_states.characteristic_equation import CharacteristicEquation
from continuation.steady_states.search import find_all
from dynsys.delays import differentiation_matrix
from dynsys.vector_field import VectorField

ORDERS = (6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)
PRECISE = 1e-8  # of a critical root, relative to its size and to the longest delay's rate
SLOW = 1e-2  # of a root times the delay: the error of a line is of its power with K
_SAMPLES = 7  # of a piece
_CLEAR = 1e-4  # of a root's size: what lies nearer to the axis is not counted
_FINER = 8  # nodes more than twice as many, whose roots are compared with


def order_needed(
    follower: Follower, traces: Sequence[Trace], points: Sequence[SpecialPoint], most: int
) -> int:
    """The fewest nodes, at least the model's and at most ``most``, with which a branch has the
    exact roots at its special points, and as many right of the axis at samples in between."""
    order, on_axis = follower.model.delay_order, follower.problem is HOPF
    for point in points:
        if point.label in ("H", "GH", "ZH", "HH", "BT"):
            equation = characteristic_equation(point.model, point.state)
            order = _order(equation, order, most, critical=True)
    for model, x in _samples(follower, traces):
        order = _order(characteristic_equation(model, x), order, most, critical=on_axis)
    return order


def order_in_plane(
    model: VectorField, spans: Mapping[str, tuple[float, float]], most: int, seed: int = 0
) -> int:
    """As ``order_needed``, at all equilibria in two corners and in the middle of a plane."""
    order = model.delay_order
    (x, (left, right)), (y, (low, high)) = spans.items()
    for place in [(left, low), (right, high), ((left + right) / 2, (low + high) / 2)]:
        here = model.with_parameters(**{x: place[0], y: place[1]})
        for state in find_all(here, seed=seed).isolated:
            order = _order(characteristic_equation(here, state), order, most)
    return order


def _samples(
    follower: Follower, traces: Sequence[Trace]
) -> Iterator[tuple[VectorField, np.ndarray]]:
    for trace in traces:
        some = np.unique(np.linspace(0, len(trace.points) - 1, _SAMPLES).astype(int))
        for y in trace.points[some]:
            yield follower.at(y), follower.state(y)


def _order(equation: CharacteristicEquation, order: int, most: int, critical: bool = False) -> int:
    wanted = [k for k in (order, *(o for o in ORDERS if o > order)) if k <= most] or [order]
    for tried in wanted:
        if is_resolved(equation, tried, critical):
            return tried
    return wanted[-1]


def is_resolved(equation: CharacteristicEquation, order: int, critical: bool = False) -> bool:
    """Whether lines of ``order`` nodes have as many roots right of the axis as lines of more than
    twice as many; at a ``critical`` equilibrium also the exact one on the axis, to ``PRECISE``."""
    found = line_roots(equation, order)
    if critical:
        near = found[np.argmin(np.abs(found.real))]
        longest = float(np.max(equation.tau))
        # At a BT point rounding splits the double root at 0, which any number of nodes has.
        if abs(near) * longest > SLOW:
            axis = equation.polish(near)
            slow = max(1.0 / abs(axis), longest)
            if np.min(np.abs(found - axis)) * slow > PRECISE:
                return False
    return _right(line_roots(equation, 2 * order + _FINER)) == _right(found)


def _right(roots: np.ndarray) -> int:
    """How many are clearly right of the axis."""
    return int(np.sum(roots.real > _CLEAR * np.abs(roots)))


def line_roots(equation: CharacteristicEquation, order: int) -> np.ndarray:
    """Eigenvalues of the equation with every signal on a delay line of ``order`` nodes."""
    n, count = len(equation.f_x), len(equation.tau)
    matrix = differentiation_matrix(order)
    ends = n + order * np.arange(1, count + 1) - 1
    a = np.zeros((n + order * count, n + order * count))
    a[:n, :n], a[:n, ends] = equation.f_x, equation.f_u
    for k, tau in enumerate(equation.tau):
        rows = slice(n + order * k, n + order * (k + 1))
        a[rows, rows] = matrix[1:, 1:] / tau
        a[rows, :n] += np.outer(matrix[1:, 0], equation.s_x[k]) / tau
        a[rows, ends] += np.outer(matrix[1:, 0], equation.s_u[k]) / tau
    return np.linalg.eigvals(a)
