"""The shape of a cell: a tree of cables, each from the end of its parent to a node of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError, unknown_name
from dynsys.typed import check_fields

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # only figures need it

KINDS = ("soma", "axon", "dendrite", "apical", "other")
Place: TypeAlias = Any  # "soma", a node, or (node, fraction of the cable that ends there)
# um. Reconstructions beyond these sizes are in another unit, unless their scale is given.
_LARGEST, _SMALLEST, _THICKEST = 5000.0, 1.0, 200.0


@dataclass(frozen=True, eq=False)
class Morphology:
    """A tree of cables (cylinders or truncated cones) around a root, which may be a sphere.

    Parameters
    ----------
    name : of the cell.
    positions : (n, 3) um, of the nodes; node 0 is the root (the soma, where there is one).
    parents : (n,) node at which the cable of each node begins, -1 for the root; a parent comes
        before its children.
    diameters : (n, 2) um, at the beginning and the end of each cable; not used for the root.
    kinds : (n,) "soma", "axon", "dendrite", "apical" or "other".
    soma_diameter : um, of the sphere at the root; 0 where the tree has none.
    notes : what was changed on reading it.

    Raises
    ------
    ModelError for trees with cycles, detached nodes, cables without length or thickness.

    Example
    -------
    >>> from dynsys.cells.morphology import ball_and_stick
    >>> ball_and_stick(dendrite_length=1200).total_area
    7853.98...
    """

    name: str
    positions: np.ndarray
    parents: np.ndarray
    diameters: np.ndarray
    kinds: tuple[str, ...]
    soma_diameter: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        check_fields(self)
        count = len(self.kinds)
        shapes = {"positions": (count, 3), "parents": (count,), "diameters": (count, 2)}
        for label, shape in shapes.items():
            array = checks.numbers(f"{self.name}: {label}", getattr(self, label))
            if array.shape != shape:
                raise ModelError(
                    f"{self.name}: {label} has the shape {array.shape}; with {count} kinds it must "
                    f"have {shape}"
                )
            array = array.astype(np.int64) if label == "parents" else array
            array.flags.writeable = False
            object.__setattr__(self, label, array)
        for kind in self.kinds:
            checks.known("kind of cable", kind, KINDS, self.name)
        checks.number(f"{self.name}: soma_diameter", self.soma_diameter, least=0)
        _check_tree(self)

    def __len__(self) -> int:
        return len(self.kinds)

    def __repr__(self) -> str:
        tips = len(self.tips)
        return (
            f"Morphology({self.name!r}: {len(self) - 1} cables, {tips} tips, "
            f"{self.total_length:.5g} um long, {self.total_area:.5g} um^2)"
        )

    @cached_property
    def spans(self) -> np.ndarray:
        """(n, 3) um, from the beginning to the end of each cable; zeros for the root."""
        spans = self.positions - self.positions[np.maximum(self.parents, 0)]
        return np.asarray(np.where(self.parents[:, None] < 0, 0.0, spans))

    @cached_property
    def lengths(self) -> np.ndarray:
        """(n,) um."""
        return np.asarray(np.linalg.norm(self.spans, axis=1))

    @cached_property
    def areas(self) -> np.ndarray:
        """(n,) um^2 of membrane: the sides of the cables, and the sphere of the root."""
        first, last = self.diameters.T
        slant = np.hypot(self.lengths, (last - first) / 2)
        areas = np.pi * (first + last) / 2 * slant
        areas[0] = np.pi * self.soma_diameter**2
        return np.asarray(areas)

    @cached_property
    def distances(self) -> np.ndarray:
        """(n,) um along the tree from the root to each node."""
        return self.summed_from_root(self.lengths)

    def summed_from_root(self, values: np.ndarray) -> np.ndarray:
        """Sums along the way from the root to each node, of one value for each cable."""
        sums = np.zeros(len(self))
        for k in range(1, len(self)):
            sums[k] = sums[self.parents[k]] + values[k]
        return sums

    @property
    def total_length(self) -> float:
        """um of all cables."""
        return float(self.lengths.sum())

    @property
    def total_area(self) -> float:
        """um^2 of membrane."""
        return float(self.areas.sum())

    @cached_property
    def tips(self) -> np.ndarray:
        """Nodes at which the tree ends."""
        ends = set(range(1, len(self))) - set(self.parents.tolist())
        return np.array(sorted(ends), dtype=np.int64)

    @cached_property
    def branch_points(self) -> np.ndarray:
        """Nodes, without the root, from which two or more cables go on."""
        counts = np.bincount(self.parents[1:], minlength=len(self))
        return np.flatnonzero((counts > 1) & (np.arange(len(self)) > 0))

    @cached_property
    def node_areas(self) -> np.ndarray:
        """(n,) um^2: half of every cable that ends or begins at a node, and the sphere."""
        return self.at_nodes(self.areas)

    def at_nodes(self, values: np.ndarray) -> np.ndarray:
        """(n,) a value of each cable, half to either of its ends; the root keeps its own."""
        shares = values / 2
        shares[0] = values[0]
        np.add.at(shares, self.parents[1:], values[1:] / 2)
        return np.asarray(shares)

    def of_kind(self, kind: str) -> np.ndarray:
        """Nodes of a kind.

        Raises UnknownNameError for a kind this cell does not have.
        """
        if kind not in self.kinds:
            raise unknown_name("kind of cable", kind, sorted(set(self.kinds)), self.name)
        return np.flatnonzero(np.array(self.kinds) == kind)

    def place(self, where: Place) -> tuple[int, float]:
        """A place as (node, fraction of the cable that ends there); "soma" is the root.

        Raises ModelError for a place the tree does not have.
        """
        if isinstance(where, str):
            checks.known("place", where, ("soma",), self.name)
            return 0, 1.0
        fraction = 1.0
        if isinstance(where, Sequence) and not isinstance(where, str):
            if len(where) != 2:
                raise ModelError(f"{where!r} is no place; give a node, or (node, fraction)")
            where, fraction = where[0], checks.number("the fraction", where[1], least=0, most=1)
        node = checks.whole(f"the node of {self.name}", where, least=0, most=len(self) - 1)
        return (node, 1.0) if node == 0 else (node, fraction)

    def with_nodes(self, *places: Place) -> tuple[Morphology, list[int]]:
        """The same cell with nodes at places, and their numbers.

        Example
        -------
        >>> cell, (middle,) = cylinder(500.0, 2.0).with_nodes((1, 0.5))
        """
        wanted = []
        for node, fraction in map(self.place, places):
            wanted.append((node, fraction) if fraction else (int(self.parents[node]), 1.0))
        cuts = {
            k: np.unique([f for node, f in wanted if node == k and f < 1.0])
            for k in {node for node, f in wanted if f < 1.0}
        }
        if not cuts:
            return self, [node for node, _ in wanted]
        cell, ends = _cut(self, cuts)
        first = [int(ends[node]) - len(cuts.get(node, ())) for node, _ in wanted]
        return cell, [
            int(ends[node]) if f == 1.0 else start + int(np.searchsorted(cuts[node], f))
            for (node, f), start in zip(wanted, first, strict=True)
        ]

    def refined(self, longest: float) -> Morphology:
        """The same cell in cables of at most ``longest`` um.

        Cones become finer; cylinders are exact at any length. Nodes keep their order, not their
        numbers.
        """
        longest = checks.number("longest (um)", longest, above=0)
        counts = np.maximum(np.ceil(self.lengths / longest - 1e-9), 1).astype(int)
        cuts = {k: np.arange(1, n) / n for k, n in enumerate(counts) if n > 1}
        return _cut(self, cuts)[0] if cuts else self

    def plot(
        self, values: Any = None, ax: Axes | None = None, *, style: str = "default", **keywords: Any
    ) -> Axes:
        """Draw the cell, colored by one value for each node; see ``drawing.draw_morphology``.

        ``style`` is "default" or "publication"; keywords matplotlib's ``LineCollection`` has, too.

        Example
        -------
        >>> cell.plot(cell.distances, label="distance from the soma (um)")
        """
        from dynsys.cells.morphology.drawing import draw_morphology  # only figures need it

        return draw_morphology(self, values, ax, style=style, **keywords)


def check_size(cell: Morphology) -> None:
    """Refuse sizes that only another unit explains."""
    inner = [k for k, kind in enumerate(cell.kinds) if kind != "axon"]
    extent = float(np.ptp(cell.positions[inner], axis=0).max()) if inner else 0.0
    extent = max(extent, cell.soma_diameter)
    thickest = float(max(cell.diameters[1:].max(initial=0.0), cell.soma_diameter))
    if extent > _LARGEST or extent < _SMALLEST or thickest > _THICKEST:
        raise ModelError(
            f"{cell.name} is {extent:.4g} um across without its axon, and up to {thickest:.4g} um "
            "thick: lengths must be in um; give scale=0.001 for a file in nm, scale=1000 for one "
            "in mm, or scale=1 if the cell is so"
        )


def _check_tree(cell: Morphology) -> None:
    """Every node but the first hangs on one before it, by a cable that has a size."""
    if len(cell) == 0 or cell.parents[0] != -1:
        raise ModelError(f"{cell.name}: the first node is the root; its parent must be -1")
    order = np.arange(len(cell))
    for k in np.flatnonzero((cell.parents[1:] < 0) | (cell.parents[1:] >= order[1:])) + 1:
        raise ModelError(
            f"{cell.name}: node {k} has the parent {cell.parents[k]}; a parent is a node before it "
            "(no cycles, nothing detached)"
        )
    for k in np.flatnonzero(cell.lengths[1:] <= 0) + 1:
        raise ModelError(f"{cell.name}: the cable to node {k} has no length; leave the node out")
    for k in np.flatnonzero((cell.diameters[1:] <= 0).any(axis=1)) + 1:
        raise ModelError(
            f"{cell.name}: the cable to node {k} has the diameter {cell.diameters[k].min():g} um; "
            "diameters must be positive"
        )
    if len(cell) == 1 and cell.soma_diameter == 0:
        raise ModelError(f"{cell.name} has neither a soma nor cables")


def _cut(cell: Morphology, cuts: dict[int, np.ndarray]) -> tuple[Morphology, np.ndarray]:
    """New nodes at fractions of cables; also (n,) the new numbers of the old nodes."""
    positions, parents, diameters, kinds = [], [], [], []
    moved = np.zeros(len(cell), dtype=np.int64)
    for k in range(len(cell)):
        fractions = np.append(cuts.get(k, np.zeros(0)), 1.0)
        first, last = cell.diameters[k]
        widths = first + (last - first) * np.append(0.0, fractions)
        previous = moved[cell.parents[k]] if k else -1
        for i, fraction in enumerate(fractions):
            positions.append(cell.positions[k] - (1 - fraction) * cell.spans[k])
            parents.append(previous)
            diameters.append(widths[i : i + 2])
            kinds.append(cell.kinds[k])
            previous = len(parents) - 1
        moved[k] = previous
    finer = Morphology(
        cell.name, np.array(positions), np.array(parents), np.array(diameters), tuple(kinds),
        cell.soma_diameter, cell.notes,
    )  # fmt: skip
    return finer, moved
