"""The one predictor-corrector: pseudo-arclength continuation of any curve F(y) = 0.

A problem supplies a compiled ``evaluate`` (residual (N,) and Jacobian (N, N + 1) in scaled
variables, its leading (n, n) block the Jacobian of the field) and a compiled ``refresh`` (bordering
vectors). Tangent predictor, Newton corrector in the plane orthogonal to the tangent (Keller 1977),
step control by Newton's convergence and the angle between tangents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import boolean, float64, int64, types

from continuation.engine.field import Field
from continuation.engine.linear_algebra import (
    PIVOTS,
    copy_into,
    eigenvalues,
    lu_factor,
    lu_sign,
    lu_solve,
)
from dynsys.compiled.functions import FunctionType
from dynsys.compiled.kernels import DOMAIN_TYPE, MATRIX, VECTOR
from dynsys.compiled.records import Indices, Matrix, Vector, record, signature
from dynsys.numba_cache import njit

# field, border, y, residual, matrix
EVALUATE = signature(bool, Field, Matrix, Vector, Vector, Matrix)
# n, matrix, border
REFRESH = boolean(int64, MATRIX, MATRIX)
REFRESH_TYPE = FunctionType(REFRESH)

BOUND, MAX_POINTS, STEP_MIN, DOMAIN, CLOSED, INTERRUPTED = range(6)


@record
class Curve(NamedTuple):
    """A curve F(y) = 0 of a field, y (N + 1,); ``border`` holds the bordering vectors of the last
    accepted point."""

    evaluate: Annotated[Callable, FunctionType(EVALUATE)]
    field: Field
    border: Matrix


@record
class Bounds(NamedTuple):
    """Where a curve may go: bounds of its unknowns, and the domain of the model's tables."""

    lower: Vector
    upper: Vector
    domain: Annotated[Callable, DOMAIN_TYPE]


@record
class Plane(NamedTuple):
    """The plane row . y = level."""

    row: Vector
    level: float


@record
class Control(NamedTuple):
    """Steps and tolerances: see ``Settings``."""

    step_min: float
    step_max: float
    tolerance: float
    max_newton: int
    min_cosine: float


@record
class Path(NamedTuple):
    """Points of a curve in rows; eigenvalues are tracked, signs those of ``tangent_at``."""

    points: Matrix
    tangents: Matrix
    reals: Matrix
    imaginaries: Matrix
    signs: Vector


@record
class Origin(NamedTuple):
    """Where a curve begins, to which it may return."""

    point: Vector
    tangent: Vector


@record
class Work(NamedTuple):
    """Residual (N,) and Jacobian (N, N + 1) of F, and the square system they are bordered to."""

    residual: Vector
    matrix: Matrix
    bordered: Matrix
    pivots: Indices
    right: Vector


def workspace(size):
    """Work for curves of ``size`` = N + 1 unknowns."""
    return Work(
        np.empty(size - 1), np.empty((size - 1, size)), np.empty((size, size)),
        np.empty(size, np.int64), np.empty(size),
    )  # fmt: skip


_workspace = njit([signature(Work, int)], cache=True)(workspace)


@njit(
    [signature(int64, Curve, Plane, Vector, float64, int64, Work)],
    cache=True, error_model="numpy",
)  # fmt: skip
def newton(curve, plane, y, tolerance, most, work):
    """Correct ``y`` in place on F(y) = 0, row . y = level; returns iterations, -1 on failure."""
    size = y.shape[0]
    evaluate, field, border, row = curve.evaluate, curve.field, curve.border, plane.row
    residual, matrix, bordered = work.residual, work.matrix, work.bordered
    pivots, right = work.pivots, work.right
    for iteration in range(most):
        if not evaluate(field, border, y, residual, matrix):
            return -1
        total = plane.level
        for j in range(size):
            total -= row[j] * y[j]
            bordered[size - 1, j] = row[j]
        right[size - 1] = total
        for i in range(size - 1):
            right[i] = -residual[i]
            for j in range(size):
                bordered[i, j] = matrix[i, j]
        if not lu_factor(bordered, pivots):
            return -1
        lu_solve(bordered, pivots, right)
        correction = 0.0
        for j in range(size):
            y[j] += right[j]
            correction = max(correction, abs(right[j]))
        if not correction < 1e6:
            return -1
        if correction < tolerance:
            return iteration + 1
    return -1


