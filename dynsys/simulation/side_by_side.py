"""Runs of a task side by side: which go together, their arrays, their noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dynsys.compiled.clock import Clock
from dynsys.compiled.step_source import Rows
from dynsys.simulation.block_arrays import Block, BlockForcing, BlockNoise, LaneRates, Results
from dynsys.simulation.blocks import advance, begin
from dynsys.simulation.drives import sampled
from dynsys.simulation.fixed_step import Recording
from dynsys.simulation.history import mark_kinks, stencils
from dynsys.simulation.whole_steps import advance_whole

if TYPE_CHECKING:
    from dynsys.simulation.integration import Task

FEWEST = 4  # runs in a block: fewer are faster one by one
_WORTH = 100_000  # steps of all runs: what takes less does not wait for the compiler
_VALUES = 1_000_000  # random numbers of a block held at once
_DRIVE_VALUES = 10_000_000  # of inputs that differ between points, held at once


def blocks_of(task: Task, pending: np.ndarray, workers: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The numbers of the runs that go side by side, block by block, and of the others.

    Runs of equal delays go together. Single runs and blocks give the same digits.
    """
    steps = task.settle + task.steps
    own = any(len(several) > 1 for several in task.inputs.values())
    values = 3 * task.steps * len(task.inputs) * task.motion.width if own else 0
    if len(pending) < FEWEST or len(pending) * steps < _WORTH or values > _DRIVE_VALUES:
        return [], pending
    _, group = np.unique(task.lags[pending], axis=0, return_inverse=True)
    blocks: list[np.ndarray] = []
    others = [np.zeros(0, np.int64)]
    for k in range(group.max() + 1):
        members = pending[group.ravel() == k]
        # As many blocks as keep all workers busy to the end, of equal sizes.
        count = -(-len(members) // task.motion.width)
        if count > workers and count % workers and len(members) < 8 * count * FEWEST:
            count += workers - count % workers
        for part in np.array_split(members, count):
            (blocks if len(part) >= FEWEST else others).append(part)
    return blocks, np.sort(np.concatenate(others))


def run_block(task: Task, points: np.ndarray) -> None:
    """Integrate the runs ``points`` of a task, which have equal delays."""
    lanes = task.motion.lanes
    width, used = lanes.width, len(points)
    padded = np.concatenate([points, np.full(width - used, points[0])]).astype(np.int64)
    drives = sampled(task.model, task.inputs, padded, task.dt, task.steps)
    values = np.ascontiguousarray(np.moveaxis(drives.values, (0, 3), (3, 0)))
    block = _block(task, padded, used, drives.edges)
    assert task.past is not None
    recording = Recording(task.columns, len(task.model.observables), task.out, task.report)
    task.report[points] = [-1.0, -1.0, np.inf, -1.0, 0.0, 0.0]
    rates = lanes.rates
    if task.tableau.exponential:
        rates = rates._replace(relaxation=lanes.relaxation)
    model = LaneRates(rates, task.motion.rates)
    begin(model, block, task.past, task.has_past)
    clock = Clock(task.dt, task.settle, task.steps, task.stride)
    results = Results(task.x, task.past, recording)
    step = lanes.steps.get(task.tableau.name)
    if step is not None and not len(task.noisy) and not len(drives.driven):
        stages = len(task.tableau.b)
        advance_whole(model, step, stages, block, clock, results, np.array([task.dt]), np.zeros(1))
        task.done[points] = True
        return
    for first, last, increments in _increments(task, padded, used):
        advance(
            model,
            task.tableau.method(),
            block,
            clock,
            BlockForcing(drives.driven, values),
            BlockNoise(first, increments, task.noisy),
            results,
            first,
            last,
        )
    task.done[points] = True


def _block(task: Task, padded: np.ndarray, used: int, edges: np.ndarray) -> Block:
    lanes, tableau, lags = task.motion.lanes, task.tableau.method(), task.lags[padded[0]]
    width = lanes.width
    n, delayed = task.motion.n, task.motion.delayed
    assert task.past is not None
    marked = delayed or tableau.exponential
    kinks = np.zeros(task.settle + task.steps + 2 if marked else 0, np.uint8)
    mark_kinks(lags, task.dt, edges + task.settle, kinks)
    base = np.ascontiguousarray(task.p[padded].T)
    rows = Rows(n, delayed, lanes.rates.room)
    work = np.zeros((rows.parameters + lanes.rates.rows, width))
    work[:n] = task.x[padded].T
    work[rows.parameters : rows.parameters + len(base)] = base
    return Block(
        width=width, used=used, points=padded, work=work.ravel(),
        x=work[: rows.before].ravel(), stage=np.zeros(rows.before * width),
        slopes=work[rows.slopes : rows.parameters].reshape(5, -1),
        base=base.ravel(), p=work[rows.parameters :].ravel(),
        ring=np.zeros((task.past.shape[1], delayed * width)),
        reads=stencils(lags, tableau.c, task.dt, tableau.points), kinks=kinks,
        before=work[rows.before : rows.peak].ravel(),
        peak=work[rows.peak : rows.slopes].ravel(),
        amplitude=np.zeros(lanes.rates.room * width), alive=np.ones(width, np.uint8),
        odd=np.zeros(width, np.int64),
        one=np.zeros(6 * n + 3 * delayed + task.motion.out + lanes.rates.rows),
        one_slopes=np.zeros((len(tableau.b), n)),
    )  # fmt: skip


def _increments(task: Task, padded: np.ndarray, used: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Spans of steps with their Brownian increments: for every seed those of a single run."""
    total, count, width = task.settle + task.steps, len(task.noisy), len(padded)
    if not count:
        yield 0, total + 1, np.zeros((0, 0))
        return
    assert task.seeds is not None
    sources = [np.random.default_rng(int(task.seeds[i])) for i in padded[:used]]
    size = max(1, _VALUES // (count * width))
    for first in range(0, total, size):
        last = min(first + size, total)
        drawn = np.zeros((last - first, count, width))
        for lane, source in enumerate(sources):
            drawn[:, :, lane] = source.normal(size=(last - first, count))
        drawn *= np.sqrt(task.dt)
        yield first, last + (last == total), drawn.reshape(last - first, count * width)
