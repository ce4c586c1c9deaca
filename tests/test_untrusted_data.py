"""Data never executes: hostile values through every public way in leave no mark."""

from __future__ import annotations

import contextlib
import json

import networkx as nx
import numpy as np
import pytest
import sympy
import xarray as xr

import continuation
from continuation import equilibria, until, user_points
from dynsys import (
    Attractors,
    Coupling,
    Diffusion,
    Observable,
    Parameter,
    SmoothTable,
    State,
    VectorField,
    couple,
    delay,
    read_ode,
    read_pydstool,
    simulate,
)
from dynsys.cells import AdExCell, EquationCell
from dynsys.commands import main
from dynsys.expressions.delay import Delay
from dynsys.expressions.functions import Linoid
from dynsys.expressions.lookup import TableLookup
from dynsys.expressions.partials import Partial
from dynsys.models import wilson_cowan
from dynsys.serialization import to_dict
from dynsys.spike_rule import SpikeRule
from dynsys.transfer import TransferFunction
from dynsys.transfer.fitted import load_transfer_function, save_transfer_function
from dynsys.transfer.membrane import SynapticInput, membrane_statistics
from stimulation import Constant, ElectricField, Pulse, Ramp, Sine, Step
from stimulation.waveforms.units import quantity
from tests.payloads import WRAPPED, code, leaves, replaced
from validation.networks.structure import Structure
from validation.trials.sweeps import Sweep

X = sympy.Symbol("x", real=True)
FOLD = VectorField("fold", {"x": 1.0}, {"m": 1.0}, {"x": "m - x^2"})
GRID = np.linspace(0.0, 1.0, 9)
TABLE = SmoothTable("f", {"a": GRID, "b": GRID}, {"q": np.outer(GRID, GRID)})
PAIR = nx.DiGraph([("a", "b"), ("b", "a")])
SPECIFICATION = {"name": "fold", "pars": {"m": 1}, "varspecs": {"x": "m - x^2"}}
PASSIVE = {"rate": X, "Q": 1.0, "tau": 5.0, "E": 0.0}


def fold(**given):
    """The fold with other arguments."""
    whole = {"states": {"x": 1.0}, "parameters": {"m": 1.0}, "equations": {"x": "m - x^2"}}
    return VectorField("fold", **whole | given)


def coupled(**given):
    whole = {"source": "x", "target": "m", "weight": 1.0}
    return couple(FOLD, PAIR, **whole | given)


def weighed(value):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight=value, delay=value)
    return couple(FOLD, graph, source="x", target="m")


def carried(value):
    graph = PAIR.copy()
    graph.nodes["a"]["m"] = value
    return couple(FOLD, graph, source="x", target="m", weight=1.0)


def named(value):
    graph = nx.DiGraph([(value, "b"), ("b", value)])
    return couple(FOLD, graph, source="x", target="m", weight=1.0)


def attributed(value):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", **{"weight": 1.0}, **{str(value): value})
    return couple(FOLD, graph, source="x", target="m", weight=str(value))


