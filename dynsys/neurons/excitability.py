"""Rheobase and the currents that give spikes and then silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynsys.errors import ConvergenceError

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron

_MANY = 400  # spikes, after which firing counts as sustained
_SCAN = 40


@dataclass(frozen=True)
class TransientWindow:
    """Currents whose step from rest gives spikes and then silence.

    ``low``, ``high`` in pA (nan where there is none): the step rheobase and the lowest current
    whose step is followed by firing without end. ``counts``: (from, to, spikes) in pA, ascending.
    ``reason`` in words.
    """

    low: float
    high: float
    counts: tuple[tuple[float, float, int], ...]
    reason: str

    @property
    def empty(self) -> bool:
        return not self.counts

    def __str__(self) -> str:
        if self.empty:
            return f"no transient window: {self.reason}"
        lines = [f"transient firing from {self.low:.6g} to {self.high:.6g} pA: {self.reason}"]
        lines += [
            f"  {start:.6g} .. {end:.6g} pA: {count} spike{'s' if count > 1 else ''}"
            for start, end, count in self.counts
        ]
        return "\n".join(lines)

    __repr__ = __str__


def rheobase(neuron: SpikingNeuron, holding: float = 5.0, tolerance: float = 1e-8) -> float:
    """The lowest current (pA) whose step from rest at ``holding`` gives a spike.

    At it the resting state before the step lies on the stable manifold of the saddle after it.

    Raises
    ------
    ConvergenceError where no current up to 1e5 pA above gives a spike: the threshold is not
    reached.
    """
    start = neuron.rest(holding)

    def fires(current: float) -> bool:
        return len(neuron.with_current(current).spikes(start, 1)) > 0

    reach = 1.0
    while not fires(holding + reach):
        reach *= 2.0
        if reach > 1e5:
            raise ConvergenceError(
                f"{neuron.name}: no step from {holding:g} pA up to {reach / 2:g} pA reaches the "
                f"threshold; is a = {neuron.parameters.get('a', 0.0):g} nS too strong?"
            )
    low = holding if reach == 1.0 else holding + reach / 2
    return _border(fires, low, holding + reach, tolerance)


def spike_count(neuron: SpikingNeuron, current: float, start: np.ndarray) -> int:
    """Spikes after a step from the state ``start`` until rest; -1 where they go on."""
    train = neuron.with_current(current).spikes(start, _MANY)
    return len(train) if train.end == "rest" else -1


def transient_window(
    neuron: SpikingNeuron, holding: float = 5.0, tolerance: float = 1e-6
) -> TransientWindow:
    """Find the currents whose step from rest at ``holding`` gives spikes and then silence.

    1. The step rheobase; above the end of the stable resting state firing cannot stop.
    2. Between them spikes are counted at 40 currents; every change of the count is located by
       bisection to ``tolerance`` (pA).

    Raises
    ------
    ModelError where the neuron has no rest at ``holding``.
    """
    start = neuron.rest(holding)
    low = rheobase(neuron, holding)
    end = _end_of_rest(neuron, low, tolerance)
    if end is None:
        reason = (
            f"the first spike needs {low:.6g} pA, where rest no longer exists: a step that starts "
            "firing does not stop"
        )
        return TransientWindow(np.nan, np.nan, (), reason)

    def count(current: float) -> int:
        return spike_count(neuron, current, start)

    edges = [low]
    counts: list[int] = []
    grid = np.linspace(low + 2 * tolerance, end - 2 * tolerance, _SCAN)
    values = [count(float(x)) for x in grid]
    for k in range(len(grid) - 1):
        _changes(count, grid[k], grid[k + 1], values[k], values[k + 1], tolerance, edges, counts)
    edges.append(end)
    counts.append(values[-1])
    pieces = [(edges[k], edges[k + 1], counts[k]) for k in range(len(counts))]
    finite = tuple(piece for piece in pieces if piece[2] >= 0)
    if not finite:
        return TransientWindow(np.nan, np.nan, (), "every step that starts firing goes on firing")
    sustained = [piece[0] for piece in pieces if piece[2] < 0]
    high = min(sustained) if sustained else end
    why = (
        f"above, a spiking orbit attracts the response although rest stays stable to {end:.6g} pA"
        if sustained
        else "above, rest is no longer stable"
    )
    inside = tuple(piece for piece in finite if piece[1] <= high + tolerance)
    return TransientWindow(low, high, inside or finite, f"{why}; steps start at {holding:g} pA")


def _changes(
    count: Callable[[float], int], left: float, right: float, first: int, second: int,
    tolerance: float, edges: list[float], counts: list[int],
) -> None:  # fmt: skip
    """Append all changes of the count between two currents, ascending."""
    while first != second:
        border = _border(partial(_differs, count, first), left, right, tolerance)
        edges.append(border)
        counts.append(first)
        left = border + tolerance
        if left >= right:
            break
        first = count(left)


def _differs(count: Callable[[float], int], number: int, current: float) -> bool:
    return count(current) != number


def _border(test: Callable[[float], bool], low: float, high: float, tolerance: float) -> float:
    """Where ``test`` turns true between a current where it is not and one where it is."""
    while high - low > tolerance:
        middle = (low + high) / 2
        if test(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _end_of_rest(neuron: SpikingNeuron, low: float, tolerance: float) -> float | None:
    """The current above ``low`` at which the stable equilibrium ends; None if it is below."""

    def ended(current: float) -> bool:
        return not any(e.stable for e in neuron.equilibria(current))

    if ended(low + 10 * tolerance):
        return None
    reach = 1.0
    while not ended(low + reach):
        reach *= 2.0
        if reach > 1e6:
            return low + reach
    return _border(ended, low, low + reach, tolerance * 1e-2)
