"""Regions of a parameter plane, named by what is stable in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.ops import polygonize, unary_union

from continuation.branch import Branch
from continuation.equilibrium_search import find_equilibria
from dynsys.vector_field import VectorField

SMALLEST = 1e-7  # of the plane: faces below it are rounding
GRID = 1e-9  # snapping distance in units of the plane
OUTSIDE = "outside the table's domain"
OSCILLATING = "no stable equilibrium"

Axis = tuple[str, float, float]


def regime_at(model: VectorField, starts: np.ndarray | None = None) -> list[dict[str, Any]]:
    """Stable equilibria of a model: name, observables, state and spectral abscissa."""
    result = []
    for x in find_equilibria(model, starts=starts):
        abscissa = float(np.max(np.linalg.eigvals(model.jacobian(x)).real))
        if abscissa < 0:
            observed = model.observe(x)
            result.append({"observables": observed, "abscissa": abscissa, "state": x})
    for item, name in zip(result, attractor_names(model, result), strict=True):
        item["name"] = name
    return result


def attractor_names(model: VectorField, attractors: Sequence[dict[str, Any]]) -> list[str]:
    """The field's words for stable equilibria, in order of the first observable.

    Two that fall into one band of ``model.attractors`` take neighboring words.
    """
    if model.attractors is None:
        count = len(attractors)
        return ["equilibrium"] if count == 1 else [f"equilibrium {k + 1}" for k in range(count)]
    rule = model.attractors
    names = [rule.name(item["observables"][rule.observable]) for item in attractors]
    if len(names) == len(rule.names) and len(set(names)) < len(names):
        return list(rule.names)
    return names


def regime_graph(
    model: VectorField, x: Axis, y: Axis, curves: Sequence[Branch], lines: Sequence[Branch]
) -> nx.Graph:
    """Nodes: regions with their attractors; edges: the bifurcations between them."""
    paths = [_path(curve, x, y) for curve in curves]
    faces = _faces(paths)
    graph = nx.Graph()
    contents = [_content(model, face, x, y, lines) for face in faces]
    groups = _merge(faces, contents)
    for number, group in enumerate(groups):
        polygon = unary_union([faces[k] for k in group])
        largest = max(group, key=lambda k: faces[k].area)
        graph.add_node(
            number, **contents[largest], area=float(polygon.area), polygon=_unscaled(polygon, x, y)
        )
    _name_parts(graph, lines, model, x, y)
    _add_edges(graph, groups, faces, paths, curves)
    return graph


def _name_parts(graph: nx.Graph, lines, model: VectorField, x: Axis, y: Axis) -> None:
    """Note where each word applies: a region may run from "down" to "up" without a bifurcation.

    ``words`` maps the words met on scan lines inside a region with a single attractor to the
    points (k, 2) of the plane where they were met.
    """
    rule = model.attractors
    width = max(x[2] - x[1], y[2] - y[1])
    for _, region in graph.nodes(data=True):
        region["words"] = {}
        if rule is None or len(region["attractors"]) != 1:
            continue
        for line in lines:
            data = line.data.isel(point=np.flatnonzero(line.data["stable"].values))
            at = [
                data[k].values if k in line.parameters
                else np.full(data.sizes["point"], line.model.parameters[k])
                for k in (x[0], y[0])
            ]  # fmt: skip
            # Away from the boundary, whose chords cut off a little of the neighboring regions.
            inside = shapely.contains_xy(region["polygon"].buffer(-0.004 * width), *at)
            bands = np.searchsorted(rule.borders, data[rule.observable].values)
            for band in np.unique(bands[inside]):
                points = np.column_stack(at)[inside & (bands == band)]
                region["words"].setdefault(rule.names[band], []).append(points)
        region["words"] = {k: np.concatenate(v) for k, v in region["words"].items()}
        if len(region["words"]) > 1:
            ordered = [name for name in rule.names if name in region["words"]]
            region["label"] = " to ".join(ordered)


def _path(curve: Branch, x: Axis, y: Axis) -> LineString:
    """A curve in units of the plane, its codimension-two points among the vertices."""
    data = curve.data
    columns = [data[x[0]].values, data[y[0]].values]
    for point in sorted(curve.special_points, key=lambda p: p.index, reverse=True):
        at = point.index + 1
        for k, name in enumerate((x[0], y[0])):
            columns[k] = np.insert(columns[k], at, point.parameters[name])
    scaled = [
        np.clip((v - low) / (high - low), 0.0, 1.0)
        for v, (_, low, high) in zip(columns, (x, y), strict=True)
    ]
    points = np.round(np.column_stack(scaled) / GRID) * GRID
    keep = np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])
    return LineString(points[keep]) if keep.sum() > 1 else LineString()


def _faces(paths: Sequence[LineString]) -> list[Polygon]:
    plane = box(0, 0, 1, 1)
    network = unary_union([plane.exterior, *(p for p in paths if not p.is_empty)])
    network = shapely.set_precision(network, GRID)
    return [face for face in polygonize(network) if face.area > SMALLEST]


def _content(
    model: VectorField, face: Polygon, x: Axis, y: Axis, lines: Sequence[Branch]
) -> dict[str, Any]:
    """What is stable inside a face, looked up at its most interior point."""
    center = shapely.maximum_inscribed_circle(face, tolerance=1e-4).coords[0]
    values = {
        axis[0]: axis[1] + fraction * (axis[2] - axis[1])
        for axis, fraction in zip((x, y), center, strict=True)
    }
    at = model.with_parameters(**values)
    starts = _nearby_states(lines, values, x, y)
    every = find_equilibria(at, starts=starts)
    stable = regime_at(at, starts=starts)
    names = tuple(item["name"] for item in stable)
    label = " + ".join(names) if names else (OSCILLATING if len(every) else OUTSIDE)
    return {
        "attractors": names,
        "label": label,
        "equilibria": len(every),
        "stable": [{k: item[k] for k in ("name", "observables", "abscissa")} for item in stable],
        "parameters": values,
    }


def _nearby_states(
    lines: Sequence[Branch], values: dict[str, float], x: Axis, y: Axis, count: int = 24
) -> np.ndarray:
    """States of the scan lines nearest to a point of the plane."""
    states, distances = [], []
    for line in lines:
        at = {**line.model.parameters, **values}
        offset = np.zeros(len(line))
        for name, low, high in (x, y):
            known = (
                line.data[name].values if name in line.parameters else line.model.parameters[name]
            )
            offset = offset + ((known - at[name]) / (high - low)) ** 2
        nearest = np.argsort(offset)[:8]
        states.append(line.states()[nearest])
        distances.append(offset[nearest])
    if not states:
        return np.empty((0, 0))
    order = np.argsort(np.concatenate(distances))[:count]
    return np.concatenate(states)[order]


def _merge(faces: Sequence[Polygon], contents: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Faces that share a boundary and have the same attractors are one region."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(faces)))
    tree = shapely.STRtree(faces)
    for k, face in enumerate(faces):
        for other in tree.query(face):
            if k < other and contents[k]["label"] == contents[other]["label"]:
                if face.intersection(faces[other]).length > GRID:
                    graph.add_edge(k, int(other))
    return [sorted(group) for group in nx.connected_components(graph)]


def _add_edges(graph, groups, faces, paths, curves) -> None:
    regions = [unary_union([faces[k] for k in group]) for group in groups]
    tree = shapely.STRtree(regions)
    for k, region in enumerate(regions):
        for other in tree.query(region):
            if k >= other:
                continue
            shared = region.intersection(regions[other])
            if shared.length > 1e-6:
                graph.add_edge(
                    k, int(other), length=float(shared.length),
                    bifurcations=_separating(shared, paths, curves),
                )  # fmt: skip


def _separating(shared: Any, paths: Sequence[LineString], curves: Sequence[Branch]) -> list[str]:
    """Names of the curves that run along a shared boundary."""
    near = shared.buffer(1e-6)
    return [
        f"{curve.kind} {number}"
        for number, (path, curve) in enumerate(zip(paths, curves, strict=True), 1)
        if not path.is_empty and path.intersection(near).length > 0.2 * min(shared.length, 1e-3)
    ]


def _unscaled(polygon: Any, x: Axis, y: Axis) -> Any:
    return shapely.transform(
        polygon,
        lambda points: np.array([x[1], y[1]]) + points * [x[2] - x[1], y[2] - y[1]],
    )
