"""Conserved sums: found, named, and what equilibria mean with them."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import State, VectorField
from dynsys.conservation import conserved_sums
from dynsys.errors import ConvergenceError

RATE = "y*(s + x^2/(1 + x^2)) - (k + 0.4)*x"


def closed() -> VectorField:
    """A closed reaction network: what leaves x enters y."""
    return VectorField(
        "closed", {"x": State(0.5, (0, 5)), "y": State(1.5, (0, 5))}, {"k": 0.1, "s": 0.05},
        {"x": RATE, "y": f"-({RATE})"}, time_unit="",
    )  # fmt: skip


def test_a_closed_network_conserves_its_sum_and_an_open_one_nothing():
    (total,) = conserved_sums(closed())
    assert str(total) == "x + y"
    assert total.value == pytest.approx(2.0)
    assert total.state_to_leave_out() == ("y", "2 - x")
    fed = VectorField("fed", {"x": 0.5, "y": 1.5}, {"k": 0.1}, {"x": "y - k*x", "y": "k*x - 2*y"})
    assert conserved_sums(fed) == ()


def test_two_sums_of_three_reactants_come_in_whole_numbers():
    # 2 A -> B + C: A + 2 B and A + 2 C are conserved.
    model = VectorField(
        "three", {"a": 1.0, "b": 0.5, "c": 0.0}, {"k": 1.0},
        {"a": "-2*k*a^2", "b": "k*a^2", "c": "k*a^2"}, time_unit="",
    )  # fmt: skip
    factors = np.array([found.factors for found in conserved_sums(model)])
    assert factors.shape == (2, 3)
    assert np.all(factors @ np.array([-2.0, 1.0, 1.0]) == 0.0)


def test_rest_is_found_on_the_level_of_the_start():
    model = closed()
    rest = model.equilibrium()
    assert rest["x"] + rest["y"] == pytest.approx(2.0, abs=1e-12)
    assert np.abs(model.rhs(rest.state)).max() < 1e-12
    assert "conserved: x + y = 2" in str(rest)
    other = model.equilibrium(start=[0.5, 2.5])
    assert other["x"] + other["y"] == pytest.approx(3.0, abs=1e-12)


def test_near_a_centre_the_answer_is_that_it_is_neutral():
    oscillator = VectorField("o", {"x": 1.01, "y": 0.0}, {"p": 1.0}, {"x": "y", "y": "p - x"},
                             time_unit="")  # fmt: skip
    with pytest.raises(ConvergenceError, match="neutral"):
        oscillator.equilibrium()


@pytest.mark.parametrize("start", [0.0, 1e-13, 1e-12])
def test_tiny_states_without_a_range_get_their_size_from_the_motion(start):
    model = VectorField("tiny", {"x": start}, {"p": 1.0}, {"x": "p*1e-24 - x^2"}, time_unit="")
    assert model.scales == pytest.approx([1e-12], rel=1e-3)


def test_huge_states_get_their_size_too_and_small_kicks_do_not():
    huge = VectorField("huge", {"x": 0.0}, {"p": 1.0}, {"x": "p*1e9 - x"}, time_unit="")
    assert huge.scales == pytest.approx([1e9], rel=1e-3)
    kicked = VectorField("kicked", {"x": 1e-5}, {"p": 0.5}, {"x": "-x*(x - 1)*(x - p)"},
                         time_unit="")  # fmt: skip
    assert kicked.scales == pytest.approx([1.0])
