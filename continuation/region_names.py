"""The names of a plane's regions: inside them, or beside them on a leader line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from dynsys.drawing import DARK
from dynsys.styles import Style

Box = tuple[float, float, float, float]  # a text's middle and half sizes, in points
_MARK = 5.0  # half of the room that the mark of a special point takes, in points
# How far a name stands from a region that has no room for it, in its own widths and heights.
_ASIDE = [(x, y) for r in (1.2, 1.8, 2.6, 3.6) for x, y in
          ((-r, 0), (r, 0), (0, -r), (0, r), (-r, -r), (r, -r), (-r, r), (r, r))]  # fmt: skip


def name_regions(
    ax: Any, regions: Sequence[Any], look: Style, points: Sequence[tuple[float, float]] = ()
) -> None:
    """Write the names of regions into them; where one does not fit, beside it on a leader line.

    ``regions`` are ``continuation.drawing.Region``s; names beside them keep off ``points``.
    """
    tight = []
    for region in regions:
        if region.place is not None and not _fits(ax, region, _written(ax, region, look)):
            tight.append(region)
            ax.texts[-1].remove()
    for region in tight:
        _write_aside(ax, region, look, points)


def _written(ax: Any, region: Any, look: Style) -> Any:
    word = region.word if region.resolved else f"{region.word} (unresolved)"
    words = word.replace(" + ", " +\n").replace(" (", "\n(") if len(word) > 12 else word
    box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.5}
    return ax.annotate(
        words, region.place, region.place, fontsize=look.names, ha="center", va="center",
        color=DARK, zorder=7, bbox=box,
    )  # fmt: skip


def _fits(ax: Any, region: Any, text: Any) -> bool:
    """Whether the middle of a name, where its letters are, lies within its region."""
    extent = text.get_window_extent()
    corners = extent.transformed(ax.transData.inverted()).extents
    return bool(region.shape.buffer(0).covers(shapely.box(*corners)))


def _write_aside(ax: Any, region: Any, look: Style, points: Sequence[tuple[float, float]]) -> None:
    """Write a name at the nearest free place beside its region, with a line to its middle."""
    scale = 72 / ax.figure.dpi
    area, taken = np.array(ax.get_window_extent().extents) * scale, text_boxes(ax)
    marks = [ax.transData.transform(point) * scale for point in points]
    taken += [(x, y, _MARK, _MARK) for x, y in marks]
    text = _written(ax, region, look)
    a, b, c, d = np.array(text.get_window_extent().extents) * scale
    middle, half = np.array([(a + c) / 2, (b + d) / 2]), np.array([(c - a) / 2, (d - b) / 2])
    places = [middle + 1.3 * half * np.array(way) for way in _ASIDE]
    free = [at for at in places if is_free((*at, *(half + 2)), taken, area)]
    clear = [at for at in free if not region.shape.covers(_data_point(ax, at / scale))]
    chosen = (clear or free or [middle])[0]
    text.remove()
    word = text.get_text()
    leader = {"arrowstyle": "-", "lw": 0.5, "color": DARK, "shrinkA": 0, "shrinkB": 0}
    ax.annotate(
        word, region.place, chosen - middle, textcoords="offset points", fontsize=look.names,
        ha="center", va="center", color=DARK, zorder=7, arrowprops=leader,
        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
    )  # fmt: skip


def _data_point(ax: Any, at: np.ndarray) -> Any:
    """A place of the figure (pixels) as a point of the plane."""
    return shapely.Point(*ax.transData.inverted().transform(at))


def is_free(box: Box, taken: Sequence[Box], area: np.ndarray) -> bool:
    """Whether a box keeps off the taken ones and within an area (all in points)."""
    x, y, width, height = box
    inside = area[0] < x - width and x + width < area[2] and area[1] < y - height
    return bool(inside and y + height < area[3]) and all(
        abs(x - a) >= width + b or abs(y - c) >= height + e for a, c, b, e in taken
    )


def text_boxes(ax: Any) -> list[Box]:
    """The boxes of the texts and of the legend that the axes hold."""
    held = [*ax.texts, *filter(None, [ax.get_legend()])]
    extents = [np.array(item.get_window_extent().extents) * 72 / ax.figure.dpi for item in held]
    return [((a + c) / 2, (b + d) / 2, (c - a) / 2, (d - b) / 2) for a, b, c, d in extents]
