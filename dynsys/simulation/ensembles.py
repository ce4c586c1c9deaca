"""``simulate_ensemble``: thousands of parameter points or seeds in one compiled call."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.cluster.connection import spreading
from dynsys.errors import ModelError
from dynsys.journal import interrupted, part_is_wanted, whole
from dynsys.simulation.device_runs import check_workers, checked_device, run_on_device
from dynsys.simulation.drives import checked_inputs, with_own_inputs
from dynsys.simulation.grids import Points, arrange
from dynsys.simulation.integration import Task, record_columns, whole_steps
from dynsys.simulation.methods import Scheme, scheme
from dynsys.simulation.motion import motion
from dynsys.simulation.results import dataset
from dynsys.simulation.resuming import kept_points, take_over
from dynsys.simulation.spread_runs import run_spread
from dynsys.simulation.states import Initial, initial_states, past_signals
from dynsys.simulation.streaming import check_room, stream
from dynsys.vector_field import VectorField


def simulate_ensemble(
    model: VectorField,
    duration: float,
    parameters: Mapping[str, Sequence[float]] | None = None,
    points: Mapping[str, Sequence[float]] | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    initial: Initial = None,
    record: Sequence[str] | str | None = None,
    method: str | None = None,
    dt: float | None = None,
    settle: float = 0.0,
    sample: float | None = None,
    discretisation: str | None = None,
    noise: Mapping[str, Any] | None = None,
    seeds: Sequence[int] | None = None,
    progress: bool = False,
    workers: int | None = None,
    scheduler: Any = None,
    device: str = "cpu",
    resume: xr.Dataset | None = None,
    out: str | Path | None = None,
    warn: bool = True,
) -> xr.Dataset:
    """Integrate a model at many parameter values, initial states or seeds, on all cores.

    Parameters
    ----------
    duration : recorded time, in the model's time unit (ms for the mean fields).
    parameters : name -> values (k,); every combination is integrated and becomes a dimension.
    points : name -> values (P,), instead: a list of points, along the dimension ``point``.
    inputs : parameter -> what is added to it over time: a waveform of ``stimulation``, a function
        of time, or a list of them, one per point. Inputs act from time 0, after ``settle``.
    initial : mapping, array (n,) or (P, n), an earlier run, or a function of time <= 0 that tells
        the past too; the past is at rest otherwise.
    record : names of observables or states, ``"states"`` for all; all observables by default.
    method : "rk4" (the default), "heun" or "euler", with exact delays read to the method's order;
        "exponential", of order 2 with one evaluation a step, also where states relax faster than a
        step (AdEx mean fields: dt = 1 ms, 0.25 where mu_e > 2.5; see
        ``dynsys.simulation.exponential``).
    dt : step; 0.1 ms for models in ms.
    settle : unrecorded time before.
    sample : time between records, a whole number of steps; every step by default.
    discretisation : "published" integrates as the published mean-field code does.
    noise : state -> amplitude of its white noise (a number or an expression); needs "euler"
        (Euler-Maruyama, Ito) or "heun" (Stratonovich), and ``seeds``.
    seeds : of the noise; every point is integrated with each of them (dimension ``seed``).
    workers : threads; all cores by default.
    scheduler : the address of a Dask scheduler, a client or cluster, or "local": its workers
        integrate parts of the points (see ``dynsys.cluster.connection.spreading``).
    device : "cuda" integrates on an NVIDIA GPU, a run per thread, without inputs and noise; results
        agree to rounding, steps over poles are not looked for.
    resume : an interrupted result of the same call: only its pending points are integrated.
    out : a folder that the runs are written to in parts of 64 MB of recordings, for what exceeds
        the memory (half of what is free; more is refused otherwise). The result is opened lazily,
        with a Dask array for each variable; every file is a dataset of some of the points.
        Stopped, the same call makes the parts that are missing.
    warn : say so where runs stop or leave a table; the result holds it in any case.

    Returns
    -------
    Dataset with the recordings (..., time) and their units, ``status`` ("complete", "stopped",
    "pending"), ``reached`` (time), ``final_state``, and for delays ``final_history``;
    ``overstepped`` (time), with a warning, where a step went over a pole of the field, past the end
    of a solution, or was far too long. Ctrl-C ends the call with what is finished; the rest is
    "pending". What takes longer than a second is kept on the disk until the call is done: after a
    kill, the same call integrates the other points.

    Raises
    ------
    ModelError, UnknownNameError
        for names the model does not have, times that are no whole number of steps, a step longer
        than the shortest delay, more recordings than the memory holds; StorageError for a folder
        that cannot be used; ClusterError for a scheduler that does not answer or goes away,
        with what is finished kept: the same call goes on.

    Example
    -------
    >>> run = simulate_ensemble(aln(), 1000, {"mu_e": np.linspace(0, 3, 61)}, settle=500,
    ...                         record="r_E", sample=1.0)
    >>> run["r_E"].max("time")
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    inputs = checks.mapping("inputs", inputs, "{'I': Step('40 pA')}")
    check_workers(workers, scheduler, device)
    warn, progress = checks.flag("warn", warn), checks.flag("progress", progress)
    folder = None if out is None else checks.path("out", out)
    on_gpu = checked_device(device)
    if on_gpu and (scheduler is not None or discretisation is not None):
        raise ModelError('device="cuda" goes with neither a scheduler nor a discretisation')
    noise = model.noise if noise is None else noise
    chosen = scheme(model, method, dt, discretisation, noise)
    arranged = arrange(model, parameters, points, seeds)
    task, names = prepare(
        model, duration, arranged, chosen, inputs or {}, initial, record, settle, sample,
        held=folder is None,
    )  # fmt: skip

    def integrate(some: Task) -> None:
        if on_gpu:
            run_on_device(some)
        elif scheduler is None:
            some.run(progress, workers, kept_points(some))
        else:
            with spreading(scheduler):
                run_spread(some, chosen, progress)

    if folder is not None:
        if resume is not None:
            raise ModelError("out goes on by itself: leave resume out")
        attrs = chosen.attributes(settle)
        return stream(task, arranged, names, attrs, folder, integrate, warn, progress)
    if resume is not None:
        fresh = dataset(task, arranged, names, chosen.attributes(settle), warn=False)
        take_over(task, resume, names, fresh)
    with whole(say=progress, parts=True):
        try:
            integrate(task)
        except KeyboardInterrupt:
            if not part_is_wanted():
                raise
            interrupted()
            task.detach()
            warnings.warn(
                f"interrupted with {int(task.done.sum())} of {len(task.done)} points finished; "
                "pass resume=result to the same call to integrate the others",
                stacklevel=2,
            )
    return dataset(task, arranged, names, chosen.attributes(settle), warn)


