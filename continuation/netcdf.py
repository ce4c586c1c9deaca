"""Writing tables to NetCDF files that tell how they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import xarray as xr

from dynsys import checks
from dynsys.errors import StorageError
from dynsys.netcdf import write_netcdf

FORMAT = 2


def with_head(data: xr.Dataset, head: dict[str, Any]) -> xr.Dataset:
    """The table with what made it as JSON in its attributes, and the number of the format."""
    return data.assign_attrs(dynsys=json.dumps({"format": FORMAT, **head}))


def head_of(data: xr.Dataset | xr.DataTree) -> dict[str, Any]:
    """What ``with_head`` wrote. Raises KeyError where the file is none of ours."""
    return json.loads(data.attrs["dynsys"])


def write(content: xr.Dataset | xr.DataTree, path: str | Path) -> Path:
    """Write to ``path``, ".nc" added where it is missing; complete or not at all."""
    path = checks.path("path", path)
    if not path.name:
        raise StorageError(f"{str(path)!r} is no name of a file; give one, such as 'branch.nc'")
    path = path if path.suffix == ".nc" else path.with_name(path.name + ".nc")
    return write_netcdf(content, path)
