"""Multipliers of cycles: exact exponentials of any size, and what is told of them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from continuation import CycleSettings, limit_cycles, load
from continuation.cycles.multipliers import Multipliers, distance_to_one
from continuation.cycles.resonances import critical_distance, product_test
from dynsys import State, VectorField
from dynsys.checksums import SEAL


@pytest.fixture(scope="module")
def growing():
    """The unit circle with multipliers exp(2 pi k), exp(-2 pi) and exp(-4 pi): exact cycles."""
    model = VectorField(
        "grow",
        {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2)), "z": State(0.0, (-1, 1)),
         "q": State(0.0, (-1, 1))},
        {"k": 1.0},
        {"x": "x - y - x*(x^2 + y^2)", "y": "x + y - y*(x^2 + y^2)",
         "z": "k*z + 0.3*x*z - z^3", "q": "-q + y*z"},
        time_unit="",
    )  # fmt: skip
    settings = CycleSettings(intervals=200, most_intervals=200, max_points=200)
    return limit_cycles(
        model, "k", (1.0, 120.0), start=([1, 0, 0, 0], 2 * np.pi), settings=settings
    )


def test_a_multiplier_exp_2_pi_k_is_right_to_its_last_digits(growing):
    data = growing.data
    k, logs = data["k"].values, data["multiplier_log10"].values
    resolved = k < 20.0  # on this mesh; order 8 in k times its width
    assert resolved.sum() > 5
    np.testing.assert_allclose(logs[resolved, 0], 2 * np.pi * k[resolved] / np.log(10), rtol=1e-8)
    np.testing.assert_allclose(logs[:, 1], -2 * np.pi / np.log(10), rtol=1e-8)
    np.testing.assert_allclose(logs[:, 2], -4 * np.pi / np.log(10), rtol=1e-8)
    np.testing.assert_array_equal(data["multiplier_angle"].values, 0.0)
    assert data["trivial_error"].max() < 1e-9


def test_a_huge_multiplier_changes_neither_its_sign_nor_the_stability(growing):
    assert growing.special_points == ()
    assert growing.ended == ("reached the end of the span",) * 2
    np.testing.assert_array_equal(growing.data["unstable"], 1)
    assert growing.data["multiplier_log10"].values[-1, 0] > 250


def test_multipliers_beyond_the_range_of_doubles_are_infinite_and_shown_by_their_logarithm(growing):
    cycle = growing.at(k=119.0)
    assert cycle.log10_multipliers[0] > 308.3
    assert cycle.multipliers[0] == complex(np.inf, 0.0)
    assert cycle.multiplier_angles[0] == 0.0
    assert cycle.unstable == 1 and cycle.stable is False
    assert f"multipliers 10^{cycle.log10_multipliers[0]:.6g}, 0.001867+0j" in str(cycle)


def test_logarithms_survive_files_and_files_without_them_load(growing, tmp_path):
    path = growing.save(tmp_path / "cycles.nc")
    again = load(path)
    xr.testing.assert_allclose(again.data, growing.data)
    with xr.open_dataset(path) as stored:
        old = stored.drop_vars(["multiplier_log10", "multiplier_angle"]).load()
    del old.attrs[SEAL]  # files of that time had no checksums either
    old.to_netcdf(tmp_path / "old.nc", engine="netcdf4")
    earlier = load(tmp_path / "old.nc")
    finite = np.isfinite(growing.data["multiplier_real"].values)
    np.testing.assert_allclose(
        earlier.data["multiplier_log10"].values[finite],
        growing.data["multiplier_log10"].values[finite], rtol=1e-12,
    )  # fmt: skip


def test_values_are_exact_on_the_real_axis_and_saturate():
    found = Multipliers(
        np.array([400.0, 320.0, 320.0, 0.0, -400.0, -np.inf]),
        np.array([np.pi, 1.0, -1.0, 0.0, np.pi, 0.0]),
    )
    values = found.values
    assert values[0] == complex(-np.inf, 0.0)
    assert np.isinf(values[1].real) and values[1].imag == np.inf == -values[2].imag
    assert values[3] == 1.0 and np.all(values[4:] == 0.0)
    np.testing.assert_array_equal(found.are_real, [True, False, False, True, True, True])
    assert found.beyond(1.0) == 3
    assert found.shown(3) == "-10^400, 10^320 at 1 rad, 10^320 at -1 rad"
    assert np.all(np.isfinite(found.bounded))


def test_values_and_logarithms_are_two_ways_to_write_the_same():
    rng = np.random.default_rng(0)
    values = rng.standard_normal(20) * np.exp(1j * rng.uniform(-np.pi, np.pi, 20))
    np.testing.assert_allclose(Multipliers.of(values).values, values, rtol=1e-14)
    joined = Multipliers.of(values).joined(-3.0)
    assert joined.values[-1] == pytest.approx(-3.0, rel=1e-15)
    assert len(joined.without_nearest(-3.0, values[4])) == 19
    assert values[4] not in joined.without_nearest(values[4]).values


def test_test_functions_of_huge_multipliers_keep_their_signs():
    huge = Multipliers(np.array([500.0, 0.1, -0.2]), np.array([np.pi, np.pi, 0.0]))
    assert product_test(huge.bounded, -1.0) > 0 > product_test(huge.bounded[1:], -1.0)


def test_the_distance_to_one_is_that_of_the_logarithm():
    """A multiplier 1 that is lost may come out as any power of ten; one near 0 is none."""
    assert distance_to_one(np.array([400.0, -400.0]), np.zeros(2)) > 900
    lost = Multipliers(np.array([96.9, 5.1, -928.0]), np.zeros(3))
    np.testing.assert_array_equal(lost.without_trivial().log10, [96.9, -928.0])
    assert lost.trivial == 1
    assert distance_to_one(np.array([400.0, 1e-6]), np.zeros(2)) == pytest.approx(2.3025851e-6)
    assert distance_to_one(np.array([np.nan]), np.array([np.nan])) == np.inf


@pytest.mark.parametrize("k", [3.0, 11.6, 20.0])
def test_what_grows_much_faster_than_the_orbit_is_resolved(k):
    # z' = k (1 + 2 x) z on the unit circle: the multiplier is exp(2 pi k), while z grows at up to
    # 3 k and decays at up to k between two mesh nodes of an orbit that the coarsest mesh resolves.
    model = VectorField(
        "fast", {name: State(0.0, (-2, 2)) for name in "xyzw"}, {"k": k, "mu": 1.0},
        {"x": "mu*x - y - x*(x^2 + y^2)", "y": "x + mu*y - y*(x^2 + y^2)",
         "z": "k*z*(1 + 2*x) + y^2*w", "w": "-k*w*(1 + 2*x)"},
        time_unit="",
    )  # fmt: skip
    few = CycleSettings(max_points=4)
    cycles = limit_cycles(model, "mu", (0.5, 1.5), ([1.0, 0, 0, 0], 2 * np.pi), few)
    exact = 2 * np.pi * k / np.log(10)
    at = cycles.at(mu=1.0)
    assert at.log10_multipliers[[0, -1]] == pytest.approx([exact, -exact], abs=2e-5)
    assert abs(at.log10_multipliers[0] - exact) * np.log(10) < 3 * at.multiplier_errors[0] + 1e-8
    assert cycles.data["multiplier_log10"].values[:, 0] == pytest.approx(exact, abs=2e-5)


def test_of_a_cycle_asked_for_small_multipliers_are_resolved_as_well():
    # On the unit circle z' = k z (1 + x/2) + x y z: exp(-4 pi) and exp(2 pi k), k down to -100.
    model = VectorField(
        "decay", {name: State(float(name == "x"), (-2, 2)) for name in "xyz"}, {"k": -1.0},
        {"x": "x - y - x*(x^2 + y^2)", "y": "x + y - y*(x^2 + y^2)", "z": "k*z*(1 + x/2) + x*y*z"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", (-100.0, -0.5), ([1.0, 0.0, 0.0], 2 * np.pi))
    for k in (-3.0, -40.0, -95.0):
        exact = 2 * np.pi * np.array(sorted([k, -2.0], reverse=True)) / np.log(10)
        assert cycles.at(k=k).log10_multipliers == pytest.approx(exact, rel=3e-9)


@pytest.mark.parametrize("coupling", ["0", "k/2*x + x*y"])
@pytest.mark.parametrize("span", [(0.5, 100.0), (-100.0, -0.5)])
def test_all_multipliers_of_a_branch_are_exact_however_fast_a_state_grows_or_decays(span, coupling):
    """On the unit circle z' = z (k + what is nothing on average): exp(2 pi k) and exp(-4 pi)."""
    model = VectorField(
        "columns", {name: State(float(name == "x"), (-2, 2)) for name in "xyz"}, {"k": span[0]},
        {"x": "x - y - x*(x^2 + y^2)", "y": "x + y - y*(x^2 + y^2)", "z": f"z*(k + {coupling})"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", span, ([1.0, 0.0, 0.0], 2 * np.pi))
    k = cycles.data["k"].values
    exact = 2 * np.pi * -np.sort(-np.stack([k, np.full(k.shape, -2.0)], axis=1))
    errors = np.abs(np.log(10) * cycles.data["multiplier_log10"].values - exact)
    allowed = 1.2e-8 * np.maximum(1.0, -exact)  # growth of the value, decay of the logarithm
    assert np.all(errors < allowed)
    told = cycles.data["multiplier_error"].values
    assert np.all(told < 3 * allowed) and np.all(errors < 2 * told + 2e-9)  # the mesh leaves some


CIRCLE = {"x": "x - y - x*(x^2 + y^2)", "y": "x + y - y*(x^2 + y^2)"}
ROTATED = {
    "z": "(k*x^2 - 3*y^2)*z + (k + 3)*x*y*w - w", "w": "(k + 3)*x*y*z + (k*y^2 - 3*x^2)*w + z"
}  # fmt: skip


def on_the_circle(more: dict[str, str], k: float) -> VectorField:
    states = {name: State(float(name == "x"), (-2, 2)) for name in [*CIRCLE, *more]}
    return VectorField("driven", states, {"k": k}, {**CIRCLE, **more}, time_unit="")


@pytest.mark.parametrize(
    "more, other",
    [
        ({"z": "k*z + x"}, None),  # driven by the cycle, through rest at k = 0
        ({"z": "k*z - 0.7*w + x^2", "w": "0.7*z + k*w"}, lambda k: k),
        (ROTATED, lambda k: -3.0 + 0.0 * k),  # k and -3 in a frame that turns with the cycle
    ],
)
def test_multipliers_that_grow_are_as_exact_in_driven_and_turning_systems(more, other):
    model = on_the_circle(more, -1.5)
    cycles = limit_cycles(model, "k", (-1.6, 100.0), ([1.0, 0.0, *[0.0] * len(more)], 2 * np.pi))
    assert cycles.ended == ("reached the end of the span",) * 2
    k = cycles.data["k"].values
    rates = [k, np.full(k.shape, -2.0), *([] if other is None else [other(k)])]
    exact = 2 * np.pi * -np.sort(-np.stack(rates, axis=1))
    errors = np.abs(np.log(10) * cycles.data["multiplier_log10"].values - exact)
    told = cycles.data["multiplier_error"].values
    assert np.all(errors < 2 * told + 2e-9)
    assert np.all(told[:, 0] < (1.1e-8 if other is None else 3e-7))
    assert np.all(errors[k < 60, 0] < 1.1e-8 * np.maximum(1.0, -exact[k < 60, 0]))


def test_multipliers_of_cycles_far_larger_than_their_states_ranges_are_exact():
    """Driven in resonance: the cycle's size goes as 1/k, its multiplier is exp(2 pi k)."""
    model = on_the_circle({**ROTATED, "z": f"{ROTATED['z']} + x"}, -1.5)
    cycles = limit_cycles(model, "k", (-1.6, -2.2e-8), ([1.0, 0.0, 0.0, 0.0], 2 * np.pi))
    k, log10 = cycles.data["k"].values, cycles.data["multiplier_log10"].values
    assert cycles.data["max_z"].values.max() > 1e7
    np.testing.assert_allclose(log10[:, 0] * np.log(10), 2 * np.pi * k, rtol=1e-8, atol=3e-8)
    np.testing.assert_allclose(log10[:, 1:] * np.log(10), 2 * np.pi * np.array([[-2, -3]]).repeat(
        len(k), 0), rtol=1e-8)  # fmt: skip
    assert cycles.data["stable"].values.all()


def test_where_maps_are_too_coarse_for_what_is_fast_the_columns_tell():
    """A decay of exp(-6e4) is not worth resolving: of such multipliers only that they are tiny."""
    model = VectorField(
        "stiff", {name: State(float(name == "x"), (-2, 2)) for name in "xyzw"}, {"k": 1.0},
        {"x": "k*x - y - x*(x^2 + y^2)", "y": "x + k*y - y*(x^2 + y^2)", "z": "-1e4*z",
         "w": "-0.3*w*(1 + x)"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", (0.5, 1.5), ([1.0, 0.0, 0.0, 0.0], 2 * np.pi))
    slow = -0.3 * 2 * np.pi / np.log(10)
    assert cycles.data["multiplier_log10"].values[:, 0] == pytest.approx(slow, abs=1e-9)
    assert cycles.data["multiplier_error"].values[:, 0].max() < 1e-7
    assert np.isinf(cycles.data["multiplier_error"].values[:, 2]).all()
    assert cycles.data["stable"].all()


def test_a_branch_tells_where_the_multiplier_1_is_lost():
    # z grows and decays by exp(2 k) within a period, which mixes with the rest through z' itself.
    model = VectorField(
        "violent", {name: State(float(name == "x"), (-2, 2)) for name in "xyz"}, {"k": -1.0},
        {"x": "-y - k*x*(1 - x^2 - y^2)/2 + z*y", "y": "x - k*y*(1 - x^2 - y^2)/2 - z*x",
         "z": "-z + k*z*y"},
        time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "k", (-100.0, -0.5), ([1.0, 0.0, 0.0], 2 * np.pi))
    assert cycles.data["trivial_error"].max() > 0.5
    assert "the multiplier 1 is off by up to 1e+02" in str(cycles)
    lost = cycles.data["trivial_error"].values > 1e-3
    np.testing.assert_array_equal(cycles.data["undetermined"].values, lost)
    assert not cycles.data["stable"].values[lost].any() and cycles.data["stable"].values.any()
    assert (cycles.data["multiplier_error"].values[lost] > 1e-3).all()
    assert "not known" not in str(limit_cycles(model, "k", (-10.0, -0.5), ([1, 0, 0], 2 * np.pi)))


def test_no_more_digits_are_shown_than_are_known():
    found = Multipliers.of(np.array([-1.234567, 2.345e-21, 7.7e-40]))
    assert found.shown(3) == "-1.235+0j, 2.345e-21+0j, 7.7e-40+0j"
    errors = np.array([1e-9, 4e-3, 0.9])
    assert found.shown(3, errors) == "-1.235+0j, 2.3e-21+0j, about 10^-39"
    errors[2] = 5e23
    assert found.shown(3, errors) == "-1.235+0j, 2.3e-21+0j, 10^-39 (unresolved)"


def test_multipliers_that_meet_are_compared_by_their_polynomial():
    near = Multipliers.of(np.array([1.0, -1 + 1e-4j, -1 - 1e-4j, 0.3]))
    assert critical_distance(near, "R2") == pytest.approx(1e-8, rel=1e-3)
    apart = Multipliers.of(np.array([1.0, -1.0, -1.01, 0.3]))
    assert critical_distance(apart, "R2") == pytest.approx(0.01)
    third = Multipliers.of(np.array([1.0, *np.exp([2.1j, -2.1j])]))
    assert critical_distance(third, "R3") == pytest.approx(2.1 - 2 * np.pi / 3, rel=1e-3)
    assert critical_distance(third, "NSNS") == np.inf
