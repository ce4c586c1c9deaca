"""Noise and recorded signals as inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import float64, types

from dynsys.errors import ModelError
from dynsys.numba_cache import njit
from stimulation.waveforms.units import KNOWN
from stimulation.waveforms.waveform import MILLISECONDS, Shape, Waveform, positive

_VECTOR = types.Array(float64, 1, "C")


@njit([types.void(_VECTOR, float64, _VECTOR)], cache=True)
def _ornstein_uhlenbeck(times, tau, draws):
    """Turn standard normal draws (k,) into the process of variance 1 at increasing times."""
    for i in range(1, times.shape[0]):
        decay = math.exp(-(times[i] - times[i - 1]) / tau)
        draws[i] = decay * draws[i - 1] + math.sqrt(1.0 - decay * decay) * draws[i]


@dataclass(frozen=True)
class OrnsteinUhlenbeck(Shape):
    """Stationary Ornstein-Uhlenbeck noise: the amplitude is its standard deviation.

    Exact in distribution at whatever times it is sampled (Gillespie 1996, Phys Rev E 54:2084): its
    variance does not depend on the step. The same ``seed`` and times give the same values.
    A drive dX = -X/tau dt + s dW has the standard deviation s sqrt(tau/2).

    Example
    -------
    >>> OrnsteinUhlenbeck("14.5 pA", tau=5.0, seed=1)
    """

    tau: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("the time constant of the noise", self.tau, "")

    @property
    def rough(self) -> bool:
        return True

    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        flat = np.ascontiguousarray(since, dtype=float).ravel()
        order = np.argsort(flat, kind="stable")
        draws = np.random.default_rng(self.seed).normal(size=flat.size)
        if flat.size:
            _ornstein_uhlenbeck(flat[order], float(self.tau), draws)
        result = np.empty(flat.size)
        result[order] = draws
        return result.reshape(np.shape(since))


@dataclass(frozen=True)
class Recorded(Waveform):
    """A recorded signal, linear between its samples, zero before and after.

    Parameters
    ----------
    samples : values (k,), k >= 2.
    dt : time between samples, in the model's time unit.
    recorded_unit : "pA", "mV/ms", "V/m" or another unit of a parameter.
    """

    samples: Sequence[float] | np.ndarray = field(repr=False)
    dt: float
    recorded_unit: str
    start: float = 0.0

    def __post_init__(self) -> None:
        array = np.asarray(self.samples, dtype=float)
        if array.ndim != 1 or len(array) < 2 or not np.all(np.isfinite(array)):
            raise ModelError(
                f"a recorded signal of shape {array.shape}: give two or more finite samples in one "
                "dimension"
            )
        positive("the sampling interval", self.dt, "")
        unit, factor = KNOWN.get(self.recorded_unit, (self.recorded_unit, 1.0))
        object.__setattr__(self, "samples", factor * array)
        object.__setattr__(self, "recorded_unit", unit)

    @property
    def unit(self) -> str:
        return self.recorded_unit

    @property
    def rough(self) -> bool:
        return True  # a kink at every sample

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        known = self.start + self.dt * np.arange(len(self.samples))
        return np.interp(times, known, np.asarray(self.samples), left=0.0, right=0.0)

    def edges(self) -> Sequence[float]:
        return [self.start, self.start + self.dt * (len(self.samples) - 1)]
