"""Where a diagram is to be tested: deep inside its regions, across its boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from continuation.diagrams.diagram import Diagram
from continuation.diagrams.names import borders, found_cycles, naming_observable
from validation.measures.rates import LEAST_POWER, LEAST_STEP
from validation.trials.probing import Feature

FRACTIONS = (0.5, 0.2, 0.8, 0.35, 0.65)  # along a boundary: where it is crossed, in this order
_STEEP = 0.5  # slope from which a boundary is crossed sideways
_BESIDE = 0.004  # of the plane: how far off a boundary its sides are looked up


@dataclass(frozen=True)
class Crossing:
    """A point of a predicted boundary and the parameter along which it is crossed.

    ``rises``: whether ``feature`` holds on the side of larger values; ``regions``: of both sides,
    as ``diagram.regimes`` counts them.
    """

    name: str
    parameter: str
    predicted: float
    fixed: dict[str, float]
    feature: Feature
    rises: bool
    length: float
    regions: tuple[int, int]


def regions(diagram: Diagram) -> list[tuple[int, Mapping[str, Any]]]:
    """Regions with an attractor, largest first."""
    nodes = [(k, node) for k, node in diagram.regimes.nodes(data=True) if node["stable"]]
    return sorted(nodes, key=lambda item: -item[1]["area"])


def breadth(diagram: Diagram, region: Mapping[str, Any]) -> float:
    """Diameter of the largest circle inside a region, in shares of the plane's sides."""
    (_, left, right), (_, low, high) = diagram.x, diagram.y
    shape = shapely.transform(
        region["polygon"], lambda at: (at - [left, low]) / [right - left, high - low]
    )
    return float(2 * shapely.maximum_inscribed_circle(shape, tolerance=1e-4).length)


def crossings(
    diagram: Diagram, narrowest: float
) -> tuple[list[list[Crossing]], list[tuple[str, dict[str, float], str]]]:
    """Crossings of every boundary, longest boundary first; boundaries left out, with the reason.

    A boundary of a region narrower than ``narrowest`` (a share of the plane's sides) cannot be told
    from its other boundary.
    """
    found, left_out = [], []
    nodes = diagram.regimes.nodes
    edges = sorted(diagram.regimes.edges(data=True), key=lambda edge: -edge[2]["length"])
    for a, b, edge in edges:
        name = f"{nodes[a]['label']} | {nodes[b]['label']} ({_words(edge['bifurcations'])})"
        at = dict(nodes[a]["parameters"])
        thin = [n for n in (a, b) if breadth(diagram, nodes[n]) < narrowest]
        if thin:
            region = nodes[thin[0]]
            reason = (
                f"the region {region['label']} is {breadth(diagram, region):.2g} of the plane wide;"
                f" the search resolves regions wider than {narrowest:.2g} of it"
            )
            left_out.append((name, dict(region["parameters"]), reason))
            continue
        feature = distinguishing(diagram, nodes[a], nodes[b])
        if feature is None:
            left_out.append((name, at, "no measure distinguishes its two sides"))
            continue
        places = list(_along(diagram, a, b, edge, name, feature, narrowest))
        if places:
            found.append(places)
        else:
            reason = (
                f"nowhere are both sides {narrowest:.2g} of the plane wide, as the search needs"
            )
            left_out.append((name, at, reason))
    return found, left_out


def distinguishing(
    diagram: Diagram, one: Mapping[str, Any], other: Mapping[str, Any]
) -> Feature | None:
    """The question that both sides of a boundary answer differently."""
    main = naming_observable(diagram.model)
    if _several(one) != _several(other):
        both = one if _several(one) else other
        rates = [item["observables"][main] for item in both["stable"] if "observables" in item]
        step = max(rates) - min(rates) if len(rates) > 1 else 2 * LEAST_STEP
        return Feature("bistable", min(LEAST_STEP, step / 2), main)
    if _rhythmic(one) != _rhythmic(other):
        return Feature("oscillates", LEAST_POWER, main)
    levels = borders(diagram.model)
    if one["label"] != other["label"] and levels:
        return Feature("level", levels[0], main)
    return None


def holds(feature: Feature, region: Mapping[str, Any]) -> bool:
    """What the diagram says about a feature in a region."""
    if feature.kind == "bistable":
        return _several(region)
    if feature.kind == "oscillates":
        return _rhythmic(region)
    return bool(region["stable"][0]["observables"][feature.rate] > feature.border)


def _several(region: Mapping[str, Any]) -> bool:
    return len(region["stable"]) > 1


def _rhythmic(region: Mapping[str, Any]) -> bool:
    return bool(found_cycles(region["stable"]))


def _words(names: Sequence[str]) -> str:
    """ "fold" for "fold curve 2"."""
    return ", ".join(dict.fromkeys(name.rsplit(" curve", 1)[0] for name in names)) or "border"


def _along(
    diagram: Diagram,
    a: int,
    b: int,
    edge: Mapping[str, Any],
    name: str,
    feature: Feature,
    narrowest: float,
) -> Iterator[Crossing]:
    nodes = diagram.regimes.nodes
    (x, left, right), (y, low, high) = diagram.x, diagram.y
    spans = np.array([right - left, high - low])
    shared = nodes[a]["polygon"].buffer(1e-6).intersection(nodes[b]["polygon"].boundary)
    merged = shapely.line_merge(shared)
    lines = getattr(merged, "geoms", [merged])
    line = max((g for g in lines if g.length > 0), key=lambda g: g.length, default=None)
    if line is None or line.geom_type != "LineString":
        return
    for fraction in FRACTIONS:
        at, before, after = (
            np.array(line.interpolate(min(max(fraction + d, 0), 1), normalized=True).coords[0])
            for d in (0.0, -0.01, 0.01)
        )
        tangent = np.abs((after - before) / spans)
        axis = 0 if tangent[1] >= _STEEP * tangent[0] else 1
        side = np.zeros(2)
        side[axis] = _BESIDE * spans[axis]
        beyond = [n for n in (a, b) if nodes[n]["polygon"].contains(Point(at + side))]
        behind = [n for n in (a, b) if nodes[n]["polygon"].contains(Point(at - side))]
        if len(beyond) != 1 or len(behind) != 1 or beyond == behind:
            continue  # a corner, or the edge of the plane
        depths = [
            _depth(nodes[n]["polygon"], at, axis, sign) / spans[axis]
            for n, sign in ((beyond[0], 1), (behind[0], -1))
        ]
        if min(depths) < narrowest:
            continue
        yield Crossing(
            name, (x, y)[axis], float(at[axis]), {(x, y)[1 - axis]: float(at[1 - axis])}, feature,
            holds(feature, nodes[beyond[0]]), float(edge["length"]), (a, b),
        )  # fmt: skip


def _depth(shape: Any, at: np.ndarray, axis: int, sign: int) -> float:
    """How far a region reaches along an axis from a point of its boundary."""
    far, near = at.copy(), at.copy()
    far[axis] += sign * 1e3
    near[axis] += sign * 1e-9
    inside = shape.intersection(LineString([near, far]))
    pieces = [g for g in getattr(inside, "geoms", [inside]) if g.length > 1e-4]  # no rounding
    nearest = min(pieces, key=lambda g: g.distance(Point(at)), default=None)
    return 0.0 if nearest is None else float(nearest.length)
