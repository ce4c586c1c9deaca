"""Results as NetCDF files with checksums, read within limits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import xarray as xr

from dynsys.checksums import damages, place_of, sealed
from dynsys.errors import StorageError
from dynsys.storage import LARGEST, write_atomically

_MOST_PARTS = 10_000  # groups and variables: a large diagram has some hundreds
_TEXT = 64  # bytes that a text in memory takes at least


def write_netcdf(content: xr.Dataset | xr.DataTree, path: str | Path) -> Path:
    """Write a dataset or a tree of them with checksums of all it holds; complete or not at all.

    Raises StorageError where the place cannot be written.
    """
    whole: Any = sealed(xr.DataTree(content) if isinstance(content, xr.Dataset) else content)
    if isinstance(content, xr.Dataset):
        whole = whole.to_dataset()
    return write_atomically(Path(path), lambda draft: whole.to_netcdf(draft, engine="netcdf4"))


def read_netcdf(path: str | Path) -> xr.DataTree:
    """Read a file into memory and compare it with its checksums, where it carries some.

    Raises StorageError for a file that is missing, no NetCDF, larger than any of ours, or changed
    since it was written: then it names what is damaged and what is not.
    """
    try:
        _check_size(path)
        with xr.open_datatree(Path(path), engine="netcdf4") as tree:
            content = tree.load()
        found = damages(content)
    except StorageError:
        raise
    except Exception as error:  # whatever the libraries raise for damaged bytes
        raise StorageError(f"{path} cannot be read ({error!r}); compute it again") from error
    if found:
        raise StorageError(
            f"{path} is damaged or was changed: {_words(found)} differ from what was written"
            f"{_left(content, found)}; compute it again"
        )
    return content


def _check_size(path: str | Path) -> None:
    """Refuse what would fill the memory, before anything is allocated: a file of a few kilobytes
    can declare arrays of any size."""
    import netCDF4

    with netCDF4.Dataset(Path(path)) as file:
        parts, size = 0, 0.0
        waiting: list[Any] = [file]
        while waiting:
            group = waiting.pop()
            variables = group.variables.values()
            parts += 1 + len(variables)
            waiting += group.groups.values()
            size += sum(math.prod(v.shape) * _width(v.dtype) for v in variables)
            if parts > _MOST_PARTS or size > LARGEST:
                raise StorageError(
                    f"{path} is none of our files: it unfolds to {size / 1e9:.3g} GB in {parts} "
                    f"parts or more; read are up to {LARGEST / 1e9:g} GB and {_MOST_PARTS} parts"
                )


def _width(dtype: Any) -> int:
    return _TEXT if dtype is str else dtype.itemsize


def _words(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} others" * (len(names) > most))


def _left(content: xr.DataTree, found: list[str]) -> str:
    """What can still be trusted, and how to get at it."""
    known = {
        f"{place_of(node)}{name}"
        for node in content.subtree
        for name in node.to_dataset(inherit=False).variables
    }
    good = sorted(known - set(found))
    if not good:
        return ", and nothing else is in it"
    return f"; unchanged are {_words(good)} (xarray.open_datatree(path) reads them)"