@njit([signature(bool, int, Vector, Matrix, Vector)], cache=True, error_model="numpy")
def vanishes(n, residual, matrix, y):
    """Whether the field (the first n rows) is zero where Newton's steps are: at the infinite slope
    of a root they vanish although it is not.

    Zero is small against the terms that balance, or against anything in units of 1 / time.
    """
    for i in range(n):
        terms = 0.0
        for j in range(y.shape[0]):
            terms += abs(matrix[i, j] * y[j])
        if not abs(residual[i]) <= max(1e-9, 1e-6 * terms):
            return False
    return True


@njit([float64(MATRIX, VECTOR, MATRIX, PIVOTS, VECTOR)], cache=True, error_model="numpy")
def tangent_at(matrix, previous, bordered, pivots, right):
    """Write the unit tangent into ``right``, oriented along ``previous``.

    Returns the sign of the determinant of the bordered matrix (its change marks a branch point),
    0 where that is singular.
    """
    size = previous.shape[0]
    for i in range(size - 1):
        right[i] = 0.0
        for j in range(size):
            bordered[i, j] = matrix[i, j]
    for j in range(size):
        bordered[size - 1, j] = previous[j]
    right[size - 1] = 1.0
    if not lu_factor(bordered, pivots):
        return 0.0
    sign = lu_sign(bordered, pivots)
    lu_solve(bordered, pivots, right)
    length = np.sqrt(np.dot(right, right))
    if not (length > 0.0 and length < 1e300):
        return 0.0
    for j in range(size):
        right[j] /= length
    return sign


@njit([boolean(int64, MATRIX, VECTOR, VECTOR)], cache=True)
def spectrum(n, matrix, real, imaginary):
    """Eigenvalues of the leading (n, n) block."""
    block = matrix[:n, :n].copy()
    return eigenvalues(block, real, imaginary) == 0


@njit([types.void(VECTOR, VECTOR, VECTOR, VECTOR)], cache=True)
def track(old_real, old_imaginary, real, imaginary):
    """Reorder eigenvalues in place so that each follows its nearest predecessor (greedy)."""
    n = real.shape[0]
    for k in range(n):
        best, nearest = k, np.inf
        for i in range(k, n):
            distance = (real[i] - old_real[k]) ** 2 + (imaginary[i] - old_imaginary[k]) ** 2
            if distance < nearest:
                best, nearest = i, distance
        real[k], real[best] = real[best], real[k]
        imaginary[k], imaginary[best] = imaginary[best], imaginary[k]


@njit([types.UniTuple(float64, 2)(VECTOR, VECTOR, VECTOR, VECTOR)], cache=True)
def first_bound(before, after, lower, upper):
    """(variable, fraction of the step) of the first bound crossed, (-1, 0) where none is."""
    variable, smallest = -1, np.inf
    for j in range(before.shape[0]):
        limit = np.nan
        if after[j] > upper[j]:
            limit = upper[j]
        elif after[j] < lower[j]:
            limit = lower[j]
        if limit == limit:
            step = after[j] - before[j]
            fraction = (limit - before[j]) / step if step != 0.0 else 0.0
            if fraction < smallest:
                variable, smallest = j, fraction
    return float64(variable), smallest


@njit
def _correct(curve, plane, y, control, work):
    """Newton from ``y`` in a plane, with the tolerances of ``control``."""
    return newton(curve, plane, y, control.tolerance, control.max_newton, work)


@njit
def _step(curve, last, direction, step, y, control, work):
    """Predict along the tangent and correct; returns the iterations, -1 where it failed."""
    for j in range(y.shape[0]):
        y[j] = last[j] + step * direction[j]
    iterations = _correct(curve, Plane(direction, np.dot(direction, y)), y, control, work)
    shift = 0.0
    for j in range(y.shape[0]):
        shift += (y[j] - last[j] - step * direction[j]) ** 2
    # A correction as long as half the step means another curve was met.
    return iterations if shift < 0.25 * step * step else -1


