"""Coefficients that decide at CH, GPD and CPC points: exact normal forms, as they are and in
coordinates in which they have terms of every order."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from continuation import cycle_fold_curve, limit_cycles, load, period_doubling_curve, torus_curve
from dynsys import State, VectorField
from tests.continuation.cycles.test_exact_resonances import HALF, turning_by_half

# Beside the unit circle: new coordinates, each the old one plus a function of the others.
BENT = {
    "U": "u + 0.3*x*v + 0.4*v^2 - 0.2*x*v^3", "V": "v + 0.5*U^2 + 0.3*y*U^2",
    "X": "x + 0.6*U*V + 0.2*V^2", "Y": "y + 0.5*U^2 - 0.3*X*U*V",
}  # fmt: skip
OFF = "0.8*(x^2 + y^2 - 1)"  # nothing on the circle, which is where all of it goes on
SPANS = {"m": (-0.3, 0.3), "k": (-1.0, 1.0)}


def bent(equations, definitions, changes, parameters) -> VectorField:
    """A field in new coordinates: capital letters, in the order in which they are made."""
    rates = {f"d{k}": text for k, text in equations.items()}
    back: dict[str, str] = {}
    for new, text in changes.items():
        names = {k: sympy.Symbol(k) for k in (*equations, *changes)}
        formula, old = sympy.sympify(text.replace("^", "**"), names), new.lower()
        back = {old: f"{new} - ({formula - names[old]})"} | back
        rates[f"d{new}"] = " + ".join(f"({formula.diff(k)})*d{k}" for k in formula.free_symbols)
    made = {k: v.replace("**", "^") for k, v in (back | definitions | rates).items()}
    return VectorField(
        "bent", {k: State(float(k == "X"), (-2, 2)) for k in changes}, parameters,
        {k: f"d{k}" for k in changes}, definitions=made, time_unit="",
    )  # fmt: skip


def circle(speed: str) -> dict[str, str]:
    """The unit circle, at a speed."""
    return {
        "x": f"x*(1 - x^2 - y^2) - y*({speed})", "y": f"y*(1 - x^2 - y^2) + x*({speed})"
    }  # fmt: skip


def special(model, follow, label, period, first="NS1"):
    """The special cycle of a curve in m and k through a bifurcation of the unit circle."""
    start = [float(k == "X") for k in model.states]
    branch = limit_cycles(model, "m", SPANS["m"], start=(start, period))
    (point,) = follow(branch[first], ("m", "k"), SPANS).points(label)
    return point


@pytest.fixture(scope="module")
def tori() -> VectorField:
    """w' = w (m + k |w|^2 + l |w|^4 + i (0.2 + 0.4 |w|^2 - |w|^4)) for w = u + i v."""
    turn = "(0.2 + 0.4*s - s^2)"
    pair = {"u": f"u*growth - v*{turn}", "v": f"v*growth + u*{turn}"}
    definitions = {"s": "u^2 + v^2", "growth": f"m + k*s + l*s^2 + {OFF}"}
    parameters = {"m": -0.2, "k": 0.7, "l": 0.6}
    return bent({**circle("2 - 0.3*s"), **pair}, definitions, BENT, parameters)


@pytest.mark.parametrize("fifth", [0.6, -1.5])
def test_the_second_torus_coefficient_does_not_depend_on_coordinates(tori, fifth):
    point = special(tori.with_parameters(l=fifth), torus_curve, "CH", np.pi)
    # |w|^2 = 4 |xi|^2 / (2 + 0.3^2 / 2) T: the null function's square is integrated to 1.
    exact = fifth * (4 / (2.045 * np.pi)) ** 2
    assert point.coefficients["re_e"] == pytest.approx(exact, rel=1e-9)


@pytest.fixture(scope="module")
def doubling() -> VectorField:
    """U' = m U + k U^3 + l U^5 and V' = -V / 2 in a frame that turns by half in a period."""
    half = turning_by_half(f"(m + k*U2 + l*U2^2 + {OFF})*@U", "-@V/2")
    pair = {k: v.replace("p/2", "p/2*speed").replace("q/2", "q/2*speed") for k, v in half.items()}
    letters = str.maketrans("uvUV", "pqPQ")
    changes = {k.translate(letters): v.translate(letters) for k, v in BENT.items()}
    definitions = HALF | {"speed": "1 - 0.3*U2"}
    return bent({**circle("speed"), **pair}, definitions, changes, {"m": -0.2, "k": 0.7, "l": 0.6})


