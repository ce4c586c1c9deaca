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
from dynsys.cells.brian_equations import brian_equations
from dynsys.models import adex_neuron, morris_lecar

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


# --- one spike rule for cells and neurons -----------------------------------------------------


def test_cells_and_neurons_have_one_spike_rule():
    from dynsys import cells, neurons, spike_rule

    assert cells.SpikeRule is neurons.SpikeRule is spike_rule.SpikeRule


def own_adex(**options) -> EquationCell:
    """The cell "jump" below as equations of one's own; its values at a spike are parameters."""
    field = VectorField(
        "own",
        {"w": 0.0, "V": -65.0},
        {"I": 0.0, "g_syn": 0.0, "E_syn": 0.0, "top": -40.0, "low": -65.0, "rest": 10.0, "b": 100},
        {
            "V": "(10*(-65 - V) + 20*exp((V + 50)/2) + I - w)/200",
            "w": "-w/20",
        },
    )
    rule = SpikeRule("top", "low", "rest", {"w": "b"}, **options)
    return EquationCell("own", field=field, rule=rule)


@pytest.mark.parametrize("running", ["all", ("w",), ()])
def test_what_runs_on_while_refractory_is_a_choice_by_name(running):
    cell = AdExCell("jump", b=100.0, tau_w=20.0, t_ref=10.0, running=running)
    run = simulate_cell(cell, 60, 800.0, dt=0.01, sample=0.01)
    own = simulate_cell(own_adex(running=running), 60, 800.0, dt=0.01, sample=0.01)
    first = float(run["spikes"][0])
    w = run["w"].sel(time=slice(first, first + 9.9)).values
    decay = np.exp(-(len(w) - 1) * 0.01 / 20) if running else 1.0
    assert w[-1] / w[0] == pytest.approx(decay, rel=1e-3)
    assert len(own["spikes"]) >= 3
    assert own["spikes"].values == pytest.approx(run["spikes"].values, abs=1e-9)
    assert own["w"].values == pytest.approx(run["w"].values, abs=1e-9)


def test_the_neuron_and_the_cell_freeze_alike():
    # The same equations in both packages, forward Euler with the same step.
    neuron = adex_neuron("tonic", running="all", Vs=-40.0, Tref=5.0)
    p = neuron.parameters
    cell = AdExCell(
        "same", g_L=p["gL"], C_m=p["C"], E_L=p["EL"], t_ref=p["Tref"], V_thre=p["VT"],
        V_reset=p["Vr"], delta=p["DeltaT"], a=p["a"], b=p["b"], tau_w=p["tau_w"],
    )  # fmt: skip
    lasts = []
    for running in ("all", ()):
        one = adex_neuron("tonic", running=running, Vs=-40.0, Tref=5.0).simulate(400.0, dt=0.05)
        other = simulate_cell(replace(cell, running=running), 400.0, p["I"], dt=0.05)
        assert one.sizes["spike"] > 5
        # The cell's silence is a sum of steps, which rounding may make one step longer.
        gaps = np.diff(one["spike_time"].values), np.diff(other["spikes"].values)
        assert gaps[0] == pytest.approx(gaps[1], abs=0.051)
        lasts.append(gaps[0][-1])
    assert lasts[1] - lasts[0] > 3.0  # ms: a frozen w decays later
    with pytest.raises(ModelError, match="w run on while the neuron is refractory"):
        neuron.spikes([-70.0, 0.0], 3)


def test_brian2_reads_the_same_choice():
    for running, flag in (("all", False), ((), True)):
        for cell in (AdExCell("x", b=20.0, running=running), own_adex(running=running)):
            lines = brian_equations(cell, ["e"]).model.splitlines()
            (v,) = [line for line in lines if line.startswith("dv/dt")]
            (w,) = [line for line in lines if line.startswith("dw/dt")]
            assert v.endswith("(unless refractory)")
            assert w.endswith("(unless refractory)") == flag


def test_rules_that_make_no_sense_are_refused():
    with pytest.raises(ModelError, match=r"write running=\('w',\)"):
        SpikeRule(0.0, running="w")
    with pytest.raises(ModelError, match="to freeze w"):
        AdExCell("mine", running="w")
    with pytest.raises(UnknownNameError, match=r"no state 'u'\. It has: w"):
        own_adex(running=("u",))
    with pytest.raises(ModelError, match="the reset low = -65 mV is not below the cutoff top"):
        cell = own_adex()
        replace(cell, field=cell.field.with_parameters(top=-70.0))
    neuron = adex_neuron("tonic")
    with pytest.raises(ModelError, match="make the numbers of its rule parameters"):
        replace(neuron, rule=SpikeRule(20.0, -55.0, 1.0, {"w": 60.0}))
    with pytest.raises(UnknownNameError, match="Did you mean 'Tref'"):
        replace(neuron, rule=SpikeRule("Vs", "Vr", "T_ref"))
