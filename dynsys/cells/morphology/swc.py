"""Reconstructed cells from SWC files.

The same cell as Brian2 makes of a file: a soma of one point, or of three in the NeuroMorpho way, is
a sphere, from whose center its cables go out with the diameter of their first point. What is wrong
with a file is said with its line.

Source: Cannon, Turner, Pyapali & Wheal 1998, J Neurosci Methods 84:49-54 (the format); Stimberg,
Brette & Goodman 2019, eLife 8:e47314 (Brian2).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dynsys import checks
from dynsys.cells.morphology.tree import Morphology, check_size
from dynsys.errors import ModelError
from dynsys.typed import typed

_KINDS = {1: "soma", 2: "axon", 3: "dendrite", 4: "apical"}
_COLUMNS = ("index", "type", "x", "y", "z", "radius", "parent")
_ON_THE_SPHERE = 0.1  # um that the outer points of a soma may be off its radius


class _Point(NamedTuple):
    line: int
    number: int
    kind: str
    position: tuple[float, float, float]
    radius: float
    parent: int


@typed
def read_swc(
    path: str | os.PathLike[str], name: str | None = None, scale: float | None = None
) -> Morphology:
    """Read a reconstructed cell.

    Parameters
    ----------
    name : of the cell, the file's by default.
    scale : um per unit of the file; by default 1, and sizes no cell has are refused.

    Raises
    ------
    ModelError for a file that cannot be read, with the line and the reason: entries that are no
    numbers, radii that are not positive, a point used twice, unknown or detached parents, cycles.

    Example
    -------
    >>> read_swc("pyramidal.swc").plot()
    """
    path = Path(path)
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from None
    factor = 1.0 if scale is None else checks.number("scale", scale, above=0)
    points = _points(text, path.name)
    children = _tree(points, path.name)
    cell = _morphology(points, children, path.stem if name is None else name, factor)
    if scale is None:
        check_size(cell)
    return cell


def _points(text: str, file: str) -> dict[int, _Point]:
    points: dict[int, _Point] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        where = f"{file}, line {number}"
        if len(words) != len(_COLUMNS):
            raise ModelError(f"{where}: {len(words)} entries; a point has 7: {', '.join(_COLUMNS)}")
        values = []
        for word, column in zip(words, _COLUMNS, strict=True):
            try:
                value = float(word)
            except ValueError:
                raise ModelError(f"{where}: the {column} is {word!r}, no number") from None
            if not np.isfinite(value) or (
                column in ("index", "type", "parent") and value != int(value)
            ):
                raise ModelError(f"{where}: the {column} is {word}, which is not possible")
            values.append(value)
        index, kind, x, y, z, radius, parent = values
        if radius <= 0:
            raise ModelError(f"{where}: the radius is {radius:g}; it must be positive")
        if int(index) in points:
            raise ModelError(
                f"{where}: point {index:.0f} is already given in line {points[int(index)].line}"
            )
        points[int(index)] = _Point(
            number, int(index), _KINDS.get(int(kind), "other"), (x, y, z), radius, int(parent)
        )
    if not points:
        raise ModelError(f"{file} holds no points; an SWC file has one a line, of 7 entries")
    return points


def _tree(points: dict[int, _Point], file: str) -> dict[int, list[int]]:
    """Children of every point; -1 has the root."""
    children: dict[int, list[int]] = {index: [] for index in (-1, *points)}
    for p in points.values():
        if p.parent not in children:
            raise ModelError(
                f"{file}, line {p.line}: the parent {p.parent} of point {p.number} does not exist"
            )
        children[p.parent].append(p.number)
    roots = children[-1]
    if len(roots) > 1:
        others = ", ".join(str(points[r].line) for r in roots[1:4])
        raise ModelError(
            f"{file}: {len(roots)} points have no parent (lines {points[roots[0]].line}, {others}"
            f"{', ...' if len(roots) > 4 else ''}); a cell is one connected tree"
        )
    reached = set(_descent(children))
    lost = [p for p in points.values() if p.number not in reached]
    if lost:
        raise ModelError(
            f"{file}, line {lost[0].line}: point {lost[0].number} is part of a cycle or hangs on "
            "one; following parents must lead to the root (parent -1)"
        )
    return children


def _descent(children: dict[int, list[int]]) -> Iterator[int]:
    """Every point after its parent, branch by branch."""
    waiting = list(reversed(children[-1]))
    while waiting:
        index = waiting.pop()
        yield index
        waiting.extend(reversed(children[index]))


def _morphology(
    points: dict[int, _Point], children: dict[int, list[int]], name: str, scale: float
) -> Morphology:
    root = points[children[-1][0]]
    outer = _outer_points(root, points, children, scale)
    sphere = root.kind == "soma" and (
        bool(outer) or not any(points[c].kind == "soma" for c in children[root.number])
    )
    position = {index: scale * np.array(p.position) for index, p in points.items()}
    nodes: dict[int, int] = {}
    parents: list[int] = []
    kept: list[int] = []
    widths: list[tuple[float, float]] = []
    notes = []
    for index in _descent(children):
        p = points[index]
        if index in outer:
            continue
        if p.parent == -1:
            nodes[index] = 0
            parents, kept, widths = [-1], [index], [(0.0, 0.0)]
            continue
        before, width = points[p.parent], 2 * scale * p.radius
        if np.array_equal(position[index], position[kept[nodes[p.parent]]]):
            nodes[index] = nodes[p.parent]  # the point before, once more
            notes.append(f"line {p.line}: the point lies on its parent and is left out")
            continue
        first = width if before.kind == "soma" and p.kind != "soma" else 2 * scale * before.radius
        nodes[index] = len(parents)
        parents.append(nodes[p.parent])
        kept.append(index)
        widths.append((first, width))
    return Morphology(
        name, np.array([position[k] for k in kept]), np.array(parents), np.array(widths),
        tuple(points[k].kind for k in kept), 2 * scale * root.radius if sphere else 0.0,
        tuple(notes),
    )  # fmt: skip


def _outer_points(
    root: _Point, points: dict[int, _Point], children: dict[int, list[int]], scale: float
) -> set[int]:
    """The two further points of a soma of three that stands for a sphere; none otherwise."""
    soma = [points[c] for c in children[root.number] if points[c].kind == "soma"]
    if root.kind != "soma" or len(soma) != 2 or any(children[p.number] for p in soma):
        return set()
    for p in soma:
        away = np.linalg.norm(np.subtract(p.position, root.position))
        if p.radius != root.radius or abs(away - root.radius) * scale > _ON_THE_SPHERE:
            return set()
    return {p.number for p in soma}
