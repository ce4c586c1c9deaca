"""``limit_cycles``: branches of periodic orbits in one parameter, by collocation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from continuation.cycle_branch import (
    TRIVIAL_TOLERANCE,
    Cycle,
    CycleBranch,
    count_unstable,
    make_cycle,
    observe_states,
)
from continuation.following import check_span
from continuation.normal_forms import critical_pair
from continuation.orbits import (
    DEGREE,
    Direction,
    Orbit,
    Solver,
    adapted_mesh,
    interpolate,
    moved_times,
    multipliers,
    remeshed,
    sample_times,
    without_trivial,
)
from continuation.special_points import SpecialPoint
from continuation.starting_orbits import orbit_from_simulation
from dynsys.errors import ConvergenceError, ModelError
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class CycleSettings:
    """How cycles are followed; steps are in the scaled norm of ``Solver.product``.

    Parameters
    ----------
    intervals : mesh intervals at the start (degree 4 on each).
    most_intervals : the mesh is refined up to this number where the trivial multiplier is off.
    trivial_error : accuracy asked of the multiplier that is exactly 1.
    step, step_min, step_max : first, smallest and largest step.
    max_points : cycles before the branch ends.
    longest : the branch ends where the period exceeds the first one by this factor.
    """

    intervals: int = 40
    most_intervals: int = 240
    trivial_error: float = 1e-6
    step: float = 0.01
    step_min: float = 1e-7
    step_max: float = 0.06
    max_points: int = 400
    longest: float = 200.0


@dataclass(frozen=True)
class _Point:
    """A point of the branch: orbit, tangent, multipliers, error of the trivial one."""

    orbit: Orbit
    direction: Direction
    multipliers: np.ndarray
    trivial_error: float


def limit_cycles(
    source: SpecialPoint | Cycle | VectorField,
    parameter: str,
    span: tuple[float, float],
    start: tuple[Sequence[float], float] | None = None,
    settings: CycleSettings | None = None,
) -> CycleBranch:
    """Follow a branch of limit cycles across a span of one parameter.

    1. Start at a Hopf point, at a ``Cycle``, or at an orbit of a model: simulated from ``start`` =
       (state, period guess), or from the model's initial state until it repeats.
    2. Follow by pseudo-arclength on an adaptive mesh, refined where the trivial multiplier is off.
    3. Locate folds (LPC), period doublings (PD), torus (NS) and branch points (BPC) of cycles.
    4. End at the span, at a Hopf point, or where the period diverges, and say so.

    Raises
    ------
    ModelError for a start of the wrong kind or a wrong span; ConvergenceError where no periodic
    orbit is found.

    Example
    -------
    >>> cycles = limit_cycles(branch["H2"], parameter="mu_e", span=(0.3, 1.6))
    >>> cycles.at(mu_e=1.3).frequency
    """
    settings = settings or CycleSettings()
    if not isinstance(source, (SpecialPoint, Cycle, VectorField)):
        raise ModelError(
            f"cycles start from a Hopf point, a Cycle or a model, not a {type(source).__name__}"
        )
    model = source if isinstance(source, VectorField) else source.model
    low, high = check_span(model, parameter, span)
    solver = Solver(model, parameter, (low, high))
    if isinstance(source, SpecialPoint):
        first, direction = _at_hopf(solver, source, settings)
        forward = _follow(solver, first, direction, settings)
        points, ended = forward.points, ("Hopf point", forward.ended)
    else:
        if isinstance(source, Cycle):  # its free parameter may have been another one
            given = replace(source.orbit, value=model.parameters[parameter])
        else:
            given = orbit_from_simulation(solver, start, settings.intervals)
        points, ended = _both_ways(solver, given, settings)
    return _branch(solver, points, ended)


def _at_hopf(
    solver: Solver, point: SpecialPoint, settings: CycleSettings
) -> tuple[Orbit, Direction]:
    """A small orbit beside a Hopf point: x0 + eps Re(q exp(2 pi i t))."""
    if point.label not in ("H", "GH", "HH", "ZH") or point.omega is None:
        raise ModelError(
            f"{point.name or 'the start'} is a {point.label} point; cycles start at Hopf points "
            "(H), at a Cycle, or at an oscillating model"
        )
    scale = solver.scale
    jacobian = point.model.jacobian(point.state) * scale[None, :] / scale[:, None]
    _, q = critical_pair(jacobian, point.omega)
    mesh = np.linspace(0, 1, settings.intervals + 1)
    wave = np.real(q[None, :] * np.exp(2j * np.pi * moved_times(mesh))[:, None])
    size = 1e-3 / np.sqrt(np.mean(np.sum(wave**2, axis=1)))
    u = np.ascontiguousarray(point.state / scale + size * wave)
    value = point.parameters[solver.parameter]
    guess = Orbit(mesh, u, 2 * np.pi / point.omega, value)
    direction = Direction(wave / 1.0, 0.0, 0.0)
    row, tail = solver.row(guess, direction)
    found = solver.correct(guess, guess.derivative(), row, tail, float(np.sum(row * u)))
    if found is None:
        raise ConvergenceError(
            f"no small cycle was found beside {point.name} at {solver.parameter} = {value:.8g}; "
            "the Hopf point may be degenerate (see its Lyapunov coefficient)"
        )
    return found[0], direction


@dataclass(frozen=True)
class _Trace:
    points: list[_Point | Cycle]
    ended: str


def _both_ways(
    solver: Solver, orbit: Orbit, settings: CycleSettings
) -> tuple[list[_Point | Cycle], tuple[str, str]]:
    up = Direction(np.zeros_like(orbit.u), 0.0, solver.half)
    down = Direction(np.zeros_like(orbit.u), 0.0, -solver.half)
    forward = _follow(solver, orbit, up, settings)
    backward = _follow(solver, orbit, down, settings)
    return backward.points[:0:-1] + forward.points, (backward.ended, forward.ended)


def _point(solver: Solver, orbit: Orbit, along: Direction) -> _Point:
    direction, pair, _ = solver.tangent(orbit, along)
    return _Point(orbit, direction, *without_trivial(multipliers(pair)))


def _follow(solver: Solver, orbit: Orbit, along: Direction, settings: CycleSettings) -> _Trace:
    """Follow from an orbit along a direction until the branch ends."""
    point = _point(solver, orbit, along)
    result: list[_Point | Cycle] = [point]
    step, first_period = settings.step, orbit.period
    low, high = solver.span
    for count in range(settings.max_points):
        attempt = _step(solver, point, step)
        if attempt is None:
            step /= 2
            if step < settings.step_min:
                return _Trace(result, "the step fell below step_min: Newton no longer converges")
            continue
        fresh, iterations = attempt
        if _flipped(point.orbit, fresh.orbit):
            return _Trace(result, "the cycle shrank to a Hopf point")
        result += _events(solver, point, fresh, step)
        if not low <= fresh.orbit.value <= high:
            bound = low if fresh.orbit.value < low else high
            landed = solver.at_value(_between(point.orbit, fresh.orbit, bound), bound)
            if landed is not None:
                result.append(_point(solver, landed, point.direction))
            return _Trace(result, "reached the end of the span")
        result.append(fresh)
        if fresh.orbit.period > settings.longest * first_period:
            return _Trace(result, "the period diverges: a homoclinic orbit or a saddle-node cycle")
        point = fresh
        if count % 3 == 2 or fresh.trivial_error > settings.trivial_error:
            point = _refined(solver, fresh, settings)
            result[-1] = point
        step = _next_step(step, iterations, settings, _amplitude(point.orbit))
    return _Trace(result, "reached max_points; raise CycleSettings.max_points to go on")


def _next_step(step: float, iterations: int, settings: CycleSettings, amplitude: float) -> float:
    if iterations <= 3:
        return min(1.5 * step, settings.step_max * max(1.0, amplitude))
    return 0.7 * step if iterations > 5 else step


def _step(solver: Solver, point: _Point, step: float) -> tuple[_Point, int] | None:
    """One predictor-corrector step; None where it fails or the branch turns too sharply."""
    moved = _predict(point, step)
    if moved.period <= 0:
        return None
    row, tail = solver.row(point.orbit, point.direction)
    level = float(np.sum(row * moved.u) + tail @ [moved.period, moved.value])
    found = solver.correct(moved, point.orbit.derivative(), row, tail, level)
    if found is None:
        return None
    fresh = _point(solver, found[0], point.direction)
    turned = solver.product(point.orbit, point.direction, fresh.direction)
    return (fresh, found[1]) if turned > 0.9 else None


def _predict(point: _Point, step: float) -> Orbit:
    orbit, along = point.orbit, point.direction
    return replace(
        orbit,
        u=orbit.u + step * along.u,
        period=orbit.period + step * along.period,
        value=orbit.value + step * along.value,
    )


def _refined(solver: Solver, point: _Point, settings: CycleSettings) -> _Point:
    """The point on an adapted mesh, with more intervals where the trivial multiplier is off."""
    count = point.orbit.intervals
    if point.trivial_error > settings.trivial_error:
        count = min(math.ceil(1.4 * count), settings.most_intervals)
    mesh = adapted_mesh(point.orbit, count)
    orbit = remeshed(point.orbit, mesh)
    along = replace(
        point.direction, u=interpolate(point.orbit.mesh, point.direction.u, moved_times(mesh))
    )
    row, tail = solver.row(orbit, along)
    level = float(np.sum(row * orbit.u) + tail @ [orbit.period, orbit.value])
    found = solver.correct(orbit, orbit.derivative(), row, tail, level)
    return point if found is None else _point(solver, found[0], along)


def _flipped(before: Orbit, after: Orbit) -> bool:
    """Whether a step led through amplitude zero: the same branch again, half a period shifted."""
    weights = np.repeat(np.diff(before.mesh), DEGREE)[:, None]
    return float(np.sum(weights * before.derivative() * after.derivative())) < 0


def _amplitude(orbit: Orbit) -> float:
    """Largest range of a scaled state."""
    return float(np.max(np.ptp(orbit.u, axis=0)))


def _between(a: Orbit, b: Orbit, value: float) -> Orbit:
    fraction = (value - a.value) / (b.value - a.value)
    return replace(
        a,
        u=a.u + fraction * (b.u - a.u),
        period=a.period + fraction * (b.period - a.period),
        value=value,
    )


# --- special points ---------------------------------------------------------------------------


def _counts(point: _Point) -> tuple[int, int, int]:
    """Multipliers beyond +1 (real), beyond -1 (real), and complex pairs outside the circle."""
    rest = point.multipliers
    real = np.abs(rest.imag) < 1e-9 * (1 + np.abs(rest))
    return (
        int(np.sum(real & (rest.real > 1))),
        int(np.sum(real & (rest.real < -1))),
        int(np.sum(~real & (np.abs(rest) > 1))) // 2,
    )


def _events(solver: Solver, before: _Point, after: _Point, step: float) -> Iterator[Cycle]:
    """Special cycles inside one step, located by Brent's method in arclength."""
    worst = max(before.trivial_error, after.trivial_error)
    moved = abs(after.orbit.value - before.orbit.value)
    if worst > 30 * TRIVIAL_TOLERANCE or moved < 1e-9 * solver.half:
        return  # on a homoclinic tail neither multipliers nor the parameter tell anything
    plus, minus, pairs = (b - a for a, b in zip(_counts(before), _counts(after), strict=True))
    folded = before.direction.value * after.direction.value < 0
    kinds: list[tuple[str, Callable[[_Point], float]]] = []
    if folded:
        kinds.append(("LPC", lambda p: p.direction.value))
    elif plus != 0 and minus == 0 and abs(plus) == 1 and pairs == 0:
        kinds.append(("BPC", lambda p: _nearest_real(p, 1.0) - 1.0))
    if abs(minus) == 1 and pairs == 0:
        kinds.append(("PD", lambda p: _nearest_real(p, -1.0) + 1.0))
    if abs(pairs) == 1:
        kinds.append(("NS", lambda p: abs(_nearest_pair(p)) - 1.0))
    if worst > TRIVIAL_TOLERANCE:
        kinds = [kind for kind in kinds if kind[0] == "LPC"]
    for label, test in kinds:
        cycle = _locate(solver, before, step, label, test)
        if cycle is not None:
            yield cycle


