"""Normal forms with known answers, hidden behind changes of coordinates and clock."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from continuation.engine.multilinear import MultilinearForms
from continuation.steady_states import normal_forms
from tests.continuation.steady_states.written_fields import Field, Jet


class Disguise:
    """Coordinates x = M shears(w): polynomial, invertible in closed form; for Jets or numbers."""

    def __init__(self, n: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.linear = np.eye(n) + generator.uniform(-0.4, 0.4, (n, n))
        self.steps = [
            (k, generator.choice([j for j in range(n) if j != k], 3), generator.uniform(-1, 1, 3))
            for k in generator.permutation(n)
        ]

    def back(self, x: list) -> list:
        w = [sum(c * v for c, v in zip(row, x, strict=True)) for row in np.linalg.inv(self.linear)]
        for k, (i, j, m), c in reversed(self.steps):
            w[k] = w[k] - (c[0] * w[i] * w[j] + c[1] * w[j] ** 2 + c[2] * w[i] * w[j] * w[m])
        return w

    def push(self, w: list, rates: list) -> list:
        """x' from w and w'."""
        w, d = list(w), list(rates)
        for k, (i, j, m), c in self.steps:
            product, rate = w[i] * w[j], d[i] * w[j] + w[i] * d[j]
            d[k] = (
                d[k] + c[0] * rate + 2 * c[1] * w[j] * d[j] + c[2] * (rate * w[m] + product * d[m])
            )
            w[k] = w[k] + c[0] * product + c[1] * w[j] ** 2 + c[2] * product * w[m]
        return [sum(c * v for c, v in zip(row, d, strict=True)) for row in self.linear]


def hidden(
    states: str, equations: list[str], seed: int, pace: str = "1"
) -> tuple[np.ndarray, MultilinearForms]:
    """Jacobian and forms at 0 of w' = pace * equations, seen in other coordinates."""
    w = sympy.symbols(states)
    right = [sympy.sympify(e) * sympy.sympify(pace) for e in equations]
    evaluate, disguise = sympy.lambdify(w, right), Disguise(len(w), seed)

    def taylor(x, p, tables, out):
        inner = disguise.back([Jet(column) for column in x.T])
        for k, value in enumerate(disguise.push(inner, evaluate(*inner))):
            out[:, k] = value.c

    forms = MultilinearForms(taylor, np.zeros(len(w)), np.zeros(0))
    return np.transpose([forms(e) for e in np.eye(len(w))]), forms


def image_length(seed: int, n: int, direction: list[complex]) -> float:
    """Length of a vector of the hidden normal form in the coordinates that hide it."""
    return float(np.linalg.norm(Disguise(n, seed).linear @ direction))


def at_origin(model: Field) -> tuple[np.ndarray, MultilinearForms]:
    x = np.zeros(len(model.equations))
    a = model.slope(*x, *model.parameters.values())
    return np.array(a, float), model.forms(x, model.parameters)


def rotating(x: str, y: str, real: str, imaginary: str) -> list[str]:
    """z' = (real + i imaginary) z with z = x + i y."""
    return [f"({real})*{x} - ({imaginary})*{y}", f"({imaginary})*{x} + ({real})*{y}"]


SEEDS = pytest.mark.parametrize("seed", range(4))


def test_lyapunov_coefficients_of_stuart_landau_are_those_of_its_amplitude_equation():
    # ||q|| = 1 means z = sqrt(2) w: |z|^2 = 2 |w|^2.
    r2, b = "(x**2 + y**2)", 0.7
    model = Field("x y", {}, rotating("x", "y", f"-{r2}", f"1.3 - {b}*{r2}"))
    found = normal_forms.hopf(*at_origin(model), 1.3)
    assert found == pytest.approx({"l1": -2 / 1.3, "re_c1": -2.0, "im_c1": -2 * b}, rel=1e-13)


@SEEDS
def test_second_lyapunov_coefficient_survives_a_change_of_coordinates(seed):
    r2 = "(x**2 + y**2)"
    rotation = rotating("x", "y", f"-0.8*{r2}**2", f"1.3 + 0.4*{r2} + {r2}**2")
    a, forms = hidden("x y s", [*rotation, "-0.9*s + 2*x*y"], seed)
    length = image_length(seed, 3, [0.5, -0.5j, 0])  # of the vector that carries z itself
    found = normal_forms.bautin(a, forms, 1.3)
    assert found["re_c2"] == pytest.approx(-0.8 / length**4, rel=1e-9)
    assert normal_forms.hopf(a, forms, 1.3)["re_c1"] == pytest.approx(0, abs=1e-12)


