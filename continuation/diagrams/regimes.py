"""Regions of a parameter plane, named by what is stable in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.ops import polygonize, unary_union

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.diagrams.attractors import (
    nearest_orbits,
    plane_positions,
    simulated_cycles,
    stable_cycles,
    stable_equilibria,
    trusted,
)
from continuation.diagrams.names import (
    NOTHING,
    OUTSIDE,
    borders,
    found_cycles,
    found_equilibria,
    label,
    naming_observable,
)
from continuation.diagrams.thresholds import threshold_lines
from continuation.steady_states.branch import Branch
from dynsys.vector_field import VectorField

SMALLEST = 1e-7  # of the plane: faces below it are rounding
THINNEST = 3e-4  # faces thinner than this join a neighbor: two curves that run into each other
FAINT = 0.2  # largest range of a scaled state of a cycle about to vanish
NEAR_BIRTH = 0.05  # in units of the plane: how far off its generalized Hopf point may be
DEEP = 2e-3  # distance from the boundary at which a cycle certainly lies inside a large face
GRID = 1e-9  # snapping distance in units of the plane

Axis = tuple[str, float, float]


@dataclass(frozen=True)
class Findings:
    """What was computed in a plane: curves of equilibria and of cycles, scan lines, cycles."""

    curves: tuple[Branch, ...]
    cycle_curves: tuple[CycleCurve, ...]
    lines: tuple[Branch, ...]
    cycles: tuple[CycleBranch, ...]

    def boundaries(self) -> list[Branch | CycleCurve]:
        """All curves, those of equilibria first."""
        return [*self.curves, *self.cycle_curves]


def attractors_at(
    model: VectorField, values: dict[str, float], axes: Sequence[Axis], findings: Findings,
    near: Sequence[tuple[int, int]] | None = None,
) -> tuple[list[dict[str, Any]], int]:  # fmt: skip
    """Stable equilibria and cycles at a point of the plane, and the number of all equilibria."""
    at = model.with_parameters(**values)
    starts = _nearby_states(findings.lines, values, axes)
    found, count = stable_equilibria(at, starts)
    if near is None:
        near = nearest_orbits(findings.cycles, axes, values)
    found += stable_cycles(at, findings.cycles, near)
    if count and not found:
        found += simulated_cycles(at)
    return found, count


def regime_graph(model: VectorField, x: Axis, y: Axis, findings: Findings) -> nx.Graph:
    """Nodes: regions with their attractors; edges: the bifurcations between them."""
    boundaries = findings.boundaries()
    births = np.array(
        [_position(p.parameters, (x, y)) for curve in findings.curves for p in curve.points("GH")]
    ).reshape(-1, 2)
    paths = [_path(curve, x, y, births) for curve in boundaries]
    names = [f"{curve.kind} {number}" for number, curve in enumerate(boundaries, 1)]
    places = [plane_positions(branch, (x, y)) for branch in findings.cycles]
    faces, contents = [], []
    for face in _faces(paths):
        content = _content(model, face, x, y, findings, places)
        parts = [(face, content)]
        if len(content["attractors"]) == 1 and found_equilibria(content["stable"]):
            parts = _split(model, face, content, x, y, findings, paths, names, places)
        for part, inside in parts:
            faces.append(part)
            contents.append(inside)
    graph = nx.Graph()
    groups = _merge(faces, contents)
    for number, group in enumerate(groups):
        polygon = unary_union([faces[k] for k in group])
        largest = max(group, key=lambda k: faces[k].area)
        oscillates = bool(found_cycles(contents[largest]["stable"]))
        graph.add_node(
            number, **contents[largest], area=float(polygon.area),
            cycles=_cycle_ranges(polygon, findings, places) if oscillates else {},
            polygon=_unscaled(polygon, x, y),
        )  # fmt: skip
    _add_edges(graph, groups, faces, paths, names)
    return graph


def _split(model, face, content, x, y, findings, paths, names, places):
    """A region may run from "down" to "up" without a bifurcation: cut it where the word changes."""
    cuts = threshold_lines(model, face, x, y, findings.lines)
    pieces = [face]
    for cut in cuts:
        pieces = [part for piece in pieces for part in shapely.ops.split(piece, cut).geoms]
    if len(pieces) == 1:
        return [(face, content)]
    border = f"{naming_observable(model)} = {borders(model)[0]:g} (no bifurcation)"
    for cut in cuts:
        paths.append(cut)
        names.append(border)
    return [(part, _content(model, part, x, y, findings, places)) for part in pieces]


def _path(curve: Branch | CycleCurve, x: Axis, y: Axis, births: np.ndarray) -> LineString:
    """A curve in units of the plane, its codimension-two points among the vertices.

    ``births`` (k, 2) are the generalized Hopf points, where curves of folds of cycles begin.
    """
    data = curve.data
    columns = [data[x[0]].values, data[y[0]].values]
    special: list[Any] = list(curve.special_points)
    for point in sorted(special, key=lambda p: p.index, reverse=True):
        at = point.index + 1
        for k, name in enumerate((x[0], y[0])):
            columns[k] = np.insert(columns[k], at, point.parameters[name])
    scaled = [
        np.clip((v - low) / (high - low), 0.0, 1.0)
        for v, (_, low, high) in zip(columns, (x, y), strict=True)
    ]
    points = np.column_stack(scaled)
    if "homoclinic" in curve.kind or "fixed period" in curve.kind:
        points = _without_return(points)
    if curve.kind == "cycle fold curve":
        points = _with_births(curve, points, births)
    points = np.round(points / GRID) * GRID
    keep = np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])
    return LineString(points[keep]) if keep.sum() > 1 else LineString()


def _position(parameters: Mapping[str, float], axes: Sequence[Axis]) -> list[float]:
    return [(parameters[name] - low) / (high - low) for name, low, high in axes]


def _with_births(curve: Any, points: np.ndarray, births: np.ndarray) -> np.ndarray:
    """A curve of folds whose cycles shrink to nothing is led on to the generalized Hopf point."""
    for end, orbit in ((0, curve.orbits[0]), (-1, curve.orbits[-1])):
        if len(births) and np.max(np.ptp(orbit.u, axis=0)) < FAINT:
            distance = np.linalg.norm(births - points[end], axis=1)
            k = int(np.argmin(distance))
            if distance[k] < NEAR_BIRTH:
                parts = [births[k : k + 1], points] if end == 0 else [points, births[k : k + 1]]
                points = np.concatenate(parts)
    return points


def _without_return(points: np.ndarray) -> np.ndarray:
    """A curve of long periods has two arms, large and small cycles, that run on top of each other:
    one of them is kept."""
    if len(points) < 4:
        return points
    for k in range(len(points) - 1, 2, -1):
        line = LineString(points[: k - 1])
        ahead = points[k]
        if line.distance(shapely.Point(ahead)) > 1e-4:
            return points[: k + 2]
    return points


def _faces(paths: Sequence[LineString]) -> list[Polygon]:
    plane = box(0, 0, 1, 1)
    network = unary_union([plane.exterior, *(p for p in paths if not p.is_empty)])
    network = shapely.set_precision(network, GRID)
    faces = [face for face in polygonize(network) if face.area > SMALLEST]
    thick = [f for f in faces if _radius(f) > THINNEST]
    for thin in (f for f in faces if _radius(f) <= THINNEST):
        shared = [thin.intersection(f).length for f in thick]
        if shared and max(shared) > 0:
            k = int(np.argmax(shared))
            joined = unary_union([thick[k], thin])
            if isinstance(joined, Polygon):
                thick[k] = joined
    return thick


def _radius(face: Polygon) -> float:
    return float(shapely.maximum_inscribed_circle(face, tolerance=1e-5).length)


def _content(
    model: VectorField, face: Polygon, x: Axis, y: Axis, findings: Findings,
    places: Sequence[np.ndarray],
) -> dict[str, Any]:  # fmt: skip
    """What is stable inside a face, looked up at its most interior point.

    Where stable cycles lie inside but cannot be carried to that point (a thin, curved face), the
    deepest of them is the place to look.
    """
    circle = shapely.maximum_inscribed_circle(face, tolerance=1e-4)
    inside = _orbits_inside(face, min(0.25 * circle.length, DEEP), findings.cycles, places)
    values = _values(circle.coords[0], (x, y))
    near = inside
    if not inside and not _is_crossed(face, findings.lines, x, y):
        near = nearest_orbits(findings.cycles, (x, y), values)
    stable, count = attractors_at(model, values, (x, y), findings, near)
    if inside and not found_cycles(stable):
        number, k = inside[0]
        values = _values(places[number][k], (x, y))
        stable, count = attractors_at(model, values, (x, y), findings, inside)
    names = tuple(item["name"] for item in stable)
    nothing = NOTHING if count or not model.tables else OUTSIDE
    kept = ("name", "kind", "observables", "abscissa", "frequency", "period", "extrema")
    return {
        "attractors": names,
        "label": label(names, nothing),
        "equilibria": count,
        "stable": [{k: item[k] for k in kept if k in item} for item in stable],
        "parameters": values,
    }


def _values(at: Sequence[float], axes: Sequence[Axis]) -> dict[str, float]:
    return {
        name: float(low + fraction * (high - low))
        for (name, low, high), fraction in zip(axes, at, strict=True)
    }


def _orbits_inside(face, depth, cycles, places) -> list[tuple[int, int]]:
    """(branch, orbit) of each branch's stable cycle deepest inside a face, deepest first.

    Cycles nearer to the boundary than ``depth`` do not count: the face's edges are chords.
    """
    found = []
    for number, (branch, at) in enumerate(zip(cycles, places, strict=True)):
        inside = np.flatnonzero(trusted(branch) & shapely.contains_xy(face, at))
        if inside.size:
            distance = shapely.distance(face.boundary, shapely.points(at[inside]))
            k = int(np.argmax(distance))
            if distance[k] > depth:
                found.append((float(distance[k]), number, int(inside[k])))
    return [(number, k) for _, number, k in sorted(found, reverse=True)[:3]]


def _is_crossed(face: Polygon, lines: Sequence[Branch], x: Axis, y: Axis) -> bool:
    """Whether a scan line runs through a face for some length: its cycles were then followed."""
    for line in lines:
        name = line.parameters[0]
        fixed = y if name == x[0] else x
        at = (line.model.parameters[fixed[0]] - fixed[1]) / (fixed[2] - fixed[1])
        ends = [(0.0, at), (1.0, at)] if name == x[0] else [(at, 0.0), (at, 1.0)]
        if face.intersection(LineString(ends)).length > 0.02:
            return True
    return False


def _cycle_ranges(polygon: Polygon, findings: Findings, places) -> dict[str, Any]:
    """Ranges of period, frequency and extrema of the stable cycles met inside a region."""
    columns: dict[str, list[np.ndarray]] = {}
    for branch, at in zip(findings.cycles, places, strict=True):
        inside = np.flatnonzero(trusted(branch) & shapely.contains_xy(polygon, at))
        for name in ("period", "frequency", *(k for k in branch.data if "m" in str(k)[:1])):
            if inside.size and str(name) in branch.data and branch.data[name].ndim == 1:
                columns.setdefault(str(name), []).append(branch.data[name].values[inside])
    return {
        k: (float(np.concatenate(v).min()), float(np.concatenate(v).max()))
        for k, v in columns.items()
        if k in ("period", "frequency") or k.startswith(("min_", "max_"))
    }


def _nearby_states(
    lines: Sequence[Branch], values: dict[str, float], axes: Sequence[Axis], count: int = 24
) -> np.ndarray:
    """States of the scan lines nearest to a point of the plane."""
    states, distances = [], []
    for line in lines:
        at = {**line.model.parameters, **values}
        offset = np.zeros(len(line))
        for name, low, high in axes:
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


def _add_edges(graph, groups, faces, paths, names) -> None:
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
                    bifurcations=_separating(shared, paths, names),
                )  # fmt: skip


def _separating(shared: Any, paths: Sequence[LineString], names: Sequence[str]) -> list[str]:
    """Names of the curves that run along a shared boundary."""
    near = shared.buffer(1e-6)
    found = [
        name
        for path, name in zip(paths, names, strict=True)
        if not path.is_empty and path.intersection(near).length > 0.2 * min(shared.length, 0.02)
    ]
    return list(dict.fromkeys(found))


def _unscaled(polygon: Any, x: Axis, y: Axis) -> Any:
    return shapely.transform(
        polygon,
        lambda points: np.array([x[1], y[1]]) + points * [x[2] - x[1], y[2] - y[1]],
    )
