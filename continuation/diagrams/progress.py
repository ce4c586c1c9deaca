"""What a diagram is busy with, shown while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from dynsys.activity import doing, hushed, telling

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
    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        with telling("diagram"):
            yield
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with hushed(), Progress(*columns, console=console) as bar:
        token = _shown.set(bar)
        try:
            yield
        finally:
            _shown.reset(token)


def stage(tasks: Iterable[T], words: str, total: int | None = None) -> Iterator[T]:
    """The tasks one by one, shown as a stage where anything is shown."""
    if not words:
        yield from tasks
        return
    size = len(tasks) if total is None and isinstance(tasks, Sized) else total
    with showing(words, size) as advance:
        for task in tasks:
            yield task
            advance()


@contextmanager
def showing(words: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A stage of parallel tasks: what is yielded is called when one of them is finished."""
    bar = _shown.get()
    if not words:
        yield lambda: None
        return
    with doing(words, total) as activity:
        task = bar.add_task(words, total=total) if bar else None

        def advance() -> None:
            activity.advance()
            if bar is not None and task is not None:
                bar.advance(task)

        yield advance
        if bar is not None and task is not None and total is None:
            bar.update(task, total=activity.done)
