"""What happens at a spike: where it is cut, what is reset, what stands still for how long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TypeAlias

import numpy as np

from dynsys.errors import ModelError, unknown_name
from dynsys.typed import check_fields
from dynsys.vector_field import VectorField

ALL = "all"  # every state but the membrane potential
Value: TypeAlias = float | str  # a number, or the name of a parameter


@dataclass(frozen=True)
class SpikeRule:
    """V crosses ``threshold``: V -> ``reset``, x -> x + increment, ``refractory`` ms of silence.

    One rule for the cells of networks (``dynsys.cells``), which read its numbers, and for neurons
    as hybrid systems (``dynsys.neurons``), which follow its values as parameters.

    While the neuron is silent every state stands still. So do the AdEx network behind the mean
    field (Cakan & Obermayer 2020, PLOS Comput Biol 16:e1007822: Brian2's ``(unless refractory)`` on
    v and on w) and the AdEx neurons of the SpikingNeuralNetworks.jl tutorial; only then does a
    reset lead to one point, from which adaptation maps and spiking orbits start. In the networks
    with conductances (Zerlaut et al. 2018, J Comput Neurosci 44:45-61; di Volo et al. 2019, Neural
    Comput 31:653-680; Carlu et al. 2020, J Neurophysiol 123:1042-1051) V alone is held and w runs
    on: ``running="all"``. Published cells and neurons of the library keep their publication's rule.

    Parameters
    ----------
    threshold : mV, crossed upwards; where an exponential upstroke is cut.
    reset : mV, where V is held for ``refractory`` ms; None for cells whose action potential ends by
        itself: nothing is held, and further crossings count for nothing for ``refractory`` ms.
    refractory : ms.
    increments : state -> what a spike adds to it.
    ceiling : mV; statistics of a cell's membrane leave out what is above, the action potential.
    current : the parameter that is the injected current (pA).
    running : states that go on while V is held: (), their names, or "all".

    Thresholds, resets, refractory times and increments are numbers or names of parameters.

    Raises
    ------
    ModelError for values that are neither numbers nor names, and for a word in ``running`` that is
    not "all"; see ``check`` for the others.

    Example
    -------
    >>> SpikeRule("Vs", "Vr", "Tref", increments={"w": "b"})  # names, all states frozen
    >>> SpikeRule(-40.0, -65.0, 5.0, {"w": 20.0}, running="all")  # numbers, only V held
    """

    threshold: Value
    reset: Value | None = None
    refractory: Value = 0.0
    increments: Mapping[str, Value] | tuple[tuple[str, Value], ...] = ()
    ceiling: float = math.inf
    current: str = "I"
    running: tuple[str, ...] | str = ()

    def __post_init__(self) -> None:
        check_fields(self)
        given = self.increments
        for name in ("threshold", "reset", "refractory"):
            value = getattr(self, name)
            good = isinstance(value, (str, Real)) or (value is None and name == "reset")
            if not good or isinstance(value, bool):
                raise ModelError(
                    f"a spike rule's {name} is a {type(value).__name__}; give a number or the name "
                    "of a parameter"
                )
        pairs: Iterable[tuple[str, Value]] = given.items() if isinstance(given, Mapping) else given
        own = tuple((str(k), v if isinstance(v, str) else float(v)) for k, v in pairs)
        object.__setattr__(self, "increments", own)
        if not isinstance(self.running, str):
            object.__setattr__(self, "running", tuple(self.running))
        elif self.running != ALL:
            raise ModelError(
                f"running is {self.running!r}; write running=({self.running!r},) for one state, or "
                '"all" for every state but V'
            )

    def at_spike(self) -> dict[str, Value]:
        """State -> what a spike adds to it."""
        return dict(self.increments)

    def with_numbers(self, parameters: Mapping[str, float]) -> SpikeRule:
        """The same rule with the values of named parameters in place of their names."""

        def number(value: Value) -> float:
            return parameters[value] if isinstance(value, str) else value

        return replace(
            self, threshold=number(self.threshold), refractory=number(self.refractory),
            reset=None if self.reset is None else number(self.reset),
            increments={k: number(v) for k, v in self.at_spike().items()},
        )  # fmt: skip

    def goes_on(self, states: Sequence[str], potential: str) -> np.ndarray:
        """For each state (n,), 1 if it moves on while the neuron is refractory, else 0."""
        going = [
            s != potential and (self.running == ALL or s in self.running) for s in states
        ]  # fmt: skip
        return np.array(going, dtype=np.int64)

    def packed(self, field: VectorField) -> np.ndarray:
        """Places of (threshold, reset, refractory, increments of the other states; -1: none).

        They are those among the parameters of a field whose first state is the potential.

        Raises ModelError for numbers, which analyses could not follow.
        """
        added = self.at_spike()
        values = (self.threshold, self.reset, self.refractory, *added.values())
        if not all(isinstance(v, str) for v in values):
            raise ModelError(
                f"{field.name}: analyses follow what happens at a spike in parameters; make the "
                'numbers of its rule parameters and give their names, as in SpikeRule("Vs", "Vr", '
                f'"Tref"); it is {self}'
            )
        if next(iter(field.states)) in added:
            raise ModelError(f"{field.name}: V is reset at a spike, not raised by an increment")
        names = [*values[:3], *(added.get(s) for s in list(field.states)[1:])]
        places = [-1 if k is None else field.parameter_index(str(k)) for k in names]
        return np.array(places, dtype=np.int64)

    def check(self, field: VectorField, potential: str) -> None:
        """Raise where a name is missing (UnknownNameError) or values make no sense (ModelError).

        A reset at or above the threshold would be a spike at once, without end.
        """
        values = (self.threshold, self.reset, self.refractory, *self.at_spike().values())
        for name in (self.current, *(v for v in values if isinstance(v, str))):
            field.parameter_index(name)
        if potential not in field.states:
            raise unknown_name("state", potential, field.states, field.name)
        others = [s for s in field.states if s != potential]
        for state in () if self.running == ALL else self.running:
            if state not in others:
                raise unknown_name("state", state, others, field.name)
        for state in self.at_spike():
            if state not in field.states:
                raise unknown_name("state", state, field.states, field.name)
        number = self.with_numbers(field.parameters)
        if self.reset is not None and not number.reset < number.threshold:  # type: ignore[operator]
            raise ModelError(
                f"{field.name}: the reset {_told(self.reset, number.reset)} mV is not below the "
                f"cutoff {_told(self.threshold, number.threshold)} mV: every reset would be the "
                "next spike at once, infinitely many in no time; lower the reset"
            )
        if not number.refractory >= 0:  # type: ignore[operator]
            raise ModelError(
                f"{field.name}: {_told(self.refractory, number.refractory)} ms; a refractory time "
                "is not negative"
            )


def _told(value: Value | None, number: Value | None) -> str:
    """ "Vr = -55" for a parameter, "-55" for a number."""
    return f"{value} = {number:g}" if isinstance(value, str) else f"{number:g}"
