"""Who makes the runs of a sweep: processes of this machine, or the cluster behind an address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dynsys.cluster.connection import connected
from dynsys.errors import ClusterError
from validation.networks.memory import available_memory
from validation.networks.programs import NetworkError
from validation.networks.testable import Testable


@contextmanager
def workers(network: Testable, scheduler: Any, count: int | None) -> Iterator[Any]:
    """A Dask client: of a scheduler, or of processes started and ended here.

    ``scheduler`` is what ``dynsys.cluster.connection.spreading`` takes, or None.

    Raises NetworkError where no scheduler answers or no worker starts.
    """
    own = f"local:{count or affordable_workers(network)}"
    try:
        with connected(own if scheduler is None else scheduler) as client:
            yield client
    except ClusterError as error:
        raise NetworkError(str(error)) from error


def affordable_workers(network: Testable) -> int:
    """Processes that fit the cores and the memory that is free; at least one."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    fitting = int(0.8 * available_memory() / network.memory)
    return max(1, min(cores, fitting))
