"""All equilibria in a box: many damped Newton searches, half of them relaxed first."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from continuation.engine.field import Field, field_of
from continuation.engine.linear_algebra import copy_into, lu_factor, lu_solve
from continuation.steady_states.continua import (
    Continuum,
    continuum_at,
    corrected,
    field_size,
    is_singular,
)
from continuation.steady_states.degenerate import at_rest
from continuation.steady_states.jumps import Bend, Jump, Steep, irregular, with_steps
from continuation.steady_states.search_box import with_search_ranges
from dynsys import checks
from dynsys.compiled.kernels import DOMAIN_TYPE
from dynsys.compiled.records import Indices, Matrix, signature
from dynsys.conservation import conserved_sums, words
from dynsys.errors import ConvergenceError, ModelError
from dynsys.level_sets import LevelSet, level_set
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField

NEARBY = 0.5  # distance from its start, scaled, at which a solution outside the box counts
SAME = 1e-6  # scaled distance below which two solutions are one equilibrium
MOST_SEARCHES = 2**20  # at once; more belong into several calls with other seeds
_CONTINUA = 3  # equilibria known not to be isolated, after which singular ones are not tested
_CORRECTED = 8  # searches with singular matrices that are finished by Gauss-Newton


@njit
def _size(field, x, f):
    scale, total = field.scale, 0.0
    field.f(x, field.p, field.tables, f)
    for i in range(x.shape[0]):
        total += (f[i] / scale[i]) ** 2
    return np.sqrt(total)


@njit(
    [signature(Indices, Field, DOMAIN_TYPE, Matrix, float, int, int)],
    cache=True,
    error_model="numpy",
    nogil=True,
)
def search(field, domain, starts, tolerance, most, relaxations):
    """Refine every row of ``starts`` in place; returns 1 for those that became equilibria, -1 for
    those where Newton's matrix was singular.

    Even rows take implicit Euler steps of growing length first (they tend to stable states), odd
    rows go straight to damped Newton (which finds saddles as easily).
    """
    count, n = starts.shape
    p, tables, scale = field.p, field.tables, field.scale
    found = np.zeros(count, np.int64)
    f, trial, a = np.empty(n), np.empty(n), np.empty((n, n))
    pivots = np.empty(n, np.int64)
    for row in range(count):
        x = starts[row]
        rate = 1.0 if row % 2 == 0 else 0.0
        size = _size(field, x, f)
        for iteration in range(most):
            if not size < 1e12:
                break
            if size == 0.0:
                found[row] = 1 if domain(x, p, tables) >= 0.0 else 0
                break
            field.jacobian(x, p, tables, a)
            for i in range(n):
                for j in range(n):
                    a[i, j] *= scale[j] / scale[i]
                a[i, i] -= rate
                f[i] = -f[i] / scale[i]
            if not lu_factor(a, pivots):
                found[row] = -1
                break
            lu_solve(a, pivots, f)
            longest = np.max(np.abs(f))
            if rate == 0.0 and longest < tolerance:
                for i in range(n):
                    trial[i] = x[i] + f[i] * scale[i]
                if _size(field, trial, a[0]) < np.inf:  # not beyond the edge of a root's domain
                    copy_into(x, trial)
                found[row] = 1 if domain(x, p, tables) >= 0.0 else 0
                break
            full = min(1.0, 0.5 / longest) if longest > 0.0 else 1.0
            damping, smaller = full, size
            for halving in range(9):
                # Rounding lets nothing shrink next to a root: there Newton's own step is right. But
                # at an infinite slope, as of a cube root, only shorter ones come nearer.
                if halving == 8 and longest < 1e-6:
                    damping = full
                for i in range(n):
                    trial[i] = x[i] + damping * f[i] * scale[i]
                smaller = _size(field, trial, a[0])
                if rate > 0.0 or smaller < size:
                    break
                damping *= 0.5
            copy_into(x, trial)
            copy_into(f, a[0])
            size = smaller
            if rate > 0.0:
                rate = 0.0 if iteration >= relaxations else rate * 0.6
    return found


@dataclass
class Found:
    """Isolated equilibria (k, n), and curves of equilibria, jumps or bends that are none, or have
    no slopes.

    ``notes`` say of the latter where they are and what to do.
    """

    isolated: np.ndarray
    continua: list[Continuum | Jump | Bend | Steep] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)


def find_equilibria(
    model: VectorField,
    searches: int = 64,
    seed: int = 0,
    starts: np.ndarray | None = None,
) -> np.ndarray:
    """Isolated equilibria (k, n) of a model in the box of its states' ranges.

    A state without a range is looked for around its initial value, along a run from there and
    where the equations compare it with parameters (``model.with_ranges(V=(-100, 60))`` says
    better). Searches start from a scrambled Sobol sequence over the ranges (and from ``starts``);
    they are doubled until a doubling finds nothing new, at most three times. The result is as
    complete as such a search can be: an equilibrium with a tiny basin under Newton's method may be
    missed. With ``searches=0`` only the ``starts`` are refined.

    Returns solutions inside the box widened by half its width on each side, and those that
    ``starts`` outside it lead to nearby, in order of the first observable. Warns where there are
    curves of equilibria besides, and says which.

    Where sums of states are conserved no equilibrium is isolated: those on the level set of the
    initial state are searched, or of the ``starts``, which is said.

    Example
    -------
    >>> from dynsys.models import fitzhugh_nagumo
    >>> find_equilibria(fitzhugh_nagumo()).shape
    (1, 2)
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    seed = checks.seed(seed)
    searches = checks.whole("searches", searches, least=0, most=MOST_SEARCHES)
    if searches < 1 and starts is None:
        raise ModelError(f"searches is {searches}; use at least 1, or give starts")
    level = level_set(model)
    if level is not None:
        warnings.warn(str(level), stacklevel=2)
        return _on_levels(level, searches, seed, starts)
    found = find_all(model, searches, seed, starts)
    for note in with_steps(found.notes, model):
        warnings.warn(note, stacklevel=2)
    return found.isolated


