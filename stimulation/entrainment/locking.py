"""Phase locking: order parameter, phase-locking value, rotation number, significance.

Source of R(t) and of its bound for locking: Cakan & Obermayer 2020, PLOS Comput Biol
16(4):e1007822 (figure 6). Phase-locking value: Lachaux et al. 1999, Hum Brain Mapp 8:194.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.journal import whole
from dynsys.typed import typed
from stimulation.entrainment.phases import phase

LOCKED_BELOW = 0.15  # standard deviation of R(t); a uniform drift has 0.308


@dataclass(frozen=True)
class Locking:
    """How a response follows a stimulus.

    ``order_parameter`` R(t) over time, its ``mean`` and ``deviation``; ``value``: length of the
    mean resultant of the phase difference n * stimulus - m * response; ``preferred`` phase
    difference in cycles; ``rotation``: response cycles per stimulus cycle; ``p_value`` of the
    phase-locking value against surrogates (nan where none were asked for).
    """

    order_parameter: xr.DataArray
    difference: np.ndarray
    mean: float
    deviation: float
    value: float
    preferred: float
    rotation: float
    p_value: float

    @property
    def locked(self) -> bool:
        """The published criterion: R(t) hardly varies (meaningful for 1:1)."""
        return self.deviation < LOCKED_BELOW

    def histogram(self, bins: int = 20) -> tuple[np.ndarray, np.ndarray]:
        """Density of the phase difference over 0..1 cycles and the edges of its bins."""
        return np.histogram(self.difference % 1.0, bins=bins, range=(0, 1), density=True)

    def __str__(self) -> str:
        verdict = "locked" if self.locked else "not locked"
        text = (
            f"{verdict}: R = {self.mean:.3f} +- {self.deviation:.3f}, phase-locking value "
            f"{self.value:.4f} at {self.preferred:.3f} cycles, {self.rotation:.5f} response cycles "
            "per stimulus cycle"
        )
        return text if np.isnan(self.p_value) else f"{text}, p = {self.p_value:.3g}"

    __repr__ = __str__


@typed
def order_parameter(response: np.ndarray, stimulus: np.ndarray) -> np.ndarray:
    """``|exp(2 pi i response) + exp(2 pi i stimulus)| / 2`` of two phases (k,) in cycles."""
    r, s = np.asarray(response), np.asarray(stimulus)
    if r.shape != s.shape:
        raise ModelError(f"the response has shape {r.shape}, the stimulus {s.shape}")
    return np.abs(np.exp(2j * np.pi * r) + np.exp(2j * np.pi * s)) / 2


@whole()
@typed
def phase_locking(
    response: xr.DataArray | np.ndarray,
    stimulus: xr.DataArray | np.ndarray,
    dt: float | None = None,
    ratio: tuple[int, int] = (1, 1),
    method: str = "peaks",
    smooth: float = 5.0,
    surrogates: int = 0,
    seed: int = 0,
) -> Locking:
    """How the phase of a response follows that of a stimulus.

    Parameters
    ----------
    response, stimulus : samples (k,) at the same times, for instance ``run["r_E"]`` and
        ``waveform.values(run["time"])``. A response of ``asymptotic_phases`` is a phase already;
        the stimulus is then a DataArray over times of its own that cover those of the phases.
    dt : sampling interval; taken from the time coordinate of a DataArray.
    ratio : (response cycles, stimulus cycles) expected.
    method, smooth : see ``stimulation.entrainment.phases.phase``; the stimulus is never smoothed.
    surrogates : how many random circular shifts of the response's cycles estimate ``p_value``.

    Raises
    ------
    ModelError
        for signals of different lengths or fewer than two cycles.

    Example
    -------
    >>> phase_locking(run["r_E"], sine.values(run["time"].values)).locked
    """
    _check_ratio(ratio)
    if isinstance(response, xr.DataArray) and response.attrs.get("units") == "cycles":
        r, s = response.values, _phase_at(response["time"].values, stimulus, method)
        times = response["time"].values
    else:
        r, s, times = _phases(response, stimulus, dt, method, smooth)
    known = np.isfinite(r) & np.isfinite(s)
    if known.sum() < 2:
        raise ModelError("response and stimulus share no whole cycle; simulate longer")
    r, s, times = r[known], s[known], times[known]
    R = order_parameter(r, s)
    n, m = ratio
    difference = n * s - m * r
    resultant = np.mean(np.exp(2j * np.pi * difference))
    p_value = _significance(r, s, ratio, surrogates, seed) if surrogates else np.nan
    return Locking(
        order_parameter=xr.DataArray(R, dims="time", coords={"time": times}, name="R"),
        difference=difference,
        mean=float(R.mean()),
        deviation=float(R.std()),
        value=float(abs(resultant)),
        preferred=float(np.angle(resultant) / (2 * np.pi) % 1.0),
        rotation=rotation_number(r, s),
        p_value=p_value,
    )


def _phases(
    response: xr.DataArray | np.ndarray, stimulus: xr.DataArray | np.ndarray, dt: float | None,
    method: str, smooth: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Phases of two signals sampled together, and their times."""
    if dt is None:
        if not isinstance(response, xr.DataArray) or "time" not in response.coords:
            raise ModelError("give dt, the time between samples, or a DataArray over time")
        dt = float(response["time"][1] - response["time"][0])
    first, second = np.asarray(response, dtype=float), np.asarray(stimulus, dtype=float)
    if first.shape != second.shape:
        raise ModelError(f"the response has shape {first.shape}, the stimulus {second.shape}")
    times = dt * np.arange(len(first))
    if isinstance(response, xr.DataArray):
        times = np.asarray(response["time"])
    return phase(first, dt, method, smooth), phase(second, dt, method, 0.0), times


