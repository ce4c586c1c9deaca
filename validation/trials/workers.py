"""Who makes the runs of a sweep: processes of this machine, or the cluster behind an address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from validation.networks.memory import available_memory
from validation.networks.programs import NetworkError
from validation.networks.testable import Testable

_CONNECT = 20  # s


@contextmanager
def workers(network: Testable, scheduler: str | None, count: int | None) -> Iterator[Any]:
    """A Dask client: of the scheduler at an address, or of processes started and ended here.

    A cluster behind an address is the user's own, and so is its protection: Dask runs whatever it
    is sent, also by others who reach it. With ``tls://host:port`` the certificates of Dask's own
    configuration (``distributed.comm.tls``) are used.

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
    # dask takes a second to load; a cluster's client says for itself when it does.
    from validation.trials.private_cluster import private_cluster

    with private_cluster(count or affordable_workers(network)) as client:
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


def affordable_workers(network: Testable) -> int:
    """Processes that fit the cores and the memory that is free; at least one."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    fitting = int(0.8 * available_memory() / network.memory)
    return max(1, min(cores, fitting))
