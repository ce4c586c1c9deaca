"""Tables of an .ode file (``table f file.tab``, ``table f % 51 -5 5 formula``) as functions.

XPPAUT goes from point to point in straight lines, and on along the outermost ones beyond the ends.
A table of a file becomes a ``SmoothTable`` through its points, not quite the straight lines between
them; one of fewer points than that needs keeps its straight lines. A formula is taken itself, in
place of its points. Beyond the ends all go on as in XPPAUT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy

from dynsys.errors import ModelError
from dynsys.exchange.ode_statements import Statement, Statements
from dynsys.tables import SmoothTable

_FORMULA = re.compile(r"%\s*(\S+)\s+(\S+)\s+(\S+)\s+(.*)", re.DOTALL)
_FEWEST = 8  # points that a SmoothTable needs, along its second axis too
Function = Callable[[sympy.Expr], sympy.Expr]


@dataclass(frozen=True)
class OdeTable:
    """What a table is: its ``function``, and the ``smooth`` table it looks into, if any."""

    function: Function
    smooth: SmoothTable | None
    words: str


def formula_of(statement: Statement) -> tuple[int, float, float, str] | None:
    """(points, lowest, highest, formula in t) of a table of a formula; None for a file's."""
    match = _FORMULA.fullmatch(statement.text)
    if match is None:
        return None
    try:
        points, low, high = int(match[1]), float(match[2]), float(match[3])
    except ValueError:
        raise statement.fault("write table name % points low high formula") from None
    if points < 2 or not low < high:
        raise statement.fault("a table has two points or more, and its ends ascend")
    return points, low, high, match[4]


def table_of_formula(points: int, low: float, high: float, formula: Function) -> OdeTable:
    """A formula of one argument between its ends."""
    step = (high - low) / (points - 1)
    ends = [sympy.Float(x, 17) for x in (low, low + step, high - step, high)]
    values = [formula(x) for x in ends]
    words = f"its formula is taken in place of {points} points from {low:g} to {high:g}"
    return OdeTable(lambda x: _continued(x, ends, values, formula(x)), None, words)


def table_of_file(statement: Statement, statements: Statements) -> OdeTable:
    """A table of numbers in a file beside the .ode.

    Raises ModelError where the file is missing or is no table, or is one of steps.
    """
    place = statements.path.parent / statement.text.strip().strip('"')
    try:
        first, *rest = place.read_text(errors="replace").split("\n")
    except OSError as error:
        raise statement.line.fault(f"the table cannot be read: {error}") from error
    kind = first.strip()[:1]
    if kind == "i":
        raise statement.line.fault("its values jump from step to step; give a formula in its place")
    try:
        count = int(first.strip().lstrip("s").split()[0])
        low, high, *values = (float(word.split()[0]) for word in rest[: count + 2])
    except (ValueError, IndexError):
        raise statement.line.fault(f"{place.name} is no table: points, low, high, values") from None
    if count < 2 or len(values) != count or not low < high:
        raise statement.line.fault(f"{place.name} is no table: points, low, high, values")
    grid = np.linspace(low, high, count)
    ends = [sympy.Float(x, 17) for x in grid[[0, 1, -2, -1]].tolist()]
    outer = [sympy.Float(values[k], 17) for k in (0, 1, -2, -1)]
    if count < _FEWEST:
        lines = _straight(grid.tolist(), values)
        words = f"straight lines between its {count} points"
        return OdeTable(lambda x: _continued(x, ends, outer, lines(x)), None, words)
    name = f"{statement.key.replace('.', '_')}_table"
    smooth = _smooth(name, grid, np.array(values), statement)
    words = f"a smooth curve through its {count} points, where XPPAUT has straight lines"
    return OdeTable(
        lambda x: _continued(x, ends, outer, smooth.expression("value", x, sympy.S.Zero)),
        smooth, words,
    )  # fmt: skip


def _smooth(name: str, grid: np.ndarray, values: np.ndarray, statement: Statement) -> SmoothTable:
    """The values on a grid of two axes, along the second of which nothing changes."""
    axes = {"x": grid, "unused": np.arange(float(_FEWEST))}
    try:
        return SmoothTable(name, axes, {"value": np.repeat(values[:, None], _FEWEST, axis=1)})
    except ModelError as error:
        raise statement.line.fault(str(error)) from None


def _straight(grid: list[float], values: list[float]) -> Function:
    def lines(x: sympy.Expr) -> sympy.Expr:
        parts = [
            (_line(x, *(sympy.Float(v, 17) for v in ends)), x <= ends[1])
            for ends in zip(grid, grid[1:], values, values[1:], strict=False)
        ]
        return sympy.Piecewise(*parts[:-1], (parts[-1][0], True))

    return lines


def _line(
    x: sympy.Expr, left: sympy.Expr, right: sympy.Expr, first: sympy.Expr, second: sympy.Expr
) -> sympy.Expr:
    return first + (second - first) * (x - left) / (right - left)


def _continued(
    x: sympy.Expr, ends: list[sympy.Expr], values: list[sympy.Expr], inside: sympy.Expr
) -> sympy.Expr:
    """The value inside, and the outermost straight lines beyond the ends."""
    return sympy.Piecewise(
        (_line(x, *ends[:2], *values[:2]), x < ends[0]),
        (_line(x, *ends[2:], *values[2:]), x > ends[-1]),
        (inside, True),
    )
