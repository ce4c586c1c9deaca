"""PyDSTool on today's Python: its derivatives, its import, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dynsys.errors import DynsysError
from dynsys.exchange import pydstool_import
from dynsys.exchange.pydstool_import import pydstool
from dynsys.exchange.pydstool_specification import pydstool_name, specification
from dynsys.exchange.python_grammar import NUMBERS, expr
from dynsys.models import LIBRARY, aln

FUNCTIONS = {
    n: getattr(np, n) for n in ("sin", "cos", "sinh", "cosh", "tanh", "exp", "log", "sqrt")
}
WITHOUT_TABLES = [make for name, make in LIBRARY.items() if name != "aln"]
EXPRESSIONS = [
    "x**3", "x**2.5", "a*x**2 + b*x - 3", "(x + a)**3/(x**2 + 1)",
    "1/(1 + exp(-(x - a)/b))", "0.5*(1 + tanh((x + 1.2)/18))", "x*(x - a)*(1 - x)",
    "exp(-x**2)*sin(b*x)", "-x*log(x) - -x", "pow(x, 3)*pow(a, x)", "cosh((x - a)/(2*b))",
    "sqrt(x*x + a)", "x/(x/(1 + x))", "-(x - 2)**2", "2*-x + +x",
]  # fmt: skip


@pytest.fixture(scope="module")
def dst():
    return pydstool()


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_symbolic_derivatives_are_right(text, dst):
    written = str(dst.Diff(text, "x")).lower()

    def value(formula, x):
        return eval(
            formula, {"__builtins__": {}}, FUNCTIONS | {"pow": pow, "x": x, "a": 0.3, "b": 1.7}
        )

    h = 1e-5
    for x in (0.4, 1.3):
        difference = (value(text, x + h) - value(text, x - h)) / (2 * h)
        assert value(written, x) == pytest.approx(difference, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    "text", ["", "x +", "(x", "x)", "1 2", "x ** ", "sin(", "if", "a b", "x[1", "x..y", "$"]
)
def test_what_is_no_expression_is_a_syntax_error(text):
    with pytest.raises(SyntaxError):
        expr(text)


def test_every_level_of_the_grammar_is_in_a_tree():
    tree, levels = expr("x").tolist()[1], []
    while isinstance(tree[1], list):
        levels.append(tree[0])
        tree = tree[1]
    names = (
        "testlist test or_test and_test not_test comparison expr xor_expr and_expr shift_expr "
        "arith_expr term factor power atom_expr atom"
    )
    assert levels == [NUMBERS[name] for name in names.split()]
    assert tree[1] == "x"


def test_a_wrong_derivative_is_never_let_through(dst, monkeypatch):
    class Wrong:
        @staticmethod
        def Diff(text, name):
            return text  # as a careless stand-in for the old parser gives

    with pytest.raises(DynsysError, match="derivative of"):
        pydstool_import._check_derivatives(Wrong)


def test_numpy_scipy_and_the_standard_library_stay_as_they_are():
    code = (
        "import sys, numpy, scipy.special\n"
        "before = set(dir(numpy)), set(dir(scipy.special)), dict(__import__('token').tok_name)\n"
        "from dynsys.exchange.pydstool_import import pydstool\n"
        "pydstool()\n"
        "assert (set(dir(numpy)), set(dir(scipy.special))) == before[:2]\n"
        "assert __import__('token').tok_name == before[2]\n"
        "assert not {'parser', 'symbol', 'numpy.distutils'} & set(sys.modules)\n"
        "assert not hasattr(numpy, 'Inf')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_pydstool_is_said(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="PyDSTool")

    monkeypatch.setattr(pydstool_import.importlib, "import_module", absent)
    with pytest.raises(DynsysError, match="pip install"):
        pydstool.__wrapped__()


def test_exec_and_locals_of_one_function_share_their_names():
    """Python 3.13 separated them; the adapted code joins them on every version."""
    import ast

    source = "def f(a):\n    exec('def g(x): return x + 1')\n    return locals()['g'](a)\n"
    tree = ast.fix_missing_locations(pydstool_import._Adapter().visit(ast.parse(source)))
    names: dict = {}
    exec(compile(tree, "adapted", "exec"), names)
    assert names["f"](2) == 3
    assert "_made_" in ast.unparse(tree)


@pytest.mark.parametrize("name", LIBRARY)
def test_a_generator_answers_with_our_field_and_jacobian(name):
    model = LIBRARY[name]()
    names = [pydstool_name(k) for k in model.state_names]
    ode, order, x = model.to_pydstool(), np.argsort(names), model.initial_state()
    xdict = dict(zip(names, x, strict=True))
    assert ode.Rhs(0, xdict, asarray=True) == pytest.approx(model.rhs(x)[order], rel=1e-14)
    expected = model.jacobian(x)[np.ix_(order, order)]
    assert ode.Jacobian(0, xdict) == pytest.approx(expected, rel=1e-14)
    assert list(ode.funcspec.vars) == sorted(names)
    ode.set(pars={model.parameter_names[0]: 0.25})
    moved = model.with_parameters(**{model.parameter_names[0]: 0.25})
    assert ode.Rhs(0, xdict, ode.pars) == pytest.approx(moved.rhs(x)[order], rel=1e-14)


@pytest.mark.parametrize("model", [f() for f in WITHOUT_TABLES], ids=lambda m: m.name)
def test_pydstool_itself_reads_our_specification_to_the_same_field(model, dst):
    ode = dst.Generator.Vode_ODEsystem(dst.args(**specification(model), tdata=[0, 1]))
    names = [pydstool_name(k) for k in model.state_names]
    order = np.argsort(names)
    rng = np.random.default_rng(4)
    for _ in range(5):
        x = model.initial_state() * (1 + 0.1 * rng.random(len(names))) + 0.01
        xdict = dict(zip(names, x, strict=True))
        assert ode.Rhs(0, xdict, asarray=True) == pytest.approx(model.rhs(x)[order], rel=1e-12)


def test_delays_and_tables_reach_pydstool_as_one_generator():
    ode = aln().to_pydstool()
    assert len(ode.funcspec.vars) == 23
