"""The living page as a widget of notebooks (Jupyter, VS Code, marimo), readable from Python.

anywidget is optional: ``pip install 'dynsys-toolbox[widget]'``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from continuation.explorer.page import interface_script, interface_style, model_script
from dynsys.errors import DynsysError, ModelError
from dynsys.simulation.results import provenance
from dynsys.vector_field import VectorField

# The page's functions as a module; what happens in it goes to Python, and parameters come back.
_MODULE = """
function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const content = model.get("_content");
  const axes = content.axes.map((axis) => axis.name);
  let opening = true; // the page opens where it wants: that is no click
  const made = typeof makeModel === "function" ? makeModel : null;
  const page = explore(root, content, made, {
    picked(state) {
      if (opening) return;
      const point = Object.fromEntries(axes.map((name) => [name, state.parameters[name]]));
      model.set({ parameters: { ...state.parameters }, point, stimulus: { ...state.stimulus } });
      model.save_changes();
    },
    ran({ runs, spacing, trouble }) {
      const told = runs.map(({ name, run }) => ({
        name, values: run.recorded.map((values) => Array.from(values.subarray(0, run.samples))),
      }));
      model.set("_ran", { spacing, runs: trouble ? [] : told });
      model.save_changes();
    },
  });
  opening = false;
  model.on("change:parameters", () => {
    const given = model.get("parameters");
    const known = page.state.parameters;
    if (Object.entries(given).some(([name, value]) => known[name] !== value)) page.pick(given);
  });
}
export default { render };
"""


def widget_of(content: Mapping[str, Any], model: VectorField) -> Any:
    """A widget that shows a page and tells what is done in it.

    ``widget.point`` is the point that was clicked, by the axes' names (None before),
    ``widget.parameters`` all parameters (assign a mapping to go there), ``widget.stimulus`` what is
    applied, ``widget.run`` the last runs as a Dataset over ``start`` and ``time``.

    Raises DynsysError where anywidget is not installed.
    """
    try:
        anywidget = importlib.import_module("anywidget")
        traits = importlib.import_module("traitlets")
    except ModuleNotFoundError as error:
        raise DynsysError(
            "widgets need anywidget: pip install 'dynsys-toolbox[widget]'; without it, "
            "explore(path) writes the same page as a file"
        ) from error
    script, missing = model_script(model)
    body = {
        "_esm": f"{script}\n{interface_script()}\n{_MODULE}",
        "_css": interface_style(),
        "_content": traits.Dict().tag(sync=True),
        "_ran": traits.Dict().tag(sync=True),
        "parameters": traits.Dict().tag(sync=True),
        "point": traits.Dict(allow_none=True, default_value=None).tag(sync=True),
        "stimulus": traits.Dict().tag(sync=True),
        "run": property(lambda widget: run_of(model, widget._ran)),
        "_valid": traits.validate("parameters")(_checker(model)),
    }
    kind = type("DiagramWidget", (anywidget.AnyWidget,), body)
    return kind(_content={**content, "missing": missing}, parameters=dict(model.parameters))


def _checker(model: VectorField) -> Callable[[Any, Any], dict[str, float]]:
    """What checks parameters that are assigned to a widget: names and values the model knows."""

    def check(widget: Any, proposal: Mapping[str, Any]) -> dict[str, float]:
        given = {**model.parameters, **widget.parameters, **proposal["value"]}
        return dict(model.with_parameters(**given).parameters)

    return check


def run_of(model: VectorField, ran: Mapping[str, Any]) -> xr.Dataset:
    """The runs of a page as a Dataset: observables over ``start`` and ``time``.

    Raises ModelError where none was made yet.
    """
    if not ran.get("runs"):
        raise ModelError("no run was made in the widget yet; show it, and click into the diagram")
    runs = ran["runs"]
    longest = max(len(run["values"][0]) for run in runs)
    data = {}
    for k, (name, observable) in enumerate(model.observables.items()):
        values = np.full((len(runs), longest), np.nan)  # a run that stopped early is shorter
        for row, run in zip(values, runs, strict=True):
            row[: len(run["values"][k])] = run["values"][k]
        attributes = {"units": observable.unit, "long_name": observable.meaning}
        data[name] = (("start", "time"), values, attributes)
    time = ran["spacing"] * np.arange(longest)
    coords = {
        "start": [run["name"] for run in runs],
        "time": ("time", time, {"units": model.time_unit}),
    }
    return xr.Dataset(data, coords=coords, attrs=provenance(model))
