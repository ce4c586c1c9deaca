"""Equilibria that the curves known so far do not hold: deflated Newton at places of a span.

Known solutions x_i at a parameter value are divided out of the field, f(x) prod (1 / |x - x_i|^2 +
1), so that Newton's method cannot end there; what it finds is new (Farrell, Birkisson & Funke 2015,
SIAM J. Sci. Comput. 37:A2026). A curve of equilibria that closes between two places stays unseen:
how many searches were made says how sure that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from continuation.engine.field import Field, field_of
from continuation.engine.following import Follower, Trace
from continuation.engine.linear_algebra import lu_factor, lu_solve
from continuation.steady_states.continua import is_singular
from continuation.steady_states.jumps import irregular
from continuation.steady_states.search import SAME, in_box, random_states
from continuation.steady_states.search_box import with_search_ranges
from dynsys.compiled.kernels import DOMAIN_TYPE
from dynsys.compiled.records import Indices, Matrix, signature
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

SEARCHES = 24  # at each place
_BESIDE = 0.05  # scaled distance from a known solution of the searches that begin beside it
_MOST, _TOLERANCE = 30, 1e-10


@njit(
    [signature(Indices, Field, DOMAIN_TYPE, Matrix, Matrix, float, int)],
    cache=True, error_model="numpy",
)  # fmt: skip
def deflated(field, domain, starts, known, tolerance, most):
    """Refine every row of ``starts`` in place away from ``known`` (k, n); 1 where it became an
    equilibrium.

    With d Newton's step and m the product above, the deflated step is d / (1 - grad log m . d).
    """
    count, n = starts.shape
    p, tables, scale = field.p, field.tables, field.scale
    found = np.zeros(count, np.int64)
    f, a, pivots = np.empty(n), np.empty((n, n)), np.empty(n, np.int64)
    for row in range(count):
        x = starts[row]
        for _ in range(most):
            field.f(x, p, tables, f)
            field.jacobian(x, p, tables, a)
            for i in range(n):
                for j in range(n):
                    a[i, j] *= scale[j] / scale[i]
                f[i] = -f[i] / scale[i]
            if not lu_factor(a, pivots):
                break
            lu_solve(a, pivots, f)
            longest = np.max(np.abs(f))
            if not longest < 1e6:
                break
            slope = 0.0
            for k in range(known.shape[0]):
                square, along = 1e-300, 0.0
                for i in range(n):
                    apart = (x[i] - known[k, i]) / scale[i]
                    square += apart * apart
                    along += apart * f[i]
                slope -= 2.0 * along / (square * (1.0 + square))
            if longest < tolerance:
                found[row] = 1 if domain(x, p, tables) >= 0.0 else 0
                break
            step = 1.0 / (1.0 - slope) if abs(1.0 - slope) > 1e-6 else 1e6
            step = np.sign(step) * min(abs(step), 0.5 / longest)
            for i in range(n):
                x[i] += step * f[i] * scale[i]
    return found


def unseen(
    follower: Follower, traces: Sequence[Trace], places: int, seed: int
) -> Iterator[tuple[float, np.ndarray]]:
    """(parameter value, state) of equilibria on none of the ``traces``, which may grow."""
    name, last = follower.names[0], follower.n
    low, high = follower.lower[last], follower.upper[last]
    random = np.random.default_rng(seed)
    free = np.empty(0, dtype=np.int64)
    ranged = with_search_ranges(follower.model)
    for k in range(places):
        value = low + (high - low) * (k + random.random()) / places
        model = ranged.with_parameters(**{name: float(value * follower.scale[last])})
        field = field_of(model, model.parameter_array(), free, model.scales, second=False)
        known = _known(follower, traces, value)
        starts = np.vstack([random_states(model, SEARCHES, seed + k), _beside(model, known)])
        done = deflated(field, model.compiled.domain, starts, known, _TOLERANCE, _MOST)
        for x in _fresh(model, starts[done == 1], known):
            yield model.parameters[name], x


def _known(follower: Follower, traces: Sequence[Trace], value: float) -> np.ndarray:
    """The states (k, n) at a parameter value on curves already followed."""
    last, found = follower.n, []
    row = np.zeros(follower.size)
    row[last] = 1.0
    for trace in traces:
        offset = trace.points[:, last] - value
        for k in np.flatnonzero(offset[:-1] * offset[1:] <= 0):
            part = offset[k] / (offset[k] - offset[k + 1]) if offset[k] != offset[k + 1] else 0.0
            guess = trace.points[k] + part * (trace.points[k + 1] - trace.points[k])
            y = follower.correct(guess, row, float(value))
            found.append(follower.state(guess if y is None else y))
    return np.array(found).reshape(-1, last)


def _beside(model: VectorField, known: np.ndarray) -> np.ndarray:
    """A start beside every known solution, from which another one is often near."""
    direction = np.where(np.arange(model.compiled.n) % 2, -1.0, 1.0)
    return known + _BESIDE * direction * model.scales


def _fresh(model: VectorField, found: np.ndarray, known: np.ndarray) -> Iterator[np.ndarray]:
    """Equilibria in the box that are neither known nor singular, each once."""
    seen = list(known)
    for x in found[in_box(model, found)] if len(found) else found:
        if all(np.max(np.abs((x - z) / model.scales)) > SAME for z in seen):
            seen.append(x)
            if not is_singular(model, x) and irregular(model, x) is None:
                yield x
