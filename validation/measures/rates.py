"""Measures of population rates, the same for a run of the mean field and of the network.

Each takes a run (``dynsys.simulate`` or ``network.run``) and returns an ``Estimate``. Rates in
0.1 ms bins carry the noise of single spikes: maxima are those of the rate smoothed by a Gaussian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, welch

from dynsys.errors import ModelError
from validation.measures.estimates import Estimate, bootstrap, unmeasured

SMOOTH = 2.0  # ms: width of the Gaussian
BLOCK = 250.0  # ms: longer than the memory of the rates between cycles
_SKIP = 500.0  # ms left out at the start of a run by default
_HIGHEST = 70.0  # Hz: above it, published spectra are not looked at
_CYCLES = 8  # periods a segment of a spectrum should hold
_FUNDAMENTAL = 0.25  # of the strongest harmonic's power: what a fundamental has at least


def rate_of(
    run: xr.Dataset, population: str = "E", after: float | None = None, before: float | None = None
) -> tuple[np.ndarray, float]:
    """The rate (k,) in Hz of a population between two times, and its time step in ms.

    ``after`` is 500 ms by default, or a sixth of a shorter run.
    """
    name = population if population in run else f"r_{population}"
    if name not in run:
        known = [str(k) for k in run.data_vars if run[k].dims == ("time",)]
        raise ModelError(f"the run has no {name}; it has {', '.join(known)}")
    time = np.asarray(run["time"], dtype=float)
    if len(time) < 2:
        raise ModelError("the run is too short to measure anything")
    dt = float(time[1] - time[0])
    end = time[-1] + dt
    start = min(_SKIP, end / 6) if after is None else float(after)
    stop = end if before is None else float(before)
    chosen = np.asarray(run[name])[(time >= start - 1e-9) & (time < stop - 1e-9)].astype(float)
    if len(chosen) < 2:
        raise ModelError(
            f"nothing was recorded between {start:g} and {stop:g} ms of a run of {end:g} ms"
        )
    return chosen, dt


def smoothed(rate: np.ndarray, dt: float, width: float = SMOOTH) -> np.ndarray:
    """A rate (k,) smoothed by a Gaussian of ``width`` ms."""
    return gaussian_filter1d(rate, width / dt) if width > 0 else rate


def mean_rate(
    run: xr.Dataset, population: str = "E", after: float | None = None, before: float | None = None
) -> Estimate:
    """Mean rate in Hz; the interval comes from blocks of 250 ms, or of whole cycles.

    Example
    -------
    >>> mean_rate(run, "E", after=1000)
    """
    rate, dt = rate_of(run, population, after, before)
    period = _period(rate, dt)
    block = BLOCK if period is None else period * max(1, round(BLOCK / period))
    blocks = _blocks(rate, dt, block)
    whole = bootstrap(blocks.mean(axis=1), lambda b: float(b.mean()), "Hz")
    shift = float(rate.mean()) - whole.value if period is None else 0.0
    return Estimate(whole.value + shift, whole.low + shift, whole.high + shift, "Hz", whole.note)


def peak_rate(
    run: xr.Dataset, population: str = "E", after: float | None = None, before: float | None = None
) -> Estimate:
    """Mean height of the smoothed rate's maxima in Hz, one a cycle; its maximum without cycles."""
    rate, dt = rate_of(run, population, after, before)
    period = _period(rate, dt) or BLOCK
    blocks = _blocks(smoothed(rate, dt), dt, period)
    return bootstrap(blocks.max(axis=1), lambda b: float(b.mean()), "Hz")


@dataclass(frozen=True)
class Spectrum:
    """Power (k,) in Hz^2 at frequencies (k,) in Hz, averaged over segments."""

    frequency: np.ndarray
    power: np.ndarray


def spectrum(rate: np.ndarray, dt: float, window: float = 500.0) -> Spectrum:
    """Welch's spectrum with Hann windows of ``window`` ms, as published (scaled to Hz^2)."""
    length = min(round(window / dt), len(rate))
    frequency, power = welch(rate, 1000.0 / dt, window="hann", nperseg=length, scaling="spectrum")
    return Spectrum(frequency, power)


