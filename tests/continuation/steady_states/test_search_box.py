"""Equilibria of models that declare no ranges, as every .ode file."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import find_equilibria
from continuation.steady_states.search_box import with_search_ranges
from dynsys import ModelError, UnknownNameError, VectorField, read_ode

# Traub & Miles 1991, as published by Ermentrout; no initial values, so all start at 0.
TRAUB = """par gna=100,gk=80,gl=0.2,ena=50,ek=-100,el=-67,i0=0
am(v)=0.32*(v+54)/(1-exp(-(v+54)/4))
bm(v)=0.28*(v+27)/(exp((v+27)/5)-1)
ah(v)=0.128*exp(-(v+50)/18)
bh(v)=4/(1+exp(-(v+27)/5))
an(v)=0.032*(v+52)/(1-exp(-(v+52)/5))
bn(v)=0.5*exp(-(v+57)/40)
v'=i0-gl*(v-el)-gna*m^3*h*(v-ena)-gk*n^4*(v-ek)
m'=am(v)*(1-m)-bm(v)*m
h'=ah(v)*(1-h)-bh(v)*h
n'=an(v)*(1-n)-bn(v)*n
done
"""


def test_the_rest_of_a_neuron_is_found_without_a_start(tmp_path):
    (tmp_path / "traub.ode").write_text(TRAUB)
    model = read_ode(tmp_path / "traub.ode")
    rest = find_equilibria(model)[0]
    assert -68 < rest[0] < -66
    assert np.abs(model.rhs(rest)).max() < 1e-9


def test_the_box_holds_what_the_equations_compare_a_state_with():
    model = VectorField(
        "line", {"v": 0.0, "w": 0.5}, {"e": -80.0}, {"v": "-(v - e)", "w": "v + 35 - w"}
    ).with_ranges(w=(-1, 1))
    ranged = with_search_ranges(model)
    low, high = ranged.states["v"].range
    assert low < -80 < 0 < high
    assert ranged.states["w"].range == (-1, 1)


def test_ranges_are_checked():
    model = VectorField("line", {"v": 0.0}, {"e": 1.0}, {"v": "e - v"})
    assert model.with_ranges(v=(-100, 60)).states["v"].range == (-100, 60)
    with pytest.raises(ModelError, match="empty or reversed"):
        model.with_ranges(v=(1, 0))
    with pytest.raises(UnknownNameError, match="no state 'u'"):
        model.with_ranges(u=(0, 1))


def test_frequencies_of_a_model_without_a_time_unit_are_not_in_hertz():
    model = VectorField("line", {"v": 0.0}, {"e": 1.0}, {"v": "e - v"}, time_unit="")
    assert model.frequency_unit == "per time unit"
    assert model.frequency_column == "frequency"
    assert "per time unit" in model.describe()
