"""``Estimate``: a measured number with its uncertainty; block bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

RESAMPLES = 400
CONFIDENCE = 0.95
_NORMAL = 1.96  # standard errors in a 95 % interval


@dataclass(frozen=True)
class Estimate:
    """A number, the interval (``low``, ``high``) that holds it with 95 % confidence, its unit.

    NaN where nothing could be measured; ``note`` says why.
    """

    value: float
    low: float
    high: float
    unit: str = ""
    note: str = ""

    @property
    def error(self) -> float:
        """Half the width of the interval over 1.96: a standard error."""
        return (self.high - self.low) / (2 * _NORMAL)

    def widened(self, error: float) -> Estimate:
        """The same with an interval of at least so large a standard error; unknown stays so."""
        half = _NORMAL * error
        low, high = self.low, self.high
        if self.high - self.low < 2 * half:
            low, high = min(low, self.value - half), max(high, self.value + half)
        return replace(self, low=low, high=high)

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if math.isnan(self.value):
            return self.note or "not measured"
        spread = max(self.high - self.value, self.value - self.low)
        digits = 2 if not spread > 0 else max(0, 1 - math.floor(math.log10(spread)))
        text = f"{self.value:.{digits}f} ± {spread:.{digits}f} {self.unit}".rstrip()
        return f"{text} ({self.note})" if self.note else text

    __repr__ = __str__


def unmeasured(note: str, unit: str = "") -> Estimate:
    """An estimate of nothing, with the reason."""
    return Estimate(math.nan, math.nan, math.nan, unit, note)


def bootstrap(
    samples: np.ndarray, statistic: Callable[[np.ndarray], float], unit: str, seed: int = 0
) -> Estimate:
    """A statistic of samples (k, ...) that are independent along their first axis.

    The interval is the basic bootstrap's, of ``RESAMPLES`` drawings with repetition, widened for
    few samples by sqrt(k / (k - 1)) and as Student's quantile is wider than the normal one.

    Source: Künsch 1989, Ann Stat 17:1217 (blocks of a series as samples).
    """
    samples = np.asarray(samples)
    value, count = float(statistic(samples)), len(samples)
    if count < 2:
        return Estimate(value, math.nan, math.nan, unit, "one block: uncertainty unknown")
    generator = np.random.default_rng(seed)
    drawn = np.array(
        [statistic(samples[generator.integers(0, count, count)]) for _ in range(RESAMPLES)]
    )
    if not np.isfinite(drawn).any():
        return unmeasured("the run does not stay finite", unit)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn[np.isfinite(drawn)], [tail, 100 - tail])
    wide = math.sqrt(count / (count - 1)) * stdtrit(count - 1, 0.5 + CONFIDENCE / 2) / _NORMAL
    low, high = min(low, value), max(high, value)
    return Estimate(value, value - wide * (value - low), value + wide * (high - value), unit)


def of_seeds(values: Sequence[float], unit: str) -> Estimate:
    """The mean of measurements (k,) with different seeds, with Student's interval."""
    array = np.asarray(values, dtype=float)
    array = array[np.isfinite(array)]
    if not len(array):
        return unmeasured("no seed gave a value", unit)
    mean = float(array.mean())
    if len(array) == 1:
        return Estimate(mean, math.nan, math.nan, unit, "one seed: uncertainty unknown")
    half = float(stdtrit(len(array) - 1, 0.5 + CONFIDENCE / 2) * array.std(ddof=1))
    half /= math.sqrt(len(array))
    return Estimate(mean, mean - half, mean + half, unit)
