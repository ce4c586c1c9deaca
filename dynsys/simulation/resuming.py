"""Ensembles taken up again: from an interrupted result, or from what was kept on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.journal import Checkpoint, belongs, kept, key, say
from dynsys.simulation.drives import Input, values
from dynsys.simulation.integration import Task
from dynsys.simulation.results import PENDING
from dynsys.version import PACKAGES

_LONG = 1e6  # steps of all points: fewer take less than a second
_STEPS = 1e7  # of all runs of a part together: some seconds of a mean field
_LEAST, _MOST = 64, 4096  # runs of a part: blocks of them go side by side


def kept_points(task: Task) -> Checkpoint | None:
    """Where a long ensemble keeps its finished points; fills in those that an earlier call kept,
    in its own process or on a cluster."""
    if len(task.p) < 2 or len(task.p) * float(task.settle + task.steps) < _LONG:
        return None
    name = task_key(task)  # now, since the states are overwritten by the final ones
    parts = parts_of(task, name)
    checkpoint = Checkpoint(lambda: name)
    found = checkpoint.last()
    if found is not None:
        task.take_up(*found)
    for part, of_part in parts:
        if not task.done[part].all() and (content := kept(of_part)) is not None:
            belongs(of_part)
            task.take_up(part, *content[0])
    say("points of an ensemble", int(task.done.sum()), len(task.p))
    return checkpoint


def parts_of(task: Task, about: str) -> list[tuple[np.ndarray, Callable[[], str]]]:
    """The points of a task of this key that are not done, in parts for a cluster, each named."""
    points = np.flatnonzero(~task.done)
    size = int(np.clip(_STEPS / max(task.settle + task.steps, 1), _LEAST, _MOST))
    parts = [points[i : i + size] for i in range(0, len(points), size)]
    return [(part, partial(key, "ensemble part", about, part)) for part in parts]


def task_key(task: Task) -> str:
    """A name for all that determines the runs."""
    assert task.past is not None
    seeds = np.zeros(0) if task.seeds is None else np.asarray(task.seeds)
    clock = [task.dt, task.settle, task.steps, task.stride, task.extra_lag, task.has_past]
    courses = {name: [_course(task, name, item) for item in several]
               for name, several in task.inputs.items()}  # fmt: skip
    return key(
        "ensemble", task.model.digest, task.motion.name, clock, astuple(task.tableau), courses,
        task.p, task.x, task.past, seeds, task.noisy, task.columns, task.done,
    )  # fmt: skip


def _course(task: Task, name: str, item: Input) -> Any:
    """What determines an input: the fields of a waveform of ours, or else all its values."""
    try:
        return _fields(item)
    except TypeError:  # a function, which may be another one under the same name
        times = task.dt * np.arange(2 * task.steps + 1) / 2
        return key("course", values(item, times, task.model, name))


def _fields(value: Any) -> Any:
    """A waveform, in all its parts, as plain data; TypeError for what is not of these packages."""
    if is_dataclass(value) and type(value).__module__.partition(".")[0] in PACKAGES:
        return [
            type(value).__name__,
            {f.name: _fields(getattr(value, f.name)) for f in fields(value)},
        ]
    if isinstance(value, np.ndarray):
        return key("samples", value)
    if isinstance(value, (list, tuple)):
        return [_fields(v) for v in value]
    if isinstance(value, (str, int, float, type(None))):
        return value
    raise TypeError


def take_over(task: Task, earlier: xr.Dataset, names: list[str], fresh: xr.Dataset) -> None:
    """Fill in the finished points of an interrupted ensemble; ``fresh`` is what this call gives
    when nothing is finished."""
    checks.instance("resume", earlier, xr.Dataset, "the result of an interrupted call")
    if "status" not in earlier:
        raise ModelError("resume has no status; give the result of an interrupted call")
    status = earlier["status"].values.ravel()
    if status.shape != task.done.shape or any(
        name not in earlier or earlier[name].size != task.out[:, :, 0].size for name in names
    ):
        raise ModelError("resume is the result of another call: its points or recordings differ")
    unequal = [name for name, value in fresh.attrs.items() if earlier.attrs.get(name) != value]
    unequal += [
        str(name) for name, values in fresh.coords.items()
        if name not in earlier.coords or not np.array_equal(values, earlier[name])
    ]  # fmt: skip
    if unequal:
        raise ModelError(f"resume is the result of another call: {', '.join(unequal)} differs")
    finished = status != PENDING
    for column, name in enumerate(names):
        task.out[:, :, column] = earlier[name].values.reshape(task.out.shape[:2])
    task.x[finished] = earlier["final_state"].values.reshape(task.x.shape)[finished]
    if task.motion.delayed:
        assert task.past is not None
        stored = earlier["final_history"].values.reshape(task.past.shape)
        task.past[finished] = stored[finished]
    reached = np.round(earlier["reached"].values.ravel() / task.dt) + task.settle
    task.report[:, 0], task.report[:, 1], task.report[:, 3] = reached, -1.0, -1.0
    if "overstepped" in earlier:
        crossed = earlier["overstepped"].values.ravel() / task.dt + task.settle
        task.report[:, 3] = np.where(np.isfinite(crossed), np.round(crossed), -1.0)
    if "left_table" in earlier:
        left = earlier["left_table"].values.ravel() / task.dt + task.settle
        task.report[:, 1] = np.where(np.isfinite(left), np.round(left), -1.0)
    task.done = finished.copy()
