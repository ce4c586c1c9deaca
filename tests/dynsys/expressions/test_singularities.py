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
from dynsys.expressions.singularities import with_linoids

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
REGULAR = ["v/(1+exp(-v))", "(v+1)/(1-exp(-v))", "t/(1-exp(-v))", "v/(2-exp(-v))", "v*exp(-v)",
           "(v-t)/(1-exp(-(v-k)))", "v/(1-exp(-v)+t)"]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_a_removable_singularity_becomes_a_linoid_of_the_same_value(text):
    plain = parse_expression(text, KNOWN)
    smooth = with_linoids(plain)
    assert smooth.has(Linoid)
    for v in (-70.3, -20.1, 3.7):
        at = {V: sympy.Float(v, 17), K: sympy.Float(2.5), T: sympy.Float(-50)}
        assert float(smooth.subs(at).evalf()) == pytest.approx(
            float(plain.subs(at).evalf(40)), 1e-12
        )


@pytest.mark.parametrize("text", REGULAR)
def test_what_only_looks_like_one_is_left_alone(text):
    plain = parse_expression(text, KNOWN)
    assert with_linoids(plain) is plain


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
