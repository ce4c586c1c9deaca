"""Adaptive integration of one point: kinks, drives and the past prepared for the compiled loop."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.interruption import interruptible
from dynsys.invariant_axes import stays_zero
from dynsys.simulation.bounds import passed
from dynsys.simulation.dense_history import NODES, Drives, Steps
from dynsys.simulation.dormand_prince import (
    COMPLETE,
    NOT_FINITE,
    OUT_OF_BOUNDS,
    STEP_TOO_SMALL,
    TOO_MANY,
    Control,
    Point,
    Recording,
    Span,
    integrate_adaptively,
)
from dynsys.simulation.drives import Input, piecewise
from dynsys.simulation.motion import Motion, motion
from dynsys.simulation.results import provenance
from dynsys.simulation.states import Initial, history_of_function, initial_states
from dynsys.vector_field import VectorField

_REASONS = {
    NOT_FINITE: "the state is no longer finite",
    STEP_TOO_SMALL: "the step became too small for the tolerance: a jump or a singularity",
    TOO_MANY: "too many steps; raise most_steps, or rtol where the model is stiff",
}
_KEPT = 4096  # steps of history a result carries
_VANISHING = 1e-100  # of its size: up to there a state that stays zero is resolved by itself
_PAST_CELLS = 64  # polynomials per longest delay of a past given as a function


@dataclass(frozen=True)
class Tolerance:
    """Relative and absolute tolerance (the latter in units of each state's scale), most steps.

    A state whose rate vanishes with it has the relative one alone: however small a population
    becomes, its logarithm says when it is back.
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    most_steps: int = 10_000_000

    def __post_init__(self) -> None:
        checks.number("rtol", self.rtol, above=0, most=0.5)
        checks.number("atol", self.atol, above=0)
        checks.whole("most_steps", self.most_steps, least=1, most=2**62)


def run_adaptively(
    model: VectorField,
    samples: np.ndarray,
    begin: float,
    end: float,
    inputs: Mapping[str, list[Input]],
    initial: Initial,
    names: Sequence[str],
    columns: np.ndarray,
    tolerance: Tolerance,
    bound: float,
    warn: bool = True,
) -> xr.Dataset:
    """Integrate from ``begin`` to ``end``; recordings at ``samples``, status and final state.

    The run stops where a state is larger than ``bound``. What stops it is warned of, unless not
    ``warn``, and is its attribute ``reason``.
    """
    compiled = motion(model)
    p = model.parameter_array()
    lags = np.zeros(compiled.delayed)
    if compiled.delayed:
        compiled.delays(np.zeros(compiled.n + compiled.delayed), p, compiled.tables, lags)
    x = initial_states(model, initial, 1)[0].copy()
    past = _past(model, compiled, initial, p, lags, begin)
    driven, breaks, pieces, jumps = piecewise(model, inputs, 0.0, end) if end > 0 else (
        np.zeros(0, np.int64), np.array([begin, end]), np.zeros((1, 0)), np.zeros(0)
    )  # fmt: skip
    kinks = _echoes([begin, *([0.0] if inputs else []), *jumps], lags, end)
    if len(driven) and begin < 0:  # nothing acts while the run settles
        breaks = np.concatenate([[begin], breaks])
        pieces = np.concatenate([np.zeros((1, pieces.shape[1])), pieces])
    scale = model.scales[: len(model.states)].copy()
    scale[np.array(stays_zero(model), bool)] *= _VANISHING
    out = np.full((len(samples), len(columns)), np.nan)
    history = Steps(np.empty(_KEPT + 1), np.empty((_KEPT, NODES, compiled.delayed)))
    longest = float(min([end - begin, *lags])) if len(lags) else end - begin
    status, reached, outside, accepted, evaluations = interruptible(
        integrate_adaptively,
        compiled.rates,
        Point(x, compiled.prepared(p), lags),
        past,
        Span(begin, end, kinks),
        Control(scale, tolerance.rtol, tolerance.atol, longest, tolerance.most_steps, bound),
        Drives(driven, breaks, np.ascontiguousarray(pieces)),
        Recording(samples, columns, len(model.observables), out),
        history,
    )
    unit = model.time_unit
    reason = _REASONS.get(int(status), "")
    if status == OUT_OF_BOUNDS:
        reason = passed(list(model.states), x, bound)
    if reason and warn:
        place = f"{reached:g} {unit}".rstrip()
        warnings.warn(f"stopped at {place}: {reason} (see status)", stacklevel=4)
    if np.isfinite(outside) and warn:
        warnings.warn(
            f"left the domain of a table at {outside:g} {unit}; values beyond its edge are "
            "continued polynomials and mean little",
            stacklevel=4,
        )
    data: dict[str, Any] = {}
    for column, name in enumerate(names):
        item = model.observables.get(name) or model.states[name]
        data[name] = ("time", out[:, column], {"units": item.unit, "long_name": item.meaning})
    data["status"] = ((), "complete" if status == COMPLETE else "stopped")
    data["reached"] = ((), reached, {"units": unit})
    data["final_state"] = ("state", x)
    if model.tables:
        data["left_table"] = ((), outside, {"units": unit})
    if compiled.delayed:
        used = np.isfinite(history.times)
        data["history_times"] = ("edge", history.times[used] - reached)
        data["history_values"] = (("step", "node", "signal"), history.values[: used.sum() - 1])
    attrs = {
        "method": "Dormand-Prince 5(4)",
        "rtol": tolerance.rtol,
        "atol": tolerance.atol,
        "steps": int(accepted),
        "evaluations": int(evaluations),
        "reason": reason,
    }
    coords = {"time": ("time", samples, {"units": unit}), "state": list(model.states)}
    return xr.Dataset(data, coords=coords, attrs=attrs | provenance(model))


def _past(
    model: VectorField, compiled: Motion, initial: Initial, p: np.ndarray, lags: np.ndarray,
    begin: float,
) -> Steps:  # fmt: skip
    """The steps of the signals before ``begin``; none for a past at rest."""
    nothing = Steps(np.zeros(1), np.zeros((0, NODES, compiled.delayed)))
    if not compiled.delayed:
        return nothing
    if isinstance(initial, xr.Dataset):
        if "history_times" not in initial:
            raise ModelError(
                "the earlier run was integrated with fixed steps; continue it with the same "
                "method, or pass initial=run['final_state'] for a past at rest"
            )
        values = np.ascontiguousarray(initial["history_values"].values)
        return Steps(initial["history_times"].values + begin, values)
    if isinstance(initial, Mapping) or not callable(initial):
        return nothing
    cell = float(lags.max()) / _PAST_CELLS
    count = _PAST_CELLS + 4
    signals = history_of_function(
        model, compiled, initial, p, lags, cell / (NODES - 1), count * (NODES - 1) + 1
    )
    values = np.stack([signals[i : i + count * 4 : 4] for i in range(4)] + [signals[4::4]], axis=1)
    return Steps(begin + cell * np.arange(-count, 1), np.ascontiguousarray(values))


def _echoes(kinks: Sequence[float], lags: np.ndarray, end: float) -> np.ndarray:
    """Kinks with those the delays make of them: five levels, merged where they coincide."""
    found = {float(k) for k in kinks}
    level = found
    for _ in range(5 if len(lags) else 0):
        level = {round(k + lag, 10) for k in level for lag in lags if k + lag < end} - found
        found |= level
    ordered = np.array(sorted(found))
    keep = np.append(True, np.diff(ordered) > 1e-9)
    return ordered[keep]
