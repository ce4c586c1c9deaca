"""What is said of the boundary between two regions: where curves run along it, and where none."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from continuation.diagrams.partition import THINNEST
from continuation.diagrams.paths import Path
from continuation.diagrams.regimes import _bare_length


def path(points: np.ndarray) -> Path:
    return Path("a curve", shapely.LineString(points))


def test_the_part_of_a_boundary_without_a_curve_is_measured():
    boundary = shapely.MultiLineString([[(0, 0), (1, 0)], [(0, 1), (0.5, 1)]])
    along = path(np.array([(0.0, 0.0), (0.4, 0.4 * THINNEST)]))
    assert _bare_length(boundary, []) == pytest.approx(1.5, abs=1e-12)
    # The curve ends at 0.4; what is within 2 THINNEST of it counts as beside it.
    assert _bare_length(boundary, [along]) == pytest.approx(1.1, abs=4 * THINNEST)


def test_a_curve_that_goes_back_and_forth_is_measured_too():
    # A band around a curve of so many turns, as canards have, may take more than the memory.
    places = np.linspace(0, 1, 100_001)
    ways = 0.2 * THINNEST * (-1.0) ** np.arange(len(places))
    boundary = shapely.LineString([(0, 0), (1, 0)])
    assert _bare_length(boundary, [path(np.stack([places, ways], axis=1))]) == 0.0
