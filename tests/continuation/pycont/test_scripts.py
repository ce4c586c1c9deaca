"""PyCont scripts on our engine: names, results, and better manners than PyCont's."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import ContClass, args, equilibria
from continuation.pycont.container import Generator
from dynsys import ConvergenceError, ModelError, UnknownNameError, VectorField
from dynsys.exchange.pydstool_import import pydstool
from dynsys.models import aln, morris_lecar, wilson_cowan


def morris_lecar_specification():
    """The way PyDSTool's users write it."""
    DSargs = args(name="ML")
    DSargs.pars = {"I": 60, "gca": 4.4, "phi": 0.04}
    DSargs.ics = {"v": -40, "w": 0.01}
    DSargs.fnspecs = {
        "minf": (["v"], "0.5*(1 + tanh((v + 1.2)/18))"),
        "winf": (["v"], "0.5*(1 + tanh((v - 2)/30))"),
    }
    DSargs.varspecs = {
        "v": "(I - gca*minf(v)*(v - 120) - 8*w*(v + 84) - 2*(v + 60))/20",
        "w": "phi*(winf(v) - w)*cosh((v - 2)/60)",
    }
    return DSargs


@pytest.fixture(scope="module")
def script():
    """A PyCont script as it stands, with other imports."""
    testDS = Generator.Vode_ODEsystem(morris_lecar_specification())
    PC = ContClass(testDS)
    PCargs = args(name="EQ1", type="EP-C")
    PCargs.freepars = ["I"]
    PCargs.StepSize = 1e-1
    PCargs.MaxNumPoints = 250
    PCargs.MaxStepSize = 2
    PCargs.LocBifPoints = ["LP", "H"]
    PCargs.SaveEigen = True
    PC.newCurve(PCargs)
    PC["EQ1"].forward()
    PC["EQ1"].backward()
    PCargs = args(name="LC1", type="LC-C")
    PCargs.initpoint = "EQ1:H1"
    PCargs.freepars = ["I"]
    PCargs.MaxNumPoints = 200
    PCargs.MaxStepSize = 1
    PCargs.LocBifPoints = "all"
    PCargs.NumIntervals = 100
    PC.newCurve(PCargs)
    PC["LC1"].forward()
    return PC


def test_a_pycont_script_finds_the_published_points(script):
    assert script["EQ1"].getSpecialPoint("H1")["I"] == pytest.approx(93.85761837373, rel=1e-9)
    assert script["EQ1"].getSpecialPoint("H", "H2")["I"] == pytest.approx(212.0188161004, rel=1e-9)
    assert script["EQ1"].getSpecialPoint("LP7") is None
    assert script["LC1"].getSpecialPoint("LPC1")["I"] == pytest.approx(88.2932505431, rel=1e-7)


def test_a_solution_is_read_as_in_pycont(script):
    sol = script["EQ1"].sol
    assert sol.coordnames == ["I", "v", "w"]
    assert len(sol["v"]) == len(sol) > 400
    point = sol.bylabel("H")[0]
    assert point["v"] == pytest.approx(-25.2701048796, rel=1e-9)
    assert point.labels["H"]["name"] == "H1"
    assert point.labels["H"]["data"].w == pytest.approx(0.0797797841146, rel=1e-8)
    assert point.labels["H"]["data"].l1 == pytest.approx(0.00654318672, rel=1e-6)
    assert {p.labels["EP"]["stab"] for p in sol} == {"S", "U", "N"}
    assert len(sol[0].labels["EP"]["data"].evals) == 2
    assert sol.bylabel("LP") is None
    assert [p.labels["P"]["name"] for p in sol.bylabel("P")] == ["P1", "P2"]
    assert np.all(np.diff(sol["v"]) > 0)  # forward is towards larger v
    cycles = script["LC1"].sol
    assert set(cycles.coordnames) == {"I", "_T", "v_max", "v_min", "w_max", "w_min"}
    assert np.all(cycles["v_max"] >= cycles["v_min"])
    assert cycles.bylabel("LPC")[0]["_T"] == pytest.approx(135.386143617, rel=1e-4)


