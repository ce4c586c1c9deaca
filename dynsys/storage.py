"""Files that appear complete or not at all, and are read within limits."""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dynsys.errors import StorageError

LARGEST = 16e9  # bytes that a file of ours may unfold to: beyond, it is damaged or hostile


def write_atomically(path: Path, write: Callable[[Path], object]) -> Path:
    """Let ``write`` fill a draft beside ``path``, then move it into place.

    Raises StorageError, leaving nothing behind, where the directory cannot be written.
    """
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".draft-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        draft = Path(name)
        write(draft)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error
    finally:
        if draft is not None and draft.exists():
            draft.unlink()
    return path


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; objects, which are pickles and may execute, are refused.

    Raises StorageError for a file that is missing, damaged, or unfolds to more than ``LARGEST``.
    """
    try:
        with zipfile.ZipFile(path) as file:
            size = sum(item.file_size for item in file.infolist())
            if size > LARGEST:
                raise StorageError(f"{path} unfolds to {size / 1e9:.3g} GB; none of ours does")
            return {
                item.filename.removesuffix(".npy"): _array(file, item) for item in file.infolist()
            }
    except StorageError:
        raise
    except Exception as error:  # whatever the libraries raise for damaged bytes
        raise StorageError(f"{path} cannot be read ({error!r})") from error


def _array(file: zipfile.ZipFile, item: zipfile.ZipInfo) -> np.ndarray:
    with file.open(item) as content:
        version = np.lib.format.read_magic(content)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(content)
    if math.prod(shape) * max(dtype.itemsize, 1) > item.file_size:  # before it is allocated
        raise ValueError(f"{item.filename} declares the shape {shape}, which is not there")
    with file.open(item) as content:
        return np.lib.format.read_array(content, allow_pickle=False)