@njit
def _distance(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += (a[i] - b[i]) ** 2
    return np.sqrt(total)


@njit
def _land(curve, bounds, last, y, variable, fraction, step, control, work):
    """Move ``y`` onto the bound that a step crossed."""
    upper = bounds.upper[variable]
    limit = upper if y[variable] > upper else bounds.lower[variable]
    row = np.zeros(y.shape[0])
    row[variable] = 1.0
    landed = last.copy()
    for i in range(y.shape[0]):
        landed[i] += fraction * (y[i] - last[i])
    if _correct(curve, Plane(row, limit), landed, control, work) < 0:
        return False
    copy_into(y, landed)
    return _distance(landed, last) < 2.0 * step


@njit
def _inside(field, domain, y, x):
    """Whether the tables' domain holds the point; ``x`` becomes its state."""
    scale = field.scale
    for i in range(x.shape[0]):
        x[i] = y[i] * scale[i]
    return domain(x, field.p, field.tables) >= 0.0


@njit
def _approach_edge(curve, domain, last, direction, step, y, x, control, work):
    """Bisect a step that left the domain; ``y`` becomes the last point inside."""
    low, high = 0.0, step
    best = last.copy()
    for _ in range(60):
        middle = 0.5 * (low + high)
        done = _step(curve, last, direction, middle, y, control, work)
        if done > 0 and _inside(curve.field, domain, y, x):
            low = middle
            copy_into(best, y)
        else:
            high = middle
    copy_into(y, best)


@njit
def _closes(last, y, origin, step):
    """Whether the chord from ``last`` to ``y`` passes through the origin of the curve."""
    point, tangent = origin.point, origin.tangent
    before, after = 0.0, 0.0
    for i in range(y.shape[0]):
        before += tangent[i] * (last[i] - point[i])
        after += tangent[i] * (y[i] - point[i])
    if not (before < 0.0 <= after):
        return False
    fraction, total = before / (before - after), 0.0
    for i in range(y.shape[0]):
        total += (last[i] + fraction * (y[i] - last[i]) - point[i]) ** 2
    return np.sqrt(total) < 0.2 * step


@njit
def _next_step(step, iterations, control):
    if iterations <= 2:
        return min(1.6 * step, control.step_max)
    if iterations == 3:
        return min(1.25 * step, control.step_max)
    return 0.6 * step if iterations > 5 else step


@njit(
    [
        signature(
            types.Tuple((int64, int64, float64)),
            Curve, REFRESH_TYPE, Bounds, Control, Origin, float, Path,
        )
    ],
    cache=True, error_model="numpy",
)  # fmt: skip
def follow(curve, refresh, bounds, control, origin, step, path):
    """Follow a curve from row 0 of ``path`` until its rows are full or the curve ends.

    Returns (rows filled, why it stopped, next step).
    """
    points, tangents, signs = path.points, path.tangents, path.signs
    reals, imaginaries = path.reals, path.imaginaries
    capacity, size = points.shape
    n = reals.shape[1]
    evaluate, field, border, domain = curve.evaluate, curve.field, curve.border, bounds.domain
    work = _workspace(size)
    residual, matrix, bordered = work.residual, work.matrix, work.bordered
    pivots, right = work.pivots, work.right
    y, x = np.empty(size), np.empty(n)
    count = 1
    while count < capacity:
        last, direction = points[count - 1], tangents[count - 1]
        iterations = _step(curve, last, direction, step, y, control, work)
        good, stop = iterations > 0, -1
        if good:
            variable, fraction = first_bound(last, y, bounds.lower, bounds.upper)
            if variable >= 0:
                stop = BOUND
                good = _land(curve, bounds, last, y, int64(variable), fraction, step, control, work)
        if good and not _inside(field, domain, y, x):
            stop = DOMAIN
            _approach_edge(curve, domain, last, direction, step, y, x, control, work)
        good = good and evaluate(field, border, y, residual, matrix)
        if good and vanishes(n, residual, matrix, y):
            signs[count] = tangent_at(matrix, direction, bordered, pivots, right)
            sharp = np.dot(right, direction) < control.min_cosine and step > 1e-7
            good = signs[count] != 0.0 and not sharp
        else:
            good = False
        if not good:
            step *= 0.5
            if step < control.step_min:
                return count, STEP_MIN, step
            continue
        copy_into(points[count], y)
        copy_into(tangents[count], right)
        if not spectrum(n, matrix, reals[count], imaginaries[count]):
            return count, STEP_MIN, step
        track(reals[count - 1], imaginaries[count - 1], reals[count], imaginaries[count])
        refresh(n, matrix, border)
        count += 1
        if stop >= 0:
            return count, stop, step
        if _closes(last, y, origin, step):
            return count, CLOSED, step
        step = _next_step(step, iterations, control)
    return count, MAX_POINTS, step
