"""What networks of conductance-based cells do in their stationary state, as mean fields put it."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import xarray as xr

from dynsys.errors import ModelError

BIN = 5.0  # ms, the bin T of the master equation
_LONGEST = 100.0  # ms of autocorrelation


def measured(run: xr.Dataset, after: float = 500.0, width: float = BIN) -> dict[str, float]:
    """Rates, covariances and membrane statistics of a run, by the names of the master equation.

    Parameters
    ----------
    run : of ``ConductanceNetwork.run``.
    after : ms left out at the start.
    width : ms, of the bins whose covariances are taken.

    Returns
    -------
    ``nu_`` (Hz) and ``c_`` (Hz^2) by population; ``mu_V_``, ``sigma_V_`` (mV), ``gamma_V_``
    (skewness) and ``tau_V_`` (ms, the integral of the autocorrelation) of potentials below the
    spike's onset and outside refractoriness, averaged over cells; ``mu_G_<source>_``,
    ``sigma_G_<source>_`` (nS); ``W_`` (pA); ``cv_`` of intervals between spikes and ``silent_``,
    the share of cells without spikes.

    Raises
    ------
    ModelError where less than two bins are left.

    Example
    -------
    >>> measured(run)["nu_e"]
    """
    populations = [str(k)[2:] for k in run if str(k).startswith("r_")]
    step = float(run["time"][1] - run["time"][0])
    rates = {k: run[f"r_{k}"].values[run["time"].values >= after] for k in populations}
    merged = {k: _binned(v, round(width / step)) for k, v in rates.items()}
    if min(map(len, merged.values())) < 2:
        raise ModelError(f"less than two bins of {width:g} ms are left after {after:g} ms")
    result = {f"nu_{k}": float(v.mean()) for k, v in rates.items()}
    for a, b in combinations_with_replacement(populations, 2):
        covariance = np.cov(merged[a], merged[b])[0, 1]
        result[f"c_{a}{b}" if len(a + b) == 2 else f"c_{a}_{b}"] = float(covariance)
    late = run.sel(sample=slice(after, None))
    for k in populations:
        result |= _membrane(late, k) | _trains(run, k, after)
    return result


def _binned(rate: np.ndarray, size: int) -> np.ndarray:
    count = len(rate) // size
    return rate[: count * size].reshape(count, size).mean(axis=1)


def _membrane(late: xr.Dataset, population: str) -> dict[str, float]:
    v = late[f"v_{population}"]
    held = np.abs(v.diff("sample")) < 1e-9  # refractory cells do not move
    free = v.isel(sample=slice(1, None)).where(~held)
    free = free.where(free < late.attrs[f"ceiling_{population}"])
    result = {
        f"mu_V_{population}": float(free.mean()),
        f"sigma_V_{population}": float(free.std("sample").mean()),
        **_shape(free.values, float(v["sample"][1] - v["sample"][0]), population),
    }
    for name in map(str, late):
        if name.startswith("G_") and name.endswith(f"_{population}"):
            short = name[2:]
            result[f"mu_G_{short}"] = float(late[name].mean())
            result[f"sigma_G_{short}"] = float(late[name].std("sample").mean())
    if f"w_{population}" in late:
        result[f"W_{population}"] = float(late[f"w_{population}"].mean())
    return result


def _shape(v: np.ndarray, step: float, population: str) -> dict[str, float]:
    """Skewness and autocorrelation time of potentials (cells, samples) with gaps (nan)."""
    z = v - np.nanmean(v, axis=1, keepdims=True)
    z /= np.nanstd(v, axis=1, keepdims=True)
    total = 0.5  # the trapezoidal rule begins with half of the correlation at lag 0, which is 1
    for lag in range(1, min(round(_LONGEST / step), v.shape[1] // 4)):
        correlation = float(np.nanmean(z[:, lag:] * z[:, :-lag]))
        if correlation <= 0:
            break
        total += correlation
    return {
        f"gamma_V_{population}": float(np.nanmean(z**3)),
        f"tau_V_{population}": step * total,
    }


def _trains(run: xr.Dataset, population: str, after: float) -> dict[str, float]:
    times = run[f"spike_time_{population}"].values
    cells = run[f"spike_cell_{population}"].values[times >= after]
    times = times[times >= after]
    order = np.lexsort((times, cells))
    same = np.diff(cells[order]) == 0
    intervals, owners = np.diff(times[order])[same], cells[order][1:][same]
    ratios = [
        part.std() / part.mean()
        for part in np.split(intervals, np.flatnonzero(np.diff(owners)) + 1)
        if len(part) >= 3
    ]
    count = run.attrs[f"neurons_{population}"]
    return {
        f"cv_{population}": float(np.mean(ratios)) if ratios else float("nan"),
        f"silent_{population}": 1.0 - len(np.unique(cells)) / count,
    }
