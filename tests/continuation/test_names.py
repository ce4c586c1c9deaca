"""Names that clash with columns of results, or with words of Python, have a way out."""

from __future__ import annotations

import pytest

from continuation import equilibria, limit_cycles
from dynsys import State, VectorField
from dynsys.errors import ModelError


@pytest.mark.parametrize("name", ["stable", "piece", "unstable", "neutral"])
def test_a_state_with_the_name_of_a_column_is_refused_with_a_way_out(name):
    model = VectorField("m", {name: State(0.1, (-2, 2))}, {"p": 1.0}, {name: f"p - {name}"})
    with pytest.raises(ModelError, match=f"call it {name}_"):
        equilibria(model, "p", (0, 1))


def test_a_free_parameter_cannot_be_called_as_what_cycles_have():
    states = {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}
    model = VectorField(
        "m", states, {"period": 1.0},
        {"x": "x - y - x*(x^2+y^2)", "y": "period*x + y - y*(x^2+y^2)"}, time_unit="",
    )  # fmt: skip
    with pytest.raises(ModelError, match="call it period_"):
        limit_cycles(model, "period", (0.5, 2.0))


def test_a_parameter_may_be_called_self_and_lambda_has_a_way_out():
    model = VectorField("m", {"x": State(0.1, (-2, 2))}, {"self": 0.5}, {"x": "self - x^2"})
    moved = model.with_parameters(**{"self": 0.25})
    assert moved.parameters["self"] == 0.25
    branch = equilibria(moved, "self", (-1, 1))
    assert branch["LP1"].parameters["self"] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ModelError, match="call it lambda_"):
        VectorField("m", {"x": 0.1}, {"lambda": 0.5}, {"x": "lambda - x^2"})
