"""Who is connected with whom: drawn once per network, kept on disk, shared by all processes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import int64, types, uint32, uint64, void

from dynsys.cache import cache_directory
from dynsys.models.aln_network import PAIRS
from dynsys.numba_cache import njit
from dynsys.storage import write_atomically
from validation.networks.structure import Structure

_INDICES = types.Array(uint32, 1, "C")
_OFFSETS = types.Array(int64, 1, "C")
_STATE = types.Array(uint64, 1, "C")
_KEPT = 8  # drawn connections that are kept on disk


@njit([uint64(_STATE)], cache=True)
def _next(state):
    """splitmix64 (Steele, Lea & Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit([void(int64, int64, uint64, _OFFSETS, _INDICES)], cache=True)
def _draw(neurons, degree, seed, offsets, targets):
    """Draw ``degree`` different sources for every target; list the targets of every source.

    The first ``degree`` steps of a Fisher-Yates shuffle; the order left by the last target is as
    good a start as any.
    """
    state = np.empty(1, np.uint64)
    state[0] = seed
    order = np.empty(neurons, np.uint32)
    for i in range(neurons):
        order[i] = i
    drawn = np.empty(neurons * degree, np.uint32)
    for i in range(neurons + 1):
        offsets[i] = 0
    for target in range(neurons):
        for k in range(degree):
            left = np.uint64(neurons - k)
            # The upper half of a 96-bit product is uniform to one part in 2^32.
            pick = k + np.int64(((_next(state) >> np.uint64(32)) * left) >> np.uint64(32))
            order[k], order[pick] = order[pick], order[k]
            drawn[target * degree + k] = order[k]
            offsets[np.int64(order[k]) + 1] += 1
    for i in range(neurons):
        offsets[i + 1] += offsets[i]
    filled = np.zeros(neurons, np.int64)
    for target in range(neurons):
        for k in range(degree):
            source = np.int64(drawn[target * degree + k])
            targets[offsets[source] + filled[source]] = target
            filled[source] += 1


@dataclass(frozen=True)
class Connections:
    """``offsets`` (4, N + 1) and ``targets`` by connection, in the order of ``PAIRS``.

    The targets of source j are ``targets[pair][offsets[pair][j]:offsets[pair][j + 1]]``.
    """

    offsets: tuple[np.ndarray, ...]
    targets: tuple[np.ndarray, ...]


def connections_of(structure: Structure, seed: int) -> Connections:
    """The connections of a network, drawn where they are not in the cache; read-only arrays."""
    text = repr((structure.neurons, structure.in_degrees, seed, 1))
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    folder = cache_directory() / "networks"
    found = [_drawn(folder / f"{name}-{pair}.npy", structure, seed, k)
             for k, pair in enumerate(PAIRS)]  # fmt: skip
    _forget_oldest(folder)
    n = structure.neurons + 1
    offsets = tuple(array[: 2 * n].view(np.int64) for array in found)
    return Connections(offsets, tuple(array[2 * n :] for array in found))


def _drawn(path: Path, structure: Structure, seed: int, k: int) -> np.ndarray:
    """Offsets (as pairs of 32-bit words), then targets, mapped from a file."""
    if not path.exists():
        n, degree = structure.neurons, structure.in_degrees[k]
        offsets, targets = np.empty(n + 1, np.int64), np.empty(n * degree, np.uint32)
        _draw(n, degree, np.uint64(4 * seed + k + 1), offsets, targets)
        whole = np.concatenate([offsets.view(np.uint32), targets])

        def write(draft: Path) -> None:
            with open(draft, "wb") as file:
                np.save(file, whole)

        write_atomically(path, write)
    # Mapped, not read: all processes share it. numpy refuses pickles here by default.
    return np.asarray(np.load(path, mmap_mode="r"))  # noqa: TID251  an array of our own cache


def _forget_oldest(folder: Path) -> None:
    """Connections can be drawn again: only the last few networks' stay on disk."""
    files = sorted(folder.glob("*-[EI][EI].npy"), key=lambda p: p.stat().st_mtime)
    for path in files[: -4 * _KEPT]:
        path.unlink(missing_ok=True)
