"""Ensembles that are written to a folder, part by part."""

from __future__ import annotations

import numpy as np
import psutil
import pytest
import xarray as xr

from dynsys import ModelError, simulate_ensemble
from dynsys.errors import StorageError
from dynsys.models import fitzhugh_nagumo
from dynsys.simulation import streaming

CALL = {"parameters": {"I": np.linspace(0, 1, 7), "a": [0.7, 0.8]}, "sample": 1.0}


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(streaming, "_PART", 8.0 * 2 * 21 * 2 * 3)  # three rows of a (2,) grid


def test_runs_in_a_folder_are_those_in_memory(tmp_path, small_parts):
    held = simulate_ensemble(fitzhugh_nagumo(), 20, record="states", **CALL)
    folder = tmp_path / "runs"
    there = simulate_ensemble(fitzhugh_nagumo(), 20, record="states", out=folder, **CALL)
    assert len(list(folder.glob("part-*.nc"))) == 3
    assert there["v"].chunks is not None  # nothing is loaded yet
    for name in held.variables:
        np.testing.assert_array_equal(there[name].values, held[name].values)
        assert there[name].dims == held[name].dims
    assert there.attrs == held.attrs
    with xr.open_dataset(folder / "part-00001.nc") as part:
        xr.testing.assert_equal(part["v"], held["v"].isel(I=slice(3, 6)))


def test_the_same_call_makes_the_parts_that_are_missing(tmp_path, small_parts):
    options = CALL | {"noise": {"v": 0.1}, "seeds": [3, 4], "method": "heun", "out": tmp_path}
    whole = simulate_ensemble(fitzhugh_nagumo(), 20, record="v", **options).load()
    paths = sorted(tmp_path.iterdir())
    paths[1].unlink()
    before = {path: path.stat().st_mtime_ns for path in paths if path.exists()}
    again = simulate_ensemble(fitzhugh_nagumo(), 20, record="v", **options)
    xr.testing.assert_equal(again.load(), whole)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(StorageError, match="no part of this call"):
        simulate_ensemble(fitzhugh_nagumo(), 40, record="v", **options)


def test_recordings_larger_than_the_memory_are_refused_with_what_helps(monkeypatch):
    free = psutil.virtual_memory()._replace(available=1e6)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(ModelError, match=r"1000 runs .*out='runs'"):
        simulate_ensemble(fitzhugh_nagumo(), 20, points={"I": np.linspace(0, 1, 1000)})
    with pytest.raises(ModelError, match="out is for ensembles"):
        simulate_ensemble(fitzhugh_nagumo(), 20, out="runs")


def test_a_part_that_was_stopped_goes_on_from_its_finished_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("dynsys.journal.PAUSE", 0.0)
    points = {"I": np.linspace(0.0, 1.0, 140)}
    options = {"points": points, "record": "v", "dt": 0.02, "sample": 10.0}
    here = simulate_ensemble(fitzhugh_nagumo(), 200, **options)
    written, made = streaming.write_netcdf, []

    def full(*_):
        raise StorageError("no room")

    monkeypatch.setattr(streaming, "write_netcdf", full)
    with pytest.raises(StorageError):
        simulate_ensemble(fitzhugh_nagumo(), 200, **options, out=tmp_path / "runs")
    monkeypatch.setattr(streaming, "write_netcdf", written)
    monkeypatch.setattr("dynsys.simulation.integration.run_block", lambda *_: made.append(1))
    there = simulate_ensemble(fitzhugh_nagumo(), 200, **options, out=tmp_path / "runs")
    assert not made
    np.testing.assert_array_equal(there["v"].values, here["v"].values)
    assert not list((tmp_path / "cache" / "unfinished").glob("*.piece"))
