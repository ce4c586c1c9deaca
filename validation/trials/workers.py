"""Who makes the runs of a sweep: processes of this machine, or the cluster behind an address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from validation.networks.memory import available_memory, memory_of
from validation.networks.programs import NetworkError, surroundings
from validation.networks.structure import Structure

_CONNECT = 20  # s
_START = 120  # s: a worker imports numba and Brian2's neighbors on a busy machine


@contextmanager
def workers(
    structure: Structure, engine: str, scheduler: str | None, count: int | None
) -> Iterator[Any]:
    """A Dask client: of the scheduler at an address, or of processes started and ended here.

    Raises NetworkError where no scheduler answers or no worker starts.
    """
    client = _remote(scheduler) if scheduler else None
    if client is not None:
        try:
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=2)
        return
    with _local(count or affordable_workers(structure, engine)) as client:
        yield client


def _remote(scheduler: str) -> Any:
    # dask takes a second to load; runs in this process do not need it.
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_CONNECT)
    except (OSError, TimeoutError, ValueError) as error:
        raise NetworkError(
            f"no Dask scheduler answers at {scheduler} ({error}); start one with `dask scheduler` "
            "and workers with `dask worker`, or leave --scheduler out"
        ) from error
    if not client.nthreads():
        client.close()
        raise NetworkError(
            f"the Dask scheduler at {scheduler} has no workers; start some with "
            f"`dask worker {scheduler}`"
        )
    return client


@contextmanager
def _local(count: int) -> Iterator[Any]:
    """A scheduler in this process and workers as commands of their own.

    Not Dask's own local processes: they import the user's script again, which then must guard
    itself against running twice.
    """
    # dask takes a second to load; runs in this process do not need it.
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", protocol="tcp", silence_logs=50
    ) as cluster:
        command = [
            sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address,
            "--nworkers", str(count), "--nthreads", "1", "--memory-limit", "0", "--no-dashboard",
            "--death-timeout", "60",
        ]  # fmt: skip
        # One BLAS thread each: the runs are what is done side by side.
        own = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, env=surroundings() | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with Client(cluster) as client:
                try:
                    client.wait_for_workers(count, timeout=_START)
                except TimeoutError as error:
                    raise NetworkError(
                        f"no worker process started within {_START} s; try again with --workers 1"
                    ) from error
                yield client
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def affordable_workers(structure: Structure, engine: str) -> int:
    """Processes that fit the cores and the memory that is free; at least one."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    fitting = int(0.8 * available_memory() / memory_of(structure, engine))
    return max(1, min(cores, fitting))
