"""SBML files, written with libsbml, have the field that their author wrote out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynsys import ModelError, StorageError, read_sbml, simulate
from dynsys.commands import main

libsbml = pytest.importorskip("libsbml", reason="python-libsbml is not installed (extra: sbml)")


class Writer:
    """A short way to write SBML of one level."""

    def __init__(self, level=3, version=1):
        self.document = libsbml.SBMLDocument(level, version)
        self.level = level
        self.model = self.document.createModel()
        self.model.setId("model")

    def compartment(self, name, size=1.0, constant=True, dimensions=3):
        place = self.model.createCompartment()
        place.setId(name)
        if self.level > 1:
            place.setConstant(constant)
            place.setSpatialDimensions(dimensions)
        if size is not None:
            place.setSize(size)
        return place

    def species(self, name, place, initial=None, amount=None, **flags):
        one = self.model.createSpecies()
        one.setId(name)
        one.setCompartment(place)
        one.setBoundaryCondition(flags.get("boundary", False))
        if self.level > 1:
            one.setConstant(flags.get("constant", False))
            one.setHasOnlySubstanceUnits(flags.get("amounts", False))
        if initial is not None:
            one.setInitialConcentration(initial)
        if amount is not None:
            one.setInitialAmount(amount)
        return one

    def parameter(self, name, value=None, constant=True):
        one = self.model.createParameter()
        one.setId(name)
        if self.level > 1:
            one.setConstant(constant)
        if value is not None:
            one.setValue(value)
        return one

    def reaction(self, name, left, right, law, local=None, modifiers=()):
        one = self.model.createReaction()
        one.setId(name)
        one.setReversible(False)
        if self.level == 3 and self.document.getVersion() == 1:
            one.setFast(False)
        for side, make in ((left, one.createReactant), (right, one.createProduct)):
            for species, count in side.items():
                reference = make()
                reference.setSpecies(species)
                reference.setStoichiometry(count)
                if self.level == 3:
                    reference.setConstant(True)
        for species in set(modifiers) - {*right}:
            one.createModifier().setSpecies(species)
        kinetics = one.createKineticLaw()
        kinetics.setMath(libsbml.parseL3Formula(law))
        for k, v in (local or {}).items():
            parameter = kinetics.createLocalParameter() if self.level == 3 else (
                kinetics.createParameter()
            )  # fmt: skip
            parameter.setId(k)
            parameter.setValue(v)
        return one

    def rule(self, kind, name, formula):
        one = getattr(self.model, f"create{kind}Rule")()
        if name:
            one.setVariable(name)
        one.setMath(libsbml.parseL3Formula(formula))

    def assign(self, name, formula):
        one = self.model.createInitialAssignment()
        one.setSymbol(name)
        one.setMath(libsbml.parseL3Formula(formula))

    def function(self, name, formula):
        one = self.model.createFunctionDefinition()
        one.setId(name)
        one.setMath(libsbml.parseL3Formula(formula))

    def read(self, folder, **options):
        path = folder / "model.xml"
        assert libsbml.writeSBMLToFile(self.document, str(path))
        return read_sbml(path, **options)


def agrees(model, rates, count=20):
    """The field equals a dictionary of rates at random states, to 1e-12."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        x = dict(zip(model.states, rng.uniform(0.2, 3.0, len(model.states)), strict=True))
        expected = rates(x, dict(model.parameters))
        assert set(expected) == set(model.states)
        got = dict(zip(model.states, model.rhs(list(x.values())), strict=True))
        for k, value in expected.items():
            assert got[k] == pytest.approx(value, rel=1e-12, abs=1e-13), k


def michaelis_menten(level, version):
    w = Writer(level, version)
    w.compartment("cell", 2.5)
    w.species("S", "cell", *((None, 20.0) if level == 1 else (8.0,)))
    w.species("P", "cell", *((None, 0.0) if level == 1 else (0.0,)))
    w.parameter("Vmax", 1.3)
    w.reaction("R", {"S": 2}, {"P": 1}, "cell*Vmax*S/(Km + S)", {"Km": 0.7})
    return w


