"""A model as the integrators see it: states and delayed values in, rates of change and signals out.

Continuation carries delays on transport lines; in simulation they are exact. The compiled field
takes ``x`` = (states, delayed values) and writes (time derivatives, present values of the delayed
signals), so that every table is read once for both.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
import sympy

from dynsys.compiled.code_generation import FieldGraph
from dynsys.compiled.compilation import model_folder
from dynsys.compiled.entries import Writer, load_entry
from dynsys.compiled.lane_source import LaneFunction
from dynsys.compiled.lookup_source import readers
from dynsys.compiled.run_graph import RunGraph
from dynsys.compiled.spline_rows import packed_rows
from dynsys.compiled.step_source import Rows, step_module
from dynsys.definition import Reader
from dynsys.delays import replace_delays
from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.symbols import evaluation_order, symbol
from dynsys.expressions.translation import Translator
from dynsys.simulation.arguments import TABLEAUS, Rates, no_noise, no_relaxation
from dynsys.simulation.bilinear import published_table
from dynsys.vector_field import VectorField

_ROOM = 2**15  # numbers of a block, so that it stays in the nearer caches of a core
_WIDTHS = (256, 128, 64, 32)  # runs side by side: many, for what every step of a block costs

_HEADER = '''"""Simulation of {name}: generated, keyed by content, safe to delete."""

import math

import numpy as np

from dynsys.compiled.arithmetic import exp, log
from dynsys.compiled.kernels import FIELD
from dynsys.compiled.spline_rows import row_reader
from dynsys.expressions.functions import linoid_derivative
from dynsys.numba_cache import njit
from dynsys.simulation.bilinear import bilinear_value
'''
# A loop: slices would take numba a second and a half more.
_DELAYS = """

@njit([FIELD], cache=True)
def delays(x, p, t, out):
    rows = np.empty({rows})
    delays_and_more(x, p, t, rows)
    for k in range({count}):
        out[k] = rows[k]
