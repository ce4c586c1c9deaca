"""``simulate_nodes``: one run of a model on a graph of any size, results over time and node."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dynsys.compiled.clock import Clock
from dynsys.coupling.coupled_field import CoupledField
from dynsys.coupling.node_kernel import NodeKernel, Wiring, parameter_rows, wirings
from dynsys.errors import ModelError, unknown_name
from dynsys.interruption import interruptible
from dynsys.simulation.arguments import TABLEAUS
from dynsys.simulation.drives import Drive, checked_inputs, sampled, values
from dynsys.simulation.graph_steps import Instant, Nodes, Patterns, Recording, integrate_graph
from dynsys.simulation.history import ring_length
from dynsys.simulation.integration import record_columns, whole_steps
from dynsys.simulation.methods import default_step
from dynsys.simulation.results import provenance


@dataclass(frozen=True, eq=False)
class Pattern:
    """An input in space and time: a waveform times one factor per node.

    Example
    -------
    >>> Pattern(np.exp(-((x - 18.0) ** 2) / 2), lambda t: 15 * np.exp(-((t - 150) / 50) ** 2 / 2))
    """

    profile: Any
    waveform: Any


def simulate_nodes(
    field: CoupledField,
    duration: float,
    *,
    inputs: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | Sequence[float] | np.ndarray | xr.Dataset | None = None,
    record: Sequence[str] | str | None = None,
    method: str = "rk4",
    dt: float | None = None,
    settle: float = 0.0,
    sample: float | None = None,
) -> xr.Dataset:
    """Integrate a coupled model with fixed steps, the node compiled once for all nodes.

    Parameters
    ----------
    field : what ``couple`` returns, of any size.
    duration : recorded time, in the model's time unit (ms for the mean fields).
    inputs : parameter of the node -> what is added to it over time: a waveform or a function of
        time (at every node), a mapping node -> waveform, a ``Pattern`` (a waveform times one factor
        per node), or a list of these, which are added. Inputs act from time 0, after ``settle``.
    initial : mapping state -> value or values (N,), array (n,) or (N, n), or an earlier run to
        continue; the model's initial state by default. The past is at rest.
    record : observables or states of the node, ``"states"`` for all; its observables by default.
    method : "rk4", "heun" or "euler" with steps ``dt`` (0.1 ms; 0.01 without time unit). Delays
        are read by cubic interpolation ("euler": linear), never across a kink of the past.
    settle : unrecorded time before. sample : time between records, the step by default.

    Returns
    -------
    Dataset over ``time`` and ``node`` with units and every parameter's value; ``final_state``
    (node, state), ``final_past`` and ``status`` ("complete" or "stopped", with a warning). A node
    that leaves the domain of a table is warned of, and its time is the attribute ``left_table``.

    Raises
    ------
    ModelError, UnknownNameError
        for unknown names, shapes that do not fit and steps longer than the shortest delay.

    Example
    -------
    >>> run = simulate_nodes(couple(aln(), graph, source="r_e", target="mu_e"), 500)
    >>> run["r_E"].plot()
    """
    if not isinstance(field, CoupledField):
        raise ModelError(
            f"simulate_nodes takes the result of couple(...), not a {type(field).__name__}; "
            "simulate() integrates other models"
        )
    if method not in TABLEAUS:
        raise unknown_name("method", method, TABLEAUS, "simulate_nodes")
    step = default_step(field) if dt is None else float(dt)
    if not (np.isfinite(step) and step > 0):
        raise ModelError(f"dt is {step:g}; it must be positive")
    stride = 1 if sample is None else whole_steps("sample", sample, step, least=1)
    steps, before = whole_steps("duration", duration, step, 1), whole_steps("settle", settle, step)
    if steps % stride:
        raise ModelError(
            f"duration = {duration:g} is no whole number of samples of {stride * step:g}; "
            f"use {max(steps // stride, 1) * stride * step:g} or another sample"
        )
    kernel = field.kernel
    names, columns = record_columns(field.node_model, record)
    # Behind the observables come the states, in the kernel as in the node model.
    p = parameter_rows(field, kernel)
    late, instant = wirings(field, kernel, p)
    if len(late.lags) and late.lags.min() < step * (1 - 1e-9):
        raise ModelError(
            f"dt = {step:g} is longer than the shortest delay {late.lags.min():g} of "
            f"{field.name}; choose dt <= {late.lags.min():g}, or 0 for instantaneous edges"
        )
    driven, profile, course, edges = _patterns(field, inputs or {}, step, steps)
    state = _initial(field, initial)
    tableau = TABLEAUS[method]
    length = ring_length(late.lags, step)
    past, known = _past(initial, (len(field.nodes) * kernel.width, length), step)
    out = np.full((steps // stride + 1, len(field.nodes), len(names)), np.nan)
    outside = np.full(1, -1, dtype=np.int64)
    done = interruptible(
        integrate_graph,
        kernel.motion.rates,
        tableau.method(),
        Nodes(state, np.array([kernel.motion.prepared(row) for row in p]), past, known),
        late,
        Instant(instant, kernel.direct, _twice(kernel, instant)),
        Clock(step, before, steps, stride),
        Patterns(driven, profile, course, edges),
        Recording(columns, len(field.node_model.observables), out, outside),
    )
    attrs = {"method": method, "dt": step, "settle": float(settle)} | provenance(field)
    if outside[0] >= 0:
        warnings.warn(
            f"a node left the domain of a table at {(outside[0] - before) * step:g} "
            f"{field.time_unit}; values beyond its edge are continued polynomials and mean little",
            stacklevel=2,
        )
        attrs["left_table"] = float((outside[0] - before) * step)
    return _result(field, names, out, state, past, done - before, steps, stride, attrs)


def _twice(kernel: NodeKernel, instant: Wiring) -> bool:
    used = np.unique(instant.row % kernel.width)
    return bool(np.any(kernel.direct[used] < 0))


def _patterns(
    field: CoupledField, inputs: Mapping[str, Any], dt: float, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Driven parameters (k,), factors (k, N), waveforms (k, steps, 3), steps at which they jump."""
    model, nodes = field.node_model, list(field.nodes)
    driven, profiles, courses = [], [], []
    edges: set[int] = set()
    for name, given in inputs.items():
        if name not in model.parameters:
            raise unknown_name("input", name, model.parameters, model.name)
        for item in given if isinstance(given, (list, tuple)) else [given]:
            for profile, waveform in _spread(item, nodes, field.name, name):
                checked = checked_inputs(model, {name: waveform}, 1)
                if isinstance(waveform, Drive) and not list(waveform.edges()):
                    times = dt * (np.arange(steps)[:, None] + np.array([0.0, 0.5, 1.0]))
                    courses.append(values(waveform, times, model, name))
                else:
                    read = sampled(model, checked, range(1), dt, steps)
                    courses.append(read.values[0, :, :, 0])
                    edges |= set(read.edges.tolist())
                profiles.append(profile)
                driven.append(model.parameter_index(name))
    count = len(driven)
    return (
        np.array(driven, dtype=np.int64),
        np.array(profiles, dtype=float).reshape(count, len(nodes)),
        np.array(courses, dtype=float).reshape(count, steps, 3),
        np.array(sorted(edges), dtype=np.int64),
    )


