"""Cycles of published models at which multipliers are huge, tiny or hidden by rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from continuation import (
    CycleSettings,
    cycle_fold_curve,
    equilibria,
    limit_cycles,
    load,
    period_doubling_curve,
    torus_curve,
)
from continuation.cycles.curves import free_in_first
from continuation.cycles.location import floquet_of
from continuation.cycles.resonances import critical_distance
from dynsys import State, VectorField
from dynsys.models import hodgkin_huxley

# By shooting with variational equations at relative tolerance 1e-13, to all digits shown.
FOLDS = (6.26452128, 7.84654712, 7.92198549)
DOUBLINGS = (7.84953740, 7.92197768)
OF_DOUBLED = [7.85068143, 7.85992281, 7.85992281, 7.91100388, 7.91100414, 7.92197365]


@pytest.fixture(scope="module")
def axon():
    return hodgkin_huxley().with_parameters(EL=-54.401, I=9.0)


@pytest.fixture(scope="module")
def spikes(axon):
    return limit_cycles(equilibria(axon, "I", (0.0, 180.0))["H1"], "I", (0.0, 180.0))


def test_cycles_of_the_squid_axon_fold_and_double_where_shooting_tells(spikes):
    assert sorted(c.orbit.value for c in spikes.points("LPC")) == pytest.approx(FOLDS, abs=2e-8)
    assert [c.orbit.value for c in spikes.points("PD")] == pytest.approx(DOUBLINGS, abs=2e-8)
    assert len(spikes.special_points) == 5


@pytest.fixture(scope="module")
def doubled(spikes):
    return [limit_cycles(spikes[name], "I", (0.0, 180.0)) for name in ("PD1", "PD2")]


def test_doubled_cycles_end_at_a_doubling_of_their_parent_however_near_its_fold_is(doubled):
    for branch, end in zip(doubled, reversed(DOUBLINGS), strict=True):
        assert branch.ended[1] == (
            f"returned to the branch of half its period, at a period doubling: {end:.8g}"
        )
        assert branch.data["I"].values[-1] == pytest.approx(end, abs=2e-8)
        values = sorted(c.orbit.value for c in branch.special_points)
        assert values == pytest.approx(OF_DOUBLED, abs=2e-8)
        assert sorted(c.label for c in branch.special_points) == ["LPC"] * 2 + ["PD"] * 4
        assert branch.data["unstable"].values[[0, -1]].tolist() == [2, 2]


def test_cycles_doubled_twice_end_at_their_parents_doublings_too(doubled):
    ends = [c.orbit.value for c in doubled[1].points("PD")]
    branch = limit_cycles(doubled[1]["PD1"], "I", (0.0, 180.0))
    words, value = branch.ended[1].split(": ")
    assert words == "returned to the branch of half its period, at a period doubling"
    assert min(abs(float(value) - end) for end in ends) < 2e-7
    # Multipliers of 1e9 that meet and part again with the other sign pass nothing.
    assert not any("changes by +0" in str(c) for c in branch.special_points)


def test_a_doubling_next_to_the_one_a_branch_begins_at_is_found(doubled):
    """In either direction the branch has both: that where it begins is 3e-7 from another."""
    for source in (doubled[0]["PD2"], doubled[1]["PD3"]):
        branch = limit_cycles(source, "I", (0.0, 180.0))
        assert branch.orbits[0].value == pytest.approx(source.orbit.value, abs=1e-9)
        assert branch.orbits[0].period == pytest.approx(2 * source.period, rel=1e-9)
        first = branch["PD1"]
        assert first.orbit.value == pytest.approx(7.9110037, abs=1e-7)
        assert first.multipliers[0].real == pytest.approx(-6.551e8, rel=1e-3)


def test_cycles_that_shrink_are_followed_to_the_hopf_point(axon):
    points = equilibria(axon, "I", (0.0, 180.0))
    branches = [limit_cycles(points[name], "I", (0.0, 180.0)) for name in ("H1", "H2")]
    for branch, end in zip(branches, ("H2", "H1"), strict=True):
        assert branch.ended[1] == "the cycle shrank to a Hopf point"
        assert branch.data["I"].values[-1] == pytest.approx(
            points[end].parameters["I"], abs=1e-3
        )  # fmt: skip
        assert branch.data["max_V"].values[-1] - branch.data["min_V"].values[-1] < 0.2
    periods = [branch.at(I=154.4).period for branch in branches]
    assert periods[0] == pytest.approx(periods[1], rel=1e-8)


def test_a_curve_that_rounding_ends_says_so(spikes):
    curve = cycle_fold_curve(spikes["LPC1"], ("I", "EK"), {"I": (-20, 200), "EK": (-95, -55)})
    assert (
        curve.ended[0]
        == ("rounding hides the multiplier 1, which is off by more than 0.03 on a fine mesh",) * 2
    )
    assert curve.orbits[0].mesh_error() < 1e-10


def oregonator() -> VectorField:
    """Field & Noyes 1974, as scaled by Tyson: three time scales, 5e4 apart."""
    return VectorField(
        "oregonator",
        {"x": State(0.5, (0, 1)), "y": State(0.5, (0, 200)), "z": State(0.2, (0, 1))},
        {"f": 1.0, "e": 0.0099, "d": 1.98e-5, "q": 7.62e-5},
        {"x": "(q*y - x*y + x*(1 - x))/e", "y": "(-q*y - x*y + f*z)/d", "z": "x - z"},
        time_unit="",
    )  # fmt: skip


def test_multipliers_that_are_lost_are_no_sign_of_a_conserved_quantity():
    hopf = equilibria(oregonator(), "f", (0.3, 3.0))["H1"]
    settings = CycleSettings(max_points=200)
    cycles = limit_cycles(hopf, "f", (0.3, 3.0), settings=settings)
    assert np.mean(cycles.data["trivial_error"].values > 1e-3) > 0.5
    assert cycles.persistent == 0 and "conserved quantity" not in str(cycles)
    assert not cycles.data["neutral"].values.any()


@pytest.fixture(scope="module")
def forced():
    """A Bonhoeffer-van der Pol oscillator driven by a sine, whose cycles have canards."""
    model = VectorField(
        "forced",
        {"x": State(1.0, (-3, 3)), "y": State(0.5, (-3, 3)), "u": State(1.0, (-1, 1)),
         "v": State(0.0, (-1, 1))},
        {"A": 0.2, "w": 0.55},
        {"x": "3*(y + x - x^3/3 - 0.35 + A*u)", "y": "-(x - 0.7 + 0.8*y)/3",
         "u": "u*(1 - u^2 - v^2) - w*v", "v": "v*(1 - u^2 - v^2) + w*u"},
        time_unit="",
    )  # fmt: skip
    return limit_cycles(model, "w", (0.3, 1.5))


@pytest.mark.parametrize("label", ["PD", "LPC"])
def test_special_cycles_of_curves_have_their_multipliers_or_are_not_told(forced, label, tmp_path):
    follow = {"PD": period_doubling_curve, "LPC": cycle_fold_curve}[label]
    start = next(c for c in forced.special_points if c.label == label)
    curve = follow(start, ("w", "A"), {"w": (0.2, 2.0), "A": (0.001, 2.0)})
    for cycle in curve.special_points:  # R1 and R2 were told 0.6 from their places
        assert critical_distance(floquet_of(cycle.solver, cycle.orbit), cycle.label) < 1e-6
        assert cycle.certificate["multiplier_distance"] < 1e-6
    errors = curve.data["critical_error"].values
    assert np.sum(errors > 1e-3) > 20 and np.sum(errors < 1e-6) > 5
    assert f"on {np.sum(errors > 1e-3)} of them" in str(curve)
    assert str(load(curve.save(tmp_path / "curve.nc"))) == str(curve)


def test_multipliers_stay_exact_beside_one_of_1e_minus_317():
    """Steinmetz and Larter's peroxidase reaction (1991): on the torus curve a pair is at the unit
    circle, at an angle that is one of the curve's own unknowns."""
    model = VectorField(
        "peroxidase",
        {"A": State(6.0, (0, 20)), "B": State(60.0, (0, 150)), "X": State(0.005, (0, 1)),
         "Y": State(0.05, (0, 2))},
        {"k8": 0.825, "k7": 1.5},
        {"A": "-0.1631021*A*B*X - 0.046875*A*B*Y + k7 - 0.1175*A", "B": "-0.1631021*A*B*X"
         " - 0.046875*A*B*Y + k8", "X": "0.1631021*A*B*X - 2500*X^2 + 0.09375*A*B*Y - 20*X + 0.001",
         "Y": "-0.046875*A*B*Y + 2500*X^2 - 1.104*Y"},
        time_unit="",
    )  # fmt: skip
    hopf = equilibria(model, "k8", (0.7, 0.9))["H1"]
    start = limit_cycles(hopf, "k8", (0.7, 1.2))["NS1"]
    curve = torus_curve(start, ("k8", "k7"), {"k8": (0.2, 1.5), "k7": (0.5, 3.0)})
    assert curve.data["multiplier_log10"].values.min() < -320
    assert curve.data["critical_error"].values.max() < 1e-5
    for orbit in curve.orbits[1:3]:  # nan, and 7 and 0.2, with maps cut for what decays fast
        plain = replace(orbit, z=orbit.z[:2].copy())
        found = floquet_of(free_in_first(curve.solver, orbit), plain, 2)
        pair = found.values[np.abs(found.values.imag) > 0]
        assert np.abs(pair) == pytest.approx(1.0, abs=1e-6)
        assert abs(np.angle(pair[0])) == pytest.approx(orbit.z[3], abs=1e-6)
