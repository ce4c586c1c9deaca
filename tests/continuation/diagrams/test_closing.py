"""A boundary without a curve is closed in, and only what it crosses is doubtful."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import pytest
from shapely import union_all
from shapely.geometry import LineString, Point, box

from continuation.diagrams.answers import Answer, Dispute
from continuation.diagrams.closing import MOST, WITHIN, Piece, closed_in
from continuation.diagrams.regimes import Regimes

CENTER, RADIUS = np.array([0.7, 0.6]), 0.15


class Asked(ABC):
    """What is stable, by a formula."""

    @abstractmethod
    def ask(self, place) -> Answer: ...

    def ask_all(self, places, near, everywhere) -> list[Answer]:
        assert len(near) == len(places)
        return [self.ask(place) for place in places]


class Disk(Asked):
    """A cycle beside the equilibrium inside a disk, nothing but the equilibrium outside."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, place) -> Answer:
        self.asked += 1
        stable = [{"name": "equilibrium", "kind": "equilibrium"}]
        if np.linalg.norm(place - CENTER) < RADIUS:
            stable.append({"name": "limit cycle", "kind": "cycle"})
        return _answer(place, stable)


class Leaving(Asked):
    """A motion of some kind inside a disk; outside all runs run away."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def ask(self, place) -> Answer:
        inside = np.linalg.norm(place - CENTER) < RADIUS
        kind = self.kind if inside else "runs away"
        return _answer(place, [{"name": kind, "kind": kind}])


class Strip(Asked):
    """A cycle beside the equilibrium in a narrow strip, which only runs that begin on it meet."""

    def ask(self, place, cycle=True) -> Answer:
        stable = [{"name": "equilibrium", "kind": "equilibrium"}]
        if cycle and abs(place[1] - 0.3 - 0.4 * place[0]) < 0.012:
            stable.append({"name": "limit cycle", "kind": "cycle"})
        return _answer(place, stable)

    def ask_all(self, places, near, everywhere) -> list[Answer]:
        met = [any(answer.kinds[1] for answer in known) for known in near]
        return [self.ask(place, cycle) for place, cycle in zip(places, met, strict=True)]


class Windows(Asked):
    """Chaos on one side of the plane, with cycles in ever thinner stripes."""

    def ask(self, place) -> Answer:
        irregular = place[0] > 0.5 and int(300 * place[0]) % 2
        kind = "chaos" if irregular else "cycle"
        return _answer(place, [{"name": kind if irregular else "limit cycle", "kind": kind}])


class Bursts(Asked):
    """Bursts of more and more spikes to the right, two of them in stripes; rest on the left."""

    def ask(self, place) -> Answer:
        if place[0] < 0.5:
            return _answer(place, [{"name": "equilibrium", "kind": "equilibrium"}])
        spikes, beyond = divmod(20 * place[0], 1)
        counts = (spikes, spikes + 1) if beyond > 0.8 else (spikes,)
        return _answer(place, [
            {"name": "limit cycle", "kind": "cycle", "detail": f"bursting, {k:.0f} spikes"}
            for k in counts
        ])  # fmt: skip


class Words(Asked):
    """One rhythm whose word changes on a circle, without a bifurcation."""

    def ask(self, place) -> Answer:
        slow = np.linalg.norm(place - CENTER) < RADIUS
        return _answer(place, [{"name": "LC_aE" if slow else "LC_EI", "kind": "cycle"}])


class Banded(Bursts):
    """The same with chaos where one number hands over to the next, below."""

    def ask(self, place) -> Answer:
        if place[0] > 0.5 and place[1] < 0.5 and (20 * place[0]) % 1 < 0.3:
            return _answer(place, [{"name": "chaos", "kind": "chaos"}])
        return super().ask(place)


def _answer(place, stable) -> Answer:
    return Answer(np.asarray(place), {"a": place[0], "b": place[1]}, stable, np.zeros((1, 1)))


def _closed(asked, first, second, **options):
    dispute = Dispute(asked.ask(np.array(first)), asked.ask(np.array(second)))
    return closed_in(asked, box(0, 0, 1, 1), [dispute.inmost, dispute.other], **options)


def test_the_boundary_is_found_to_the_promised_distance_and_nothing_stays_in_dispute():
    disk = Disk()
    pieces, asked = _closed(disk, (0.2, 0.5), CENTER)
    assert asked == disk.asked - 2
    assert asked <= MOST
    assert sum(piece.face.area for piece in pieces) == pytest.approx(1.0, abs=1e-6)
    assert not any(piece.dispute or piece.mixed for piece in pieces)
    inside, outside = (Point(CENTER).buffer(RADIUS + d, quad_segs=64) for d in (-WITHIN, WITHIN))
    for piece in pieces:
        if piece.answer.kinds == (1, 1, 0, 0):
            assert piece.face.difference(outside).area < 2e-4
        else:
            assert piece.face.intersection(inside).area < 2e-4


def test_where_the_search_meets_its_bound_only_what_the_boundary_crosses_stays_in_dispute():
    disk = Disk()
    pieces, asked = _closed(disk, (0.2, 0.5), CENTER, most=60)
    assert asked <= 60
    doubtful = [piece.face for piece in pieces if piece.dispute is not None]
    ring = Point(CENTER).buffer(RADIUS, quad_segs=64)
    assert sum(piece.intersection(ring.exterior).length for piece in doubtful) > 0.5
    assert 0 < sum(piece.area for piece in doubtful) < 0.3
    for piece in pieces:
        if piece.dispute is None:
            wrong = (
                piece.face.difference(ring) if piece.answer.kinds[1]
                else piece.face.intersection(ring)
            )  # fmt: skip
            assert wrong.area < 1e-2


def test_a_narrow_strip_is_followed_as_far_as_places_last():
    # It is hardly wider than the search is fine, and longer than all its places reach.
    pieces, _ = _closed(Strip(), (0.2, 0.8), (0.5, 0.5))
    strip = LineString([(0, 0.3), (1, 0.7)]).buffer(0.012 / np.hypot(1, 0.4), cap_style="flat")
    settled = [p.face for p in pieces if p.answer.kinds == (1, 1, 0, 0) and p.dispute is None]
    assert strip.intersection(union_all(settled)).area > 0.5 * strip.area
    doubtful = [piece.face for piece in pieces if piece.dispute is not None]
    assert strip.intersection(union_all(doubtful)).area > 0.05 * strip.area


def test_what_an_audit_knows_is_taken_as_it_is():
    disk = Disk()
    known = [disk.ask(CENTER + [0.05, 0.0])]
    _, asked = _closed(disk, (0.2, 0.5), CENTER, known=known)
    assert asked == disk.asked - 3


def test_chaos_with_windows_without_end_is_one_part_and_not_in_dispute():
    pieces, asked = _closed(Windows(), (0.2, 0.5), (0.75, 0.5))
    assert asked <= MOST
    assert not any(piece.dispute for piece in pieces)
    mixed = [piece for piece in pieces if piece.mixed]
    assert all(piece.answer.kinds == (0, 0, 1, 0) for piece in mixed)
    right = box(0.5, 0, 1, 1)
    assert sum(piece.face.intersection(right).area for piece in mixed) > 0.4
    assert sum(piece.face.difference(right).area for piece in mixed) < 0.08


@pytest.mark.parametrize("kind", ["cycle", "chaos"])
def test_the_edge_of_what_runs_away_is_found_to_the_promised_distance(kind):
    parts, _ = _closed(Leaving(kind), (0.2, 0.5), CENTER)
    (inside,) = [part for part in parts if part.answer.stable[0]["kind"] == kind]
    assert all(part.dispute is None and not part.mixed for part in parts)
    circle = Point(*CENTER).buffer(RADIUS)
    assert inside.face.symmetric_difference(circle).area < WITHIN * circle.length


def test_bursts_of_various_numbers_of_spikes_are_one_part_that_says_so():
    pieces, asked = _closed(Bursts(), (0.2, 0.5), (0.75, 0.5))
    assert asked <= MOST
    assert not any(piece.dispute for piece in pieces)
    varied = [piece for piece in pieces if piece.mixed]
    assert len(varied) == 1
    assert sum(piece.face.area for piece in varied) == pytest.approx(0.5, abs=WITHIN)
    assert all(piece.answer.kinds == (0, 1, 0, 0) for piece in varied)
    assert not any(piece.bands for piece in pieces)  # no chaos was met between them


def test_bursts_between_which_chaos_was_met_say_so():
    pieces, _ = _closed(Banded(), (0.2, 0.5), (0.75, 0.7))
    varied = [piece for piece in pieces if piece.mixed and piece.answer.kinds == (0, 1, 0, 0)]
    assert varied and all(piece.bands for piece in varied)
    assert any(piece.answer.kinds == (0, 0, 1, 0) and piece.mixed for piece in pieces)
    assert not any(piece.bands for piece in pieces if piece.answer.kinds != (0, 1, 0, 0))


@pytest.mark.parametrize(
    ("kind", "side", "looked_into"),
    [("chaos", 0.01, False), ("chaos", 0.1, True), ("equilibrium", 0.01, True)],
)
def test_no_curve_is_sought_between_cycles_and_chaos_in_a_sliver(kind, side, looked_into) -> None:
    """Cycles double without end towards chaos: no single curve is between them."""
    place = np.array([0.5, 0.5])
    a = _answer(place, [{"name": "limit cycle", "kind": "cycle"}])
    b = _answer(place, [{"name": kind, "kind": kind}])
    face = box(0.5, 0.5, 0.5 + side, 0.5 + side)
    regimes = Regimes([], [Piece(face, a, Dispute(a, b))], prober=None)
    assert bool(regimes.contradictions()) is looked_into


def test_the_line_on_which_the_word_for_a_rhythm_changes_is_found_to_the_promised_distance():
    words = Words()
    parts, _ = closed_in(
        words, box(0, 0, 1, 1), [words.ask(np.array([0.2, 0.5]))], everywhere=False
    )
    circle = Point(*CENTER).buffer(RADIUS)
    (inside,) = [part for part in parts if part.answer.words == ["LC_aE"]]
    assert all(part.dispute is None and not part.mixed for part in parts)
    assert inside.face.symmetric_difference(circle).area < WITHIN * circle.length