"""
# What writes the functions, apart from what ``generator_digest`` knows.
_WRITERS = ["simulation/motion", "simulation/bilinear"]
_WRITERS += [f"compiled/{name}" for name in ("arithmetic", "lane_source", "lookup_source")]
_WRITERS += [f"compiled/{name}" for name in ("run_graph", "spline_rows", "step_source")]


@dataclass(frozen=True)
class LaneMotion:
    """The functions of a ``Motion`` for ``width`` runs, number k of run l at ``k * width + l``.

    ``rates.room`` is the rows of an ``out``; ``relaxation`` is as in ``Motion``. ``steps`` are
    whole steps by the name of the method, where the model allows them
    (``dynsys.compiled.step_source``).
    """

    rates: Rates
    relaxation: Callable
    width: int
    steps: Mapping[str, Callable]


@dataclass(frozen=True)
class Motion:
    """Compiled functions for time integration; signatures as in ``dynsys.compiled.kernels``.

    ``x`` (n + delayed,) holds the states and the delayed values. ``field`` writes derivatives (n)
    and signals (delayed) to an ``out`` of length ``out``; ``watch`` writes the same, then the
    observables and the smallest margin to a table's edge; ``diffusion`` the noise amplitudes (n),
    to an ``out`` of the same length, ``relaxation`` the factors of the states in their own
    equations (``exponential_step``); ``delays`` the delays (delayed,). ``lanes`` are the functions
    for many runs side by side.

    What is constant in a run is computed once: all but ``delays`` take as ``p`` (``rows``,) the
    model's parameters with what ``prepare`` makes of them behind, as ``prepared`` returns them.
    ``poles``: whether the field may be infinite between two states where it is not.
    ``name`` differs between motions with different results.
    """

    n: int
    delayed: int
    out: int
    field: Callable
    watch: Callable
    delays: Callable
    diffusion: Callable
    relaxation: Callable
    prepare: Callable
    tables: np.ndarray
    rows: int
    poles: bool
    name: str
    folder: Path
    write: Writer = dataclasses.field(repr=False)

    @property
    def width(self) -> int:
        """Runs side by side."""
        return _width(self.n, self.delayed, self.out)

    @cached_property
    def lanes(self) -> LaneMotion:
        """The functions for runs side by side, compiled where they are first asked for."""
        module = load_entry(self.folder, self.write, "lanes")
        steps = load_entry(self.folder, self.write, "steps")
        return LaneMotion(
            Rates(
                module.field, module.watch, getattr(module, "diffusion", no_noise), no_relaxation,
                module.prepare, self.tables,
                module.OUT, module.ROWS, self.poles,
            ),
            module.relaxation,
            module.WIDTH,
            {name: getattr(steps, name) for name in TABLEAUS if hasattr(steps, name)},
        )  # fmt: skip

    @property
    def rates(self) -> Rates:
        """What the compiled integrators take; of a method that asks for it, with ``relaxation``."""
        return Rates(
            self.field, self.watch, self.diffusion, no_relaxation, self.prepare, self.tables,
            self.out, self.rows, self.poles,
        )  # fmt: skip

    def prepared(self, p: np.ndarray) -> np.ndarray:
        """Parameters (m,) with what is computed of them once in a run, (rows,)."""
        whole = np.zeros(self.rows)
        whole[: len(p)] = p
        self.prepare(whole, whole, self.tables, whole)
        return whole


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
    if not noise:
        return [sympy.S.Zero for _ in model.states]
    read = Reader(model.name, [*model.states, *model.parameters, *model.definitions], model.tables)
    return [read(f"the noise of {k}", noise.get(k, 0)) for k in model.states]


@lru_cache(maxsize=32)
def _motion(model: VectorField, bilinear: bool, amplitudes: tuple[sympy.Expr, ...]) -> Motion:
    packed = [
        published_table(table) if bilinear else packed_rows(np.asarray(table.packed, dtype=float))
        for table in model.tables.values()
    ]
    printed = model._writer()
    text = "\n".join([model.definition(), *map(printed, amplitudes), str(bilinear), _own_digest()])
    text += repr(TABLEAUS)
    folder = model_folder(f"{model.name}_motion", text)

    def write(draft: Path) -> None:
        graph, diffusion = motion_graph(model, amplitudes, [len(table) for table in packed])
        (draft / "kernels.py").write_text(_source(model, graph, diffusion, bilinear))
        lanes, steps = _lane_sources(model, graph, diffusion, bilinear)
        (draft / "lanes.py").write_text(lanes)
        (draft / "steps.py").write_text(steps)

    module = load_entry(folder, write)
    return Motion(
        n=module.STATES,
        delayed=module.DELAYED,
        out=module.OUT,
        field=module.field,
        watch=module.watch,
        delays=module.delays,
        diffusion=getattr(module, "diffusion", no_noise),
        relaxation=module.relaxation,
        prepare=module.prepare,
        rows=module.ROWS,
        poles=module.POLES,
        tables=np.ascontiguousarray(np.concatenate(packed) if packed else np.zeros(1)),
        folder=folder,
        write=write,
        name=folder.name,
    )


@cache
def _own_digest() -> str:
    package = Path(__file__).parents[1]
    content = b"".join((package / f"{name}.py").read_bytes() for name in _WRITERS)
    return hashlib.sha256(content).hexdigest()


def _source(model: VectorField, graph: FieldGraph, diffusion: list[int], bilinear: bool) -> str:
    """The functions of a single run."""
    functions, room, rows = _functions(graph, diffusion, bilinear, 1)
    count = len(graph.signals)
    delays = LaneFunction(graph, list(enumerate(graph.signals)), count, bilinear=bilinear)
    text = delays.source("delays_and_more")
    text += _DELAYS.format(rows=delays.rows_used, count=count)
    functions.append(("delays", delays, text))
    n = len(model.states)
    assert isinstance(graph.graph, RunGraph)
    poles = graph.graph.may_have_poles(graph.field[:n], n)
    sizes = (f"STATES, DELAYED, POLES = {n}, {count}, {poles}", f"OUT, ROWS = {room}, {rows}")
    return _module(model.name, sizes, functions)


def _width(n: int, delayed: int, out: int) -> int:
    rows = 4 * n + 2 * delayed + 5 * out + 32 * delayed  # and a past of 32 samples
    return next((width for width in _WIDTHS if rows * width <= _ROOM), _WIDTHS[-1])


def _lane_sources(
    model: VectorField, graph: FieldGraph, diffusion: list[int], bilinear: bool
) -> tuple[str, str]:
    """The functions of many runs, and their steps."""
    _, single, _ = _functions(graph, diffusion, bilinear, 1)
    width = _width(len(model.states), len(graph.signals), single)
    functions, room, rows = _functions(graph, diffusion, bilinear, width)
    sizes = (f"WIDTH, OUT, ROWS = {width}, {room}, {rows}",)
    lanes = _module(model.name, sizes, functions)
    if graph.signals:
        return lanes, ""
    weights = {name: (tableau.a, tableau.b) for name, tableau in TABLEAUS.items()}
    n = len(model.states)
    return lanes, step_module(model.name, functions[0][1], n, Rows(n, 0, room), weights)


_Written = tuple[str, LaneFunction, str]


def _functions(
    graph: FieldGraph, diffusion: list[int], bilinear: bool, width: int
) -> tuple[list[_Written], int, int]:
    """``field``, ``watch``, ``diffusion``, ``relaxation``, ``prepare``; the rows of an ``out`` that
    serves all but the last, those of parameters with what ``prepare`` computes once in a run."""
    assert isinstance(graph.graph, RunGraph)
    outputs = [*graph.field, *graph.observables]
    margin, first = len(outputs), len(graph.parameters)
    n = len(diffusion)
    relaxations = graph.graph.relaxations(graph.field[:n], graph.states[:n])
    constants = graph.graph.constants_of_a_run([*outputs, *diffusion, *relaxations])
    held = {number: first + k for k, number in enumerate(constants)}
    written = []
    for name, results, row in (
        ("field", graph.field, None), ("watch", outputs, margin), ("diffusion", diffusion, None),
        ("relaxation", relaxations, None),
    ):  # fmt: skip
        if name == "diffusion" and all(number == graph.graph.zero for number in diffusion):
            continue  # ``no_noise`` does
        function = LaneFunction(
            graph, list(enumerate(results)), margin + 1, width, held, row, bilinear
        )
        written.append((name, function, function.source(name)))
    room = max(function.rows_used for _, function, _ in written)
    kept = [(row, number) for number, row in held.items()]
    prepare = LaneFunction(
        graph, kept, first + len(kept), width, bilinear=bilinear, parameters="out"
    )
    written.append(("prepare", prepare, prepare.source("prepare")))
    return written, room, prepare.rows_used


def _module(name: str, sizes: tuple[str, ...], functions: Sequence[_Written]) -> str:
    lookups = [k for _, function, _ in functions for k in function.lookups.values()]
    head = [_HEADER.format(name=name), *sizes, *readers(lookups)]
    return "\n".join([*head, "", *(text for _, _, text in functions)])


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
    graph = RunGraph()
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
