"""Scrambled Sobol points, those of ``scipy.stats.qmc.Sobol``, without the half second it loads.

Direction numbers: Joe & Kuo 2008, SIAM J Sci Comput 30:2635, as SciPy keeps them; scrambling by
random lower triangular matrices and a shift (Matousek 1998, J Complexity 14:527).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import scipy

from dynsys.errors import DynsysError
from dynsys.numpy_files import read_arrays

_BITS = 30
_TABLE = Path(scipy.__file__).parent / "stats" / "_sobol_direction_numbers.npz"


def sobol_points(dimension: int, count: int, seed: int) -> np.ndarray:
    """The first ``count`` of the scrambled points in the unit cube, (count, dimension)."""
    try:
        directions = _directions(dimension)
    except (DynsysError, OSError, KeyError):  # a later SciPy keeps them elsewhere
        return _points_of_scipy(dimension, count, seed)
    [rng] = np.random.default_rng(seed).spawn(1)
    powers = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    start = rng.integers(2, size=(dimension, _BITS), dtype=np.uint32) @ powers
    mixing = np.tril(rng.integers(2, size=(dimension, _BITS, _BITS), dtype=np.uint32))
    mixing[:, np.arange(_BITS), np.arange(_BITS)] = 1
    # Bits of the direction numbers, the highest first, are mixed with higher ones.
    bits = (directions[:, :, None] >> _places()) & np.uint32(1)
    mixed = np.einsum("dpk,djk->djp", mixing, bits) & np.uint32(1)
    columns = (mixed << _places()).sum(axis=2, dtype=np.uint32)
    numbers = np.empty((count, dimension), np.uint32)
    numbers[0] = start
    for k in range(1, count):
        lowest = (~(k - 1) & k).bit_length() - 1  # of the Gray code, the bit that changes
        numbers[k] = numbers[k - 1] ^ columns[:, lowest]
    return numbers / 2.0**_BITS


def _places() -> np.ndarray:
    """The places of the bits, the highest first."""
    return np.arange(_BITS - 1, -1, -1, dtype=np.uint32)


def _directions(dimension: int) -> np.ndarray:
    """Direction numbers (dimension, bits)."""
    table = _table()
    numbers = np.ones((dimension, _BITS), np.uint64)
    for d in range(1, dimension):
        polynomial = int(table["poly"][d])
        degree = polynomial.bit_length() - 1
        row = [int(value) for value in table["vinit"][d, :degree]]
        for j in range(degree, _BITS):
            value = row[j - degree]
            for k in range(degree):
                if polynomial >> (degree - 1 - k) & 1:
                    value ^= row[j - k - 1] << (k + 1)
            row.append(value)
        numbers[d] = row
    return (numbers << _places().astype(np.uint64)).astype(np.uint32)


@cache
def _table() -> dict[str, np.ndarray]:
    return read_arrays(_TABLE)


def _points_of_scipy(dimension: int, count: int, seed: int) -> np.ndarray:
    # Here, since it takes half a second to load.
    from scipy.stats import qmc

    sampler = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(seed))
    points: np.ndarray = sampler.random_base2(int(np.ceil(np.log2(count))))[:count]
    return points
