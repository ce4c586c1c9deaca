"""A model as the integrators see it: states and delayed values in, rates of change and signals out.

Continuation carries delays on transport lines; in simulation they are exact. The compiled field
takes ``x`` = (states, delayed values) and writes (time derivatives, present values of the delayed
signals), so that every table is read once for both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import sympy

from dynsys.compiled.code_generation import FieldGraph, function_source, motion_source
from dynsys.compiled.compilation import model_folder
from dynsys.compiled.entries import load_entry
from dynsys.definition import Reader
from dynsys.delays import replace_delays
from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.graph import Graph
from dynsys.expressions.symbols import evaluation_order, symbol
from dynsys.expressions.translation import Translator
from dynsys.simulation.arguments import Rates
from dynsys.simulation.bilinear import published_table
from dynsys.vector_field import VectorField

_HEADER = '''"""Simulation of {name}: generated, keyed by content, safe to delete."""

import math

import numpy as np
from numba import njit

from dynsys.expressions.functions import linoid_derivative
from dynsys.compiled.kernels import FIELD, OBSERVABLES
from dynsys.compiled.splines import table_jet, table_margin
from {tables}

STATES = {n}
DELAYED = {k}
OUT = {out}
'''
_SMOOTH = "dynsys.compiled.splines import table_values"
_BILINEAR = "dynsys.simulation.bilinear import bilinear_values as table_values"


@dataclass(frozen=True)
class Motion:
    """Compiled functions for time integration; signatures as in ``dynsys.compiled.kernels``.

    ``x`` (n + delayed,) holds the states and the delayed values. ``field`` writes derivatives (n)
    and signals (delayed) to an ``out`` of length ``out``; ``watch`` writes the same, then the
    observables and the smallest margin to a table's edge; ``delays`` the delays; ``diffusion`` the
    noise amplitudes (n). ``name`` differs between motions with different results.
    """

    n: int
    delayed: int
    out: int
    field: Callable
    watch: Callable
    delays: Callable
    diffusion: Callable
    tables: np.ndarray
    name: str

    @property
    def rates(self) -> Rates:
        """What the compiled integrators take."""
        return Rates(self.field, self.watch, self.diffusion, self.tables, self.out)


def motion(
    model: VectorField, bilinear: bool = False, noise: Mapping[str, object] | None = None
) -> Motion:
    """The compiled motion of a model, made once and then loaded from the disk.

    Parameters
    ----------
    bilinear : read tables as the published mean-field code does.
    noise : state -> amplitude (number or expression in states and parameters) of its white noise.
    """
    amplitudes = _amplitudes(model, noise or {})
    return _motion(model, bilinear, tuple(amplitudes))


def _amplitudes(model: VectorField, noise: Mapping[str, object]) -> list[sympy.Expr]:
    for name in noise:
        if name not in model.states:
            raise unknown_name("state", name, model.states, model.name)
    read = Reader(model.name, [*model.states, *model.parameters, *model.definitions], model.tables)
    return [read(f"the noise of {k}", noise.get(k, 0)) for k in model.states]


@lru_cache(maxsize=32)
def _motion(model: VectorField, bilinear: bool, amplitudes: tuple[sympy.Expr, ...]) -> Motion:
    packed = [
        published_table(table) if bilinear else np.asarray(table.packed, dtype=float)
        for table in model.tables.values()
    ]
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    own += hashlib.sha256((Path(__file__).parent / "bilinear.py").read_bytes()).hexdigest()
    printed = model._writer()
    text = "\n".join([model.definition(), *map(printed, amplitudes), str(bilinear), own])
    folder = model_folder(f"{model.name}_motion", text)

    def write(draft: Path) -> None:
        sizes = [len(table) for table in packed]
        (draft / "kernels.py").write_text(_source(model, bilinear, amplitudes, sizes))

    module = load_entry(folder, write)
    return Motion(
        n=module.STATES,
        delayed=module.DELAYED,
        out=module.OUT,
        field=module.field,
        watch=module.watch,
        delays=module.delays,
        diffusion=module.diffusion,
        tables=np.ascontiguousarray(np.concatenate(packed) if packed else np.zeros(1)),
        name=folder.name,
    )


def _source(model: VectorField, bilinear: bool, amplitudes: tuple, sizes: list[int]) -> str:
    graph, diffusion = motion_graph(model, amplitudes, sizes)
    functions, room = motion_source(graph)
    parts = [
        _HEADER.format(
            name=model.name, tables=_BILINEAR if bilinear else _SMOOTH,
            n=len(model.states), k=len(graph.signals), out=room,
        ),
        functions,
        function_source(graph, "delays", "OBSERVABLES", "x, p, t, out", graph.signals),
        function_source(graph, "diffusion", "OBSERVABLES", "x, p, t, out", diffusion),
    ]  # fmt: skip
    return "\n\n".join(parts)


def motion_graph(
    model: VectorField, amplitudes: tuple[sympy.Expr, ...], sizes: list[int]
) -> tuple[FieldGraph, list[int]]:
    """The graph of a model with its delayed values as further inputs, and the noise's nodes."""
    raw = [
        *model.definitions.values(),
        *model.equations.values(),
        *(o.expression for o in model.observables.values()),
        *amplitudes,
    ]
    # A line of one node is just a name for the delayed value.
    expressions, lines = replace_delays(raw, 1)
    graph = Graph()
    names = [*map(symbol, model.states), *(line.nodes[0] for line in lines)]
    states = {name: graph.node("x", i) for i, name in enumerate(names)}
    parameters = {symbol(k): graph.node("p", i) for i, k in enumerate(model.parameters)}
    translate = Translator(graph, states | parameters)
    first, last = len(model.definitions), len(model.definitions) + len(model.equations)
    end = last + len(model.observables)
    named = dict(zip(model.definitions, expressions[:first], strict=True))
    for label in evaluation_order(model.name, named):
        translate.define(symbol(label), named[label])
    offsets, position = {}, 0
    for label, size in zip(model.tables, sizes, strict=True):
        offsets[label] = position
        position += size
    for line in lines:
        if line.tau.free_symbols & {symbol(k) for k in model.states}:
            raise ModelError(f"{model.name}: the delay {line.tau} depends on a state")
    return FieldGraph(
        graph=graph,
        states=list(states.values()),
        parameters=list(parameters.values()),
        field=[translate(e) for e in expressions[first:last]]
        + [translate(line.signal) for line in lines],
        observables=[translate(e) for e in expressions[last:end]],
        signals=[translate(line.tau) for line in lines],
        table_offsets=offsets,
        table_quantities={k: len(table.quantities) for k, table in model.tables.items()},
    ), [translate(e) for e in expressions[end:]]
