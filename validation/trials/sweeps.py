"""Runs of many networks, spread over processes by Dask, each finished one kept on disk at once.

Whatever stops a sweep (a kill, a full disk, a scheduler that goes away), the same call continues
with what is missing: a run is stored under a name that tells its content.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr

from dynsys.cluster.connection import threads
from dynsys.cluster.pieces import first_done, is_of_the_work, made, why
from dynsys.errors import ClusterError, DynsysError, StorageError
from dynsys.journal import AS_IT_IS, code
from dynsys.netcdf import read_netcdf, write_netcdf
from dynsys.version import __version__
from validation.networks.programs import NetworkError
from validation.networks.testable import Work
from validation.trials.findings import Finding, untested
from validation.trials.probing import Deciding
from validation.trials.variants import Explaining, OutOfTime

BIN = 0.5  # ms: stored rates are means over it
_RETRIES = 3  # how often a run is tried again whose worker died

Steps = Generator[list[Work], list[xr.Dataset], list[Finding]]


class Trial(Protocol):
    """A test of a prediction: asks for runs, looks at them, asks again, ends with findings."""

    group: str

    @property
    def claim(self) -> str:
        """What is tested, in words."""

    @property
    def place(self) -> dict[str, float]:
        """The parameters at which it is tested."""

    def cost(self) -> float:
        """Simulated time in ms that it is expected to need."""

    def steps(self) -> Steps:
        """Yields lists of runs to make, receives them done, returns findings."""


def compact(job: Work) -> dict[str, Any]:
    """Do a run and keep what measures need, small enough to send: what a worker does."""
    run = job.run()
    dt = float(run["time"][1] - run["time"][0])
    width = max(1, round(BIN / dt))
    count = run.sizes["time"] // width * width
    over_time = [k for k in run if run[k].dims == ("time",)]
    rates = run[over_time].isel(time=slice(0, count)).coarsen(time=width).mean()
    rates = rates.assign_coords(time=np.arange(count // width) * width * dt)
    others = run.drop_vars([*over_time, "time"])
    kept = xr.merge([rates, others.mean("neuron") if "neuron" in others.dims else others])
    kept.attrs = run.attrs
    for name in kept.data_vars:
        kept[name].attrs = run[name].attrs
    return kept.to_dict(data="array")


@dataclass
class Sweep:
    """Where runs are kept.

    ``folder`` holds one file per finished run; ``made`` and ``reused`` count them.
    """

    folder: Path
    made: int = 0
    reused: int = 0
    seconds: float = 0.0
    troubles: list[str] = field(default_factory=list)

    def stored(self, job: Work) -> xr.Dataset | None:
        """A finished run; a damaged file is removed and counts as none."""
        return self.load(job.key)

    def load(self, key: str) -> xr.Dataset | None:
        """A finished run by its key."""
        path = self.folder / f"{key}.nc"
        if not path.exists():
            return None
        try:
            return read_netcdf(path).to_dataset()
        except StorageError as error:
            self.troubles.append(f"{error}; it is made again")
            path.unlink(missing_ok=True)
            return None

    def keep(self, job: Work, result: dict[str, Any]) -> xr.Dataset:
        """Store a finished run, complete or not at all."""
        data = xr.Dataset.from_dict(result)
        for variable in data.data_vars.values():
            variable.encoding = {"zlib": True, "complevel": 2}
        try:
            write_netcdf(data, self.folder / f"{job.key}.nc")
        except (RuntimeError, StorageError) as error:  # netCDF reports a full disk as either
            raise StorageError(
                f"a finished run cannot be written to {self.folder}: {error}. Free some space and "
                "run the same command again: the runs there are kept"
            ) from error
        self.made += 1
        self.seconds += float(data.attrs.get("run_seconds", 0.0))
        return data


@dataclass
class _Open:
    """A trial under way: its generator, the runs it waits for, their results so far."""

    trial: Trial
    steps: Steps
    jobs: list[Work]
    results: dict[str, xr.Dataset]

    @property
    def missing(self) -> list[Work]:
        return [job for job in self.jobs if job.key not in self.results]


def conduct(
    sweep: Sweep, trials: Sequence[Trial], client: Any, has_time: Callable[[], bool],
    advance: Callable[[Trial], object], may_explain: Callable[[], bool] = lambda: True,
) -> list[Finding]:  # fmt: skip
    """Make all trials, in this order as far as their runs allow; returns their findings.

    ``has_time()`` is asked before a trial begins and before it goes on; ``advance(trial)`` is
    called when one has ended. A trial with a ``premise`` (another trial) begins when that one has
    seen its runs. Runs that explain are made when all tests have theirs, while ``may_explain()``.

    Raises NetworkError where the scheduler goes away or a worker is of another version,
    StorageError where a run cannot be kept.
    """
    waiting = list(trials)
    open_: list[_Open] = []
    later: list[_Open] = []  # runs that explain
    futures: dict[Any, tuple[Work, _Open]] = {}
    found: dict[int, list[Finding]] = {}  # by id of a trial
    # Twice as many runs as workers: nobody waits for the client.
    room = 2 * threads(client)

    def proceed(trial: Trial, steps: Steps, results: list[xr.Dataset] | OutOfTime | None) -> None:
        """Let a trial go on with its results until it needs runs that are not stored."""
        while True:
            try:
                if isinstance(results, OutOfTime):
                    jobs = steps.throw(results)
                else:
                    jobs = steps.send(results) if results is not None else next(steps)
            except StopIteration as end:
                found[id(trial)] = end.value
                advance(trial)
                return
            except DynsysError as error:
                found[id(trial)] = [untested(trial.group, trial.claim, str(error), trial.place)]
                advance(trial)
                return
            known = {job.key: data for job in jobs if (data := sweep.stored(job)) is not None}
            sweep.reused += len(known)
            item = _Open(trial, steps, jobs, known)
            if isinstance(jobs, Explaining) and (item.missing or not jobs):
                later.append(item)
                return
            if item.missing:
                if not has_time():
                    if isinstance(jobs, Deciding):
                        results = []
                        continue
                    reason = "the time budget was used up; run the same command again to go on"
                    found[id(trial)] = [untested(trial.group, trial.claim, reason, trial.place)]
                    advance(trial)
                    return
                submit(item)
                return
            results = [known[job.key] for job in jobs]

    def submit(item: _Open) -> None:
        """Send the runs that a trial waits for to the workers."""
        for job in item.missing:
            if job.key not in {j.key for j, _ in futures.values()}:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Sending large graph")  # of inputs over time
                    future = client.submit(
                        made, code(), __version__, partial(compact, job), AS_IT_IS.plain,
                        key=f"run-{job.key}", retries=0, pure=False,
                    )  # fmt: skip
                futures[future] = (job, item)
        open_.append(item)

    def explain(item: _Open) -> None:
        """Let a trial go on whose tests are made."""
        if not may_explain():
            proceed(item.trial, item.steps, OutOfTime())
        elif item.missing:
            submit(item)
        else:
            proceed(item.trial, item.steps, [item.results[job.key] for job in item.jobs])

    def testing() -> bool:
        """Whether runs of tests are under way."""
        return any(not isinstance(item.jobs, Explaining) for item in open_)

    def ready(trial: Trial) -> bool:
        """Whether it is known if the premise of a trial holds."""
        premise = getattr(trial, "premise", None)
        return (
            premise is None or bool(premise.found) or id(premise) in found
            or not any(premise is other for other in trials)
        )  # fmt: skip

    try:
        while waiting or open_ or later:
            while len(futures) < room:
                place = next((k for k, t in enumerate(waiting) if ready(t)), None)
                if place is not None:
                    trial = waiting.pop(place)
                    proceed(trial, trial.steps(), None)
                elif later and not waiting and (later[0].missing or not testing()):
                    explain(later.pop(0))
                else:
                    break
            if not futures:
                assert not open_, "a trial waits for runs nobody makes"
                continue
            for future in first_done(client, futures):
                job, _ = futures.pop(future)
                data, problem = _outcome(sweep, job, future)
                for other in [o for o in open_ if any(j.key == job.key for j in o.jobs)]:
                    if data is None:
                        open_.remove(other)
                        trial = other.trial
                        found[id(trial)] = [
                            untested(trial.group, trial.claim, problem, trial.place)
                        ]
                        advance(trial)
                        continue
                    other.results[job.key] = data
                    if not other.missing:
                        open_.remove(other)
                        done = [other.results[j.key] for j in other.jobs]
                        proceed(other.trial, other.steps, done)
    except DynsysError:
        raise
    except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
        if is_of_the_work(error, client):
            raise
        raise NetworkError(_lost(sweep, error)) from error
    return [finding for trial in trials for finding in found.get(id(trial), [])]


def _outcome(sweep: Sweep, job: Work, future: Any) -> tuple[xr.Dataset | None, str]:
    """The stored run, or None and what went wrong."""
    # dask takes a second to load; runs in this process do not need it.
    from distributed import KilledWorker

    try:
        (result,) = future.result()
    except KilledWorker:
        return None, (
            f"the worker died {_RETRIES + 1} times over this run: memory may have run out; use "
            "fewer workers or neurons"
        )
    except ClusterError as error:  # a worker of another version: its runs would mix with others
        raise NetworkError(str(error)) from error
    except DynsysError as error:
        return None, str(error)
    except Exception as error:
        if future.status in ("cancelled", "lost"):
            raise NetworkError(_lost(sweep, error)) from error
        return None, f"{type(error).__name__}: {error}"
    finally:
        with suppress(Exception):
            future.release()
    return sweep.keep(job, result), ""


def _lost(sweep: Sweep, error: BaseException) -> str:
    return (
        f"the Dask scheduler went away ({why(error)}). {sweep.made} finished "
        f"runs are kept in {sweep.folder}; run the same command again to complete the others"
    )
