"""Planes on which there is nothing to see say so, in words."""

from __future__ import annotations

import pytest

from continuation import bifurcation_diagram
from continuation.diagrams.plane_notes import delay_words, shift_words
from dynsys import ModelError, State, VectorField
from dynsys.models import fitzhugh_nagumo


def model(equations: dict[str, str], **parameters: float) -> VectorField:
    states = {name: State(0.1, (-2.0, 2.0)) for name in equations}
    return VectorField("own", states, parameters, equations, time_unit="")


def test_a_parameter_without_effect_is_refused_with_those_that_have_one():
    own = model({"x": "a + c - x"}, a=1.0, b=2.0, c=3.0, d=4.0)
    with pytest.raises(ModelError, match=r"do not depend on 'b'.*choose another parameter, of c$"):
        bifurcation_diagram(own, x=("a", 0, 1), y=("b", 0, 1))
    own = model({"x": "a - x"}, a=1.0, b=2.0, c=3.0)
    with pytest.raises(ModelError, match=r"'b'.*a diagram along a alone shows all"):
        bifurcation_diagram(own, x=("a", 0, 1), y=("b", 0, 1))
    with pytest.raises(ModelError, match=r"'b'.*none of its parameters has an effect"):
        bifurcation_diagram(model({"x": "-x"}, b=2.0, c=3.0), x=("b", 0, 1))


def test_a_delay_has_an_effect():
    own = VectorField(
        "echo", {"x": State(0.1, (-1, 1))}, {"a": -1.0, "D": 1.0}, {"x": "a*delay(x, D) - x"},
        time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(own, x=("a", -0.5, 0.5), y=("D", 0.5, 1.0), audit=0)
    assert not shift_words(own, {"a": (-0.5, 0.5), "D": (0.5, 1.0)})
    assert "nothing changes in this plane: it is one region (equilibrium)" in str(diagram)


def test_parameters_that_only_shift_one_another_are_named_with_their_sum():
    own = model({"x": "p + 2*q + 3*x - x^3"}, p=0.0, q=0.0)
    diagram = bifurcation_diagram(own, x=("p", -3, 3), y=("q", -1, 1), audit=0)
    assert "the equations depend on q + 0.5 p alone" in str(diagram)
    assert len(diagram.regimes) == 3
    assert not shift_words(fitzhugh_nagumo(), {"I": (0, 1), "b": (0.2, 1)})


def test_a_plane_without_equilibria_says_so():
    own = model({"x": "a + b^2"}, a=1.0, b=1.0)
    diagram = bifurcation_diagram(own, x=("a", 0.5, 1), y=("b", 0.5, 1), audit=4)
    assert "no equilibrium was found anywhere in the plane" in str(diagram)
    assert [r["label"] for _, r in diagram.regimes.nodes(data=True)] == ["runs away"]
    assert not diagram.unresolved()


def test_where_nothing_is_a_centre_none_is_spoken_of():
    own = model({"x": "y", "y": "a + b*x^2"}, a=1.0, b=1.0)
    diagram = bifurcation_diagram(own, x=("a", 0.5, 1), y=("b", 0.5, 1), audit=4)
    assert "is conserved: nothing attracts\n" in str(diagram)
    assert "centre" not in str(diagram)


def test_rhythms_as_short_as_a_delay_may_not_be_all_of_them():
    own = VectorField(
        "echo", {"x": 0.5}, {"p": 1.0, "D": 2.0}, {"x": "p*delay(x, D) - x^3"}, time_unit=""
    )
    regions = [{"stable": [{"name": "low"}]}, {"stable": [{"period": 9.0}, {"period": 5.0}]}]
    (words,) = delay_words(own, regions)
    assert words.startswith("periods come down to 5, the delay is 2: rhythms with more or fewer")
    assert not delay_words(own, regions[:1])
    assert not delay_words(own, [{"stable": [{"period": 7.0}]}])
    assert not delay_words(model({"x": "p - x"}, p=1.0), regions)
