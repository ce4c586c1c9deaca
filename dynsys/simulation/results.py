"""Simulations as xarray data sets that say how they were made."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from dynsys.simulation.bounds import passed
from dynsys.simulation.grids import Points
from dynsys.simulation.integration import Task
from dynsys.vector_field import VectorField

COMPLETE, STOPPED, PENDING = "complete", "stopped", "pending"


def dataset(
    task: Task, points: Points, names: Sequence[str], attrs: Mapping[str, Any], warn: bool = True
) -> xr.Dataset:
    """Recordings (..., time), states at the end, and where and why a point stopped."""
    model = task.model
    dims, shape = points.dims, points.shape
    time = np.arange(task.out.shape[1]) * task.dt * task.stride
    data: dict[str, Any] = {}
    for column, name in enumerate(names):
        values = task.out[:, :, column].reshape(*shape, len(time))
        data[name] = ((*dims, "time"), values, _described(model, name))
    out = task.done & np.any(np.abs(task.x) > task.bound, axis=1)
    stopped = out | (task.done & (task.report[:, 0] < task.settle + task.steps))
    status = np.where(~task.done, PENDING, np.where(stopped, STOPPED, COMPLETE))
    reached = (task.report[:, 0] - task.settle) * task.dt
    left = (task.report[:, 1] - task.settle) * task.dt
    data |= {
        "status": (dims, status.reshape(shape)),
        "reached": (dims, reached.reshape(shape), {"units": model.time_unit}),
        "final_state": ((*dims, "state"), task.x.reshape(*shape, -1)),
    }
    if model.tables:
        meaning = "first recorded time outside a table's domain (never: NaN)"
        left = np.where(task.report[:, 1] >= 0, left, np.nan)
        data["left_table"] = (
            dims, left.reshape(shape), {"units": model.time_unit, "long_name": meaning}
        )  # fmt: skip
    if np.any(task.report[:, 3] >= 0):
        meaning = "time of the first step over a pole, or far too long (never: NaN)"
        crossed = np.where(
            task.report[:, 3] >= 0, (task.report[:, 3] - task.settle) * task.dt, np.nan
        )
        data["overstepped"] = (
            dims, crossed.reshape(shape), {"units": model.time_unit, "long_name": meaning}
        )  # fmt: skip
    if task.motion.delayed:
        assert task.past is not None
        history = task.past.reshape(*shape, *task.past.shape[1:])
        data["final_history"] = ((*dims, "lag", "signal"), history, {"dt": task.dt})
    coords = {
        "time": ("time", time, {"units": model.time_unit}),
        "state": list(model.states),
        **points.coords,
    }
    result = xr.Dataset(data, coords=coords, attrs=dict(attrs) | provenance(model))
    if warn:
        warn_of(result, task)
    return result


def provenance(model: VectorField) -> dict[str, Any]:
    """Model, source and every parameter's value, as attributes a file can hold."""
    return {
        "model": model.name,
        "source": model.source,
        "parameters": json.dumps(dict(model.parameters)),
    }


def _described(model: VectorField, name: str) -> dict[str, str]:
    item = model.observables.get(name) or model.states[name]
    return {"units": item.unit, "long_name": item.meaning}


def warn_of(result: xr.Dataset, task: Task) -> None:
    """Warn of runs that stopped, stepped over poles or left tables."""
    unit = task.model.time_unit
    stopped = np.flatnonzero(result["status"].values.ravel() == STOPPED)
    if len(stopped):
        times = result["reached"].values.ravel()[stopped]
        first = f"{times.min():g} {unit}".rstrip()
        reason = (
            "the state is no longer finite, or the field has no value there; a smaller dt usually "
            "helps"
        )
        if np.any(np.abs(last := task.x[stopped[times.argmin()]]) > task.bound):
            reason = passed(list(task.model.states), last, task.bound)
        warnings.warn(
            f"{len(stopped)} of {len(task.done)} runs stopped, the first at {first}: {reason} "
            "(see the variables status and reached)",
            stacklevel=4,
        )
    crossed = result["overstepped"].values if "overstepped" in result else np.zeros(0)
    crossed = crossed[np.isfinite(crossed)]
    if crossed.size:
        warnings.warn(
            f"{crossed.size} of {len(task.done)} runs stepped over a pole of the field or past the "
            "end of a solution that grows without bound, or dt is far too long for them; first at "
            f"{f'{crossed.min():g} {unit}'.rstrip()}. What follows is no solution; "
            "method='adaptive' stops there (see the variable overstepped)",
            stacklevel=4,
        )
    if "left_table" in result:
        left = result["left_table"].values[np.isfinite(result["left_table"].values)]
        if left.size and not np.isfinite(result.attrs.get("clamped", np.nan)):
            warnings.warn(
                f"{left.size} of {len(task.done)} runs left the domain of a table, the first at "
                f"{left.min():g} {unit}; values beyond its edge are continued polynomials and mean "
                "little (see the variable left_table)",
                stacklevel=4,
            )
