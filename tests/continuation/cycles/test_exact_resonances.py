"""Codimension-two points of cycles beside which exact flows run, in frames that turn with them.

The unit circle of (x, y) is a cycle of period 2 pi. What two more states do is a planar flow, as it
is or in a frame that turns by half with every period, so that multipliers are exp(2 pi lambda) or
-exp(2 pi lambda) with its eigenvalues lambda.
"""

from __future__ import annotations

import numpy as np
import pytest

from continuation import (
    cycle_fold_curve,
    limit_cycles,
    period_doubling_curve,
    torus_curve,
    user_points,
)
from dynsys import ModelError, UnknownNameError, VectorField
from tests.continuation.cycles.test_exact_places import beside, oscillator, states

# In a frame that turns by half, (p, q) are (U, V): products of U and V with cosine c and sine s of
# half the angle, and products of two of those, are functions of x and y.
HALF = {
    "cU": "p*(1 + x)/2 + q*y/2", "sU": "p*y/2 + q*(1 - x)/2",
    "cV": "q*(1 + x)/2 - p*y/2", "sV": "q*y/2 - p*(1 - x)/2", "U2": "cU^2 + sU^2",
}  # fmt: skip


def turning_by_half(first: str, second: str) -> dict[str, str]:
    """Equations of p and q where U' and V' are sums of U and V times even factors.

    "@U" and "@V" stand for U and V times c or s.
    """
    cosine, sine = (lambda text: text.replace("@", "c")), (lambda text: text.replace("@", "s"))
    return {
        "p": f"{cosine(first)} - ({sine(second)}) - q/2",
        "q": f"{sine(first)} + ({cosine(second)}) + p/2",
    }


def flip(others: dict[str, str] | None = None, more: str = "") -> VectorField:
    """U' = m U - k U^3 and V' = -V/2 in the frame that turns by half."""
    equations = {**oscillator("x", "y"), **turning_by_half("m*@U - k*U2*@U", "-@V/2")}
    names = "xypq" + more
    return VectorField(
        "flip", states(names), {"m": -0.2, "k": 0.7, "n": -0.3}, {**equations, **(others or {})},
        definitions=HALF, time_unit="",
    )  # fmt: skip


def on_the_circle(model: VectorField, parameter: str, span: tuple[float, float]):
    """The unit circle, followed in one parameter."""
    rest = [0.0] * (len(model.states) - 1)
    return limit_cycles(model, parameter, span, start=([1.0, *rest], 2 * np.pi))


@pytest.fixture(scope="module")
def doublings():
    branch = on_the_circle(flip(), "m", (-0.3, 0.3))
    return period_doubling_curve(branch["PD1"], ("m", "k"), {"m": (-0.3, 0.3), "k": (-1, 1)})


def test_a_generalized_doubling_is_where_the_cubic_term_vanishes(doublings):
    (cycle,) = doublings.special_points
    assert cycle.label == "GPD"
    assert [cycle.parameters[k] for k in "mk"] == pytest.approx([0.0, 0.0], abs=1e-8)
    exact = -doublings.data["k"].values / (2 * np.pi)  # of a null function of norm 1 in a period
    assert doublings.data["normal_form_c"].values == pytest.approx(exact, abs=1e-8)


def test_coefficients_of_a_curve_are_quantities_of_user_points(doublings):
    (cycle,) = user_points(doublings, "normal_form_c", -0.05)
    assert cycle.parameters["k"] == pytest.approx(0.1 * np.pi, abs=1e-7)
    with pytest.raises(UnknownNameError, match="normal_form_c"):
        user_points(doublings, "normal_form_d", 0.0)


