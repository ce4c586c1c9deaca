"""Removable singularities written plainly are exact where they vanish."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy

from dynsys import VectorField
from dynsys.expressions.functions import Linoid
from dynsys.expressions.parsing import parse_expression
from dynsys.expressions.singularities import regularized

V, K, T = (sympy.Symbol(name, real=True) for name in "vkt")
KNOWN = {"v": V, "k": K, "t": T}
FORMS = [
    "v/(1-exp(-v))", "v/(exp(v)-1)", "0.1*(v+35)/(1-exp(-0.1*(v+35)))",
    "0.01*(v+34)/(1-exp(-0.1*(v+34)))", "(v+40)/10/(1-exp(-(v+40)/10))",
    "(v-t)/(1-exp(-(v-t)/k))", "0.32*(v-t-13)/(1-exp(-(v-t-13)/4))",
    "(25-v)/(10*(exp((25-v)/10)-1))", "-0.32*(v+54)/(exp(-(v+54)/4)-1)", "(1-exp(-v/3))/v",
    "k*(v+35)/(2-2*exp(-(v+35)))",
    "t*(v+35)^3/(1-exp(-0.1*(v+35)))^3", "0.1*(v+35.3)/(1-exp(-0.1*(v+35.3)))",
]  # fmt: skip
# Text at v, and the number at u = (v + 35)/7 as mathematics says.
OTHERS = {
    "(v+35)/7/tanh((v+35)/7)": lambda u: u / mpmath.tanh(u),
    "7*tanh((v+35)/7)/(v+35)": lambda u: mpmath.tanh(u) / u,
    "(exp((v+35)/7)-1)/(v+35)*7": lambda u: mpmath.expm1(u) / u,
    "7*sinh((v+35)/7)/(v+35)": lambda u: mpmath.sinh(u) / u,
    "(v+35)/sinh((v+35)/7)/7": lambda u: u / mpmath.sinh(u),
    "(v+35)*cosh((v+35)/7)/sinh((v+35)/7)/7": lambda u: u / mpmath.tanh(u),
    "7*sin((v+35)/7)/(v+35)": lambda u: mpmath.sin(u) / u,
    "(7*sin((v+35)/7)/(v+35))^2": lambda u: (mpmath.sin(u) / u) ** 2,
    "(v+35)/7/tan((v+35)/7)": lambda u: u / mpmath.tan(u),
    "7*log(1+(v+35)/7)/(v+35)": lambda u: mpmath.log1p(u) / u,
    "(v+35)/7/log(6+v/7)": lambda u: u / mpmath.log1p(u),
    "7*atan((v+35)/7)/(v+35)": lambda u: mpmath.atan(u) / u,
}
REGULAR = ["v/(1+exp(-v))", "(v+1)/(1-exp(-v))", "t/(1-exp(-v))", "v/(2-exp(-v))", "v*exp(-v)",
           "(v-t)/(1-exp(-(v-k)))", "v/(1-exp(-v)+t)", "sin(v)/(v+1)", "v/cos(v)",
           "sin(v)/v^2", "log(v)/v", "tanh(v)*v"]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_a_removable_singularity_becomes_a_linoid_of_the_same_value(text):
    plain = parse_expression(text, KNOWN)
    smooth = regularized(plain)
    assert smooth.has(Linoid)
    for v in (-70.3, -20.1, 3.7):
        at = {V: sympy.Float(v, 17), K: sympy.Float(2.5), T: sympy.Float(-50)}
        assert float(smooth.subs(at).evalf()) == pytest.approx(
            float(plain.subs(at).evalf(40)), 1e-12
        )


@pytest.mark.parametrize("text", REGULAR)
def test_what_only_looks_like_one_is_left_alone(text):
    plain = parse_expression(text, KNOWN)
    assert regularized(plain) is plain


@pytest.mark.parametrize("v", [-35.0, -35 + 1e-14, -35 - 1e-9, -34.9])
def test_a_model_is_exact_where_its_rate_is_nought_over_nought(v):
    text = "0.1*(v+35)/(1-exp(-0.1*(v+35)))"
    model = VectorField("rate", {"v": -35.0}, {"a": 1.0}, {"v": f"a*{text}"}, time_unit="")
    with mpmath.workdps(40):
        u = mpmath.mpf("0.1") * (mpmath.mpf(v) + 35)
        exact = [mpmath.mpf(1), mpmath.mpf("0.05")] if u == 0 else [
            u / (1 - mpmath.exp(-u)),
            mpmath.mpf("0.1") * mpmath.diff(lambda z: z / (1 - mpmath.exp(-z)), u),
        ]  # fmt: skip
    assert model.rhs([v])[0] == pytest.approx(float(exact[0]), rel=1e-13)
    assert model.jacobian([v])[0, 0] == pytest.approx(float(exact[1]), rel=1e-6)
    assert math.isfinite(model.rhs(np.array([v]))[0])


def test_other_functions_over_their_argument_are_exact_with_two_derivatives():
    names = ["v", *(f"x{k}" for k in range(1, len(OTHERS)))]
    states = dict.fromkeys(names, -35.0)
    model = VectorField("rates", states, {}, dict(zip(names, OTHERS, strict=True)), time_unit="")
    for u in (0.0, 1e-13, -1e-9, 3e-4, -0.02, 0.3, -0.45, 0.55, 0.9):
        x = np.array([7 * u - 35, *(0.0 for _ in names[1:])])
        rates, slopes, seconds = model.rhs(x), model.jacobian(x)[:, 0], second_derivatives(model, x)
        for k, (text, function) in enumerate(OTHERS.items()):
            with mpmath.workdps(60):
                at = (mpmath.mpf(x[0]) + 35) / 7 or mpmath.mpf("1e-25")
                value, slope, curvature = mpmath.taylor(function, at, 2)
            assert rates[k] == pytest.approx(float(value), rel=2e-14), text
            assert slopes[k] * 7 == pytest.approx(float(slope), rel=1e-12, abs=1e-13), text
            assert seconds[k] * 49 == pytest.approx(2 * float(curvature), rel=1e-10, abs=1e-11)


def second_derivatives(model, x):
    """With respect to the first state, by the compiled Taylor coefficients of the field."""
    compiled = model.compiled
    out, path = np.empty((2, 3, compiled.n), complex)
    path[:] = 0
    path[0], path[1, 0] = x, 1
    parameters = np.zeros((3, compiled.m), complex)
    compiled.taylor(path, parameters, compiled.tables, out)
    return 2 * out[2].real


@pytest.mark.parametrize("v", [-400.0, -30.0, 30.0, 400.0])
def test_far_from_the_singularity_the_plain_value_is_kept(v):
    model = VectorField(
        "far", {"v": 1.0}, {},
        {"v": "sinh(v)/v/exp(abs(v)) + v/tanh(v) + tanh(v)/v + sin(v)/v + atan(v)/v"},
    )  # fmt: skip
    with mpmath.workdps(30):
        exact = mpmath.sinh(v) / v / mpmath.exp(abs(v)) + v / mpmath.tanh(v)
        exact += mpmath.tanh(v) / v + mpmath.sin(v) / v + mpmath.atan(v) / v
    assert model.rhs([v])[0] == pytest.approx(float(exact), rel=1e-14)
