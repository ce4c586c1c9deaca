"""``RegimeMap``: what brute force found over a plane of two parameters, drawn and stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynsys.drawing import axis_label, canvas
from dynsys.errors import StorageError
from dynsys.netcdf import read_netcdf, write_netcdf
from dynsys.styles import Style

DIFFERENT = 5.0  # times ``swing``: how far apart the ends of two starts are two attractors
SETTLING = 0.8  # a swing that shrinks below this part from half to half dies out
_KIND = "dynsys regime map"


@dataclass(frozen=True)
class RegimeMap:
    """A plane of two parameters, every cell simulated from several starts.

    ``data`` holds ``minimum``, ``maximum``, ``mean`` (the observable's unit), ``frequency`` (Hz;
    0 at rest), ``oscillates`` (start, y, x), and ``coexistence`` (y, x): whether starts end
    differently. Cells whose runs are not finite are NaN. ``chart["maximum"]`` is
    ``chart.data["maximum"]``.
    """

    data: xr.Dataset

    def __getitem__(self, name: str) -> xr.DataArray:
        return self.data[name]

    @property
    def axes(self) -> tuple[str, str]:
        """The parameters along x and y."""
        upward, across = self.data["coexistence"].dims
        return str(across), str(upward)

    def plot(self, ax: Any = None, *, style: str = "default", **mesh: Any) -> Any:
        """Draw the maximum over all starts, borders of oscillations and of coexistence.

        ``style`` is "default" or "publication"; ``mesh`` are matplotlib's keywords for
        ``pcolormesh``. Returns the axes.
        """
        with canvas(ax, style, (5.4, 4.4)) as (ax, look):
            return self._drawn(ax, look, mesh)

    def _drawn(self, ax: Any, look: Style, mesh: dict[str, Any]) -> Any:
        across, upward = self.axes
        x, y = self.data[across], self.data[upward]
        highest = self.data["maximum"].max("start")
        own = {"cmap": "viridis", "shading": "nearest", "rasterized": True}
        image = ax.pcolormesh(x, y, highest, **own | mesh)
        word = highest.attrs.get("long_name", "maximum")
        ax.figure.colorbar(image, ax=ax).set_label(axis_label(word, self.data.attrs["unit"]))
        rhythm = self.data["oscillates"].any("start")
        for which, color, style in ((rhythm, "white", "-"), (self["coexistence"], "#7CFC8A", "--")):
            if min(which.shape) > 1 and 0 < int(which.sum()) < which.size:
                ax.contour(
                    x, y, which.astype(float), levels=[0.5], colors=[color], linestyles=[style],
                    linewidths=[1.4 * look.scale],
                )  # fmt: skip
        for name, label in ((across, ax.set_xlabel), (upward, ax.set_ylabel)):
            label(axis_label(name, self.data[name].attrs.get("units", "")))
        ax.set_title("oscillations: solid, coexistence: dashed", fontsize=look.names)
        return ax

    def save(self, path: str | Path) -> Path:
        """Write the map (NetCDF with checksums); StorageError where the place cannot be written."""
        return write_netcdf(self.data.assign_attrs(kind=_KIND), path)

    @classmethod
    def load(cls, path: str | Path) -> RegimeMap:
        """Read a map written by ``save``; StorageError for anything else."""
        data = read_netcdf(path).to_dataset()
        if data.attrs.get("kind") != _KIND or "coexistence" not in data:
            raise StorageError(f"{path} holds no regime map; write one with RegimeMap.save")
        for name in ("oscillates", "coexistence"):
            data[name] = data[name].astype(bool)
        return cls(data)

    def __repr__(self) -> str:
        across, upward = self.axes
        cells = self["coexistence"].size
        lost = int(self["maximum"].isnull().any("start").sum())
        parts = [
            f"<RegimeMap {self.data.attrs['model']}: {across} x {upward}, "
            f"{self.data.sizes[across]} x {self.data.sizes[upward]} cells from "
            f"{', '.join(map(str, self.data['start'].values))}",
            f"oscillations in {int(self['oscillates'].any('start').sum())} of {cells} cells",
            f"coexistence in {int(self['coexistence'].sum())}",
        ] + ([f"{lost} with runs that are not finite"] if lost else [])
        return "; ".join(parts) + ">"


def judged(data: xr.Dataset, swing: float | None) -> xr.Dataset:
    """The measures of a map with the verdicts: what oscillates, where starts end differently."""
    if swing is None:
        spread = float(data["maximum"].max() - data["minimum"].min())
        swing = 0.002 * spread if np.isfinite(spread) and spread > 0 else 0.0
    lasting = (data["swing"] > swing) & (data["decay"] > SETTLING)
    data["oscillates"] = lasting.assign_attrs(long_name="whether the motion lasts")
    # What a rhythm's range is by chance of sampling differs less than attractors do.
    apart = lasting.any("start") & ~lasting.all("start")
    for name in ("minimum", "maximum"):
        apart = apart | (data[name].max("start") - data[name].min("start") > DIFFERENT * swing)
    data["coexistence"] = apart.assign_attrs(long_name="whether starts end differently")
    data["frequency"] = data["frequency"].where(lasting | data["frequency"].isnull(), 0.0)
    return data.assign_attrs(swing=swing)