def test_folds_of_doubled_cycles_end_where_these_become_their_parent():
    """U' = m U + k U^3 - U^5: doubled cycles fold along m = -k^2/4, k > 0, from m = k = 0 on."""
    quintic = turning_by_half("m*@U + k*U2*@U - U2^2*@U", "-@V/2")
    model = flip(quintic).with_parameters(k=0.5)
    doubled = limit_cycles(on_the_circle(model, "m", (-0.3, 0.3))["PD1"], "m", (-0.3, 0.3))
    assert doubled["LPC1"].orbit.value == pytest.approx(-1 / 16, abs=1e-9)
    spans = {"m": (-0.3, 0.3), "k": (-1, 0.9)}
    curve = cycle_fold_curve(doubled["LPC1"], ("m", "k"), spans)
    m, k = curve.data["m"].values, curve.data["k"].values
    assert m == pytest.approx(-(k**2) / 4, abs=1e-9)
    assert np.all(np.diff(k) > 0) or np.all(np.diff(k) < 0)  # once, not there and back
    assert sorted(k)[-1] == pytest.approx(0.9, abs=1e-9) and abs(sorted(k)[0]) < 0.01
    assert not curve.special_points
    words = sorted(curve.ended[0])
    assert words[0] == "reached the end of the span"
    assert "become one of half their period, at a generalized period doubling (GPD)" in words[1]


@pytest.fixture(scope="module")
def tori():
    pair = {
        "u": "m*u - w*v - k*u*(u^2 + v^2)*(1 + x/3)", "v": "w*u + m*v - k*v*(u^2 + v^2)*(1 + x/3)"
    }  # fmt: skip
    model = VectorField(
        "tori", states("xyuv"), {"m": -0.2, "k": 0.7, "w": 0.2}, {**oscillator("x", "y"), **pair},
        time_unit="",
    )  # fmt: skip
    return on_the_circle(model, "m", (-0.3, 0.3))["NS1"]


def test_a_chenciner_point_is_where_the_cubic_term_vanishes(tori):
    curve = torus_curve(tori, ("m", "k"), {"m": (-0.3, 0.3), "k": (-1, 1)})
    (cycle,) = curve.special_points
    assert cycle.label == "CH"
    assert [cycle.parameters[k] for k in "mk"] == pytest.approx([0.0, 0.0], abs=1e-8)
    exact = -curve.data["k"].values / np.pi  # two real null functions share the norm 1
    assert curve.data["normal_form_re_d"].values == pytest.approx(exact, abs=1e-8)
    assert curve.data["normal_form_im_d"].values == pytest.approx(0.0, abs=1e-8)
    (there,) = user_points(curve, "normal_form_re_d", -0.1)
    assert there.parameters["k"] == pytest.approx(0.1 * np.pi, abs=1e-7)


def test_the_angle_of_a_torus_curve_is_a_quantity_of_user_points(tori):
    curve = torus_curve(tori, ("m", "w"), {"m": (-0.3, 0.3), "w": (0.1, 0.3)})
    (cycle,) = user_points(curve, "angle", 1.2)
    assert cycle.parameters["w"] == pytest.approx(1.2 / (2 * np.pi), abs=1e-9)


def test_a_function_that_returns_no_number_is_told_in_words(tori):
    curve = torus_curve(tori, ("m", "w"), {"m": (-0.3, 0.3), "w": (0.15, 0.25)})
    with pytest.raises(ModelError, match="what period returns is 'long'; it must be a number"):

        def period(cycle):
            return "long"

        user_points(curve, period)


@pytest.fixture(scope="module")
def two_doublings():
    """U' = V, V' = b1 U + b2 V - U^3 - U^2 V, in the frame that turns by half."""
    equations = turning_by_half("@V", "b1*@U + b2*@V - U2*@U - U2*@V")
    return VectorField(
        "one_to_two", states("xypq"), {"b1": -0.04, "b2": -0.3},
        {**oscillator("x", "y"), **equations}, definitions=HALF, time_unit="",
    )  # fmt: skip


def test_a_doubling_curve_meets_1_2(two_doublings):
    branch = on_the_circle(two_doublings, "b1", (-0.1, 0.1))
    spans = {"b1": (-0.1, 0.1), "b2": (-0.4, 0.4)}
    curve = period_doubling_curve(branch["PD1"], ("b1", "b2"), spans)
    (cycle,) = curve.points("R2")
    assert [cycle.parameters[k] for k in ("b1", "b2")] == pytest.approx([0.0, 0.0], abs=1e-8)
    assert {c.label for c in curve.special_points} <= {"R2", "GPD"}


