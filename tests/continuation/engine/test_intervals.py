"""Searches inside an interval end, whatever they are given."""

from __future__ import annotations

import numpy as np
import pytest

from continuation.engine import intervals
from continuation.engine.intervals import MOST_CUTS, End, Interval, halves, isolate
from continuation.steady_states.events import looking_inside


def interval(length: float) -> Interval:
    def end(at: float) -> End:
        return End(np.array([at, 0.0]), np.array([1.0, 0.0]), np.array([-1.0 + 0j]), 1.0)

    return Interval(0, end(0.0), end(length))


def test_an_interval_of_rounding_length_is_not_cut():
    # A curve that starts on the edge of its span may repeat its first point to 3e-15.
    tiny = interval(3e-15)
    assert halves(None, tiny) is None  # type: ignore[arg-type]
    assert list(isolate(None, tiny, looking_inside(lambda _: [], tiny))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1e-3, 1.0])
def test_a_search_that_never_comes_to_an_end_is_cut_off_and_says_so(monkeypatch, length):
    cuts = []

    def cut(_, piece: Interval) -> tuple[Interval, Interval]:
        cuts.append(piece)
        return piece, piece

    monkeypatch.setattr(intervals, "halves", cut)
    found = list(isolate(None, interval(length), lambda _: ["mixed"]))  # type: ignore[arg-type]
    assert len(cuts) <= MOST_CUTS
    assert {kind for _, kind in found} == {"suspect"}
