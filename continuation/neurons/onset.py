"""Where a neuron's rest ends as its input current grows: saddle-node and Andronov-Hopf points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from continuation.steady_states.curves import fold_curve
from continuation.steady_states.equilibria import equilibria
from dynsys.errors import ModelError
from dynsys.neurons import SpikingNeuron

_REACH = 60.0  # pA, by which the span grows until the equilibria have turned


@dataclass(frozen=True)
class Onset:
    """The currents at which rest vanishes or becomes unstable.

    ``saddle_node`` and ``andronov_hopf`` are special points of ``branch``, None where there is
    none; ``closed_forms``: label ("LP", "H", "BT") -> the formula's value, where one is known;
    ``reason``: why there is no onset, if there is none.

    Example
    -------
    >>> from dynsys.models import adex_neuron
    >>> adex_neuron("transient").onset().current
    56.1718...
    """

    neuron: SpikingNeuron
    branch: Branch | None
    closed_forms: Mapping[str, tuple[float, ...]]
    reason: str = ""

    @property
    def saddle_node(self) -> SpecialPoint | None:
        return self._only("LP")

    @property
    def andronov_hopf(self) -> SpecialPoint | None:
        return self._only("H")

    def _only(self, label: str) -> SpecialPoint | None:
        found = self.branch.points(label) if self.branch else []
        return found[0] if found else None

    @property
    def kind(self) -> str:
        """ "Andronov-Hopf", "saddle-node" or "none": what ends rest as the current grows."""
        point = self._first()
        return "none" if point is None else {"H": "Andronov-Hopf", "LP": "saddle-node"}[point.label]

    @property
    def current(self) -> float | None:
        """pA at which rest ends."""
        point = self._first()
        return None if point is None else point.parameters[self.neuron.rule.current]

    def _first(self) -> SpecialPoint | None:
        return self.andronov_hopf or self.saddle_node

    def bogdanov_takens(self, second: str = "a") -> SpecialPoint | None:
        """Where both meet in the plane of the current and ``second``; None within its span."""
        if self.saddle_node is None:
            return None
        names = (self.neuron.rule.current, second)
        found = fold_curve(self.saddle_node, names).points("BT")
        return found[0] if found else None

    def __str__(self) -> str:
        lines = [f"onset of {self.neuron.name}{f' ({self.neuron.row})' if self.neuron.row else ''}"]
        for name, point in (
            ("Andronov-Hopf", self.andronov_hopf), ("saddle-node", self.saddle_node),
        ):  # fmt: skip
            if point is not None:
                lines.append(f"  {name} {self._line(point)}")
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    __repr__ = __str__

    def _line(self, point: SpecialPoint) -> str:
        current = point.parameters[self.neuron.rule.current]
        line = f"at {current:.8g} pA (V = {point.state[0]:.6g} mV"
        if point.frequency is not None:
            line += f", {point.frequency:.4g} Hz, {point.criticality}"
        closed = self.closed_forms.get(point.label)
        if closed is not None:
            line += f"; closed form differs by {abs(closed[0] - current):.0e} pA"
        return line + ")"


def onset(neuron: SpikingNeuron) -> Onset:
    """Follow the resting state up in the current until it turns; see ``Onset``.

    Source of the classification: Touboul & Brette 2008, Biol Cybern 99:319.
    """
    name = neuron.rule.current
    low = _resting_current(neuron)
    closed = {
        label: tuple(values) for label, formula in neuron.closed_forms.items()
        if (values := formula(neuron.parameters)) is not None
    }  # fmt: skip
    if low is None:
        reason = (
            "no current gives a stable resting state: the subthreshold adaptation outweighs the "
            "leak (a <= -gL), and the only equilibrium is a saddle"
        )
        return Onset(neuron, None, closed, reason)
    model = neuron.field.with_parameters(**{name: low})
    start = neuron.rest(low)
    for reach in (1, 3, 10, 100):
        branch = equilibria(model, name, (low - 1.0, low + reach * _REACH), start=start)
        if branch.points("LP"):
            return Onset(neuron, branch, closed)
    reason = f"rest is followed up to {low + 100 * _REACH:g} pA without turning"
    return Onset(neuron, branch, closed, reason if not branch.points("H") else "")


def _resting_current(neuron: SpikingNeuron) -> float | None:
    """A current (pA) at which the neuron rests."""
    own = neuron.parameters[neuron.rule.current]
    for current in (5.0, own, 0.0, -10.0, -30.0, -100.0, -300.0, -1000.0, -3000.0, -1e4):
        try:
            neuron.rest(current)
        except ModelError:
            continue
        return current
    return None
