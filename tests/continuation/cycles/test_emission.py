"""Curves that start at codimension-two cycles, against exact flows in frames that turn by half."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import (
    cycle_fold_curve,
    equilibria,
    limit_cycles,
    load,
    period_doubling_curve,
    torus_curve,
)
from dynsys import ConvergenceError, ModelError, VectorField
from tests.continuation.cycles.test_degenerate_normal_forms import SPANS, doubling, special
from tests.continuation.cycles.test_exact_places import beside, oscillator, states
from tests.continuation.cycles.test_exact_resonances import (
    HALF,
    on_the_circle,
    turning_by_half,
)
from tests.oracles import system

__all__ = ["doubling"]  # a fixture


@pytest.mark.parametrize(("fifth", "order"), [(0.6, "mk"), (-1.5, "mk"), (-1.5, "km")])
def test_folds_of_doubled_cycles_start_at_a_generalized_doubling(doubling, fifth, order):
    """U' = m U + k U^3 + l U^5 in coordinates with terms of every order: folds at m = k^2 / 4l."""
    model = doubling.with_parameters(l=fifth)
    point = special(model, period_doubling_curve, "GPD", 2 * np.pi, "PD1")
    curve = cycle_fold_curve(point, tuple(order), SPANS)
    m, k = curve.data["m"].values, curve.data["k"].values
    assert m == pytest.approx(k**2 / (4 * fifth), abs=1e-8)
    assert np.all(np.sign(k[np.abs(k) > 1e-6]) == -np.sign(fifth)) and np.abs(k).max() > 0.8
    words = sorted(curve.ended[0])
    assert words[0] == "reached the end of the span"
    assert "become one of half their period, at a generalized period doubling (GPD)" in words[1]


def test_where_volumes_are_kept_rounding_is_no_chenciner_point():
    # The third derivative is -al x'' - be x' - x + x^2, with a torus curve at al = 0.
    model = system("adaptive_control").model(al=1.2)
    hopf = equilibria(model, "al", (0.0, 1.5), start=[0, 0, 0])["H1"]
    spans = {"al": (-1.0, 1.5), "be": (0.3, 2.2)}
    doublings = limit_cycles(hopf, "al", (0.0, 1.5))["PD1"]
    for point in period_doubling_curve(doublings, ("al", "be"), spans).points("R2"):
        curve = torus_curve(point, ("al", "be"), spans)
        assert curve.data["al"].values == pytest.approx(0.0, abs=1e-5)
        assert {c.label for c in curve.special_points} == {"R3", "R4"}


def one_to_two(cubic: int, mixed: int) -> VectorField:
    """U' = V, V' = b1 U + b2 V + cubic U^3 + mixed U^2 V in the frame that turns by half."""
    equations = turning_by_half("@V", f"b1*@U + b2*@V + ({cubic})*U2*@U + ({mixed})*U2*@V")
    return VectorField(
        "one_to_two", states("xypq"), {"b1": -0.04, "b2": -0.3},
        {**oscillator("x", "y"), **equations}, definitions=HALF, time_unit="",
    )  # fmt: skip


BOTH = {"b1": (-0.1, 0.1), "b2": (-0.4, 0.4)}


def resonance(model: VectorField):
    branch = on_the_circle(model, "b1", BOTH["b1"])
    (point,) = period_doubling_curve(branch["PD1"], ("b1", "b2"), BOTH).points("R2")
    return point


@pytest.mark.parametrize("mixed", [-1, 1])
def test_two_torus_curves_start_at_1_2(mixed):
    """That of the cycle at b2 = 0, b1 < 0, that of doubled cycles at b2 = -mixed b1, b1 > 0."""
    point = resonance(one_to_two(-1, mixed))
    own = torus_curve(point, ("b1", "b2"), BOTH)
    assert own.data["b2"].values == pytest.approx(0.0, abs=1e-9)
    assert own.data["b1"].values.min() == pytest.approx(-0.1, abs=1e-9)
    assert own.data["b1"].values.max() == pytest.approx(0.0, abs=1e-6)
    assert sorted(own.ended[0]) == ["1:2 resonance (R2)", "reached the end of the span"]

    curve = torus_curve(point, ("b1", "b2"), BOTH, doubled=True)
    b1, b2 = curve.data["b1"].values, curve.data["b2"].values
    assert b2 == pytest.approx(-mixed * b1, abs=1e-9)
    angle = curve.data["angle"].values
    far = (angle > 0.1) & (angle < 3)
    assert angle[far] == pytest.approx(4 * np.pi * np.sqrt(2 * b1[far]), abs=1e-7)
    assert curve.data["period"].values == pytest.approx(4 * np.pi, abs=1e-8)
    words = sorted(curve.ended[0])
    assert words[0] == "1:2 resonance (R2)"  # of the doubled cycles
    assert words[1].startswith("the doubled cycles become one of half their period, at a 1:2")


def test_at_1_2_with_saddles_beside_it_no_torus_of_doubled_cycles_starts():
    point = resonance(one_to_two(1, -1))
    with pytest.raises(ConvergenceError, match="multipliers of doubled cycles are real"):
        torus_curve(point, ("b1", "b2"), BOTH, doubled=True)
    with pytest.raises(ModelError, match="starts from R2, LPPD, PDNS cycles; this one is NS"):
        branch = on_the_circle(one_to_two(1, -1), "b2", BOTH["b2"])
        torus_curve(branch["NS1"], ("b1", "b2"), BOTH, doubled=True)