def find_all(
    model: VectorField, searches: int = 64, seed: int = 0, starts: np.ndarray | None = None
) -> Found:
    """As ``find_equilibria``, with what it would warn of as notes."""
    if conserved_sums(model):
        return Found(np.empty((0, model.compiled.n)), notes=[words(model)])
    if searches > 0:
        model = with_search_ranges(model)
    found = Found(np.empty((0, model.compiled.n)))
    if starts is not None:
        _add(model, found, _refine(model, _given(model, starts), most=NEARBY), boxed=False)
    for round_ in range(4 if searches > 0 else 0):
        fresh = _refine(model, random_states(model, searches * 2**round_, seed + round_))
        before = len(found.isolated)
        _add(model, found, fresh)
        if round_ > 0 and len(found.isolated) == before:
            break
    found.notes += [str(continuum) for continuum in found.continua[:1]]
    return found


def _on_levels(level: LevelSet, searches: int, seed: int, starts: np.ndarray | None) -> np.ndarray:
    """Whole states (k, n) of the equilibria on the level set of the initial state, and of every
    start on its own."""
    whole = level.whole
    given = np.empty((0, whole.compiled.n)) if starts is None else _given(whole, starts)
    places: list[tuple[VectorField, int, np.ndarray | None]] = [
        (level.at(x), 0, level.inside(x)[None]) for x in given
    ]
    places += [(level.model, searches, None)] if searches else []
    found = np.empty((0, whole.compiled.n))
    for model, count, start in places:
        isolated = find_all(model, count, seed, start).isolated
        fresh = np.array([level.outside(x, model) for x in isolated]).reshape(-1, found.shape[1])
        found = _merge(whole, found, fresh, boxed=False)
    return found


def _given(model: VectorField, starts: np.ndarray) -> np.ndarray:
    """Starts (k, n) of the user's own, states completed by delay lines."""
    rows = checks.numbers("starts", starts)
    if rows.size == 0:
        return np.empty((0, model.compiled.n))
    if rows.ndim != 2 or rows.shape[1] not in (model.compiled.n, model.physical_dimension):
        raise ModelError(
            f"starts have shape {rows.shape}; give an array (k, {model.physical_dimension}), one "
            "state in each row"
        )
    return rows.copy() if rows.shape[1] == model.compiled.n else model.fill_lines(rows)


