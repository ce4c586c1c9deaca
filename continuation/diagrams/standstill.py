"""Lines of a plane on which states stand still: a factor of all of their rates vanishes there.

Where r = 0 in x' = r x (1 - x) every x is an equilibrium: none is isolated, nothing attracts, and
what is stable on one side is not what is on the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import contourpy
import numpy as np
import sympy
from shapely.geometry import LineString

from continuation.diagrams.paths import Axis
from dynsys.expressions.printing import to_text
from dynsys.vector_field import VectorField

_GRID = 201  # places in each direction at which a factor is evaluated
_ON = 1e-9  # of a factor's size in the plane: there it is zero


class Standstill(NamedTuple):
    """A ``factor`` of the rates of ``states`` that holds the plane's parameters alone: ``size`` is
    its largest in the plane, ``lines`` in units of the plane are those where it vanishes."""

    states: tuple[str, ...]
    factor: sympy.Expr
    size: float
    lines: list[LineString]

    @property
    def name(self) -> str:
        """The line, as that of a boundary."""
        return f"{to_text(self.factor)} = 0 ({', '.join(self.states)} at a standstill)"

    def holds(self, parameters: Mapping[str, float]) -> bool:
        """Whether a point lies on the line."""
        value = _function(self.factor)(*(parameters[s.name] for s in _symbols(self.factor)))
        return bool(abs(value) <= _ON * self.size)

    def words(self, states: Sequence[str]) -> str:
        """What is true on the line."""
        mine = ", ".join(self.states)
        if set(self.states) == set(states):
            return f"where {to_text(self.factor)} = 0 nothing moves: every {mine} is an equilibrium"
        return (
            f"where {to_text(self.factor)} = 0 {mine} stays where it begins: equilibria there are "
            "not isolated"
        )


def standstills(model: VectorField, x: Axis, y: Axis) -> list[Standstill]:
    """All lines of a plane on which states stand still.

    Example
    -------
    >>> model = VectorField("growth", {"x": 0.5}, {"r": 1.0, "k": 1.0}, {"x": "r*x*(1 - x/k)"})
    >>> [line.name for line in standstills(model, ("r", -1, 1), ("k", 1, 2))]
    ['r = 0 (x at a standstill)']
    """
    held: dict[sympy.Expr, list[str]] = {}
    for state, rate in model.equations.items():
        for factor in _factors(model, rate):
            if {s.name for s in factor.free_symbols} & {x[0], y[0]}:
                held.setdefault(_with_values(model, factor, x, y), []).append(state)
    at = np.linspace(0, 1, _GRID)
    grid = {name: low + at * (high - low) for name, low, high in (x, y)}
    found = []
    for factor, states in held.items():
        meshes = dict(zip(grid, np.meshgrid(*grid.values()), strict=True))
        values = _function(factor)(*(meshes[s.name] for s in _symbols(factor)))
        values = np.asarray(values, float)
        if np.all(np.isfinite(values)) and values.min() <= 0.0 <= values.max():
            lines = contourpy.contour_generator(at, at, values).lines(0.0)
            inside = [LineString(line).simplify(_ON) for line in lines if len(line) > 1]
            found.append(Standstill(tuple(states), factor, float(np.abs(values).max()), inside))
    return found


def _factors(model: VectorField, rate: sympy.Expr) -> set[sympy.Expr]:
    """Factors of all terms of an expression that hold nothing but parameters."""
    shared: set[sympy.Expr] | None = None
    for term in sympy.Add.make_args(rate):
        mine: set[sympy.Expr] = set()
        for part in sympy.Mul.make_args(term):
            base, power = part.as_base_exp()
            if base.is_Symbol and base.name in model.definitions:
                mine |= _factors(model, model.definitions[base.name])
            elif power.is_positive:
                mine.add(base)
        shared = mine if shared is None else shared & mine
    known = set(model.parameters)
    return {f for f in shared or () if f.free_symbols and {s.name for s in f.free_symbols} <= known}


def _with_values(model: VectorField, factor: sympy.Expr, x: Axis, y: Axis) -> sympy.Expr:
    """A factor with the values of parameters that are not those of the plane."""
    fixed = {s: model.parameters[s.name] for s in factor.free_symbols if s.name not in (x[0], y[0])}
    return factor.xreplace({s: sympy.Float(value) for s, value in fixed.items()})


def _symbols(factor: sympy.Expr) -> list[sympy.Symbol]:
    return sorted(factor.free_symbols, key=lambda s: s.name)


def _function(factor: sympy.Expr):
    return sympy.lambdify(_symbols(factor), factor, "numpy")  # noqa: TID251  read by the model
