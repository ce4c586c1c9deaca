"""Where a simulation starts: initial states and the past of delayed signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.simulation.history import ring_length
from dynsys.simulation.motion import Motion
from dynsys.vector_field import VectorField

Initial = (
    Mapping[str, float] | Sequence[float] | np.ndarray | xr.Dataset | Callable[[float], Any] | None
)


def initial_states(model: VectorField, initial: Initial, points: int) -> np.ndarray:
    """Initial states (P, n) from a mapping, an array (n,) or (P, n), an earlier run or a function.

    What a mapping leaves out starts at the model's default; a function is taken at time 0.
    """
    n = len(model.states)
    default = np.array([state.initial for state in model.states.values()])
    if initial is None:
        given: np.ndarray = default
    elif isinstance(initial, xr.Dataset):
        if "final_state" not in initial:
            raise ModelError("the data set holds no final_state; pass the result of simulate")
        given = initial["final_state"].values.reshape(-1, n)
        given = given[0] if len(given) == 1 else given
    elif isinstance(initial, Mapping):
        given = default.copy()
        for label, value in initial.items():
            name = str(label) if isinstance(label, np.str_) else label
            known = checks.known("state", name, model.states, model.name)
            given[list(model.states).index(known)] = checks.number(
                f"the initial value of {name}", value
            )
    elif callable(initial):
        return initial_states(model, _state_at(model, initial, 0.0), points)
    else:
        given = checks.numbers("initial", initial)
    if given.ndim >= 1 and given.shape[-1] > n and given.shape[-1] == len(model.state_names):
        given = given[..., :n]  # an equilibrium of the lifted system: at rest, lines say no more
    if given.shape not in ((n,), (points, n)):
        raise ModelError(
            f"{model.name}: initial states have shape {given.shape}; give {n} numbers "
            f"({', '.join(model.states)}) or an array ({points}, {n}), one row per point"
        )
    if not np.all(np.isfinite(given)):
        raise ModelError(f"{model.name}: the initial state holds values that are not finite")
    return np.ascontiguousarray(np.broadcast_to(given, (points, n)))


def _state_at(model: VectorField, history: Callable[[float], Any], time: float) -> Any:
    value = history(time)
    if isinstance(value, Mapping):
        return value
    return np.atleast_1d(checks.numbers(f"the history at time {time:g}", value))


def past_signals(
    model: VectorField,
    motion: Motion,
    initial: Initial,
    parameters: np.ndarray,
    lags: np.ndarray,
    dt: float,
) -> np.ndarray | None:
    """Signals (P, H, k) before the start where ``initial`` tells them; None for a past at rest."""
    if not motion.delayed:
        return None
    length = ring_length(lags, dt)
    if isinstance(initial, xr.Dataset):
        return _continued(initial, length, len(parameters), motion.delayed, dt)
    if isinstance(initial, Mapping) or not callable(initial):
        return None
    past = np.empty((len(parameters), length, motion.delayed))
    for row, (p, lag) in enumerate(zip(parameters, lags, strict=True)):
        past[row] = history_of_function(model, motion, initial, p, lag, dt, length)
    return past


def _continued(run: xr.Dataset, length: int, points: int, delayed: int, dt: float) -> np.ndarray:
    if "final_history" not in run:
        raise ModelError("the data set holds no final_history; pass the result of simulate")
    stored, spacing = run["final_history"].values, float(run["final_history"].attrs["dt"])
    stored = stored.reshape(-1, *stored.shape[-2:])
    known = stored.shape[1]  # more than is needed where runs of longer delays went along
    if abs(spacing - dt) > 1e-9 * dt or known < length or stored.shape[2] != delayed:
        raise ModelError(
            f"the earlier run has steps of {spacing:g} and cannot be continued with dt = {dt:g}; "
            "use the same step, or initial=run['final_state'] for a past at rest"
        )
    newest = stored[:, known - length :]
    return np.ascontiguousarray(np.broadcast_to(newest, (points, length, delayed)))


def history_of_function(
    model: VectorField,
    motion: Motion,
    history: Callable[[float], Any],
    p: np.ndarray,
    lag: np.ndarray,
    dt: float,
    length: int,
) -> np.ndarray:
    """Signals (length, k) of a past given as states over time <= 0, in steps of dt up to 0.

    A signal may depend on delayed signals: its past starts four of these lengths earlier.
    """
    k = motion.delayed
    depth = 4 * length
    signals = np.empty((depth, k))
    x, out, p = np.zeros(motion.n + k), np.empty(motion.out), motion.prepared(p)
    times = dt * np.arange(1 - depth, 1)
    for i, time in enumerate(times):
        x[: motion.n] = initial_states(model, _state_at(model, history, float(time)), 1)[0]
        for j in range(k):
            at = max(i - lag[j] / dt, 0.0)
            left = min(int(at), max(i - 2, 0))
            if i > 1:
                part = at - left
                x[motion.n + j] = (1 - part) * signals[left, j] + part * signals[left + 1, j]
        motion.field(x, p, motion.tables, out)
        signals[i] = out[motion.n : motion.n + k]
    return signals[-length:]
