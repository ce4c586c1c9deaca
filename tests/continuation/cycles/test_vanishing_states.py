"""Branches of cycles on which a state nearly vanishes end where its digits do."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import equilibria, limit_cycles
from dynsys import State, VectorField

FIXED = {"a": 1.0, "e": 0.6, "d": 0.2}
SPAN = (0.5, 30.0)


@pytest.fixture(scope="module")
def predator():
    """Rosenzweig & MacArthur 1963, American Naturalist 97."""
    model = VectorField(
        "predator", {"x": State(1.0, (0, 40)), "y": State(1.0, (0, 40))}, {"K": 3.0} | FIXED,
        {"x": "x*(1 - x/K) - a*x*y/(1 + x)", "y": "e*a*x*y/(1 + x) - d*y"}, time_unit="",
    )  # fmt: skip
    return limit_cycles(equilibria(model, "K", SPAN)["H1"], "K", SPAN)


@pytest.fixture(scope="module")
def logarithms():
    """The same with u = log x, v = log y: nothing vanishes."""
    model = VectorField(
        "logarithms", {"u": State(0.0, (-40, 5)), "v": State(0.0, (-40, 5))}, {"K": 3.0} | FIXED,
        {"u": "1 - exp(u)/K - a*exp(v)/(1 + exp(u))", "v": "e*a*exp(u)/(1 + exp(u)) - d"},
        time_unit="",
    )  # fmt: skip
    return limit_cycles(equilibria(model, "K", SPAN)["H1"], "K", SPAN)


def test_a_branch_ends_where_rounding_decides_how_long_a_population_stays_away(predator):
    assert "rounding decides how long it stays" in predator.ended[1]
    assert "logarithm" in predator.ended[1]
    least, most = (predator.data[f"{end}_x"].values for end in ("min", "max"))
    assert np.all(least > 1e-12 * most)  # without that end they come out below zero
    assert least[-1] < 1e-8 * most[-1]


def test_periods_up_to_there_are_those_of_the_logarithms(predator, logarithms):
    # 5e-4: what the mesh leaves on the last cycle, whose multiplier 1 is off by 1e-2.
    assert logarithms.ended[1] == "reached the end of the span"
    for orbit in predator.orbits[::4]:
        assert orbit.period == pytest.approx(logarithms.at(K=orbit.value).period, rel=5e-4)


def test_a_population_that_is_not_there_ends_nothing():
    model = VectorField(
        "absent",
        {"x": State(1.0, (0, 8)), "y": State(1.0, (0, 8)), "z": State(0.0, (0, 8))},
        {"K": 3.0} | FIXED,
        {"x": "x*(1 - x/K) - a*x*y/(1 + x)", "y": "e*a*x*y/(1 + x) - d*y - 0.1*y*z",
         "z": "z*(0.1*y - 1)"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(
        equilibria(model, "K", (1.5, 5.0), start=[0.5, 1.0, 0.0])["H1"], "K", (1.5, 5.0)
    )
    assert branch.ended[1] == "reached the end of the span"
    assert np.max(np.abs(branch.data["max_z"].values)) < 1e-8
