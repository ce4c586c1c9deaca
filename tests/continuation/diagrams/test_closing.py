"""A boundary without a curve is closed in, and only what it crosses is doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point, box

from continuation.diagrams.closing import FINEST, MOST, closed_in
from continuation.diagrams.probing import Answer, Dispute

CENTER, RADIUS = np.array([0.7, 0.6]), 0.15


class Disk:
    """A cycle beside the equilibrium inside a disk, nothing but the equilibrium outside."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, place, seeds=None, searches=64) -> Answer:
        self.asked += 1
        stable = [{"name": "equilibrium", "kind": "equilibrium"}]
        if np.linalg.norm(place - CENTER) < RADIUS:
            stable.append({"name": "limit cycle", "kind": "none"})
        return Answer(np.asarray(place), {"a": place[0], "b": place[1]}, stable, np.zeros((1, 1)))


@pytest.fixture
def pieces(monkeypatch):
    # Cycles of this test have no orbit to be carried: they count by their name.
    kinds = property(lambda self: (1, len(self.stable) - 1))
    monkeypatch.setattr(Answer, "kinds", kinds)
    disk, face = Disk(), box(0, 0, 1, 1)
    dispute = Dispute(disk.ask(np.array([0.2, 0.5])), disk.ask(CENTER))
    found = closed_in(disk, face, dispute)
    return disk, found


def test_the_search_has_a_bound_and_the_pieces_fill_the_face(pieces):
    disk, found = pieces
    assert disk.asked <= MOST
    assert sum(piece.area for piece, _, _ in found) == pytest.approx(1.0, abs=1e-6)


def test_what_is_sure_is_right(pieces):
    _, found = pieces
    circle = Point(CENTER).buffer(RADIUS, quad_segs=64)
    sure = {a.kinds: piece for piece, a, dispute in found if dispute is None}
    assert sure[1, 0].intersection(circle).area < 1e-3
    assert sure[1, 1].difference(circle).area < 1e-3


def test_the_doubtful_part_holds_the_boundary_and_not_much_more(pieces):
    _, found = pieces
    doubtful = [piece for piece, _, dispute in found if dispute is not None]
    ring = Point(CENTER).buffer(RADIUS, quad_segs=64).exterior
    held = sum(piece.buffer(FINEST).intersection(ring).length for piece in doubtful)
    assert held > 0.97 * ring.length
    assert sum(piece.area for piece in doubtful) < 0.15
