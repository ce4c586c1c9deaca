"""Maps by brute force: against a plane whose regimes are known exactly."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import dynsys.journal
import dynsys.simulation.regime_maps as regime_maps
from dynsys import ModelError, RegimeMap, StorageError, UnknownNameError, VectorField, regime_map
from dynsys.models import aln
from dynsys.simulation.map_command import add_map
from dynsys.simulation.map_measures import measure

# r' = mu r + r^3 - r^5, angle' = w: at rest below mu = -1/4, a rhythm above 0, both between.
BAUTIN = VectorField(
    "subcritical_rhythm", {"u": 1.0, "v": 0.0}, {"mu": 0.1, "w": 2.0},
    {"u": "(mu + s - s**2)*u - w*v", "v": "(mu + s - s**2)*v + w*u"},
    definitions={"s": "u**2 + v**2"}, time_unit="s",
)  # fmt: skip
PLANE = {
    "x": ("mu", -0.53, 0.47, 11),  # no value near a border
    "y": ("w", 4.0, 6.0, 3),
    "starts": {"low": [0.01, 0.0], "high": [1.3, 0.0]},
    "duration": 20.0, "settle": 150.0, "dt": 0.01,
}  # fmt: skip


def test_a_map_finds_the_regimes_that_theory_has():
    chart = regime_map(BAUTIN, **PLANE)
    mu = chart["mu"].values
    rhythm = chart["oscillates"].sel(start="high").values
    assert np.array_equal(rhythm, np.broadcast_to(mu > -0.25, rhythm.shape))
    assert np.array_equal(
        chart["oscillates"].sel(start="low").values, np.broadcast_to(mu > 0, rhythm.shape)
    )
    assert np.array_equal(
        chart["coexistence"].values, np.broadcast_to((mu > -0.25) & (mu < 0), rhythm.shape)
    )
    amplitude = np.sqrt((1 + np.sqrt(1 + 4 * mu[mu > -0.25])) / 2)
    high = chart.data.sel(start="high").isel(mu=np.flatnonzero(mu > -0.25))
    np.testing.assert_allclose(
        high["maximum"], np.broadcast_to(amplitude, high["maximum"].shape), rtol=2e-3
    )
    # Heun's method turns too fast by (w dt)^2/6, here 0.06 % at most.
    exact = np.broadcast_to(chart["w"].values[:, None] / (2 * np.pi), high["frequency"].shape)
    np.testing.assert_allclose(high["frequency"], exact, rtol=1e-3)
    assert "oscillations in 24 of 33" in repr(chart) and "coexistence in 9" in repr(chart)


def test_a_step_that_is_too_long_is_halved_where_runs_do_not_stay_finite():
    decay = VectorField("decay", {"x": 1.0}, {"k": 1.0, "b": 0.0}, {"x": "b - k*x"}, time_unit="")
    # Heun's method is unstable for k dt > 2; for k = 400 it would need a 32nd of this step.
    chart = regime_map(
        decay, ("k", 30, 400, 3), ("b", 0, 1, 2), {"one": [1.0]}, duration=100, settle=20, dt=0.1
    )
    rest = chart["b"] / chart["k"].isel(k=slice(0, 2))
    np.testing.assert_allclose(chart["maximum"][0, :, :2], rest, atol=1e-12)
    assert np.all(np.isnan(chart["maximum"][0, :, 2]))
    assert "2 with runs that are not finite" in repr(chart)


def test_a_step_too_long_for_the_exponential_method_is_halved():
    model = VectorField("stiff", {"x": 0.5}, {"k": 1.0, "b": 0.0}, {"x": "b - tanh(k*x)"},
                        time_unit="")  # fmt: skip
    chart = regime_map(
        model, ("k", 0.2, 20, 4), ("b", 0, 0.5, 2), {"one": [1.0]}, duration=60, settle=80, dt=0.5,
        method="exponential",
    )  # fmt: skip
    rest = np.arctanh(chart["b"]) / chart["k"]
    np.testing.assert_allclose(chart["maximum"][0], rest, atol=1e-3)
    assert not chart["oscillates"].any()


def test_a_stopped_map_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(regime_maps, "PIECE", 7)
    monkeypatch.setattr(regime_maps, "AT_ONCE", 1)
    monkeypatch.setattr(dynsys.journal, "LEAST", 0.0)
    options = PLANE | {"settle": 2.0, "duration": 4.0}
    whole = regime_map(BAUTIN, **options)
    calls = []
    original = regime_maps.simulate_ensemble

    def stopping(*arguments, **named):
        calls.append(named["points"])
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(*arguments, **named)

    monkeypatch.setattr(regime_maps, "simulate_ensemble", stopping)
    out = tmp_path / "map.nc"
    with pytest.raises(KeyboardInterrupt):
        regime_map(BAUTIN, **options, out=out)
    assert not out.exists()
    other = regime_map(BAUTIN, **options | {"duration": 3.0, "x": ("mu", 0.1, 0.2, 2)})
    assert len(calls) == 4 + 2  # another map takes no pieces of this one
    assert other.data.attrs["duration"] == 3.0
    resumed = regime_map(BAUTIN, **options, out=out)
    assert len(calls) == 4 + 2 + 10 - 3  # ten pieces, three of them finished before
    xr.testing.assert_equal(resumed.data, whole.data)
    xr.testing.assert_equal(RegimeMap.load(out).data, whole.data)


def test_low_and_high_starts_of_the_adex_mean_field_find_both_states():
    chart = regime_map(
        aln(), ("mu_e", 0.0, 2.0, 2), ("mu_i", 0.5, 1.5, 2), settle=400.0, duration=100.0
    )
    assert float(chart["maximum"].min()) < 2 < 20 < float(chart["maximum"].max())
    assert chart.data.attrs["observable"] == "r_E"


def test_a_map_of_a_network_runs_it_cell_by_cell():
    asked = []

    def run(duration, seed, inputs, **values):
        time = np.arange(0, duration, 0.1)
        kick = float(inputs["mu_e"](np.array([0.0]))[0])
        asked.append((seed, kick, values))
        rate = 30.0 + 20.0 * (values["mu_e"] > 1) * np.sin(2 * np.pi * time / 50) + 5.0 * (kick > 0)
        return xr.Dataset({"r_E": ("time", rate)}, {"time": time})

    network = SimpleNamespace(model=aln(), run=run)
    chart = regime_map(
        network, ("mu_e", 0, 2, 2), ("mu_i", 0, 1, 2), settle=100.0, duration=400.0, seed=3
    )
    assert len(asked) == 8 and {seed for seed, _, _ in asked} == {3}
    assert {kick for _, kick, _ in asked} == {-1.0, 1.0}
    assert chart["oscillates"].sel(mu_e=2.0).all() and not chart["oscillates"].sel(mu_e=0.0).any()
    assert float(chart["frequency"].sel(mu_e=2.0).mean()) == pytest.approx(20.0, rel=1e-3)


def test_measures_of_courses_known_exactly():
    time = np.arange(2000) * 0.01
    rows = [np.sin(2 * np.pi * 3.7 * time), np.full(2000, 2.0), np.exp(-time) * np.sin(30 * time)]
    rows.append(np.where(time > 19, np.nan, 1.0))
    found = np.empty((4, 6))
    measure(np.array(rows), 0.01, found)
    assert found[0, 3] == pytest.approx(3.7, rel=1e-4) and found[0, 5] == pytest.approx(1, rel=0.01)
    assert found[0, :2] == pytest.approx([-1, 1], abs=0.01)
    assert found[1].tolist() == [2.0, 2.0, 2.0, 0.0, 0.0, 0.0]
    assert found[2, 5] < 1e-3  # dies out
    assert np.isnan(found[3]).all()


def test_a_map_is_drawn_and_stored(tmp_path):
    chart = regime_map(BAUTIN, **PLANE | {"settle": 5.0, "duration": 5.0})
    ax = chart.plot()
    assert ax.get_xlabel() == "mu" and len(ax.collections) >= 2
    assert RegimeMap.load(chart.save(tmp_path / "a.nc"))["oscillates"].dtype == bool
    (tmp_path / "b.nc").write_bytes(b"nothing")
    with pytest.raises(StorageError):
        RegimeMap.load(tmp_path / "b.nc")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": ("nu", 0, 1, 3)}, UnknownNameError, "nu"),
        ({"x": ("mu", 1, 0, 3)}, ModelError, "empty"),
        ({"x": ("w", 0, 1, 3)}, ModelError, "two parameters"),
        ({"x": ("mu", 0, 1)}, ModelError, "number of values"),
        ({"x": ("mu", 0, 1, 10**6), "y": ("w", 0, 1, 10**6)}, ModelError, "memory are free"),
        ({"starts": ("lowest",)}, UnknownNameError, "lowest"),
        ({"starts": ()}, ModelError, "at least one"),
    ],
)
def test_maps_that_make_no_sense_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        regime_map(BAUTIN, **PLANE | change)
    with pytest.raises(ModelError, match="no network"):
        regime_map(SimpleNamespace(), **PLANE)


def test_the_command_writes_a_map(tmp_path, capsys):
    import argparse

    parser = argparse.ArgumentParser()
    add_map(parser.add_subparsers())
    chosen = parser.parse_args(
        ["map", "wilson_cowan", "--x", "P", "0", "2", "3", "--y", "Q", "-1", "1", "2", "--settle",
         "10", "--duration", "10", "--out", str(tmp_path / "here")]
    )  # fmt: skip
    chosen.run(chosen)
    assert {p.name for p in (tmp_path / "here").iterdir()} == {"map.nc", "map.png", "map.svg"}
    assert "RegimeMap wilson_cowan" in capsys.readouterr().out
