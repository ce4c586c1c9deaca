"""``regime_map``: brute force over a plane of two parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.cluster.connection import current, spreading
from dynsys.cluster.pieces import pieces
from dynsys.errors import ModelError
from dynsys.journal import key, whole
from dynsys.simulation.arguments import EXPONENTIAL
from dynsys.simulation.device_runs import check_workers, checked_device
from dynsys.simulation.ensembles import simulate_ensemble
from dynsys.simulation.map_measures import MEASURES, measure
from dynsys.simulation.map_starts import KICKED, Start, start_inputs, start_states
from dynsys.simulation.methods import default_step
from dynsys.simulation.regime_chart import RegimeMap, judged
from dynsys.simulation.results import PENDING, provenance
from dynsys.simulation.streaming import check_size
from dynsys.storage import check_directory
from dynsys.typed import typed
from dynsys.vector_field import VectorField

Axis = tuple[str, float, float, int]
PIECE = 256  # cells of a mean field that are kept together, and made by one thread of a cluster,
AT_ONCE = 4  # such pieces by the threads of this process,
GPU_PIECE = 8192  # cells by a GPU, which has many threads
_STEPS = 30_000  # before and during the measurement by default: 3 s each for models in ms
_STRIDE = 5  # steps between samples
_HALVINGS = 4  # of the step, for runs that are not finite with it
_NOISE = 10.0  # Hz: what a network's smoothed rate swings without a rhythm
_SMOOTH = 5.0  # ms


@typed
def regime_map(
    model: Any,
    x: Axis,
    y: Axis,
    starts: Sequence[Start] | Mapping[str, Start] = ("low", "high"),
    *,
    observable: str | None = None,
    duration: float | None = None,
    settle: float | None = None,
    method: str = "heun",
    dt: float | None = None,
    swing: float | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    progress: bool = False,
    workers: int | None = None,
    scheduler: Any = None,
    device: str = "cpu",
) -> RegimeMap:
    """Simulate every cell of a plane from several starts, and tell what each settles on.

    1. Every cell is integrated from every start for ``settle``, then for ``duration``; runs that do
       not stay finite, or whose steps are too long for the exponential method, again with half the
       step, down to a 16th of it.
    2. The observable's range, mean and frequency are measured (upward crossings of its middle).
    3. What swings by more than ``swing``, and does not die out, oscillates; where starts end
       differently, attractors coexist.

    It finds what the starts lead to and nothing else: small basins, slow transients and what needs
    longer than ``settle`` are missed. ``bifurcation_diagram`` computes the borders themselves.

    Parameters
    ----------
    model : a VectorField, or a network (``network_of(...)``), whose cells are run one by one.
    x, y : (parameter, from, to, number of values).
    starts : "low" and "high", where runs end at the corners of the plane with the lowest and the
        highest mean; states (n,), or name -> state. Of a network "low" and "high" are kicks of its
        input by half the range of x, down or up, in the first fifth of ``settle``.
    observable : the model's own for telling attractors apart by default, else its first.
    duration, settle : in the model's time unit; 30 000 steps each by default (3 s for ms).
    method, dt : as in ``simulate_ensemble``.
    swing : the least range that counts as an oscillation; 0.2 % of the map's whole range by
        default, 10 Hz for networks.
    seed : of a network's runs, 0 by default.
    out : a file (.nc) that the map is written to.
    workers : threads; all cores by default.
    scheduler : the address of a Dask scheduler, a client or cluster, or "local": its workers
        simulate the cells (see ``dynsys.cluster.connection.spreading``).
    device : "cuda" simulates a mean field's cells on an NVIDIA GPU.

    Whatever stops it, the same call goes on with the cells that are missing (``dynsys.journal``).

    Raises
    ------
    ModelError, UnknownNameError
        for names, ranges and starts that make no sense; ClusterError for a scheduler that does not
        answer or goes away.

    Example
    -------
    >>> chart = regime_map(aln(), x=("mu_e", 0, 3, 61), y=("mu_i", 0, 3, 61))
    >>> chart.plot(); chart.save("map.nc")
    """
    check_workers(workers, scheduler, device)
    if checked_device(device) and (scheduler is not None or not isinstance(model, VectorField)):
        raise ModelError('device="cuda" is for mean fields, without a scheduler')
    plan = _planned(model, x, y, starts, observable, (duration, settle), method, dt, seed, workers)
    plan = replace(plan, device=device)
    if swing is None and plan.network is not None:
        swing = _NOISE
    if out is not None:
        check_directory(Path(out).parent)
    with whole(say=progress), spreading(scheduler):
        chart = RegimeMap(judged(_dataset(plan, _all_pieces(plan, progress)), swing))
        if out is not None:  # what is finished is kept until it is written
            chart.save(out)
    return chart


@dataclass(frozen=True)
class _Plan:
    """What a map asks for: the axes' values, named starts, times and how runs are made."""

    model: VectorField
    network: Any
    x: tuple[str, np.ndarray]
    y: tuple[str, np.ndarray]
    starts: dict[str, Any]
    observable: str
    duration: float
    options: Mapping[str, Any]
    seed: int
    workers: int | None
    device: str = "cpu"

    @property
    def cells(self) -> int:
        return len(self.x[1]) * len(self.y[1])

    def points(self, chosen: Any) -> dict[str, Any]:
        """Parameter values of cells, row by row of y."""
        across, upward = self.x[1], self.y[1]
        return {
            self.x[0]: np.tile(across, len(upward))[chosen],
            self.y[0]: np.repeat(upward, len(across))[chosen],
        }

    def text(self) -> str:
        """All that determines the measures."""
        model, network = self.model, self.network
        starts = {k: np.asarray(v).tolist() for k, v in self.starts.items()}
        axes = [[name, values.tolist()] for name, values in (self.x, self.y)]
        tables = [table.digest for table in model.tables.values()]
        runs = (
            None if network is None else [repr(getattr(network, "structure", network)), self.seed]
        )
        return json.dumps([
            model.definition(), dict(model.parameters), tables, axes, starts, self.observable,
            self.duration, dict(self.options), runs,
        ])  # fmt: skip

    def measures(self, start: Any, chosen: Any) -> np.ndarray:
        """The measures of cells (k, 6)."""
        if self.network is None:
            return _of_model(self, start, self.points(chosen))
        return _of_network(self, start, self.points(chosen))


