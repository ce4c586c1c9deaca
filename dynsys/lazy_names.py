"""Packages whose public names are imported on first use.

Compiling and symbolic libraries take seconds to import; a command line that only lists its
commands, or a user of one function, should not wait for all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : its ``__name__``.
    homes : module -> the public names it holds.

    A name that is in no module of ``homes`` may be a submodule, which is then imported.

    Example
    -------
    >>> __getattr__, __dir__ = lazy_names(__name__, {"dynsys.tables": ["SmoothTable"]})
    """
    home = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name in home:
            value = getattr(import_module(home[name]), name)
            setattr(sys.modules[package], name, value)  # found without this function from now on
            return value
        if not name.startswith("_"):
            try:
                return import_module(f"{package}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{package}.{name}":
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return get, names
