"""What stands at one point of parameter space: short runs from below and from above.

A run begins with a kick to the input of E, as strong as the published bistability test (1 mV/ms):
downwards ("low") or upwards ("high"). Model and network are kicked and measured alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from dynsys.simulation import simulate
from dynsys.vector_field import VectorField
from stimulation import Pulse
from validation.measures.estimates import Estimate
from validation.measures.rates import (
    LEAST_POWER,
    LEAST_STEP,
    dominant_frequency,
    mean_rate,
    oscillation,
)
from validation.networks import Network
from validation.networks.jobs import Job

KICK, KICKED = "1 mV/ms", 300.0  # strength, ms
CALM = 1000.0  # ms before measurements: five time constants of adaptation
WINDOW = 2000.0  # ms measured
_CYCLES = 8  # periods measured at least
# The power of a network's noise goes as 1/N: below this size the bound of an oscillation grows so,
# or resting networks of 1000 neurons would be said to oscillate.
QUIET = 4000

KICKS: Mapping[str, Any] = {
    "low": Pulse(f"-{KICK}", 0.0, KICKED),
    "high": Pulse(KICK, 0.0, KICKED),
    "rest": None,
}


@dataclass(frozen=True)
class State:
    """What a run settles on: mean rates, published power of its rhythm, frequency.

    ``bound``: the power from which it oscillates, 1 Hz^2 as published; more for small networks.
    """

    r_E: Estimate
    r_I: Estimate
    power: float
    frequency: Estimate
    bound: float = LEAST_POWER

    @property
    def oscillates(self) -> bool:
        """By the published criterion, a power above the bound."""
        return self.power > self.bound


def state_of(run: xr.Dataset) -> State:
    """Measure what a run settles on."""
    return State(
        mean_rate(run, "E", after=CALM),
        mean_rate(run, "I", after=CALM),
        oscillation(run, "E", after=CALM)[1],
        dominant_frequency(run, "E", after=CALM),
        LEAST_POWER * max(1.0, QUIET / run.attrs.get("neurons", QUIET)),
    )


@dataclass(frozen=True)
class Probe:
    """Runs of ``duration`` ms at one point after each of some kicks."""

    values: Mapping[str, float]
    kicks: tuple[str, ...]
    duration: float = CALM + WINDOW

    def jobs(self, network: Network, seed: int) -> list[Job]:
        """The network's runs."""
        return [
            network.job(self.duration, seed, self._inputs(kick), **self.values)
            for kick in self.kicks
        ]

    def predicted(self, model: VectorField) -> list[xr.Dataset]:
        """The mean field's runs."""
        at = model.with_parameters(**self.values)
        return [
            simulate(at, self.duration, inputs=self._inputs(kick), sample=0.5)
            for kick in self.kicks
        ]

    @staticmethod
    def _inputs(kick: str) -> dict[str, Any]:
        return {} if KICKS[kick] is None else {"mu_e": KICKS[kick]}


def long_enough(period: float | None) -> float:
    """Duration in ms of a run that shows several cycles of a period."""
    return CALM + max(WINDOW, _CYCLES * (period or 0.0))


# --- what distinguishes the two sides of a boundary -------------------------------------------


@dataclass(frozen=True)
class Feature:
    """A yes-or-no question to the states of a probe: "bistable", "oscillates" or "level".

    ``border``: the step in Hz between low and high, or the level of r_E, that counts as yes.
    """

    kind: str
    border: float = LEAST_STEP

    @property
    def kicks(self) -> tuple[str, ...]:
        """The runs it needs."""
        return ("low", "high") if self.kind == "bistable" else ("rest",)

    def value(self, states: Sequence[State]) -> float:
        """The number that is compared with the border."""
        if self.kind == "bistable":
            return states[1].r_E.value - states[0].r_E.value
        if self.kind == "oscillates":
            return max(LEAST_POWER * state.power / state.bound for state in states)
        return states[0].r_E.value

    def holds(self, states: Sequence[State]) -> bool:
        """The answer."""
        return self.value(states) > self.border

    def __str__(self) -> str:
        if self.kind == "bistable":
            return (
                f"r_E after an upward kick exceeds that after a downward one by {self.border:g} Hz"
            )
        if self.kind == "oscillates":
            return f"power of r_E's rhythm above {self.border:g} Hz^2 at 4000 neurons"
        return f"r_E above {self.border:g} Hz"
