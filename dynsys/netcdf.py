"""Results as NetCDF files with checksums, read within limits."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
import tempfile
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import xarray as xr

from dynsys.checksums import SEAL, damages, sealed, variables
from dynsys.children import child_environment, python
from dynsys.errors import StorageError
from dynsys.interruption import ANSWER, interruptible
from dynsys.storage import LARGEST, write_atomically

_MOST_PARTS = 10_000  # groups and variables: a large diagram has some hundreds
_TEXT = 64  # bytes that a text in memory takes at least
_MARK = b"\ndynsys-sha256:"
_PATIENCE = 600  # s: for hundreds of megabytes on a busy machine


def write_netcdf(content: xr.Dataset | xr.DataTree, path: str | Path) -> Path:
    """Write a dataset or a tree of them with checksums of all it holds; complete or not at all.

    The last bytes of the file, which NetCDF does not look at, are a checksum of all others.

    Raises StorageError where the place cannot be written.
    """
    whole: Any = sealed(xr.DataTree(content) if isinstance(content, xr.Dataset) else content)
    if isinstance(content, xr.Dataset):
        whole = whole.to_dataset()

    def write(draft: Path) -> None:
        try:
            fill_draft(draft, whole)
        except RuntimeError as error:  # what HDF5 makes of a disk that is full
            raise OSError(f"{error}: is there no room?") from error
        mark = _MARK + _digest(draft, draft.stat().st_size)
        with open(draft, "ab") as file:
            file.write(mark)

    return write_atomically(Path(path), write)


def fill_draft(draft: Path, content: xr.Dataset | xr.DataTree) -> None:
    """Write a file, in a thread of its own: what interrupts xarray between its locks leaves them
    closed, and whoever writes or closes next waits for ever."""
    import netCDF4  # noqa: F401  here, where it may be interrupted

    given_up, ended = threading.Event(), threading.Event()

    def write() -> None:
        try:
            if not given_up.is_set():
                content.to_netcdf(draft, engine="netcdf4")
        finally:
            ended.set()
            if given_up.is_set():
                draft.unlink(missing_ok=True)

    try:
        with _by_this_process():
            interruptible(write)
    except KeyboardInterrupt:
        given_up.set()
        ended.wait(ANSWER)
        raise


def _by_this_process() -> AbstractContextManager[object]:
    """Where a Dask client is there, xarray asks its scheduler for leave to write, which may just
    have gone away: not here."""
    if "dask" not in sys.modules:
        return nullcontext()
    import dask  # it is loaded

    return dask.config.set(scheduler="threads")


def read_netcdf(path: str | Path) -> xr.DataTree:
    """Read a file into memory, if it is as it was written; of older files nothing is known.

    Raises StorageError for a file that is missing, no NetCDF, larger than any of ours, or changed
    since it was written: then it names what is damaged and what is not.
    """
    place = Path(path)
    try:
        if not _untouched(place):
            _examine(place)
        return _content(place)
    except StorageError:
        raise
    except FileNotFoundError as error:
        raise StorageError(f"there is no file {path} (in {Path.cwd()})") from error
    except Exception as error:  # whatever the libraries raise for damaged bytes
        raise StorageError(f"{path} cannot be read ({error!r}); compute it again") from error


def _content(path: Path) -> xr.DataTree:
    _check_size(path)
    with xr.open_datatree(path, engine="netcdf4") as tree:
        return tree.load()


def _digest(path: Path, size: int) -> bytes:
    """SHA-256 of the first bytes of a file."""
    content = hashlib.sha256()
    with open(path, "rb") as file:
        while size > 0 and (part := file.read(min(size, 1 << 20))):
            content.update(part)
            size -= len(part)
    return content.hexdigest().encode()


def _untouched(path: Path) -> bool:
    """Whether every byte is as written, or the file is from before there were checksums."""
    size = path.stat().st_size - len(_MARK) - 64
    with open(path, "rb") as file:
        file.seek(max(size, 0))
        if file.read() == _MARK + _digest(path, size):
            return True
        file.seek(0)
        return SEAL.encode() not in file.read()


def _examine(path: Path) -> None:
    """Raise StorageError with what is damaged in a file whose bytes have changed.

    In a process of its own, since damaged bytes can crash the library that reads them.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            python("-m", "dynsys.netcdf", str(path.resolve())), cwd=folder, text=True,
            env=child_environment(), capture_output=True, check=False, timeout=_PATIENCE,
        )  # fmt: skip
    if done.returncode:
        raise StorageError(f"{path} is damaged so that nothing can be read; compute it again")
    found, good = json.loads(done.stdout.splitlines()[-1])
    if found:
        rest = f"unchanged are {_words(good)} (xarray.open_datatree reads them)"
        raise StorageError(
            f"{path} is damaged or was changed: {_words(found)} differ from what was written; "
            f"{rest if good else 'nothing else is in it'}; compute it again"
        )


def _report(path: Path) -> None:
    """Print what is damaged and what is not: the work of ``_examine``'s own process."""
    content = _content(path)
    found = damages(content)
    print(json.dumps([found, sorted(set(variables(content)) - set(found))]))


def _check_size(path: str | Path) -> None:
    """Refuse what would fill the memory, before anything is allocated: a file of a few kilobytes
    can declare arrays of any size."""
    # Here, since a result that is only written needs no second library for its sizes.
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


if __name__ == "__main__":
    _report(Path(sys.argv[1]))