def _add(model: VectorField, found: Found, fresh: np.ndarray, boxed: bool = True) -> None:
    """Add new solutions; those on curves of equilibria are kept apart, three of them at most, and
    those at jumps of the field."""
    ends = [at_rest(model, x) for x in _distinct(model, fresh)]
    fresh = np.array([x for x in ends if x is not None]).reshape(-1, fresh.shape[1])
    singular = np.array([is_singular(model, x) for x in fresh], dtype=bool)
    if singular.any() and len(found.continua) < _CONTINUA:
        size = field_size(model)
        for k in np.flatnonzero(singular):
            continuum = continuum_at(model, fresh[k], size)
            if continuum is None:
                singular[k] = False  # a bifurcation point: degenerate, but isolated
            else:
                found.continua.append(continuum)
                if len(found.continua) == _CONTINUA:
                    break
    merged = _merge(model, found.isolated, fresh[~singular], boxed)
    known = {x.tobytes() for x in found.isolated}
    odd = [None if x.tobytes() in known else irregular(model, x) for x in merged]
    found.continua += [each for each in odd if each is not None]
    found.isolated = merged[[each is None for each in odd]]


def _distinct(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Of states (k, n) found several times each one."""
    kept: list[np.ndarray] = []
    for x in states:
        if all(np.max(np.abs((x - z) / model.scales)) > SAME for z in kept):
            kept.append(x)
    return np.array(kept).reshape(-1, states.shape[1])


def refine_equilibrium(model: VectorField, x: Sequence[float] | np.ndarray) -> np.ndarray:
    """Newton from one state; ConvergenceError, with what to try, where it fails."""
    start = checks.numbers(f"the start of {model.name}", x)
    full = model._full(start)
    residual = float(np.max(np.abs(model.rhs(full) / model.scales)))
    if residual < 1e-14:
        return full
    for row in (1, 0):
        attempt = np.array([full, full])
        done = _run(model, attempt)
        if done[row]:
            return attempt[row]
    raise ConvergenceError(
        f"Newton found no equilibrium of {model.name} from the given start (scaled residual there "
        f"{residual:.2g}); give a start nearer to one, or none to search the states' ranges"
    )


def _run(model: VectorField, states: np.ndarray) -> np.ndarray:
    free = np.empty(0, dtype=np.int64)
    field = field_of(model, model.parameter_array(), free, model.scales, second=False)
    return search(field, model.compiled.domain, states, 1e-10, 60, 12)


def _refine(model: VectorField, states: np.ndarray, most: float = np.inf) -> np.ndarray:
    """What the states become; those that move farther than ``most`` only if inside the box.

    Of searches that met singular matrices the first few are finished in another way.
    """
    refined = np.array(states, order="C")
    done = _run(model, refined)
    stuck = np.flatnonzero(done == -1)[:_CORRECTED]
    size = field_size(model) if len(stuck) else np.zeros(0)
    for k in stuck:
        end = corrected(model, states[k], size)
        if end is not None and _in_domain(model, end):
            refined[k], done[k] = end, 1
    # Beyond the box a state may be many times its typical size: it moves in its own.
    sizes = np.maximum(model.scales, np.abs(states))
    far = np.max(np.abs(refined - states) / sizes, axis=1) > most
    return refined[(done == 1) & (~far | in_box(model, refined))]


def _in_domain(model: VectorField, x: np.ndarray) -> bool:
    """Whether the tables hold a state."""
    compiled = model.compiled
    return bool(compiled.domain(x, model.parameter_array(), compiled.tables) >= 0.0)


def in_box(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Which states (k, n) lie inside the states' ranges, widened by half to each side."""
    low, high = model.state_box()
    y, room = states[:, : model.physical_dimension], (high - low) / 2
    return np.all((y >= low - room) & (y <= high + room), axis=1)


def random_states(model: VectorField, count: int, seed: int) -> np.ndarray:
    # scipy.stats takes half a second to load; a start of the user's own needs no search.
    from scipy.stats import qmc

    low, high = model.state_box()
    sampler = qmc.Sobol(len(low), scramble=True, rng=np.random.default_rng(seed))
    unit = sampler.random_base2(int(np.ceil(np.log2(count))))[:count]
    return model.fill_lines(low + (high - low) * unit)


def _merge(
    model: VectorField, known: np.ndarray, fresh: np.ndarray, boxed: bool = True
) -> np.ndarray:
    """Add solutions that are new (and near the box); sort by the first observable."""
    low, high = model.state_box()
    lowest = [s.lowest for s in model.states.values()]
    least = np.array([-np.inf if value is None else value for value in lowest])
    physical = model.physical_dimension
    possible = np.all(fresh[:, :physical] >= least - SAME * (high - low), axis=1)
    chosen = fresh[possible & in_box(model, fresh)] if boxed else fresh[possible]
    result = _distinct(model, np.concatenate([known, chosen]))
    first = model.observable_names[0]
    return np.array(sorted(result, key=lambda x: model.observe(x)[first])).reshape(
        len(result), model.compiled.n
    )
