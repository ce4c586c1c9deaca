"""Symbols, and the order in which named expressions can be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import sympy

from dynsys.errors import ModelError


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def evaluation_order(owner: str, definitions: Mapping[str, sympy.Expr]) -> list[str]:
    needs = {
        label: {s.name for s in e.free_symbols if s.name in definitions}
        for label, e in definitions.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ModelError(
            f"{owner}: the definitions {circle} depend on each other without a delay"
        ) from None
