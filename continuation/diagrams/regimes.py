"""Regions of a parameter plane, named by what is stable in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.diagrams import finished_answers
from continuation.diagrams.attractors import trusted
from continuation.diagrams.closing import Piece, closed_in
from continuation.diagrams.names import (
    NOTHING,
    OUTSIDE,
    borders,
    found_cycles,
    found_equilibria,
    label,
    naming_observable,
)
from continuation.diagrams.partition import GRID, partition
from continuation.diagrams.paths import Axis, Path, paths_of
from continuation.diagrams.probing import Answer, Dispute, Findings, Prober
from continuation.diagrams.progress import stage
from continuation.diagrams.scan import each
from continuation.diagrams.thresholds import threshold_lines
from dynsys.activity import doing
from dynsys.journal import piece
from dynsys.vector_field import VectorField

WORTH = 1e-3  # of the plane: faces worth a search for the boundary inside them
_KEPT = (
    "name", "kind", "observables", "abscissa", "frequency", "period", "extrema", "state",
    "exponent", "detail",
)  # fmt: skip


@dataclass
class Regimes:
    """A plane cut into faces, with what is stable in each.

    ``disputes`` has an entry for every face at two of whose places different attractors are stable.
    """

    paths: list[Path]
    faces: list[Polygon]
    answers: list[Answer]
    disputes: list[Dispute | None]
    prober: Prober

    def simulated(self) -> list[Answer]:
        """Answers whose cycles no branch had led to, of the largest face first; slivers know theirs
        well enough."""
        worth = [k for k in self._by_area() if self.faces[k].area > WORTH]
        return [a for k in worth if (a := self.answers[k]).simulated and a.kinds[1]]

    def contradictions(self) -> list[Dispute]:
        """All disputes, that of the largest face first."""
        return [d for k in self._by_area() if (d := self.disputes[k]) is not None]

    def _by_area(self) -> list[int]:
        return sorted(range(len(self.faces)), key=lambda k: -self.faces[k].area)


@doing("regions of the plane")
def cut(
    model: VectorField, x: Axis, y: Axis, findings: Findings, before: Regimes | None = None,
    known: Sequence[Answer] = (),
) -> Regimes:  # fmt: skip
    """Cut the plane along all curves and ask what is stable in every face.

    Faces that an earlier cut had as well, with nothing disputed in them, keep their answers.
    ``known`` answers, from an audit, are held against those of the faces they lie in.
    """
    prober = Prober(model, (x, y), findings)
    paths = paths_of(findings.boundaries(), x, y)
    parts = partition([path.line for path in paths])
    settled = {} if before is None else _settled(before)

    def look(face: Polygon) -> tuple[Answer, Dispute | None]:
        key = shapely.normalize(face).wkb
        if key in settled:
            return settled[key], None
        answer = prober.face(face)
        loose = [p for p in parts.loose if face.contains(p.interpolate(0.5, normalized=True))]
        mine = [a for a in known if shapely.contains_xy(face, *a.place)]
        return answer, prober.disputes(face, answer, loose, mine)

    kept = finished_answers.faces(prober, parts.loose, known)
    found = each(look, parts.faces, "what is stable in every face", kept)
    return Regimes(paths, parts.faces, [a for a, _ in found], [d for _, d in found], prober)


def closed(regimes: Regimes) -> Regimes:
    """The plane with every face in dispute cut by a search into sure parts and a doubtful one."""
    pieces: list[Piece] = []
    kept = finished_answers.closed_faces(regimes.prober)
    asked = list(zip(regimes.faces, regimes.answers, regimes.disputes, strict=True))
    for face, answer, dispute in stage(asked, "faces that contradict themselves", len(asked)):
        if dispute is None or face.area < WORTH:
            pieces.append((face, answer, dispute))
        else:
            name = partial(kept.key, (face, answer, dispute))
            parts = piece(name, partial(closed_in, regimes.prober, face, dispute), kept.form)
            pieces += parts or []
    faces, answers, disputes = (list(column) for column in zip(*pieces, strict=True))
    return Regimes(regimes.paths, faces, answers, disputes, regimes.prober)


def _settled(before: Regimes) -> dict[bytes, Answer]:
    return {
        shapely.normalize(face).wkb: answer
        for face, answer, dispute in zip(before.faces, before.answers, before.disputes, strict=True)
        if dispute is None and answer.stable
    }


def regime_graph(model: VectorField, x: Axis, y: Axis, regimes: Regimes) -> nx.Graph:
    """Nodes: regions with their attractors; edges: the bifurcations between them."""
    faces: list[Polygon] = []
    contents: list[dict[str, Any]] = []
    paths = list(regimes.paths)
    for face, answer, dispute in zip(regimes.faces, regimes.answers, regimes.disputes, strict=True):
        content = _content(model, answer, dispute)
        for part, inside in _split(model, face, content, regimes, x, y, paths):
            faces.append(part)
            contents.append(inside)
    graph = nx.Graph()
    exchanges = _exchanges(regimes, x, y)
    groups = _merge(faces, contents, exchanges)
    for number, group in enumerate(groups):
        polygon = shapely.union_all([faces[k] for k in group], grid_size=GRID)
        largest = max(group, key=lambda k: faces[k].area)
        oscillates = bool(found_cycles(contents[largest]["stable"]))
        graph.add_node(
            number, **contents[largest], area=float(polygon.area),
            cycles=_cycle_ranges(polygon, regimes.prober) if oscillates else {},
            polygon=_unscaled(polygon, x, y),
        )  # fmt: skip
    _add_edges(graph, groups, faces, paths)
    return graph


def _content(model: VectorField, answer: Answer, dispute: Dispute | None) -> dict[str, Any]:
    names = tuple(item["name"] for item in answer.stable)
    count = len(answer.equilibria)
    empty = NOTHING if count or not model.tables else OUTSIDE
    unresolved = "" if dispute is None else str(dispute)
    if not unresolved and not names and empty == NOTHING:
        unresolved = str(answer)
    return {
        "attractors": names,
        "label": label(names, empty),
        "unresolved": unresolved,
        "equilibria": count,
        "stable": [_plain(item) for item in answer.stable],
        "parameters": answer.values,
    }


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    kept = {k: item[k] for k in _KEPT if k in item}
    return {**kept, "state": np.asarray(item["state"]).tolist()}


def _split(
    model: VectorField, face: Polygon, content: dict[str, Any], regimes: Regimes, x: Axis, y: Axis,
    paths: list[Path],
) -> list[tuple[Polygon, dict[str, Any]]]:  # fmt: skip
    """A region may run from "down" to "up" without a bifurcation: cut it where the word changes."""
    alone = len(found_equilibria(content["stable"])) == 1  # of two each has its word everywhere
    cuts = threshold_lines(model, face, x, y, regimes.prober.findings.lines) if alone else []
    if not cuts:
        return [(face, content)]
    within = [face.intersection(line) for line in cuts]
    network = shapely.union_all([face.boundary, *within], grid_size=GRID)
    pieces = [p for p in shapely.polygonize([network]).geoms if face.contains(p.centroid)]
    if len(pieces) < 2:
        return [(face, content)]
    border = f"{naming_observable(model)} = {borders(model)[0]:g} (no bifurcation)"
    paths += [Path(border, line) for line in cuts]
    prober, unresolved = regimes.prober, content["unresolved"]
    return [
        (piece, {**_content(model, prober.face(piece), None), "unresolved": unresolved})
        for piece in pieces
    ]


def _exchanges(regimes: Regimes, x: Axis, y: Axis) -> list[LineString]:
    """Transcritical curves at which a stable equilibrium hands its stability on to another one."""
    result = []
    for curve, path in zip(regimes.prober.findings.boundaries(), regimes.paths, strict=True):
        if curve.kind == "transcritical curve" and bool(curve.data["stable"].any()):
            result.append(path.line)
    return result


def _merge(
    faces: Sequence[Polygon], contents: Sequence[dict[str, Any]], exchanges: Sequence[LineString]
) -> list[list[int]]:
    """Faces that share a boundary and have the same attractors are one region."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(faces)))
    tree = shapely.STRtree(faces)
    kept = shapely.union_all(list(exchanges)).buffer(1e-6) if exchanges else Polygon()
    for k, face in enumerate(faces):
        for other in map(int, tree.query(face)):
            same = contents[k]["label"] == contents[other]["label"]
            sure = bool(contents[k]["unresolved"]) == bool(contents[other]["unresolved"])
            if k < other and same and sure:
                shared = face.intersection(faces[other])
                if shared.length > GRID and shared.difference(kept).length > GRID:
                    graph.add_edge(k, other)
    return [sorted(group) for group in nx.connected_components(graph)]


