"""The phase of a signal: linear between its peaks or crossings, or by the Hilbert transform.

Phases are in cycles and increase; they are NaN before the first and after the last mark.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, hilbert

from dynsys.errors import ModelError, unknown_name

METHODS = ("peaks", "crossings", "hilbert")
_LONGEST, _SAME = 4, 0.03  # periods tried; deviation, of the signal's own


def crossings(values: np.ndarray, dt: float) -> np.ndarray:
    """Times at which a signal rises through the middle of its range, once a cycle.

    It must have fallen below the lower third before it counts again.
    """
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return np.zeros(0)
    middle, lower = (low + high) / 2, low + (high - low) / 3
    rising = np.flatnonzero((values[:-1] < middle) & (values[1:] >= middle))
    below = np.flatnonzero(values < lower)
    if not len(rising) or not len(below):
        return np.zeros(0)
    # The last sample below the lower third before each rise tells its cycle.
    cycle = np.searchsorted(below, rising, side="right") - 1
    marks = np.where(cycle >= 0, below[np.maximum(cycle, 0)], -1)
    first = np.append(True, np.diff(marks) > 0) & (marks >= 0)
    at = rising[first]
    part = (middle - values[at]) / (values[at + 1] - values[at])
    return (at + part) * dt


def peaks(values: np.ndarray, dt: float, smooth: float = 5.0) -> np.ndarray:
    """Times of the maxima of a signal smoothed by a Gaussian of width ``smooth`` (time units)."""
    smoothed = gaussian_filter1d(values, smooth / dt) if smooth > 0 else values
    span = float(np.ptp(smoothed))
    if not span > 0:
        return np.zeros(0)
    at, _ = find_peaks(smoothed, prominence=0.1 * span)
    # The vertex of a parabola through three samples.
    left, middle, right = smoothed[at - 1], smoothed[at], smoothed[at + 1]
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return (at + shift) * dt


def phase(values: np.ndarray, dt: float, method: str = "peaks", smooth: float = 5.0) -> np.ndarray:
    """Phase (k,) in cycles of a signal sampled every ``dt``.

    Parameters
    ----------
    method : "peaks" (linear between successive maxima of the smoothed signal, as published),
        "crossings" (between rises through the middle) or "hilbert" (analytic signal about the
        mean).
    smooth : width of the Gaussian for "peaks", in the unit of ``dt`` (5 ms in the publication).

    Raises
    ------
    ModelError
        for fewer than two cycles.
    """
    values = np.asarray(values, dtype=float)
    if method not in METHODS:
        raise unknown_name("phase", method, METHODS, "phase_locking")
    if values.ndim != 1 or not np.all(np.isfinite(values)):
        raise ModelError(f"a signal of shape {values.shape}: give finite samples, one dimension")
    if method == "hilbert":
        return np.unwrap(np.angle(hilbert(values - values.mean()))) / (2 * np.pi)
    marks = peaks(values, dt, smooth) if method == "peaks" else crossings(values, dt)
    if len(marks) < 2:
        raise ModelError(
            f"the signal has {len(marks)} {method} in {len(values) * dt:g} time units; "
            "two cycles are needed: simulate longer, or nothing oscillates"
        )
    times = dt * np.arange(len(values))
    return np.interp(times, marks, np.arange(len(marks)), left=np.nan, right=np.nan)


def repeats_after(values: np.ndarray, period: float) -> int:
    """The smallest number of stimulus periods (in samples) after which a signal repeats, or 0."""
    spline = CubicSpline(np.arange(len(values)), values)
    for cycles in range(1, _LONGEST + 1):
        last = len(values) - 1 - cycles * period
        start = max(len(values) / 2, 0.0)
        if last - start < 2 * period:
            break
        times = np.arange(start, last)
        difference = spline(times + cycles * period) - spline(times)
        if np.sqrt(np.mean(difference**2)) < _SAME * np.std(values):
            return cycles
    return 0