@pytest.mark.parametrize("level", [(1, 2), (2, 1), (2, 4), (3, 1), (3, 2)])
def test_concentrations_change_by_the_rate_over_the_volume_in_every_level(level, tmp_path):
    model = michaelis_menten(*level).read(tmp_path)
    assert model.initial_state().tolist() == [8.0, 0.0]
    assert model.time_unit == ("s" if level[0] < 3 else "")
    assert dict(model.parameters) == {"R_Km": 0.7, "cell": 2.5, "Vmax": 1.3}

    def rates(x, p):
        v = p["Vmax"] * x["S"] / (p["R_Km"] + x["S"])
        return {"S": -2 * v, "P": v}

    agrees(model, rates)
    assert simulate(model, 50.0).S.values[-1] < 1e-6


def test_amounts_are_not_divided_and_conversion_factors_count(tmp_path):
    w = Writer()
    w.compartment("c", 4.0)
    w.species("A", "c", amount=3.0, amounts=True)
    w.species("B", "c", amount=2.0).setConversionFactor("f")
    w.species("X", "c", 0.5, boundary=True)
    w.parameter("f", 10.0)
    w.reaction("R", {"A": 1, "X": 1}, {"B": 3}, "0.2*A*X - 0.1*B", modifiers=["B"])
    model = w.read(tmp_path)
    assert model.initial_state().tolist() == [3.0, 0.5]  # B is a concentration
    assert model.parameters["X"] == 0.5  # on the boundary: it reacts and does not change

    def rates(x, p):
        v = 0.2 * x["A"] * p["X"] - 0.1 * x["B"]
        return {"A": -v, "B": 3 * v * p["f"] / p["c"]}

    agrees(model, rates)


def test_in_a_growing_compartment_amounts_are_followed_and_concentrations_shown(tmp_path):
    w = Writer()
    w.compartment("V", 2.0, constant=False)
    w.species("A", "V", 3.0)
    w.species("Z", "V", 1.0, boundary=True)
    w.parameter("k", 0.3)
    w.rule("Rate", "V", "0.1*V")
    w.reaction("R", {"A": 1}, {}, "V*k*A*Z", modifiers=["Z"])
    model = w.read(tmp_path)
    assert list(model.states) == ["V", "amount_A"]
    assert model.initial_state().tolist() == [2.0, 6.0]
    assert model.parameters["amount_Z"] == 2.0

    def rates(x, p):
        a, z = x["amount_A"] / x["V"], p["amount_Z"] / x["V"]
        return {"V": 0.1 * x["V"], "amount_A": -x["V"] * p["k"] * a * z}

    agrees(model, rates)
    assert model.observe([4.0, 6.0])["A"] == 1.5


def test_rules_functions_and_initial_assignments(tmp_path):
    w = Writer(3, 2)
    w.compartment("c", 1.0)
    w.species("x", "c", 0.4, boundary=True)
    w.parameter("y", constant=False)
    w.parameter("h", constant=False)
    for name, value in {"a": 1.5, "n": 3.0, "double": None, "late": None}.items():
        w.parameter(name, value)
    w.function("hill", "lambda(u, m, u^m/(1 + u^m))")
    w.function("twice", "lambda(u, hill(u, 2) + hill(2*u, n_of(u)))")
    w.function("n_of", "lambda(u, 2)")
    w.rule("Assignment", "h", "hill(x, n) + twice(y)")
    w.rule("Rate", "x", "a*h - double*x")
    w.rule("Rate", "y", "piecewise(x - y, x > y && y < 1, -y/late)")
    w.assign("double", "2*a")
    w.assign("y", "x/4 + double")
    w.assign("late", "y + 1")
    model = w.read(tmp_path)
    assert dict(model.parameters) == {"c": 1.0, "a": 1.5, "n": 3.0, "late": 4.1}
    assert model.initial_state().tolist() == [0.4, pytest.approx(3.1)]
    assert any("late is set once" in note for note in model.notes)

    def hill(u, m):
        return u**m / (1 + u**m)

    def rates(x, p):
        h = hill(x["x"], p["n"]) + hill(x["y"], 2) + hill(2 * x["y"], 2)
        inside = x["x"] > x["y"] and x["y"] < 1
        return {
            "x": p["a"] * h - 2 * p["a"] * x["x"],
            "y": x["x"] - x["y"] if inside else -x["y"] / p["late"],
        }

    agrees(model, rates)
    agrees(model.with_parameters(a=0.3), rates)  # what was assigned follows its parameter


