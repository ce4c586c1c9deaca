"""Sobol points: evenly spread, those of SciPy, without loading its statistics."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import qmc

from continuation.steady_states import sobol
from continuation.steady_states.sobol import sobol_points


@pytest.mark.parametrize(("dimension", "count", "seed"), [(1, 8, 0), (2, 64, 1), (40, 100, 9)])
def test_points_are_those_of_scipy(dimension, count, seed, monkeypatch):
    ours = sobol_points(dimension, count, seed)
    sobol._table.cache_clear()
    monkeypatch.setattr(sobol, "_TABLE", "not there")
    assert np.array_equal(ours, sobol_points(dimension, count, seed))


def test_every_half_and_quarter_of_every_direction_holds_as_many_points():
    points = sobol_points(6, 64, seed=3)
    for column in points.T:
        assert set(np.bincount((4 * column).astype(int))) == {16}
    assert qmc.discrepancy(points) < 0.5 * qmc.discrepancy(np.random.default_rng(3).random((64, 6)))


def test_a_first_branch_loads_neither_statistics_nor_dask():
    code = """
import sys
from continuation import equilibria
from dynsys.models import wilson_cowan
equilibria(wilson_cowan(), "P", (-1.0, 1.0))
print(*(name in sys.modules for name in ("scipy.stats", "dask.array")))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
