"""Models in a page: the same field as the compiled one, the same runs as ``simulate``."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from scipy.special import erf, erfc

from dynsys import ModelError, SmoothTable, VectorField, simulate
from dynsys.exchange import javascript
from dynsys.expressions.functions import linoid_derivative
from dynsys.expressions.lookup import TableLookup
from dynsys.models import LIBRARY
from dynsys.simulation import javascript as page
from dynsys.simulation.javascript import motion_script, packed_tables
from dynsys.simulation.motion import motion
from stimulation import Pulse, Sine, Step
from tests.dynsys.exchange.test_exports import DELAYED, EVERYTHING
from tests.javascript import needs_node, numbers, run_script

X, Y = sympy.symbols("x y", real=True)
GRID = np.linspace(0, 1, 12)
VALUES = {"q": np.sin(np.outer(GRID, GRID)), "r": np.cosh(GRID[:, None] + GRID)}
TABLE = SmoothTable("f", {"a": GRID, "b": 2 * GRID}, VALUES)
SLOPE_ORDERS = [(1, 0), (0, 2), (1, 1), (6, 0)]
SLOPES = VectorField(
    "slopes",
    {"x": 0.4, "y": 0.7},
    {"k": 1.0},
    {
        "x": "k*f.r(x, y) - x",
        "y": sum(TableLookup(sympy.Symbol("f"), 1, i, j, X, Y) for i, j in SLOPE_ORDERS),
    },
    tables={"f": TABLE},
)  # fmt: skip
FORCED = VectorField(
    "forced", {"x": 1.0}, {"m": 0.2, "w": 3.0}, {"x": "m - x^3"}, inputs={"m": "0.5*sin(w*t)"},
    time_unit="",
)  # fmt: skip
ADAPTING = LIBRARY["aln"]().with_parameters(a=15, b=40, mu_e=1.3)
DIFFERENT = {
    "adapting": ADAPTING,
    "everything": EVERYTHING,
    "delayed": DELAYED,
    "slopes": SLOPES,
    "forced": FORCED,
}
MODELS = {**{name: make() for name, make in LIBRARY.items()}, **DIFFERENT}

WATCH = """
const model = makeModel(tables), out = new Float64Array(model.room);
return given.x.map((x, k) => {
  model.watch(x, given.p[k], out);
  return Array.from(out);
});
"""
RUN = """
const model = makeModel(tables);
const [shape, amplitude, start, stop, frequency] = given.input;
const wave = (t) => (t < start || t >= stop ? 0 : shape === "sine"
  ? amplitude * Math.sin(2 * Math.PI * frequency * (t - start)) : amplitude);
const own = new Float64Array(model.driven.length);
const drive = {
  driven: [given.driven, ...model.driven],
  edges: [start, stop],
  values(time, out) {
    out[0] = wave(time);
    model.inputs([time], given.p, own);
    model.driven.forEach((number, k) => { out[k + 1] = own[k] - given.p[number]; });
  },
};
const run = new Run(model, { ...given, drive });
while (!run.advance(given.piece)) ;
return { out: run.recorded.map((values) => Array.from(values)), x: Array.from(run.x),
  samples: run.samples, stopped: run.stopped, left: run.left, overstepped: run.overstepped };
"""


def places(model, count=100):
    """States with delayed values and parameters (count, ...) around the model's own."""
    rng, moved = np.random.default_rng(3), motion(model)
    own = np.array([state.initial for state in model.states.values()])
    x = own * (1 + 0.2 * rng.normal(size=(count, moved.n))) + 1e-3 * rng.random((count, moved.n))
    p = model.parameter_array() * (1 + 0.05 * rng.normal(size=(count, len(model.parameters))))
    return np.hstack([x, 0.02 * rng.random((count, moved.delayed))]), p


def compiled_watch(model, x, p):
    moved = motion(model)
    size = moved.n + moved.delayed + len(model.observables) + 1
    result = np.zeros((len(x), size))
    for row, state, parameters in zip(result, x, p, strict=True):
        out = np.zeros(moved.out)
        moved.watch(state, moved.prepared(parameters), moved.tables, out)
        row[:] = out[:size]
    return result


@needs_node
@pytest.mark.parametrize("name", MODELS)
def test_a_page_has_the_compiled_field(name, tmp_path):
    model = MODELS[name]
    x, p = places(model)
    given = {"x": x.tolist(), "p": p.tolist(), "tables": packed_tables(model)}
    found = numbers(run_script(motion_script(model), WATCH, tmp_path, **given))
    wanted = compiled_watch(model, x, p)
    assert np.isfinite(wanted[:, :-1]).all()
    np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))
    finite = np.isfinite(wanted)
    error = np.abs(found[finite] - wanted[finite]) / (np.abs(wanted[finite]) + 1e-3)
    assert error.max() < 1e-12


def page_run(model, folder, duration, dt, shape, driven, piece=37, **changed):
    """The run in a page; a shape is (kind, amplitude, start, stop, frequency per time unit)."""
    given = {
        "x": [state.initial for state in model.states.values()],
        "p": model.parameter_array().tolist(), "dt": dt,
        "steps": round(duration / dt), "stride": 5, "tables": packed_tables(model), "input": shape,
        "driven": model.parameter_index(driven), "piece": piece,
    }  # fmt: skip
    return run_script(motion_script(model), RUN, folder, **given | changed)


