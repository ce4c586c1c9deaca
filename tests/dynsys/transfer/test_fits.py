"""Grids of rates and fits: from cells to the mean field's fixed point, within known ranges."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from dynsys import ModelError, StorageError, UnknownNameError
from dynsys.cells import EquationCell, SpikeRule, find_cell, simulate_cell
from dynsys.commands import main
from dynsys.models import master_equation
from dynsys.transfer import (
    NETWORKS,
    Circuit,
    GridSettings,
    evaluate,
    find_transfer_function,
    fit_transfer_function,
    load_transfer_function,
    rate_grid,
    save_transfer_function,
)

SMALL = GridSettings(excitation=5, inhibition=3, duration=500.0, trials=2)


@cache
def grid(name: str):
    return rate_grid(find_cell(name), "CONFIG1", settings=GridSettings(), seed=11)


@cache
def fit(name: str, coefficients: int = 11, method: str = "least-squares"):
    return fit_transfer_function(
        find_cell(name), grid(name), f"own-{name}", coefficients=coefficients, method=method
    )


def test_the_grid_climbs_where_the_rate_changes():
    found = grid("RS")
    nu_e, rate = found["nu_e"].values, found["rate"].values
    assert np.all(np.diff(nu_e, axis=1) > 0)
    assert np.all(rate[:, 0] == 0)
    assert np.diff(rate, axis=1).max() < 15
    assert rate[:, -1].min() > 20 and rate.max() < 40
    assert 0 < found["rate_error"].values.max() < 1.5
    assert np.all(np.diff(found["w"].values[:, [0, -1]], axis=1) > 50)


def test_grids_depend_on_the_seed_and_on_nothing_else():
    cell = find_cell("RS")
    one = rate_grid(cell, "CONFIG1", settings=replace(SMALL, workers=1), seed=5)
    two = rate_grid(cell, "CONFIG1", settings=replace(SMALL, workers=3), seed=5)
    other = rate_grid(cell, "CONFIG1", settings=SMALL, seed=6)
    assert one.identical(two)
    assert not np.array_equal(one["mean"].values, other["mean"].values)


@pytest.mark.parametrize(("name", "largest"), [("RS", 0.45), ("FS", 0.75)])
def test_the_fit_is_as_good_as_the_data(name, largest):
    found = fit(name)
    assert found.rate_error < largest
    assert found.rate_error < 1.5 * found.noise
    # The published sets were fitted with another variance: our grids tell them apart.
    refit = find_transfer_function(f"{name}-zerlaut2018-refit")
    legacy = find_transfer_function(f"{name}-zerlaut2018")
    data = grid(name)
    rates = {"e": data["nu_e"].values, "i": data["nu_i"].values}

    def error(function) -> float:
        return float(
            np.sqrt(np.mean((evaluate(function, rates)["rate"] - data["rate"].values) ** 2))
        )

    assert error(refit) < 1.2
    assert error(legacy) < 1.2
    assert error(replace(legacy, legacy_sigma=False)) > 5


@pytest.mark.parametrize("coefficients", [10, 11])
def test_the_fixed_point_of_own_fits_is_in_the_known_range(coefficients):
    functions = {"e": fit("RS", coefficients).function, "i": fit("FS", coefficients).function}
    found = master_equation(Circuit("own", "CONFIG1", functions)).equilibrium()
    # Known refits lie at 2.07 +- 0.16 and 9.08 +- 0.17 Hz.
    assert 1.85 < found["nu_e"] < 2.35
    assert 8.75 < found["nu_i"] < 9.40


def test_both_methods_fit_equally_well():
    downhill, gradient = fit("FS", 10, "nelder-mead"), fit("FS", 10, "least-squares")
    assert downhill.rate_error == pytest.approx(gradient.rate_error, rel=0.05)


def test_31_coefficients_fit_too():
    assert fit("RS", 31).rate_error < fit("RS", 11).rate_error * 1.3


def test_adaptation_in_the_mean_makes_the_rate_depend_on_it():
    found = fit_transfer_function(
        find_cell("RS"), grid("RS"), adaptation=True, method="least-squares"
    )
    assert found.rate_error < 2 * found.noise
    function = found.function
    free, held = (
        float(evaluate(function, {"e": 8.0, "i": 10.0}, current=current)["rate"])
        for current in (-40.0, -80.0)
    )
    assert free > held
    circuit = Circuit("own", "CONFIG1", {"e": function, "i": fit("FS").function}, adapting=("e",))
    rest = master_equation(circuit).equilibrium()
    assert 1.7 < rest["nu_e"] < 2.6
    # The current of the mean field is the one the single cell has at this rate.
    synapses = {
        "e": (0.4 * (4 + rest["nu_e"]), 1.0, 5.0, 0.0),
        "i": (0.1 * rest["nu_i"], 5.0, 5.0, -80.0),
    }
    run = simulate_cell(find_cell("RS"), 60_000, synapses=synapses, settle=2000, seed=3)
    assert rest["W"] == pytest.approx(float(run["w"].mean()), rel=0.1)


def slice_rate(cell, nu_e: float, seed: int) -> float:
    synapses = {"e": (0.4 * nu_e, 1.0, 5.0, 0.0), "i": (0.8, 5.0, 5.0, -80.0)}
    run = simulate_cell(cell, 10_000, synapses=synapses, settle=2000, dt=0.01, seed=seed)
    return run.attrs["rate"]


def test_hodgkin_huxley_cells_follow_their_published_functions():
    # Inhibition of 8 Hz, excitation of 3 to 7 Hz: the published check of both fits.
    excitation = np.linspace(3, 7, 8)
    for name, largest in (("RS", 0.5), ("FS", 1.3)):
        cell = find_cell(f"HH-{name}")
        rates = [np.mean([slice_rate(cell, nu, seed) for seed in range(2)]) for nu in excitation]
        function = find_transfer_function(f"{name}-carlu2020-hh")
        fitted = evaluate(function, {"e": excitation, "i": 8.0})["rate"]
        assert np.sqrt(np.mean((fitted - rates) ** 2)) < largest


def test_stored_slices_of_the_hodgkin_huxley_functions():
    excitation = np.linspace(3, 7, 100)[[0, 25, 50, 75, 99]]
    stored = {
        "RS": (0.00582051, 0.12868232, 0.77451371, 2.43583017, 5.18330119),
        "FS": (0.00816796, 0.59211484, 4.75098543, 14.5642628, 27.3124442),
    }
    for name, expected in stored.items():
        function = find_transfer_function(f"{name}-carlu2020-hh")
        found = evaluate(function, {"e": excitation, "i": 8.0})["rate"]
        assert found == pytest.approx(np.array(expected), rel=2e-6)


# --- files and commands -----------------------------------------------------------------------


def test_a_saved_function_comes_back_with_its_origin(tmp_path):
    made = fit("RS")
    path = save_transfer_function(made, tmp_path / "RS.json")
    assert load_transfer_function(path) == made.function
    content = json.loads(path.read_text())
    assert content["grid"]["seed"] == 11
    assert content["quality"]["rate_error_Hz"] == pytest.approx(made.rate_error)
    path.write_text("{}")
    with pytest.raises(StorageError, match="holds no transfer function"):
        load_transfer_function(path)


def test_a_cell_of_ones_own_comes_back_also_from_files_of_before(tmp_path):
    cell = replace(find_cell("Morris-Lecar"), rule=SpikeRule(0.0, -60.0, 2.0, {"n": 0.1}))
    made = replace(find_transfer_function("RS-zerlaut2018"), cell=cell)
    path = save_transfer_function(made, tmp_path / "own.json")
    again = load_transfer_function(path).cell
    assert isinstance(again, EquationCell)
    assert again.rule == replace(cell.rule, ceiling=1e300)  # JSON has no infinity
    assert not again.rule.goes_on(["V", "n"], "V").any()
    content = json.loads(path.read_text())
    rule = content["cell"]["rule"]
    content["cell"]["rule"] = {k: rule[k] for k in ("threshold", "reset", "refractory", "ceiling")}
    content["cell"]["rule"]["jumps"] = rule["increments"]
    del content["checksum"]  # which such files have not
    path.write_text(json.dumps(content))
    before = load_transfer_function(path).cell
    assert isinstance(before, EquationCell)
    assert before.rule == replace(again.rule, running="all")  # what such files meant


def test_the_command_fits_a_cell(tmp_path, capsys):
    out = tmp_path / "FS"
    command = "transfer-function fit FS --network CONFIG1 --points 7 4 --duration 1 --trials 2"
    assert main([*command.split(), "--out", str(out), "--plot", str(tmp_path / "FS.png")]) == 0
    assert "rates: rms error" in capsys.readouterr().out
    assert load_transfer_function(out.with_suffix(".json")).network == "CONFIG1"
    assert (tmp_path / "FS.png").stat().st_size > 10_000
    assert main(["transfer-function", "fit", "RS", "--network", "CONFIG"]) == 1
    assert "Did you mean 'CONFIG2'" in capsys.readouterr().err


# --- what is refused --------------------------------------------------------------------------


def test_a_cell_that_never_fires_is_refused():
    network = NETWORKS["CONFIG1"]
    weak = replace(network, projections=tuple(replace(p, Q=p.Q / 50) for p in network.projections))
    with pytest.raises(ModelError, match="RS never fires on this grid"):
        rate_grid(find_cell("RS"), weak, settings=SMALL)


def test_a_cell_that_always_saturates_is_refused():
    network = NETWORKS["CONFIG1"]
    excited = tuple(replace(p, Q=p.Q * (p.source == "e")) for p in network.projections)
    tonic = replace(find_cell("FS"), E_L=-20.0)
    with pytest.raises(ModelError, match="saturates everywhere on this grid: it fires at"):
        rate_grid(tonic, replace(network, projections=excited), settings=SMALL)


def test_grids_and_fits_that_make_no_sense_are_refused():
    with pytest.raises(ModelError, match="too small"):
        GridSettings(excitation=2)
    with pytest.raises(UnknownNameError, match="no method 'newton'"):
        fit_transfer_function(find_cell("RS"), grid("RS"), method="newton")
    little = rate_grid(find_cell("RS"), "CONFIG1", settings=SMALL)
    with pytest.raises(ModelError, match="fewer than the template's 31 coefficients"):
        fit_transfer_function(find_cell("RS"), little, coefficients=31)