def _spread(item: Any, nodes: list, owner: str, name: str) -> list[tuple[np.ndarray, Any]]:
    """An input as (factor per node, waveform) pairs."""
    if isinstance(item, Pattern):
        profile = np.asarray(item.profile, dtype=float)
        if profile.shape != (len(nodes),) or not np.all(np.isfinite(profile)):
            raise ModelError(
                f"{owner}: the pattern for {name} has a profile of shape {profile.shape}; give "
                f"{len(nodes)} finite factors, one per node"
            )
        return [(profile, item.waveform)]
    if isinstance(item, Mapping):
        result = []
        for node, waveform in item.items():
            if node not in nodes:
                raise unknown_name("node", str(node), map(str, nodes), owner)
            result.append((np.eye(len(nodes))[nodes.index(node)], waveform))
        return result
    if not (isinstance(item, Drive) or callable(item)):
        raise ModelError(
            f"{owner}: the input {item!r} for {name} is a {type(item).__name__}; give a waveform, "
            "a function of time, a mapping node -> waveform, or a Pattern"
        )
    return [(np.ones(len(nodes)), item)]


def _initial(field: CoupledField, initial: Any) -> np.ndarray:
    """Initial states (N, n)."""
    model = field.node_model
    nodes, n = len(field.nodes), len(model.states)
    default = [s.initial for s in model.states.values()]
    result = np.tile(np.array(default, dtype=float), (nodes, 1))
    if initial is None:
        return result
    if isinstance(initial, Mapping) and not isinstance(initial, xr.Dataset):
        for label, value in initial.items():
            if label not in model.states:
                raise unknown_name("state", str(label), model.states, model.name)
            given = np.asarray(value, dtype=float)
            if given.shape not in ((), (nodes,)):
                raise ModelError(
                    f"{field.name}: the initial values of {label} have shape {given.shape}; "
                    f"give one number or {nodes}, one per node"
                )
            result[:, list(model.states).index(label)] = given
    else:
        stored = initial["final_state"].values if isinstance(initial, xr.Dataset) else initial
        given = np.asarray(stored, dtype=float)
        if given.shape == (nodes * n,):
            given = given.reshape(nodes, n)
        if given.shape not in ((n,), (nodes, n)):
            raise ModelError(
                f"{field.name}: initial states have shape {given.shape}; give {n} numbers "
                f"({', '.join(model.states)}) or an array ({nodes}, {n}), one row per node"
            )
        result[:] = given
    if not np.all(np.isfinite(result)):
        raise ModelError(f"{field.name}: the initial state holds values that are not finite")
    return result