def _cycle_ranges(polygon: Polygon, prober: Prober) -> dict[str, Any]:
    """Ranges of period, frequency and extrema of the stable cycles met inside a region."""
    columns: dict[str, list[np.ndarray]] = {}
    for branch, at in zip(prober.findings.cycles, prober.places, strict=True):
        inside = np.flatnonzero(trusted(branch) & shapely.contains_xy(polygon, at))
        for name in ("period", "frequency", *(k for k in branch.data if "m" in str(k)[:1])):
            if inside.size and str(name) in branch.data and branch.data[name].ndim == 1:
                columns.setdefault(str(name), []).append(branch.data[name].values[inside])
    return {
        k: (float(np.concatenate(v).min()), float(np.concatenate(v).max()))
        for k, v in columns.items()
        if k in ("period", "frequency") or k.startswith(("min_", "max_"))
    }


def _add_edges(graph: nx.Graph, groups, faces: Sequence[Polygon], paths: Sequence[Path]) -> None:
    regions = [shapely.union_all([faces[k] for k in group], grid_size=GRID) for group in groups]
    tree = shapely.STRtree(regions)
    for k, region in enumerate(regions):
        for other in sorted(map(int, tree.query(region))):
            if k >= other:
                continue
            shared = region.intersection(regions[other])
            if shared.length > 1e-6:
                graph.add_edge(
                    k, other, length=float(shared.length), bifurcations=_separating(shared, paths)
                )


def _separating(shared: Any, paths: Sequence[Path]) -> list[str]:
    """Names of the curves that run along a shared boundary."""
    near = shared.buffer(1e-6)
    found = [
        path.name
        for path in paths
        if not path.line.is_empty
        and path.line.intersection(near).length > 0.2 * min(shared.length, 0.02)
    ]
    return list(dict.fromkeys(found))


def _unscaled(polygon: Any, x: Axis, y: Axis) -> Any:
    return shapely.transform(
        polygon,
        lambda points: np.array([x[1], y[1]]) + points * [x[2] - x[1], y[2] - y[1]],
    )
