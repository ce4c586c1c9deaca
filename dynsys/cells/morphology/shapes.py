"""Cells of simple shape: a cylinder, a ball and stick, a tree by Rall's rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dynsys import checks
from dynsys.cells.morphology.tree import Morphology
from dynsys.errors import ModelError
from dynsys.typed import typed

_FAN = np.pi / 2  # angle over which the branches of a stem spread


def cylinder(length: float, diameter: float, name: str = "cylinder") -> Morphology:
    """One sealed cylinder along x, in um; its first node is the root, without a soma.

    Example
    -------
    >>> cylinder(1000.0, 2.0)
    Morphology('cylinder': 1 cables, 1 tips, 1000 um long, 6283.2 um^2)
    """
    length = checks.number("length (um)", length, above=0)
    diameter = checks.number("diameter (um)", diameter, above=0)
    return Morphology(
        name, np.array([[0.0, 0, 0], [length, 0, 0]]), np.array([-1, 0]),
        np.array([[0.0, 0], [diameter, diameter]]), ("dendrite", "dendrite"),
    )  # fmt: skip


@typed
def ball_and_stick(
    dendrite_length: float = 1200.0, dendrite_diameter: float = 2.0, soma_diameter: float = 10.0,
    name: str = "ball_and_stick",
) -> Morphology:  # fmt: skip
    """A spherical soma with one dendrite along x, in um.

    Source: Aspart, Ladenbauer & Obermayer 2016, PLOS Comput Biol 12(11):e1005206.

    Example
    -------
    >>> ball_and_stick().areas
    """
    stick = cylinder(dendrite_length, dendrite_diameter, name)
    diameter = checks.number("soma_diameter (um)", soma_diameter, above=0)
    return Morphology(
        name, stick.positions, stick.parents, stick.diameters, ("soma", "dendrite"), diameter
    )


@typed
def rall_tree(
    lengths: Sequence[float],
    diameter: float,
    branches: int | Sequence[int] = 2,
    soma_diameter: float = 0.0,
    name: str = "rall_tree",
) -> Morphology:
    """A tree whose branchings match impedances: it acts on its stem as one cylinder.

    A cable of diameter d branches into n of d n^(-2/3) each, so that the sum of d^(3/2) stays.

    Parameters
    ----------
    lengths : um of the cables of each order, stem first.
    diameter : um of the stem.
    branches : into how many each cable splits, a number or one for each branching.
    soma_diameter : um, 0 for none.

    Source: Rall 1959, Exp Neurol 1:491-527; 1962, Ann N Y Acad Sci 96:1071-1092.

    Example
    -------
    >>> len(rall_tree([200, 150, 100], diameter=4.0).tips)
    4
    """
    sizes = checks.numbers("lengths (um)", lengths).ravel()
    levels = max(len(sizes) - 1, 0)
    counts = np.atleast_1d(checks.numbers("branches", branches))
    if counts.shape not in ((1,), (levels,)):
        raise ModelError(
            f"branches has shape {counts.shape}; give a number, or one for each of the "
            f"{levels} branchings between {len(sizes)} lengths"
        )
    splits = [checks.whole("branches", n, least=1) for n in np.broadcast_to(counts, (levels,))]
    thick = checks.number("diameter (um)", diameter, above=0)
    ball = checks.number("soma_diameter (um)", soma_diameter, least=0)
    positions, parents, widths = [np.zeros(3)], [-1], [0.0]
    grown = [(0, 0.0, _FAN)]  # (node, direction, angle to fan out in)
    for order, length in enumerate(sizes):
        split = 1 if order == 0 else splits[order - 1]
        thick = thick * split ** (-2 / 3)
        following = []
        for node, direction, fan in grown:
            for i in range(split):
                turn = direction + fan * ((i + 0.5) / split - 0.5)
                step = length * np.array([np.cos(turn), np.sin(turn), 0.0])
                positions.append(positions[node] + step)
                parents.append(node)
                widths.append(thick)
                following.append((len(parents) - 1, turn, fan if order == 0 else fan / split))
        grown = following
    root = "soma" if ball > 0 else "dendrite"
    return Morphology(
        name, np.array(positions), np.array(parents), np.array([widths, widths]).T,
        (root, *["dendrite"] * (len(parents) - 1)), ball,
    )  # fmt: skip
