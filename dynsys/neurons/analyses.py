"""Analyses of neurons that other packages contribute, through the entry points ``dynsys.analyses``.

``dynsys`` says what a neuron is; following it through its parameters belongs to ``continuation``,
which is below and registers its functions, as every package registers its commands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from dynsys.errors import ModelError

GROUP = "dynsys.analyses"


@cache
def analysis(name: str) -> Callable[..., Any]:
    """The registered function of this name.

    Raises ModelError where no installed package provides it.
    """
    for entry in entry_points(group=GROUP, name=name):
        return entry.load()
    raise ModelError(
        f"no installed package provides the analysis {name!r}; install the whole toolbox again "
        "(pip install .), which registers the package continuation"
    )