def test_curves_in_two_parameters_start_from_names(script):
    for kind, name in (("H-C1", "HA"), ("H-C2", "HB")):
        script.newCurve(
            args(name=name, type=kind, initpoint="EQ1:H1", freepars=["I", "gca"],
                 MaxStepSize=2.0, StepSize=0.1, MaxNumPoints=120, LocBifPoints="all")
        )  # fmt: skip
        script[name].forward()
        script[name].backward()
    curve = script["HA"]
    assert "frequency vanishes" in curve.stopped["backward"]
    bt = curve.getSpecialPoint("BT1")
    assert bt is not None
    assert np.array_equal(curve.sol["I"], script["HB"].sol["I"])
    model = curve.model.with_parameters(I=bt["I"], gca=bt["gca"])
    eigenvalues = np.linalg.eigvals(model.jacobian([bt["v"], bt["w"]]))
    assert np.max(np.abs(eigenvalues)) < 1e-6


def test_folds_and_their_curve_have_the_published_cusp():
    PC = ContClass(morris_lecar("saddle-node").with_parameters(I=0.0))
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["I"], MaxStepSize=2.0, StepSize=0.1))
    PC["EQ"].forward()
    PC["EQ"].backward()
    folds = sorted(p["I"] for p in PC["EQ"].sol.bylabel("LP"))
    assert folds == pytest.approx([-9.94904, 39.9632], rel=1e-5)
    start = min(PC["EQ"].sol.bylabel("LP"), key=lambda p: -p["I"])
    PC.newCurve(
        args(name="FO", type="LP-C", freepars=["I", "gCa"], initpoint=start, MaxStepSize=1.0)
    )
    PC["FO"].forward()
    PC["FO"].backward()
    cusp = PC["FO"].getSpecialPoint("CP1")
    assert (cusp["I"], cusp["gCa"]) == pytest.approx((55.0749, 2.44662), rel=1e-5)


def test_repeating_extends_a_curve_and_loses_nothing():
    PC = ContClass(morris_lecar().with_parameters(I=60.0))
    common = {"type": "EP-C", "freepars": ["I"], "MaxStepSize": 2.0, "StepSize": 2.0}
    PC.newCurve(args(name="A", MaxNumPoints=60, **common))
    PC["A"].forward()
    first = PC["A"].sol["V"].copy()
    PC["A"].forward()
    PC["A"].forward()
    assert np.array_equal(PC["A"].sol["V"][: len(first)], first)
    PC.newCurve(args(name="B", MaxNumPoints=178, **common))
    PC["B"].forward()
    names = [[p.name for p in PC[k]._found] for k in "AB"]
    assert names[0] == names[1] == ["H1", "H2"]
    assert PC["A"].sol["V"][-1] == pytest.approx(PC["B"].sol["V"][-1], rel=0.05)
    assert "MaxNumPoints" in PC["A"].stopped["forward"]


def test_our_branch_and_theirs_have_the_same_points():
    branch = equilibria(wilson_cowan(), "P", (-3, 6))
    PC = ContClass(wilson_cowan().with_parameters(P=-3.0))
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["P"], MaxNumPoints=800, MaxStepSize=0.02))
    PC["EQ"].forward()
    for name in ("H1", "LP1", "LP2"):
        found = PC["EQ"].getSpecialPoint(name)
        assert found["P"] == pytest.approx(branch[name].parameters["P"], rel=1e-9)


