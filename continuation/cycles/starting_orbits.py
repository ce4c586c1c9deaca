"""A first periodic orbit from a simulation that has come to rest on a cycle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.integrate import solve_ivp

from continuation.cycles.orbits import Orbit, Solver, adapted_mesh, moved_times, remeshed
from dynsys.errors import ConvergenceError, ModelError


class NoRepetitionError(ConvergenceError):
    """A simulation that keeps moving and does not repeat; ``times`` (k,) and ``states`` (k, n) are
    the latter part of it."""

    def __init__(self, message: str, times: np.ndarray, states: np.ndarray) -> None:
        super().__init__(message)
        self.times, self.states = times, states


FARTHEST = 1e4  # scaled size of a state beyond which a simulation is not coming back


def orbit_from_simulation(
    solver: Solver,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None,
    intervals: int,
    most_evaluations: int = 2_000_000,
) -> Orbit:
    """Simulate until the state repeats, and correct the last period to a periodic orbit.

    ``start`` is (state, period guess); without it the model's initial state is used, and without a
    guess the period is found from upward crossings of the mean.

    Raises ConvergenceError where the model does not oscillate, runs away from the states' scales,
    or takes more than ``most_evaluations`` of its field.
    """
    model = solver.model
    x0 = model.initial_state() if start is None else model._full(start[0])
    guess = None if start is None or start[1] is None else float(start[1])
    if guess is not None and not (np.isfinite(guess) and guess > 0):
        raise ModelError(f"the period guess is {guess}; give a positive time")
    if not np.all(np.isfinite(x0)):
        raise ModelError("the starting state of the orbit is not finite; give numbers")
    duration = 30 * guess if guess is not None else _patience(solver, x0)
    run = _integrate(solver, x0, duration, most_evaluations)
    period = _period(solver, run, guess)
    end = run.t[-1]
    fine = np.linspace(0, 1, 401)
    u = run.sol(end - period + moved_times(fine) * period).T / solver.scale
    u[-1] = u[0]
    value = model.parameters[solver.parameter]
    sampled = Orbit(fine, np.ascontiguousarray(u), np.array([period, value]))
    orbit = None
    for count in (intervals, 2 * intervals, 4 * intervals):  # relaxation cycles need more
        orbit = solver.at_value(remeshed(sampled, adapted_mesh(sampled, count)), value)
        if orbit is not None:
            break
    if orbit is None:
        raise NoRepetitionError(
            f"the simulated orbit of {model.name} (period about {period:.5g}) could not be "
            "corrected to a periodic one; simulate longer or give a better period guess",
            times := np.linspace(run.t[0], run.t[-1], 4000), run.sol(times).T,
        )  # fmt: skip
    if np.max(np.ptp(orbit.u, axis=0)) < 1e-4:
        raise ConvergenceError(
            f"{model.name} came to rest at {solver.parameter} = {value:g}: there is no cycle to "
            "start from; start where it oscillates, or at a Hopf point"
        )
    return orbit


def _patience(solver: Solver, x0: np.ndarray) -> float:
    """How long to simulate: many times the slowest time scale of the linearized model."""
    rates = np.abs(np.linalg.eigvals(solver.model.jacobian(x0)))
    return 40.0 / max(float(np.min(rates)), 1e-4 * float(np.max(rates)), 1e-9)


def _integrate(solver: Solver, x0: np.ndarray, duration: float, most_evaluations: int):
    model, compiled = solver.model, solver.model.compiled
    p, out, made = model.parameter_array(), np.empty(compiled.n), 0

    def field(_: float, x: np.ndarray) -> np.ndarray:
        nonlocal made
        made += 1
        if made > most_evaluations or not np.max(np.abs(x) / model.scales) < FARTHEST:
            words = "is still on its way" if made > most_evaluations else "runs away"
            raise ConvergenceError(
                f"the simulation of {model.name} {words} after {made} evaluations of its field: "
                "there is no cycle to start from; start nearer to one"
            )
        compiled.field(np.ascontiguousarray(x), p, compiled.tables, out)
        return out.copy()

    settled = solve_ivp(field, (0, duration), x0, method="LSODA", rtol=1e-8, atol=1e-10)
    again = solve_ivp(
        field, (0, duration / 2), settled.y[:, -1], method="LSODA", rtol=1e-9, atol=1e-11,
        dense_output=True,
    )  # fmt: skip
    if not (settled.success and again.success and np.all(np.isfinite(again.y))):
        raise ConvergenceError(f"the simulation of {model.name} failed: {again.message}")
    return again


def _period(solver: Solver, run, guess: float | None) -> float:
    """Median distance between upward crossings of the mean of the state that moves most."""
    times = np.linspace(run.t[0], run.t[-1], 20_000)
    states = run.sol(times) / solver.scale[:, None]
    moving = int(np.argmax(np.ptp(states, axis=1)))
    signal = states[moving] - 0.5 * (states[moving].max() + states[moving].min())
    if np.ptp(signal) < 1e-5:
        raise ConvergenceError(
            f"{solver.model.name} came to rest: there is no cycle to start from; start where it "
            "oscillates, or at a Hopf point"
        )
    up = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    if len(up) < 3:
        if guess is None:
            raise ConvergenceError(
                f"no repetition was found in {run.t[-1]:.4g} time units of {solver.model.name}; "
                "give start=(state, period guess)"
            )
        return guess
    crossing = times[up] - signal[up] * np.diff(times)[0] / (signal[up + 1] - signal[up])
    lengths = crossing[-1] - crossing[-2::-1]
    if guess is not None:
        return float(min(lengths, key=lambda length: abs(length - guess)))
    # A cycle may cross several times: it repeats where the whole state does.
    section = run.sol(crossing) / solver.scale[:, None]
    distance = np.max(np.abs(section[:, -2::-1] - section[:, -1:]), axis=0)
    near = np.flatnonzero(distance < 0.02 * np.max(np.ptp(states, axis=1)))
    return float(lengths[near[0]] if near.size else lengths[np.argmin(distance)])
