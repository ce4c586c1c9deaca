"""Which rhythm a simulation has settled on: its last period, corrected to a cycle and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from continuation.diagrams.names import CYCLE, cycle_name, naming_observable
from dynsys.delays import chebyshev_nodes
from dynsys.errors import ConvergenceError
from dynsys.vector_field import VectorField

_SAME = 0.05  # of period and swing: recordings of one rhythm, at parameters close by
_MET = 0.15  # of period and swing: how near the corrected cycle must be to what was recorded
_REPEATS = 0.1  # of the swing: how well a recording repeats after one period
_INTERVALS = 40


@dataclass(frozen=True)
class Recording:
    """A rhythm as recorded: its period, lowest and highest value."""

    period: float
    low: float
    high: float

    def near(self, other: Recording, within: float) -> bool:
        """Whether period and extrema agree within a part of period and swing."""
        swing = within * max(other.high - other.low, 1e-12)
        return (
            abs(self.period - other.period) < within * other.period
            and abs(self.low - other.low) < swing
            and abs(self.high - other.high) < swing
        )


def recording(values: np.ndarray, sample: float) -> Recording | None:
    """What the later half of a recording (time,) repeats; None without a repetition in it.

    The period is the shortest distance of upward crossings of the middle after which the recording
    repeats: bursts cross several times in each.
    """
    late = np.asarray(values, dtype=float)[len(values) // 2 :]
    low, high = float(late.min()), float(late.max())
    middle = late - 0.5 * (low + high)
    up = np.flatnonzero((middle[:-1] < 0) & (middle[1:] >= 0))
    if len(up) < 3:
        return None
    rises = up - middle[up] / (middle[up + 1] - middle[up])
    times = np.arange(len(late), dtype=float)
    misfits, lags = [], rises[-1] - rises[-2::-1]
    lags = lags[lags < 0.5 * len(late)]
    for lag in lags:
        again = times >= lag
        shifted = np.interp(times[again] - lag, times, late)
        misfits.append(float(np.sqrt(np.mean((late[again] - shifted) ** 2))))
        if misfits[-1] < _REPEATS * (high - low):
            return Recording(float(lag) * sample, low, high)
    return None


def lifted_state(model: VectorField, run: xr.Dataset, point: int) -> np.ndarray:
    """The state (n,) with delay lines in which one point of an ensemble ended."""
    x = run["final_state"].values.reshape(-1, model.physical_dimension)[point]
    if not model.lines:
        return np.array(x)
    stored = run["final_history"]
    history = stored.values.reshape(-1, *stored.shape[-2:])[point]
    times = float(stored.attrs["dt"]) * np.arange(1 - len(history), 1)
    signals = np.empty(2 * len(model.lines))
    model.compiled.signals(
        model.fill_lines(x), model.parameter_array(), model.compiled.tables, signals
    )
    nodes = chebyshev_nodes(model.delay_order)[1:]
    lags = signals[len(model.lines) :]
    lines = [np.interp(nodes * lag, times, history[:, k]) for k, lag in enumerate(lags)]
    return np.concatenate([x, *lines])


class RhythmNames:
    """Names rhythms as a model's diagram does; what was named once is known by period and extrema.

    A name is "cycle" where the recording does not repeat, or leads to no stable cycle.
    """

    def __init__(self) -> None:
        self.known: list[tuple[Recording, str]] = []

    def name(
        self, model: VectorField, run: xr.Dataset, point: int, values: np.ndarray, sample: float
    ) -> str:
        """The name of the rhythm on which one point of an ensemble has settled.

        ``model`` at the parameters of the run's end; ``values`` (time,) of its naming observable.
        """
        seen = recording(values, sample)
        if seen is None:
            return CYCLE
        for other, name in self.known:
            if seen.near(other, _SAME):
                return name
        name = _corrected_name(model, lifted_state(model, run, point), seen)
        if name != CYCLE:
            self.known.append((seen, name))
        return name


def _corrected_name(model: VectorField, start: np.ndarray, seen: Recording) -> str:
    # The cycle engine compiles on its first import.
    from continuation.cycles.branch import make_cycle
    from continuation.cycles.orbits import Solver
    from continuation.cycles.starting_orbits import orbit_from_simulation

    parameter = model.parameter_names[0]
    value = model.parameters[parameter]
    reach = max(abs(value), 1.0)
    solver = Solver(model, {parameter: (value - reach, value + reach)})
    given: Any = (start, seen.period)
    try:
        cycle = make_cycle(solver, orbit_from_simulation(solver, given, _INTERVALS))
    except ConvergenceError:
        return CYCLE
    met = Recording(cycle.period, *cycle.extrema(naming_observable(model)))
    return cycle_name(cycle) if cycle.stable and seen.near(met, _MET) else CYCLE
