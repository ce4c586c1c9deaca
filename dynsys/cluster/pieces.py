"""The one way in which long work is split: named pieces, made here or by a cluster's workers.

Every finished piece is kept on this machine's disk until the whole is done (``dynsys.journal``), so
that whatever stops the work (a kill, a worker or a scheduler that goes away), the same call goes on
with what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from dynsys.cluster.connection import current, threads
from dynsys.errors import ClusterError, DynsysError
from dynsys.interruption import run_all
from dynsys.journal import AS_IT_IS, Form, announce, belonging, code, keep, kept, piece
from dynsys.version import __version__

Piece = TypeVar("Piece")
RETRIES = 3  # how often a piece is tried again whose worker died
_AHEAD = 2  # pieces per thread of the cluster that are handed out: nobody waits for this process


def pieces(
    names: Sequence[Callable[[], str]],
    works: Sequence[Callable[[], Piece]],
    form: Form[Piece] = AS_IT_IS,
    *,
    words: str = "",
    workers: int = 1,
    done: Callable[[int], object] = lambda _: None,
) -> list[Piece]:
    """All pieces, those that an earlier call has finished taken from the disk.

    Parameters
    ----------
    names : give each piece's key (see ``dynsys.journal.key``).
    works : make them; a cluster's workers get them pickled.
    form : how a piece becomes plain data.
    words : what the pieces are, where an earlier call's are announced.
    workers : threads of this process, where no cluster is set (``spreading``).
    done : hears the number of each piece that is there.

    Raises
    ------
    ClusterError where the scheduler goes away, workers are of another version, or die with the same
    piece again and again; what a piece raises.
    """
    announce(words, names)
    results: list[Any] = [None] * len(works)
    client = current()
    if client is None:

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
    _spread(client, missing, names, works, form, results, done)
    return results


def _spread(
    client: Any, missing: list[int], names: Sequence[Callable[[], str]],
    works: Sequence[Callable[[], Any]], form: Form[Any], results: list[Any],
    done: Callable[[int], object],
) -> None:  # fmt: skip
    # dask takes a second to load; work in this process does not need it.
    from distributed import wait

    waiting, tries = list(reversed(missing)), dict.fromkeys(missing, 0)
    under_way: dict[Any, int] = {}
    finished = 0
    try:
        while waiting or under_way:
            while waiting and len(under_way) < _AHEAD * threads(client):
                number = waiting.pop()
                future = client.submit(
                    made, code(), __version__, works[number], form.plain,
                    key=f"dynsys-{uuid4().hex}", pure=False,
                )  # fmt: skip
                under_way[future] = number
            for future in wait(list(under_way), return_when="FIRST_COMPLETED").done:
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
        if isinstance(error, RuntimeError) and client.status == "running":
            raise
        raise ClusterError(
            f"the Dask scheduler went away ({type(error).__name__}: {error}). {finished} of "
            f"{len(missing)} pieces were finished and are kept: the same call goes on with the "
            "others"
        ) from error
    finally:
        with suppress(Exception):  # of a scheduler that is gone
            client.cancel(list(under_way))


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