def prepare(
    model: VectorField,
    duration: float,
    points: Points,
    chosen: Scheme,
    inputs: Mapping[str, Any],
    initial: Initial,
    record: Sequence[str] | str | None,
    settle: float,
    sample: float | None,
    bound: float = math.inf,
    held: bool = True,
) -> tuple[Task, list[str]]:
    """The task of a call, everything checked, and the names of what it records."""
    dt = chosen.dt
    names, columns = record_columns(model, record)
    stride = 1 if sample is None else whole_steps("sample", sample, dt, least=1)
    steps = whole_steps("duration", duration, dt, least=1)
    if steps % stride:
        raise ModelError(
            f"duration = {duration:g} is no whole number of samples of {stride * dt:g}; "
            f"use {steps // stride * stride * dt or stride * dt:g} or another sample"
        )
    if held:
        check_room(len(points), steps // stride + 1, len(columns))
    if chosen.noise and points.seeds is None:
        raise ModelError("noise needs seeds: the same seed gives the same result")
    if points.seeds is not None and not chosen.noise:
        raise ModelError("seeds act on noise, and there is none; give noise, or leave them out")
    compiled = motion(model, chosen.bilinear, chosen.noise)
    count = len(points)
    driven = with_own_inputs(model, inputs, points.values)
    states = initial_states(model, initial, count).copy()
    noisy = [k for k, name in enumerate(model.states) if name in chosen.noise]
    task = Task(
        model=model, motion=compiled, tableau=chosen.tableau,
        p=points.values, x=states, dt=dt, settle=whole_steps("settle", settle, dt), steps=steps,
        stride=stride, columns=columns, inputs=checked_inputs(model, driven, count),
        seeds=points.seeds, noisy=np.array(noisy, dtype=np.int64), extra_lag=chosen.extra_lag,
        bound=bound, held=held,
    )  # fmt: skip
    past = past_signals(model, compiled, initial, points.values, task.lags, dt)
    if past is not None:
        task.past, task.has_past = past.copy(), True
    return task, names