def test_where_a_quantity_has_a_pole_it_takes_no_value(two_doublings):
    """The cubic coefficient is infinite at 1:2, beside which it has both signs."""
    branch = on_the_circle(two_doublings, "b1", (-0.1, 0.1))
    spans = {"b1": (-0.1, 0.1), "b2": (-0.4, 0.4)}
    curve = period_doubling_curve(branch["PD1"], ("b1", "b2"), spans)
    for value in (-1.0, 0.01, 1.0):
        for cycle in user_points(curve, "normal_form_c", value):
            assert abs(cycle.parameters["b2"]) > 1e-3
    assert user_points(curve, lambda cycle: 1 / cycle.parameters["b2"]) == ()


def test_a_torus_curve_ends_at_1_2(two_doublings):
    branch = on_the_circle(two_doublings, "b2", (-0.4, 0.4))
    assert branch["NS1"].orbit.value == pytest.approx(0.0, abs=1e-9)
    curve = torus_curve(branch["NS1"], ("b1", "b2"), {"b1": (-0.06, 0.1), "b2": (-0.4, 0.4)})
    assert "1:2 resonance (R2)" in curve.ended[0]
    angle = curve.data["angle"].values
    exact = np.pi - 2 * np.pi * np.sqrt(np.maximum(-curve.data["b1"].values, 0.0))
    far = angle > 0.1  # from the end, where the root magnifies rounding
    assert angle[far] == pytest.approx(exact[far], abs=1e-7)


