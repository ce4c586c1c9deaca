"""Boundaries along which no curve could be followed: closed in by a search between places."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import shapely
from shapely.geometry import MultiPoint, Polygon

from continuation.diagrams.partition import GRID, SMALLEST, places_across
from continuation.diagrams.probing import Answer, Dispute, Prober
from continuation.diagrams.scan import each

FIRST = 24  # places spread over a face at first
MOST = 120  # places asked in one face
FINEST = 0.008  # distance in units of the plane below which two places are not parted any more

Piece = tuple[Polygon, Answer, Dispute | None]


def closed_in(prober: Prober, face: Polygon, dispute: Dispute) -> list[Piece]:
    """Parts of a face at two of whose places different attractors are stable.

    1. Ask at places spread over the face what is stable.
    2. Ask in the middle of all neighbors that differ, until they are near or ``MOST`` are asked.
    3. Cells (Voronoi) around places whose neighbors all agree are sure; the others hold the
       boundary and stay in dispute.
    """
    answers = [dispute.inmost, dispute.other]
    seeds = [*dispute.inmost.seeds, *dispute.other.seeds]
    fresh = _apart(places_across(face, FIRST, FINEST / 2), answers)
    while len(fresh):
        answers += each(lambda place: prober.ask(place, seeds, searches=0), list(fresh))
        cells = _cells(face, answers)
        neighbors = _neighbors(cells)
        fresh = _apart(_between(face, answers, neighbors), answers)[: max(0, MOST - len(answers))]
    return _pieces(_cells(face, answers), answers)


def _apart(places: np.ndarray, answers: Sequence[Answer]) -> np.ndarray:
    """The places (k, 2) that lie near no one asked before, nor near each other."""
    known, chosen = [answer.place for answer in answers], []
    for place in places:
        if np.min(np.linalg.norm(np.array(known) - place, axis=1)) > FINEST / 4:
            known.append(place)
            chosen.append(place)
    return np.array(chosen).reshape(-1, 2)


def _cells(face: Polygon, answers: Sequence[Answer]) -> list[Polygon]:
    """The part of a face nearest to each place."""
    places = MultiPoint([answer.place for answer in answers])
    found = shapely.voronoi_polygons(places, extend_to=face, ordered=True)
    return [_within(cell, face) for cell in found.geoms]


def _within(cell: Polygon, face: Polygon) -> Polygon:
    """The part of a cell in a face, on the grid; a face that touches itself is mended first."""
    try:
        return shapely.intersection(cell, face, grid_size=GRID)
    except shapely.errors.GEOSException:
        return shapely.set_precision(shapely.intersection(cell, face.buffer(0)), GRID)


def _neighbors(cells: Sequence[Polygon]) -> list[tuple[int, int]]:
    """Pairs of cells that share an edge."""
    first, second = shapely.STRtree(cells).query(cells, predicate="intersects")
    pairs = [(int(a), int(b)) for a, b in zip(first, second, strict=True) if a < b]
    return [(a, b) for a, b in sorted(pairs) if cells[a].intersection(cells[b]).length > GRID]


def _between(
    face: Polygon, answers: Sequence[Answer], neighbors: Sequence[tuple[int, int]]
) -> np.ndarray:
    """The middles (k, 2) of neighboring places that differ, the longest way first."""
    ways = []
    for a, b in neighbors:
        way = answers[b].place - answers[a].place
        if answers[a].kinds != answers[b].kinds and np.linalg.norm(way) > FINEST:
            ways.append((-float(np.linalg.norm(way)), tuple(answers[a].place + way / 2)))
    middles = np.array([middle for _, middle in sorted(ways)]).reshape(-1, 2)
    return middles[shapely.contains_xy(face, middles)] if len(middles) else middles


def _pieces(cells: Sequence[Polygon], answers: Sequence[Answer]) -> list[Piece]:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(cells)))
    neighbors = _neighbors(cells)
    differing = [(a, b) for a, b in neighbors if answers[a].kinds != answers[b].kinds]
    doubtful = {cell for pair in differing for cell in pair}
    graph.add_edges_from(
        (a, b) for a, b in neighbors
        if (a in doubtful) == (b in doubtful)
        and (a in doubtful or answers[a].kinds == answers[b].kinds)
    )  # fmt: skip
    result: list[Piece] = []
    for group in nx.connected_components(graph):
        members = sorted(group)
        pair = next((p for p in differing if p[0] in group or p[1] in group), None)
        dispute = None if pair is None else Dispute(answers[pair[0]], answers[pair[1]])
        whole = shapely.union_all([cells[k] for k in members], grid_size=GRID)
        parts = [p for p in getattr(whole, "geoms", [whole]) if p.area > SMALLEST]
        result += [(part, answers[members[0]], dispute) for part in parts]
    return result
