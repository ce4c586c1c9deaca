"""The functions of a model's motion for a GPU, generated once and loaded from the disk."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import sympy

from dynsys.compiled.compilation import model_folder
from dynsys.compiled.device_source import device_module
from dynsys.compiled.entries import load_entry
from dynsys.compiled.lane_source import LaneFunction
from dynsys.compiled.spline_rows import packed_rows
from dynsys.errors import ModelError
from dynsys.simulation.motion import Motion, motion_graph
from dynsys.vector_field import VectorField


def device_functions(model: VectorField, motion: Motion) -> ModuleType:
    """The module of device functions ``field`` and ``watch``, and the sizes of their arrays.

    Raises ModelError for a model with functions that are not written for GPUs.
    """
    folder = model_folder(f"{model.name}_device", f"{motion.name} {_own_digest()}")
    texts, sizes, lookups = _written(model)
    if any("linoid_derivative(" in text for text in texts):
        raise ModelError(
            f"{model.name} has rates of Hodgkin-Huxley type, which are not written for GPUs; leave "
            'device="cuda" out'
        )

    def write(draft: Path) -> None:
        content = device_module(model.name, sizes, texts, lookups)
        (draft / "kernels.py").write_text(content)

    return load_entry(folder, write)


def _written(model: VectorField) -> tuple[list[str], list[str], list]:
    packed = [packed_rows(np.asarray(t.packed, dtype=float)) for t in model.tables.values()]
    silent = tuple(sympy.S.Zero for _ in model.states)
    graph, _ = motion_graph(model, silent, [len(table) for table in packed])
    outputs = [*graph.field, *graph.observables]
    margin = len(outputs)
    texts, lookups, room = [], [], 0
    for name, results, row in (("field", graph.field, None), ("watch", outputs, margin)):
        function = LaneFunction(graph, list(enumerate(results)), margin + 1, margin=row)
        texts.append(function.source(name))
        lookups += list(function.lookups.values())
        room = max(room, function.rows_used)
    sizes = [
        f"STATES, DELAYED = {len(model.states)}, {len(graph.signals)}",
        f"OUT, PARAMETERS = {room}, {len(graph.parameters)}",
        f"OBSERVED = {len(graph.observables)}",
    ]
    return texts, sizes, lookups


@cache
def _own_digest() -> str:
    package = Path(__file__).parents[1]
    files = ("compiled/device_source.py", "simulation/device_motion.py")
    return hashlib.sha256(b"".join((package / f).read_bytes() for f in files)).hexdigest()
