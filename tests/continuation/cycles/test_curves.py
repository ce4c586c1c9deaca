"""Curves of bifurcating cycles in two parameters, against exact formulas and published digits."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import (
    CycleSettings,
    cycle_fold_curve,
    equilibria,
    homoclinic_curve,
    limit_cycles,
    load,
    period_doubling_curve,
    torus_curve,
)
from continuation.cycles import torus
from continuation.cycles.normal_forms import torus_coefficients
from dynsys import ConvergenceError, ModelError, SmoothTable, State, UnknownNameError, VectorField
from tests.oracles import system


def radial(growth: str, parameters: dict[str, float]) -> VectorField:
    """Rotation at unit speed with r' = r growth(R), R = r^2."""
    return VectorField(
        "radial", {"x": State(1.0, (-2, 2)), "y": State(0.0, (-2, 2))}, parameters,
        {"x": f"x*({growth}) - y", "y": f"y*({growth}) + x"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def morris_lecar():
    branch = equilibria(system("morris_lecar").model(), "I", (60.0, 260.0))
    return limit_cycles(branch["H2"], "I", (60.0, 260.0))


@pytest.fixture(scope="module")
def controller():
    model = system("adaptive_control").model(al=1.2)
    branch = equilibria(model, "al", (0.0, 1.5), start=[0, 0, 0])
    return limit_cycles(branch["H1"], "al", (0.0, 1.5))


@pytest.fixture(scope="module")
def torus_point():
    branch = equilibria(system("freire_circuit").model(), "nu", (-0.7, -0.5), start=[0, 0, 0])
    cycles = limit_cycles(branch.points("H")[0], "nu", (-0.7, -0.5))
    return limit_cycles(cycles["BPC1"], "nu", (-0.7, -0.5))["NS1"]


def test_the_fold_of_cycles_near_a_bautin_point_is_the_parabola():
    # r' = r (b1 + b2 r^2 - r^4): folds on b1 = -b2^2 / 4, b2 > 0, up to the generalized Hopf point.
    model = radial("b1 + b2*R - R^2", {"b1": -0.1, "b2": 1.0})
    cycles = limit_cycles(model, "b1", (-0.4, 0.3), start=([0.9, 0.0], 2 * np.pi))
    (fold,) = cycles.points("LPC")
    assert fold.orbit.value == pytest.approx(-0.25, abs=1e-9)
    curve = cycle_fold_curve(fold, ("b1", "b2"), {"b1": (-0.6, 0.3), "b2": (-0.5, 1.5)})
    b1, b2 = curve.data["b1"].values, curve.data["b2"].values
    assert np.max(np.abs(b1 + b2**2 / 4)) < 1e-9
    assert b2.max() == pytest.approx(1.5)
    assert 0 < b2.min() < 0.05
    assert any("generalized Hopf" in reason for reason in curve.ended[0])


def test_the_cusp_of_cycles_is_where_three_cycles_meet():
    # R (b1 + b2 R + 3 R^2 - R^3) = -(R - 1)^3 at b1 = 1, b2 = -3.
    model = radial("b1 + b2*R + 3*R^2 - R^3", {"b1": 0.9, "b2": -2.8})
    cycles = limit_cycles(model, "b1", (0.5, 1.2), start=([1.3, 0.0], 2 * np.pi))
    curve = cycle_fold_curve(cycles["LPC1"], ("b1", "b2"), {"b1": (0.5, 1.2), "b2": (-3.2, -2.5)})
    (cusp,) = curve.points("CPC")
    assert cusp.parameters["b1"] == pytest.approx(1.0, abs=1e-6)
    assert cusp.parameters["b2"] == pytest.approx(-3.0, abs=1e-6)
    assert cusp.certificate["multiplier_distance"] < 1e-6
    assert abs(cusp.coefficients["b"]) < 1e-4 < abs(cycles["LPC1"].coefficients["b"])
    assert "multipliers at their places to" in str(cusp) and "; b = " in str(cusp)


def test_folds_of_cycles_have_published_digits_along_the_curve(morris_lecar):
    curve = cycle_fold_curve(morris_lecar["LPC1"], ("I", "v3"), {"I": (60, 260), "v3": (-3, 8)})
    for v3, current, period in [
        (4.0, 197.193949174, 81.1116657767), (0.0, 236.195862998, 75.1508843217),
    ]:  # fmt: skip
        cycle = curve.at(v3=v3)
        assert cycle.parameters["I"] == pytest.approx(current, rel=1e-8)
        assert cycle.period == pytest.approx(period, rel=1e-7)


@pytest.mark.parametrize(
    ("name", "span", "other", "records"),
    [
        ("jansen_rit", (-100.0, 400.0), "C", [(140.0, 180.434224649)]),
        ("enzyme_plp", (2.0, 6.0), "s0", [(111.0, 2.98629481022), (109.0, 2.58264253795)]),
    ],
)
def test_folds_of_cycles_agree_at_other_values_of_the_second_parameter(name, span, other, records):
    model = system(name).model()
    parameter = {"jansen_rit": "p", "enzyme_plp": "rho"}[name]
    folds = [
        fold
        for hopf in equilibria(model, parameter, span).points("H")
        for fold in limit_cycles(hopf, parameter, span).points("LPC")
    ]
    spans = {parameter: span, other: tuple(np.array([0.95, 1.06]) * model.parameters[other])}
    curves = [cycle_fold_curve(fold, (parameter, other), spans) for fold in folds]
    for value, published in records:
        found = []
        for curve in curves:
            try:
                found.append(curve.at(**{other: value}).parameters[parameter])
            except ConvergenceError:
                continue
        assert min(abs(np.array(found) / published - 1)) < 1e-8


def test_period_doublings_have_published_digits_and_strong_resonances(controller):
    spans = {"al": (-1.0, 1.5), "be": (0.3, 2.2)}
    curve = period_doubling_curve(controller["PD1"], ("al", "be"), spans)
    for be, al, period in [
        (1.4, 0.342714966888, 5.34207211684), (0.8, 0.81012451208, 7.19680665728),
    ]:  # fmt: skip
        cycle = curve.at(be=be)
        assert cycle.parameters["al"] == pytest.approx(al, rel=1e-9)
        assert cycle.period == pytest.approx(period, rel=1e-9)
    resonances = sorted(curve.points("R2"), key=lambda c: c.parameters["be"])
    # MatCont's digits: (0, 0.6782783), T = 9.058318 and (0, 1.698711), T = 4.841835
    for cycle, be, period in zip(
        resonances, (0.6782783, 1.698711), (9.058318, 4.841835), strict=True
    ):
        assert cycle.parameters["al"] == pytest.approx(0.0, abs=1e-6)
        assert cycle.parameters["be"] == pytest.approx(be, abs=2e-6)
        assert cycle.period == pytest.approx(period, abs=5e-6)
        assert cycle.certificate["multiplier_distance"] < 1e-6
        low, high = cycle.certificate["bracket"]
        assert low < 0.0 < high


def test_a_chenciner_point_is_where_the_torus_changes_its_stability():
    # Beside the unit circle, w = u + i v obeys w' = w (b1 + 0.3 i + b2 |w|^2 - |w|^4): a torus is
    # born at b1 = 0, with d = b2 / pi where one period is 2 pi, and a Chenciner point is at b2 = 0.
    growth = "b1 + b2*R - R^2"
    model = VectorField(
        "chenciner", {k: State(0.1, (-2, 2)) for k in "xyuv"}, {"b1": -0.2, "b2": -0.5},
        {
            "x": "x*(1 - x^2 - y^2) - y", "y": "y*(1 - x^2 - y^2) + x",
            "u": f"u*({growth}) - 0.3*v", "v": f"v*({growth}) + 0.3*u",
        },
        definitions={"R": "u^2 + v^2"}, time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "b1", (-0.4, 0.4), start=([1.0, 0, 0, 0], 2 * np.pi))
    (birth,) = cycles.points("NS")
    assert birth.coefficients["re_d"] == pytest.approx(-0.5 / np.pi, rel=1e-9)
    curve = torus_curve(birth, ("b1", "b2"), {"b1": (-0.4, 0.4), "b2": (-1.0, 1.0)})
    (point,) = curve.special_points
    assert point.label == "CH"
    assert point.parameters["b2"] == pytest.approx(0.0, abs=1e-8)
    assert point.coefficients["re_d"] == pytest.approx(0.0, abs=1e-8)
    assert point.certificate["multiplier_distance"] < 1e-8
    b2 = curve.data["b2"].values
    assert curve.data["normal_form_re_d"].values == pytest.approx(b2 / np.pi, abs=1e-6)


def test_the_compiled_torus_coefficient_is_that_of_the_homological_equations(torus_point):
    spans = {"nu": (-0.7, -0.5), "be": (0.48, 0.7)}
    curve = torus_curve(torus_point, ("nu", "be"), spans)
    for orbit in curve.orbits[:: len(curve) // 3]:
        (expected,) = torus_coefficients(curve.solver, orbit, float(orbit.z[3]))
        found = torus.cubic_coefficient(curve.solver, orbit)
        assert found == pytest.approx(expected, rel=1e-6)


def test_the_torus_curve_keeps_its_pair_on_the_circle_and_ends_at_a_resonance(torus_point):
    spans = {"nu": (-0.9, -0.4), "be": (0.48, 0.8)}
    curve = torus_curve(torus_point, ("nu", "be"), spans)
    sizes = np.hypot(curve.data["multiplier_real"], curve.data["multiplier_imag"]).values
    assert np.max(np.abs(sizes - 1)) < 1e-5
    assert "1:1 resonance (R1)" in curve.ended[0]
    end = int(np.argmin(curve.data["angle"].values))
    assert curve.data["be"].values[end] == pytest.approx(0.6, abs=1e-4)
    assert curve.data["nu"].values[end] == pytest.approx(-0.6, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "parameter", "span", "other", "width", "published", "digits"),
    [
        ("morris_lecar_homoclinic", "I", (20.0, 60.0), "phi", 0.1, 35.00673419758, 1e-10),
        ("morris_lecar_fast", "y", (-0.05, 0.15), "z", 0.2, 0.072930696245, 1e-8),
        ("lorenz_63", "rho", (10.0, 30.0), "beta", 0.1, 13.926557, 1e-7),
    ],
)
def test_homoclinic_orbits_lie_where_published(
    name, parameter, span, other, width, published, digits
):
    model = system(name).model()
    hopf = equilibria(model, parameter, span).points("H")[0]
    cycles = limit_cycles(hopf, parameter, span)
    assert cycles.ended[1].endswith("homoclinic orbit to a saddle")
    value = model.parameters[other]
    spans = {parameter: span, other: (value * (1 - width), value * (1 + width))}
    period = 0.2 * cycles.orbits[-1].period
    curve = homoclinic_curve(cycles, (parameter, other), spans, period=period)
    here = int(np.argmin(np.abs(curve.data[other].values - value)))
    assert curve.data["projected"].values[here]
    assert curve.data[parameter].values[here] == pytest.approx(published, rel=digits)
    # The cycle of fixed period and the projected orbit agree along the whole curve.
    sure = curve.data["projected"].values
    apart = np.abs(curve.data[parameter] - curve.data["by_period"]).values[sure]
    assert np.max(apart) < 1e-4 * (span[1] - span[0])


def test_curves_survive_the_file(controller, tmp_path):
    spans = {"al": (0.2, 1.2), "be": (0.8, 1.4)}
    curve = period_doubling_curve(controller["PD1"], ("al", "be"), spans)
    again = load(curve.save(tmp_path / "curve.nc"))
    assert str(again) == str(curve)
    assert again.at(be=1.0).parameters["al"] == pytest.approx(0.63030200616, rel=1e-9)


def test_a_branch_starts_at_its_own_fold(morris_lecar):
    # There the parameter does not tell cycles apart; the message was that the start is no cycle.
    again = limit_cycles(morris_lecar["LPC1"], "I", (60.0, 260.0))
    folds = [[c.orbit.value for c in b.points("LPC")] for b in (morris_lecar, again)]
    assert sorted(folds[1]) == pytest.approx(sorted(folds[0]), rel=1e-8)


def test_a_branch_that_leaves_a_table_ends_next_to_its_edge_and_says_so():
    # r = sqrt(mu), and the table ends at x = 1.
    grid = np.linspace(-1.0, 1.0, 40)
    table = SmoothTable("f", {"a": grid, "b": grid}, {"line": grid[:, None] + 0 * grid[None, :]})
    model = VectorField(
        "edge", {"x": State(0.5, (-2, 2)), "y": State(0.0, (-2, 2))}, {"mu": 0.3},
        {"x": "mu*f.line(x, 0.2) - y - x*(x^2 + y^2)", "y": "x + mu*y - y*(x^2 + y^2)"},
        tables={"f": table}, time_unit="",
    )  # fmt: skip
    cycles = limit_cycles(model, "mu", (0.1, 2.0), ([0.55, 0.0], 2 * np.pi))
    assert "the cycle left the domain of a table" in cycles.ended
    assert cycles.data["mu"].values.max() == pytest.approx(1.0, abs=1e-3)
    assert cycles.data["max_x"].values.max() < 1.0


def test_a_wrong_start_is_refused_with_the_right_words(controller, morris_lecar):
    with pytest.raises(ModelError, match="cycle fold curve starts from LPC"):
        cycle_fold_curve(controller["PD1"], ("al", "be"))
    with pytest.raises(ModelError, match="two different"):
        period_doubling_curve(controller["PD1"], ("al", "al"))
    with pytest.raises(ModelError, match="outside the span"):
        period_doubling_curve(controller["PD1"], ("al", "be"), {"be": (2.0, 3.0)})
    with pytest.raises(ModelError, match="no homoclinic orbit"):
        homoclinic_curve(controller, ("al", "be"))
    curve = cycle_fold_curve(
        morris_lecar["LPC1"], ("I", "v3"), {"I": (200, 230), "v3": (1, 3)},
        CycleSettings(max_points=30),
    )  # fmt: skip
    with pytest.raises(ConvergenceError, match="no point at v3 = 9"):
        curve.at(v3=9.0)
    with pytest.raises(UnknownNameError, match="special point"):
        curve["CPC7"]