def _past(initial: Any, shape: tuple[int, int], dt: float) -> tuple[np.ndarray, bool]:
    if not isinstance(initial, xr.Dataset):
        return np.zeros(shape), False
    if "final_past" not in initial:
        raise ModelError("the data set holds no final_past; pass the result of simulate_nodes")
    stored = initial["final_past"]
    spacing = float(stored.attrs["dt"])
    if abs(spacing - dt) > 1e-9 * dt or stored.shape != shape:
        raise ModelError(
            f"the earlier run has steps of {spacing:g} and cannot be continued with dt = {dt:g}; "
            "use the same step, or initial=run['final_state'].values for a past at rest"
        )
    return np.ascontiguousarray(stored.values), True


def _result(
    field: CoupledField, names: list[str], out: np.ndarray, state: np.ndarray, past: np.ndarray,
    done: int, steps: int, stride: int, attrs: dict[str, Any],
) -> xr.Dataset:  # fmt: skip
    model, unit = field.node_model, field.time_unit
    dt = attrs["dt"]
    data: dict[str, Any] = {}
    for column, name in enumerate(names):
        item = model.observables.get(name) or model.states[name]
        described = {"units": item.unit, "long_name": item.meaning}
        data[name] = (("time", "node"), out[:, :, column], described)
    complete = done >= steps
    data["status"] = ((), "complete" if complete else "stopped")
    data["reached"] = ((), done * dt, {"units": unit})
    data["final_state"] = (("node", "state"), state)
    data["final_past"] = (("signal", "lag"), past, {"dt": dt})
    if not complete:
        warnings.warn(
            f"stopped at {done * dt:g} {unit}: the state is no longer finite; a smaller dt usually "
            "helps (see status)",
            stacklevel=3,
        )
    coords = {
        "time": ("time", np.arange(len(out)) * dt * stride, {"units": unit}),
        "node": ("node", _coordinate(field)),
        "state": list(model.states),
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)


def _coordinate(field: CoupledField) -> np.ndarray:
    """Nodes as numbers where they are numbers, as words otherwise."""
    numbers = all(isinstance(node, (int, float)) for node in field.nodes)
    return np.array(field.nodes) if numbers else np.array([str(node) for node in field.nodes])