def _planned(
    model: Any, x: Axis, y: Axis, starts: Any, observable: str | None,
    times: tuple[float | None, float | None], method: str, dt: float | None, seed: int | None,
    workers: int | None,
) -> _Plan:  # fmt: skip
    network = None if isinstance(model, VectorField) else model
    field = model if network is None else getattr(network, "model", None)
    if not isinstance(field, VectorField) or not (network is None or callable(network.run)):
        raise ModelError(f"{model!r} is no model and no network; see dynsys.models and network_of")
    across, upward = _axis(field, "x", x), _axis(field, "y", y)
    if x[0] == y[0]:
        raise ModelError(f"x and y are both {x[0]}; give two parameters")
    if network is None and seed is not None:
        raise ModelError("a seed is for a network; a mean field has no noise here: leave it out")
    name = _observable(field, observable)
    cells = len(across) * len(upward)
    size = 8.0 * (len(MEASURES) + 2) * cells * max(1, len(starts))
    check_size(size, f"{len(across)} x {len(upward)} cells", "choose fewer values of x and y")
    step = default_step(field) if dt is None else checks.number("dt", dt, above=0)
    duration, settle = (_STEPS * step if t is None else t for t in times)
    options = {"settle": settle, "method": method, "dt": step}
    if network is None:
        corners = {x[0]: across[[0, -1, 0, -1]], y[0]: upward[[0, 0, -1, -1]]}
        named: dict[str, Any] = start_states(field, starts, corners, name, duration, options)
    else:
        named = start_inputs(starts, x, settle)
    return _Plan(
        field, network, (x[0], across), (y[0], upward), named, name, duration, options,
        checks.seed(0 if seed is None else seed), workers,
    )  # fmt: skip


def _dataset(plan: _Plan, found: np.ndarray) -> xr.Dataset:
    """The measures (start, cell, 6) by name, over the plane."""
    model, name = plan.model, plan.observable
    axes = dict([plan.y, plan.x])
    shape = (len(plan.starts), *map(len, axes.values()))
    data: dict[str, Any] = {
        key: (("start", *axes), found[:, :, k].reshape(shape), {"long_name": f"{key} of {name}"})
        for k, key in enumerate(MEASURES)
    }
    coords: dict[str, Any] = {k: (k, v, {"units": model.unit(k)}) for k, v in axes.items()}
    attrs = {"observable": name, "unit": model.unit(name), "duration": plan.duration}
    attrs |= {"simulated": "mean field" if plan.network is None else "network"}
    result = xr.Dataset(
        data, {"start": list(plan.starts), **coords}, attrs | dict(plan.options) | provenance(model)
    )
    frequency = result["frequency"] * model.frequency_factor
    result["frequency"] = frequency.assign_attrs(
        units=model.frequency_unit, long_name=f"frequency of {name}"
    )
    return result


def _axis(model: VectorField, label: str, axis: Any) -> np.ndarray:
    """The values along an axis."""
    try:
        name, low, high, count = axis
    except (TypeError, ValueError):
        raise ModelError(
            f"{label} is {axis!r}; give (parameter, from, to, number of values)"
        ) from None
    checks.known("parameter", name, model.parameters, model.name)
    low, high = (checks.number(f"an end of {label}", v) for v in (low, high))
    if not low < high:
        raise ModelError(f"{label}: the range from {low:g} to {high:g} is empty or reversed")
    return np.linspace(low, high, checks.whole(f"the number of values of {label}", count, least=2))