FORMULAS = {
    "sin(x) + cos(x)*tan(x/3)": lambda x: math.sin(x) + math.cos(x) * math.tan(x / 3),
    "sec(x/4) + csc(x) - cot(x)": lambda x: 1 / math.cos(x / 4) + 1 / math.sin(x) - 1 / math.tan(x),
    "arcsin(x/4) + arccos(x/5) - arctan(x)": lambda x: (
        math.asin(x / 4) + math.acos(x / 5) - math.atan(x)
    ),
    "sinh(x) - cosh(x) + tanh(x) + sech(x) + csch(x) - coth(x)": lambda x: (
        math.sinh(x)
        - math.cosh(x)
        + math.tanh(x)
        + 1 / math.cosh(x)
        + 1 / math.sinh(x)
        - 1 / math.tanh(x)
    ),
    "arcsinh(x) + arccosh(x + 1) - arctanh(x/4)": lambda x: (
        math.asinh(x) + math.acosh(x + 1) - math.atanh(x / 4)
    ),
    "ln(x) + log10(x) + log(2, x) + exp(-x)": lambda x: (
        math.log(x) + math.log10(x) + math.log2(x) + math.exp(-x)
    ),
    "root(3, x) + sqrt(x) + x^1.7 + pow(2, x)": lambda x: (
        math.cbrt(x) + math.sqrt(x) + x**1.7 + 2**x
    ),
    "floor(3*x) + ceil(3*x) + abs(1 - x) + factorial(4)": lambda x: (
        math.floor(3 * x) + math.ceil(3 * x) + abs(1 - x) + 24
    ),
    "max(x, 1, 2*x - 1) - min(x, 2)": lambda x: max(x, 1, 2 * x - 1) - min(x, 2),
    "piecewise(1, x < 1, 2, x <= 2, 3) + pi - exponentiale": lambda x: (
        (1 if x < 1 else 2 if x <= 2 else 3) + math.pi - math.e
    ),
    "piecewise(x, xor(x > 1, x > 2), -x)": lambda x: x if (x > 1) != (x > 2) else -x,
    "piecewise(x, (1 < x) && (x < 2) || !(x != 3), -x)": lambda x: x if 1 < x < 2 or x == 3 else -x,
    "(x > 1) * 2 + 1/3 + 6.02e-3*x": lambda x: 2 * (x > 1) + 1 / 3 + 6.02e-3 * x,
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_mean_what_mathematics_says(formula, tmp_path):
    w = Writer(3, 2)
    w.parameter("x", 1.0, constant=False)
    settings = libsbml.L3ParserSettings()
    settings.setParseLog(libsbml.L3P_PARSE_LOG_AS_LOG10)
    rule = w.model.createRateRule()
    rule.setVariable("x")
    rule.setMath(libsbml.parseL3FormulaWithSettings(formula, settings))
    agrees(w.read(tmp_path), lambda x, _: {"x": FORMULAS[formula](x["x"])})


def test_the_time_becomes_an_input_that_simulations_follow(tmp_path):
    w = Writer()
    w.parameter("x", 0.0, constant=False)
    w.parameter("k", 2.0)
    w.rule("Rate", "x", "k*cos(k*time)")
    model = w.read(tmp_path)
    assert len(model.inputs) == 1
    assert any("the time enters" in note for note in model.notes)
    run = simulate(model, 3.0)
    assert run.x.values == pytest.approx(np.sin(2 * run.time.values), abs=1e-5)


def test_units_are_kept_and_tell_the_time_unit(tmp_path):
    w = Writer()
    unit = w.model.createUnitDefinition()
    unit.setId("msec")
    one = unit.createUnit()
    one.setKind(libsbml.UNIT_KIND_SECOND)
    one.setExponent(1)
    one.setScale(-3)
    one.setMultiplier(1.0)
    w.model.setTimeUnits("msec")
    v = w.parameter("v", -65.0, constant=False)
    v.setUnits("volt")
    v.setName("potential")
    w.parameter("tau", 5.0).setUnits("msec")
    w.rule("Rate", "v", "-v/tau")
    model = w.read(tmp_path)
    assert model.time_unit == "ms"
    assert (model.unit("v"), model.unit("tau")) == ("volt", "(0.001 second)")
    assert model.states["v"].meaning == "potential"
    assert any("time in (0.001 second)" in note for note in model.notes)
    assert w.read(tmp_path, time_unit="").time_unit == ""


def test_names_that_mean_something_else_here_are_changed_and_told(tmp_path):
    w = Writer()
    for name in ("lambda", "t", "exp", "E"):
        w.parameter(name, 1.0, constant=False)
        w.rule("Rate", name, f"2*{name}")
    model = w.read(tmp_path)
    assert list(model.states) == ["lambda_", "t_", "exp_", "E_"]
    assert sum("is called" in note for note in model.notes) == 4
    agrees(model, lambda x, _: {k: 2 * v for k, v in x.items()})


def decay():
    w = Writer(3, 2)
    w.compartment("c", 1.0)
    w.species("A", "c", 1.0)
    w.parameter("k", 1.0)
    w.parameter("z", 1.0, constant=False)
    w.reaction("R", {"A": 1}, {}, "k*A")
    return w


def with_event(w):
    event = w.model.createEvent()
    event.setId("pulse")
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setMath(libsbml.parseL3Formula("time > 5"))
    trigger.setInitialValue(True)
    trigger.setPersistent(True)


def without_law(w):
    w.model.getReaction("R").unsetKineticLaw()


REFUSED = {
    "event": (with_event, "the event pulse"),
    "algebraic": (lambda w: w.rule("Algebraic", "", "A + z - k"), "0 = A . z - k"),
    "delay": (lambda w: w.rule("Assignment", "z", "delay(A, 2)"), "rule of z.*delays are not"),
    "rate": (lambda w: w.rule("Assignment", "z", "rateOf(A)"), "rule of z.*rateOf"),
    "law": (without_law, "reaction R has no kinetic law"),
    "value": (lambda w: (w.parameter("q"), w.rule("Rate", "z", "q*z")), "q has no value"),
    "cases": (lambda w: w.rule("Rate", "z", "piecewise(1, z > 1)"), "says nothing of the cases"),
    "name": (lambda w: w.rule("Rate", "z", "zeta*z"), "no valid SBML: line"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_vector_field_holds_is_refused_by_name(kind, tmp_path):
    change, message = REFUSED[kind]
    w = decay()
    w.read(tmp_path)
    change(w)
    with pytest.raises(ModelError, match=message):
        w.read(tmp_path)


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(StorageError, match="no such file"):
        read_sbml(tmp_path / "nowhere.xml")
    (tmp_path / "bad.xml").write_text("<sbml")
    with pytest.raises(ModelError, match="no valid SBML: line"):
        read_sbml(tmp_path / "bad.xml")
    (tmp_path / "still.xml").write_text(libsbml.writeSBMLToString(Writer().document))
    with pytest.raises(ModelError, match="nothing changes"):
        read_sbml(tmp_path / "still.xml")


def test_the_shell_takes_sbml_where_it_takes_ode_files(tmp_path, capsys):
    libsbml.writeSBMLToFile(decay().document, str(tmp_path / "decay.xml"))
    assert main(["describe", str(tmp_path / "decay.xml")]) == 0
    printed = capsys.readouterr().out
    assert "R = k*A" in printed or "R = A*k" in printed