# Model: duration, step, parameter, shape as simulate takes it (one of ours or None) and as a page.
RUNS = {
    "adapting": (300.0, 0.1, "mu_e", Step("40 pA", 100, 203.33), ("step", 0.2, 100, 203.33, 0)),
    "morris_lecar": (200.0, 0.1, "I", None, ("step", 30.0, 50, 1e9, 0)),
    "hodgkin_huxley": (60.0, 0.02, "I", None, ("sine", 12.0, 10, 50, 0.07)),
    "wilson_cowan": (20.0, 0.01, "P", None, ("pulse", 0.3, 5, 6.001, 0)),
    "master_equation": (200.0, 0.1, "drive", None, ("step", 1.0, 20, 90, 0)),
    "jansen_rit": (1000.0, 0.1, "p", None, ("sine", 40.0, 100, 800, 0.01)),
    "fitzhugh_nagumo": (50.0, 0.01, "I", None, ("step", 0.5, 10, 20, 0)),
    "ball_and_stick": (100.0, 0.1, None, None, ("step", 0.0, 10, 20, 0)),
    "delayed": (3.0, 0.0125, "P", None, ("step", 0.2, 1, 2, 0)),
    "forced": (10.0, 0.01, "w", None, ("step", 0.0, 1, 2, 0)),
}


def as_function(shape):
    """What the page applies, as ``simulate`` takes functions of time with edges."""
    kind, amplitude, start, stop, frequency = shape

    class Wave:
        def drive(self, times, model, parameter):
            inside = (times >= start) & (times < stop)
            wave = np.sin(2 * np.pi * frequency * (times - start)) if kind == "sine" else 1.0
            return np.where(inside, amplitude * wave, 0.0)

        def edges(self):
            return [start, stop]

    return Wave()


@needs_node
@pytest.mark.parametrize("name", RUNS)
def test_a_page_makes_the_runs_of_simulate(name, tmp_path):
    duration, dt, driven, wave, shape = RUNS[name]
    model = MODELS[name]
    driven = driven or model.parameter_names[0]
    run = simulate(
        model, duration, method="rk4", dt=dt, sample=5 * dt,
        inputs={driven: wave or as_function(shape)},
    )  # fmt: skip
    made = page_run(model, tmp_path, duration, dt, shape, driven)
    assert made["samples"] == run.sizes["time"]
    for values, observable in zip(made["out"], model.observables, strict=True):
        wanted = run[observable].values
        assert np.max(np.abs(numbers(values) - wanted)) <= 1e-9 * np.max(np.abs(wanted))
        assert np.ptp(wanted) > 0 or name == "ball_and_stick"  # it moves: the test can fail


def test_stimuli_of_the_library_mean_the_same_as_those_of_the_test():
    model, times = MODELS["aln"], np.linspace(0, 100, 1001)
    for wave, shape in [
        (Pulse("40 pA", 20, 5), ("pulse", 0.2, 20, 25, 0)),
        (Sine("40 pA", start=20, stop=90, frequency=30), ("sine", 0.2, 20, 90, 0.03)),
    ]:
        given = as_function(shape).drive(times, model, "mu_e")
        np.testing.assert_allclose(wave.drive(times, model, "mu_e"), given, atol=1e-15)


@needs_node
def test_a_page_says_where_a_run_ends(tmp_path):
    blown = VectorField("blown", {"x": 1.0}, {"k": 1.0}, {"x": "k*x^2"})
    made = page_run(blown, tmp_path, 3.0, 0.01, ("step", 0.0, 0, 1, 0), "k")
    assert made["overstepped"] > 0.9 or 0.9 < made["stopped"] < 1.5
    outside = SLOPES.with_parameters(k=5.0)
    with pytest.warns(UserWarning, match="left the domain|no longer finite"):
        run = simulate(outside, 1.0, method="rk4", dt=0.01, sample=0.05)
    made = page_run(outside, tmp_path, 1.0, 0.01, ("step", 0.0, 0, 1, 0), "k")
    assert made["left"] == pytest.approx(float(run["left_table"]))


@needs_node
def test_a_delay_shorter_than_a_step_is_refused(tmp_path):
    body = """
    try { new Run(makeModel(tables), { p: given.p, x: [0.5, 0.2], dt: 0.1, steps: 5 }); }
    catch (error) { return error.message; }
    """
    p = DELAYED.parameter_array().tolist()
    assert "0.09" in run_script(motion_script(DELAYED), body, tmp_path, p=p)


@needs_node
def test_special_functions_are_exact_to_rounding(tmp_path):
    x = np.linspace(-7, 12, 1001)
    body = """return [given.x.map(erf), given.x.map(erfc),
      ...[0, 1, 2, 3].map((k) => given.x.map((u) => linoid(u, k)))];"""
    found = numbers(run_script(javascript.functions(), body, tmp_path, x=x.tolist()))
    np.testing.assert_allclose(found[0], erf(x), rtol=1e-14)
    np.testing.assert_allclose(found[1], erfc(x), rtol=1e-12)
    for k in range(4):
        wanted = [linoid_derivative(float(u), k) for u in x]
        np.testing.assert_allclose(found[2 + k], wanted, rtol=1e-13, atol=1e-16)


def test_nothing_a_user_wrote_is_in_the_script():
    evil = VectorField(
        "Marvin",
        {"Zaphod": 1.0},
        {"Trillian": 1.0},
        {"Zaphod": "Trillian - Zaphod + Ford.Arthur(Zaphod, 1)"},
        tables={"Ford": SmoothTable("Ford", {"a": GRID, "b": GRID}, {"Arthur": VALUES["q"]})},
        meaning="</script><script>alert(1)</script>", source="*/ alert(1) /*",
    )  # fmt: skip
    script = motion_script(evil)
    for word in ("Marvin", "Zaphod", "Trillian", "Ford", "Arthur", "alert", "</"):
        assert word not in script


def test_a_model_too_large_for_a_page_is_refused(monkeypatch):
    monkeypatch.setattr(page, "MOST_NODES", 10)
    with pytest.raises(ModelError, match="too many for a page"):
        motion_script(EVERYTHING)
