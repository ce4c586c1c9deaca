"""Faces of a plane that is cut along curves: noding and precision in one robust operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box

GRID = 1e-9  # snapping distance in units of the plane
SMALLEST = 1e-7  # of the plane: faces below it are rounding
THINNEST = 5e-4  # faces thinner than this join a neighbor: two curves that run into each other


@dataclass(frozen=True)
class Partition:
    """Faces that fill the plane, in an order that depends on their places alone, and the pieces of
    curves that separate nothing (``loose``): they end inside a face or lead from one to itself."""

    faces: list[Polygon]
    loose: list[LineString]


def partition(lines: Sequence[LineString]) -> Partition:
    """Cut the unit square along lines.

    Overlay on a grid (snap rounding) nodes every crossing and keeps it; noding first and rounding
    afterwards loses nodes, and with them faces.
    """
    edge = box(0, 0, 1, 1).exterior
    network = shapely.union_all([edge, *(p for p in lines if not p.is_empty)], grid_size=GRID)
    found, cuts, dangles, _ = shapely.polygonize_full([network])
    faces = [face for face in _thick(list(found.geoms)) if face.area > SMALLEST]
    faces = sorted(faces, key=lambda face: tuple(np.round(place_inside(face), 6)))
    loose = [piece for group in (cuts, dangles) for piece in group.geoms]
    return Partition(faces, sorted(loose, key=lambda piece: piece.bounds))


def _thick(faces: list[Polygon]) -> list[Polygon]:
    """Faces too thin to be one join the neighbor with which they share most of their boundary."""
    thick = [f for f in faces if radius(f) > THINNEST]
    waiting = sorted((f for f in faces if radius(f) <= THINNEST), key=lambda f: f.bounds)
    while waiting:
        left = [thin for thin in waiting if not _join(thick, thin)]
        if len(left) == len(waiting):  # they touch nothing but each other
            return thick + left
        waiting = left
    return thick


def _join(thick: list[Polygon], thin: Polygon) -> bool:
    """Make a thin face part of the neighbor with which it shares most; False where none can be."""
    shared = [thin.intersection(f).length for f in thick]
    for k in np.argsort(shared)[::-1]:
        joined = shapely.union_all([thick[k], thin], grid_size=GRID) if shared[k] > 0 else None
        if isinstance(joined, Polygon):
            thick[k] = joined
            return True
    return False


def radius(face: Polygon) -> float:
    """Radius of the largest circle inside a face."""
    return float(shapely.maximum_inscribed_circle(face, tolerance=1e-5).length)


def place_inside(face: Polygon) -> np.ndarray:
    """The most interior point (2,) of a face."""
    return np.array(shapely.maximum_inscribed_circle(face, tolerance=1e-4).coords[0])


def places_across(face: Polygon, count: int, margin: float) -> np.ndarray:
    """Up to ``count`` points (k, 2) spread over a face, ``margin`` away from its boundary.

    Of a fixed lattice, each the farthest from those before it; the first from the inmost one.
    """
    low, high = np.array(face.bounds[:2]), np.array(face.bounds[2:])
    steps = (np.arange(24) + 0.5) / 24
    lattice = np.array([(a, b) for a in steps for b in steps]) * (high - low) + low
    inner = face.buffer(-margin)
    lattice = lattice[shapely.contains_xy(inner, lattice)] if not inner.is_empty else lattice[:0]
    chosen = [place_inside(face)]
    while len(chosen) <= count and len(lattice):
        distance = np.min(
            np.linalg.norm(lattice[:, None] - np.array(chosen)[None], axis=2), axis=1
        )  # fmt: skip
        if distance.max() < 2 * margin:
            break
        chosen.append(lattice[int(np.argmax(distance))])
    return np.array(chosen[1:]).reshape(-1, 2)


def places_beside(piece: LineString, face: Polygon, margin: float) -> np.ndarray:
    """Points (k, 2) inside a face to both sides of the middle of a loose piece."""
    a, b = (np.array(piece.interpolate(f, normalized=True).coords[0]) for f in (0.49, 0.51))
    along = b - a
    size = np.linalg.norm(along)
    if size == 0:
        return np.empty((0, 2))
    normal = margin * np.array([-along[1], along[0]]) / size
    both = np.array([(a + b) / 2 + normal, (a + b) / 2 - normal])
    return both[shapely.contains_xy(face, both)]
