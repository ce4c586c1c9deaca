"""What a diagram is busy with, shown while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

T = TypeVar("T")
_shown: ContextVar[Progress | None] = ContextVar("shown", default=None)


@contextmanager
def shown(wanted: bool = True) -> Iterator[None]:
    """Show the stages of what is done inside, each with a moving sign, a bar and its time.

    Example
    -------
    >>> with shown():
    ...     survey.scan()
    """
    if not wanted or _shown.get() is not None:
        yield
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns) as bar:
        token = _shown.set(bar)
        try:
            yield
        finally:
            _shown.reset(token)


def stage(tasks: Iterable[T], words: str, total: int | None = None) -> Iterator[T]:
    """The tasks one by one, shown as a stage where anything is shown."""
    bar = _shown.get()
    if bar is None or not words:
        yield from tasks
    else:
        yield from bar.track(tasks, total=total, description=words)


@contextmanager
def showing(words: str, total: int) -> Iterator[Callable[[], None]]:
    """A stage of parallel tasks: what is yielded is called when one of them is finished."""
    bar = _shown.get()
    if bar is None or not words:
        yield lambda: None
    else:
        task = bar.add_task(words, total=total)
        yield lambda: bar.advance(task)
