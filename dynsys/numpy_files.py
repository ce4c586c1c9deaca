"""Arrays from .npz files, read within limits and without pickles."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dynsys.errors import StorageError
from dynsys.storage import LARGEST


def read_arrays(path: str | Path | BinaryIO) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, which may be open; objects, which are pickles and may execute,
    are refused.

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
