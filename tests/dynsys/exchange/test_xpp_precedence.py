"""Expressions as XPPAUT reads them: recorded outcomes, the program itself, random statements."""

from __future__ import annotations

import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dynsys import ModelError
from tests.dynsys.exchange.reading import number, read_text
from tests.dynsys.exchange.xpp_rules import value

HEAD = """x'=0
y'=0
par a=-2
f(u,v)=u-v>0
g(t)=t^2
init x=0.5,y=2
"""
VALUES = {"x": 0.5, "y": 2.0, "a": -2.0}
# Written by XPPAUT 6.11 (`xppaut FILE -silent`, first line of output.dat) for HEAD and aux lines.
RECORDED = [
    ("x-1>0", -0.5), ("-x<1", -1), ("-x^2", -0.25), ("2^3^2", 64), ("x>1^2", 0),
    ("x<1&y<1|1", 1), ("1|0+1", 2), ("not(x)>0", 0), ("x+not(0)*3", 3.5), ("2**3", 8),
    ("if(x)then(1)else(2)^2", 1), ("sum(0,3)of(i'*2)", 12), ("shift(x,1)", 2), ("x==0.5", 1),
    ("x!=0.5", 0), ("x<y<0.2", 0), ("a*x>0.2", -2), ("x+y>2&1", 0.5), ("x|y*0", 1),
    ("mod(-1,3)", 2), ("mod(7,2*pi)", 0.7168147), ("mod(-1.5,1)", 0.5), ("flr(-0.5)", -1),
    ("heav(0)+sign(0)", 1), ("atan2(-y,-x)", -1.815775), ("atan2(0,-x)", 3.1415927),
    ("atan2(-y,0)", -1.5707964), ("max(x,y)-min(x,y)", 1.5), ("(x>0)*(y>3)+(x>0)", 1),
    ("-x*y+1", 0), ("2-3-4", -5), ("8/4/2", 1), ("x>=0.5&y<=2", 1), ("not(x>1)&y", 1),
    ("if(x>1|y>1&a<0)then(3)else(4)", 3), ("f(2,3)^2", 1), ("g(x)", 0.25),
    ("log(y)-ln(y)+log10(100)", 2), ("1e1*x+2.5e-1", 5.25), ("erf(x)+erfc(x)", 1),
]  # fmt: skip


def read(tmp_path, expression):
    model = read_text(tmp_path, f"{HEAD}z'={expression}\ndone\n")
    return number(model.equations["z"], VALUES)


@pytest.mark.parametrize(("expression", "outcome"), RECORDED)
def test_an_expression_has_the_value_that_xppaut_writes(expression, outcome, tmp_path):
    assert read(tmp_path, expression) == pytest.approx(outcome, rel=1e-7, abs=1e-12)


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="xppaut (Debian) is not installed")
def test_the_recorded_values_are_those_of_the_program_installed(tmp_path):
    lines = [f"aux q{k}={expression}\n" for k, (expression, _) in enumerate(RECORDED)]
    text = HEAD + "".join(lines) + "@ total=1,dt=1,meth=euler\ndone\n"
    (tmp_path / "r.ode").write_text(text)
    subprocess.run(["xppaut", "r.ode", "-silent"], cwd=tmp_path, check=False, timeout=60)
    row = np.loadtxt(tmp_path / "output.dat")[0, 3:]
    assert row == pytest.approx([outcome for _, outcome in RECORDED], rel=1e-7)


BINARY = ["|", "+", "-", "&", "*", "/", "^", "**", "<", ">", "<=", ">=", "==", "!="]
FORMS = ["({})", "(-{})", "(not {})", "abs({})", "heav({})", "flr({})", "mod({},3)",
         "max({},-{})", "min(-{},{})", "atan2({},{})"]  # fmt: skip


@st.composite
def expressions(draw, depth=1):
    """Operands joined by operators; operands are numbers, names or forms around expressions."""
    parts = []
    for _ in range(draw(st.integers(1, 3 + depth))):
        form = draw(st.sampled_from(FORMS)) if depth and draw(st.booleans()) else ""
        inner = [draw(expressions(depth=depth - 1)) for _ in range(form.count("{}"))]
        atom = draw(st.sampled_from(["x", "y", "a", "0", "1", "2", "3", "0.5", "1.5"]))
        parts += [form.format(*inner) or atom, draw(st.sampled_from(BINARY))]
    return "".join(parts[:-1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["", "-", "not "]), expressions())
def test_random_statements_have_the_value_of_xppauts_rules(tmp_path_factory, sign, body):
    expression = sign + body
    try:
        expected = value(expression, VALUES)
    except (ZeroDivisionError, OverflowError, TypeError, ValueError):
        assume(False)
    assume(math.isfinite(expected) and abs(expected) < 1e8)
    try:
        got = read(tmp_path_factory.mktemp("random"), expression)
    except ModelError as error:  # constants that overflow on the way, as 3^(2^(3^3)) > 1
        assert re.search("too large|divides by zero|finite real", str(error))
        return
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "expression",
    ["2*-x", "x^-1", "2x", "sin x", "x y", "xy", "1.5.2", "max(x)", "f(1)", "(x", "x+", "2*not(x)",
     "if(x)then(1)", "x(1)", "shift(x,9)", "i'", "sum(0,x)of(1)"],
)  # fmt: skip
def test_what_xppaut_refuses_or_misreads_is_refused(expression, tmp_path):
    with pytest.raises(ValueError, match="line 7"):
        read(tmp_path, expression)
