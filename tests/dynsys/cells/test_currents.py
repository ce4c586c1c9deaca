"""Ionic currents: the published kinetics, and what they do to a cell."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria
from dynsys import (
    ModelError,
    Parameter,
    State,
    UnknownNameError,
    VectorField,
    frequency_response,
    simulate,
)
from dynsys.cells import cell_field, find_cell, simulate_cell
from dynsys.cells.currents import CURRENTS, Gate, IonicCurrent
from dynsys.cells.insertion import with_currents
from dynsys.cells.morphology import PassiveNeuron, ball_and_stick, reduced
from dynsys.expressions.reading import read_expression
from dynsys.expressions.symbols import symbol


def passive(**values: float) -> VectorField:
    usual = {"g_L": 10.0, "C_m": 200.0, "E_L": -65.0, "I": 0.0}
    return VectorField(
        "membrane",
        {"V": State(-65.0, (-100.0, 50.0), "mV")},
        {k: Parameter(v) for k, v in (usual | values).items()},
        {"V": "(g_L*(E_L - V) + I)/C_m"},
    )


def test_the_published_cell_is_its_membrane_with_its_currents():
    """Carlu et al. 2020 write the same sodium, potassium and M currents out in full."""
    published = cell_field(find_cell("HH-RS"))
    ours = with_currents(passive(), {"Na": 20_000.0, "Kd": 6000.0, "M": 30.0})
    gates = dict(zip(("m_Na", "h_Na", "n_Kd", "p_M"), "mhnp", strict=True))
    for x in np.random.default_rng(1).uniform([-90, 0, 0, 0, 0], [40, 1, 1, 1, 1], (20, 5)):
        at = dict(zip(("V", *"mhnp"), x, strict=True))
        there = dict(zip(published.states, published.rhs(list(x)), strict=True))
        here = ours.rhs([at[gates.get(k, k)] for k in ours.states])
        for name, value in zip(ours.states, here, strict=True):
            assert value == pytest.approx(there[gates.get(name, name)], rel=1e-12, abs=1e-14)


# Current, gate -> the potential at which it is half open or has fallen to half, by publication.
HALF = {
    ("M", "p"): -35.0, ("h", "q"): -75.0, ("CaT", "s"): -59.0, ("CaT", "u"): -83.0,
    ("NaP", "m"): -40.0, ("NaP", "h"): -48.0, ("Ca", "m"): -20.0,
}  # fmt: skip


@pytest.mark.parametrize("case", HALF, ids=str)
def test_gates_are_half_open_where_the_publications_say(case):
    name, gate = case
    constants = {k: value for k, (value, _) in CURRENTS[name].constants.items()}
    level = read_expression(
        CURRENTS[name].gates[gate].level, {k: symbol(k) for k in ("V", *constants)}
    )
    here = level.subs({symbol(k): v for k, v in (constants | {"V": HALF[case]}).items()})
    assert float(here) == pytest.approx(0.5, abs=1e-12)


def test_the_transient_potassium_current_is_a_third_root():
    level = CURRENTS["A"].gates["a"].level
    assert level.endswith("**(1/3)")
    model = with_currents(passive(), {"A": 1.0})
    V = -50.0
    exact = (0.0761 * np.exp((V + 94.22) / 31.84) / (1 + np.exp((V + 1.17) / 28.93))) ** (1 / 3)
    states = {"V": V, "a_A": exact, "b_A": 0.5}
    assert model.rhs([states[k] for k in model.states])[1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", [k for k in CURRENTS if not CURRENTS[k].needs_calcium])
def test_every_current_flows_through_a_membrane_at_rest(name):
    model = with_currents(passive(), {name: 2.0})
    x = model.initial_state()
    slopes = model.rhs(x)
    assert slopes[1:] == pytest.approx(0, abs=1e-12)  # gates begin where V holds them
    reversal = model.parameters[f"E_{CURRENTS[name].ion}"]
    assert np.sign(slopes[0]) == np.sign(reversal + 65.0)  # towards the reversal potential
    assert model.source or name == "leak"


def test_a_hyperpolarization_activated_current_makes_a_resonance():
    plain = passive()
    resonant = with_currents(plain, {"h": 40.0})
    frequencies = np.array([0.2, 1.0, 2.0, 4.0, 8.0, 30.0])
    gains = [abs(frequency_response(m, "I", frequencies)["V"].values) for m in (plain, resonant)]
    assert np.argmax(gains[0]) == 0
    assert 0 < np.argmax(gains[1]) < 5


def test_the_m_current_changes_the_onset_of_firing():
    """Without it spikes begin at a fold (class I), with it at a Hopf point (class II)."""

    def onset(g: float) -> str:
        cell = with_currents(passive(), {"Na": 20_000.0, "Kd": 6000.0, "M": g})
        points = equilibria(cell, "I", (-100.0, 600.0)).special_points
        return min(points, key=lambda p: p.parameters["I"]).label

    assert (onset(0.0), onset(30.0)) == ("LP", "H")


def test_calcium_opens_a_potassium_current_and_slows_a_cell():
    base = find_cell("HH-FS")
    field = with_currents(cell_field(base), {"Ca": 60.0, "KCa": 0.0})
    assert "Ca" in field.states
    adapting = with_currents(base, {"Ca": 60.0, "KCa": 3000.0})
    fast, slow = (
        simulate_cell(c, 1000.0, 600.0, settle=500.0, dt=0.005).attrs["rate"]
        for c in (with_currents(base, {"Ca": 60.0}), adapting)
    )
    assert 0 < slow < 0.8 * fast


def pacemaker(E_leak: float) -> VectorField:
    """Model 1 of Butera, Rinzel & Smith 1999: the library's NaP with their spike currents."""
    own = {
        "fastNa": IonicCurrent(
            "sodium", "Na", 50.0, "m**3*(1 - n_K)", {"m": Gate("1/(1 + exp(-(V + 34)/5))")}
        ),
        "K": IonicCurrent(
            "potassium", "K", -85.0, "n**4",
            {"n": Gate("1/(1 + exp(-(V + 29)/4))", "10/cosh((V + 29)/8)")},
        ),
    }  # fmt: skip
    membrane = VectorField(
        "membrane", {"V": State(-60.0, (-80.0, 20.0))},
        {"C": 21.0, "g_leak": 2.8, "E_leak": E_leak}, {"V": "-g_leak*(V - E_leak)/C"},
    )  # fmt: skip
    return with_currents(
        membrane, {"NaP": 2.8, "K": 11.2, "fastNa": 28.0}, library={**CURRENTS, **own}
    )


