"""What happens at a spike: where it is cut, what is reset, for how long the neuron is silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynsys.errors import ModelError, unknown_name
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class SpikeRule:
    """V >= cutoff is a spike: V -> reset, x -> x + increment, all states frozen while refractory.

    Parameters
    ----------
    cutoff, reset, refractory : names of parameters (mV, mV, ms) of the vector field, whose first
        state is the membrane potential.
    increments : state -> name of the parameter that is added to it at a spike.
    current : name of the injected current (pA).
    running : states that go on while the neuron is refractory (conductances); the others are
        frozen. Orbits and maps are for neurons without.

    Example
    -------
    >>> SpikeRule(increments={"w": "b"})
    """

    cutoff: str = "Vs"
    reset: str = "Vr"
    refractory: str = "Tref"
    increments: Mapping[str, str] = field(default_factory=dict)
    current: str = "I"
    running: tuple[str, ...] = ()

    def check(self, field: VectorField) -> None:
        """Raise where a name is missing or the values make no spikes possible.

        A reset at or above the cutoff would be a spike at once, without end.
        """
        names = (self.cutoff, self.reset, self.refractory, self.current, *self.increments.values())
        for name in names:
            field.parameter_index(name)
        for state in (*self.increments, *self.running):
            if state not in list(field.states)[1:]:
                raise unknown_name("state", state, list(field.states)[1:], field.name)
        p = field.parameters
        if not p[self.reset] < p[self.cutoff]:
            raise ModelError(
                f"{field.name}: the reset {self.reset} = {p[self.reset]:g} mV is not below the "
                f"cutoff {self.cutoff} = {p[self.cutoff]:g} mV: every reset would be the next "
                "spike at once, infinitely many in no time; lower the reset"
            )
        if p[self.refractory] < 0:
            raise ModelError(
                f"{field.name}: {self.refractory} = {p[self.refractory]:g} ms; a refractory time "
                "is not negative"
            )

    def packed(self, field: VectorField) -> np.ndarray:
        """Indices (cutoff, reset, refractory, increments of the other states; -1: none)."""
        increments = [
            field.parameter_index(self.increments[s]) if s in self.increments else -1
            for s in list(field.states)[1:]
        ]
        first = [field.parameter_index(n) for n in (self.cutoff, self.reset, self.refractory)]
        return np.array([*first, *increments], dtype=np.int64)
