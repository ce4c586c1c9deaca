"""Statements of .ode files as people write them, each with what XPPAUT makes of it."""

from __future__ import annotations

import math
import shutil
import subprocess
import warnings

import numpy as np
import pytest

from dynsys import ModelError, simulate
from tests.dynsys.exchange.reading import rates, read_text

# (what it shows, text, rates at the initial state): one Euler step of 1 in XPPAUT gives the same.
READ = [
    ("an auxiliary of the time", "x'=-x+a\npar a=1\ninit x=0.2\naux tsec=t/1000", {"x": 0.8}),
    ("conditions at the boundary", "x'=y\ny'=-x\nb x-1\nbndry y'\ninit x=1,y=0", {"x": 0, "y": -1}),
    ("keywords by their first letter",
     "initial x=-1.5, y=0.25\nparams k=2\nx'=y\ny'=-k*x", {"x": 0.25, "y": 3}),
    ("keywords with digits", "par1-3 a=2 b=3\nparm c=4\nini x=1\nx'=a*b+c-x", {"x": 9}),
    ("a value left out", "par i0, g=2 e=-60\nx'=i0-g*(x-e)\ninit x=-59", {"x": -2}),
    ("a list of arrays", "x[1..3]'=-x[j]+a[j]\npar a[1..3]=0.5\ninit x[1..3]=0.25",
     {"x1": 0.25, "x2": 0.25, "x3": 0.25}),
    ("an index in init", "x[1..2]'=-x[j]\ninit x[1]=0.5, x[2]=1.5", {"x1": -0.5, "x2": -1.5}),
    ("a range downwards", "x[2..1]'=j0-x[j]\npar j0=1\ninit x[2]=3", {"x2": -2, "x1": 1}),
    ("neighbours", "x[1..2]'=x[j+1]-2*x[j]+x[j-1]\nx0=5\nx3=7\ninit x1=1,x2=2", {"x1": 5, "x2": 4}),
    ("a block", "%[1..2]\nu[j]'=-u[j]+v[j]\nv[j]'=-v[j]\nu[j](0)=1\nv[j](0)=0.5\n%",
     {"u1": -0.5, "v1": -0.5, "u2": -0.5, "v2": -0.5}),
    ("modulo", "th'=1+0.5*sin(mod(th,2*pi))\ninit th=7", {"th": 1.3284931}),
    ("the angle", "x'=-atan2(y,x)\ny'=x-y\ninit x=1,y=1", {"x": -0.78539817, "y": 0}),
    ("a condition as number", "x'=-x+2*(x>0.5)\ninit x=1", {"x": 1}),
    ("and binds looser than <",
     "par a=0.2\nx'=if(a<x & x<1)then(-1)else(1)\ninit x=0.5", {"x": -1}),
    ("< binds tighter than -", "x'=if(x-1>0)then(10)else(20)\ninit x=0.5", {"x": 10}),
    ("noise that is not used", "wiener nz\nx'=-x\ninit x=1", {"x": -1}),
    ("a table that is not used", "table tab % 11 0 1 t^2\nx'=-x\ninit x=1", {"x": -1}),
    ("names with dots", "x'=-x\ninit x=1\naux k.e.=x^2/2", {"x": -1}),
    ("an option continued",
     "x'=-x\ninit x=1\n@ total=5, dt=0.1, \\\nbounds=1000, maxstor=5000", {"x": -1}),
    ("a function of t", "f(t)=t^2\nx'=f(x)-1\ninit x=3", {"x": 8}),
    ("the sum of a ring", "x[0..2]'=-x[j]+sum(0,2)of(shift(x0,i'))/3\ninit x0=1,x1=2,x2=6",
     {"x0": 2, "x1": 1, "x2": -3}),
    ("a comment goes on", "# words \\\nx'=5\nx'=-x\ninit x=1", {"x": -1}),
    ("trailing words", "par a=2; b=3 ; the gains\nx'=a*b-x", {"x": 6}),
    ("names of Python", "par lambda=2, in=3\nx'=lambda*in-x", {"x": 6}),
    ("names of our functions",
     "par pow=2, floor=3\nlinoid(u)=u^2\nx'=pow*floor+linoid(2)", {"x": 10}),
    ("nothing behind the end", "x'=-x\ninit x=1\ndone\n#include <math.h>\nx'=x(", {"x": -1}),
    ("an argument beside a space", "par y=5\nf(x, y)=x+10*y\nz'=f(1,2)", {"z": 51}),
    ("arguments without spaces", "par y=5\nf(x,y)=x+10*y\nz'=f(1, 2)", {"z": 21}),
    ("names that nothing can use", "x'=-x\n%y'=2\n%f(u)=u+1\ninit x=1", {"x": -1}),
    ("prose", "x'=-x\nlow glucose, r=0.04, k=0.1\ninit x=1", {"x": -1}),
    ("a comment about includes", "x'=-x\n# include a,b,c\ninit x=1", {"x": -1}),
    ("an initial value that is no number", "par b=2\nx'=x+1\ninit x=b*2", {"x": 1}),
    ("an index that is computed",
     "x[0..2]'=-x[j]+shift(x0,mod([j]+1,3))\ninit x0=1,x1=2,x2=6", {"x0": 1, "x1": 4, "x2": -5}),
    ("upper and lower case", "PAR Gna=2\nX'=-gNA*x\nINIT x=1\nDONE", {"X": -2}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_the_rates_are_those_of_xppaut(text, expected, tmp_path):
    assert rates(read_text(tmp_path, f"# a file\n{text}\n")) == pytest.approx(expected, rel=3e-7)


def test_a_parameter_is_the_number_its_text_begins_with_and_the_notes_say_so(tmp_path):
    model = read_text(tmp_path, "par a=2*3\nx'=a-x\ninit x=0\ndone\n")
    assert rates(model) == {"x": 2}
    assert model.notes == ("file.ode, line 1: XPPAUT reads a=2*3 as 2 and leaves out '*3'",)
    assert "XPPAUT reads a=2*3 as 2" in model.describe()


def test_a_formula_as_initial_value_starts_at_zero_as_in_xppaut(tmp_path):
    model = read_text(tmp_path, "par k=2\nx'=k-x\nx(0)=k/2\ny'=-y\ny(0)=-.5\ndone\n")
    assert [s.initial for s in model.states.values()] == [0, -0.5]
    assert "line 3: the formula k/2 sets the past of a delay" in model.notes[0]


def test_the_initial_values_of_an_array_are_computed_as_in_xppaut(tmp_path):
    model = read_text(tmp_path, "par a=3\nx[1..3]'=-x[j]\nx[1..3](0)=a*[j]/10\ny'=-y\ndone\n")
    assert [s.initial for s in model.states.values()] == pytest.approx([0.3, 0.6, 0.9, 0])
    rough = read_text(tmp_path, "x[1..2]'=-x[j]\nx[1..2](0)=ran(1)\ndone\n", name="rough")
    assert [s.initial for s in rough.states.values()] == [0, 0]
    assert "ran(1) of x1 is left out; it starts at 0" in rough.notes[0]


def test_boundary_conditions_and_unused_noise_are_named_in_the_notes(tmp_path):
    model = read_text(tmp_path, "x'=-x\nb x-1\nwiener w\naux s=t/1000\nz=2*x\ndone\n")
    for words in (
        "line 2: a condition of the boundary", "line 3: w (wiener) is used nowhere",
        "line 4: aux s depends on the time", "line 5: z (fixed) is used nowhere",
    ):  # fmt: skip
        assert any(words in note for note in model.notes)


def test_an_included_file_is_read_in_its_place(tmp_path):
    (tmp_path / "rates.inc").write_text("am(v)=v+1\n#done\nthis is not read=\n")
    model = read_text(tmp_path, "# head\n#include rates.inc\nx'=am(x)\ninit x=1\ndone\n")
    assert rates(model) == {"x": 2}
    with pytest.raises(ModelError, match="there is no file"):
        read_text(tmp_path, "# head\n#include nowhere.inc\nx'=-x\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x'=a*x*(1-x)\npar a=3.2\n@ total=50,meth=discrete", "line 3: .*a map"),
        ("x'=-x\n@ meth = discrete", "write meth=discrete for a map"),
        ("x(t+1)=-x", "line 1: .*maps"),
        ("2\nv x=1,y=0\np a=2\no y\no -a*x\nd", "line 1: '2' .*old-style"),
        ("par vt=1, vr=0\nv'=1.5-v\nglobal 1 {v-vt} {v=vr}", "line 3: .*resets the state"),
        ("x'=-x\npar a=pi", "is no number, and XPPAUT takes 0"),
        ("x'=-x\npar a 1", "line 2: .*no name=number"),
        ("x'=[j]", "outside an array"),
        ("x[1..3]'=-x[k]", "no index"),
        ("x[1..2]'=y[1..2]", "one range"),
        ("%[1..2]\nx[j]'=-x[j]", "no end"),
        ("!a=2*x\nx'=-a", "derived parameter needs a state"),
        ("x'=-x\n%y(0)=2", "use #"),
        ("x'=-x\ndelta 5\ny'=-y", "takes it for the end"),
        ("x '=-x", "without spaces"),
        ("x'=mod(x,-2)", "positive modulus"),
        ("z=2*x\nx'=delay(z,1)", "past of states only"),
        ("table f f.tab\nx'=f(x)", "the table cannot be read"),
        ("x'=-x+ran(1)", "noise belongs"),
        ("x'=besselj(0,x)", "no such function"),
        ("x'=a\na=b\nb=a", "depend on each other"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text, message, tmp_path):
    with pytest.raises(ModelError, match=message):
        read_text(tmp_path, f"{text}\ndone\n")


def test_an_initial_value_that_xppaut_takes_for_a_formula_is_told(tmp_path):
    model = read_text(tmp_path, "x(0) = -5\ny(0)=-5\nx'=-x\ny'=-y\ndone\n")
    assert model.initial_state().tolist() == [-5, -5]
    assert len(model.notes) == 1 and "x starts at -5; in XPPAUT at 0" in model.notes[0]


def test_sets_options_and_windows_are_used(tmp_path):
    text = """par a=1,b=2
x'=-a*x+b
y'=-y
init x=1
set fast {a=5, x=3, dt=0.1}
@ total=30,transient=10,dt=0.2,method=euler,yp=y,ylo=-2,yhi=4,ntst=50,bounds=-500,xp2=y,ylo2=-9
done
"""
    model = read_text(tmp_path, text)
    assert dict(model.run) == {
        "duration": 20, "settle": 10, "method": "euler", "dt": 0.2, "bounds": 500,
    }  # fmt: skip
    assert model.states["y"].range == (-2, 4) and model.states["x"].range is None
    fast = model.with_set("fast")
    assert fast.parameters["a"] == 5 and fast.states["x"].initial == 3
    assert rates(fast) == {"x": -13, "y": 0}
    assert any("dt=0.1 is left out" in note for note in model.notes)
    assert any("ntst" in note for note in model.notes)
    assert any(note.endswith("left out: xp2, ylo2") for note in model.notes)
    assert "fast: a = 5.0, x = 3.0" in model.describe()
    with pytest.raises(ValueError, match="no set 'slow'"):
        model.with_set("slow")


def test_a_simulation_runs_as_the_file_says(tmp_path):
    model = read_text(tmp_path, "x'=-x\ninit x=1\n@ total=2,dt=0.5,meth=euler\ndone\n")
    run = simulate(model)
    assert run["x"].values == pytest.approx([1, 0.5, 0.25, 0.125, 0.0625])
    assert float(simulate(model, 1, dt=0.25, method="euler")["x"][-1]) == pytest.approx(0.75**4)
    bare = read_text(tmp_path, "x'=-x\ndone\n", name="bare")
    with pytest.raises(ModelError, match="give a duration"):
        simulate(bare)


@pytest.mark.parametrize("words", ["dt=0.5,meth=euler", "meth=qualrk"])
def test_a_simulation_stops_at_the_bounds_of_the_file(words, tmp_path):
    model = read_text(tmp_path, f"x'=2\ny'=-y\ninit y=3\n@ total=5,bounds=4,{words}\ndone\n")
    with pytest.warns(UserWarning, match="x passed the bounds of 4"):
        run = simulate(model, sample=0.5)
    recorded = run["x"].values[np.isfinite(run["x"].values)]
    assert recorded == pytest.approx([0, 1, 2, 3, 4])
    assert run["status"] == "stopped" and float(run["reached"]) < 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert simulate(model, sample=0.5, bounds=math.inf)["x"][-1] == pytest.approx(10)
        assert simulate(model, 2, sample=0.5)["status"] == "complete"  # 4 is not past 4
    with pytest.raises(ModelError, match="bounds is 0"):
        simulate(model, bounds=0)


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="xppaut (Debian) is not installed")
def test_the_program_installed_stops_where_a_simulation_does(tmp_path):
    text = "x'=x\ninit x=1\n@ total=10,dt=0.05,meth=euler,bounds=50\ndone\n"
    with pytest.warns(UserWarning, match="x passed the bounds of 50"):
        run = simulate(read_text(tmp_path, text))["x"].values
    subprocess.run(["xppaut", "file.ode", "-silent"], cwd=tmp_path, check=False, timeout=60)
    theirs = np.loadtxt(tmp_path / "output.dat")[:, 1]
    assert run[np.isfinite(run)] == pytest.approx(theirs, rel=1e-6)


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="xppaut (Debian) is not installed")
@pytest.mark.parametrize(("text", "expected"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_one_euler_step_of_the_program_installed_gives_these_rates(text, expected, tmp_path):
    joined = text.replace("\\\nbounds", "bounds")
    lines = [line for line in joined.splitlines() if not line.startswith("@")]
    words = [line.lower() for line in lines]
    end = words.index("done") if "done" in words else len(lines)
    lines.insert(end, "@ total=1,dt=1,meth=euler,bounds=1e9")
    (tmp_path / "step.ode").write_text("# a file\n" + "\n".join(lines) + "\ndone\n")
    subprocess.run(["xppaut", "step.ode", "-silent"], cwd=tmp_path, check=False, timeout=60)
    before, after = np.loadtxt(tmp_path / "output.dat")[:, 1 : 1 + len(expected)]
    assert after - before == pytest.approx(list(expected.values()), rel=1e-6, abs=1e-6)
