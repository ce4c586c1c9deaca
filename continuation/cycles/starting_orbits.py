"""A first periodic orbit from a simulation that has come to rest on a cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.integrate import LSODA, solve_ivp
from scipy.optimize import brentq

from continuation.cycles.orbits import Orbit, Solver, adapted_mesh, moved_times, remeshed
from dynsys.errors import ConvergenceError, ModelError
from dynsys.vector_field import VectorField

TURNS = 30  # of a guessed period, before the state is on its cycle
_ENOUGH = 3  # crossings: two repetitions
_AGREES = 1e-6  # relative difference of periods
_SMOOTH = 1e-2  # scaled error between the nodes of a mesh that carries an orbit
_LAST = 60  # crossings looked at
_BACK = 0.01  # part of the range within which a state that is back is
_PART = 0.1  # of the most evaluations, beyond which a state need not be back
_DOUBLINGS = 9  # of the time that is simulated, until there are enough
_AT_REST = 1e-4  # scaled range of a state below which there is no motion
_SAME = 1e-6  # part of the range by which turns may differ that are one,
_MOST_TURNS, _FEWEST = 12, 20  # so many are looked for, on so many intervals at least
_GUESSED = 0.3  # part of a guessed period by which that of a cycle beside a start may differ
FARTHEST = 1e4  # scaled size of a state beyond which a simulation is not coming back


def orbit_from_simulation(
    solver: Solver,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None,
    intervals: int,
    most_evaluations: int = 2_000_000,
    turns: int = TURNS,
) -> Orbit:
    """Simulate until the state repeats, and correct the last period to a periodic orbit.

    ``start`` is (state, period guess); without it the model's initial state is used, and without a
    guess the period is the shortest time after which the whole state is back. With one, so many
    ``turns`` pass first: few do for a state on the cycle. Where the simulation leaves a guessed
    cycle, as an unstable one, the cycle next to the start itself is looked for.

    Raises ConvergenceError where the model does not oscillate, runs away from the states' scales,
    takes more than ``most_evaluations`` of its field, or has a state that never comes back.
    """
    model = solver.model
    value = model.parameters[solver.parameter]
    try:
        run, (end, period) = _last_period(solver, start, most_evaluations, turns)
    except ConvergenceError:
        beside = _beside(solver, start, intervals, value)
        if beside is None:
            raise
        return _run_once(solver, beside, value)
    orbit = _corrected(solver, run, (end, period), intervals, value)
    if orbit is None:
        raise ConvergenceError(
            f"the simulated orbit of {model.name} (period about {period:.5g}) could not be "
            "corrected to a periodic one; simulate longer or give a better period guess"
        )
    if np.max(np.ptp(orbit.u, axis=0)) < _AT_REST:
        raise ConvergenceError(
            f"{model.name} came to rest at {solver.parameter} = {value:g}: there is no cycle to "
            "start from; start where it oscillates, or at a Hopf point"
        )
    return _run_once(solver, orbit, value)


def _run_once(solver: Solver, orbit: Orbit, value: float) -> Orbit:
    """The orbit with its smallest period: a guess may have been several of these."""
    times, most = orbit.node_times(), _SAME + 10 * orbit.mesh_error()
    for parts in range(_MOST_TURNS, 1, -1):
        later = orbit.at((times + 1 / parts) % 1.0)
        if np.max(np.abs(later - orbit.u)) < most * np.max(np.ptp(orbit.u, axis=0)):
            mesh = np.unique(np.append(orbit.mesh[orbit.mesh * parts < 1.0 - _SAME] * parts, 1.0))
            u = orbit.at(moved_times(mesh) / parts)
            u[-1] = u[0]
            once = Orbit(mesh, u, np.array([orbit.period / parts, value]))
            once = remeshed(once, adapted_mesh(once, max(orbit.intervals // parts, _FEWEST)))
            return solver.at_value(once, value) or orbit
    return orbit


def simulated_orbits(
    solver: Solver,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None,
    intervals: int,
    most_evaluations: int = 2_000_000,
) -> Iterator[Orbit]:
    """The last period of a simulation on finer and finer meshes, not corrected.

    Arguments and errors as of ``orbit_from_simulation``.
    """
    run, last = _last_period(solver, start, most_evaluations)
    for factor in (1, 2, 4, 8):
        yield run.sampled(*last, factor * intervals, solver.model.parameters[solver.parameter])


def _last_period(
    solver: Solver,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None,
    most_evaluations: int,
    turns: int = TURNS,
) -> tuple[_Run, tuple[float, float]]:
    """A run from a start with (end, length) of its last period."""
    model = solver.model
    x0 = model.initial_state() if start is None else model._full(start[0])
    guess = None if start is None or start[1] is None else float(start[1])
    if guess is not None and not (np.isfinite(guess) and guess > 0):
        raise ModelError(f"the period guess is {guess}; give a positive time")
    if not np.all(np.isfinite(x0)):
        raise ModelError("the starting state of the orbit is not finite; give numbers")
    _check_phases(model, x0)
    duration = turns * guess if guess is not None else _patience(solver, x0)
    run = _Run(solver, x0, duration, most_evaluations)
    return run, run.period(guess)


def _check_phases(model: VectorField, x0: np.ndarray) -> None:
    """ConvergenceError where a state moves on at one rate, whatever the others do."""
    places = [x0 + part * model.scales for part in (0.0, -0.3, 0.3)]
    slopes = [model.jacobian(x) for x in places]
    rates = np.array([model.rhs(x) for x in places])
    for k, name in enumerate(model.states):
        alone = all(not np.any(slope[k]) for slope in slopes)
        if alone and rates[0, k] != 0.0 and np.ptp(rates[:, k]) == 0.0:
            raise ConvergenceError(
                f"{model.name} has no cycle: {name} moves on without end, at the rate "
                f"{rates[0, k]:g}. Where it is a phase with the speed w, write its cosine and sine "
                "as states: c' = c*(1 - c^2 - s^2) - w*s, s' = s*(1 - c^2 - s^2) + w*c"
            )


def _beside(
    solver: Solver,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None,
    intervals: int,
    value: float,
) -> Orbit | None:
    """The cycle next to the first period from a start, its ends brought together; None without."""
    if start is None or start[1] is None:
        return None
    model, period = solver.model, float(start[1])
    x0 = model._full(start[0])
    run = solve_ivp(
        lambda _, x: model.rhs(x), (0, period), x0, method="LSODA", rtol=1e-8, atol=1e-10,
        dense_output=True,
    )  # fmt: skip
    if not (run.success and np.max(np.abs(run.y[:, -1]) / model.scales) < FARTHEST):
        return None
    for factor in (1, 2, 4):
        guess = _sampled(solver, run, (period, period), factor * intervals, value)
        gap = (run.y[:, -1] - x0) / solver.scale
        u = guess.u + (0.5 - guess.node_times())[:, None] * gap
        u[-1] = u[0]
        found = solver.at_value(Orbit(guess.mesh, np.ascontiguousarray(u), guess.z), value)
        if found is not None and abs(found.period / period - 1) < _GUESSED:
            return found if np.max(np.ptp(found.u, axis=0)) > _AT_REST else None
    return None


def _sampled(
    solver: Solver, run: Any, last: tuple[float, float], count: int, value: float
) -> Orbit:
    """The period ``last`` = (end, length) of an integration on a mesh of ``count`` intervals with
    as many steps in each."""
    end, period = last
    inside = run.t[(run.t > end - period) & (run.t < end)]
    steps = (np.concatenate([[end - period], inside, [end]]) - (end - period)) / period
    steps = np.union1d(steps, np.linspace(0, 1, 1 + count // 4))  # quiet stretches keep some
    mesh = np.interp(np.linspace(0, len(steps) - 1, count + 1), np.arange(len(steps)), steps)
    mesh[0], mesh[-1] = 0.0, 1.0
    times = end - period + moved_times(mesh) * period
    u = run.sol(times).T / solver.scale
    u[-1] = u[0]
    return Orbit(mesh, np.ascontiguousarray(u), np.array([period, value]))


def _corrected(
    solver: Solver, run: _Run, last: tuple[float, float], intervals: int, value: float
) -> Orbit | None:
    """The last simulated period as a periodic orbit, on as few mesh intervals as carry it.

    A mesh too coarse for the jumps of a relaxation oscillation may have a solution of its own: the
    period is to agree with the simulated one, or with that of a coarser mesh, and what the mesh
    leaves of errors is to be small; None where it is as large as the orbit.
    """
    periods, orbit = [last[1]], None
    for factor in (1, 2, 4, 8, 16):
        found = solver.at_value(run.sampled(*last, factor * intervals, value), value)
        if found is None:
            continue
        found = solver.at_value(remeshed(found, adapted_mesh(found)), value) or found
        orbit, error = found, found.mesh_error()
        if any(abs(found.period / period - 1) < _AGREES for period in periods):
            if error < _SMOOTH:
                break
        periods.append(found.period)
    return orbit if orbit is not None and error < 1.0 else None


def _patience(solver: Solver, x0: np.ndarray) -> float:
    """How long to simulate at first: many times the slowest time scale of the linearized model."""
    rates = np.abs(np.linalg.eigvals(solver.model.jacobian(x0)))
    return 40.0 / max(float(np.min(rates)), 1e-4 * float(np.max(rates)), 1e-9)


class _Run:
    """A simulation that goes on until the state that moves most has come by often enough.

    Crossings of that state's middle are found on the integrator's own steps, which follow the jumps
    of a relaxation oscillation, however short.
    """

    def __init__(
        self, solver: Solver, x0: np.ndarray, duration: float, most_evaluations: int
    ) -> None:
        self.solver, state = solver, x0
        self.made, self.most = 0, most_evaluations
        for _ in range(_DOUBLINGS):
            state, duration = self._settled(state, duration)
            self.run = self._integrate(state, duration / 2)
            self.crossings = self._crossings()
            if self._rests() or (len(self.crossings) >= _ENOUGH and self._comes_back()):
                break
            state, duration = self.run.y[:, -1], 2 * duration

    def _comes_back(self) -> bool:
        """Whether a crossing is nearly another one, unlike those of one burst; or that is not worth
        a longer run."""
        return self._apart().min() < _BACK * self.range or self.made > _PART * self.most

    def _apart(self) -> np.ndarray:
        """How far the states at earlier crossings, the latest first, are from that at the last."""
        section = self.run.sol(self.crossings) / self.solver.scale[:, None]
        return np.max(np.abs(section[:, -2::-1] - section[:, -1:]), axis=0)

    def _settled(self, x0: np.ndarray, duration: float) -> tuple[np.ndarray, float]:
        """The state after a time, which is shorter where it would cost much of what is allowed, as
        where cycles are far shorter than the slowest time scale beside them."""
        settling = LSODA(self._field(), 0.0, x0, duration, rtol=1e-8, atol=1e-10)
        most = self.made + _PART * self.most
        while settling.status == "running" and self.made < most:
            _check(self.solver.model, settling.step() or "", settling.y)
        return settling.y, settling.t

    def _integrate(self, x0: np.ndarray, duration: float):
        found = solve_ivp(
            self._field(), (0, duration), x0, method="LSODA", rtol=1e-9, atol=1e-11,
            dense_output=True,
        )  # fmt: skip
        _check(self.solver.model, "" if found.success else found.message, found.y)
        return found

    def _field(self) -> Callable[[float, np.ndarray], np.ndarray]:
        """The model's field, which counts how often it is asked for."""
        model, compiled = self.solver.model, self.solver.model.compiled
        p, out = model.parameter_array(), np.empty(compiled.n)

        def field(_: float, x: np.ndarray) -> np.ndarray:
            self.made += 1
            if self.made > self.most or not np.max(np.abs(x) / model.scales) < FARTHEST:
                words = "is still on its way" if self.made > self.most else "runs away"
                raise ConvergenceError(
                    f"the simulation of {model.name} {words} after {self.made} evaluations of its "
                    "field: it reached no cycle; start nearer to one"
                )
            compiled.field(np.ascontiguousarray(x), p, compiled.tables, out)
            return out.copy()

        return field

    def _crossings(self) -> np.ndarray:
        """Times at which the state that moves most passes its middle upwards, the last ones."""
        scaled = self.run.y / self.solver.scale[:, None]
        moving = int(np.argmax(np.ptp(scaled, axis=1)))
        self.range = float(np.ptp(scaled[moving]))
        if self.range < 1e-5:
            return np.zeros(0)
        middle = 0.5 * (self.run.y[moving].max() + self.run.y[moving].min())
        signal = self.run.y[moving] - middle
        up = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))[-_LAST:]

        def ahead(time: float) -> float:
            return float(self.run.sol(time)[moving]) - middle

        return np.array(
            [
                brentq(ahead, self.run.t[k], self.run.t[k + 1], xtol=1e-15, rtol=1e-14)
                for k in up
                if ahead(self.run.t[k]) * ahead(self.run.t[k + 1]) < 0
            ]
        )

    def _rests(self) -> bool:
        """Whether the state has come to a stable equilibrium; not beside one, as near a
        saddle-node on a circle, where a cycle spends most of its period."""
        model, x = self.solver.model, self.run.y[:, -1].copy()
        for _ in range(8):
            try:
                step = np.linalg.solve(model.jacobian(x), -model.rhs(x))
            except np.linalg.LinAlgError:
                return False
            x = x + step
        near = np.max(np.abs(x - self.run.y[:, -1]) / self.solver.scale) < 1e-3
        still = np.max(np.abs(step) / self.solver.scale) < 1e-9
        return bool(near and still and np.linalg.eigvals(model.jacobian(x)).real.max() < 0)

    def period(self, guess: float | None) -> tuple[float, float]:
        """A time on the cycle and the shortest time in which the state repeats before it."""
        name, times = self.solver.model.name, self.crossings
        if self.range < 1e-5 or (len(times) < _ENOUGH and self._rests()):
            raise ConvergenceError(
                f"{name} came to rest: there is no cycle to start from; start where it "
                "oscillates, or at a Hopf point"
            )
        if len(times) < _ENOUGH:
            if guess is None:
                raise ConvergenceError(
                    f"no repetition was found in {self.run.t[-1]:.4g} time units of {name}; "
                    "give start=(state, period guess)"
                )
            return float(self.run.t[-1]), guess
        lengths = times[-1] - times[-2::-1]
        if guess is not None:
            return float(times[-1]), float(min(lengths, key=lambda length: abs(length - guess)))
        # A cycle may cross several times: it repeats where the whole state does.
        distance = self._apart()
        near = np.flatnonzero(distance <= 5 * distance.min() + 1e-6 * self.range)
        return float(times[-1]), float(lengths[near[0]])

    def sampled(self, end: float, period: float, count: int, value: float) -> Orbit:
        """The last period on a mesh of ``count`` intervals with as many steps in each."""
        return _sampled(self.solver, self.run, (end, period), count, value)


def _check(model: VectorField, message: str, states: np.ndarray) -> None:
    """ConvergenceError where an integration failed."""
    if message or not np.all(np.isfinite(states)):
        raise ConvergenceError(f"the simulation of {model.name} failed: {message}")
