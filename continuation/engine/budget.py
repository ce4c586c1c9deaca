"""The time that a whole computation may take, shared by its parts, and the bounds it has met."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dynsys.interruption import compiling_time


class Budget:
    """Processor time (s, of all threads) from now on; ``met`` are sentences on bounds met.

    Processor time without compiling, since neither another program on the machine nor an empty
    cache should change a result.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self._begin = float(seconds), _worked()
        self.met: list[str] = []

    def used(self) -> float:
        """The part of it that is gone."""
        return (_worked() - self._begin) / self.seconds


def _worked() -> float:
    return time.process_time() - compiling_time()


_current: ContextVar[tuple[Budget, float] | None] = ContextVar("budget", default=None)


@contextmanager
def limited(seconds: float) -> Iterator[Budget]:
    """A block that is to take no longer: its searches ask ``spent()`` before they go on.

    Example
    -------
    >>> with limited(60.0) as budget:
    ...     survey.scan()
    >>> budget.met
    """
    token = _current.set((Budget(seconds), 1.0))
    try:
        now = _current.get()
        assert now is not None
        yield now[0]
    finally:
        _current.reset(token)


@contextmanager
def until(part: float) -> Iterator[None]:
    """A block in which the budget counts as spent when this part of it is: the rest is for what
    follows."""
    now = _current.get()
    token = _current.set(None if now is None else (now[0], part))
    try:
        yield
    finally:
        _current.reset(token)


def spent() -> bool:
    """Whether the time is up; never without a budget."""
    now = _current.get()
    return now is not None and now[0].used() >= now[1]


def met(words: str) -> None:
    """Keep a sentence on a bound that a search has met, once."""
    now = _current.get()
    if now is not None and words not in now[0].met:
        now[0].met.append(words)