def test_a_curve_stops_where_it_is_told_and_passes_values_it_is_told():
    PC = ContClass(morris_lecar().with_parameters(I=60.0))
    PC.newCurve(
        args(name="EQ", type="EP-C", freepars=["I"], MaxStepSize=2.0, StopAtPoints=["H"],
             SPOut={"I": [70.0, 80.0]})
    )  # fmt: skip
    PC["EQ"].forward()
    assert PC["EQ"].stopped["forward"] == "stopped at H (StopAtPoints)"
    assert PC["EQ"].sol.bylabel("H")[0].labels["H"]["name"] == "H1"
    assert PC["EQ"].sol["I"].max() < 93.9
    assert [p["I"] for p in PC["EQ"].sol.bylabel("SP")] == pytest.approx([70.0, 80.0])


def test_a_branch_point_is_left_along_its_second_branch():
    pitchfork = VectorField("pitchfork", {"x": 0.0, "y": 0.0}, {"m": -0.5},
                            {"x": "m*x - x^3", "y": "-y + x"})  # fmt: skip
    PC = ContClass(pitchfork)
    PC.newCurve(args(name="EQ1", type="EP-C", freepars=["m"], initdirec={"m": 1.0}))
    PC["EQ1"].forward()
    point = PC["EQ1"].getSpecialPoint("BP1")
    assert point["m"] == pytest.approx(0, abs=1e-9)
    PC.newCurve(
        args(name="EQ2", type="EP-C", freepars=["m"], initpoint=point,
             initdirec=point.labels["BP"]["data"].branch, MaxNumPoints=60)
    )  # fmt: skip
    PC["EQ2"].forward()
    sol = PC["EQ2"].sol
    assert sol["x"][-1] ** 2 == pytest.approx(sol["m"][-1], rel=1e-8)
    assert abs(sol["x"][-1]) > 0.5


def test_a_pydstool_generator_is_a_model_too():
    dst = pydstool()
    ode = dst.Generator.Vode_ODEsystem(dst.args(**morris_lecar_specification(), tdata=[0, 1]))
    model = ContClass(ode).model
    ours = ContClass(morris_lecar_specification()).model
    assert model.rhs([-30.0, 0.2]) == pytest.approx(ours.rhs([-30.0, 0.2]), rel=1e-14)


def test_delay_models_are_continued_under_pyconts_names():
    PC = ContClass(aln().with_parameters(mu_i=0.5, mu_e=0.3))
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["mu_e"], MaxNumPoints=600, MaxStepSize=0.02))
    PC["EQ"].forward()
    expected = equilibria(aln().with_parameters(mu_i=0.5), "mu_e", (0.0, 3.0))["H1"]
    assert PC["EQ"].getSpecialPoint("H1")["mu_e"] == pytest.approx(
        expected.parameters["mu_e"], rel=1e-8
    )


def test_pictures_are_drawn_without_pyplot(script, tmp_path):
    ax = script.display(("I", "v"), stability=True, curves=["EQ1", "LC1"])
    styles = {line.get_linestyle() for line in ax.get_lines()}
    assert {"-", "--"} <= styles
    names = {text.get_text() for text in ax.texts}
    assert {"H1", "H2", "LPC1"} <= names
    ax.figure.savefig(tmp_path / "curves.png")
    orbit = script["LC1"].plot_cycles(("v", "w"), cycles="LPC1")
    (line,) = orbit.get_lines()
    assert line.get_xdata().max() == pytest.approx(
        script["LC1"].getSpecialPoint("LPC1")["v_max"], abs=0.05
    )
    assert len(script["LC1"].plot_cycles(coords=("t", "v"), count=5).get_lines()) == 5
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_a_curve_tells_what_it_is(script, capsys):
    script.info()
    text = capsys.readouterr().out
    assert "curve EQ1 (type EP-C) of ML in I" in text
    assert "forward: computed MaxNumPoints = 250 points" in text
    assert "H1" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MaxNumPoint": 10}, "Did you mean 'MaxNumPoints'"),
        ({"type": "EP-D"}, "no curve type 'EP-D'"),
        ({"type": "FP-C"}, "continuation.fixed_points"),
        ({"freepars": ["II"]}, "Did you mean 'I'"),
        ({"freepars": ["I", "gCa"]}, "has 1 free parameter"),
        ({"type": "LP-C"}, "has 2 free parameters"),
        ({"LocBifPoints": ["LPC"]}, "no special point 'LPC'"),
        ({"StepSize": -1}, "positive number"),
        ({"Corrector": "Newton"}, "use MoorePenrose"),
        ({"initpoint": {"VV": 1}}, "Did you mean 'V'"),
        ({"initpoint": "EQ9:H1"}, "no curve 'EQ9'"),
        ({"initpoint": "EQ:H9"}, "no special point 'H9'"),
        ({"initpoint": "H1"}, "of the form 'EQ1:H1'"),
        ({"name": "EQ"}, "exists already"),
        ({"name": None}, "needs a name"),
        ({"SPOut": {"gCa": [1]}}, "no free parameter 'gCa'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changes, message):
    PC = ContClass(morris_lecar().with_parameters(I=60.0))
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["I"], MaxStepSize=2.0, StepSize=1.0))
    PC["EQ"].forward()
    with pytest.raises((ModelError, UnknownNameError), match=message):
        PC.newCurve(args({"name": "NEW", "type": "EP-C", "freepars": ["I"], **changes}))
    assert "NEW" not in PC