@pytest.mark.parametrize(("E_leak", "does"), [(-65, "rests"), (-58, "bursts"), (-54, "fires")])
def test_a_persistent_sodium_current_makes_the_published_pacemaker(E_leak, does):
    """Silent, bursting, then beating as its leak depolarizes it."""
    run = simulate(pacemaker(E_leak), 8000.0, settle=12_000.0)
    V, time = run["V"].values, run["time"].values
    spikes = time[1:][(V[1:] > -20) & (V[:-1] <= -20)]
    if does == "rests":
        assert len(spikes) == 0
        return
    intervals = np.diff(spikes)
    pauses = intervals > 10 * np.median(intervals)
    assert len(intervals) > 20
    assert (pauses.sum() >= 2) if does == "bursts" else (np.ptp(intervals) < 1.0)


def test_currents_go_into_compartments():
    chain = reduced(PassiveNeuron(ball_and_stick(400, 4, 20)).refined(10), [0.3])
    cell = chain.cell(find_cell("RS"))
    model = with_currents(cell.field, {"h": 2.0}, voltage="V_2")
    assert {"q_h_2", "V_2"} <= set(model.states)
    assert "g_h_2" in model.parameters
    before, after = cell.field.rhs(cell.field.initial_state()), model.rhs(model.initial_state())
    assert after[0] == before[0]
    index = list(model.states).index("V_2")
    assert after[index] > before[index]


def test_currents_of_ones_own_join_the_library():
    mine = IonicCurrent("mine", "X", 10.0, "1", source="here")
    model = with_currents(passive(), {"mine": 3.0}, library={**CURRENTS, "mine": mine})
    assert model.rhs([-65.0])[0] == pytest.approx(3.0 * 75 / 200)


def test_what_cannot_flow_is_refused_in_words():
    model = passive()
    with pytest.raises(ModelError, match="add one of CaT, CaL, Ca"):
        with_currents(model, {"KCa": 1.0})
    with pytest.raises(UnknownNameError, match="M"):
        with_currents(model, {"MM": 1.0})
    with pytest.raises(ModelError, match="conductance of M is -1"):
        with_currents(model, {"M": -1.0})
    with pytest.raises(ModelError, match="has a p_M already"):
        with_currents(with_currents(model, {"M": 1.0}), {"M": 1.0})
    with pytest.raises(UnknownNameError, match="state"):
        with_currents(model, {"M": 1.0}, voltage="U")
    bare = VectorField("bare", {"V": -65.0}, {"k": 1.0}, {"V": "-k*V"})
    with pytest.raises(UnknownNameError, match="capacitance"):
        with_currents(bare, {"M": 1.0})
