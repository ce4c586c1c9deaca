"""The library's classics against published equilibria, frequencies and parameter sets."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from dynsys import UnknownNameError
from dynsys.models import LIBRARY, jansen_rit, morris_lecar
from tests.oracles import system

# Oracle name -> (library model, model time units in one time unit of the oracle).
PAIRS = {
    "morris_lecar": ("morris_lecar", 1.0),
    "wilson_cowan": ("wilson_cowan", 1.0),
    "hodgkin_huxley": ("hodgkin_huxley", 1.0),
    "fitzhugh_nagumo": ("fitzhugh_nagumo", 1.0),
    "jansen_rit": ("jansen_rit", 10.0),
}


def cases(*types: str) -> list:
    found = []
    for oracle in PAIRS:
        for record in system(oracle).select(*types):
            values = record.get("pars") or {record["par"]: record["p"]}
            label = f"{oracle}-{record['type']}-{values}"
            found.append(pytest.param(oracle, record, values, id=label))
    return found


@pytest.mark.parametrize(("oracle", "record", "values"), cases("H", "LP", "BT", "CP", "GH"))
def test_published_states_are_equilibria_of_the_library_model(oracle, record, values):
    model = LIBRARY[PAIRS[oracle][0]]().with_parameters(**values)
    x = np.array(record["x"], dtype=float)
    # The published states carry 12 digits: the field there is as small as the Jacobian allows.
    bound = 1e-11 * np.abs(model.jacobian(x)).max() * max(1.0, np.abs(x).max())
    assert np.abs(model.rhs(x)).max() < bound


@pytest.mark.parametrize(("oracle", "record", "values"), cases("H", "GH"))
def test_library_models_turn_at_the_published_frequency(oracle, record, values):
    name, unit = PAIRS[oracle]
    model = LIBRARY[name]().with_parameters(**values)
    eigenvalues = np.linalg.eigvals(model.jacobian(np.array(record["x"], dtype=float)))
    critical = min(eigenvalues[eigenvalues.imag > 0], key=lambda value: abs(value.real))
    assert critical.imag * unit == pytest.approx(record["omega"], rel=1e-8)
    assert abs(critical.real) < 1e-8 * critical.imag


def test_jansen_rit_in_milliseconds_is_the_published_system_in_ten():
    published, model = system("jansen_rit"), jansen_rit().with_parameters(p=120.0, C=135.0)
    reference = published.model(p=120.0, C=135.0)
    x = np.array([0.11, 21.0, 14.0, 0.3, 2.0, -1.5])
    per_ms = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.05])  # there y2' = z2/2
    expected = reference.rhs(x) * per_ms / 10
    assert model.rhs(x * per_ms) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_homoclinic_set_of_morris_lecar_is_the_rescaled_fast_system():
    record = system("morris_lecar_homoclinic").select("H")[0]
    model = morris_lecar("homoclinic").with_parameters(I=record["p"])
    assert np.abs(model.rhs(np.array(record["x"]))).max() < 1e-11
    fast = system("morris_lecar_fast").select("H")[0]
    # The two were published to 12 and 13 digits; I = 480 y, V = 120 v, time in units of 5 ms.
    assert record["p"] == pytest.approx(480 * fast["p"], rel=1e-11)
    assert record["x"][0] == pytest.approx(120 * fast["x"][0], rel=1e-10)
    assert 5 * record["omega"] == pytest.approx(fast["omega"], rel=1e-11)


def test_morris_lecar_sets_start_to_fire_in_their_own_way():
    # Rinzel & Ermentrout 1998: in the type I sets the resting state folds away at I = 39.96, in the
    # type II set the current-voltage curve is monotonous and rest loses stability by a Hopf point.
    potentials = np.linspace(-60.0, 20.0, 801)
    currents = {}
    for name in ("hopf", "saddle-node", "homoclinic"):
        model = morris_lecar(name)
        w = (1 + np.tanh((potentials - model.parameters["v3"]) / model.parameters["v4"])) / 2
        field = np.array([model.rhs([v, a])[0] for v, a in zip(potentials, w, strict=True)])
        currents[name] = -20.0 * field  # the current that holds the membrane there
    assert np.all(np.diff(currents["hopf"]) > 0)
    for name in ("saddle-node", "homoclinic"):
        rising = np.flatnonzero(np.diff(currents[name]) < 0)[0]
        assert currents[name][rising] == pytest.approx(39.96, abs=0.01)


def test_an_unknown_parameter_set_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'saddle-node'"):
        morris_lecar("sadle-node")


@pytest.mark.parametrize("name", LIBRARY)
def test_every_library_model_says_what_it_is(name):
    model = LIBRARY[name]()
    assert model.name == name
    assert model.meaning
    assert any(year.isdigit() and len(year) == 4 for year in model.source.replace(",", " ").split())
    for label, item in [*model.states.items(), *model.declared_parameters.items()]:
        assert item.meaning, f"{label} of {name} has no meaning"
    for label, state in model.states.items():
        assert state.range is not None, f"{label} of {name} has no range"
        assert state.range[0] <= state.initial <= state.range[1]
    assert "Example" in (inspect.getdoc(LIBRARY[name]) or "")