def bent(equations: list[str], bends: tuple[float, float, float]) -> list[sympy.Expr]:
    """The field of u, z in v, w with u = v + b0 v^2 + b1 |w|^2, z = w (1 + b2 v).

    These are the quadratic changes that a center manifold reduction does not undo.
    """
    v, x, y = w = sympy.symbols("u x y")
    change = [v + bends[0] * v**2 + bends[1] * (x**2 + y**2)]
    change += [c * (1 + bends[2] * v) for c in (x, y)]
    moved = sympy.Matrix(equations).xreplace(dict(zip(w, change, strict=True)))
    return list(sympy.Matrix(change).jacobian(w).inv() * moved)


@SEEDS
@pytest.mark.parametrize("pace", ["1", "1 - 0.7*u + 0.3*s"])
@pytest.mark.parametrize("bends", [(0, 0, 0), (0.8, -0.5, 0.6)])
@pytest.mark.parametrize("b", [1.1, -1.1])
def test_zero_hopf_invariants_survive_changes_of_coordinates_and_clock(seed, pace, bends, b):
    a, e, cubic = 0.6, 0.9, 0.35
    rotation = rotating("x", "y", f"{e}*u + {cubic}*u**2", "1.7 + 0.5*u + 0.2*(x**2 + y**2)")
    equations = bent([f"{a}*u**2 + ({b})*(x**2 + y**2)", *rotation], bends)
    jacobian, forms = hidden("u x y s", [*equations, "-s + u*x"], seed, pace)
    found = normal_forms.zero_hopf(jacobian, forms, 1.7)
    assert found["s"] == np.sign(a * b)
    assert found["theta"] == pytest.approx(e / a, rel=1e-9)
    assert found["E0"] / (found["G200"] / 2) ** 2 == pytest.approx(cubic / a**2, rel=1e-9)


@SEEDS
def test_hopf_hopf_invariants_survive_changes_of_coordinates(seed):
    p = {"p11": -0.7, "p12": 1.2, "p21": -0.4, "p22": 0.9}
    first, second = "(x**2 + y**2)", "(u**2 + v**2)"
    equations = [
        *rotating("x", "y", f"-0.7*{first} + 1.2*{second}", f"1 + 0.3*{first} - {second}"),
        *rotating("u", "v", f"-0.4*{first} + 0.9*{second}", f"2.6 - 0.2*{first} + {second}"),
        "-0.8*s + x*u",
    ]
    a, forms = hidden("x y u v s", equations, seed)
    found = normal_forms.hopf_hopf(a, forms, 1.0, 2.6)
    assert found["theta"] == pytest.approx(p["p12"] / p["p22"], rel=1e-9)
    assert found["delta"] == pytest.approx(p["p21"] / p["p11"], rel=1e-9)
    assert np.sign([found[k] for k in p]) == pytest.approx(np.sign(list(p.values())))
    swapped = normal_forms.hopf_hopf(a, forms, 2.6, 1.0)
    assert swapped["theta"] == pytest.approx(found["delta"], rel=1e-9)


@SEEDS
def test_cusp_and_pitchfork_coefficients_survive_a_change_of_coordinates(seed):
    a, forms = hidden("w s r", ["-0.6*w**3", "-s + w**2", "-2*r + w*s"], seed)
    length = image_length(seed, 3, [1, 0, 0])
    assert normal_forms.cusp(a, forms)["c"] == pytest.approx(-0.6 / length**2, rel=1e-9)
    found = normal_forms.branch_point(a, forms)
    assert found["a"] == pytest.approx(0, abs=1e-12)
    assert found["c"] == pytest.approx(-0.6 / length**2, rel=1e-9)


def test_lorenz_equations_have_a_supercritical_pitchfork_at_rho_one():
    # Center manifold: x' = sigma / (sigma + 1) (mu x - x^3 / beta), sigma = 10, beta = 8/3.
    model = Field("x y z", {"rho": 1.0}, ["10*(y - x)", "rho*x - y - x*z", "x*y - 8*z/3"])
    found = normal_forms.branch_point(*at_origin(model), parameter=np.array([1.0]))
    rate = 10 / 11
    expected = {"a": 0.0, "b": rate, "d": 0.0, "c": -rate * 3 / 8 / 2}  # ||q|| = 1: x = w / sqrt(2)
    assert found == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_transcritical_point_tells_the_slopes_of_both_branches():
    # (w - 2 mu)(w + 3 mu) = w^2 + mu w - 6 mu^2: two lines cross.
    model = Field("w s", {"mu": 0.0}, ["(w - 2*mu)*(w + 3*mu)", "-s + mu"])
    found = normal_forms.branch_point(*at_origin(model), parameter=np.array([1.0]))
    slopes = np.roots([found["a"], found["b"], found["d"]])
    assert sorted(slopes) == pytest.approx([-3, 2], rel=1e-13)
