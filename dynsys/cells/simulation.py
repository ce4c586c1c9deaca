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

from dynsys.cells.equations import INPUTS, cell_field
from dynsys.cells.parameters import Cell
from dynsys.cells.stepping import (
    MOMENTS,
    NO_RESET,
    Recording,
    Sources,
    SteppedCell,
    run_cell,
)
from dynsys.compiled.clock import Clock
from dynsys.errors import ModelError
from dynsys.typed import typed


@dataclass(frozen=True)
class Machine:
    """A cell ready to run: what the compiled loop takes, the states' names, its state at rest."""

    cell: Cell
    stepped: SteppedCell
    states: tuple[str, ...]
    rest: np.ndarray

    def run(
        self, current: np.ndarray, synapses: np.ndarray, clock: Clock, rng: np.random.Generator,
        recording: Recording,
    ) -> int:  # fmt: skip
        """Integrate from rest; the number of spikes after the settling."""
        sources = Sources(synapses, np.zeros(len(synapses)), _first_events(synapses, rng))
        return run_cell(self.stepped, self.rest.copy(), current, sources, clock, rng, recording)


def machine(cell: Cell) -> Machine:
    """Compile a cell, or load it compiled."""
    model = cell_field(cell)
    spike = cell.spike
    names = tuple(model.states)
    added = dict(spike.increments)
    current, conductance, reversal = map(model.parameter_index, INPUTS)
    stepped = SteppedCell(
        model.compiled.field, model.parameter_array(), model.compiled.tables,
        threshold=float(spike.threshold),
        reset=NO_RESET if spike.reset is None else float(spike.reset),
        refractory=float(spike.refractory), ceiling=min(spike.ceiling, NO_RESET),
        jumps=np.array([added.get(k, 0.0) for k in names]), running=spike.goes_on(names, "V"),
        v=names.index("V"), current=current, conductance=conductance, reversal=reversal,
    )  # fmt: skip
    return Machine(cell, stepped, names, np.array([s.initial for s in model.states.values()]))


@typed
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
    clock = Clock(dt, skip, steps - skip, every)
    count = chosen.run(injected, rows, clock, rng, Recording(spikes, moments, trace))
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
