"""The one way in which long work is split: named pieces, made here or by a cluster's workers.

Every finished piece is kept on this machine's disk until the whole is done (``dynsys.journal``), so
that whatever stops the work (a kill, a worker or a scheduler that goes away), the same call goes on
with what is missing.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from dynsys.cluster.connection import current, has_workers, threads
from dynsys.errors import ClusterError, DynsysError
from dynsys.interruption import run_all
from dynsys.journal import (
    AS_IT_IS,
    Form,
    announce,
    belonging,
    code,
    keep,
    kept,
    made_together,
    piece,
)
from dynsys.version import __version__

Piece = TypeVar("Piece")
RETRIES = 3  # how often a piece is tried again whose worker died
LONELY = 20.0  # s without any worker, after which that is said
_LOOK = 2.0  # s between two looks at who is there
_AHEAD = 2  # pieces per thread of the cluster that are handed out: nobody waits for this process


def pieces(
    names: Sequence[Callable[[], str]],
    works: Sequence[Callable[[], Piece]],
    form: Form[Piece] = AS_IT_IS,
    *,
    words: str = "",
    workers: int = 1,
    done: Callable[[int], object] = lambda _: None,
    joined: Callable[[list[int]], Sequence[Piece]] | None = None,
    at_once: int = 1,
) -> list[Piece]:
    """All pieces, those that an earlier call has finished taken from the disk.

    Pieces are the same with and without a cluster: each goes on from what the other has finished.

    Parameters
    ----------
    names : give each piece's key (see ``dynsys.journal.key``).
    works : make them; a cluster's workers get them pickled.
    form : how a piece becomes plain data.
    words : what the pieces are, where an earlier call's are announced.
    workers : threads of this process, where no cluster is set (``spreading``).
    done : hears the number of each piece that is there.
    joined : makes the pieces of these numbers in one go: ``at_once`` of them in this process, where
        what a cluster would spread is faster side by side.

    Raises
    ------
    ClusterError where the scheduler goes away, workers are of another version, or die with the same
    piece again and again; what a piece raises.
    """
    announce(words, names)
    results: list[Any] = [None] * len(works)
    client = current()
    if client is None and joined is None:

        def make(number: int) -> None:
            results[number] = piece(names[number], works[number], form)

        if workers > 1:
            calls = [belonging(partial(make, number)) for number in range(len(works))]
            run_all(calls, workers, done)
            return results
        for number in range(len(works)):
            make(number)
            done(number)
        return results
    missing = []
    for number, name in enumerate(names):
        found = kept(name)
        if found is None:
            missing.append(number)
            continue
        results[number] = None if found[0] is None else form.again(found[0])
        done(number)
    if client is not None:
        _spread(client, missing, names, works, form, results, done)
        return results
    assert joined is not None
    for first in range(0, len(missing), at_once):
        group = missing[first : first + at_once]
        found_here = made_together([names[k] for k in group], partial(joined, group), form)
        for number, result in zip(group, found_here, strict=True):
            results[number] = result
            done(number)
    return results


def _spread(
    client: Any, missing: list[int], names: Sequence[Callable[[], str]],
    works: Sequence[Callable[[], Any]], form: Form[Any], results: list[Any],
    done: Callable[[int], object],
) -> None:  # fmt: skip
    waiting, tries = list(reversed(missing)), dict.fromkeys(missing, 0)
    under_way: dict[Any, int] = {}
    finished = 0
    try:
        while waiting or under_way:
            room = _AHEAD * threads(client)
            while waiting and len(under_way) < room:
                number = waiting.pop()
                future = client.submit(
                    made, code(), __version__, works[number], form.plain,
                    key=f"dynsys-{uuid4().hex}", pure=False,
                )  # fmt: skip
                under_way[future] = number
            for future in first_done(client, under_way):
                number = under_way.pop(future)
                tries[number] += 1
                content = _result(future, tries[number])
                if content is None:
                    waiting.append(number)
                    continue
                keep(names[number](), content)
                finished += 1
                results[number] = None if content[0] is None else form.again(content[0])
                done(number)
    except DynsysError:
        raise
    except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
        if is_of_the_work(error, client):
            raise
        raise ClusterError(
            f"the Dask scheduler went away ({why(error)}). {finished} of {len(missing)} pieces "
            "were finished and are kept: the same call goes on with the others"
        ) from error
    finally:
        with suppress(Exception):  # of a scheduler that is gone
            client.cancel(list(under_way))


def first_done(client: Any, futures: Collection[Any]) -> set[Any]:
    """Those of the futures that have ended, at least one; says where nobody is left for them."""
    # dask takes a second to load; work in this process does not need it.
    from distributed import wait

    begin, said = time.monotonic(), False
    while True:
        try:
            with client.as_current():  # it need not be the default one
                return wait(list(futures), _LOOK, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if has_workers(client):
                begin = time.monotonic()
            elif not said and time.monotonic() - begin > LONELY:
                said = True
                warnings.warn(
                    f"the cluster has had no workers for {LONELY:g} s: what is missing waits for "
                    "some. Start workers, or stop this call: what is finished is kept, and the "
                    "same call goes on from there",
                    stacklevel=2,
                )


def is_of_the_work(error: BaseException, client: Any) -> bool:
    """Whether the work itself raised an error, not what connects this process to the scheduler."""
    return client.status == "running" and not isinstance(error, CancelledError)


def why(error: BaseException) -> str:
    """What ended the connection, without the list of everything that waited for it."""
    if isinstance(error, CancelledError):
        return "the connection to it was lost"
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _result(future: Any, tries: int) -> list[Any] | None:
    """A finished piece as [plain data]; None where its worker died and another may try."""
    # As above.
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        if tries > RETRIES:
            raise ClusterError(
                f"workers died {tries} times with the same piece ({error}): they may lack memory. "
                "What is finished is kept; the same call goes on with the others"
            ) from error
        return None
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"a worker lacks a package ({error}); install dynsys {__version__} and what it needs "
            "where the workers run"
        ) from error


def made(their_code: str, their_version: str, work: Callable[[], Any], plain: Any) -> list[Any]:
    """A piece as [plain data]: what a worker does.

    Raises ClusterError on a worker of another version.
    """
    if code() != their_code:
        raise ClusterError(
            f"a worker runs dynsys {__version__} with other sources or libraries than this process "
            f"(dynsys {their_version}): results would mix. Install the same versions everywhere"
        )
    result = work()
    return [None if result is None else plain(result)]