def test_a_torus_curve_starts_at_1_1():
    """u' = v, v' = b1 + b2 v + u^2 + u v has its Hopf points at b2 = sqrt(-b1)."""
    model = VectorField(
        "one_to_one", states("xyuv"), {"b1": -0.01, "b2": 0.0},
        {**oscillator("x", "y"), "u": "v", "v": "b1 + b2*v + u^2 + u*v"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "b1", (-0.1, 0.3), start=([1.0, 0, -0.1, 0], 2 * np.pi))
    spans = {"b1": (-0.012, 0.1), "b2": (-0.2, 0.3)}
    (point,) = cycle_fold_curve(branch["LPC1"], ("b1", "b2"), spans).points("R1")
    curve = torus_curve(point, ("b1", "b2"), spans)
    b1, b2 = curve.data["b1"].values, curve.data["b2"].values
    assert b2 == pytest.approx(np.sqrt(-b1), abs=1e-7) and b1.min() == pytest.approx(-0.012)
    assert sorted(curve.ended[0]) == ["1:1 resonance (R1)", "reached the end of the span"]


def test_torus_curves_start_where_a_doubling_meets_a_pair():
    """U' = U (m + |w|^2 / 2 - U^2), w' = w (n + 2 U^2 / 5 - |w|^2 + 0.3 i)."""
    growth = "(n + 0.4*U2 - u^2 - v^2)"
    model = VectorField(
        "both", states("xypquv"), {"m": -0.2, "n": -0.3},
        {
            **oscillator("x", "y"),
            **turning_by_half("(m + 0.5*(u^2 + v^2) - U2)*@U", "-@V/2"),
            "u": f"u*{growth} - 0.3*v", "v": f"v*{growth} + 0.3*u",
        },
        definitions=HALF, time_unit="",
    )  # fmt: skip
    spans = {"m": (-0.3, 0.3), "n": (-0.4, 0.4)}
    branch = on_the_circle(model, "m", spans["m"])
    (point,) = period_doubling_curve(branch["PD1"], ("m", "n"), spans).points("PDNS")
    own = torus_curve(point, ("m", "n"), spans)
    assert own.data["n"].values == pytest.approx(0.0, abs=1e-9)
    curve = torus_curve(point, ("m", "n"), spans, doubled=True)
    m, n = curve.data["m"].values, curve.data["n"].values
    assert n == pytest.approx(-0.4 * m, abs=1e-9)
    assert m.min() > 0 and m.max() == pytest.approx(0.3)
    assert np.all(np.diff(m) > 0) or np.all(np.diff(m) < 0)  # once, not there and back
    assert any("one of half their period, at a flip of a torus (PDNS)" in w for w in curve.ended[0])


def test_curves_of_doubled_cycles_start_where_a_doubling_meets_a_fold():
    """s' = mu - s^2 + U^2 / 2 for s = r^2 - 1, U' = U (q - 0.7 s - U^2)."""
    s = "(x^2 + y^2 - 1)"
    growth = f"(mu - {s}^2 + 0.5*U2)/(2*(x^2 + y^2))"
    halves = {k: v.replace("q", "w") for k, v in HALF.items()}
    unit = {k: v.replace("x", "(x/r)").replace("y", "(y/r)") for k, v in halves.items()}
    rest = turning_by_half(f"(Q - 0.7*{s} - U2)*@U", "-@V/2")
    rest = {k.replace("q", "w"): v.replace("q", "w").replace("Q", "q") for k, v in rest.items()}
    model = VectorField(
        "folding", states("xypw", 1.1), {"mu": 0.04, "q": -0.3},
        {"x": f"x*{growth} - y", "y": f"y*{growth} + x", **rest},
        definitions={"r": "sqrt(x^2 + y^2)"} | unit, time_unit="",
    )  # fmt: skip
    spans = {"q": (-0.3, 0.3), "mu": (-0.3, 0.3)}
    start = ([np.sqrt(1.2), 0, 0, 0], 2 * np.pi)
    branch = limit_cycles(model, "q", spans["q"], start=start)
    doublings = period_doubling_curve(branch["PD1"], ("q", "mu"), spans)
    tori = torus_curve(doublings["LPPD1"], ("q", "mu"), spans, doubled=True)
    q, mu = tori.data["q"].values, tori.data["mu"].values
    square = q / 0.3  # U^2, and s = -U^2
    assert mu == pytest.approx(square**2 - square / 2, abs=1e-9)
    assert q.min() == pytest.approx(0.0, abs=1e-6) and q.max() == pytest.approx(0.0525, abs=1e-6)
    folds = cycle_fold_curve(doublings["GPD1"], ("q", "mu"), spans)  # at s = -0.175
    q, mu = folds.data["q"].values, folds.data["mu"].values
    assert mu == pytest.approx(0.175**2 - (q + 0.1225) / 2, abs=1e-9)
    assert q.min() == pytest.approx(-0.1225, abs=1e-3) and q.max() == pytest.approx(0.3)


def test_at_two_pairs_the_other_curve_is_followed(tmp_path):
    second = {"a": "m*a - 0.15*b - a*(a^2 + b^2)", "b": "0.15*a + m*b - b*(a^2 + b^2)"}
    model = VectorField(
        "pairs", states("xyuvab"), {"m": -0.2, "n": -0.3},
        {**oscillator("x", "y"), **beside("n", "0.3"), **second}, time_unit="",
    )  # fmt: skip
    spans = {"m": (-0.3, 0.3), "n": (-0.4, 0.4)}
    along_m = torus_curve(on_the_circle(model, "n", spans["n"])["NS1"], ("n", "m"), spans)
    for curve in (along_m, load(along_m.save(tmp_path / "curve.nc"))):
        other = torus_curve(curve["NSNS1"], ("n", "m"), spans)
        assert other.data["m"].values == pytest.approx(0.0, abs=1e-9)
        assert np.ptp(other.data["n"].values) == pytest.approx(0.8)
