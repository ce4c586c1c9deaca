"""Regions of a parameter plane, named by what is stable in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from continuation.diagrams import finished_answers
from continuation.diagrams.answers import Answer, Dispute, is_mixture
from continuation.diagrams.attractors import trusted, turn_of
from continuation.diagrams.closing import WITHIN, Piece, closed_in
from continuation.diagrams.names import (
    CYCLE,
    NOTHING,
    OUTSIDE,
    PHASES,
    WITH_WINDOWS,
    found_cycles,
    found_equilibria,
    label,
    names_with_varying_bursts,
)
from continuation.diagrams.partition import GRID, THINNEST, partition, place_inside
from continuation.diagrams.paths import Axis, Path, paths_of
from continuation.diagrams.probing import Findings, Prober
from continuation.diagrams.progress import stage
from continuation.diagrams.rhythm_words import words_vary
from continuation.diagrams.scan import each
from continuation.diagrams.scanned_lines import line_positions
from continuation.diagrams.standstill import standstills
from continuation.diagrams.thresholds import Threshold, thresholds
from continuation.engine.budget import met, spent
from continuation.steady_states.branch import Branch
from dynsys import journal
from dynsys.activity import doing
from dynsys.vector_field import VectorField

WORTH = 1e-3  # of the plane: faces whose simulated cycles are followed
BARE = 0.2  # of a boundary: a part beside which no curve runs that is worth telling
BESIDE = 1e-4  # of the plane: vertices of special points lie beside the chords of a curve
EXCHANGES = ("transcritical curve", "pitchfork curve")
MOST_PLACES = 2000  # asked in all searches for boundaries without a curve
WORDS = "what is stable in every face"
SEARCHED = f"found by a search, to within {100 * WITHIN:g} % of the plane"  # a boundary
REWORDED = f"change of word for a rhythm (no bifurcation), {SEARCHED}"
_KEPT = (
    "name", "kind", "observables", "abscissa", "frequency", "period", "extrema",
    "exponent", "detail",
)  # fmt: skip


@dataclass
class Regimes:
    """A plane cut into pieces, with what is stable in each and what contradicts that."""

    paths: list[Path]
    pieces: list[Piece]
    prober: Prober

    def simulated(self) -> list[Answer]:
        """Answers whose cycles no branch had led to, of the largest face first; slivers know theirs
        well enough."""
        worth = [piece.answer for piece in self.by_area() if piece.face.area > WORTH]
        return [answer for answer in worth if answer.simulated and answer.kinds[1]]

    def contradictions(self) -> list[Dispute]:
        """All disputes, that of the largest face first; but for slivers in which cycles double
        without end to chaos: no single curve bounds that."""
        return [
            dispute for piece in self.by_area() if (dispute := piece.dispute) is not None
            and (piece.face.area > WORTH or not is_mixture(dispute.inmost, dispute.other))
        ]  # fmt: skip

    def by_area(self) -> list[Piece]:
        """All pieces, the largest first."""
        return sorted(self.pieces, key=lambda piece: -piece.face.area)


@doing("regions of the plane")
def cut(
    model: VectorField, x: Axis, y: Axis, findings: Findings, before: Regimes | None = None,
    known: Sequence[Answer] = (),
) -> Regimes:  # fmt: skip
    """Cut the plane along all curves and ask what is stable in every face.

    Faces that an earlier cut had as well, with nothing disputed or found in them since, keep their
    answers.
    ``known`` answers, from an audit, are held against those of the faces they lie in. Faces for
    which a budget leaves no time are not looked at, and stay unresolved.
    """
    prober = Prober(model, (x, y), findings)
    paths = paths_of(findings.boundaries(), x, y)
    paths += [Path(still.name, line) for still in standstills(model, x, y) for line in still.lines]
    parts = partition([path.line for path in paths])
    settled = {} if before is None else _settled(before, prober)

    def look(face: Polygon) -> tuple[Answer, Dispute | None]:
        mine = _inside(face, known)
        answer = settled.get(shapely.normalize(face).wkb)
        if answer is not None and all(other.kinds == answer.kinds for other in mine):
            return answer, None
        answer = prober.face(face)
        loose = [p for p in parts.loose if face.contains(p.interpolate(0.5, normalized=True))]
        return answer, prober.disputes(face, answer, loose, mine)

    largest = sorted(parts.faces, key=lambda face: -face.area)  # first, should time be short
    kept = finished_answers.faces(prober, parts.loose, known)
    looked = each(look, largest, WORDS, kept)
    pieces = [
        _piece(prober, face, told, _inside(face, known))
        for face, told in zip(largest, looked, strict=True)
    ]
    order = {id(face): k for k, face in enumerate(parts.faces)}
    return Regimes(paths, sorted(pieces, key=lambda piece: order[id(piece.face)]), prober)


def _piece(
    prober: Prober, face: Polygon, told: tuple[Answer, Dispute | None] | None,
    known: Sequence[Answer],
) -> Piece:  # fmt: skip
    """A face with what was told of it; None where nobody had time to look."""
    answer, dispute = (prober.unasked(place_inside(face)), None) if told is None else told
    return Piece(face, answer, dispute, prober.bursts_vary(face, [answer, *known]))


def closed(regimes: Regimes, known: Sequence[Answer] = ()) -> Regimes:
    """The plane with every face in dispute, or in which the spikes of bursts or the words for
    cycles vary, cut by a search, the largest first; ``known`` answers, from an audit, are taken as
    they are."""
    cycles, axes = regimes.prober.findings.cycles, regimes.prober.axes
    pieces: list[Piece] = []
    left = MOST_PLACES
    kept = finished_answers.closed_faces(regimes.prober, known)
    asked = regimes.by_area()
    for piece in stage(asked, "faces that contradict themselves", len(asked)):
        bursts = piece.mixed and piece.face.area > WORTH
        told = piece.dispute is not None or bursts or piece.face.area <= WORTH
        words = not told and words_vary(piece.face, cycles, axes)
        if (piece.dispute is None and not bursts and not words) or left <= 0 or spent():
            pieces.append(piece)
            continue
        mine, contrary = _inside(piece.face, known), piece.dispute
        first = [piece.answer] if contrary is None else [contrary.inmost, contrary.other]
        search = partial(closed_in, regimes.prober, piece.face, first, left, mine, not words)
        parts, count = journal.piece(partial(kept.key, piece), search, kept.form) or ([piece], 0)
        pieces += parts
        left -= count
    if left <= 0:
        met(f"{MOST_PLACES} places were asked in search of boundaries without a curve")
    return replace(regimes, pieces=pieces)


def _inside(face: Polygon, known: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in known if shapely.contains_xy(face, *answer.place)]


def _settled(before: Regimes, prober: Prober) -> dict[bytes, Answer]:
    """The answers that still hold, by face."""
    return {
        shapely.normalize(piece.face).wkb: piece.answer
        for piece in before.pieces
        if piece.dispute is None and piece.answer.stable
        and not prober.has_news(piece.face, before.prober.findings)
    }  # fmt: skip


def regime_graph(model: VectorField, x: Axis, y: Axis, regimes: Regimes) -> nx.Graph:
    """Nodes: regions with their attractors; edges: the bifurcations between them."""
    faces: list[Polygon] = []
    contents: list[dict[str, Any]] = []
    paths = list(regimes.paths)
    words = thresholds(model, x, y, regimes.prober.findings.lines)
    for piece in regimes.pieces:
        content = _content(model, piece)
        for part, inside in _split(model, piece, content, regimes, words, paths):
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


def _only_words_differ(a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]]) -> bool:
    """Whether two regions have attractors of the same kinds, and other words for the cycles."""
    kinds = [sorted(item["kind"] for item in side) for side in (a, b)]
    words = [sorted(item["name"] for item in found_cycles(side)) for side in (a, b)]
    return kinds[0] == kinds[1] and words[0] != words[1]


def _content(model: VectorField, piece: Piece) -> dict[str, Any]:
    answer = piece.answer
    names = tuple(item["name"] for item in answer.stable)
    if piece.mixed and set(names) & set(WITH_WINDOWS):
        names = tuple(WITH_WINDOWS.get(name, name) for name in names)
    elif piece.mixed:
        names = names_with_varying_bursts(answer.stable, piece.bands)
    count = len(answer.equilibria)
    empty = NOTHING if count or not model.tables or not answer.asked else OUTSIDE
    unresolved = "" if piece.dispute is None else str(piece.dispute)
    if not unresolved and not names and (empty == NOTHING or not answer.asked):
        unresolved = str(answer)
    return {
        "attractors": names,
        "label": label(names, empty),
        "unresolved": unresolved,
        "equilibria": count,
        "stable": [_plain(model, item) for item in answer.stable],
        "parameters": answer.values,
    }


def _plain(model: VectorField, item: dict[str, Any]) -> dict[str, Any]:
    kept = {k: item[k] for k in _KEPT if k in item}
    arrays: dict[str, Any] = {k: item[k] for k in ("start", "state") if k in item}
    if item["kind"] == CYCLE and model.lines:  # what it takes to be on it; its rows come in fours
        turn = turn_of(model, item)[1]
        arrays["turn"] = turn[:: max(k for k in (1, 2, 4) if k == 1 or len(turn) >= k * PHASES)]
    return kept | {k: np.asarray(v).tolist() for k, v in arrays.items()}


def _split(
    model: VectorField, piece: Piece, content: dict[str, Any], regimes: Regimes,
    words: Sequence[Threshold], paths: list[Path],
) -> list[tuple[Polygon, dict[str, Any]]]:  # fmt: skip
    """A region may run from "down" to "up" without a bifurcation: cut it where the word changes,
    along ``words``."""
    face = piece.face
    alone = len(found_equilibria(content["stable"])) == 1  # of two each has its word everywhere
    within = [
        Path(word.name, face.intersection(word.line))
        for word in words if alone and face.intersects(word.line)
    ]  # fmt: skip
    if not within:
        return [(face, content)]
    network = shapely.union_all([face.boundary, *(path.line for path in within)], grid_size=GRID)
    parts = [
        p for p in shapely.polygonize([network]).geoms if face.contains(p.representative_point())
    ]
    if len(parts) < 2:
        return [(face, content)]
    paths += within
    return [
        (part, {**_content(model, Piece(part, _carried(part, piece.answer, regimes.prober), None)),
                "unresolved": content["unresolved"]})
        for part in parts
    ]  # fmt: skip


def _carried(part: Polygon, answer: Answer, prober: Prober) -> Answer:
    """The attractors of a face in a part of it."""
    found = prober.ask(place_inside(part), [], searches=0, near=[answer])
    return found if found.kinds == answer.kinds else prober.face(part)


def _exchanges(regimes: Regimes, x: Axis, y: Axis) -> list[LineString]:
    """Curves of branch points, as far as a stable equilibrium hands its stability on to another
    there, and lines on which states stand still."""
    curves = regimes.prober.findings.boundaries()
    result = [path.line for path in regimes.paths[len(curves) :]]
    for curve, path in zip(curves, regimes.paths, strict=False):
        if isinstance(curve, Branch) and curve.kind in EXCHANGES:
            result.append(path.line.difference(_unstable(curve, x, y).buffer(BESIDE)))
    return result


def _unstable(curve: Branch, x: Axis, y: Axis) -> Any:
    """The stretches of a curve on which no equilibrium is stable, in units of the plane."""
    rows = line_positions(curve, (x, y))
    pieces = [rows[k : k + 2] for k in np.flatnonzero(~curve.data["stable"].values[:-1])]
    return shapely.union_all([LineString(piece) for piece in pieces])


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
                names = _separating(shared, paths)
                alike = _only_words_differ(*(graph.nodes[i]["stable"] for i in (k, other)))
                if alike and _bare_length(shared, paths) > WITHIN:
                    names = [*(name for name in names if name != SEARCHED), REWORDED]
                graph.add_edge(k, other, length=float(shared.length), bifurcations=names)


def _separating(shared: Any, paths: Sequence[Path]) -> list[str]:
    """Names of the curves that run along a shared boundary, and whether some of it has none."""
    near = shared.buffer(1e-6)
    found = [
        path.name
        for path in paths
        if not path.line.is_empty
        and path.line.intersection(near).length > 0.2 * min(shared.length, 0.02)
    ]
    if not found:
        return [SEARCHED] if _is_apart(shared, paths) else []
    alone = _bare_length(shared, paths) > max(WITHIN, BARE * shared.length)
    return [*dict.fromkeys(found), *([SEARCHED] if alone else [])]


def _bare_length(shared: Any, paths: Sequence[Path]) -> float:
    """How long the part of a boundary is beside which no curve runs: by short pieces of it, since
    bands around curves that go back and forth, as those of canards, take more than the memory."""
    pieces = _steps(shapely.segmentize(shared, THINNEST))
    middles, lengths = pieces.mean(axis=1), np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1)
    ends = np.concatenate([np.empty((0, 2, 2)), *(_steps(path.line) for path in paths)])
    curves = shapely.STRtree(shapely.linestrings(ends))
    beside = curves.query(shapely.points(middles), "dwithin", 2 * THINNEST)[0]
    return float(np.sum(lengths) - np.sum(lengths[np.unique(beside)]))


def _steps(line: Any) -> np.ndarray:
    """The straight pieces (k, 2, 2) of lines."""
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
    return np.concatenate([np.empty((0, 2, 2)), *(np.stack([c[:-1], c[1:]], 1) for c in parts)])


def _is_apart(shared: Any, paths: Sequence[Path]) -> bool:
    """Whether no curve runs beside a boundary: faces too thin to be one move it a little."""
    beside = shared.buffer(2 * THINNEST)
    return not any(path.line.intersection(beside).length > 0.5 * shared.length for path in paths)


def _unscaled(polygon: Any, x: Axis, y: Axis) -> Any:
    return shapely.transform(
        polygon,
        lambda points: np.array([x[1], y[1]]) + points * [x[2] - x[1], y[2] - y[1]],
    )
