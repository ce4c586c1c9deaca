"""Bifurcation points of a graph: where they lie, and which mode of the graph is critical there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment

from continuation.engine.special_points import MEANINGS
from continuation.graphs.following import SparseCurve, Step
from continuation.graphs.linearization import Linearization
from continuation.graphs.node_roots import Root
from continuation.graphs.roots import rightmost, roots_right_of, same
from continuation.graphs.state import GraphState, mode_table
from continuation.graphs.system import Point
from dynsys.errors import ConvergenceError

_HALVINGS = 60
_ALIKE = 0.9  # overlap of a mode's vectors at two points of a curve
_NARROW = 1e-2  # part of a step in which the curve is straight to all digits
_EXACT = 1e-11  # of a root's size: its distance from the axis
_REAL = 1e-7  # of the largest modulus: a root this near the real axis crosses zero


@dataclass(frozen=True)
class GraphPoint:
    """A bifurcation of a graph's equilibrium.

    ``label``: "H", "LP" or "BP" (a real root crosses zero without a fold); ``name`` numbers them;
    ``state``; ``parameters`` of the field; ``root``; ``mode``: Dataset as of ``GraphState.modes``;
    ``frequency`` in Hz at Hopf points (per time unit for a dimensionless model), else None;
    ``bracket`` of the free parameter; ``certificate``: ``residual`` and ``axis``, the root's
    distance from the imaginary axis.
    """

    label: str
    parameters: Mapping[str, float]
    free: tuple[str, ...]
    state: GraphState
    root: complex
    mode: xr.Dataset
    vector: np.ndarray
    frequency: float | None
    bracket: tuple[float, float]
    certificate: Mapping[str, float]
    name: str = ""

    def strongest(self, count: int = 3) -> list[tuple[str, str]]:
        """The nodes that take most part in the critical mode, each with its leading state."""
        shape = np.abs(self.mode["shape"].values[0]) / self.state.point.nodes.sizes
        order = np.argsort(-np.linalg.norm(shape, axis=1))[:count]
        labels, states = self.mode["node"].values, self.mode["state"].values
        return [(str(labels[j]), str(states[np.argmax(shape[j])])) for j in order]

    @property
    def participation(self) -> float:
        """How many nodes the critical mode is spread over: (sum a^2)^2 / sum a^4, from 1 to N."""
        scaled = np.abs(self.mode["shape"].values[0]) / self.state.point.nodes.sizes
        power = np.sum(scaled**2, axis=1)
        return float(np.sum(power) ** 2 / np.sum(power**2))

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {self.parameters[k]:.8g}" for k in self.free)
        words = [f"{self.name or self.label:<4} {where}", MEANINGS[self.label]]
        if self.frequency is not None:
            words.append(f"{self.frequency:.5g} {self.state.field.frequency_unit}")
        nodes = ", ".join(node for node, _ in self.strongest())
        words.append(f"mode over {self.participation:.3g} nodes, strongest at {nodes}")
        words.append(f"residual {self.certificate['residual']:.0e}")
        return "; ".join(words)

    __repr__ = __str__


class Crossing(NamedTuple):
    """Roots that cross the axis between two steps, with their places and vectors at both."""

    before: Step
    after: Step
    at_before: Root
    at_after: Root


def crossings(
    curve: SparseCurve, before: Step, after: Step, unstable: tuple[int, int]
) -> list[Crossing]:
    """The roots (of pairs the upper one) that cross the axis between two points of a curve.

    ``unstable``: how many are right of it at both. Roots are matched by place and mode.
    """
    linear = [curve.system.point(step.y).linear for step in (before, after)]
    if 0 in unstable:
        found = _followed(linear, unstable)
        if found is not None:
            return [Crossing(before, after, *pair) for pair in found]
    ends = [_upper(one, max(unstable)) for one in linear]
    scale = max(abs(r.value) for roots in ends for r in roots)
    cost = np.array([[_distance(one, other, scale) for other in ends[1]] for one in ends[0]])
    pairs = zip(*linear_sum_assignment(cost), strict=True)
    matched = [(ends[0][i], ends[1][j]) for i, j in pairs]
    return [
        Crossing(before, after, one, other)
        for one, other in matched
        if (one.value.real > 0) != (other.value.real > 0)
    ]


def _followed(
    linear: Sequence[Linearization], unstable: tuple[int, int]
) -> list[tuple[Root, Root]] | None:
    """The unstable roots of one end and what Newton makes of them at the other, which is stable.

    None where that is not clear: then all roots near the axis are looked for at both ends.
    """
    here = int(unstable[0] == 0)  # the end with unstable roots
    found: list[tuple[Root, Root]] = []
    total, low = 0, -_REAL * linear[here].bound(0.0)
    for root in roots_right_of(linear[here], -low * 1e-3):
        if root.value.imag < low:
            continue
        try:
            other = Root(*linear[1 - here].polish(root.value, root.vector))
        except ConvergenceError:
            return None
        overlap = abs(np.vdot(root.vector, other.vector))
        known = any(same(other, pair[1 - here]) for pair in found)
        if other.value.real > 0 or known or overlap < _ALIKE:
            return None
        found.append((root, other) if here == 0 else (other, root))
        total += 1 if root.value.imag <= -low else 2
    return found if total == max(unstable) else None


def _upper(linear: Linearization, count: int) -> list[Root]:
    """The rightmost roots on and above the real axis."""
    low = -_REAL * linear.bound(0.0)
    return [r for r in rightmost(linear, count + 1) if r.value.imag >= low]


def _distance(one: Root, other: Root, scale: float) -> float:
    overlap = min(1.0, abs(np.vdot(one.vector, other.vector)))
    return abs(one.value - other.value) / scale + 1.0 - overlap


def located(curve: SparseCurve, crossing: Crossing) -> GraphPoint:
    """The point where a root lies on the imaginary axis.

    Regula falsi (Illinois variant) along the curve. Where a branch point makes the curve itself
    singular, the last step is a linear one.

    Raises ConvergenceError where the root is lost on the way.
    """
    left = _Sample(0.0, crossing.before.y, crossing.at_before)
    right = _Sample(1.0, crossing.after.y, crossing.at_after)
    weights, found = [1.0, 1.0], right
    for _ in range(_HALVINGS):
        f_left, f_right = (w * s.off for w, s in zip(weights, (left, right), strict=True))
        part = (left.part * f_right - right.part * f_left) / (f_right - f_left)
        try:
            found = _sample(curve, crossing, part, left, right)
        except ConvergenceError:
            if right.part - left.part > _NARROW:
                raise
            share = -left.off / (right.off - left.off)
            y = left.y + share * (right.y - left.y)
            value = left.root.value + share * (right.root.value - left.root.value)
            found = _Sample(part, y, Root(value, left.root.vector))
            break
        if abs(found.off) <= _EXACT * (abs(found.root.value) + 1e-3):
            break
        # The end that stays counts half the next time.
        if found.off * right.off > 0:
            right, weights = found, [weights[0] / 2, 1.0]
        else:
            left, weights = found, [1.0, weights[1] / 2]
    return _point(curve, crossing, found.y, found.root)


class _Sample(NamedTuple):
    """A point of the curve between two steps, and the root there."""

    part: float
    y: np.ndarray
    root: Root

    @property
    def off(self) -> float:
        """The root's distance from the axis."""
        return float(self.root.value.real)


