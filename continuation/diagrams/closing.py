"""Boundaries along which no curve could be followed: closed in by a search between places."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import shapely
from scipy.spatial import Voronoi
from shapely.geometry import MultiPoint, Polygon

from continuation.diagrams.answers import Answer, Dispute, bursts_differ, is_mixture
from continuation.diagrams.partition import GRID, SMALLEST, places_across
from continuation.diagrams.probing import Prober
from continuation.engine.budget import spent

FIRST = 24  # places spread over a face at first
MOST = 600  # places asked in one face,
MOST_MIXED = 280  # up to which places of chaos and of cycles are parted: windows have no end
WITHIN = 0.008  # of the plane: how near to the truth a boundary is that was closed in
FINEST = 1.5 * WITHIN  # distance of places between which no further one is asked
INWARD = 0.1  # of an edge between cells: how far its end is from where it is asked
FAR = 1e3  # units of the plane: where it has no places any more
LENDERS = 2  # places nearby whose attractors are carried to a new one


class Piece(NamedTuple):
    """A part of the plane: what is stable in it, and what contradicts that (None: nothing does).

    ``mixed``: places of irregular motion and places of cycles, or of bursts of different numbers
    of spikes, lie next to each other in it. ``bands``: the latter, and chaos was met between bursts
    in its face, in bands that may be too thin to be parted from them.
    """

    face: Polygon
    answer: Answer
    dispute: Dispute | None
    mixed: bool = False
    bands: bool = False


class Way(NamedTuple):
    """A ``place`` at which to ask what is stable between answers ``a`` and ``b``, which differ:
    nothing is known over so great a ``length``."""

    length: float
    a: int
    b: int
    place: np.ndarray


def closed_in(
    prober: Prober, face: Polygon, first: Sequence[Answer], most: int = MOST,
    known: Sequence[Answer] = (), everywhere: bool = True,
) -> tuple[list[Piece], int]:  # fmt: skip
    """Parts of a face at two of whose places different attractors are stable, or in which the
    spikes of bursts or the words for cycles vary, and how many places were asked; what is known of
    the ``first`` ones, and of ``known`` ones from an audit, is not.

    1. Ask at places spread over the face what is stable, by runs from ``everywhere``, and carry
       there what is at those near.
    2. Ask in the middle of all neighbors that differ, where the attractors of both are carried,
       until they are near, then where edges between their cells lead far from both, or until
       ``most`` are asked.
       Bursts of different numbers of spikes differ, too: between them lies chaos.
    3. Every cell (Voronoi) belongs to what is stable at its place: the boundary is known to within
       ``WITHIN``. Cells whose neighbors differ farther apart than that stay in dispute, but for
       chaos beside cycles: such cells are ``mixed``.
    """
    most = min(most, MOST)
    answers: list[Answer] = []
    for answer in (*first, *known):
        answers += [answer] if _is_apart(answer.place, answers) else []
    given = len(answers)
    fresh = _apart(places_across(face, FIRST, WITHIN / 2), answers)[: max(0, most)]
    near = [_nearest(answers, place) for place in fresh]
    for round_ in itertools.count():
        if spent() or (round_ and not len(fresh)):
            break
        answers += prober.ask_all([*fresh], near, everywhere and round_ == 0)
        neighbors = _neighbors(_cells(face, answers))
        ways = _ways(answers, neighbors)
        mixed = [way for way in ways if is_mixture(answers[way.a], answers[way.b])]
        ways = [way for way in ways if way not in mixed]  # first: places may be short
        ways += mixed[: max(0, MOST_MIXED - len(answers))]
        left = max(0, most + given - len(answers))
        for between in (ways, _along_edges(answers, neighbors)):  # the latter at the end
            between = _inside(face, between)
            fresh = _apart(_places(between), answers)[:left]
            if len(fresh):
                break
        near = [_ends_at(place, between, answers) for place in fresh]
    return _pieces(face, answers), len(answers) - given


def _nearest(known: Sequence[Answer], place: np.ndarray) -> list[Answer]:
    """Those whose attractors are carried to a place."""
    return sorted(known, key=lambda a: float(np.linalg.norm(a.place - place)))[:LENDERS]


def _ends_at(place: np.ndarray, ways: Sequence[Way], answers: Sequence[Answer]) -> list[Answer]:
    """The answers at both ends of the way on which a place is: those nearest to it may both lack
    what one of the ends has, beside a narrow region."""
    way = min(ways, key=lambda way: float(np.linalg.norm(way.place - place)))
    return [answers[way.a], answers[way.b]]


def _apart(places: np.ndarray, answers: Sequence[Answer]) -> np.ndarray:
    """The places (k, 2) that lie near no one asked before, nor near each other."""
    known, chosen = [answer.place for answer in answers], []
    for place in places:
        if _distance(place, known) > WITHIN / 4:
            known.append(place)
            chosen.append(place)
    return np.array(chosen).reshape(-1, 2)


def _is_apart(place: np.ndarray, answers: Sequence[Answer]) -> bool:
    return not answers or _distance(place, [answer.place for answer in answers]) > GRID


def _distance(place: np.ndarray, others: Sequence[np.ndarray]) -> float:
    return float(np.min(np.linalg.norm(np.array(others) - place, axis=1)))


def _cells(face: Polygon, answers: Sequence[Answer]) -> list[Polygon]:
    """The part of a face nearest to each place.

    Cells of Qhull, as convex hulls of their corners: those of GEOS cross themselves where places
    lie on a lattice. Four places far away make every cell finite.
    """
    places = np.array([answer.place for answer in answers])
    diagram = Voronoi(np.concatenate([places, FAR * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])]))
    corners = [
        diagram.vertices[diagram.regions[diagram.point_region[k]]] for k in range(len(places))
    ]  # fmt: skip
    return [shapely.intersection(MultiPoint(part).convex_hull, face) for part in corners]


def _neighbors(cells: Sequence[Polygon]) -> dict[tuple[int, int], np.ndarray]:
    """Pairs of cells that share an edge, with the corners (k, 2) of the edge."""
    first, second = shapely.STRtree(cells).query(cells, predicate="intersects")
    pairs = [(int(a), int(b)) for a, b in zip(first, second, strict=True) if a < b]
    edges = {(a, b): cells[a].intersection(cells[b]) for a, b in sorted(pairs)}
    return {
        pair: shapely.get_coordinates(edge) for pair, edge in edges.items() if edge.length > GRID
    }


def _ways(answers: Sequence[Answer], neighbors: Iterable[tuple[int, int]]) -> list[Way]:
    """The middles between neighbors that differ and lie apart, those farthest apart first."""
    found = []
    for a, b in neighbors:
        if _differ(answers[a], answers[b]):
            here, there = answers[a].place, answers[b].place
            found.append(Way(float(np.linalg.norm(there - here)), a, b, (here + there) / 2))
    return sorted((way for way in found if way.length > FINEST), key=_order)


def _along_edges(
    answers: Sequence[Answer], neighbors: Mapping[tuple[int, int], np.ndarray]
) -> list[Way]:
    """Where the edges between cells that differ lead far from their places, as at the end of what
    is known of a narrow region; but for mixtures, in which boundaries have no end."""
    found = []
    for (a, b), edge in neighbors.items():
        if answers[a].kinds == answers[b].kinds or is_mixture(answers[a], answers[b]):
            continue
        distances = np.linalg.norm(edge - answers[a].place, axis=1)
        far, near = edge[int(np.argmax(distances))], edge[int(np.argmin(distances))]
        found.append(Way(float(distances.max()), a, b, far + INWARD * (near - far)))
    return sorted((way for way in found if way.length > FINEST), key=_order)


def _order(way: Way) -> tuple[float, ...]:
    return -way.length, way.a, way.b, *way.place


def _differ(a: Answer, b: Answer) -> bool:
    return a.kinds != b.kinds or a.words != b.words or bursts_differ([a, b])


def _inside(face: Polygon, ways: Sequence[Way]) -> list[Way]:
    """The ways whose place lies inside the face."""
    within = shapely.contains_xy(face, _places(ways)) if ways else ()
    return [way for way, inside in zip(ways, within, strict=True) if inside]


def _places(ways: Sequence[Way]) -> np.ndarray:
    return np.array([way.place for way in ways]).reshape(-1, 2)


def _pieces(face: Polygon, answers: Sequence[Answer]) -> list[Piece]:
    cells = _cells(face, answers)
    neighbors = _neighbors(cells)
    differing = {
        (a, b): edge for (a, b), edge in neighbors.items() if answers[a].kinds != answers[b].kinds
    }
    mixtures = [pair for pair in differing if is_mixture(*(answers[k] for k in pair))]
    apart = {
        (way.a, way.b)
        for way in _inside(face, [*_ways(answers, differing), *_along_edges(answers, differing)])
        if len(_apart(_places([way]), answers))
    } - set(mixtures)  # fmt: skip
    between = any(answers[a].bursts or answers[b].bursts for a, b in mixtures)
    irregular = {
        cell: max((answers[a], answers[b]), key=lambda answer: answer.kinds[2])
        for a, b in reversed(mixtures) for cell in (a, b)
    }  # fmt: skip
    disputes = {
        cell: Dispute(answers[a], answers[b])
        for a, b in sorted(apart, reverse=True) for cell in (a, b)
    }  # fmt: skip

    def content(cell: int) -> tuple[bool, bool, tuple[Any, ...]]:
        told = irregular.get(cell, answers[cell])
        said = () if cell in disputes else (told.kinds, told.words)
        return cell in disputes, cell in irregular, said

    graph = nx.Graph()
    graph.add_nodes_from(range(len(cells)))
    graph.add_edges_from((a, b) for a, b in neighbors if content(a) == content(b))
    result: list[Piece] = []
    for group in nx.connected_components(graph):
        members = sorted(group)
        first = members[0]
        whole = shapely.union_all([cells[k] for k in members], grid_size=GRID)
        parts = [p for p in getattr(whole, "geoms", [whole]) if p.area > SMALLEST]
        irregularly = first in irregular and first not in disputes
        answer = irregular[first] if irregularly else answers[first]
        bursts = not irregularly and bursts_differ([answers[k] for k in members])
        told = disputes.get(first), irregularly or bursts, bursts and between
        result += [Piece(part, answer, *told) for part in parts]
    return result
