"""What a model needs of the rooms that are built on it: functions by name, imported when called.

A model can be written for AUTO-07p, or be read with a stored table; the writers and the tables know
models, so models name them here instead of importing them. It also keeps them out of the start.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_HOMES = {
    "find_table": "dynsys.transfer.stored",
    "generator": "dynsys.exchange.pydstool",
    "write_auto": "dynsys.exchange.auto",
    "write_latex": "dynsys.exchange.latex",
    "write_xppaut": "dynsys.exchange.xppaut",
}


def door(name: str) -> Callable[..., Any]:
    """The function of this name.

    Example
    -------
    >>> door("write_latex")(model)
    """
    return getattr(import_module(_HOMES[name]), name)
