"""A model that runs in a web page: its motion as JavaScript, and what the page must know of it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from dynsys.definition import symbol
from dynsys.errors import ModelError
from dynsys.exchange.javascript import Printer, functions
from dynsys.expressions.graph import Graph
from dynsys.expressions.translation import Translator
from dynsys.inputs import TIME
from dynsys.simulation.methods import default_step
from dynsys.simulation.motion import motion_graph
from dynsys.vector_field import VectorField

_INTEGRATOR = Path(__file__).with_name("integrator.js")
MOST_NODES = 100_000  # operations of a field: beyond, a page takes seconds to read them


def motion_script(model: VectorField) -> str:
    """A script with ``makeModel(tables)``, whose result ``new Run(...)`` integrates.

    ``makeModel`` takes the packed tables (Float64Array) in the order of ``model.tables`` and
    returns ``field(x, p, out)``, ``watch``, ``delays(p, out)``, ``inputs(t, p, out)``, the numbers
    of ``states``, ``delayed`` signals and ``observed`` quantities, the ``room`` that ``out`` needs
    and the parameters ``driven`` by inputs of the model's own. Nothing a user wrote is in it.

    Raises ModelError for a model that cannot run in a page, with the reason.

    Example
    -------
    >>> Path("model.js").write_text(motion_script(wilson_cowan()))
    """
    return "\n".join([functions(), _model(model), _INTEGRATOR.read_text(encoding="utf-8")])


def packed_tables(model: VectorField) -> list[str]:
    """Every table of a model as base64 of little-endian doubles."""
    return [
        base64.b64encode(np.asarray(table.packed, "<f8").tobytes()).decode()
        for table in model.tables.values()
    ]


def page_step(model: VectorField) -> float:
    """The step of runs in a page: the model's own fixed step, or the default."""
    return float(model.run["dt"]) if model.run.get("method") else default_step(model)


def model_record(model: VectorField) -> dict[str, Any]:
    """What a page tells of a model, as JSON can hold it; free text is for the page to escape."""
    return {
        "name": model.name,
        "meaning": model.meaning,
        "source": model.source,
        "time_unit": model.time_unit,
        "frequency_unit": model.frequency_unit,
        "second": model.frequency_factor,
        "dt": page_step(model),
        "noise": list(model.noise),
        "inputs": list(model.inputs),
        "states": [
            {"name": k, "unit": s.unit, "initial": s.initial} for k, s in model.states.items()
        ],
        "parameters": [
            {
                "name": k, "value": model.parameters[k], "unit": d.unit, "meaning": d.meaning,
                "positive": d.positive, "capacitance": d.capacitance,
            }
            for k, d in model.declared_parameters.items()
        ],
        "observables": [
            {"name": k, "unit": o.unit, "meaning": o.meaning, "valid": o.valid}
            for k, o in model.observables.items()
        ],
    }  # fmt: skip


def _model(model: VectorField) -> str:
    graph, _ = motion_graph(model, (), [0] * len(model.tables))
    outputs = graph.field + graph.observables
    if len(graph.graph.reachable(outputs)) > MOST_NODES:
        raise ModelError(
            f"{model.name} has {len(graph.graph.reachable(outputs))} operations, too many for a "
            f"page (at most {MOST_NODES})"
        )
    printed = Printer(graph.graph, {name: k for k, name in enumerate(model.tables)})
    watch = printed.margins(outputs, f"out[{len(outputs)}]")
    functions = [
        printed.function("field", "x, p, out", graph.field),
        printed.function("watch", "x, p, out", outputs, watch),
        printed.function("delays", "p, out", graph.signals),
        _inputs(model),
    ]
    tables = [f"const t{k} = tableOf(tables[{k}]);" for k in range(len(model.tables))]
    driven = [model.parameter_index(name) for name in model.inputs]
    result = (
        f"return {{ states: {len(model.states)}, delayed: {len(graph.signals)}, "
        f"observed: {len(model.observables)}, room: {len(outputs) + 1}, driven: {driven}, "
        "field, watch, delays, inputs };"
    )
    inner = "\n".join([*tables, printed.scratch(), *functions, result])
    body = "\n".join(f"  {line}" if line else "" for line in inner.splitlines())
    return f"function makeModel(tables) {{\n{body}\n}}\n"


def _inputs(model: VectorField) -> str:
    """``inputs``: the courses over time that a model brings along for its parameters."""
    graph = Graph()
    time = {TIME: graph.node("x", 0)}
    parameters = {symbol(k): graph.node("p", i) for i, k in enumerate(model.parameters)}
    translate = Translator(graph, time | parameters)
    outputs = [translate(expression) for expression in model.inputs.values()]
    return Printer(graph, {}).function("inputs", "x, p, out", outputs)
