"""Every figure of the library: on the user's axes, with matplotlib's keywords, in a style."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from continuation import dispersion, graph_equilibria, load, phase_response
from continuation.asynchronous.escape import Escape
from continuation.asynchronous.spectrum import RateSpectrum
from continuation.diagrams.line_diagram import LineDiagram
from continuation.drawing import Curve, draw_cycle_curve, draw_diagram
from continuation.pycont import ContClass, Generator, args
from continuation.pycont.drawing import draw_orbits
from dynsys import Coupling, VectorField, couple, simulate
from dynsys.cells.morphology import ball_and_stick
from dynsys.drawing import draw_phase_response, new_figure
from dynsys.models import adex_neuron, aln, wilson_cowan
from dynsys.neurons.atlas import draw_atlas, pattern_atlas
from dynsys.neurons.drawing import draw_phase_plane, draw_rate_curve, draw_response
from dynsys.simulation import plot_space_time
from dynsys.simulation.drawing import draw_run
from dynsys.simulation.regime_chart import RegimeMap
from dynsys.transfer.drawing import draw_table
from dynsys.transfer.fit_drawing import draw_fit
from dynsys.transfer.stored import SHIPPED, load_table
from stimulation import ElectricField, Step
from stimulation.entrainment.map import EntrainmentMap
from stimulation.entrainment.tongues import Tongue
from validation.measures.estimates import Estimate
from validation.reports import figures
from validation.reports.spectra import draw_spectra
from validation.trials.boundary import GROUP as BOUNDARIES
from validation.trials.findings import AGREE, Finding
from validation.trials.finite_size import RhythmBoundary, draw_rhythm_boundary
from validation.trials.regime import GROUP as REGIMES
from validation.trials.residences import Residences, draw_residences

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
load = cache(load)
load_table = cache(load_table)
# What draws on the axes of one of these figures, or draws no figure at all.
PARTS = {
    "draw_marks", "draw_disagreements", "draw_legend_below", "draw_frequencies", "draw_pairs",
    "draw_plane", "draw_branch", "draw_cycles", "draw_waveform", "draw_map", "draw_morphology",
    "draw_tongue", "draw_entrainment", "draw_curve", "Explorable.plot",
}  # fmt: skip


def stored(*names):
    return SimpleNamespace(**{name: load(DATA / f"{name}.nc") for name in names})


@cache
def neuron():
    return adex_neuron("tonic")


@cache
def model_run():
    return simulate(wilson_cowan(), 20)


def line_diagram():
    found = stored("branch", "cycles")
    return LineDiagram(found.branch.model, "I", found.branch, (found.cycles,))


def rate_curve():
    known = {"I": [10.0, 20.0, 30.0], "rate": [5.0, 9.0, 12.0], "spikes": [1, 1, 1],
             "piece": [0, 0, 0], "stable": [True, True, False]}  # fmt: skip
    special = {"label": ["LPC"], "special_I": [10.0], "special_rate": [5.0]}
    columns = {k: ("point", np.array(v)) for k, v in known.items()}
    columns |= {k: ("special", np.array(v)) for k, v in special.items()}
    return xr.Dataset(columns, attrs={"span": (0.0, 40.0)})


def times_of_residence():
    times = tuple(Estimate(t, t / 2, 2 * t, "ms") for t in (1500.0, 4000.0))
    escapes = tuple(Escape(18.8, 13.0, 45.0, variance) for variance in (3.0, 2.5))
    return Residences({"mu_e": 1.99}, "high", (1000, 1400), times, times, escapes)


def network_run(adapting=False):
    time = np.arange(0.0, 2000.0, 0.5)
    wave = 20 + 5 * np.sin(2 * np.pi * time / 45)
    data = dict.fromkeys(("r_E", "r_I"), ("time", wave))
    if adapting:
        data["W_E"] = ("time", wave)
    spikes = {"spike_time_E": ("spike_E", time[::40]),
              "spike_neuron_E": ("spike_E", np.arange(100) % 40)}  # fmt: skip
    return xr.Dataset(data | spikes, coords={"time": time})


def findings():
    asked = {"asked": [1.0, 1.1, 1.2], "answers": [0.1, 0.2, 9.0], "feature": "power",
             "border": 1.0, "parameter": "a", "unit": ""}  # fmt: skip
    told = ("agrees", "as predicted", "", AGREE, "")
    return [
        Finding(REGIMES, "x at a = 1", "attractor", *told, {"a": 0.1, "b": 0.0}, expected=20.0,
                value=21.0, low=20.0, high=22.0),
        Finding(BOUNDARIES, "x at b = 0", "boundary", *told, {"b": 0.0}, expected=0.11, value=0.12,
                low=0.1, high=0.14, details=asked),
    ]  # fmt: skip


def regime_map():
    grid = ("start", "b", "a")
    rng = np.random.default_rng(1)
    data = {k: (grid, rng.normal(size=(2, 5, 6))) for k in ("maximum", "minimum")}
    data["oscillates"] = (grid, rng.normal(size=(2, 5, 6)) > 0)
    data["coexistence"] = (grid[1:], rng.normal(size=(5, 6)) > 0)
    return RegimeMap(xr.Dataset(data, {"a": np.arange(6.0), "b": np.arange(5.0)},
                                {"unit": "Hz", "model": "m"}))  # fmt: skip


def entrainment_map():
    f = np.linspace(5.0, 40.0, 15)
    data = {"power": (("stimulation", "frequency"), 1 + np.outer(f, f), {"units": "Hz"}),
            "response": ("stimulation", f, {"units": "Hz"})}  # fmt: skip
    found = xr.Dataset(data, {"stimulation": f, "frequency": f})
    return EntrainmentMap(aln(), "mu_e", "4 pA", 22.0, found)


def tongue():
    edges = {"lowest": ("amplitude", [21.5, 21.0], {"units": "Hz"}),
             "highest": ("amplitude", [22.5, 23.0], {"units": "Hz"})}  # fmt: skip
    data = xr.Dataset(edges, {"amplitude": ("amplitude", [1.0, 2.0], {"units": "pA"})})
    return Tongue(aln(), "mu_e", (1, 1), "phase response", 22.0, data)


def fit():
    grid = xr.Dataset(
        {"rate": (("inhibition", "excitation"), np.ones((2, 4))),
         "rate_error": (("inhibition", "excitation"), 0.1 * np.ones((2, 4))),
         "fitted": (("inhibition", "excitation"), np.ones((2, 4))),
         "nu_e": (("inhibition", "excitation"), np.arange(8.0).reshape(2, 4))},
        {"inhibition": [1.0, 2.0]},
    )  # fmt: skip
    function = SimpleNamespace(highest_input=(("e", 10.0), ("i", 10.0)), network="none",
                               adaptation=True, membrane=SimpleNamespace(name="RS"))  # fmt: skip
    return SimpleNamespace(grid=grid, function=function, rate_error=0.1, noise=0.1)


def spectrum():
    f = np.geomspace(1, 300, 50)
    return RateSpectrum({"r_E_node": ("node", 1 / f)}, {"node": f})


def ring(node):
    coupling = Coupling("E", "P", weight="K")
    return couple(node, nx.cycle_graph(4), [coupling], parameters={"K": 0.05})


@cache
def pycont():
    given = args(name="fold", pars={"m": -1.0}, ics={"x": -1.0, "y": 0.1}, tdata=[0, 1])
    given.varspecs = {"x": "m + x^2", "y": "x - y"}
    found = ContClass(Generator.Vode_ODEsystem(given))
    found.newCurve(args(name="EQ1", type="EP-C", freepars=["m"]))
    found["EQ1"].forward()
    return found


@cache
def graph_branch():
    node = VectorField("node", {"E": 0.5}, {"P": 0.0}, {"E": "-E + tanh(P)"}, time_unit="")
    return graph_equilibria(ring(node), "K", (0.01, 0.2))


@cache
def relation():
    return dispersion(ring(wilson_cowan()))


def cycle_orbits(**given):
    branch = load(DATA / "cycles.nc")
    names = list(branch.model.states)
    curve = SimpleNamespace(branch=branch, model=branch.model, varslist=names)
    style = given.pop("style", "default")
    return draw_orbits(curve, None, branch.orbits[:2], given.pop("axes", None), style, given)


RESPONSE = ("phase", np.linspace(0, 1, 50, endpoint=False))
TIMES = np.arange(0, 3000.0)
# Every figure, by the function or method that draws it.
LINES = {
    "Branch.plot": lambda **g: stored("branch").branch.plot(**g),
    "CycleBranch.plot": lambda **g: stored("cycles").cycles.plot(**g),
    "CycleCurve.plot": lambda **g: draw_cycle_curve(
        Curve("fold of cycles", np.arange(3.0), np.arange(3.0)), ("a", "b"), **g),
    "Diagram.plot": lambda **g: stored("diagram").diagram.plot(**g),
    "draw_diagram": lambda **g: draw_diagram(
        [Curve("Hopf", np.arange(3.0), np.arange(3.0))], [], [], ("a", 0, 2), ("b", 0, 2), **g),
    "LineDiagram.plot": lambda **g: line_diagram().plot(**g),
    "GraphBranch.plot": lambda **g: graph_branch().plot(**g),
    "Dispersion.plot": lambda **g: relation().plot(**g),
    "ContClass.display": lambda **g: pycont().display(**g),
    "CycleCurve.plot_cycles": cycle_orbits,
    "draw_phase_response": lambda **g: draw_phase_response(
        phase_response(stored("cycles").cycles.at(I=150.0), "I"), **g),
    "draw_phase_response, spikes": lambda **g: draw_phase_response(
        neuron().adaptation_map().attractor().orbit.phase_response(), **g),
    "AdaptationMap.plot": lambda **g: neuron().adaptation_map().plot(**g),
    "draw_response": lambda **g: draw_response(neuron(), 65.0, 100.0, **g),
    "draw_rate_curve": lambda **g: draw_rate_curve(rate_curve(), **g),
    "draw_phase_plane": lambda **g: draw_phase_plane(neuron(), **g),
    "draw_run, of a model": lambda **g: draw_run(
        model_run(), stimulus=("P", np.zeros(model_run().sizes["time"])), **g),
    "draw_table": lambda **g: draw_table(load_table(SHIPPED), **g),
    "draw_fit": lambda **g: draw_fit(fit(), **g),
    "Waveform.plot": lambda **g: Step("60 pA", 10, 20).plot(40, **g),
    "Tongue.plot": lambda **g: tongue().plot(**g),
    "draw_spectra": lambda **g: draw_spectra(spectrum(), **g),
    "draw_residences": lambda **g: draw_residences(times_of_residence(), **g),
    "draw_rhythm_boundary": lambda **g: draw_rhythm_boundary(
        RhythmBoundary("mu_e", 1.4, 1.46, 22.0, {1000: 1.5, 4000: 1.48}), {1000: (1.4, 1.5)}, **g),
    "draw_validated_diagram": lambda **g: figures.draw_validated_diagram(
        stored("diagram").diagram, findings(), **g),
    "draw_comparison": lambda **g: figures.draw_comparison(
        [("here", network_run(), network_run())], **g),
    "draw_searches": lambda **g: figures.draw_searches(findings(), **g),
    "draw_scatter": lambda **g: figures.draw_scatter(findings(), **g),
    "draw_driven": lambda **g: figures.draw_driven(
        [("here", network_run(), network_run(), TIMES, np.sin(TIMES), 0.0, 900.0)], **g),
    "draw_run": lambda **g: figures.draw_run(network_run(adapting=True), **g),
}  # fmt: skip
MESHES = {
    "draw_atlas": lambda **g: draw_atlas(
        pattern_atlas(neuron(), ("b", 30, 60), ("Vr", -60, -50), 2, bisections=1), **g),
    "plot_space_time": lambda **g: plot_space_time(
        xr.Dataset({"E": (("time", "node"), np.eye(4))}, {"time": np.arange(4.0)}), "E", **g),
    "RegimeMap.plot": lambda **g: regime_map().plot(**g),
    "EntrainmentMap.plot": lambda **g: entrainment_map().plot(**g),
}  # fmt: skip
CELLS = {
    "Morphology.plot": lambda **g: ball_and_stick(600).plot(**g),
    "ElectricField.plot": lambda **g: ElectricField(morphology=ball_and_stick(600)).plot(**g),
}
ALL = LINES | MESHES | CELLS


def figure_of(drawn) -> Figure:
    """The figure, or that of the (first of the) axes."""
    return drawn if isinstance(drawn, Figure) else np.ravel(drawn)[0].figure


@cache
def plots_in_the_sources() -> dict[str, ast.FunctionDef]:
    """Every public function or method of the library that draws, by its class and name."""
    found = {}
    for package in ("dynsys", "continuation", "stimulation", "validation"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                inside = node.body if isinstance(node, ast.ClassDef) else [node]
                owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                for item in inside:
                    name = getattr(item, "name", "")
                    if isinstance(item, ast.FunctionDef) and (
                        name in ("plot", "display") or name.startswith(("draw_", "plot_"))
                    ):
                        found[owner + name] = item
    return found


def test_no_figure_is_forgotten():
    found = set(plots_in_the_sources()) - PARTS
    tested = {name.split(",")[0] for name in ALL}
    # draw_orbits draws for plot_cycles, draw_cycle_curve for CycleCurve, CurveMethods in ContClass.
    same = {"draw_orbits", "draw_cycle_curve", "CurveMethods.display"}
    assert {n for n in found - tested - same if not n.endswith(".plot_cycles")} == set()


@pytest.mark.parametrize("name", sorted(plots_in_the_sources().keys() - PARTS))
def test_every_figure_takes_axes_a_style_and_keywords(name):
    given = plots_in_the_sources()[name].args
    names = [argument.arg for argument in (*given.args, *given.kwonlyargs)]
    assert "ax" in names or "axes" in names
    assert "style" in names or name == "draw_orbits"
    assert given.kwarg is not None or name == "draw_orbits"


@pytest.mark.parametrize("name", ALL)
def test_a_paper_gets_a_figure_of_one_column_in_every_format(name, tmp_path):
    screen, paper = (figure_of(ALL[name](style=style)) for style in ("default", "publication"))
    part = paper.get_size_inches() / screen.get_size_inches()
    assert part == pytest.approx([3.4 / 6.4] * 2, rel=0.13)
    fonts = [figure.axes[0].yaxis.label.get_size() for figure in (screen, paper)]
    assert fonts[1] < fonts[0]
    for suffix, head in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        path = tmp_path / f"figure.{suffix}"
        paper.savefig(path)
        assert path.read_bytes().startswith(head)


@pytest.mark.parametrize("name", LINES)
def test_keywords_reach_the_lines(name):
    drawn = figure_of(LINES[name](color="#12ab56", linewidth=3.25))
    lines = [item for ax in drawn.axes for item in ax.lines]
    assert any(
        to_hex(item.get_color()) == "#12ab56" and item.get_linewidth() == 3.25 for item in lines
    )
    # Short names mean the same.
    short = figure_of(LINES[name](c="#12ab56", lw=3.25))
    assert len([item for ax in short.axes for item in ax.lines]) == len(lines)


@pytest.mark.parametrize("name", MESHES)
def test_keywords_reach_the_meshes(name):
    figure = figure_of(MESHES[name](cmap="cividis"))
    meshes = [c for ax in figure.axes for c in ax.collections if isinstance(c, QuadMesh)]
    assert meshes[0].get_cmap().name == "cividis"


@pytest.mark.parametrize("name", CELLS)
def test_keywords_reach_the_cables(name):
    (cables,) = (c for c in figure_of(CELLS[name](alpha=0.5)).axes[0].collections)
    assert cables.get_alpha() == 0.5


@pytest.mark.parametrize("name", ALL)
def test_axes_that_are_given_are_drawn_on(name):
    functions = plots_in_the_sources()
    source = functions.get(name.split(",")[0])
    several = name in ("draw_comparison", "draw_searches", "draw_driven", "draw_run", "draw_table",
                       "draw_run, of a model", "LineDiagram.plot", "draw_response")  # fmt: skip
    if not several:
        ax = new_figure().subplots()
        word = "axes" if "axes" in [a.arg for a in source.args.args] else "ax"
        drawn = ALL[name](**{word: ax})
        assert isinstance(drawn, Axes) and drawn is ax
        return
    shape = {"draw_comparison": (1, 4), "draw_run": (2, 2), "draw_table": (2, 2),
             "draw_driven": (1, 2), "draw_searches": (1, 1)}.get(name, (2, 1))  # fmt: skip
    given = new_figure().subplots(*shape, squeeze=False)
    if name == "draw_run, of a model":
        given = new_figure().subplots(3, 1, squeeze=False)[:2]
    flat = given[:, 0] if shape[1] == 1 and name != "draw_searches" else given
    assert figure_of(ALL[name](axes=flat)) is given[0, 0].figure
