"""What stands at one point of parameter space: short runs from below and from above.

A run begins with a kick of the network's input, for ``aln()`` as strong as the published
bistability test (1 mV/ms to E): downwards ("low") or upwards ("high"). Model and network are kicked
and measured alike.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import xarray as xr

from dynsys.simulation import simulate
from validation.measures.estimates import Estimate
from validation.measures.rates import (
    LEAST_POWER,
    LEAST_STEP,
    dominant_frequency,
    mean_rate,
    oscillation,
)
from validation.networks.testable import Testable, Work

KICKED = 300.0  # ms
CALM = 1000.0  # ms before measurements: five time constants of adaptation
WINDOW = 2000.0  # ms measured
_CYCLES = 8  # periods measured at least
# The power of a network's noise goes as 1/N: below this size the bound of an oscillation grows so,
# or resting networks of 1000 neurons would be said to oscillate.
QUIET = 4000
LONGER = 4  # times, where a run of ordinary length leaves something open
_TOLD = 2.0  # factor to the bound from which a power in a run of WINDOW is told from it
FAINT = 0.01  # of the bound of an oscillation: what is left of a transient is less

STRONGEST = 16.0  # of the network's kick: how far it is raised where it leads nowhere
KICKS: Mapping[str, float] = {"low": -1.0, "high": 1.0, "rest": 0.0}


class Deciding(list[Work]):
    """Runs that decide what shorter ones left open: made before other tests begin. Where the time
    for tests is used up nothing is sent back."""


@dataclass(frozen=True)
class State:
    """What a run settles on: mean rates by name (the naming one first), published power of its
    rhythm, frequency.

    ``bound``: the power from which it oscillates, 1 Hz^2 as published; more for small networks,
    less for models of faint rhythms (``scale``). ``measured``: how long it was measured, ms.
    """

    rates: Mapping[str, Estimate]
    power: float
    frequency: Estimate
    bound: float = LEAST_POWER
    measured: float = WINDOW

    @property
    def rate(self) -> Estimate:
        """The rate that names states."""
        return next(iter(self.rates.values()))

    @property
    def finite(self) -> bool:
        """Whether the run stayed finite; else it settled on nothing."""
        return all(math.isfinite(rate.value) for rate in self.rates.values())

    @property
    def oscillates(self) -> bool:
        """By the published criterion, a power above the bound."""
        return self.power > self.bound

    @property
    def borderline(self) -> bool:
        """Whether its power is so near the bound that noise decides in this run: within a factor
        2 in 2 s, within 1.4 in 8 s. The error of a power falls with the root of the time."""
        margin = _TOLD ** math.sqrt(WINDOW / self.measured)
        return bool(1 / margin < self.power / self.bound < margin)

    @property
    def faint(self) -> bool:
        """Whether a run without noise moves, too little to count: neither rest nor a rhythm."""
        return not self.oscillates and self.power > FAINT * self.bound


def state_of(run: xr.Dataset, rates: Sequence[str], bound: float | None = None) -> State:
    """Measure what a run settles on; ``rates``: names, the first also for the rhythm.

    ``bound``: the power from which it oscillates, the published one by default.
    """
    if bound is None:
        bound = LEAST_POWER * max(1.0, QUIET / run.attrs.get("neurons", QUIET))
    return State(
        {name: mean_rate(run, name, after=CALM) for name in rates},
        oscillation(run, rates[0], after=CALM)[1],
        dominant_frequency(run, rates[0], after=CALM),
        bound,
        max(float(run["time"][-1]) - CALM, WINDOW),
    )


@dataclass(frozen=True)
class Probe:
    """Runs of ``duration`` ms at one point after some kicks, each ``factors`` of the network's."""

    values: Mapping[str, float]
    kicks: tuple[str, ...]
    duration: float = CALM + WINDOW
    factors: Mapping[str, float] = field(default_factory=lambda: KICKS)

    def jobs(self, network: Testable, seed: int) -> list[Work]:
        """The network's runs."""
        return [
            network.job(self.duration, seed, self.inputs(network, kick), **self.values)
            for kick in self.kicks
        ]

    def longer(self) -> Probe:
        """The same, measured four times as long."""
        return replace(self, duration=CALM + LONGER * (self.duration - CALM))

    def predicted(self, network: Testable) -> list[xr.Dataset]:
        """The runs of the network's mean field."""
        at = network.model.with_parameters(**self.values)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*no longer finite")  # findings say so
            return [
                simulate(at, self.duration, inputs=self.inputs(network, kick), sample=0.5)
                for kick in self.kicks
            ]

    def inputs(self, network: Testable, kick: str) -> dict[str, Any]:
        """The kick at the start of a run."""
        if not self.factors[kick]:
            return {}
        at, own = network.model.with_parameters(**self.values), network.kick
        return {own.parameter: own.choosing(own.amount(self.factors[kick], at), at, KICKED)}


def long_enough(period: float | None) -> float:
    """Duration of a run that shows several cycles of a period, in whole ms as all steps divide."""
    return CALM + max(WINDOW, math.ceil(_CYCLES * (period or 0.0)))


# --- what distinguishes the two sides of a boundary -------------------------------------------


@dataclass(frozen=True)
class Feature:
    """A yes-or-no question to the states of a probe: "bistable", "oscillates" or "level".

    ``border``: the step in Hz between low and high, or the level of ``rate``, that counts as yes.
    """

    kind: str
    border: float = LEAST_STEP
    rate: str = "r_E"

    @property
    def kicks(self) -> tuple[str, ...]:
        """The runs it needs."""
        return ("low", "high") if self.kind == "bistable" else ("rest",)

    def value(self, states: Sequence[State]) -> float:
        """The number that is compared with the border."""
        if self.kind == "bistable":
            return states[1].rate.value - states[0].rate.value
        if self.kind == "oscillates":
            return max(self.border * state.power / state.bound for state in states)
        return states[0].rate.value

    def holds(self, states: Sequence[State]) -> bool:
        """The answer."""
        return self.value(states) > self.border

    def __str__(self) -> str:
        if self.kind == "bistable":
            return (
                f"{self.rate} after an upward kick exceeds that after a downward one by "
                f"{self.border:.3g} Hz"
            )
        if self.kind == "oscillates":
            size = " at 4000 neurons" if self.border == LEAST_POWER else ""
            return f"power of {self.rate}'s rhythm above {self.border:.2g} Hz^2{size}"
        return f"{self.rate} above {self.border:g} Hz"
