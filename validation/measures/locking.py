"""How the rate of a run follows a stimulus, the same for mean field and network, with intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from dynsys.errors import ModelError
from stimulation import Waveform, phase_locking
from stimulation.entrainment.locking import Locking
from validation.measures.estimates import Estimate, unmeasured
from validation.measures.rates import rate_of, smoothed

_PARTS = 6  # of a run, from whose spread the interval comes


def locking_value(
    run: xr.Dataset, stimulus: Waveform, population: str = "E", after: float | None = None
) -> Estimate:
    """Phase-locking value of a rate and a stimulus: 1 locked, 0 unrelated; NaN without cycles.

    The stimulus is in the run's time. Source: Lachaux et al. 1999, Hum Brain Mapp 8:194.

    Example
    -------
    >>> locking_value(run, Sine("20 pA", frequency=24.0), after=1000)
    """
    return _measured(run, stimulus, population, after, lambda found: found.value)


def rotation_number(
    run: xr.Dataset, stimulus: Waveform, population: str = "E", after: float | None = None
) -> Estimate:
    """Cycles of a rate per cycle of a stimulus; NaN without cycles."""
    return _measured(run, stimulus, population, after, lambda found: found.rotation)


def _measured(
    run: xr.Dataset, stimulus: Waveform, population: str, after: float | None,
    measure: Callable[[Locking], float],
) -> Estimate:  # fmt: skip
    """A measure of the whole run; the interval is that of the mean of parts of it."""
    rate, dt = rate_of(run, population, after)
    end = float(run["time"][-1]) + dt
    values = stimulus.values(end - dt * np.arange(len(rate), 0, -1))
    rate = smoothed(rate, dt)
    try:
        whole = measure(phase_locking(rate, values, dt=dt))
        pieces = np.array_split(np.arange(len(rate)), _PARTS)
        each = [measure(phase_locking(rate[p], values[p], dt=dt)) for p in pieces]
    except ModelError as error:
        return unmeasured(f"no cycles: {error}")
    half = 1.96 * float(np.std(each, ddof=1)) / np.sqrt(_PARTS)
    return Estimate(whole, whole - half, whole + half)
