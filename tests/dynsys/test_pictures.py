"""Figures and axes are seen in notebooks without magic."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from dynsys.pictures import picture, show_pictures

PNG = b"\x89PNG\r\n"


class Formatter:
    """IPython's formatter, as far as it is asked here."""

    def __init__(self, known=()):
        self.known, self.added = set(known), {}

    def lookup_by_type(self, name):
        if name not in self.known:
            raise KeyError(name)

    def for_type_by_name(self, module, name, function):
        self.added[f"{module}.{name}"] = function


@pytest.fixture
def shell(monkeypatch):
    """A notebook with a formatter that knows the given types."""

    def start(*known):
        formatter = Formatter(known)
        display = SimpleNamespace(formatters={"image/png": formatter})
        fake = SimpleNamespace(get_ipython=lambda: SimpleNamespace(display_formatter=display))
        monkeypatch.setitem(sys.modules, "IPython", fake)
        return formatter

    return start


def test_a_figure_and_its_axes_are_the_same_picture():
    axes = Figure(figsize=(2, 1)).subplots()
    axes.plot([0, 1])
    assert picture(axes).startswith(PNG) and picture(axes.figure).startswith(PNG)


def test_what_pyplot_shows_by_itself_is_not_shown_twice():
    figure = pyplot.figure()
    assert picture(figure) is None and picture(figure.subplots()) is None
    pyplot.close(figure)


def test_notebooks_learn_to_draw_and_what_the_user_chose_stays(shell):
    formatter = shell("matplotlib.figure.Figure")
    show_pictures()
    assert formatter.added == {"matplotlib.axes._axes.Axes": picture}


def test_nothing_is_done_where_no_notebook_runs(monkeypatch):
    fake = SimpleNamespace(get_ipython=lambda: None)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    show_pictures()
    monkeypatch.delitem(sys.modules, "IPython")
    show_pictures()
    assert "IPython" not in sys.modules  # nor is it imported for that


def test_ipython_names_types_as_we_do():
    formatters = pytest.importorskip("IPython.core.formatters")
    formatter = formatters.PNGFormatter()
    formatter.enabled = True
    formatter.for_type_by_name("matplotlib.axes._axes", "Axes", picture)
    assert formatter(Figure().subplots()).startswith(PNG)
