"""Starts of runs of delayed signals: a state of theirs is not a point, but the past of a turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline

from dynsys.simulation.history import ring_length
from dynsys.simulation.motion import Motion, motion
from dynsys.vector_field import VectorField

_ROUNDS = 3  # in which signals that depend on delayed ones come to agree with themselves


class Past(NamedTuple):
    """A motion that repeats: its ``period`` and ``turn`` (k, n) at even times of one period."""

    period: float
    turn: np.ndarray


class Start(NamedTuple):
    """Where a run begins: ``state`` (n,), after a ``past``; without one it was at rest there."""

    state: np.ndarray
    past: Past | None = None

    @classmethod
    def after(cls, period: float, turn: np.ndarray) -> Start:
        """After turns of a motion, at the first state of one."""
        return cls(turn[0], Past(period, turn))


def at_rest(states: Iterable[np.ndarray]) -> list[Start]:
    """Starts at states (n,)."""
    return [Start(state) for state in states]


def after_pasts(
    model: VectorField, models: Sequence[VectorField], pasts: Sequence[Past], dt: float
) -> xr.Dataset:
    """What ``simulate_ensemble`` takes as an earlier run of step dt: every motion up to now.

    ``models`` are those of the runs: at other parameters than the motions', perhaps.
    """
    compiled = motion(model, False, {})
    lags = np.array([lags_of(compiled, at) for at in models])
    length = ring_length(lags, dt)
    times = dt * np.arange(1 - length, 1)
    history = np.empty((len(pasts), length, compiled.delayed))
    for k, (at, past) in enumerate(zip(models, pasts, strict=True)):
        signals = _signals(compiled, compiled.prepared(at.parameter_array()), past, lags[k])
        history[k] = _periodic(signals)((times / past.period) % 1.0)
    now = np.array([past.turn[0] for past in pasts])
    return xr.Dataset(
        {"final_state": (("point", "state"), now),
         "final_history": (("point", "lag", "signal"), history, {"dt": dt})}
    )  # fmt: skip


def lags_of(compiled: Motion, at: VectorField) -> np.ndarray:
    """The delays (k,) of a model."""
    lags = np.empty(compiled.delayed)
    compiled.delays(
        np.zeros(compiled.n + compiled.delayed), at.parameter_array(), compiled.tables, lags
    )
    return lags


def _signals(compiled: Motion, p: np.ndarray, past: Past, lags: np.ndarray) -> np.ndarray:
    """The delayed signals (count, k) along a turn."""
    count, n = past.turn.shape
    phases, out = np.arange(count) / count, np.empty(compiled.out)
    x, signals = np.zeros((count, n + len(lags))), np.empty((count, len(lags)))
    x[:, :n] = past.turn
    for _ in range(_ROUNDS):
        for row, signal in zip(x, signals, strict=True):
            compiled.field(row, p, compiled.tables, out)
            signal[:] = out[n : n + len(lags)]
        smooth = _periodic(signals)
        for k, lag in enumerate(lags):
            x[:, n + k] = smooth((phases - lag / past.period) % 1.0)[:, k]
    return signals


def _periodic(rows: np.ndarray) -> CubicSpline:
    """The function of period one through rows (count, k) at even times."""
    closed = np.concatenate([rows, rows[:1]])
    return CubicSpline(np.linspace(0, 1, len(closed)), closed, bc_type="periodic")