def _sample(
    curve: SparseCurve, crossing: Crossing, part: float, left: _Sample, right: _Sample
) -> _Sample:
    y = _between(curve, crossing, part)
    share = (part - left.part) / (right.part - left.part)
    guess = left.root.value + share * (right.root.value - left.root.value)
    nearest = left if share < 0.5 else right
    return _Sample(part, y, Root(*curve.system.point(y).linear.polish(guess, nearest.root.vector)))


def _between(curve: SparseCurve, crossing: Crossing, part: float) -> np.ndarray:
    """The curve's point between two steps, in the plane across their secant."""
    secant = crossing.after.y - crossing.before.y
    found = curve.correct(crossing.before.y + part * secant, secant * curve.weight)
    if found is None:
        raise ConvergenceError("the curve was lost between two of its points; use smaller steps")
    return found[0]


def _point(curve: SparseCurve, crossing: Crossing, y: np.ndarray, root: Root) -> GraphPoint:
    at: Point = curve.system.point(y)
    field = at.nodes.field
    state = GraphState(field, at)
    k = -curve.count
    real = abs(root.value.imag) <= _REAL * at.linear.bound(0.0)
    turned = crossing.before.tangent[k] * crossing.after.tangent[k] < 0
    label = ("LP" if turned else "BP") if real else "H"
    value = complex(0.0, 0.0 if real else abs(root.value.imag))
    mode = mode_table(field, [Root(value, root.vector)])
    low, high = sorted((float(crossing.before.y[k]), float(crossing.after.y[k])))
    return GraphPoint(
        label=label,
        parameters=dict(field.parameters),
        free=curve.system.parameters,
        state=state,
        root=value,
        mode=mode,
        vector=root.vector if root.value.imag >= 0 else root.vector.conj(),
        frequency=None if real else float(mode["frequency"][0]),
        bracket=(low, high),
        certificate={"residual": state.residual, "axis": abs(root.value.real)},
    )
