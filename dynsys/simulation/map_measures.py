"""What the cells of a map are told by: range, mean and frequency of a recorded course."""

from __future__ import annotations

import math

import numpy as np
from numba import types

from dynsys.compiled.kernels import MATRIX
from dynsys.numba_cache import njit

MEASURES = ("minimum", "maximum", "mean", "frequency", "swing", "decay")
_HIGH, _LOW = 0.6, 0.4  # of the range: an upward crossing passes from below the one above the other


@njit([types.void(MATRIX, types.float64, MATRIX)], cache=True, nogil=True)
def measure(values, spacing, out):
    """Measure every row (samples) of values; out (rows, 6) in the order of ``MEASURES``.

    Frequency: of upward crossings of the middle of the range, per unit of ``spacing``, from the
    first to the last; 0 without two of them. Swing: range of the second half of the course.
    Decay: that by the range of the first half. NaN for courses that are not finite.
    """
    samples = values.shape[1]
    half = samples // 2
    for k in range(values.shape[0]):
        row = values[k]
        low, high, total = math.inf, -math.inf, 0.0
        first_low, first_high = math.inf, -math.inf
        for i in range(samples):
            if i == half:
                first_low, first_high = low, high
                low, high = math.inf, -math.inf
            low, high = min(low, row[i]), max(high, row[i])
            total += row[i]
        out[k, 4] = high - low
        out[k, 5] = (high - low) / max(first_high - first_low, 1e-300)
        low, high = min(low, first_low), max(high, first_high)
        out[k, 0], out[k, 1], out[k, 2] = low, high, total / samples
        up, down = low + _HIGH * (high - low), low + _LOW * (high - low)
        middle = (low + high) / 2
        first, last, count = 0.0, 0.0, 0
        below, candidate = False, 0.0
        for i in range(samples):
            if row[i] < down:
                below = True
            if below and i > 0 and row[i - 1] < middle <= row[i]:
                candidate = i - (row[i] - middle) / (row[i] - row[i - 1])
            if below and row[i] > up:
                first = candidate if count == 0 else first
                last = candidate
                count += 1
                below = False
        out[k, 3] = (count - 1) / ((last - first) * spacing) if count > 1 else 0.0
        if not math.isfinite(total):
            out[k] = np.nan
