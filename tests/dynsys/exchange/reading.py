"""Reading .ode text and evaluating what was read, without compiling it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sympy
from scipy import special

from dynsys import VectorField, read_ode
from dynsys.definition import symbol
from dynsys.expressions.symbols import evaluation_order


def read_text(folder: Path, text: str, name: str = "file") -> VectorField:
    (folder / f"{name}.ode").write_text(text)
    return read_ode(folder / f"{name}.ode")


def number(expression: sympy.Expr, values: dict[str, float]) -> float:
    """The value of an expression in doubles, by Python's own functions."""
    used = sorted(s.name for s in expression.free_symbols)
    own = {"sign": np.sign, "erf": special.erf, "erfc": special.erfc}
    formula = sympy.lambdify([symbol(k) for k in used], expression, [own, "math"])
    return float(formula(*(values[k] for k in used)))


def rates(model: VectorField, state: dict[str, float] | None = None) -> dict[str, float]:
    """Name -> rate at a state, the initial one by default."""
    values = {k: float(v) for k, v in model.parameters.items()}
    values |= {k: s.initial for k, s in model.states.items()} | dict(state or {})
    for label in evaluation_order(model.name, model.definitions):
        values[label] = number(model.definitions[label], values)
    return {k: number(e, values) for k, e in model.equations.items()}