@pytest.mark.parametrize("fifth", [0.6, -1.5])
def test_the_fifth_order_doubling_coefficient_does_not_depend_on_coordinates(doubling, fifth):
    model = doubling.with_parameters(l=fifth)
    point = special(model, period_doubling_curve, "GPD", 2 * np.pi, "PD1")
    exact = fifth / (1.0225 * 2 * np.pi) ** 2  # U^2 = xi^2 / (1 + 0.3^2 / 4) T
    assert point.coefficients["e"] == pytest.approx(exact, rel=1e-9)
    assert f"; e = {exact:.5g}; residual" in str(point)


def bent_circle_cubic() -> float:
    """-8 / N^2, N the norm of the image of (cos, sin) less what of it is along the cycle."""
    angle = 2 * np.pi * np.arange(64) / 64
    x, y = np.cos(angle), np.sin(angle)

    def image(first, second):
        first = first + (0.2 * y - 0.2 * y**3) * second
        return np.array([first, second + 0.4 * (x + 0.1 * y**2 - 0.05 * y**4) * first])

    out, along = image(x, y), image(-y, x)
    out = out - along * np.sum(out * along) / np.sum(along**2)
    return -8 / (2 * np.pi * np.mean(np.sum(out**2, axis=0)))


@pytest.mark.parametrize(("speed", "exact"), [("(1 + (x^2 + y^2)/5)", -72.0), ("1", None)])
def test_the_cubic_coefficient_of_a_cusp_does_not_depend_on_coordinates(speed, exact):
    """w' = 2 (1 + w) (m + k w - w^3) for w = r^2 - 1: xi = -w / 6 where the period changes with
    w, else w = 2 xi / N where N is the norm of the null function."""
    growth = "(m + k*(x^2 + y^2 - 1) - (x^2 + y^2 - 1)^3)"
    equations = {"x": f"x*{growth} - y*{speed}", "y": f"y*{growth} + x*{speed}"}
    changes = {"X": "x + 0.1*y^2 - 0.05*y^4", "Y": "y + 0.2*X^2"}
    model = bent(equations, {}, changes, {"m": 0.0, "k": 0.1})
    square = 1 + np.sqrt(0.1)
    start = ([np.sqrt(square), 0.2 * square], 2 * np.pi / 1.1)
    branch = limit_cycles(model, "m", (-0.1, 0.1), start=start)
    spans = {"m": (-0.1, 0.1), "k": (-0.1, 0.3)}
    (point,) = cycle_fold_curve(branch["LPC1"], ("m", "k"), spans).points("CPC")
    assert point.coefficients["c"] == pytest.approx(exact or bent_circle_cubic(), rel=1e-8)


@pytest.fixture(scope="module")
def delayed() -> VectorField:
    """The unit circle's delayed place is its own at an earlier angle: growth is as without it."""
    growth = "(m + k*s + l*s^2)*(1 + 0.4*(delay(X, tau) - X*cos(tau) - Y*sin(tau)))"
    return VectorField(
        "delayed", {k: State(float(k == "X"), (-2, 2)) for k in "XYuvz"},
        {"m": -0.2, "k": 0.7, "l": -0.9, "w": 0.2, "tau": 0.8},
        {
            "X": "X*(1 - X^2 - Y^2) - Y", "Y": "Y*(1 - X^2 - Y^2) + X",
            "u": "u*growth - w*v + 0.3*z*(u - v*X)", "v": "v*growth + w*u",
            "z": "-z + delay(z, tau)/2",
        },
        definitions={"s": "u^2 + v^2", "growth": growth}, time_unit="",
    )  # fmt: skip


def test_delay_lines_do_not_count_in_the_second_torus_coefficient(delayed):
    point = special(delayed, torus_curve, "CH", 2 * np.pi)
    assert point.coefficients["re_e"] == pytest.approx(-0.9 / np.pi**2, rel=1e-9)


def test_the_coefficient_is_kept_in_files_and_tables(tori, tmp_path):
    start = [float(k == "X") for k in tori.states]
    branch = limit_cycles(tori, "m", SPANS["m"], start=(start, np.pi))
    curve = torus_curve(branch["NS1"], ("m", "k"), SPANS)
    known = curve["CH1"].coefficients["re_e"]
    again = load(curve.save(tmp_path / "curve.nc"))
    assert again["CH1"].coefficients["re_e"] == known == curve["CH1"].row()["re_e"]
    assert f"re_e = {known:.5g}" in str(again)


def test_where_a_quarter_turn_decides_as_well_the_coefficient_is_left_out(delayed):
    point = special(delayed.with_parameters(w=0.25), torus_curve, "CH", 2 * np.pi)
    assert "re_d" in point.coefficients and "re_e" not in point.coefficients
