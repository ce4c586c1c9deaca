"""numba's files on the disk, each with the hash of what it should hold.

numba unpickles whatever it finds, and runs the machine code in it. A file cut off, emptied or
altered is noticed here, and the function is compiled again. Where nothing can be written, functions
are compiled for the one run, which is said once. Only files of these packages are touched.

The hash is against damage, not against somebody who may write to the folder. So what is read lies
only where such a person could as well change the sources: beside them, in the folder of Python's
own compiled files, whether this user may write there or not; and in the folder of this user that
numba chooses. Of two, the one beside the sources comes first, and only this user's is written.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching

from dynsys.sealing import sealed, unsealed, warn_once

_STAMP = re.compile(r"[0-9a-f]{16}")  # a digest of ours where numba itself has time and size


class Folder(str):
    """Where compiled functions are written; those that lie ``beside`` the sources are read too."""

    beside: str | None = None


class SealedFiles(caching.IndexDataCacheFile):  # type: ignore[misc]  # numba carries no types
    """A function's index and code; for functions of other packages as numba does it."""

    def __init__(self, cache_path: str, filename_base: str, source_stamp: Any) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._ours = isinstance(source_stamp, str) and bool(_STAMP.fullmatch(source_stamp))
        beside = getattr(cache_path, "beside", None)
        self._beside = beside and SealedFiles(beside, filename_base, source_stamp)

    def holds(self, key: Any) -> bool:
        """Whether something is kept; whether it is whole shows when it is loaded."""
        if self._beside is not None and self._beside.holds(key):
            return True
        name = self._load_index().get(key)
        return name is not None and Path(self._data_path(name)).is_file()

    def load(self, key: Any) -> Any:
        """What was kept; None, so that it is compiled, where that is damaged."""
        if not self._ours:
            return super().load(key)
        found = None if self._beside is None else self._beside.load(key)
        if found is not None:
            return found
        try:
            return super().load(key)
        except Exception:  # a file of an earlier state may raise anything
            return None

    def save(self, key: Any, data: Any) -> None:
        """Keep a function; where it cannot be, say so."""
        if not self._ours:
            super().save(key, data)
            return
        try:
            super().save(key, data)
        except OSError as error:
            warn_once(
                f"compiled functions cannot be kept in {self._cache_path} ({error}); they are "
                "compiled again in every run. Make room, or set NUMBA_CACHE_DIR (and "
                "DYNSYS_CACHE_DIR) to a writable directory"
            )

    def _load_index(self) -> Any:
        if not self._ours:
            return super()._load_index()
        try:
            stamp, overloads = caching.pickle.loads(unsealed(Path(self._index_path)))
        except FileNotFoundError:
            return {}
        except Exception:  # damaged: it is written anew
            return {}
        return overloads if stamp == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: Any) -> None:
        if not self._ours:
            super()._save_index(overloads)
            return
        with self._open_for_write(self._index_path) as file:
            file.write(sealed(self._dump(((self._version, self._source_stamp), overloads))))

    def _load_data(self, name: str) -> Any:
        if not self._ours:
            return super()._load_data(name)
        return caching.pickle.loads(unsealed(Path(self._data_path(name))))

    def _save_data(self, name: str, data: Any) -> None:
        if not self._ours:
            super()._save_data(name, data)
            return
        with self._open_for_write(self._data_path(name)) as file:
            file.write(sealed(self._dump(data)))


class TemporaryPlace:
    """A folder for compiled functions of this run, where numba finds none that it can write to."""

    _folder: str | None = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self._line = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        """The folder, made where it is first asked for."""
        if TemporaryPlace._folder is None:
            TemporaryPlace._folder = tempfile.mkdtemp(prefix="dynsys-numba-")
            atexit.register(shutil.rmtree, TemporaryPlace._folder, ignore_errors=True)
            warn_once(
                "no directory for compiled functions can be written: they are compiled again in "
                "every run. Set NUMBA_CACHE_DIR and DYNSYS_CACHE_DIR to a writable directory"
            )
        return TemporaryPlace._folder

    def get_disambiguator(self) -> str:
        """What tells files of equal names apart."""
        return str(self._line)

    def ensure_cache_path(self) -> None:
        """It is there."""


def seal_files() -> None:
    """Let numba's caches of functions use sealed files."""
    caching.IndexDataCacheFile = SealedFiles  # type: ignore[misc]