# Every public way in for a value: a label and what is done with the value.
WAYS = {
    "equation": lambda v: fold(equations={"x": v}),
    "definition": lambda v: fold(definitions={"d": v}),
    "observable": lambda v: fold(observables={"o": v}),
    "Observable": lambda v: fold(observables={"o": Observable(v)}),
    "name of an observable": lambda v: fold(observables={v: "x"}).definition(),
    "name of a definition": lambda v: fold(definitions={v: "x"}),
    "initial value": lambda v: fold(states={"x": v}),
    "State": lambda v: fold(states={"x": State(v)}),
    "range": lambda v: fold(states={"x": State(1.0, v)}),
    "ends of a range": lambda v: fold(states={"x": State(1.0, (v, v))}),
    "lowest value": lambda v: fold(states={"x": State(1.0, lowest=v)}),
    "unit": lambda v: fold(states={"x": State(1.0, unit=v)}).describe(),
    "name of a state": lambda v: fold(states={v: 1.0}, equations={v: "m"}),
    "parameter": lambda v: fold(parameters={"m": v}),
    "Parameter": lambda v: fold(parameters={"m": Parameter(v)}),
    "name of a parameter": lambda v: fold(parameters={"m": 1.0, v: 1.0}),
    "name of a model": lambda v: VectorField(v, {"x": 1.0}, {}, {"x": "-x"}).compiled,
    "source": lambda v: fold(source=v).describe(),
    "meaning": lambda v: fold(meaning=v).describe(),
    "delay order": lambda v: fold(delay_order=v),
    "time unit": lambda v: fold(time_unit=v),
    "table": lambda v: fold(tables={"f": v}),
    "attractors": lambda v: fold(attractors=Attractors(v, (v,), (v, v))).describe(),
    "with_observables": lambda v: FOLD.with_observables(o=v),
    "with_parameters": lambda v: FOLD.with_parameters(m=v),
    "with_delay_order": lambda v: FOLD.with_delay_order(v),
    "state to evaluate at": lambda v: FOLD.rhs([v]),
    "delay, signal": lambda v: delay(v, 1),
    "delay, lag": lambda v: delay(X, v),
    "Delay": lambda v: Delay(v, 1),
    "Partial": lambda v: (Partial(v, X), Partial(X, v)),
    "Linoid": lambda v: Linoid(v),
    "TableLookup": lambda v: TableLookup(sympy.Symbol("f"), 0, 0, 0, v, v),
    "table.quantity": lambda v: TABLE.q(v, 1),
    "table.expression": lambda v: TABLE.expression("q", 1, v),
    "name of a quantity": lambda v: TABLE.expression(v, 1, 1),
    "axis of a table": lambda v: SmoothTable("f", {"a": v, "b": GRID}, {"q": GRID}),
    "coupling, source": lambda v: coupled(source=v),
    "coupling, target": lambda v: coupled(target=v),
    "coupling, weight": lambda v: coupled(weight=v),
    "coupling, delay": lambda v: coupled(delay=v),
    "coupling, parameters": lambda v: coupled(parameters={"K": v}, weight="K"),
    "coupling, name": lambda v: coupled(name=v).compiled,
    "coupling, per node": lambda v: coupled(per_node=[v]),
    "Coupling": lambda v: couple(FOLD, PAIR, Coupling("x", "m", v, v)),
    "Diffusion": lambda v: couple(FOLD, PAIR, Diffusion(v, "m", 1.0)),
    "couplings": lambda v: couple(FOLD, PAIR, v),
    "edge attribute": weighed,
    "name of an edge attribute": attributed,
    "node attribute": carried,
    "name of a node": named,
    "noise": lambda v: simulate(FOLD, 1.0, noise={"x": v}, seed=1, dt=0.1),
    "recorded": lambda v: simulate(FOLD, 1.0, record=[v]),
    "initial state": lambda v: simulate(FOLD, 1.0, initial=v),
    "membrane": lambda v: [
        membrane_statistics([SynapticInput(**PASSIVE | {k: v})], 10, 200, -65) for k in PASSIVE
    ],
    "leak": lambda v: membrane_statistics([SynapticInput(**PASSIVE)], v, 200, -65),
    "membrane potential": lambda v: membrane_statistics([SynapticInput(**PASSIVE)], 10, 200, v),
    "cell": lambda v: AdExCell("mine", E_L=v),
    "spike rule, threshold": lambda v: SpikeRule(v),
    "spike rule, reset": lambda v: SpikeRule(0.0, v),
    "spike rule, refractory": lambda v: SpikeRule(0.0, 1.0, v),
    "spike rule, increments": lambda v: SpikeRule(0.0, increments={"w": v}),
    "coefficients": lambda v: TransferFunction("f", "RS", (v,) * 10),
    "span of a branch": lambda v: equilibria(FOLD, "m", (v, v)),
    "parameter of a branch": lambda v: equilibria(FOLD, v, (-1, 2)),
    "Step": lambda v: Step(v, 0, 1),
    "Step, time": lambda v: Step("1 pA", v, v),
    "Pulse": lambda v: Pulse(v, 0, 1),
    "Ramp": lambda v: Ramp(v, 0, 1),
    "Sine": lambda v: Sine(v, frequency=10),
    "Sine, frequency": lambda v: Sine("1 pA", frequency=v),
    "Constant": lambda v: Constant(v),
    "quantity": lambda v: quantity(v),
    "unit of a quantity": lambda v: quantity(f"1 {v}"),
    "ElectricField": lambda v: ElectricField(dendrite_length=v),
    "field": lambda v: ElectricField(1200).current(v, frequency=30),
    "PyDSTool, varspecs": lambda v: read_pydstool(SPECIFICATION | {"varspecs": {"x": v}}),
    "PyDSTool, auxvars": lambda v: read_pydstool(
        SPECIFICATION | {"varspecs": {"x": "m - x^2", "a": v}, "auxvars": ["a"]}
    ),
    "PyDSTool, pars": lambda v: read_pydstool(SPECIFICATION | {"pars": {"m": v}}),
    "PyDSTool, ics": lambda v: read_pydstool(SPECIFICATION | {"ics": {"x": v}}),
    "PyDSTool, name": lambda v: read_pydstool(SPECIFICATION | {"name": v}),
    "PyDSTool, xdomain": lambda v: read_pydstool(SPECIFICATION | {"xdomain": {"x": v}}),
    "PyDSTool, reuseterms": lambda v: read_pydstool(
        SPECIFICATION | {"reuseterms": {"m*x": "a", str(v): "b"}}
    ),
    "PyDSTool, fnspecs": lambda v: read_pydstool(
        SPECIFICATION | {"varspecs": {"x": "g(x)"}, "fnspecs": {"g": (["u"], v)}}
    ),
    "PyDSTool, arguments": lambda v: read_pydstool(
        SPECIFICATION | {"varspecs": {"x": "g(x)"}, "fnspecs": {"g": (v, "u")}}
    ),
    "PyDSTool": read_pydstool,
    "from_dict": VectorField.from_dict,
    "structure of a network": lambda v: Structure.from_json(json.dumps({"neurons": str(v)})),
}