def _nearest_real(point: _Point, target: float) -> float:
    rest = point.multipliers
    real = rest[np.abs(rest.imag) < 1e-9 * (1 + np.abs(rest))].real
    return float(real[np.argmin(np.abs(real - target))]) if real.size else np.nan


def _nearest_pair(point: _Point) -> complex:
    rest = point.multipliers
    pairs = rest[rest.imag > 1e-9 * (1 + np.abs(rest))]
    return complex(pairs[np.argmin(np.abs(np.abs(pairs) - 1))]) if pairs.size else complex(np.nan)


def _locate(solver: Solver, before: _Point, step: float, label: str, test) -> Cycle | None:
    known: dict[float, _Point] = {0.0: before}

    def value(length: float) -> float:
        if length not in known:
            attempt = _step(solver, before, length)
            if attempt is None:
                raise ArithmeticError
            known[length] = attempt[0]
        return float(test(known[length]))

    try:
        length = brentq(value, 0.0, step, xtol=1e-13, rtol=1e-13, maxiter=60)
        value(length)
    except (ArithmeticError, ValueError, RuntimeError):
        return None
    return make_cycle(solver, known[length].orbit, label)


def _branch(solver: Solver, points: list[_Point | Cycle], ended: tuple[str, str]) -> CycleBranch:
    """Collect the traced points into a CycleBranch."""
    ordinary = [p for p in points if isinstance(p, _Point)]
    special: list[Cycle] = []
    for cycle in (p for p in points if isinstance(p, Cycle)):
        number = 1 + sum(c.label == cycle.label for c in special)
        special.append(replace(cycle, name=f"{cycle.label}{number}"))
    orbits = tuple(p.orbit for p in ordinary)
    unstable = np.array([count_unstable(p.multipliers, p.trivial_error) for p in ordinary])
    model = solver.model
    columns: dict = {
        solver.parameter: [o.value for o in orbits],
        "period": [o.period for o in orbits],
        "frequency": [model.frequency_factor / o.period for o in orbits],
        "unstable": unstable,
        "stable": unstable == 0,
        "trivial_error": [p.trivial_error for p in ordinary],
        "intervals": [o.intervals for o in orbits],
    }
    ends = np.array([_observed_extrema(solver, o) for o in orbits])
    for k, name in enumerate(model.observables):
        columns[f"min_{name}"], columns[f"max_{name}"] = ends[:, k, 0], ends[:, k, 1]
    data = xr.Dataset({k: ("point", np.asarray(v)) for k, v in columns.items()})
    found = np.array([p.multipliers for p in ordinary])
    data["multiplier_real"] = (("point", "mode"), found.real)
    data["multiplier_imag"] = (("point", "mode"), found.imag)
    data["frequency"].attrs["units"] = "Hz"
    return CycleBranch(model, solver.parameter, data, orbits, tuple(special), ended, solver)


def _observed_extrema(solver: Solver, orbit: Orbit) -> np.ndarray:
    """Smallest and largest value (o, 2) of every observable along an orbit."""
    model = solver.model.with_parameters(**{solver.parameter: orbit.value})
    observed = observe_states(model, solver.states(orbit, sample_times(orbit.mesh, 10)))
    return np.stack([observed.min(axis=0), observed.max(axis=0)], axis=1)
