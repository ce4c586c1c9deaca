"""Brian2, imported so that it does not execute what lies in the current folder."""

from __future__ import annotations

import contextlib
import sys
import tempfile
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
        with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
            import brian2  # noqa: F401, TID251  the one place where it is imported
    return sys.modules["brian2"]