@pytest.mark.parametrize("kind", ["LP-C", "LC-C"])
def test_a_curve_type_that_does_not_fit_its_start_is_refused(kind):
    saddle_node = morris_lecar("saddle-node").with_parameters(I=0.0)
    PC = ContClass(saddle_node)
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["I"], MaxStepSize=2.0, StepSize=0.1))
    PC["EQ"].forward()
    PC["EQ"].backward()
    start, free = ("EQ:H1", ["I", "gCa"]) if kind == "LP-C" else ("EQ:LP1", ["I"])
    with pytest.raises(ModelError, match="start"):
        PC.newCurve(args(name="NEW", type=kind, freepars=free, initpoint=start))


def test_curves_of_special_cycles_start_at_special_cycles(script):
    with pytest.raises(ModelError, match="labelled LPC"):
        script.newCurve(
            args(name="LPC", type="LPC-C", freepars=["I", "gca"], initpoint="EQ1:H1", force=True)
        )
        script["LPC"].forward()


def test_folds_of_cycles_are_followed_in_two_parameters(script):
    script.newCurve(
        args(name="FC", type="LPC-C", freepars=["I", "gca"], initpoint="LC1:LPC2",
             MaxStepSize=1.0, MaxNumPoints=40)
    )  # fmt: skip
    script["FC"].forward()
    sol = script["FC"].sol
    assert {"I", "gca", "_T", "v_max"} <= set(sol.coordnames)
    assert sol["gca"].min() < 4.2 < 4.6 < sol["gca"].max()
    order = np.argsort(sol["gca"])
    assert np.interp(4.4, sol["gca"][order], sol["I"][order]) == pytest.approx(216.9, abs=1)
    assert script["FC"].stopped["forward"]
    # Besides the trivial multiplier, which is left out, that of the fold is 1.
    assert np.min(np.abs(sol[5].labels["LPC"]["data"].evals - 1)) < 1e-2
    assert script.display(("I", "gca"), curves=["FC"]).get_lines()


def test_period_doublings_are_followed_in_two_parameters():
    controller = VectorField(
        "controller", {"x": 0.0, "y": 0.0, "z": 0.0}, {"al": 1.2, "be": 1.0},
        {"x": "y", "y": "z", "z": "-al*z - be*y - x + x^2"}, time_unit="",
    )  # fmt: skip
    PC = ContClass(controller)
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["al"], MaxStepSize=0.1, MaxNumPoints=40,
                     LocBifPoints=["H"]))  # fmt: skip
    PC["EQ"].backward()
    PC.newCurve(args(name="LC", type="LC-C", freepars=["al"], initpoint="EQ:H1", MaxStepSize=0.1,
                     MaxNumPoints=60))  # fmt: skip
    PC["LC"].forward()
    PC.newCurve(args(name="PD", type="PD-C", freepars=["al", "be"], initpoint="LC:PD1",
                     MaxStepSize=0.05, MaxNumPoints=20))  # fmt: skip
    PC["PD"].forward()
    al, be = PC["PD"].sol["al"], PC["PD"].sol["be"]
    # Published: al = 0.342714966888 at be = 1.4, before the curve turns back in be.
    last = int(np.argmax(be > 1.4))
    assert last > 0
    assert np.interp(1.4, be[: last + 1], al[: last + 1]) == pytest.approx(0.3427, abs=2e-3)


