"""What a figure of a plane shows: its curves and regions as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import shapely

from continuation.asynchronous.hopf_curves import KIND as ASYNCHRONOUS
from continuation.cycles.curves import EXPLOSIVE, CycleCurve
from continuation.drawing import (
    Curve,
    Mark,
    Region,
    draw_diagram,
    draw_disagreements,
)
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import CURVES, Branch
from dynsys import checks
from dynsys.drawing import axis_label

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram

WORDS = {**CURVES, ASYNCHRONOUS: "Hopf of the network (exact)"}  # in the legend
UNSTABLE = 0.02  # log10 of the largest multiplier of cycles that are unstable on both sides
CERTAIN = 1e-2  # error of the multiplier 1 up to which the others are believed
ALONG = 1e-4  # of the plane: distance up to which a curve runs along a boundary of regions
ROOM = 0.012  # part of the plane from which on a region has room for its name


class Parted(NamedTuple):
    """The ``lines`` between the regions of a plane, in its units, from ``low`` (2,) and of a
    ``size`` (2,)."""

    lines: Any
    low: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, diagram: Diagram) -> Parted:
        low, high = (np.array([axis[k] for axis in (diagram.x, diagram.y)]) for k in (1, 2))
        regions = [region["polygon"] for _, region in diagram.regimes.nodes(data=True)]
        edges = [shapely.transform(p.boundary, lambda at: (at - low) / (high - low))
                 for p in regions]  # fmt: skip
        outside = shapely.box(0, 0, 1, 1).exterior.buffer(ALONG)
        return cls(shapely.union_all(edges).difference(outside), low, high - low)

    def runs_along(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which points of a curve lie on them."""
        points = shapely.points((np.column_stack([x, y]) - self.low) / self.size)
        return shapely.distance(self.lines, points) < ALONG  # nan, without any: not


def drawn_equilibria(curve: Branch, x: str, y: str) -> Curve:
    """A curve of bifurcations of equilibria."""
    return Curve(WORDS[curve.kind], curve.data[x].values, curve.data[y].values)


def drawn_points(points: Iterable[Any], x: str, y: str) -> list[Mark]:
    """The special points of equilibria; those of cycles would crowd the plane."""
    found = [point for point in points if isinstance(point, SpecialPoint)]
    return [Mark(p.parameters[x], p.parameters[y], p.label, p.name) for p in found]


def drawn_cycles(curve: CycleCurve, parted: Parted) -> Iterator[Curve]:
    """A curve of cycles: the part that bounds stable ones, and faint what happens to unstable ones.

    Without the parts of a curve of fixed period that bound nothing: neither an event at which the
    period diverges, nor any region.
    """
    drawn = curve.drawn()
    shown = np.ones(len(curve), bool)
    if "sensitivity" in curve.data:  # where it is large a period is just a period
        shown = curve.data["sensitivity"].values < EXPLOSIVE
        shown |= parted.runs_along(drawn.x, drawn.y)
    largest = np.max(np.nan_to_num(curve.data["multiplier_log10"].values), axis=1)
    known = curve.data["trivial_error"].values < CERTAIN  # in a canard multipliers mean nothing
    faint = (largest > UNSTABLE) & known
    for part, is_faint in ((shown & ~faint, False), (shown & faint, True)):
        if part.any():
            wide = part | np.append(part[1:], False)  # the pieces meet
            yield drawn._replace(x=np.where(wide & shown, drawn.x, np.nan), faint=is_faint)


def drawn_regions(regimes: nx.Graph, plane: float) -> Iterator[Region]:
    """The regions of a plane of this area, with the place of the name where there is room."""
    for _, region in regimes.nodes(data=True):
        shape = region["polygon"]
        place = None
        if shape.area > ROOM * plane:
            place = shapely.maximum_inscribed_circle(shape).coords[0]
        yield Region(region["label"], shape, place, not region["unresolved"])


def draw_plane(
    diagram: Diagram, ax: Any = None, regions: bool = True, style: str = "default",
    legend: bool = True, curves: Sequence[str] | None = None, **line: Any,
) -> Any:  # fmt: skip
    """Draw a diagram's curves, codimension-two points and named regions; returns the axes."""
    shown = drawn_curves(diagram)
    if curves is not None:
        known = sorted({curve.word for curve in shown})
        wanted = {checks.known("curve", word, known, "this diagram") for word in curves}
        shown = [curve for curve in shown if curve.word in wanted]
    (x, left, right), (y, low, high) = diagram.x, diagram.y
    found = drawn_regions(diagram.regimes, (right - left) * (high - low)) if regions else ()
    filled = sorted(found, key=lambda region: -region.shape.area)  # over the holes of larger ones
    across, up = (axis_label(name, diagram.model.unit(name)) for name in (x, y))
    ax = draw_diagram(
        shown, filled, drawn_points(diagram.special_points, x, y),
        (across, left, right), (up, low, high), ax, style, legend, **line,
    )  # fmt: skip
    if diagram.checked is not None and not diagram.checked.passed:
        wrong = diagram.checked.disagreements
        draw_disagreements(ax, wrong[x].to_numpy(), wrong[y].to_numpy())
    return ax


def drawn_curves(diagram: Diagram) -> list[Curve]:
    """All curves of a diagram: of cycles, of equilibria, of the network."""
    parted = Parted.of(diagram)
    found = [part for curve in diagram.cycle_curves for part in drawn_cycles(curve, parted)]
    exact = (*diagram.curves, *diagram.asynchronous)
    return found + [drawn_equilibria(curve, diagram.x[0], diagram.y[0]) for curve in exact]