def test_a_torus_curve_ends_at_1_1():
    """u' = v, v' = b1 + b2 v + u^2 + u v has its Hopf points at b2 = sqrt(-b1)."""
    model = VectorField(
        "one_to_one", states("xyuv"), {"b1": -0.01, "b2": 0.0},
        {**oscillator("x", "y"), "u": "v", "v": "b1 + b2*v + u^2 + u*v"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "b2", (-0.1, 0.3), start=([1.0, 0, -0.1, 0], 2 * np.pi))
    assert branch["NS1"].orbit.value == pytest.approx(0.1, abs=1e-9)
    curve = torus_curve(branch["NS1"], ("b1", "b2"), {"b1": (-0.012, 0.1), "b2": (-0.2, 0.3)})
    b1, b2 = curve.data["b1"].values, curve.data["b2"].values
    assert b2 == pytest.approx(np.sqrt(-b1), abs=1e-7)
    assert "1:1 resonance (R1)" in curve.ended[0]
    resonances = {c.label: c.parameters["b1"] for c in curve.special_points}
    assert resonances == {  # the angle is 2 pi sqrt(2 b2)
        "R4": pytest.approx(-(2.0**-10), abs=1e-9), "R3": pytest.approx(-1 / 324, abs=1e-9)
    }  # fmt: skip


def test_a_fold_curve_has_its_cusp_where_the_radial_flow_has_it():
    """Radii with a + b (r^2 - 1) = (r^2 - 1)^3 have their cusp at a = b = 0."""
    growth = "(a + b*(x^2 + y^2 - 1) - (x^2 + y^2 - 1)^3)"
    model = VectorField(
        "cusp", states("xy", 1.2), {"a": 0.0, "b": 0.1},
        {"x": f"x*{growth} - y*(1 + (x^2 + y^2)/5)", "y": f"y*{growth} + x*(1 + (x^2 + y^2)/5)"},
        time_unit="",
    )  # fmt: skip
    radius = np.sqrt(1 + np.sqrt(0.1))
    branch = limit_cycles(model, "a", (-0.1, 0.1), start=([radius, 0], 2 * np.pi / 1.26))
    folds = sorted(c.orbit.value for c in branch.points("LPC"))
    edge = 2 * (0.1 / 3) ** 1.5
    assert folds == pytest.approx([-edge, edge], abs=1e-9)
    curve = cycle_fold_curve(branch["LPC1"], ("a", "b"), {"a": (-0.1, 0.1), "b": (-0.1, 0.3)})
    (cycle,) = curve.special_points
    assert cycle.label == "CPC"
    assert [cycle.parameters[k] for k in "ab"] == pytest.approx([0.0, 0.0], abs=1e-8)
    a, b = curve.data["a"].values, curve.data["b"].values
    assert 27 * a**2 == pytest.approx(4 * b**3, abs=1e-9)


def test_a_doubling_curve_meets_a_pair_on_the_unit_circle():
    model = flip(beside("n", "0.3"), "uv")
    branch = on_the_circle(model, "m", (-0.3, 0.3))
    curve = period_doubling_curve(branch["PD1"], ("m", "n"), {"m": (-0.3, 0.3), "n": (-0.4, 0.4)})
    (cycle,) = curve.special_points
    assert cycle.label == "PDNS"
    assert [cycle.parameters[k] for k in "mn"] == pytest.approx([0.0, 0.0], abs=1e-8)


def test_a_torus_curve_meets_a_doubling_and_another_pair():
    flips = flip(beside("n", "0.3"), "uv")
    branch = on_the_circle(flips, "n", (-0.4, 0.4))
    spans = {"m": (-0.3, 0.3), "n": (-0.4, 0.4)}
    (cycle,) = torus_curve(branch["NS1"], ("n", "m"), spans).special_points
    assert cycle.label == "PDNS"
    assert [cycle.parameters[k] for k in "mn"] == pytest.approx([0.0, 0.0], abs=1e-8)

    second = {
        "a": "m*a - 0.15*b - a*(a^2 + b^2)", "b": "0.15*a + m*b - b*(a^2 + b^2)",
    }  # fmt: skip
    pairs = VectorField(
        "pairs", states("xyuvab"), {"m": -0.2, "n": -0.3},
        {**oscillator("x", "y"), **beside("n", "0.3"), **second}, time_unit="",
    )  # fmt: skip
    branch = on_the_circle(pairs, "n", (-0.4, 0.4))
    (cycle,) = torus_curve(branch["NS1"], ("n", "m"), spans).special_points
    assert cycle.label == "NSNS"
    assert [cycle.parameters[k] for k in "mn"] == pytest.approx([0.0, 0.0], abs=1e-8)


@pytest.mark.parametrize("label", ["LPPD", "LPNS"])
def test_curves_of_doublings_and_tori_turn_where_their_cycles_fold(label):
    """Cycles with (r^2 - 1)^2 = mu, beside which a multiplier or pair passes at q = (r^2 - 1)/4."""
    s = "(x^2 + y^2 - 1)"
    growth = f"(mu - {s}^2)"
    turn = {"x": f"x*{growth} - y", "y": f"y*{growth} + x"}
    names, more = "xyuv", {}
    if label == "LPNS":
        rest = beside(f"(q - {s}/4)", "0.3")
    else:  # half of the angle itself, as the radius is not 1; the parameter is called q
        names = "xypw"
        halves = {k: v.replace("q", "w") for k, v in HALF.items()}
        more = {k: v.replace("x", "(x/r)").replace("y", "(y/r)") for k, v in halves.items()}
        more = {"r": "sqrt(x^2 + y^2)"} | more
        rest = turning_by_half(f"(Q - {s}/4)*@U - U2*@U", "-@V/2")
        rest = {k.replace("q", "w"): v.replace("q", "w").replace("Q", "q") for k, v in rest.items()}
    model = VectorField(
        "folding", states(names, 1.1), {"mu": 0.04, "q": -0.3}, {**turn, **rest}, definitions=more,
        time_unit="",
    )  # fmt: skip
    start = ([np.sqrt(1.2), 0, 0, 0], 2 * np.pi)
    branch = limit_cycles(model, "q", (-0.3, 0.3), start=start)
    kind = "NS" if label == "LPNS" else "PD"
    assert branch[f"{kind}1"].orbit.value == pytest.approx(0.05, abs=1e-9)
    follow = torus_curve if label == "LPNS" else period_doubling_curve
    curve = follow(branch[f"{kind}1"], ("q", "mu"), {"q": (-0.1, 0.1), "mu": (-0.1, 0.1)})
    (cycle,) = curve.points(label)
    assert [cycle.parameters[k] for k in ("q", "mu")] == pytest.approx([0.0, 0.0], abs=1e-7)
    assert curve.data["mu"].values == pytest.approx(16 * curve.data["q"].values ** 2, abs=1e-8)
    assert [c.label for c in curve.special_points] == [label]
