"""Vector fields: exact derivatives, delays, closed doors, the compiled cache."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy

from dynsys import (
    DynsysError,
    ModelError,
    Parameter,
    SmoothTable,
    State,
    UnknownNameError,
    VectorField,
    delay,
)
from dynsys.compiled.compilation import model_folder
from dynsys.delays import differentiation_matrix
from dynsys.models import LIBRARY, aln
from dynsys.simulation.motion import motion

FUNCTIONS = [
    "exp(x/3)", "log(2 + x)", "sqrt(3 + x*y)", "sin(x) + cos(y)", "tan(x/4)", "sinh(x) - cosh(y)",
    "tanh(x*y)", "asin(x/3) + acos(y/3) + atan(x)", "abs(x)*y", "(2 + x)^1.7", "(2 + x)^y",
    "x^3/(1 + y^2)", "if(x>y)then(x^2)else(y*x)", "max(x, y)*x", "linoid(x - y)", "heav(x)*x",
    "f.wave(x, y)*x",
]  # fmt: skip


@pytest.fixture(scope="module")
def wave():
    grid = np.linspace(-1.5, 1.5, 80)
    values = np.sin(grid)[:, None] * np.cos(2 * grid)[None, :]
    return SmoothTable("f", {"a": grid, "b": grid}, {"wave": values})


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_compiled_derivatives_of_every_function_match_differences(expression, wave):
    model = VectorField(
        "functions", {"x": 0.3, "y": 0.2}, {"k": 1.3}, {"x": f"k*({expression})", "y": "x - k*y"},
        tables={"f": wave},
    )  # fmt: skip
    compiled, x, p = model.compiled, np.array([0.37, -0.61]), model.parameter_array()
    h, n = 1e-5, 2
    jacobian = model.jacobian(x)
    for j in range(n):
        step = h * np.eye(n)[j]
        difference = (model.rhs(x + step) - model.rhs(x - step)) / (2 * h)
        assert jacobian[:, j] == pytest.approx(difference, rel=1e-6, abs=1e-8)
    direction = np.array([0.8, -0.4])
    second = np.empty((n, n))
    compiled.jacobian_tangent(x, p, compiled.tables, direction, np.zeros(1), second)
    ahead, behind = model.jacobian(x + h * direction), model.jacobian(x - h * direction)
    assert second == pytest.approx((ahead - behind) / (2 * h), rel=1e-5, abs=1e-7)
    raised = model.with_parameters(k=1.3 + h).rhs(x) - model.with_parameters(k=1.3 - h).rhs(x)
    assert model.parameter_derivative(x, "k") == pytest.approx(raised / (2 * h), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_taylor_coefficients_sum_to_the_field_along_a_curve(expression, wave):
    model = VectorField(
        "series", {"x": 0.3, "y": 0.2}, {"k": 1.3}, {"x": f"k*({expression})", "y": "x*y - k"},
        tables={"f": wave},
    )  # fmt: skip
    order, s = 5, 0.02
    x, p = np.zeros((order + 1, 2), complex), np.zeros((order + 1, 1), complex)
    x[0], x[1], x[2] = [0.37, -0.61], [0.8, -0.4], [0.1, 0.3]
    p[0], p[1] = 1.3, 0.5
    out = np.empty((order + 1, 2), complex)
    model.compiled.taylor(x, p, model.compiled.tables, out)
    powers = s ** np.arange(order + 1)
    at = model.with_parameters(k=float((powers @ p[:, 0]).real))
    exact = at.rhs((powers @ x).real)
    # The remainder is of order s^6; the quintic spline ends at its fifth derivative.
    assert (powers @ out).real == pytest.approx(exact, abs=1e-8)


def test_sympy_and_string_definitions_give_the_same_field():
    v, w, current = sympy.symbols("v w I")
    symbolic = VectorField(
        "fhn_symbolic", {"v": -1.0, "w": 0.0}, {"I": 0.5},
        {"v": v - v**3 / 3 - w + current, "w": sympy.Rational(2, 25) * (v + 0.7 - 0.8 * w)},
    )  # fmt: skip
    text = VectorField(
        "fhn_text", {"v": -1.0, "w": 0.0}, {"I": 0.5},
        {"v": "v - v^3/3 - w + I", "w": "0.08*(v + 0.7 - 0.8*w)"},
    )  # fmt: skip
    x = [0.3, -0.2]
    assert symbolic.rhs(x) == pytest.approx(text.rhs(x), rel=1e-15)


def test_a_delayed_signal_arrives_after_its_delay():
    # u' = (D u)/tau carries s(t) = exp(a t) without error up to spectral accuracy.
    for order, tolerance in ((6, 1e-6), (12, 1e-12)):
        matrix = differentiation_matrix(order)
        a, tau = -0.9, 1.0
        u = np.linalg.solve(a * tau * np.eye(order) - matrix[1:, 1:], matrix[1:, 0])
        assert u[-1] == pytest.approx(np.exp(-a * tau), rel=tolerance)


def test_delays_are_parsed_shared_and_named():
    model = VectorField(
        "echo", {"x": 0.5}, {"d": 2.0, "r": 1.0},
        {"x": "r*x*(1 - delay(x, d)) + 0*delay(x, d) + delay(x^2, 1.5)"},
    )  # fmt: skip
    assert len(model.lines) == 2
    assert model.compiled.n == 1 + 2 * model.delay_order
    full = model.fill_lines([0.7])
    assert full[1:7] == pytest.approx(np.full(6, 0.7)) or full[1:7] == pytest.approx(
        np.full(6, 0.49)
    )
    assert model.with_delay_order(9).compiled.n == 19
    x = sympy.Symbol("x")
    assert delay(x, 2).args == (x, 2)


def test_parameters_are_immutable_and_known():
    model = aln()
    other = model.with_parameters(mu_e=1.2)
    assert model.parameters["mu_e"] == 1.0
    assert other.parameters["mu_e"] == 1.2
    with pytest.raises(UnknownNameError, match="Did you mean 'mu_e'"):
        model.with_parameters(mu_ee=1.0)
    with pytest.raises(TypeError):
        model.parameters["mu_e"] = 3
    with pytest.raises(ModelError, match="immutable"):
        model.name = "other"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"equations": {"x": "-k*z"}}, "no symbol 'z'"),
        ({"equations": {"y": "-k"}}, "no state 'y'"),
        ({"equations": {}}, "no equation for the state x"),
        ({"states": {}}, "no states"),
        ({"states": {"x": State(float("nan"))}}, "initial value of x"),
        ({"states": {"x": State(0.0, (1.0, -1.0))}}, "empty or reversed"),
        ({"parameters": {"k": Parameter(-1.0, "ms", "time constant", positive=True)}}, "positive"),
        ({"parameters": {"k": float("inf")}}, "finite"),
        ({"parameters": {"k": 1.0, "x": 1.0}}, "both a state and a parameter"),
        ({"equations": {"x": "-k*delay(x, 0)"}}, "delay 0 is 0"),
        ({"equations": {"x": "-k*delay(x, -k)"}}, "must be positive"),
        ({"equations": {"x": "-k*delay(x, x)"}}, "depends on a state"),
        ({"definitions": {"f": "g", "g": "f"}, "equations": {"x": "f"}}, "depend on each other"),
        ({"time_unit": "hours"}, "no time unit 'hours'"),
        ({"name": "two words"}, "cannot name a model"),
        ({"equations": {"x": "besselj(1, x)"}}, "no function 'besselj'"),
    ],
)
def test_bad_definitions_are_refused_with_their_reason(arguments, message):
    base = {
        "name": "decay", "states": {"x": 1.0}, "parameters": {"k": 2.0}, "equations": {"x": "-k*x"},
    }  # fmt: skip
    with pytest.raises(DynsysError, match=message):
        model = VectorField(**(base | arguments))
        model.compiled  # noqa: B018 - a circle of definitions shows on compilation


def test_a_non_positive_time_constant_or_delay_is_refused_later_too():
    with pytest.raises(ModelError, match="tau_se"):
        aln().with_parameters(tau_se=0.0)
    with pytest.raises(ModelError, match="d_e"):
        aln().with_parameters(d_e=-1.0)
    with pytest.raises(ModelError, match="finite"):
        aln().with_parameters(mu_e=float("nan"))


@pytest.mark.parametrize("rate", ["1 + sin(x)/2", "2", "cos(t)"])
def test_a_state_that_runs_away_has_no_size_of_its_own(rate):
    model = VectorField("phase", {"x": 0.0}, {"t": 0.0}, {"x": rate})
    assert model.sizes.tolist() == [1.0]
    carrying = VectorField("growth", {"x": 1.0}, {"K": 1e5}, {"x": "x*(1 - x/K)"})
    assert carrying.sizes == pytest.approx([1e5], rel=1e-2)


def test_states_without_a_range_begin_at_their_lowest_value():
    box = VectorField(
        "rates", {"r": State(0.3, lowest=0.0), "s": State(0.3), "q": State(-1.0, lowest=0.0)}, {},
        {"r": "1 - r", "s": "1 - s", "q": "1 - q"},
    ).state_box()  # fmt: skip
    assert box[0][0] == 0.0 > box[0][1]
    assert box[0][2] == -1.0 < box[1][2]


def test_a_state_of_wrong_length_is_answered_with_the_names():
    with pytest.raises(ModelError, match="mu_fE"):
        aln().rhs([1.0, 2.0])


def test_models_survive_pickling_with_values_and_tables():
    model = aln(wiring="published").with_parameters(mu_e=1.7, a=15)
    copy = pickle.loads(pickle.dumps(model))
    x = model.initial_state()
    assert dict(copy.parameters) == dict(model.parameters)
    assert copy.rhs(x) == pytest.approx(model.rhs(x), rel=1e-14)
    assert copy.definition() == model.definition()


@pytest.mark.parametrize("name", LIBRARY)
def test_every_library_model_describes_itself_and_has_a_consistent_jacobian(name):
    model = LIBRARY[name]()
    text = model.describe()
    for word in ("States", "Parameters", "Equations", "Observables", "Source"):
        assert word in text
    assert "aligned" in model._repr_latex_()
    x, scales = model.initial_state(), model.scales
    jacobian = model.jacobian(x)
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = 1e-6 * scales[j]
        difference = (model.rhs(x + step) - model.rhs(x - step)) / (2 * step[j])
        error = np.abs(jacobian[:, j] - difference) * scales[j] / scales
        assert np.max(error) < 1e-5


def test_hodgkin_huxley_is_smooth_at_its_removable_singularities():
    model = LIBRARY["hodgkin_huxley"]()
    for v in (-40.0, -55.0):
        at, near = model.rhs([v, 0.1, 0.5, 0.4]), model.rhs([v + 1e-9, 0.1, 0.5, 0.4])
        assert np.all(np.isfinite(at))
        assert at == pytest.approx(near, rel=1e-6)
        assert np.all(np.isfinite(model.jacobian([v, 0.1, 0.5, 0.4])))


def test_a_damaged_cache_entry_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path))
    model = VectorField("cached", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x"})
    assert model.rhs([1.0]) == pytest.approx([-2.0])
    folder = model_folder(model.name, model.definition())
    (folder / "kernels.py").write_text("this is no python (")
    code = (
        "from dynsys import VectorField;"
        "print(VectorField('cached', {'x': 1.0}, {'k': 2.0}, {'x': '-k*x'}).rhs([3.0]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "-6." in done.stdout
    assert not list(folder.parent.glob(".draft-*"))


def test_an_unwritable_cache_says_which_variable_to_set(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(blocked / "below"))
    model = VectorField("nowhere", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x"})
    with pytest.warns(UserWarning, match="DYNSYS_CACHE_DIR"):
        assert model.rhs([1.0]) == pytest.approx([-2.0])


FILES = ["kernels.py", "second.py", "program.npz", "seal", "*.nbc", "*.nbi"]
DAMAGES = {
    "emptied": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "altered": lambda content: content[:-9] + bytes([content[-9] ^ 255]) + content[-8:],
    "another's": lambda content: b"x",
    "removed": lambda content: None,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_whatever_befalls_a_file_of_the_cache_it_is_made_again(file, damage, entry):
    for path in entry.rglob(file):
        left = DAMAGES[damage](path.read_bytes())
        path.unlink()
        if left is not None:
            path.write_bytes(left)
    for name in [name for name in sys.modules if "befallen" in name]:
        del sys.modules[name]
    compiled = _befallen().compiled
    out, change = np.empty(1), np.empty((1, 1))
    compiled.field(np.array([3.0]), np.array([2.0]), compiled.tables, out)
    compiled.jacobian_tangent(
        np.array([3.0]), np.array([2.0]), compiled.tables, np.ones(1), np.zeros(1), change
    )
    assert (out[0], change[0, 0]) == (-18.0, -4.0)
    assert {path.name for path in entry.iterdir()} == {compiled.folder.name}  # no drafts


def _befallen() -> VectorField:
    return VectorField("befallen", {"x": 1.0}, {"k": 2.0}, {"x": "-k*x^2"}, time_unit="")


@pytest.fixture(scope="module")
def kept_entry(tmp_path_factory):
    """A cache with one model, compiled once for all damages."""
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNSYS_CACHE_DIR", str(place))
        assert _befallen().compiled.jacobian_tangent
    return place / "models"


@pytest.fixture
def entry(kept_entry, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(kept_entry.parent))
    return kept_entry


def test_models_that_differ_in_numbers_alone_share_what_is_compiled():
    """A fit that makes a model in every round keeps one, not one for each."""
    one, other = (
        VectorField("decay", {"x": start}, {"a": a, "tau": 1.0}, {"x": "(a - x**3)/tau"})
        for start, a in ((0.5, 1.0), (0.7, 2.0))
    )
    assert one.compiled.field is other.compiled.field
    assert motion(one).field is motion(other).field
    apart = VectorField("decay", {"x": 0.5}, {"a": 1.0, "tau": 1.0}, {"x": "(a - x**5)/tau"})
    assert apart.compiled.field is not one.compiled.field
