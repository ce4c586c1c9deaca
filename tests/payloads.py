"""What a hostile model, file or argument may hold: Python code that leaves a mark when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Says:
    """An object whose text, in every way Python and SymPy ask for it, is the payload."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _sympy_(self) -> str:
        return self.text

    def _sympystr(self, printer: Any) -> str:
        return self.text


class Word(str):
    """Text of a type of its own."""


# How a payload can be wrapped; the first is what a file or a command line can hold.
WRAPPED: dict[str, Callable[[str], Any]] = {
    "text": lambda p: p,
    "sum": lambda p: f"1 + {p}",
    "text of a type of its own": Word,
    "bytes": str.encode,
    "list": lambda p: [p],
    "nested list": lambda p: [[[p]]],
    "tuple": lambda p: (p,),
    "set": lambda p: {p},
    "dictionary": lambda p: {p: p},
    "array": lambda p: np.array([p]),
    "array of objects": lambda p: np.array([p], dtype=object),
    "array without dimension": lambda p: np.array(p, dtype=object),
    "object": Says,
    "list of objects": lambda p: [Says(p)],
    "slice": lambda p: slice(p),
    "function": lambda p: lambda *_: p,
}


def code(mark: Any) -> str:
    """Python code that makes the file ``mark``."""
    return f"__import__('pathlib').Path({str(mark)!r}).touch()"


def leaves(content: Any, path: tuple = ()) -> list[tuple]:
    """Where plain values are in nested dictionaries and lists."""
    if isinstance(content, dict):
        return [path, *(p for k, v in content.items() for p in leaves(v, (*path, k)))]
    if isinstance(content, list):
        return [path, *(p for k, v in enumerate(content) for p in leaves(v, (*path, k)))]
    return [path]


def replaced(content: Any, path: tuple, value: Any) -> Any:
    """The content with the value at one place exchanged."""
    if not path:
        return value
    first, *rest = path
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[first] = replaced(content[first], tuple(rest), value)
    return copy
