"""Models written for AUTO-07p, XPPAUT and PyDSTool give the same field, to 1e-12."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from continuation import equilibria
from dynsys import ModelError, UnknownNameError, VectorField, read_ode, read_pydstool, simulate
from dynsys.exchange.auto import auto_numbers
from dynsys.exchange.pydstool_specification import specification, write_script
from dynsys.exchange.xpp_names import xpp_names
from dynsys.models import (
    LIBRARY,
    adex_neuron,
    aln,
    fitzhugh_nagumo,
    hodgkin_huxley,
    jansen_rit,
    morris_lecar,
    ring,
    wilson_cowan,
)

COMPILER = shutil.which("gcc") or shutil.which("cc")
compiled = pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) on the path")
# What the generated file needs of AUTO's own header; linkage stays external for ctypes.
HEADER = """
typedef int integer;
typedef double doublereal;
#define ARRAY2D(array,i,j) array[(i) + (j) * array ## _dim1]
static doublereal getp(const char *code, integer ic, const doublereal *u) { return 0.0; }
"""
EVERYTHING = VectorField(
    "everything",
    {"x": 0.4, "y": 0.3, "z": 0.2},
    {"k": 1.3, **{f"p{i}": 0.1 * i for i in range(12)}},
    {
        "x": "k*s - x*exp(p1*y) + max(x, y, z*p3) + p11*abs(y - x) + linoid(x - y)",
        "y": "sin(x) + cos(y) + tan(z/4) + asin(x/3) - acos(y/3) + atan(z) + sign(x)*(2 + x)^1.7",
        "z": "if((x > y) & (z < 1))then(x^2)else(heav(y)*min(x, p9)) - sinh(z)/cosh(y) + log(3 + z)"
        " + sqrt(4 + x*y) - p10*tanh(x) + p0/k",
    },
    definitions={"s": "x^3/(1 + y^2)", "unused": "s + z"},
    observables={"x": "x", "total": "x + s"},
)
DELAYED = VectorField(
    "delayed",
    {"u": 0.5, "v": 0.2},
    {"P": 0.65, "tau": 0.09},
    {"u": "-u + P*lag", "v": "-v + 1/(1 + exp(-(0.5 - delay(rate, tau + 0.1))))"},
    definitions={"rate": "tanh(u*v)", "lag": "delay(u + 0.4*v, tau)"},
)
MODELS = {**{name: make() for name, make in LIBRARY.items()}, "everything": EVERYTHING}


def states_near(model, count=12):
    """Physical states around the initial one, delay lines at rest."""
    start = model.initial_state()[: len(model.states)]
    rng = np.random.default_rng(11)
    for _ in range(count):
        yield start * (1 + 0.2 * rng.normal(size=len(start))) + 1e-3 * rng.random(len(start))


def compile_c(source, folder):
    library = folder / f"{source.stem}_test.so"
    subprocess.run(
        [COMPILER, "-O1", "-Wall", "-Werror", "-Wno-unused-variable", "-shared", "-fPIC",
         "-I", str(folder), "-o", str(library), str(source), "-lm"],
        check=True,
    )  # fmt: skip
    return ctypes.CDLL(str(library))


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def agree(a, b):
    return np.max(np.abs(a - b) / (1 + np.abs(b)), initial=0.0) < 1e-12


@compiled
@pytest.mark.parametrize("name", MODELS)
def test_autos_equations_give_our_field_and_derivatives(name, tmp_path):
    model = MODELS[name]
    start = [0.4, 0.3, 0.2] if name == "everything" else None
    if name == "everything":  # its equations have no equilibrium there: the writer of text alone
        from dynsys.exchange.auto import equations

        (tmp_path / "everything.c").write_text(equations(model, np.array(start)))
    else:
        assert {p.name for p in model.to_auto(tmp_path)} >= {f"{name}.c", f"c.{name}"}
    (tmp_path / "auto_f2c.h").write_text(HEADER)
    library = compile_c(tmp_path / f"{name}.c", tmp_path)
    n, numbers = model.compiled.n, auto_numbers(model)
    u, par = np.zeros(n), np.zeros(64)
    library.stpnt(n, ctypes.c_double(0.0), pointer(u), pointer(par))
    assert [par[k - 1] for k in numbers.values()] == list(model.parameters.values())
    if name != "everything":
        assert np.max(np.abs(model.rhs(u))) < 1e-9  # AUTO starts from an equilibrium
    f, icp = np.zeros(n), np.zeros(8, dtype=np.int32)
    dfdu, dfdp = np.zeros((n, n), order="F"), np.zeros((n, 64), order="F")
    for physical in states_near(model):
        x = model.fill_lines(physical)
        library.func(
            n, pointer(x), icp.ctypes.data_as(ctypes.c_void_p), pointer(par), 2,
            pointer(f), pointer(dfdu), pointer(dfdp),
        )  # fmt: skip
        assert agree(f, model.rhs(x))
        assert agree(dfdu, model.jacobian(x))
        for parameter, k in numbers.items():
            assert agree(dfdp[:, k - 1], model.parameter_derivative(x, parameter))


def test_auto_keeps_its_own_parameters():
    numbers = auto_numbers(EVERYTHING)
    assert len(numbers) == 13
    assert not set(numbers.values()) & {10, 11, 12, 13, 14}


def test_autos_constants_name_states_parameters_and_the_span(tmp_path):
    morris_lecar().to_auto(tmp_path, parameter="I", span=(0, 250))
    text = (tmp_path / "c.morris_lecar").read_text()
    constants: dict = {}
    for line in text.splitlines():
        exec(f"constants.update(dict({line}))")  # AUTO reads it as Python too
    assert constants["ICP"] == ["I"]
    assert constants["NDIM"] == 2
    assert (constants["RL0"], constants["RL1"]) == (0.0, 250.0)
    assert constants["unames"] == {1: "V", 2: "w"}
    assert constants["parnames"][auto_numbers(morris_lecar())["I"]] == "I"
    assert constants["JAC"] == 1
    compile((tmp_path / "morris_lecar.auto").read_text(), "morris_lecar.auto", "exec")


def test_a_parameter_called_period_keeps_out_of_autos_way(tmp_path):
    model = VectorField("p", {"x": 0.0}, {"PERIOD": 1.0}, {"x": "PERIOD - x"})
    model.to_auto(tmp_path)
    text = (tmp_path / "c.p").read_text()
    assert "ICP = ['PERIOD_']" in text and "1: 'PERIOD_', 10: 'AMPLITUDE', 11: 'PERIOD'" in text


def test_a_ring_of_thousands_of_equations_is_no_auto_job_and_says_so_at_once(tmp_path):
    with pytest.raises(ModelError, match=r"4020 equations \(60 states and 660 delay lines"):
        ring().to_auto(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_neuron_that_resets_says_what_of_it_can_be_exported(tmp_path):
    with pytest.raises(ModelError, match=r"neuron\.field\.to_auto"):
        adex_neuron().to_auto(tmp_path)
    with pytest.raises(ModelError, match=r"neuron\.field\.to_xppaut"):
        adex_neuron().to_xppaut(tmp_path / "n.ode")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parameter": "II"}, "Did you mean 'I'"),
        ({"parameter": "I", "span": (5, 1)}, "reversed"),
        ({"parameter": "I", "span": (500, 501)}, "outside the span"),
    ],
)
def test_an_auto_job_that_cannot_start_is_refused(options, message, tmp_path):
    with pytest.raises((ModelError, UnknownNameError), match=message):
        morris_lecar().to_auto(tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_a_model_without_equilibrium_is_no_auto_job(tmp_path):
    drift = VectorField("drift", {"x": 0.0}, {"a": 1.0}, {"x": "a + x^2"})
    with pytest.raises(ModelError, match="no equilibrium was found"):
        drift.to_auto(tmp_path)


@pytest.mark.skipif(shutil.which("auto") is None, reason="AUTO-07p is not on the path")
def test_auto_runs_an_exported_job_and_finds_our_points(tmp_path):
    """Rows of a b-file: branch, point, type (2 fold, 3 Hopf), label, parameter, ..."""
    model = morris_lecar("saddle-node").with_parameters(I=0.0)
    model.to_auto(tmp_path, parameter="I", span=(-60, 200))
    subprocess.run(["auto", "morris_lecar.auto"], cwd=tmp_path, check=True, timeout=300)
    rows = [
        line.split() for line in (tmp_path / "b.morris_lecar_equilibria").read_text().splitlines()
    ]
    kinds = {2: [], 3: []}
    for row in rows:
        if len(row) > 5 and row[0] != "0" and abs(int(row[2])) % 10 in kinds:
            kinds[abs(int(row[2])) % 10].append(float(row[4]))
    assert sorted(kinds[2]) == pytest.approx([-9.94903932262, 39.9631530927], rel=1e-8)
    assert kinds[3] == pytest.approx([97.6461639215], rel=1e-8)


@pytest.mark.skipif(shutil.which("auto") is None, reason="AUTO-07p is not on the path")
@pytest.mark.parametrize(
    ("model", "parameter", "span", "folds"),
    [
        (jansen_rit(), "p", (-100, 400), [-41.301410488, 113.58627321]),
        (wilson_cowan(), "P", (-3, 6), [3.1800181306, 4.4779923944]),
    ],
    ids=["jansen_rit", "wilson_cowan"],
)
def test_auto_finds_folds_of_states_that_are_small_beside_the_parameter(
    model, parameter, span, folds, tmp_path
):
    model.to_auto(tmp_path, parameter=parameter, span=span)
    subprocess.run(["auto", f"{model.name}.auto"], cwd=tmp_path, check=True, timeout=300)
    text = (tmp_path / f"b.{model.name}_equilibria").read_text()
    rows = [line.split() for line in text.splitlines()]
    found = [float(r[4]) for r in rows if len(r) > 5 and r[0] != "0" and abs(int(r[2])) % 10 == 2]
    assert sorted(found) == pytest.approx(folds, rel=1e-8)


@pytest.mark.skipif(shutil.which("auto") is None, reason="AUTO-07p is not on the path")
def test_autos_cycles_end_at_the_hopf_point_to_which_they_shrink(tmp_path):
    model = fitzhugh_nagumo().with_parameters(epsilon=0.4)
    model.to_auto(tmp_path, parameter="I", span=(0, 2))
    subprocess.run(["auto", f"{model.name}.auto"], cwd=tmp_path, check=True, timeout=300)
    hopf = [p.parameters["I"] for p in equilibria(model, "I", (0, 2)).special_points]
    assert len(hopf) == 2
    for number, (begin, end) in enumerate([hopf, hopf[::-1]], 1):
        text = (tmp_path / f"b.{model.name}_cycles{number}").read_text()
        rows = np.array([line.split()[:5] for line in text.splitlines()], dtype=object)
        rows = np.array([r for r in rows if r[0] != "0"], dtype=float)
        kinds = np.abs(rows[:, 2]).astype(int) % 10
        assert not np.any(kinds == 6) and kinds[-1] == 4  # no branch point; the user's stop
        assert rows[0, 4] == pytest.approx(begin, abs=1e-3)
        assert rows[-1, 4] == pytest.approx(end, abs=1e-3)


@pytest.mark.parametrize("name", [k for k in MODELS if k != "aln"])
def test_a_round_trip_through_xppaut_keeps_the_field(name, tmp_path):
    model = MODELS[name]
    back = read_ode(model.to_xppaut(tmp_path / f"{name}.ode")[0])
    assert list(back.parameters.values()) == list(model.parameters.values())
    assert back.initial_state() == pytest.approx(model.initial_state(), rel=1e-15)
    for x in states_near(model):
        assert agree(back.rhs(x), model.rhs(x))
        written = {*model.states, *model.definitions}
        expected = [v for k, v in model.observe(x).items() if k not in written]
        kept = list(back.observe(x).values())[len(back.states) :]
        assert kept == pytest.approx(expected, rel=1e-12)
    assert max(map(len, (tmp_path / f"{name}.ode").read_text().splitlines())) < 1000


def test_delays_of_signals_become_xppauts_delays_of_states(tmp_path):
    text = DELAYED.to_xppaut(tmp_path / "delayed.ode")[0].read_text()
    assert "=delay(u,tau)" in text
    assert "=delay(v,tau+0.1)" in text or "=delay(v,0.1+tau)" in text
    back = read_ode(tmp_path / "delayed.ode")
    assert len(back.lines) == 4  # u and v, each by tau and by tau + 0.1
    for x in states_near(DELAYED):
        assert agree(back.rhs(x)[:2], DELAYED.rhs(x)[:2])


def test_a_signal_that_depends_on_its_own_past_travels_as_its_line(tmp_path):
    echo = VectorField(
        "echo", {"x": 0.3}, {"T": 2.0, "g": 0.5}, {"x": "-x + r"},
        definitions={"r": "tanh(x + g*delay(r, T))"}, delay_order=3,
    )  # fmt: skip
    back = read_ode(echo.to_xppaut(tmp_path / "echo.ode")[0])
    rng = np.random.default_rng(2)
    for _ in range(5):
        x = rng.normal(size=4)
        assert agree(back.rhs(x), echo.rhs(x))


def rk4_path(model, step, count):
    x, path = model.initial_state(), [model.initial_state()]
    for _ in range(count):
        a = model.rhs(x)
        b = model.rhs(x + step / 2 * a)
        c = model.rhs(x + step / 2 * b)
        x = x + step / 6 * (a + 2 * b + 2 * c + model.rhs(x + step * c))
        path.append(x)
    return np.array(path)


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="XPPAUT is not on the path")
@pytest.mark.parametrize("name", [*LIBRARY, "delayed"])
def test_xppaut_integrates_an_exported_model_as_we_do(name, tmp_path):
    model = {**MODELS, "delayed": DELAYED}[name]
    ode, *source = model.to_xppaut(tmp_path / f"{name}.ode")
    if source:
        command = ["-O2", "-shared", "-fPIC", "-o", f"{name}.so", f"{name}.c", "-lm"]
        subprocess.run([COMPILER, *command], check=True, cwd=tmp_path)
    command = ["xppaut", ode.name, "-silent"]
    subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, timeout=120)
    rows = np.loadtxt(tmp_path / "output.dat")
    assert len(rows) == 20001  # the file as it was written runs to its end
    step, count, many = rows[1, 0], len(model.states), 400
    if source and model.lines:  # XPPAUT integrates the nodes of the delay lines, simulate none
        expected = rk4_path(model, step, many)[:, :count]
    else:
        ours = simulate(model, many * step, method="rk4", dt=step, record="states")
        expected = np.stack([ours[k].values for k in model.states], axis=-1)
    # All stages of XPPAUT's step read the past of its beginning: first order in dt.
    tolerance = 5e-3 if model.lines and not source else 1e-6
    error = np.abs(rows[: many + 1, 1 : 1 + count] - expected).max(axis=0)
    assert np.all(error <= tolerance * np.maximum(np.abs(expected).max(axis=0), 1e-3))


def test_long_equations_are_cut_into_lines_that_xppaut_holds(tmp_path):
    text = "-x + " + " + ".join(f"k*tanh(x*{i}.123456789 + {i})*exp(-x*{i})" for i in range(1, 60))
    long = VectorField("long", {"x": 0.01}, {"k": 0.3}, {"x": text})
    path = long.to_xppaut(tmp_path / "long.ode")[0]
    assert max(map(len, path.read_text().splitlines())) < 1000
    assert agree(read_ode(path).rhs([0.02]), long.rhs([0.02]))


@compiled
def test_tables_reach_xppaut_as_compiled_c(tmp_path):
    model = aln().with_parameters(a=15.0, b=40.0)
    ode, source = model.to_xppaut(tmp_path / "aln.ode")
    text = ode.read_text()
    assert "dll_lib=./aln.so" in text
    assert source.read_text().startswith("/* gcc -O2 -shared -fPIC -o aln.so aln.c -lm */")
    library, n = compile_c(source, tmp_path), model.compiled.n
    out = np.zeros(n)
    for physical in states_near(model):
        x = model.fill_lines(physical)
        sent = np.concatenate([x, model.parameter_array()])
        library.field(pointer(sent), pointer(out), len(sent), n, None, None)
        assert agree(out, model.rhs(x))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["V", "v"], ["V", "v_2"]),
        (["max", "t"], ["max_", "t_"]),
        (["sigma_e_ext", "sigma_e_exz"], ["sigma_e_e", "sigma_e_2"]),
        (["μ"], ["z"]),
    ],
)
def test_names_that_xppaut_would_confuse_are_changed(names, expected):
    assert list(xpp_names(names).values()) == expected


def test_only_an_ode_file_is_written_for_xppaut(tmp_path):
    with pytest.raises(ModelError, match=r"must end in \.ode"):
        morris_lecar().to_xppaut(tmp_path / "morris_lecar.txt")


# --- PyDSTool -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [k for k in MODELS if k != "aln"])
def test_a_round_trip_through_a_pydstool_specification_keeps_the_field(name):
    model = MODELS[name]
    back = read_pydstool(specification(model))
    for x in model.fill_lines(np.array(list(states_near(model)))):
        assert agree(back.rhs(x), model.rhs(x))


def test_delay_lines_are_states_of_a_pydstool_specification(tmp_path):
    given = specification(DELAYED)
    assert list(given["varspecs"]) == list(DELAYED.state_names)
    assert agree(read_pydstool(given).rhs(DELAYED.initial_state()), DELAYED.rhs([0.5, 0.2]))
    path = write_script(DELAYED, tmp_path / "delayed.py")
    compile(path.read_text(), path.name, "exec")


def test_tables_do_not_fit_into_a_pydstool_specification():
    with pytest.raises(ModelError, match="to_pydstool"):
        specification(aln())


def test_a_pydstool_script_of_morris_lecar_is_read_as_it_is():
    """The specification of PyDSTool's own documentation, with `^` meant as a power."""
    model = read_pydstool(
        {
            "name": "ML",
            "pars": {"I": 90, "gca": 4.4, "phi": 0.04},
            "ics": {"v": -30, "w": 0.1},
            "fnspecs": {"minf": (["v"], "0.5*(1 + tanh((v + 1.2)/18))"),
                        "winf": (["v"], "0.5*(1 + tanh((v - 2)/30))"),
                        "Jacobian": (["t", "v", "w"], "[[0, 0], [0, 0]]")},
            "varspecs": {"v": "(I - ica - 8*w*(v + 84) - 2*(v + 60))/20",
                         "w": "phi*(winf(v) - w)*cosh((v - 2)/60)",
                         "speed": "sqrt(v^2)"},
            "auxvars": ["speed"],
            "reuseterms": {"gca*minf(v)*(v - 120)": "ica"},
            "xdomain": {"v": [-100, 100]},
            "algparams": {"init_step": 0.1},
        }
    )  # fmt: skip
    ours = morris_lecar().with_parameters(I=90)
    assert agree(model.rhs([-20, 0.2]), ours.rhs([-20, 0.2]))
    assert model.states["v"].range == (-100, 100)
    assert model.observe([-20, 0.2])["speed"] == 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"varspecs": {"x": "m - y^2"}}, "no symbol 'y'"),
        ({"pars": {}}, "no symbol 'm'"),
        ({"pars": {"m": 1, "exp": 2}}, "shadows the function exp"),
        ({"varspec": {}}, "Did you mean 'varspecs'"),
        ({"varspecs": {}}, "no varspecs"),
        ({"inputs": {"u": 1}}, "external input"),
        ({"events": ["stop"]}, "hybrid"),
        ({"varspecs": {"x": "m - sin(t)"}}, "depends on the time"),
        ({"varspecs": {"x": "for(i, 0, 3, m)"}}, r"for\(...\)"),
        ({"fnspecs": {"f": "x"}}, "write"),
        ({"fnspecs": {"massMatrix": (["t"], "1")}}, "mass matrices"),
        ({"ics": {"y": 1}}, "no variable 'y'"),
        ({"auxvars": ["speed"]}, "no specification for the auxiliary 'speed'"),
    ],
)
def test_specifications_that_hide_a_mistake_are_refused(changes, message):
    given = {"name": "fold", "pars": {"m": 1}, "varspecs": {"x": "m - x^2"}, **changes}
    with pytest.raises((ModelError, UnknownNameError), match=message):
        read_pydstool(given)


# --- LaTeX --------------------------------------------------------------------------------------


def test_latex_holds_equations_parameters_units_and_source(tmp_path):
    text = hodgkin_huxley().to_latex(tmp_path / "hh.tex")
    assert (tmp_path / "hh.tex").read_text() == text
    assert r"\frac{d V}{dt} &=" in text
    assert r"\alpha_{m} &= \mathrm{linoid}" in text
    assert r"$gNa$ & 120 & mS/cm\textasciicircum{}2 & sodium conductance \\" in text
    assert "Hodgkin & Huxley 1952" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