def test_torus_bifurcations_are_followed_in_two_parameters():
    # Langford's system: around the circle at z = b, tori are born on a = b^2 + e r^2.
    langford = VectorField(
        "langford", {"x": 0.0, "y": 0.0, "z": 0.7}, {"a": 0.0, "e": 0.25},
        {"x": "(z - 0.7)*x - 3.5*y", "y": "3.5*x + (z - 0.7)*y",
         "z": "0.6 + a*z - z^3/3 - (x^2 + y^2)*(1 + e*z)"}, time_unit="",
    )  # fmt: skip
    hopf = equilibria(langford, "a", (-1.0, 1.0), start=[0, 0, 0.7]).points("H")
    PC = ContClass(langford.with_parameters(a=-1.0))
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["a"], MaxStepSize=0.1, MaxNumPoints=40,
                     LocBifPoints=["H"]))  # fmt: skip
    PC["EQ"].forward()
    start = PC["EQ"].getSpecialPoint("H1")["a"]
    assert start == pytest.approx((0.343 / 3 - 0.6) / 0.7, abs=1e-9)
    assert start == pytest.approx(hopf[0].parameters["a"], abs=1e-9)
    PC.newCurve(args(name="LC", type="LC-C", freepars=["a"], initpoint="EQ:H1", MaxStepSize=0.1,
                     MaxNumPoints=60))  # fmt: skip
    PC["LC"].forward()
    PC.newCurve(args(name="NS", type="NS-C", freepars=["a", "e"], initpoint="LC:NS1",
                     MaxStepSize=0.02, MaxNumPoints=20))  # fmt: skip
    PC["NS"].forward()
    sol = PC["NS"].sol
    square = (0.6 + 0.7 * sol["a"] - 0.343 / 3) / (1 + 0.7 * sol["e"])
    assert sol["a"] == pytest.approx(0.49 + sol["e"] * square, abs=1e-8)


def test_a_curve_that_was_not_computed_says_so():
    PC = ContClass(morris_lecar())
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["I"]))
    with pytest.raises(ModelError, match="call forward"):
        PC.display()
    with pytest.raises(UnknownNameError, match="no curve 'EQQ'"):
        PC["EQQ"]
    assert PC["EQ"].sol is None
    PC.delCurve("EQ")
    assert "EQ" not in PC


def test_no_equilibrium_is_said_with_the_next_step():
    drift = VectorField("drift", {"x": 0.0}, {"a": 1.0}, {"x": "a + exp(x)"})
    PC = ContClass(drift)
    PC.newCurve(args(name="EQ", type="EP-C", freepars=["a"], initpoint={"x": 50.0}))
    with pytest.raises(ConvergenceError, match="initpoint"):
        PC["EQ"].forward()


def test_settings_change_between_runs(script):
    script["EQ1"].update({"MaxNumPoints": 20})
    count = len(script["EQ1"].sol)
    script["EQ1"].forward()
    assert 18 <= len(script["EQ1"].sol) - count <= 20
    with pytest.raises(ModelError, match="cannot be changed"):
        script["EQ1"].update({"type": "LC-C"})


def test_attributes_and_entries_of_args_are_one():
    made = args(a=1)
    made.b = 2
    assert made["b"] == made.b == 2
    with pytest.raises(AttributeError, match="no 'c'"):
        _ = made.c
