"""PyCont's names on our engine, and PyDSTool as a second engine for cross-checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynsys.lazy_names import lazy_names

if TYPE_CHECKING:
    from continuation.pycont.container import ContClass, Generator, args

__all__ = [
    "ContClass",
    "Generator",
    "args",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "continuation.pycont.container": ["ContClass", "Generator", "args"],
    },
)
