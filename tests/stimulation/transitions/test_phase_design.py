"""Pulses designed from the phase response do what they should, to first order."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import limit_cycles
from dynsys import ModelError, VectorField
from dynsys.models import aln
from stimulation import predicted_advance, shifting_pulse, stopping_pulses


@pytest.fixture(scope="module")
def rhythm():
    return limit_cycles(aln().with_parameters(mu_i=0.5, mu_e=1.3), "mu_e", (1.25, 1.35)).at(
        mu_e=1.3
    )


def test_a_designed_pulse_shifts_as_wanted(rhythm):
    for advance in (0.2, -0.1):
        design = shifting_pulse(rhythm, "mu_e", "4 pA", duration=5.0, advance=advance)
        assert len(design.phases) >= 2
        # Second order leaves a thousandth of the period of 44 ms.
        assert design.simulated == pytest.approx(design.predicted, abs=0.045)
    assert "simulated" in str(design)


def test_the_advance_of_a_pulse_is_the_integral_of_the_phase_response(rhythm):
    curve = predicted_advance(rhythm, "mu_e", "4 pA", duration=5.0)
    double = predicted_advance(rhythm, "mu_e", "8 pA", duration=5.0)
    assert double.values == pytest.approx(2 * curve.values)
    with pytest.raises(ModelError, match="shorter than the period"):
        predicted_advance(rhythm, "mu_e", "4 pA", duration=100.0)


def test_what_cannot_be_reached_is_said(rhythm):
    assert "no phase" in str(shifting_pulse(rhythm, "mu_e", "1 pA", 1.0, advance=20.0))
    with pytest.raises(ModelError, match="no stable equilibrium"):
        stopping_pulses(rhythm, "mu_e", ["10 pA"], 5.0)


def test_a_pulse_stops_a_rhythm_beside_a_resting_state():
    # r' = r (r^2 - 1/4) (4 - r^2) / 4: rest inside the unstable cycle r = 1/2, rhythm at r = 2.
    radial = "(x^2 + y^2 - 1/4)*(4 - x^2 - y^2)/4"
    model = VectorField(
        "hard", {"x": 2.0, "y": 0.0}, {"I": 0.0},
        {"x": f"x*{radial} - 6*y + I", "y": f"y*{radial} + 6*x"}, time_unit="",
    )  # fmt: skip
    cycle = limit_cycles(model, "I", (-0.02, 0.02)).at(I=0.0)
    stops = stopping_pulses(cycle, "I", [100.0, -100.0, 10.0], duration=0.02, phases=36)
    # The pulse moves x by 2 at once: it ends near rest where x is near -2 (or 2).
    assert stops.sel(amplitude=100).sum() == pytest.approx(stops.sel(amplitude=-100).sum(), abs=1)
    # |2 exp(i p) + 2| < 1/2 for 8 % of the phases; the cycle turns by 0.12 rad during the pulse.
    assert 2 <= int(stops.sel(amplitude=100).sum()) <= 4
    assert not stops.sel(amplitude=10).any()
    first = int(np.argmax(stops.sel(amplitude=100).values))
    second = int(np.argmax(stops.sel(amplitude=-100).values))
    assert (first - second) % 36 == pytest.approx(18, abs=1)
