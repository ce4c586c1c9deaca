"""Random input to a neuron: white noise in physical units, noise per step, Poisson kicks."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from dynsys.errors import ModelError, unknown_name
from dynsys.typed import check_fields
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class WhiteNoise:
    """dV = ... + sigma dW, with sigma in mV/sqrt(ms): the result does not depend on the step.

    Example
    -------
    >>> WhiteNoise(0.884).per_step(lif, dt=0.125)
    0.3125...
    """

    sigma: float

    def __post_init__(self) -> None:
        check_fields(self)
        _check("WhiteNoise.sigma", self.sigma, "mV/sqrt(ms)")

    def per_step(self, field: VectorField, dt: float) -> float:
        """Standard deviation (mV) of what one step of ``dt`` ms adds to V."""
        return self.sigma * math.sqrt(dt)


@dataclass(frozen=True)
class CurrentPerStep:
    """A current drawn anew at every step from a normal distribution, without scaling: a trap.

    Its effect vanishes with the step: the variance of V is proportional to dt. It is what several
    simulators' examples do; it is here to reproduce them, and warns.

    Parameters
    ----------
    deviation : standard deviation in pA.
    """

    deviation: float

    def __post_init__(self) -> None:
        check_fields(self)
        _check("CurrentPerStep.deviation", self.deviation, "pA")

    def equivalent(self, field: VectorField, dt: float) -> WhiteNoise:
        """The white noise that has the same effect at this one step."""
        return WhiteNoise(self.deviation / field.parameters["C"] * math.sqrt(dt))

    def per_step(self, field: VectorField, dt: float) -> float:
        same, finer = self.equivalent(field, dt).sigma, self.equivalent(field, dt / 4).sigma
        warnings.warn(
            f"a current of SD {self.deviation:g} pA drawn at every step is white noise of "
            f"{same:.3g} mV/sqrt(ms) at dt = {dt:g} ms, but of {finer:.3g} at dt = {dt / 4:g} ms: "
            f"rates depend on the step. WhiteNoise({same:.3g}) gives this result at any step",
            stacklevel=4,
        )
        return self.deviation / field.parameters["C"] * dt


@dataclass(frozen=True)
class PoissonKicks:
    """Events of ``sources`` independent Poisson neurons, each adding ``size`` to a state.

    Parameters
    ----------
    rate : of one source, Hz.
    size : in the state's unit (nS for a conductance).
    sources : their number.

    Example
    -------
    >>> PoissonKicks(rate=1.2, size=1.0, sources=1000)
    """

    rate: float
    size: float
    sources: int = 1

    def __post_init__(self) -> None:
        check_fields(self)
        _check("PoissonKicks.rate", self.rate, "Hz")
        _check("PoissonKicks.sources", self.sources, "")
        if not math.isfinite(self.size):
            raise ModelError(f"PoissonKicks.size is {self.size}; give a finite number")

    @property
    def per_ms(self) -> float:
        """Events per ms of all sources together."""
        return self.rate * self.sources / 1000.0

    def moments(self, tau: float) -> tuple[float, float]:
        """Mean and standard deviation of a state that decays with ``tau`` ms (Campbell)."""
        return self.per_ms * self.size * tau, abs(self.size) * math.sqrt(self.per_ms * tau / 2)


def packed_kicks(field: VectorField, kicks: dict[str, PoissonKicks], dt: float) -> np.ndarray:
    """(n, 2): mean number of events per step and size, per state."""
    result = np.zeros((len(field.states), 2))
    for name, given in kicks.items():
        if name not in field.states:
            raise unknown_name("state", name, field.states, field.name)
        result[list(field.states).index(name)] = given.per_ms * dt, given.size
    return result


def _check(name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ModelError(f"{name} is {value} {unit}; it must be a number that is not negative")
