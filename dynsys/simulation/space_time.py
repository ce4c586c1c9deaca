"""Activity in space and time: its figure, and when it reaches a place."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from dynsys.drawing import axis_label, canvas
from dynsys.errors import ModelError, unknown_name
from dynsys.typed import typed


@typed
def onset_latency(
    run: xr.Dataset, variable: str = "dV_N", fraction: float = 0.25, before: float | None = None
) -> xr.DataArray:
    """When a variable first reaches a fraction of its largest rise, at every place.

    Parameters
    ----------
    run : result of ``Ring.simulate`` or ``simulate_nodes``, from rest.
    variable : one over ``time`` and one further dimension.
    fraction : of the largest rise above the first record at this place; 1/4 in Zerlaut et al.
        2018, 1/5 in the figures of its programs.
    before : only what happens before this time counts; the whole run by default.

    Returns
    -------
    DataArray over places, in the run's time unit, between records by linear interpolation; NaN
    where nothing rises.

    Raises
    ------
    UnknownNameError for a variable the run does not have, ModelError for a fraction outside (0, 1)
    and a variable without time.

    Example
    -------
    >>> onset_latency(ring("zerlaut2018").simulate()).plot()
    """
    values = _over_time(run, variable)
    if not 0 < fraction < 1:
        raise ModelError(f"the fraction is {fraction:g}; it must lie between 0 and 1")
    if before is not None:
        values = values.sel(time=slice(None, before))
    time = values["time"].values
    array = values.values - values.values[:1]
    height = array.max(axis=0)
    level = fraction * height
    above = array >= level
    k = np.argmax(above, axis=0)
    place = np.arange(array.shape[1])
    left = np.maximum(k - 1, 0)
    low, high = array[left, place], array[k, place]
    with np.errstate(all="ignore"):
        part = np.where(k > 0, (level - low) / (high - low), 0.0)
    latency = time[left] + part * (time[k] - time[left])
    # Rounding of a state at rest is no rise.
    still = height <= 1e-9 * np.max(np.abs(values.values), axis=0)
    result = values.isel(time=0, drop=True).copy(data=np.where(still, np.nan, latency))
    result.name = "latency"
    result.attrs = {
        "units": values["time"].attrs.get("units", ""),
        "long_name": f"{variable} reaches {fraction:g} of its largest rise",
    }
    return result


@typed
def plot_space_time(
    run: xr.Dataset, variable: str = "dV_N", ax: Any = None, *, style: str = "default", **mesh: Any
) -> Any:
    """Draw a variable over time and place as colours; returns the axes.

    ``style`` is "default" or "publication"; ``mesh`` are matplotlib's keywords for ``pcolormesh``.

    Raises
    ------
    UnknownNameError for a variable the run does not have, ModelError for one without time.

    Example
    -------
    >>> plot_space_time(ring("zerlaut2018").simulate(), "nu_e")
    """
    values = _over_time(run, variable)
    place = values.dims[1]
    numbers = np.issubdtype(values[place].dtype, np.number)
    y = values[place].values if numbers else np.arange(values.sizes[place])
    with canvas(ax, style, (5.5, 3.5)) as (ax, _):
        own = {"shading": "nearest", "rasterized": True}
        image = ax.pcolormesh(values["time"].values, y, values.values.T, **own | mesh)
        if not numbers:
            ax.set_yticks(y, values[place].values)
        ax.set_xlabel(_with_unit("time", values["time"]))
        ax.set_ylabel(_with_unit(str(place), values[place]))
        ax.figure.colorbar(image, ax=ax).set_label(_with_unit(variable, values))
    return ax


def _with_unit(name: str, array: xr.DataArray) -> str:
    return axis_label(name, array.attrs.get("units", ""))


def _over_time(run: xr.Dataset, variable: str) -> xr.DataArray:
    if variable not in run:
        raise unknown_name("variable", variable, map(str, run.data_vars), "the run")
    values = run[variable]
    if values.ndim != 2 or values.dims[0] != "time":
        raise ModelError(
            f"{variable} is over {', '.join(map(str, values.dims)) or 'nothing'}; give a variable "
            "over time and places"
        )
    return values