def leaves_no_mark(mark, run, *arguments):
    """Let it run to whatever end; what counts is that the mark is not there."""
    with contextlib.suppress(Exception):
        run(*arguments)
    assert not mark.exists()


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("way", WAYS)
def test_no_argument_executes(way, wrapping, tmp_path):
    mark = tmp_path / "mark"
    leaves_no_mark(mark, WAYS[way], WRAPPED[wrapping](code(mark)))


def test_the_payload_would_leave_its_mark(tmp_path):
    exec(code(tmp_path / "mark"))
    assert (tmp_path / "mark").exists()
    sympy.sympify([code(tmp_path / "other")])
    assert (tmp_path / "other").exists()


def in_text(mark):
    """Payloads that a file can hold."""
    return [code(mark), [code(mark)], {code(mark): code(mark)}, f"1 + {code(mark)}"]


@pytest.mark.parametrize("place", leaves(to_dict(wilson_cowan())), ids=str)
def test_no_stored_model_executes(place, tmp_path):
    mark = tmp_path / "mark"
    for payload in in_text(mark):
        leaves_no_mark(
            mark, VectorField.from_dict, replaced(to_dict(wilson_cowan()), place, payload)
        )


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The header of a stored branch, and its data."""
    path = equilibria(FOLD, "m", (-1, 2)).save(tmp_path_factory.mktemp("stored") / "good.nc")
    data = xr.load_dataset(path, engine="netcdf4")
    del data.attrs["dynsys_checksums"]  # an attacker's file says nothing
    return json.loads(data.attrs["dynsys"]), data


def test_no_stored_branch_executes(stored, tmp_path):
    head, data = stored
    mark, path = tmp_path / "mark", tmp_path / "evil.nc"
    assert len(leaves(head)) > 40
    for place in leaves(head):
        for payload in in_text(mark)[:2]:
            changed = json.dumps(replaced(head, place, payload))
            data.assign_attrs(dynsys=changed).to_netcdf(path, engine="netcdf4")
            leaves_no_mark(mark, lambda: print(continuation.load(path)))


def test_no_stored_run_and_no_attribute_executes(tmp_path):
    mark = tmp_path / "mark"
    data = xr.Dataset({"r_E": ("time", [1.0])}, attrs={"structure": code(mark)})
    data["r_E"].attrs = {"units": code(mark), "dtype": code(mark), "calendar": code(mark)}
    data.to_netcdf(tmp_path / "key.nc", engine="netcdf4")
    leaves_no_mark(mark, Sweep(tmp_path).load, "key")


def test_no_transfer_function_executes(tmp_path):
    field = VectorField(
        "mine", {"V": -65.0}, {"I": 0.0, "g_syn": 0.0, "E_syn": 0.0}, {"V": "-V - 65 + I"}
    )
    cell = EquationCell("mine", 10.0, 200.0, -65.0, field=field, rule=SpikeRule(0.0))
    coefficients = (-50.0, *[1.0] * 9)
    path = save_transfer_function(TransferFunction("f", cell, coefficients), tmp_path / "f.json")
    content = json.loads(path.read_text())
    mark, evil = tmp_path / "mark", tmp_path / "evil.json"
    for place in leaves(content):
        for payload in in_text(mark):
            evil.write_text(json.dumps(replaced(content, place, payload)))
            leaves_no_mark(mark, load_transfer_function, evil)


def test_no_table_executes(tmp_path):
    mark = tmp_path / "mark"
    path = TABLE.save(tmp_path / "t.npz")
    with np.load(path) as whole:
        arrays = dict(whole)
    header = json.loads(str(arrays["header"]))
    for place in leaves(header):
        for payload in in_text(mark):
            changed = np.array(json.dumps(replaced(header, place, payload)))
            np.savez(path, **arrays | {"header": changed})
            leaves_no_mark(mark, SmoothTable.load, path)


class Pickled:
    """Executes the payload when it is unpickled."""

    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        return exec, (self.text,)


def test_no_pickle_is_loaded(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "t.npz"
    evil = np.array([Pickled(code(mark))], dtype=object)
    np.savez(path, header=evil, axis_0=evil)
    leaves_no_mark(mark, SmoothTable.load, path)
    np.load(path, allow_pickle=True)["header"]
    assert mark.exists()


STATEMENTS = (
    """
