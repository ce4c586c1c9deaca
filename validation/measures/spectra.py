"""Power spectral densities of measured rates, as ``continuation.rate_spectrum`` predicts them."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.signal import welch

from dynsys.errors import ModelError
from validation.measures.rates import rate_of

WINDOW = 1000.0  # ms, of Hann segments that overlap by half
_OVERLAP = 1 + 2 / 36  # variance of an average of such segments, times their number


def power_density(
    run: xr.Dataset, rate: str = "r_E", window: float = WINDOW, after: float | None = None
) -> xr.Dataset:
    """One-sided power spectral density of a rate over ``frequency``, Hz^2/Hz.

    Welch's method: Hann segments of ``window`` ms that overlap by half.

    Parameters
    ----------
    rate : "r_E", or "E".
    window : its inverse is the resolution.
    after : ms left out at the start, as of ``rate_of``.

    Returns
    -------
    Dataset of ``power`` and ``error``, its standard error.

    Raises
    ------
    ModelError for runs shorter than two windows.

    Source: Welch 1967, IEEE Trans Audio Electroacoust 15:70 (error of overlapping segments).

    Example
    -------
    >>> power_density(network.run(20_000), "r_E")["power"].sel(frequency=25)
    """
    values, dt = rate_of(run, rate, after)
    length = round(window / dt)
    segments = (len(values) - length) // (length // 2) + 1
    if segments < 3:
        raise ModelError(
            f"{len(values) * dt:g} ms hold no two windows of {window:g} ms; run longer, or choose "
            "a shorter window"
        )
    frequency, power = welch(values, 1000.0 / dt, window="hann", nperseg=length)
    inside = frequency > 0
    units = {"units": "Hz^2/Hz"}
    return xr.Dataset(
        {
            "power": ("frequency", power[inside], units),
            "error": ("frequency", power[inside] * np.sqrt(_OVERLAP / segments), units),
        },
        coords={"frequency": ("frequency", frequency[inside], {"units": "Hz"})},
        attrs={"window": window, "segments": segments},
    )


def at_frequencies(density: xr.Dataset, frequencies: np.ndarray, half: float = 1.0) -> xr.Dataset:
    """The density near some frequencies: means over ``half`` Hz to both sides, with their errors.

    Neighbouring bins of a Hann window are correlated: of n bins, 2 n / 3 count.
    """
    known = density["frequency"].values
    rows = []
    for frequency in np.atleast_1d(frequencies):
        near = np.abs(known - frequency) <= half
        if not near.any():
            raise ModelError(f"{frequency:g} Hz lies outside the measured spectrum")
        count = max(1.0, 2 * near.sum() / 3)
        power = float(density["power"].values[near].mean())
        error = float(density["error"].values[near].mean() / np.sqrt(count))
        rows.append((power, error))
    power, error = np.array(rows).T
    return xr.Dataset(
        {"power": ("frequency", power), "error": ("frequency", error)},
        coords={"frequency": np.atleast_1d(frequencies)},
    )
