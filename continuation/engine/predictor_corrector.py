"""The one predictor-corrector: pseudo-arclength continuation of any curve F(y) = 0.

A problem supplies a compiled ``evaluate`` (residual (N,) and Jacobian (N, N + 1) in scaled
variables, its leading (n, n) block the Jacobian of the field) and a compiled ``refresh`` (bordering
vectors). Tangent predictor, Newton corrector in the plane orthogonal to the tangent (Keller 1977),
step control by Newton's convergence and the angle between tangents.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, types

from continuation.engine.linear_algebra import (
    PIVOTS,
    copy_into,
    eigenvalues,
    lu_factor,
    lu_sign,
    lu_solve,
)
from dynsys.compiled.kernels import (
    DOMAIN_TYPE,
    FIELD_TYPE,
    JACOBIAN_TANGENT_TYPE,
    JACOBIAN_TYPE,
    MATRIX,
    TANGENT_TYPE,
    VECTOR,
)
from dynsys.numba_cache import njit

INDICES = types.Array(int64, 1, "C")

# field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, border, y, residual, matrix
_MODEL = (FIELD_TYPE, JACOBIAN_TYPE, TANGENT_TYPE, JACOBIAN_TANGENT_TYPE, VECTOR, VECTOR, INDICES)
EVALUATE = boolean(*_MODEL, VECTOR, MATRIX, VECTOR, VECTOR, MATRIX)
EVALUATE_TYPE = types.FunctionType(EVALUATE)
# n, matrix, border
REFRESH = boolean(int64, MATRIX, MATRIX)
REFRESH_TYPE = types.FunctionType(REFRESH)

BOUND, MAX_POINTS, STEP_MIN, DOMAIN, CLOSED, INTERRUPTED = range(6)

_WORK = (VECTOR, MATRIX, MATRIX, PIVOTS, VECTOR)  # residual, matrix, bordered, pivots, right side


@njit(
    [
        int64(
            EVALUATE_TYPE, *_MODEL, VECTOR, MATRIX, VECTOR, VECTOR, float64, float64, int64, *_WORK
        )
    ],
    cache=True,
    error_model="numpy",
)
def newton(
    evaluate, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, border,
    y, row, level, tolerance, most, residual, matrix, bordered, pivots, right,
):  # fmt: skip
    """Correct ``y`` in place on F(y) = 0, row . y = level; returns iterations, -1 on failure."""
    size = y.shape[0]
    for iteration in range(most):
        if not evaluate(
            field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, border,
            y, residual, matrix,
        ):  # fmt: skip
            return -1
        total = level
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
def _correct(model, work, y, row, level, settings):
    """Newton from ``y`` in the plane row . y = level, with the settings' tolerances."""
    return newton(*model, y, row, level, settings[2], int64(settings[3]), *work)


@njit
def _step(model, work, last, direction, step, y, settings):
    """Predict along the tangent and correct; returns the iterations, -1 where it failed."""
    for j in range(y.shape[0]):
        y[j] = last[j] + step * direction[j]
    iterations = _correct(model, work, y, direction, np.dot(direction, y), settings)
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
def _land(model, work, last, y, variable, fraction, limit, step, settings):
    """Move ``y`` onto the bound that a step crossed."""
    row = np.zeros(y.shape[0])
    row[variable] = 1.0
    landed = last.copy()
    for i in range(y.shape[0]):
        landed[i] += fraction * (y[i] - last[i])
    if _correct(model, work, landed, row, limit, settings) < 0:
        return False
    copy_into(y, landed)
    return _distance(landed, last) < 2.0 * step


@njit
def _inside(model, domain, y, x):
    """Whether the tables' domain holds the point."""
    for i in range(x.shape[0]):
        x[i] = y[i] * model[8][i]
    return domain(x, model[6], model[5]) >= 0.0


@njit
def _approach_edge(model, work, domain, last, direction, step, y, x, settings):
    """Bisect a step that left the domain; ``y`` becomes the last point inside."""
    low, high = 0.0, step
    best = last.copy()
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _step(model, work, last, direction, middle, y, settings) > 0 and _inside(
            model, domain, y, x
        ):
            low = middle
            copy_into(best, y)
        else:
            high = middle
    copy_into(y, best)


@njit
def _closes(last, y, origin, origin_tangent, step):
    """Whether the chord from ``last`` to ``y`` passes through the origin of the curve."""
    before, after = 0.0, 0.0
    for i in range(y.shape[0]):
        before += origin_tangent[i] * (last[i] - origin[i])
        after += origin_tangent[i] * (y[i] - origin[i])
    if not (before < 0.0 <= after):
        return False
    fraction, total = before / (before - after), 0.0
    for i in range(y.shape[0]):
        total += (last[i] + fraction * (y[i] - last[i]) - origin[i]) ** 2
    return np.sqrt(total) < 0.2 * step


@njit
def _next_step(step, iterations, settings):
    if iterations <= 2:
        return min(1.6 * step, settings[1])
    if iterations == 3:
        return min(1.25 * step, settings[1])
    return 0.6 * step if iterations > 5 else step


_FOLLOW = types.Tuple((int64, int64, float64))(
    EVALUATE_TYPE, REFRESH_TYPE, *_MODEL, DOMAIN_TYPE, VECTOR, MATRIX,
    float64, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, MATRIX, MATRIX, MATRIX, MATRIX, VECTOR,
)  # fmt: skip


@njit([_FOLLOW], cache=True, error_model="numpy")
def follow(
    evaluate, refresh, field, jacobian, tangent, jacobian_tangent, tables, p, free, domain,
    scale, border, step, origin, origin_tangent, lower, upper, settings,
    points, tangents, reals, imaginaries, signs,
):  # fmt: skip
    """Follow a curve from row 0 of the output arrays until they are full or the curve ends.

    Returns (rows filled, why it stopped, next step).
    """
    capacity, size = points.shape
    n = reals.shape[1]
    model = (
        evaluate, field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, border,
    )  # fmt: skip
    residual, matrix = np.empty(size - 1), np.empty((size - 1, size))
    bordered, pivots, right = np.empty((size, size)), np.empty(size, np.int64), np.empty(size)
    work = (residual, matrix, bordered, pivots, right)
    y, x = np.empty(size), np.empty(n)
    count = 1
    while count < capacity:
        last, direction = points[count - 1], tangents[count - 1]
        iterations = _step(model, work, last, direction, step, y, settings)
        good, stop = iterations > 0, -1
        if good:
            variable, fraction = first_bound(last, y, lower, upper)
            if variable >= 0:
                stop = BOUND
                j = int64(variable)
                limit = upper[j] if y[j] > upper[j] else lower[j]
                good = _land(model, work, last, y, j, fraction, limit, step, settings)
        if good and not _inside(model, domain, y, x):
            stop = DOMAIN
            _approach_edge(model, work, domain, last, direction, step, y, x, settings)
        good = good and evaluate(
            field, jacobian, tangent, jacobian_tangent, tables, p, free, scale, border,
            y, residual, matrix,
        )  # fmt: skip
        if good:
            signs[count] = tangent_at(matrix, direction, bordered, pivots, right)
            sharp = np.dot(right, direction) < settings[4] and step > 1e-7
            good = signs[count] != 0.0 and not sharp
        if not good:
            step *= 0.5
            if step < settings[0]:
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
        if _closes(last, y, origin, origin_tangent, step):
            return count, CLOSED, step
        step = _next_step(step, iterations, settings)
    return count, MAX_POINTS, step