x'={}|x'=-x
par {}|par a={}|par {}=1|number n={}|!d={}|init x={}|x(0)={}|f(u)={}|f({})=1|aux o={}|aux {}=x
w={}|x[1..{}]'=-x[j]|@ total={}|set s {{{}}}|"{{{}}}|#include {}|table t {}|wiener {}|global 1 {}
export {{x}} {{{}}}|done {}|# {}|x'={} \\|dx/dt={}|bdry {}|0={}|markov z {}|options {}|only {}
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_of_an_ode_file_executes(statement, tmp_path):
    mark = tmp_path / "mark"
    for ending in ("", "\nx'=-x"):
        for payload in (code(mark), f"1+{code(mark)}", f"exp({code(mark)})"):
            filled = statement.replace("{{", "\0").replace("}}", "\1").replace("{}", payload)
            text = filled.replace("\0", "{").replace("\1", "}") + ending
            (tmp_path / "evil.ode").write_text(text)
            leaves_no_mark(mark, lambda: read_ode(tmp_path / "evil.ode").compiled)


@pytest.mark.parametrize(
    "words",
    [
        ["describe", "{}"], ["describe", "wilson_cowan", "--set", "P={}"],
        ["describe", "wilson_cowan", "--set", "{}"],
        ["describe", "wilson_cowan", "--set", "{}=1"],
        ["describe", "aln", "--option", "wiring={}"], ["describe", "aln", "--option", "{}"],
        ["describe", "aln", "--wiring", "{}"],
        ["describe", "master_equation", "--option", "order={}"],
        ["equilibria", "wilson_cowan", "--parameter", "P", "{}", "{}", "--out", "run"],
        ["equilibria", "wilson_cowan", "--parameter", "{}", "0", "1", "--out", "run"],
        ["equilibria", "wilson_cowan", "--parameter", "P", "0", "1", "--observable", "{}",
         "--out", "run"],
        ["simulate", "wilson_cowan", "--duration", "{}", "--out", "run"],
        ["simulate", "wilson_cowan", "--duration", "1", "--record", "{}", "--out", "run"],
        ["prc", "wilson_cowan", "--at", "P={}", "--input", "P", "--out", "run"],
        ["export", "wilson_cowan", "--to", "auto", "--parameter", "P", "{}", "1", "--out", "run"],
        ["transfer-function", "--at", "{}", "1"],
        ["validate", "aln", "--x", "mu_e", "{}", "1", "--out", "run"],
        ["network", "aln", "--duration", "{}", "--out", "run"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_word_of_the_command_line_executes(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    with contextlib.suppress(SystemExit, Exception):
        main([word.replace("{}", code(mark)) for word in words])
    assert not mark.exists()


def test_no_quantity_of_a_branch_executes(tmp_path):
    branch = equilibria(FOLD, "m", (-1, 2))
    for wrap in WRAPPED.values():
        mark = tmp_path / "mark"
        leaves_no_mark(mark, user_points, branch, wrap(code(mark)), 0.5)
        leaves_no_mark(mark, until, branch, wrap(code(mark)), 0.5)
        leaves_no_mark(mark, user_points, branch, "x", wrap(code(mark)))


def test_a_function_that_is_not_known_is_refused_in_a_sympy_expression():
    strange = sympy.Function("__import__('os').getcwd() or abs")(X)
    with pytest.raises(ValueError, match="has no function"):
        fold(equations={"x": strange})
    with pytest.raises(ValueError, match="has no function"):
        coupled(weight=strange)


def test_symbols_that_are_not_names_are_refused():
    with pytest.raises(ValueError, match="has no symbol"):
        fold(equations={"x": sympy.Symbol("x); import os #", real=True)})
