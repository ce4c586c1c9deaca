"""``scheduler=``: the address of a Dask scheduler, a client or cluster of your own, or "local".

Inside ``spreading(scheduler)`` whatever is made in pieces (``dynsys.cluster.pieces``) is made by
its workers, also what is called further down.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dynsys.children import cores
from dynsys.errors import ClusterError, ModelError

_CONNECT = 20  # s
_ANSWER = 2  # s
LOCAL = "local"


class _Current(threading.local):
    client: Any = None


_current = _Current()


def current() -> Any:
    """The Dask client whose workers make the pieces, or None: this process does."""
    return _current.client


@contextmanager
def spreading(scheduler: Any = None) -> Iterator[Any]:
    """Let the workers of a cluster make what the block makes in pieces; None changes nothing.

    Parameters
    ----------
    scheduler : an address ("tcp://host:8786", "tls://..." with the certificates of Dask's own
        configuration), a ``distributed.Client``, a cluster (``LocalCluster``, ``SLURMCluster``,
        ``KubeCluster``), "local" for a process per core of this machine, or "local:4" for 4.

    Raises ClusterError where no scheduler answers or it has no workers, ModelError for what is none
    of these. Whoever reaches a scheduler can let its workers run anything: one behind an address is
    yours, and so is its protection; that of "local" answers only this process.
    """
    if scheduler is None:
        yield current()
        return
    with connected(scheduler) as client:
        before, _current.client = _current.client, client
        try:
            yield client
        finally:
            _current.client = before


@contextmanager
def connected(scheduler: Any) -> Iterator[Any]:
    """A Dask client of ``scheduler``, closed at the end unless it was given."""
    if isinstance(scheduler, str) and scheduler.partition(":")[0] == LOCAL:
        # dask takes a second to load; runs in this process do not need it.
        from dynsys.cluster.private_cluster import private_cluster

        with private_cluster(_processes(scheduler)) as client:
            yield client
        return
    given = hasattr(scheduler, "submit") and hasattr(scheduler, "scheduler_info")
    client = scheduler if given else _client(scheduler)
    try:
        _check_workers(client, scheduler)
        yield client
    finally:
        if not given:
            with suppress(Exception):
                client.close(timeout=2)


def threads(client: Any) -> int:
    """How many pieces a cluster makes at once; 1 while nobody knows."""
    with suppress(Exception):
        return max(1, _all_threads(client))
    return 1


def has_workers(client: Any) -> bool:
    """Whether anybody makes pieces; True while nobody knows."""
    with suppress(Exception):
        return _all_threads(client) > 0
    return True


def _all_threads(client: Any) -> int:
    # ``client.nthreads()`` waits half a minute for a scheduler that has just gone away.
    return sum(client.sync(client.scheduler.ncores, callback_timeout=_ANSWER).values())


def _processes(scheduler: str) -> int:
    _, colon, count = scheduler.partition(":")
    if not colon:
        return cores()
    if not count.isdecimal() or int(count) < 1:
        raise ModelError(f'scheduler is {scheduler!r}; "local:4" starts 4 processes')
    return int(count)


def _client(scheduler: Any) -> Any:
    if not isinstance(scheduler, str) and not hasattr(scheduler, "scheduler_address"):
        raise ModelError(
            f"scheduler is {scheduler!r}; give an address such as tcp://host:8786, a Dask client "
            'or cluster, or "local"'
        )
    # As above.
    from distributed import Client

    try:
        return Client(scheduler, timeout=_CONNECT)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler} ({error}); start one with `dask scheduler` "
            "and workers with `dask worker`, or leave the scheduler out"
        ) from error


def _check_workers(client: Any, scheduler: Any) -> None:
    # Clusters of queueing systems and clouds start their workers when they can.
    wanted = isinstance(scheduler, str)
    if wanted and not client.nthreads():
        raise ClusterError(
            f"the Dask scheduler at {scheduler} has no workers; start some with "
            f"`dask worker {scheduler}`"
        )