def _phase_at(times: np.ndarray, stimulus: xr.DataArray | np.ndarray, method: str) -> np.ndarray:
    """The phase of a stimulus at the times of given phases."""
    if not isinstance(stimulus, xr.DataArray) or "time" not in stimulus.coords:
        raise ModelError(
            "the response is a phase, sampled more coarsely than a stimulus has to be: give the "
            "stimulus as a DataArray over its own times"
        )
    own = stimulus["time"].values
    values = phase(stimulus.values, float(own[1] - own[0]), method, 0.0)
    return np.interp(times, own, values, left=np.nan, right=np.nan)


def rotation_number(response: np.ndarray, stimulus: np.ndarray) -> float:
    """Response cycles per stimulus cycle: the slope of one phase (k,) over the other."""
    return float(np.polyfit(stimulus - stimulus[0], response - response[0], 1)[0])


def _significance(
    r: np.ndarray, s: np.ndarray, ratio: tuple[int, int], count: int, seed: int
) -> float:
    """Share of surrogates at least as locked: the response's cycles in random order.

    Whole cycles are permuted, so that a surrogate keeps the distribution of periods (and of
    waveforms) and loses their relation to the stimulus.
    """
    n, m = ratio
    observed = abs(np.mean(np.exp(2j * np.pi * (n * s - m * r))))
    generator = np.random.default_rng(seed)
    cycle = np.floor(r - np.floor(r[0])).astype(int)
    pieces = [r[cycle == k] for k in range(cycle.max() + 1)]
    reached = 0
    for _ in range(count):
        order = generator.permutation(len(pieces))
        start = generator.random()
        # The phase within a cycle is kept, its place in time is not.
        surrogate = np.concatenate([pieces[k] for k in order]) + start
        reached += abs(np.mean(np.exp(2j * np.pi * (n * s - m * surrogate)))) >= observed
    return (reached + 1) / (count + 1)


def _check_ratio(ratio: tuple[int, int]) -> None:
    if not isinstance(ratio, (tuple, list)) or len(ratio) != 2:
        raise ModelError(f"the ratio {ratio!r} must be two numbers: (response, stimulus) cycles")
    for cycles in ratio:
        checks.whole("a part of the ratio (response, stimulus) cycles", cycles, least=1)
