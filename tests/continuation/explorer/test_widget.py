"""The widget: what happens in the page is known in Python, and the other way round."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from continuation import load
from dynsys import DynsysError, ModelError, UnknownNameError
from tests.continuation.explorer.test_in_a_browser import BROWSER, QUIET

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def widget():
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    return load(DATA / "diagram.nc").widget()


def test_a_widget_knows_names_and_values(widget):
    assert widget.point is None
    assert widget.parameters == {"a": 0.1, "b": 0.5}
    widget.parameters = {"a": 0.3}
    assert widget.parameters == {"a": 0.3, "b": 0.5}
    with pytest.raises(UnknownNameError):
        widget.parameters = {"aa": 0.3}
    with pytest.raises(ModelError, match="no run was made"):
        _ = widget.run


def test_without_anywidget_the_page_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(DynsysError, match=r"dynsys-toolbox\[widget\]"):
        load(DATA / "diagram.nc").widget()


# What a notebook gives to a widget's module: traits to read and set, and an element.
NOTEBOOK = """
<!doctype html><meta charset="utf-8"><div id="cell"></div>
<script type="module">
const state = STATE;
const heard = {};
window.model = {
  get: (name) => state[name],
  set: (name, value) => Object.assign(state, typeof name === "string" ? { [name]: value } : name),
  save_changes() { window.saved = (window.saved || 0) + 1; },
  on(event, act) { heard[event] = act; },
  change(values) { Object.assign(state, values); heard["change:parameters"](); },
};
const url = URL.createObjectURL(new Blob([MODULE], { type: "text/javascript" }));
const { default: widget } = await import(url);
widget.render({ model: window.model, el: document.getElementById("cell") });
window.state = state;
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no browser (chromium) on the path")
def test_clicks_reach_python_and_parameters_the_page(widget, tmp_path):
    driver_of = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    state = {"_content": widget._content, "parameters": widget.parameters, "_ran": {}}
    text = NOTEBOOK.replace("STATE", json.dumps(state)).replace("MODULE", json.dumps(widget._esm))
    (tmp_path / "notebook.html").write_text(text)
    with driver_of.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        page, troubles = browser.new_page(), []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"file://{tmp_path}/notebook.html")
        page.wait_for_function("window.state && window.state._ran.runs")
        assert page.evaluate("window.state.point") is None
        box = page.locator("svg.plane .frame").bounding_box()
        page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
        point = page.evaluate("window.state.point")
        assert point["a"] == pytest.approx(0.4, abs=0.01)
        page.evaluate("window.model.change({ parameters: { a: 0.25, b: 0.5 } })")
        page.wait_for_function("window.state.point.a === 0.25")
        page.wait_for_timeout(200)
        widget._ran = page.evaluate("window.state._ran")
        browser.close()
    assert not troubles
    run = widget.run
    assert dict(run.sizes) == {"start": 2, "time": run.sizes["time"]}
    radius = np.hypot(run["x"], run["y"]).isel(time=-1).values
    assert radius == pytest.approx(np.sqrt((0.5 + np.sqrt(0.25 + 1.0)) / 2), rel=1e-3)