def _observable(model: VectorField, given: str | None) -> str:
    known = [*model.observables, *model.states]
    if given is not None:
        return checks.known("observable or state", given, known, model.name)
    return model.attractors.observable if model.attractors else known[0]


def _all_pieces(plan: _Plan, progress: bool) -> np.ndarray:
    """The measures (start, cell, 6) of all cells, piece by piece, those at hand left alone."""
    from rich.progress import Progress  # where a bar is shown

    size = GPU_PIECE if plan.device == "cuda" else PIECE
    each = size if plan.network is None else 1
    if current() is not None:
        plan = replace(plan, workers=1)  # the cluster makes several pieces at once
    result = np.full((len(plan.starts), plan.cells, len(MEASURES)), np.nan)
    spans = [
        (k, start, slice(first, min(first + each, plan.cells)))
        for k, start in enumerate(plan.starts.values())
        for first in range(0, plan.cells, each)
    ]
    text = plan.text()
    names = [partial(key, text, plan.device, each, number) for number in range(len(spans))]
    with Progress(disable=not progress) as bar:
        shown = bar.add_task("simulating cells", total=len(plan.starts) * plan.cells)

        def finished(number: int) -> None:
            span = spans[number][2]
            bar.advance(shown, span.stop - span.start)

        def joined(numbers: list[int]) -> list[np.ndarray]:
            made: dict[int, np.ndarray] = {}
            for k, start in enumerate(plan.starts.values()):
                own = [number for number in numbers if spans[number][0] == k]
                if own:
                    cells = [np.arange(plan.cells)[spans[number][2]] for number in own]
                    found = plan.measures(start, np.concatenate(cells))
                    ends = np.cumsum([len(part) for part in cells])[:-1]
                    made |= dict(zip(own, np.split(found, ends), strict=True))
            return [made[number] for number in numbers]

        works = [partial(plan.measures, start, span) for _, start, span in spans]
        found = pieces(
            names, works, words="pieces of the map", done=finished, joined=joined,
            at_once=AT_ONCE if each == PIECE else 1,
        )  # fmt: skip
    for (k, _, span), measures in zip(spans, found, strict=True):
        result[k, span] = measures
    return result


def _of_model(plan: _Plan, start: np.ndarray, points: Mapping[str, Any]) -> np.ndarray:
    """The measures of a mean field's cells; what is not finite is done again with half the step."""
    step = float(plan.options["dt"])
    found = _measured(plan, start, points, step)
    for _ in range(_HALVINGS):
        lost = np.flatnonzero(np.isnan(found[:, 0]))
        if not len(lost):
            break
        step /= 2
        found[lost] = _measured(plan, start, {k: v[lost] for k, v in points.items()}, step)
    return found


def _measured(plan: _Plan, start: np.ndarray, points: Mapping[str, Any], step: float) -> np.ndarray:
    """The measures of runs with a step, whose samples lie as those of the map's own step."""
    stride = _STRIDE
    while round(plan.duration / float(plan.options["dt"])) % stride:
        stride -= 1
    sample = stride * float(plan.options["dt"])
    run = simulate_ensemble(
        plan.model, plan.duration, points=points, initial=start, record=plan.observable,
        sample=sample, workers=plan.workers, device=plan.device, warn=False,
        **{**plan.options, "dt": step},
    )  # fmt: skip
    if np.any(run["status"] == PENDING):  # Ctrl-C, which an ensemble answers with what it has
        raise KeyboardInterrupt
    values = np.ascontiguousarray(run[plan.observable].values)
    found = np.empty((len(values), len(MEASURES)))
    measure(values, sample, found)
    if plan.options["method"] == EXPONENTIAL.name and "overstepped" in run:
        found[np.isfinite(run["overstepped"].values)] = np.nan  # its steps are too long there
    return found


def _of_network(plan: _Plan, kick: float, points: Mapping[str, Any]) -> np.ndarray:
    """One run of a network at each point, its rate smoothed over 5 ms."""
    found = np.empty((len(points[plan.x[0]]), len(MEASURES)))
    settle = float(plan.options["settle"])

    def kicked(times: np.ndarray) -> np.ndarray:
        return np.where(times < KICKED * settle, kick, 0.0)

    for k in range(len(found)):
        values = {key: float(v[k]) for key, v in points.items()}
        run = plan.network.run(
            settle + plan.duration, seed=plan.seed, inputs={plan.x[0]: kicked}, **values
        )
        time = run["time"].values
        spacing = float(time[1] - time[0])
        width = max(1, round(_SMOOTH / spacing))
        late = run[plan.observable].values[time >= settle].astype(float)
        smooth = np.convolve(late, np.full(width, 1 / width), mode="valid")
        measure(np.ascontiguousarray(smooth[None]), spacing, found[k : k + 1])
    return found
