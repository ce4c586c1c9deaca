"""Figures one can publish, tables for pandas, results that can be copied and sent elsewhere."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from matplotlib.colors import to_hex
from matplotlib.text import Text

from continuation import load
from continuation.cycles.living import family
from continuation.cycles.storage import _with_doubts
from continuation.diagrams.line_diagram import LineDiagram
from continuation.drawing import REGION_COLORS, Mark, draw_diagram, new_axes
from continuation.drawing import Region as DrawnRegion
from dynsys import UnknownNameError

DATA = Path(__file__).parents[1] / "data"
NAMES = ("branch", "cycles", "fold_curve", "diagram")


@pytest.fixture(scope="module")
def results():
    found = {name: load(DATA / f"{name}.nc") for name in NAMES}
    branch, cycles = found["branch"], found["cycles"]
    found["line"] = LineDiagram(branch.model, "I", branch, (cycles,))
    return found


def first(axes):
    return np.ravel(axes)[0]


def test_a_region_without_room_for_its_name_is_named_in_the_legend():
    named = DrawnRegion("down", shapely.box(0, 0, 1, 1), (0.5, 0.5))
    small = DrawnRegion("up + LC_EI", shapely.box(0.1, 0.1, 0.2, 0.15), None)
    unseen = DrawnRegion("up + LC_aE", shapely.box(0.3, 0.3, 0.31, 0.31), None)
    again = DrawnRegion("down", shapely.box(0.4, 0.4, 0.45, 0.5), None)
    ax = draw_diagram([], [named, small, unseen, again], [], ("x", 0, 1), ("y", 0, 1))
    handles, words = ax.get_legend_handles_labels()
    assert words == ["up + LC_EI"] == [text.get_text() for text in ax.get_legend().get_texts()]
    assert to_hex(handles[0].get_facecolor()) == REGION_COLORS["up + LC_EI"]


@pytest.mark.parametrize("style", ["default", "publication", "xppaut"])
@pytest.mark.parametrize("name", [*NAMES, "line"])
def test_every_plot_takes_a_style_and_keywords(results, name, style):
    drawn = first(results[name].plot(style=style, legend=True, color="0.3", linewidth=0.4))
    lines = [line for line in drawn.lines if line.get_linestyle() != "None"]
    assert lines
    assert {to_hex(line.get_color()) for line in lines} == {to_hex("0.3")}
    assert {line.get_linewidth() for line in lines} == {0.4}
    assert drawn.get_legend() is not None
    width = drawn.figure.get_size_inches()[0]
    assert width < 4 if style == "publication" else width > 6


@pytest.mark.parametrize("name", ["branch", "cycles", "diagram", "line"])
def test_a_notebook_shows_the_figure_and_the_text(results, name):
    shown = results[name]._repr_html_()
    assert shown.startswith('<img src="data:image/png;base64,')
    assert "<pre>" in shown


def test_a_diagram_shows_the_curves_that_are_named(results):
    ax = results["diagram"].plot(curves=["Hopf"])
    assert ax.get_legend_handles_labels()[1] == ["Hopf"]
    with pytest.raises(UnknownNameError, match="fold of cycles"):
        results["diagram"].plot(curves=["fold of cycle"])


def test_short_and_long_keywords_mean_the_same(results):
    (short, *_), (long, *_) = (
        results["branch"].plot(**given).lines for given in ({"lw": 3, "ls": ":"},
                                                            {"linewidth": 3, "linestyle": ":"})
    )  # fmt: skip
    assert short.get_linewidth() == long.get_linewidth() == 3
    assert short.get_linestyle() == long.get_linestyle() == ":"


def test_a_style_does_not_outlive_its_figure(results):
    before = new_axes().xaxis.label.get_size()
    results["branch"].plot(style="publication")
    assert new_axes().xaxis.label.get_size() == before
    with pytest.raises(UnknownNameError, match="publication"):
        results["branch"].plot(style="publicaton")


def test_the_legend_tells_stable_from_unstable_once(results):
    words = results["line"].plot(legend=True)[0].get_legend_handles_labels()[1]
    assert sorted(words) == [
        "cycles, stability undetermined (minimum, maximum)",  # one, on the coarse mesh of the file
        "stable cycles (minimum, maximum)", "stable equilibria",
        "unstable cycles (minimum, maximum)", "unstable equilibria",
    ]  # fmt: skip


@pytest.mark.parametrize("style", ["default", "publication"])
def test_names_never_cover_one_another(style):
    box = shapely.box(0, 0, 1, 1)
    places = [(0.5, 0.5), (0.52, 0.51), (0.48, 0.49), (0.5, 0.53), (0.01, 0.01), (0.98, 0.02)]
    marks = [Mark(x, y, "GH", f"GH{k}") for k, (x, y) in enumerate(places)]
    region = DrawnRegion("LC_aE", box, (0.53, 0.5))
    ax = draw_diagram([], [region], marks, ("x", 0, 1), ("y", 0, 1), style=style)
    ax.figure.draw_without_rendering()
    texts = [Text.get_window_extent(text) for text in ax.texts]  # without their leader lines
    assert len(texts) == len(marks) + 1
    for k, one in enumerate(texts):
        assert not any(one.overlaps(other) for other in texts[:k])
        # A name stays beside its axes' inside, apart from what rounding adds.
        area = ax.get_window_extent()
        assert one.x0 > area.x0 - 3 and one.x1 < area.x1 + 3


def test_branches_are_tables(results):
    frame = results["branch"].to_dataframe()
    assert len(frame) == len(results["branch"])
    np.testing.assert_array_equal(frame["I"], results["branch"].data["I"])
    assert frame.attrs["units"]["I"] == results["branch"].model.unit("I")
    assert {"stable", "unstable", "piece", "V"} <= set(frame)
    whole = results["line"].to_dataframe()
    assert list(whole["branch"].unique()) == ["equilibria", "cycles 1"]
    assert len(whole) == len(results["branch"]) + len(results["cycles"])
    assert len(results["fold_curve"].to_dataframe()) == len(results["fold_curve"])


def test_special_points_and_regions_are_tables(results):
    frame = results["branch"].special_points.to_dataframe()
    assert list(frame["name"]) == [p.name for p in results["branch"].special_points]
    hopf = frame.set_index("name").loc["H1"]
    assert hopf["I"] == results["branch"]["H1"].parameters["I"]
    cycles = results["cycles"].special_points.to_dataframe()
    assert list(cycles["period"]) == [c.period for c in results["cycles"].special_points]
    regions = results["diagram"].to_dataframe()
    assert regions["area"].sum() == pytest.approx(1.0)
    assert list(regions["area"]) == sorted(regions["area"], reverse=True)
    assert len(results["diagram"].special_points.to_dataframe()) == len(
        results["diagram"].special_points
    )


@pytest.mark.parametrize("name", [*NAMES, "line"])
@pytest.mark.parametrize(
    "again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy, copy.copy],
    ids=["pickle", "deepcopy", "copy"],
)  # fmt: skip
def test_results_can_be_copied_and_sent(results, name, again):
    result = results[name]
    other = again(result)
    assert type(other) is type(result)
    assert str(other) == str(result)
    assert [str(p) for p in other.special_points] == [str(p) for p in result.special_points]
    if name == "cycles":
        assert other.at(I=150.0).period == result.at(I=150.0).period


def test_cycles_whose_multiplier_1_is_lost_are_drawn_and_told_as_undetermined(results):
    cycles = results["cycles"]
    trivial = cycles.data["trivial_error"].values.copy()
    trivial[:10] = 0.5
    old = cycles.data.assign(trivial_error=("point", trivial))
    told = _with_doubts(old.drop_vars(["undetermined", "multiplier_error"], errors="ignore"))
    assert told["undetermined"].values[:10].all() and not told["stable"].values[:10].any()
    np.testing.assert_array_equal(told["stable"].values[10:], cycles.data["stable"].values[10:])
    ax = replace(cycles, data=told).plot()
    words = ax.get_legend_handles_labels()[1]
    assert "cycles, stability undetermined (minimum, maximum)" in words
    page = family(replace(cycles, data=told))["stable"]
    doubts = [verdict is None for verdict in page]
    np.testing.assert_array_equal(doubts, told["undetermined"].values)
