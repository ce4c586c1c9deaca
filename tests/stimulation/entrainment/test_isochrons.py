"""Asymptotic phases against isochrons that are known, and in phase locking."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from continuation import limit_cycles
from dynsys import ConvergenceError, ModelError, Tolerance, VectorField, simulate
from dynsys.models import aln
from stimulation import (
    Pulse,
    Sine,
    asymptotic_phase,
    asymptotic_phases,
    phase_locking,
    phaseless_pulse,
)
from stimulation.entrainment.isochrons import crossing_phase
from stimulation.entrainment.phases import crossings
from stimulation.transitions.attractors import equilibria_at
from stimulation.transitions.phaseless import unstable_coordinates

FINE = Tolerance(1e-9, 1e-11)

# Stuart-Landau with shear q: on the unit circle it turns with w - q, and the phase of any state is
# (angle - q ln r) / (2 pi) (Winfree 2001, The Geometry of Biological Time, chapter 6).
SHEAR = 1.5
SPIRAL = VectorField(
    "spiral", {"x": 1.0, "y": 0.0}, {"I": 0.0, "w": 2 * np.pi + SHEAR, "q": SHEAR},
    {"x": "x*(1 - x^2 - y^2) - (w - q*(x^2 + y^2))*y + I",
     "y": "y*(1 - x^2 - y^2) + (w - q*(x^2 + y^2))*x"}, time_unit="",
)  # fmt: skip


@pytest.fixture(scope="module")
def spiral():
    return limit_cycles(SPIRAL, "I", (-0.1, 0.1)).at(I=0.0)


def phase_of(x, y):
    return (np.arctan2(y, x) - SHEAR * np.log(np.hypot(x, y))) / (2 * np.pi)


@pytest.mark.parametrize("state", [(0.5, 0.2), (-1.7, 0.4), (0.05, -0.02)])
def test_phases_lie_on_the_known_isochrons(spiral, state):
    run = simulate(SPIRAL, 1e-6, initial={"x": state[0], "y": state[1]}, sample=1e-6)
    start = spiral.profile(2).isel(time=0)
    own = phase_of(float(start["x"]), float(start["y"]))
    difference = asymptotic_phase(spiral, run) - (phase_of(*state) - own)
    # Crossings between samples of a 400th of the period are linear: 1e-5 cycles.
    assert (difference + 0.5) % 1 - 0.5 == pytest.approx(0, abs=2e-5)


def test_the_phaseless_point_has_no_phase(spiral):
    run = simulate(SPIRAL, 1e-6, initial={"x": 0.0, "y": 0.0}, sample=1e-6)
    with pytest.raises(ConvergenceError, match="does not come back"):
        asymptotic_phase(spiral, run)


def test_an_impulse_to_the_center_leaves_no_phase(spiral):
    # Only the phase where the state is (1, 0) lets an impulse of -1 on x reach the origin.
    found = phaseless_pulse(spiral, "I", duration=1e-3, largest="1500")
    start = spiral.profile(2).isel(time=0)
    angle = np.arctan2(float(start["y"]), float(start["x"])) / (2 * np.pi)
    # The state turns by less than 4e-3 during the pulse; opposite phase and sign do as well.
    offset = (found.phase + angle) % 0.5
    assert min(offset, 0.5 - offset) < 4e-3
    assert abs(found.amplitude.value) == pytest.approx(1000, rel=5e-3)
    assert abs(found.winding) == 1


def test_the_fast_rhythm_pauses_after_its_phaseless_pulse():
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    cycle = limit_cycles(model, "mu_e", (1.28, 1.32)).at(mu_e=1.3)
    found = phaseless_pulse(cycle, "mu_e", duration=15, largest="300 pA")
    assert abs(found.winding) == 1
    low, high = cycle.extrema("r_E")
    start = simulate(model, cycle.period, settle=40 * cycle.period, sample=cycle.period / 400)
    (mark, *_) = crossings(start["r_E"].values, cycle.period / 400)
    wait = cycle.period * (1 - crossing_phase(cycle)) + mark  # of phase 0, in the run's own time
    begin = (wait + found.phase * cycle.period) % cycle.period + cycle.period
    for factor, rests in ((1.0, True), (1.5, False)):
        pulse = Pulse(found.amplitude, begin, found.duration).scaled(factor)
        run = simulate(
            model, float(round(begin + found.duration + 120)), settle=40 * cycle.period,
            inputs={"mu_e": pulse}, record="r_E",
        )  # fmt: skip
        late = run["r_E"].sel(time=slice(begin + found.duration + 30, None))
        assert (float(np.ptp(late.values)) < 0.1 * (high - low)) == rests


def test_unstable_coordinates_of_a_delay_model_grow_with_the_leading_eigenvalue():
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    (inside,) = [e for e in equilibria_at(model) if not e.stable]
    coordinates, rate = unstable_coordinates(model, inside)
    near = simulate(model, 40.0, initial=inside.state * (1 + 1e-5), sample=40.0, tolerance=FINE)
    later = simulate(model, 10.0, initial=near, sample=10.0, tolerance=FINE)
    growth = np.linalg.norm(coordinates(later)) / np.linalg.norm(coordinates(near))
    # The delay line has order 6; what it keeps of the stable directions is 4e-5 of the growth.
    assert growth == pytest.approx(np.exp(10 * rate), rel=2e-4)


def test_without_an_equilibrium_inside_there_is_no_such_pulse(spiral):
    with pytest.raises(ConvergenceError, match="Try another duration"):
        phaseless_pulse(spiral, "I", duration=1e-3, largest="10")


def test_a_driven_rhythm_locks_in_its_asymptotic_phase():
    model = aln().with_parameters(mu_e=1.3, mu_i=0.5)
    cycle = limit_cycles(model, "mu_e", (1.28, 1.32)).at(mu_e=1.3)
    for frequency, locked in ((22.4, True), (26.0, False)):
        wave = Sine("4 pA", frequency=frequency)
        start = simulate(model, 3000, inputs={"mu_e": wave})
        phases = asymptotic_phases(
            cycle, {"mu_e": wave.shifted(-3000)}, 500, initial=start, sample=15
        )
        times = np.arange(-100, 700, 1.0)
        stimulus = xr.DataArray(wave.values(times + 3000), dims="time", coords={"time": times})
        found = phase_locking(phases, stimulus)
        assert (found.value > 0.999) == locked
        assert (found.rotation == pytest.approx(1, abs=2e-3)) == locked
    with pytest.raises(ModelError, match="over its own times"):
        phase_locking(phases, stimulus.values)
    with pytest.raises(ModelError, match="below half"):
        asymptotic_phases(cycle, {"mu_e": wave}, 500, sample=40)
