"""Results as pandas tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def point_frame(data: xr.Dataset) -> pd.DataFrame:
    """One row for every point of a curve, a column for each quantity of one number a point.

    ``frame.attrs["units"]`` has the units. Eigenvalues, multipliers and full states, which have
    several numbers a point, stay in the result's ``data``.
    """
    names = [name for name, column in data.data_vars.items() if column.dims == ("point",)]
    frame = data[names].to_dataframe().reset_index(drop=True)
    frame.attrs["units"] = {str(k): data[k].attrs.get("units", "") for k in names}
    return frame


def row_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One row for every record, a column for whatever any of them has."""
    import pandas  # takes a fifth of a second to load

    return pandas.DataFrame(list(rows))
