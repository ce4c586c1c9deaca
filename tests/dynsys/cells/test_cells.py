"""Single cells against the published responses to current steps and shot noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError, VectorField
from dynsys.cells import (
    CELLS,
    AdExCell,
    EquationCell,
    SpikeRule,
    cell_field,
    find_cell,
    simulate_cell,
)
from dynsys.models import morris_lecar

DT = 0.01
# Cell, current (pA) -> spikes, time of the first (ms), first and last interval (ms) of a step
# between 100 and 500 ms, forward Euler with steps of 10 us.
STEPS = {
    ("RS", 200): (4, 138.27, 54.80, 142.47),
    ("RS", 300): (9, 119.81, 26.94, 60.65),
    ("RS", 500): (18, 110.51, 16.02, 30.26),
    ("RS", 150): (1, None, None, None),
    ("FS", 200): (10, 132.65, 37.64, 37.64),
    ("FS", 300): (19, 116.12, 21.11, 21.11),
    ("FS", 150): (3, 210.44, 115.43, 115.43),
    ("RS2", 200): (9, None, 42.77, 42.77),
    ("AdEx", 200): (8, 115.99, 23.49, 88.88),
    ("EIF", 200): (19, None, 20.95, 20.95),
    ("LIF", 200): (26, None, 15.40, 15.40),
}


@pytest.mark.parametrize("case", STEPS)
def test_steps_of_current_give_the_published_spikes(case):
    name, amplitude = case
    count, first, begin, end = STEPS[case]
    times = DT * np.arange(round(600 / DT))
    current = np.where((times >= 100) & (times < 500), amplitude, 0.0)
    spikes = simulate_cell(find_cell(name), 600, current, dt=DT)["spikes"].values
    assert len(spikes) == count
    # A time step more or less, by where in it a spike is counted.
    if first is not None:
        assert spikes[0] == pytest.approx(first, abs=1.5 * DT)
    if begin is not None:
        intervals = np.diff(spikes)
        assert intervals[0] == pytest.approx(begin, abs=1.5 * DT)
        assert intervals[-1] == pytest.approx(end, abs=1.5 * DT)


# Current (pA) -> rate (Hz), counted over 2 s after 2 s.
HODGKIN_HUXLEY = {
    "HH-RS": {300: 0, 400: 10.5, 500: 20.0, 800: 46.5},
    "HH-FS": {100: 0, 150: 14, 200: 22.5, 300: 36, 500: 59, 800: 89},
}


@pytest.mark.parametrize("name", HODGKIN_HUXLEY)
def test_hodgkin_huxley_cells_fire_at_the_published_rates(name):
    cell = replace(find_cell(name), K_p=4000.0)
    for current, rate in HODGKIN_HUXLEY[name].items():
        found = simulate_cell(cell, 2000, current, dt=0.0025, settle=2000).attrs["rate"]
        assert found == pytest.approx(rate, abs=max(0.5, 0.01 * rate))


def test_the_cell_is_a_vector_field_like_any_other():
    rest = cell_field(find_cell("RS")).equilibrium()
    assert rest["V"] == pytest.approx(-65.0, abs=0.01)
    slow = cell_field(find_cell("HH-RS")).with_parameters(I=100.0).equilibrium()
    run = simulate_cell(find_cell("HH-RS"), 200, 100.0, settle=3000)
    assert run["V"].values[-1] == pytest.approx(slow["V"], abs=1e-3)


def test_rates_through_the_removable_singularities_are_smooth():
    field = cell_field(find_cell("HH-RS"))
    for singular in (13.0, 40.0, 15.0):
        V = -53.5 + singular
        here, beside = (field.rhs([v, 0.1, 0.5, 0.3, 0.1]) for v in (V, V + 1e-7))
        assert np.all(np.isfinite(here))
        assert here == pytest.approx(beside, rel=1e-4, abs=1e-5)


def noise(nu_e: float, nu_i: float) -> dict:
    return {"e": (0.4 * nu_e, 1.0, 5.0, 0.0), "i": (0.1 * nu_i, 5.0, 5.0, -80.0)}


@pytest.mark.parametrize(("name", "rate", "spread"), [("RS", 2.06, 0.06), ("FS", 9.48, 0.14)])
def test_rates_in_the_network_state_are_the_published_ones(name, rate, spread):
    runs = [
        simulate_cell(find_cell(name), 50_000, synapses=noise(6.06, 9.02), settle=1000, seed=seed)
        for seed in range(8)
    ]
    found = np.mean([run.attrs["rate"] for run in runs])
    error = np.std([run.attrs["rate"] for run in runs], ddof=1) / np.sqrt(len(runs))
    assert abs(found - rate) < 3 * np.hypot(error, spread)
    if name == "RS":
        assert np.mean([run.attrs["mean"] for run in runs]) == pytest.approx(-56.5, abs=0.15)
        assert np.mean([run.attrs["sd"] for run in runs]) == pytest.approx(3.23, abs=0.1)
        assert np.mean([run["w"].mean() for run in runs]) == pytest.approx(55, abs=1.5)


def test_the_same_seed_gives_the_same_run_and_another_another():
    cell = find_cell("RS")
    first, again, other = (
        simulate_cell(cell, 2000, synapses=noise(8, 9), seed=seed)["V"].values for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_refractory_cell_never_fires_faster_than_it_may():
    spikes = simulate_cell(find_cell("RS2"), 500, 5000.0)["spikes"].values
    assert np.diff(spikes).min() >= 5.0 - 1e-9


def test_w_goes_on_while_the_cell_is_refractory():
    cell = AdExCell("jump", b=100.0, tau_w=20.0, t_ref=10.0)
    run = simulate_cell(cell, 60, 800.0, dt=0.01, sample=0.01)
    after = run["w"].sel(time=slice(float(run["spikes"][0]), float(run["spikes"][0]) + 9.9))
    decayed = after.values[-1] / after.values[0]
    assert decayed == pytest.approx(np.exp(-(len(after) - 1) * 0.01 / 20), rel=1e-3)
    assert np.ptp(run["V"].sel(time=after["time"]).values) == 0.0


# --- a cell of one's own ----------------------------------------------------------------------


def test_a_cell_from_equations_fires_beyond_its_saddle_node():
    cell = find_cell("Morris-Lecar")
    # The resting state folds away at 39.96 uA/cm^2, which is 399.6 pA here.
    assert simulate_cell(cell, 3000, 395.0, settle=1000).attrs["rate"] == 0.0
    assert 0 < simulate_cell(cell, 3000, 405.0, settle=1000).attrs["rate"] < 10


def test_the_library_cell_of_morris_and_lecar_is_the_model():
    cell, model = cell_field(find_cell("Morris-Lecar")), morris_lecar("saddle-node")
    x = [-20.0, 0.2]
    assert cell.with_parameters(I=300.0).rhs(x) == pytest.approx(
        model.with_parameters(I=30.0).rhs(x), rel=1e-12
    )


def test_a_cell_that_lacks_what_a_simulation_needs_is_refused():
    field = VectorField("f", {"V": -60.0}, {"I": 0.0}, {"V": "I - V"})
    with pytest.raises(UnknownNameError, match="no parameter 'g_syn'"):
        EquationCell("mine", field=field, rule=SpikeRule(0.0))
    with pytest.raises(ModelError, match="give its field"):
        EquationCell("mine")
    with pytest.raises(ModelError, match="C_m is -5; it must be positive"):
        AdExCell("mine", C_m=-5)
    with pytest.raises(ModelError, match="needs a seed"):
        simulate_cell(find_cell("RS"), 100, synapses=noise(5, 5))
    with pytest.raises(ModelError, match="give one or"):
        simulate_cell(find_cell("RS"), 100, [1.0, 2.0])
    with pytest.raises(UnknownNameError, match="Did you mean 'HH-RS'"):
        find_cell("HHRS")


def test_the_library_holds_every_published_cell():
    published = {"LIF", "EIF", "AdEx", "RS", "FS", "RS2", "RS-divolo", "RS-bis", "RS-UD", "RS-Try"}
    published |= {"HH-RS", "HH-FS", "HH-RS-A", "HH-RS-noAd", "HH-RS1", "HH-RS2"}
    assert published <= set(CELLS)
    for cell in CELLS.values():
        assert cell.g_L > 0
        assert cell.spike.threshold > cell.E_L
