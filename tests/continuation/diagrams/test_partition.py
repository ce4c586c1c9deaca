"""Faces of a plane cut along curves: what rounding and jitter may not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from continuation.diagrams.partition import partition

EXACT = 1 / 3  # area below the parabola


def curves(jitter: float, seed: int) -> list[LineString]:
    """A parabola, a line that touches it nowhere, a ring, and a curve that ends inside."""
    random = np.random.default_rng(seed)
    s = np.linspace(0, 1, 97)
    turn = 2 * np.pi * np.append(s[:-1], 0.0)
    rows = [
        np.column_stack([s, s**2]),
        np.column_stack([s, 0.25 - 0.2 * s]),
        np.column_stack([0.2 + 0.1 * np.cos(turn), 0.8 + 0.1 * np.sin(turn)]),
        np.column_stack([0.7 + 0.1 * s, 0.8 + 0.05 * np.sin(9 * s)]),
    ]
    moved = [row.copy() for row in rows]
    for row in moved:  # ends on the plane's edge and where a ring closes stay where they are
        row[1:-1] += jitter * random.standard_normal(row[1:-1].shape)
    return [LineString(np.clip(row, 0, 1)) for row in moved]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), jitter=st.sampled_from([0.0, 1e-15, 1e-12, 1e-10, 3e-9]))
def test_jitter_of_rounding_size_changes_no_face(seed, jitter):
    found = sorted(face.area for face in partition(curves(jitter, seed)).faces)
    calm = sorted(face.area for face in partition(curves(0.0, 0)).faces)
    assert found == pytest.approx(calm, abs=1e-7)
    assert sum(found) == pytest.approx(1.0, abs=1e-7)


def test_the_faces_have_their_areas():
    areas = sorted(face.area for face in partition(curves(0.0, 0)).faces)
    assert len(areas) == 5  # four of the two crossing curves, one inside the ring
    assert min(areas, key=lambda a: abs(a - np.pi / 100)) == pytest.approx(np.pi / 100, rel=2e-3)


def test_a_curve_that_ends_inside_is_told_and_separates_nothing():
    (loose,) = partition(curves(0.0, 0)).loose
    assert loose.centroid.x == pytest.approx(0.75, abs=0.02)


def test_a_cut_that_meets_a_vertex_to_rounding_is_no_gap():
    # The end of the second line misses the first one by less than the grid.
    wall = LineString([(0.0, 0.5), (1 / 3, 0.5 + 1e-11), (1.0, 0.5)])
    spur = LineString([(1 / 3, 0.0), (1 / 3, 0.5 - 2e-10)])
    assert len(partition([wall, spur]).faces) == 3
