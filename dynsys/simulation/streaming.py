"""Ensembles larger than the memory: recordings go to a folder, part by part."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynsys.checksums import SEAL
from dynsys.errors import ModelError, StorageError
from dynsys.journal import whole
from dynsys.netcdf import write_netcdf
from dynsys.simulation.grids import Points
from dynsys.simulation.integration import Task
from dynsys.simulation.results import dataset, warn_of
from dynsys.simulation.resuming import task_key

_FITS = 0.5  # of the memory that is free: what recordings may take
_SMALL = 2.0**24  # bytes that are not looked at: 0.1 ms of a single run
_PART = 2.0**26  # bytes of recordings that are held and written together
_CALL = "call"  # attribute of a part: what it is a part of
_reading = threading.Lock()  # the library of these files has no threads


def check_room(points: int, samples: int, columns: int) -> None:
    """Raise ModelError where recordings do not fit the memory, with what helps."""
    check_size(
        8.0 * points * samples * columns,
        f"{points} runs with {samples} samples of {columns} quantities",
        "record less (sample=, record=), or write them to a folder (out='runs')",
    )


def check_size(size: float, what: str, remedy: str) -> None:
    """Raise ModelError where something of ``size`` bytes does not fit the memory."""
    if size <= _SMALL:
        return
    import psutil  # 20 ms, which a single run should not wait for

    free = float(psutil.virtual_memory().available)
    if size > _FITS * free:
        raise ModelError(
            f"{what} take {size / 1e9:.3g} GB, and {free / 1e9:.3g} GB of memory are free: {remedy}"
        )


def stream(
    task: Task,
    points: Points,
    names: Sequence[str],
    attrs: Mapping[str, Any],
    folder: Path,
    integrate: Callable[[Task], None],
    warn: bool,
    say: bool,
) -> xr.Dataset:
    """Integrate a task in parts along its first dimension, each written when it is done.

    Parts that are there already are left alone; of one that was stopped in the middle the runs go
    on from what is kept. Returns all of them, opened lazily.

    Raises StorageError where the folder holds something else, or cannot be written.
    """
    if not points.shape:
        raise ModelError("out is for ensembles: give parameters, points or seeds")
    key = task_key(task)
    inner = len(points) // points.shape[0]
    each = max(1, int(_PART / (8.0 * inner * max(1, task.out[0].size))))
    firsts = range(0, points.shape[0], each)
    parts = {
        folder / f"part-{k:05d}.nc": slice(first, min(first + each, points.shape[0]))
        for k, first in enumerate(firsts)
    }
    _check_folder(folder, parts, key)
    for path, rows in parts.items():
        chosen = slice(rows.start * inner, rows.stop * inner)
        if not path.exists():
            part = _part(task, chosen)
            with whole(say=say):
                integrate(part)
                run = dataset(part, _rows(points, rows, chosen), names, attrs, warn=False)
                if "overstepped" not in run:  # as in other parts, perhaps
                    run["overstepped"] = run["reached"] * np.nan
                write_netcdf(run.assign_attrs({_CALL: key}), path)
            del part, run  # before the next one is made
        task.x[chosen] = _read(path, "final_state").reshape(-1, task.x.shape[1])  # for warnings
        task.done[chosen] = True
    result = _opened(parts, points)
    if warn:
        warn_of(result, task)
    return result


def _part(task: Task, chosen: slice) -> Task:
    """Some points of a task."""
    assert task.past is not None
    inputs = {
        name: several[chosen] if len(several) > 1 else several
        for name, several in task.inputs.items()
    }
    return replace(
        task, p=task.p[chosen].copy(), x=task.x[chosen].copy(), inputs=inputs, held=True,
        past=task.past[chosen].copy() if task.has_past else None,
        seeds=None if task.seeds is None else np.asarray(task.seeds)[chosen],
    )  # fmt: skip


def _rows(points: Points, rows: slice, chosen: slice) -> Points:
    """Some rows of the first dimension of points."""
    along = points.dims[0]
    coords = {
        name: (dims, values[rows], *more) if dims == along else (dims, values, *more)
        for name, (dims, values, *more) in points.coords.items()
    }
    shape = (rows.stop - rows.start, *points.shape[1:])
    seeds = None if points.seeds is None else np.asarray(points.seeds)[chosen]
    return Points(points.values[chosen], seeds, points.dims, shape, coords)


def _opened(parts: Mapping[Path, slice], points: Points) -> xr.Dataset:
    """All parts as one dataset of Dask arrays; every file is closed again after it is read."""
    # dask takes a second to load; runs in memory do not need it.
    import dask.array
    from dask.delayed import delayed

    with _reading, xr.open_dataset(next(iter(parts))) as first:
        first.load()
    along = points.dims[0]
    lazy: dict[str, Any] = {}
    for name, variable in first.data_vars.items():
        blocks = [
            dask.array.from_delayed(
                delayed(partial(_read, path, str(name)))(),
                (rows.stop - rows.start, *variable.shape[1:]), variable.dtype,
            )
            for path, rows in parts.items()
        ]  # fmt: skip
        lazy[str(name)] = (variable.dims, dask.array.concatenate(blocks), variable.attrs)
    others = {k: v for k, v in first.coords.items() if along not in v.dims}
    attrs = {k: v for k, v in first.attrs.items() if k not in (_CALL, SEAL)}
    return xr.Dataset(lazy, {**others, **points.coords}, attrs)


def _read(path: Path, name: str) -> np.ndarray:
    with _reading, xr.open_dataset(path, cache=False) as run:
        return np.asarray(run[name].values)


def _check_folder(folder: Path, paths: Mapping[Path, slice], key: str) -> None:
    """Raise StorageError where a folder holds what is no part of this call."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [path for path in folder.iterdir() if path.suffix == ".nc"]
    except OSError as error:
        raise StorageError(f"{folder} cannot be used for the parts of a run ({error})") from error
    for path in there:
        try:
            with _reading, xr.open_dataset(path) as run:
                ours = path in paths and run.attrs.get(_CALL) == key
        except (OSError, ValueError):
            ours = False
        if not ours:
            raise StorageError(
                f"{folder} holds {path.name}, which is no part of this call (other values, or "
                "another version of dynsys); give another folder, or empty it"
            )
