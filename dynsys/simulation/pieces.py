"""Finished pieces of a long computation beside the file it will end in."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np

from dynsys.errors import StorageError
from dynsys.numpy_files import read_arrays
from dynsys.storage import check_directory, write_atomically


class Pieces:
    """Arrays by number in a folder of their own, complete or not at all, until ``remove``.

    Parameters
    ----------
    result : the file that the computation will write; None keeps nothing.
    call : text that determines the pieces: what another call has left is never taken.

    Example
    -------
    >>> pieces = Pieces(Path("map.nc"), "aln, 61 x 61")
    >>> pieces.keep(0, np.ones(3))
    >>> pieces.find(0)
    array([1., 1., 1.])
    """

    def __init__(self, result: Path | None, call: str) -> None:
        self.folder: Path | None = None
        if result is not None:
            check_directory(result.parent)
            digest = hashlib.sha256(call.encode()).hexdigest()[:16]
            self.folder = result.with_name(f"{result.name}.unfinished-{digest}")

    def find(self, number: int) -> np.ndarray | None:
        """A piece that an earlier call has left; None where there is none, or a damaged one."""
        if self.folder is None or not self._path(number).exists():
            return None
        try:
            content = read_arrays(self._path(number))
            array = content["piece"]
            digest = hashlib.sha256(array.tobytes()).hexdigest()
            return array if digest == str(content["digest"]) else None
        except (StorageError, KeyError):
            return None

    def keep(self, number: int, piece: np.ndarray) -> None:
        """Keep a piece; StorageError where it cannot be written."""
        if self.folder is not None:
            digest = np.array(hashlib.sha256(piece.tobytes()).hexdigest())
            write_atomically(self._path(number), lambda draft: _save(draft, piece, digest))

    def remove(self) -> None:
        """The computation is done and its result written."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{number:06d}.npz"


def _save(draft: Path, piece: np.ndarray, digest: np.ndarray) -> None:
    with open(draft, "wb") as file:
        np.savez(file, piece=piece, digest=digest)
