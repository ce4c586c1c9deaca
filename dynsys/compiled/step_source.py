"""Whole steps of a block of runs in one loop, where a model is arithmetic all through.

Without tables, delays and library functions nothing stands between the stages of a step: the loop
over the runs goes through all of them with the numbers in registers, and loads and stores a state
once a step. The operations, and so the digits, are those of the functions in ``lane_source``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dynsys.compiled.lane_source import LaneFunction

MOST_OPERATIONS = 150  # of a field: longer ones do not stay in registers
_HEADER = '''"""Steps of {name}: generated, keyed by content, safe to delete."""

import math

import numpy as np

from dynsys.compiled.arithmetic import exp, log
from dynsys.compiled.kernels import FIELD
from dynsys.numba_cache import njit
from dynsys.simulation.poles import STIFF, TURN
'''


class Rows:
    """Where a block's numbers lie in one array, in rows of a number of each run.

    The states and delayed values, the states a step before, the largest slopes so far, five rooms
    for slopes (at the start of a step, at the start of the last, of the stages 1 to 3), parameters.
    """

    def __init__(self, n: int, delayed: int, room: int) -> None:
        self.states, self.before, self.peak = 0, n + delayed, 2 * n + delayed
        self.room, self.slopes = room, 3 * n + delayed
        self.parameters = self.slopes + 5 * room

    def slope(self, place: int) -> int:
        return self.slopes + place * self.room


def step_module(
    name: str,
    field: LaneFunction,
    n: int,
    rows: Rows,
    methods: Mapping[str, tuple[Sequence[Sequence[float]], Sequence[float]]],
) -> str:
    """The module of a model's steps: a function (work, (dt,), tables, out) by each method's name.

    It takes a step with all runs of ``work`` and writes to ``out[0]`` in how many of them a slope
    is suspect (``poles.slopes_disagree``) or a state or slope is not finite. It is empty where a
    model has to be taken stage by stage.

    Parameters
    ----------
    field : the time derivatives for runs side by side, printed.
    methods : name -> weights (a, b) of an explicit Runge-Kutta method in which every stage uses the
        slopes of the one before.
    """
    if len(field.loops) > 1 or len(field.loops[0].lines) > MOST_OPERATIONS:
        return _HEADER.format(name=name)
    parts = [_HEADER.format(name=name), _slopes(field, n)]
    parts += [_Step(field, n, rows, *weights).source(each) for each, weights in methods.items()]
    return "\n".join(parts)


def _slopes(field: LaneFunction, n: int) -> str:
    """The time derivatives of one run, as a function of numbers."""
    results = [field.name(number, 0) for _, number in field.outputs[:n]]
    lines = [
        '@njit(forceinline=True, error_model="numpy")',
        f"def slopes({', '.join(field.loops[0].loads)}):",
        *("    " + line for line in field.loops[0].lines),
        f"    return ({''.join(f'{result}, ' for result in results)})",
    ]
    return "\n".join(lines) + "\n"


class _Step:
    """Writes one step of a method with stages at most four."""

    def __init__(
        self,
        field: LaneFunction,
        n: int,
        rows: Rows,
        a: Sequence[Sequence[float]],
        b: Sequence[float],
    ) -> None:
        self.field, self.n, self.rows, self.a, self.b = field, n, rows, a, b
        self.inputs = [field.source_of(name) for name in field.loops[0].loads]

    def source(self, name: str) -> str:
        lines = [
            '@njit([FIELD], cache=True, error_model="numpy")',
            f"def {name}(w, dt, t, out):",
            "    dt, count = dt[0], 0",
            f"    for l in range({self.field.width}):",
            *("        " + line for line in self._body()),
            "    out[0] = count",
        ]
        return "\n".join(lines) + "\n"

    def _body(self) -> list[str]:
        rows, states, stages = self.rows, range(self.n), len(self.b)
        lines = [f"x{i} = {self._at(rows.states + i)}" for i in states]
        lines += [f"k0_{i} = {self._at(rows.slope(0) + i)}" for i in states]
        parameters = sorted({row for array, row in self.inputs if array == "p"})
        lines += [f"p{row} = {self._at(rows.parameters + row)}" for row in parameters]
        for s in range(1, stages):
            weight = float(self.a[s][s - 1])
            lines += [f"y{i} = x{i} + dt * ({weight!r} * k{s - 1}_{i})" for i in states]
            lines.append(self._call(f"k{s}_", "y"))
        for i in states:
            moves = " + ".join(f"{float(b)!r} * k{s}_{i}" for s, b in enumerate(self.b))
            lines.append(f"z{i} = x{i} + dt * ({moves})")
        lines.append(self._call("end", "z"))
        lines.append("odd = 0")
        for i in states:
            lines += self._suspicion(i)
        lines.append("count += odd")
        for i in states:
            lines += [
                f"{self._at(rows.before + i)} = x{i}",
                f"{self._at(rows.states + i)} = z{i}",
                f"{self._at(rows.slope(1) + i)} = k0_{i}",
                f"{self._at(rows.slope(0) + i)} = end{i}",
            ]
            lines += [f"{self._at(rows.slope(s + 1) + i)} = k{s}_{i}" for s in range(1, stages)]
        return lines

    def _call(self, result: str, state: str) -> str:
        names = [f"{state if array == 'x' else 'p'}{row}" for array, row in self.inputs]
        return f"{''.join(f'{result}{i}, ' for i in range(self.n))}= slopes({', '.join(names)})"

    def _suspicion(self, i: int) -> list[str]:
        """Mark a run whose slopes disagree within the step, or are not finite, or its state."""
        peak = self._at(self.rows.peak + i)
        lines = [f"low = k0_{i}", f"high = k0_{i}"]
        for slope in [*(f"k{s}_{i}" for s in range(1, len(self.b))), f"end{i}"]:
            lines += [
                f"low = {slope} if {slope} < low else low",
                f"high = {slope} if {slope} > high else high",
            ]
        return lines + [
            "largest = -low if -low > high else high",
            f"size, most = abs(end{i}), {peak}",
            "most = size if size > most else most",
            f"{peak} = most",
            "odd |= int(high - low > TURN * largest) & int(largest > STIFF * most)",
            f"odd |= int(not abs(z{i}) < math.inf) | int(not size < math.inf)",
        ]

    def _at(self, row: int) -> str:
        return f"w[{row * self.field.width} + l]"
