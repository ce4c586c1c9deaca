"""Ensembles on a cluster: parts of a task, each made again where a worker runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys.cluster.pieces import pieces
from dynsys.simulation.arguments import Tableau
from dynsys.simulation.drives import Input
from dynsys.simulation.integration import Task
from dynsys.simulation.methods import Scheme
from dynsys.simulation.motion import motion
from dynsys.simulation.resuming import kept_points, parts_of, task_key
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Part:
    """Some points of a task, as a worker can be sent them; called, it integrates them."""

    model: VectorField
    bilinear: bool
    noise: Mapping[str, Any]
    tableau: Tableau
    p: np.ndarray
    x: np.ndarray
    past: np.ndarray | None
    clock: tuple[float, int, int, int]
    columns: np.ndarray
    inputs: Mapping[str, list[Input]]
    seeds: np.ndarray | None
    noisy: np.ndarray
    extra_lag: float

    def __call__(self) -> list[np.ndarray]:
        """Final states, pasts, recordings and reports of the points."""
        dt, settle, steps, stride = self.clock
        task = Task(
            model=self.model, motion=motion(self.model, self.bilinear, self.noise),
            tableau=self.tableau, p=self.p.copy(), x=self.x.copy(), dt=dt, settle=settle,
            steps=steps, stride=stride, columns=self.columns, inputs=self.inputs,
            seeds=self.seeds, noisy=self.noisy, extra_lag=self.extra_lag,
            past=None if self.past is None else self.past.copy(),
        )  # fmt: skip
        task.run(workers=1)  # the cluster's workers run several parts beside one another
        return task.finished()[1:]


def run_spread(task: Task, chosen: Scheme, progress: bool) -> None:
    """Integrate the points of a task that are not done on the cluster that is set.

    Raises ClusterError where the cluster goes away; finished parts are kept.
    """
    from rich.progress import Progress  # where a bar is shown

    named = parts_of(task, task_key(task))
    works = [_part(task, chosen, points) for points, _ in named]
    kept_points(task)  # which overwrites the states of points that are done by the final ones
    left = [k for k, (points, _) in enumerate(named) if not task.done[points].all()]
    parts = [named[k][0] for k in left]
    with Progress(disable=not progress) as bar:
        shown = bar.add_task("simulating", total=int(sum(map(len, parts))))
        found = pieces(
            [named[k][1] for k in left],
            [works[k] for k in left],
            done=lambda number: bar.advance(shown, len(parts[number])),
        )
    for points, columns in zip(parts, found, strict=True):
        task.take_up(points, *columns)


def _part(task: Task, chosen: Scheme, points: np.ndarray) -> Part:
    assert task.past is not None
    inputs = {
        name: [several[i] for i in points] if len(several) > 1 else list(several)
        for name, several in task.inputs.items()
    }
    return Part(
        task.model, chosen.bilinear, dict(chosen.noise), task.tableau, task.p[points],
        task.x[points], task.past[points] if task.has_past else None,
        (task.dt, task.settle, task.steps, task.stride), task.columns, inputs,
        None if task.seeds is None else np.asarray(task.seeds)[points], task.noisy,
        task.extra_lag,
    )  # fmt: skip
