"""Fixed-step integration of many points: chunks on all cores, progress, interruption."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.compiled.clock import Clock
from dynsys.errors import ModelError
from dynsys.interruption import interruptible, run_all
from dynsys.journal import Checkpoint
from dynsys.simulation.arguments import Tableau
from dynsys.simulation.drives import Input, sampled
from dynsys.simulation.fixed_step import (
    Ensemble,
    Forcing,
    Noise,
    Recording,
    integrate,
)
from dynsys.simulation.history import ring_length
from dynsys.simulation.motion import Motion
from dynsys.simulation.side_by_side import blocks_of, run_block
from dynsys.vector_field import VectorField

_DRIVE_VALUES = 10_000_000  # of inputs that differ between points, held at once by a core
MOST_STEPS = 1e9  # of one run: more are a slip of the pen, or for several runs
_ON_GRID = 1e-6  # of a step: how far from a whole number of steps a time may lie


@dataclass
class Task:
    """One integration: what to do (see ``fixed_step.integrate`` for the arrays) and its results.

    ``done`` (P,) marks the points that are finished; ``run`` may be called again for the others.
    ``bound``: a point stops where a state is larger (runs side by side have none). ``held``:
    whether there is room for the recordings, or only their shape (see ``streaming``).
    """

    model: VectorField
    motion: Motion
    tableau: Tableau
    p: np.ndarray
    x: np.ndarray
    dt: float
    settle: int
    steps: int
    stride: int
    columns: np.ndarray
    inputs: Mapping[str, list[Input]]
    seeds: np.ndarray | None = None
    noisy: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    extra_lag: float = 0.0
    past: np.ndarray | None = None
    bound: float = math.inf
    held: bool = True

    def __post_init__(self) -> None:
        self.has_past = self.past is not None
        self.lags = self._lags()
        if self.past is None:
            length = ring_length(self.lags, self.dt)
            self.past = np.zeros((len(self.p), length, self.motion.delayed))
        samples = self.steps // self.stride + 1
        shape = (len(self.p), samples, len(self.columns))
        self.out = np.full(shape, np.nan) if self.held else np.broadcast_to(np.nan, shape)
        self.report = np.full((len(self.p), 6), np.nan)
        self.done = np.zeros(len(self.p), bool)

    def _lags(self) -> np.ndarray:
        lags = np.zeros((len(self.p), self.motion.delayed))
        if not self.motion.delayed:
            return lags
        x = np.zeros(self.motion.n + self.motion.delayed)
        for row, p in zip(lags, self.p, strict=True):
            self.motion.delays(x, p, self.motion.tables, row)
        if lags.size and lags.min() <= 0:
            raise ModelError(f"{self.model.name}: a delay is {lags.min():g}; it must be positive")
        lags += self.extra_lag
        if lags.size and lags.min() < self.dt * (1 - 1e-9):
            raise ModelError(
                f"dt = {self.dt:g} is longer than the shortest delay {lags.min():g} of "
                f"{self.model.name}; choose dt <= {lags.min():g}"
            )
        return lags

    def chunk(self, first: int, last: int) -> None:
        """Integrate the points ``first`` to ``last``."""
        chosen = range(first, last)
        drives = sampled(self.model, self.inputs, chosen, self.dt, self.steps)
        increments = np.zeros((1, 0, 0))
        if len(self.noisy):
            assert self.seeds is not None
            shape = (self.settle + self.steps, len(self.noisy))
            draws = [np.random.default_rng(int(self.seeds[i])).normal(size=shape) for i in chosen]
            increments = np.sqrt(self.dt) * np.stack(draws)
        assert self.past is not None
        here = slice(first, last)
        x, p, lags, past = self.x[here], self.p[here], self.lags[here], self.past[here]
        points = Ensemble(x, p, lags, past, self.has_past, self.bound)
        # Views of a contiguous array's first axis stay contiguous: results land in place.
        rates = self.motion.rates
        if self.tableau.exponential:
            rates = rates._replace(relaxation=self.motion.relaxation)
        integrate(
            rates,
            self.tableau.method(),
            points,
            Clock(self.dt, self.settle, self.steps, self.stride),
            Forcing(drives.driven, drives.values, drives.edges),
            Noise(increments, self.noisy),
            Recording(self.columns, len(self.model.observables), self.out[here], self.report[here]),
        )
        self.done[here] = True

    def run(
        self, progress: bool = False, workers: int | None = None,
        kept: Checkpoint | None = None,
    ) -> None:  # fmt: skip
        """Integrate all points that are not done; KeyboardInterrupt leaves the others undone."""
        pending = np.flatnonzero(~self.done)
        if len(pending) == 1:
            interruptible(self.chunk, int(pending[0]), int(pending[0]) + 1)
            return
        workers = workers or os.cpu_count() or 1
        blocks, others = blocks_of(self, pending, workers)
        if blocks:
            _ = self.motion.lanes  # compiled here, where an interruption can wait for it
        # Enough chunks to keep all cores busy to the end and an interruption short.
        size = max(1, min(64, len(others) // (8 * workers)))
        if any(len(several) > 1 for several in self.inputs.values()):
            size = max(1, min(size, _DRIVE_VALUES // (3 * self.steps * len(self.inputs))))
        pieces = _ranges(others, size)
        calls = [partial(run_block, self, block) for block in blocks]
        calls += [partial(self.chunk, *piece) for piece in pieces]
        counts = [len(block) for block in blocks] + [last - first for first, last in pieces]
        from rich.progress import Progress  # where a bar is shown

        with Progress(disable=not progress) as bar:
            shown = bar.add_task("simulating", total=len(pending))

            def finished(number: int) -> None:
                bar.advance(shown, counts[number])
                if kept is not None:
                    kept.keep(self.finished)

            run_all(calls, workers, finished)

    def finished(self) -> list[np.ndarray]:
        """The finished points as plain data: their numbers, then their columns."""
        points = np.flatnonzero(self.done)
        return [points, *(column[points] for column in self._columns())]

    def take_up(self, points: np.ndarray, *columns: np.ndarray) -> None:
        """Fill in what ``finished`` told of an earlier run of the same task."""
        for own, column in zip(self._columns(), columns, strict=True):
            own[points] = column
        self.done[points] = True

    def _columns(self) -> list[np.ndarray]:
        assert self.past is not None
        return [self.x, self.past, self.out, self.report]

    def detach(self) -> None:
        """Keep what is finished apart from chunks that may still be under way, interrupted."""
        self.done = self.done.copy()
        self.out, self.report, self.x = self.out.copy(), self.report.copy(), self.x.copy()
        assert self.past is not None
        self.past = self.past.copy()
        for values in (self.out, self.report, self.x, self.past):  # half a run is none
            values[~self.done] = np.nan


def _ranges(indices: np.ndarray, size: int) -> list[tuple[int, int]]:
    """Contiguous runs of at most ``size`` of increasing indices."""
    if not len(indices):
        return []
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    pieces = []
    for run in np.split(indices, breaks):
        pieces += [(int(part[0]), int(part[-1]) + 1) for part in _parts(run, size)]
    return pieces


def _parts(run: np.ndarray, size: int) -> list[np.ndarray]:
    return [run[i : i + size] for i in range(0, len(run), size)]


def whole_steps(name: str, span: float, dt: float, least: int = 0) -> int:
    """How many steps a span of time takes; ModelError where it is no whole number of them."""
    if least:
        span = checks.number(name, span, above=0)
    else:
        span = checks.number(name, span, least=0)
    if span / dt > MOST_STEPS:
        raise ModelError(
            f"{name} = {span:g} takes {span / dt:.2g} steps of {dt:g}; at most {MOST_STEPS:g} are "
            "made: choose a larger dt or sample, or continue the run in pieces (initial=run)"
        )
    steps = round(span / dt)
    if abs(span / dt - steps) > _ON_GRID * max(1.0, steps) or steps < least:
        raise ModelError(
            f"{name} = {span:g} is not a whole number of steps dt = {dt:g}; "
            f"use {max(steps, least) * dt:g} or another dt"
        )
    return int(steps)


def _listed(record: Any) -> list[Any]:
    try:
        names = list(record)
        hash(tuple(names))
    except TypeError:
        raise ModelError(f"record is {record!r}; give a name, or a list of names") from None
    return names


def record_columns(model: VectorField, record: Sequence[str] | str | None) -> tuple[list[str], Any]:
    """Names to record (all observables by default) and their columns; ``"states"`` adds all."""
    known = [*model.observables, *model.states]
    if record is None:
        names = list(model.observables)
    else:
        names = [record] if isinstance(record, str) else _listed(record)
        if "states" in names:
            names = [n for n in names if n != "states"] + list(model.states)
        names = list(dict.fromkeys(names))
    columns = []
    for name in names:
        columns.append(known.index(checks.known("observable or state", name, known, model.name)))
    return names, np.array(columns, dtype=np.int64)