def dominant_frequency(
    run: xr.Dataset, population: str = "E", after: float | None = None, before: float | None = None
) -> Estimate:
    """Frequency in Hz of the strongest rhythm below 70 Hz.

    The peak of the spectrum of overlapping Hann segments that hold about eight periods, located
    between bins; the interval is a bootstrap over the segments, and no narrower than what so short
    a record resolves of a rhythm that varies so much between them. NaN where nothing stands out.
    """
    rate, dt = rate_of(run, population, after, before)
    period = _period(rate, dt)
    if period is None:
        return unmeasured("no rhythm", "Hz")
    coarse = max(1, round(0.5 / dt))  # nothing above 70 Hz is sought
    rate = rate[: len(rate) // coarse * coarse].reshape(-1, coarse).mean(axis=1)
    dt *= coarse
    length = int(min(len(rate) / 2, max(500.0, _CYCLES * period) / dt))
    starts = range(0, len(rate) - length + 1, max(1, length // 2))
    segments = np.stack([rate[s : s + length] for s in starts])
    segments = (segments - segments.mean(axis=1, keepdims=True)) * np.hanning(length)
    size = 1 << math.ceil(math.log2(16 * length))
    powers = np.abs(np.fft.rfft(segments, size)) ** 2
    frequency = np.fft.rfftfreq(size, dt / 1000)
    wanted = _about(_fundamental(frequency, powers.mean(axis=0), 1000 / period), frequency)
    powers, frequency = powers[:, wanted], frequency[wanted]

    def peak(chosen: np.ndarray) -> float:
        power = chosen.mean(axis=0)
        k = int(np.argmax(power))
        if 0 < k < len(power) - 1:
            left, middle, right = power[k - 1 : k + 2]
            shift = 0.5 * (left - right) / (left - 2 * middle + right)
            return float(frequency[k] + shift * (frequency[1] - frequency[0]))
        return float(frequency[k])

    found = bootstrap(powers, peak, "Hz")
    if found.value in (frequency[0], frequency[-1]):  # it still grows there: no peak
        return unmeasured("no rhythm: its spectrum has no peak next to the period", "Hz")
    strengths = powers.max(axis=1)
    varying = min(1.0, float(strengths.std(ddof=1) / strengths.mean()))
    resolved = max(frequency[1] - frequency[0], varying * 1000 / (len(rate) * dt))
    return found.widened(resolved / math.sqrt(12))


def _about(middle: float, frequency: np.ndarray) -> np.ndarray:
    """Which frequencies are next to one, nearer than its octaves."""
    return (frequency > 0.6 * middle) & (frequency < min(_HIGHEST, 1.6 * middle))


def _fundamental(frequency: np.ndarray, power: np.ndarray, guess: float) -> float:
    """The guess, or the strongest frequency above it where a noisy autocorrelation took a multiple
    of the period: next to the guess there is next to nothing."""
    above = (frequency > 0.6 * guess) & (frequency < _HIGHEST)
    strongest = int(np.argmax(np.where(above, power, 0.0)))
    alone = power[_about(guess, frequency)].max() < _FUNDAMENTAL * power[strongest]
    return float(frequency[strongest]) if alone else guess


LEAST_POWER = 1.0  # Hz^2: the published bound


def oscillation(
    run: xr.Dataset, population: str = "E", after: float | None = None, before: float | None = None
) -> tuple[float, float]:
    """The published measure: frequency (Hz) and power (Hz^2) of the strongest rhythm below 70 Hz.

    It counts as an oscillation above 1 Hz^2.

    Source: Cakan & Obermayer 2020, PLOS Comput Biol 16(4):e1007822 (methods).
    """
    rate, dt = rate_of(run, population, after, before)
    found = spectrum(rate, dt)
    wanted = (found.frequency > 0) & (found.frequency < _HIGHEST)
    k = int(np.argmax(found.power[wanted]))
    return float(found.frequency[wanted][k]), float(found.power[wanted][k])


def oscillates(run: xr.Dataset, population: str = "E", **window: float) -> bool:
    """Whether a rhythm reaches the published power of 1 Hz^2."""
    return oscillation(run, population, **window)[1] > LEAST_POWER


LEAST_STEP = 10.0  # Hz between down and up: the published bound


def bistability(run: xr.Dataset, population: str = "E") -> Estimate:
    """Mean rate (Hz) in the last sixth less that in the third, after ``bistability_detector``.

    Bistable from 10 Hz on. The run must be driven by the detector over its whole length.

    Source: Cakan & Obermayer 2020 (methods).
    """
    time = np.asarray(run["time"], dtype=float)
    sixth = (time[-1] + time[1] - 2 * time[0]) / 6
    up = mean_rate(run, population, after=5 * sixth, before=6 * sixth)
    down = mean_rate(run, population, after=2 * sixth, before=3 * sixth)
    half = 1.96 * math.hypot(up.error, down.error)
    value = up.value - down.value
    return Estimate(value, value - half, value + half, "Hz")


def switching_times(
    run: xr.Dataset, border: float, population: str = "E", width: float = 20.0
) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) at which the smoothed rate crosses ``border`` upwards and downwards.

    ``width``: of the Gaussian, ms; longer than a cycle, so that a rhythm does not count.
    """
    rate, dt = rate_of(run, population, after=0.0)
    above = smoothed(rate, dt, width) > border
    start = float(run["time"][0])
    up = np.flatnonzero(~above[:-1] & above[1:]) * dt + start
    down = np.flatnonzero(above[:-1] & ~above[1:]) * dt + start
    return up, down


def _blocks(rate: np.ndarray, dt: float, block: float) -> np.ndarray:
    """Whole blocks (b, m) of a rate; at least three."""
    length = min(max(1, round(block / dt)), len(rate) // 3)
    count = len(rate) // length
    return rate[: count * length].reshape(count, length)


def _period(rate: np.ndarray, dt: float) -> float | None:
    """A rough period in ms: the first high maximum of the autocorrelation; None without rhythm."""
    if len(rate) * dt < 50:
        return None
    coarse = max(1, round(1.0 / dt))
    signal = rate[: len(rate) // coarse * coarse].reshape(-1, coarse).mean(axis=1)
    signal = smoothed(signal - signal.mean(), dt * coarse, 2 * SMOOTH)
    count = len(signal)
    power = np.abs(np.fft.rfft(signal, 2 * count)) ** 2
    overlap = np.arange(count, 0, -1) / count
    correlation = np.fft.irfft(power)[:count] / overlap
    if not correlation[0] > 0:
        return None
    correlation /= correlation[0]
    # At least three periods must be seen.
    peaks, _ = find_peaks(correlation[: count // 3], height=0.2, prominence=0.2)
    if not len(peaks):
        return None
    # The first of nearly the highest: later ones are its multiples.
    high = correlation[peaks].max()
    first = int(peaks[correlation[peaks] > 0.7 * high][0])
    return first * dt * coarse
