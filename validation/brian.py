"""Brian2, imported so that it does not execute what lies in the current folder."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any


def brian() -> Any:
    """The module ``brian2``.

    At its import Brian2 evaluates the file ``brian_preferences`` of the current folder as Python
    code; it is imported from an empty one. The user's own ``~/.brian/user_preferences`` holds.

    Example
    -------
    >>> b2 = brian()
    >>> b2.ms
    """
    if "brian2" not in sys.modules:
        folder = tempfile.TemporaryDirectory()
        with folder as empty, contextlib.chdir(empty), _any_thread():
            import brian2  # noqa: F401, TID251  the one place where it is imported
    return sys.modules["brian2"]


@contextlib.contextmanager
def _any_thread() -> Iterator[None]:
    """At its import Brian2 sets a handler for interruptions, which only the main thread may set:
    in the threads of workers it goes without."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    own, signal.signal = signal.signal, lambda *_: None  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = own
