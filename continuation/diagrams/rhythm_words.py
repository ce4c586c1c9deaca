"""Whether the word for a stable cycle changes inside a face although nothing bifurcates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon

from continuation.cycles.branch import CycleBranch
from continuation.diagrams.attractors import plane_positions, trusted
from continuation.diagrams.names import PHASES, cycle_words, rhythm_name
from continuation.diagrams.paths import Axis

SEEN = 0.01  # of the plane: way along a branch below which a word is that of a sliver


def words_vary(
    face: Polygon, branches: Sequence[CycleBranch], axes: tuple[Axis, Axis]
) -> bool:  # fmt: skip
    """Whether stable cycles that follow one another on a branch have different words in a face,
    each for a way that can be seen.

    Example
    -------
    >>> words_vary(shapely.box(0, 0, 1, 1), diagram.cycles, (x, y))
    """
    for branch in branches:
        if len(cycle_words(branch.model)) < 2:
            continue
        places = plane_positions(branch, axes)
        inside = trusted(branch) & shapely.contains_xy(face, places)
        for stretch in _stretches(inside):
            words = np.array([_word(branch, k) for k in stretch])
            seen = [np.ptp(places[stretch[words == w]], axis=0).max() > SEEN for w in {*words}]
            if sum(seen) > 1:
                return True
    return False


def _stretches(mask: np.ndarray) -> Iterator[np.ndarray]:
    """The numbers of the points in every unbroken run of a mask."""
    chosen = np.flatnonzero(mask)
    yield from np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1)


def _word(branch: CycleBranch, index: int) -> str:
    orbit = branch.orbits[index]
    phases = np.linspace(0, 1, PHASES, endpoint=False)
    return rhythm_name(branch.solver.at(orbit), orbit.period, branch.solver.states(orbit, phases))
