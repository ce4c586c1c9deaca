"""``cross_check``: a curve of ours beside the same curve computed by PyDSTool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from continuation.engine.following import Follower
from continuation.steady_states.branch import Branch
from continuation.steady_states.pydstool_backend import compute
from continuation.steady_states.refollowing import follower_of, scaled_points, set_border
from dynsys.errors import ModelError
from dynsys.typed import typed

# What PyCont can be trusted with; its first Lyapunov coefficient is wrong, hence no GH.
COMPARED = {
    "equilibria": ("LP", "H"),
    "fold curve": ("CP", "BT"),
    "hopf curve": ("BT",),
}


@dataclass(frozen=True)
class ComparedPoint:
    """A special point as both engines have it; one of the two may be None.

    ``difference`` is the largest relative difference of the free parameters and the frequency,
    relative to the value or, where that is smaller, to a thousandth of the span.
    """

    label: str
    ours: Any
    theirs: Any
    difference: float

    def __str__(self) -> str:
        def shown(point: Any) -> str:
            if point is None:
                return "not found"
            return ", ".join(f"{k} = {point.parameters[k]:.12g}" for k in point.free)

        end = "" if np.isnan(self.difference) else f"; difference {self.difference:.1e}"
        return f"{self.label:<3} ours: {shown(self.ours)}; PyDSTool: {shown(self.theirs)}{end}"


@dataclass(frozen=True)
class CrossCheck:
    """Two engines' versions of a curve.

    ``difference`` is the largest distance of a point of PyDSTool's curve from ours, measured in
    the plane across our curve, in scaled variables (states by their typical size, parameters by
    half their span). ``coverage`` is the part of our points that PyDSTool's curve passes by.
    """

    ours: Branch
    theirs: Branch
    difference: float
    coverage: float
    points: tuple[ComparedPoint, ...]

    def agrees(self, tolerance: float = 1e-6) -> bool:
        """Whether curves and all shared special points agree, and none is missing."""
        found = all(p.difference < tolerance for p in self.points)  # NaN where one is missing
        return self.difference < tolerance and self.coverage > 0.9 and found

    def __str__(self) -> str:
        where = ", ".join(self.ours.parameters)
        lines = [
            f"{self.ours.kind} of {self.ours.model.name} in {where}: "
            f"{len(self.ours)} points of ours, {len(self.theirs)} of PyDSTool's",
            f"  largest difference {self.difference:.1e}; "
            f"{100 * self.coverage:.0f} % of our curve reached by PyDSTool",
        ]
        return "\n".join(lines + [f"  {point}" for point in self.points])

    __repr__ = __str__


@typed
def cross_check(branch: Branch) -> CrossCheck:
    """Compute a branch again with PyDSTool and compare.

    Equilibria, fold curves and Hopf curves can be checked, of models with delays (as their
    transport lines) and tables too. PyDSTool starts in the middle of every piece.

    Raises
    ------
    DynsysError where PyDSTool is not installed; ConvergenceError where it finds no curve.

    Example
    -------
    >>> from dynsys.models import wilson_cowan
    >>> print(cross_check(equilibria(wilson_cowan(), "P", (-3, 6))))
    """
    if branch.kind not in COMPARED:
        raise ModelError(
            f"a branch of {branch.kind} cannot be checked by PyDSTool; {', '.join(COMPARED)} can"
        )
    follower = follower_of(branch)
    ours = scaled_points(branch, follower)
    theirs = compute(follower, [piece[len(piece) // 2] for piece in ours])
    distances = list(_distances(follower, ours, scaled_points(theirs, follower)))
    return CrossCheck(
        ours=branch,
        theirs=theirs,
        difference=max(distances, default=float("nan")),
        coverage=_coverage(ours, scaled_points(theirs, follower)),
        points=tuple(_pairs(branch, theirs)),
    )


def _distances(
    follower: Follower, ours: list[np.ndarray], theirs: list[np.ndarray]
) -> Iterator[float]:
    """For every point of theirs, its distance from our curve in the plane across the curve."""
    for y in np.concatenate(theirs):
        guess, tangent = min((_nearest(piece, y) for piece in ours), key=lambda g: _size(g[0] - y))
        set_border(follower, guess)
        exact = follower.correct(guess, tangent, float(tangent @ y))
        yield float("inf") if exact is None else _size(exact - y)


def _size(y: np.ndarray) -> float:
    return float(np.linalg.norm(y))


def _nearest(points: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest point of a polyline, and the line's direction there."""
    a, chord = points[:-1], np.diff(points, axis=0)
    square = np.maximum(np.sum(chord**2, axis=1), 1e-300)
    fraction = np.clip(np.sum((y - a) * chord, axis=1) / square, 0, 1)
    near = a + fraction[:, None] * chord
    k = int(np.argmin(np.linalg.norm(near - y, axis=1)))
    return near[k], chord[k] / np.sqrt(square[k])


def _coverage(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """Part of our points that lie within one of their steps of their curve."""
    step = max(float(np.max(np.linalg.norm(np.diff(p, axis=0), axis=1))) for p in theirs)
    near = [min(_size(_nearest(p, y)[0] - y) for p in theirs) < step for p in ours for y in p]
    return float(np.mean(near))


def _pairs(ours: Branch, theirs: Branch) -> Iterator[ComparedPoint]:
    """Special points of the compared kinds, each with its nearest counterpart."""
    for label in COMPARED[ours.kind]:
        waiting = list(theirs.points(label))
        for point in ours.points(label):
            near = [p for p in waiting if _relative(ours, point, p) < 0.05]
            match = min(near, key=lambda p: _relative(ours, point, p), default=None)
            if match is not None:
                waiting = [p for p in waiting if p is not match]
            off = float("nan") if match is None else _relative(ours, point, match)
            yield ComparedPoint(label, point, match, off)
        yield from (ComparedPoint(label, None, point, float("nan")) for point in waiting)


def _relative(branch: Branch, a: Any, b: Any) -> float:
    sizes = []
    for name in branch.parameters:
        low, high = branch.spans[name]
        scale = max(abs(a.parameters[name]), 1e-3 * (high - low))
        sizes.append(abs(a.parameters[name] - b.parameters[name]) / scale)
    if a.label == "H" and a.frequency and b.frequency:
        sizes.append(abs(a.frequency - b.frequency) / a.frequency)
    return max(sizes)
