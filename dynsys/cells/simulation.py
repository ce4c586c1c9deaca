"""Single cells over time: step currents, and shot-noise conductances from any number of sources.

Forward Euler in the model's own compiled field, as the published simulators of these cells; every
presynaptic train is drawn from a random stream of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numba import float64, int64, types

from dynsys.cells.equations import INPUTS, cell_field
from dynsys.cells.parameters import Cell
from dynsys.compiled.kernels import FIELD_TYPE, MATRIX, VECTOR
from dynsys.errors import ModelError
from dynsys.numba_cache import njit

_INTEGERS = types.Array(int64, 1, "C")
_RESETS = 1e300  # stands for "no reset" among numbers
MOMENTS = 4  # samples, sum of V, sum of V^2, spikes; then the sums of all states


@njit(
    [
        int64(
            FIELD_TYPE, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, _INTEGERS, _INTEGERS, MATRIX,
            VECTOR, VECTOR, VECTOR, float64, int64, int64, int64, types.npy_rng, VECTOR, MATRIX,
            VECTOR,
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def run_cell(
    field, p, tables, x, jumps, rule, running, at, synapses, current, G, waiting, dt, steps, skip,
    every, rng, spikes, trace, moments,
):  # fmt: skip
    """Integrate one cell; returns the number of its spikes.

    ``rule`` = (threshold, reset, refractory, ceiling); ``running`` (n,): 1 for states that move on
    while V is held; ``at`` = places of V among the states and of I, g_syn, E_syn among the
    parameters; ``synapses`` rows (rate 1/ms, Q, tau, E); ``current`` pA, one for each step or one
    for all; ``G`` nS and ``waiting`` ms (to the next event) of each source go on from call to call;
    after ``skip`` steps ``spikes`` (ms), ``moments`` and every ``every`` steps ``trace`` rows are
    filled.
    """
    n, sources = x.shape[0], synapses.shape[0]
    v = at[0]
    out = np.empty(n)
    pause, count, row = 0.0, 0, 0
    lowered = True
    for k in range(steps):
        total, pull = 0.0, 0.0
        for s in range(sources):
            G[s] -= dt * G[s] / synapses[s, 2]
            waiting[s] -= dt
            while waiting[s] <= 0.0:
                G[s] += synapses[s, 1]
                waiting[s] += rng.standard_exponential() / synapses[s, 0]
            total += G[s]
            pull += G[s] * synapses[s, 3]
        p[at[1]] = current[k] if current.shape[0] > 1 else current[0]
        p[at[2]] = total
        p[at[3]] = pull / total if total > 0.0 else 0.0
        field(x, p, tables, out)
        held = pause > 0.0 and rule[1] < _RESETS
        for i in range(n):
            if running[i] == 1 or not held:
                x[i] += dt * out[i]
        pause -= dt
        fired = False
        if rule[1] < _RESETS:
            if x[v] > rule[0]:
                x[v] = rule[1]
                pause = rule[2]
                fired = True
        elif x[v] <= rule[0]:
            lowered = True
        elif lowered:
            lowered = False
            fired = pause <= 0.0
            if fired:
                pause = rule[2]
        if fired:
            for i in range(n):
                x[i] += jumps[i]
        if k < skip:
            continue
        if fired:
            if count < spikes.shape[0]:
                spikes[count] = (k + 1) * dt
            count += 1
            moments[3] += 1.0
        for i in range(n):
            moments[4 + i] += x[i]
        if not held and x[v] < rule[3]:
            moments[0] += 1.0
            moments[1] += x[v]
            moments[2] += x[v] * x[v]
        if every > 0 and (k - skip) % every == 0 and row < trace.shape[0]:
            for i in range(n):
                trace[row, i] = x[i]
            row += 1
    return count


@dataclass(frozen=True)
class Machine:
    """A cell ready to run: its compiled field and the numbers the kernel takes."""

    cell: Cell
    field: Any
    parameters: np.ndarray
    tables: np.ndarray
    rest: np.ndarray
    jumps: np.ndarray
    rule: np.ndarray
    running: np.ndarray
    at: np.ndarray

    @property
    def states(self) -> list[str]:
        return list(cell_field(self.cell).states)


def machine(cell: Cell) -> Machine:
    """Compile a cell, or load it compiled."""
    model = cell_field(cell)
    spike = cell.spike
    names = list(model.states)
    reset = _RESETS if spike.reset is None else spike.reset
    return Machine(
        cell=cell,
        field=model.compiled.field,
        parameters=model.parameter_array(),
        tables=model.compiled.tables,
        rest=np.array([s.initial for s in model.states.values()]),
        jumps=np.array([dict(spike.increments).get(k, 0.0) for k in names]),
        rule=np.array([spike.threshold, reset, spike.refractory, min(spike.ceiling, 1e300)]),
        running=spike.goes_on(names, "V"),
        at=np.array([names.index("V"), *map(model.parameter_index, INPUTS)], dtype=np.int64),
    )


def simulate_cell(
    cell: Cell,
    duration: float,
    current: float | Sequence[float] | np.ndarray = 0.0,
    synapses: Mapping[str, tuple[float, float, float, float]] | None = None,
    dt: float | None = None,
    settle: float = 0.0,
    sample: float | None = None,
    seed: int | None = None,
) -> xr.Dataset:
    """One cell over time.

    Parameters
    ----------
    duration : ms, recorded. settle : ms before, not recorded.
    current : pA; a number or one for each step (settling included).
    synapses : source -> (events per ms, Q in nS, decay in ms, reversal potential in mV) of Poisson
        trains, each from its own stream; a ``seed`` is needed.
    dt : ms, the cell's own step by default. sample : ms between records, 0.1 by default.

    Returns
    -------
    Dataset: states over ``time`` (ms), ``spikes`` (ms), attributes ``rate`` (Hz), ``mean`` and
    ``sd`` (mV) of the potential between spikes.

    Raises
    ------
    ModelError for times, rates or currents that make no sense.

    Source: forward Euler as in ModelDB 234992 and 263259.

    Example
    -------
    >>> simulate_cell(find_cell("RS"), 1000.0, current=200.0).attrs["rate"]
    """
    chosen = machine(cell)
    dt = cell.time_step if dt is None else float(dt)
    sample = max(dt, 0.1) if sample is None else float(sample)
    if not (dt > 0 and duration > 0 and settle >= 0 and sample >= dt):
        raise ModelError(
            f"dt {dt:g}, duration {duration:g}, settle {settle:g}, sample {sample:g} ms: times are "
            "positive, and records at least one step apart"
        )
    skip, steps = round(settle / dt), round((settle + duration) / dt)
    injected = np.atleast_1d(np.asarray(current, dtype=float))
    if len(injected) not in (1, steps):
        raise ModelError(f"the current has {len(injected)} values; give one or {steps}")
    rows = _synapse_rows(synapses or {}, seed)
    rng = np.random.default_rng(seed)
    every = round(sample / dt)
    trace = np.zeros(((steps - skip + every - 1) // every, len(chosen.rest)))
    spikes, moments = np.zeros(steps), np.zeros(MOMENTS + len(chosen.rest))
    count = run_cell(
        chosen.field, chosen.parameters.copy(), chosen.tables, chosen.rest.copy(), chosen.jumps,
        chosen.rule, chosen.running, chosen.at, rows, injected, np.zeros(len(rows)),
        _first_events(rows, rng), dt, steps, skip, every, rng, spikes, trace, moments,
    )  # fmt: skip
    rate, mean, sd = summary(moments, (steps - skip) * dt)
    model = cell_field(cell)
    time = skip * dt + dt * (1 + every * np.arange(len(trace)))
    data: dict[str, Any] = {
        name: ("time", trace[:, k], {"units": model.unit(name)})
        for k, name in enumerate(model.states)
    }
    data["spikes"] = ("spike", spikes[:count], {"units": "ms"})
    attrs = {
        "cell": repr(cell), "dt": dt, "seed": -1 if seed is None else seed, "rate": rate,
        "mean": mean, "sd": sd,
    }  # fmt: skip
    return xr.Dataset(data, coords={"time": ("time", time, {"units": "ms"})}, attrs=attrs)


def summary(moments: np.ndarray, duration: float) -> tuple[float, float, float]:
    """Rate (Hz), mean and standard deviation (mV) of the potential between spikes."""
    samples = max(moments[0], 1.0)
    mean = moments[1] / samples if moments[0] else np.nan
    variance = max(moments[2] / samples - mean**2, 0.0) if moments[0] else np.nan
    return 1000.0 * moments[3] / duration, float(mean), float(np.sqrt(variance))


def _synapse_rows(
    synapses: Mapping[str, tuple[float, float, float, float]], seed: int | None
) -> np.ndarray:
    rows = np.array([synapses[k] for k in synapses], dtype=float).reshape(-1, 4)
    for name, (rate, Q, tau, _) in zip(synapses, rows, strict=True):
        if not (rate >= 0 and Q >= 0 and tau > 0):
            raise ModelError(
                f"source {name}: rate {rate:g}/ms, Q {Q:g} nS, decay {tau:g} ms; rates and "
                "conductances are 0 or more, decays positive"
            )
    if len(rows) and seed is None:
        raise ModelError("random input needs a seed, so that the run can be repeated")
    return rows


def _first_events(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return rng.standard_exponential(len(rows)) / rows[:, 0]
