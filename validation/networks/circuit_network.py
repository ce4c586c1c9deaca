"""Networks of cells behind ``master_equation(...)``, at the mean field's parameter values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.cells import AdExCell, Cell
from dynsys.errors import ModelError
from dynsys.models.master_equation_network import cells_at, circuit_of, network_at
from dynsys.simulation.drives import checked_inputs
from dynsys.simulation.drives import values as drive_values
from dynsys.transfer import Circuit
from dynsys.transfer.networks import Network
from dynsys.vector_field import VectorField
from validation.networks.conductance import CONNECTIVITY, ConductanceNetwork
from validation.networks.testable import Kick

KERNEL, BRIAN = "kernel", "brian2"
ENGINES = (KERNEL, BRIAN)
# Seconds per biological second and cell, one process on a busy machine; Brian2 compiles once.
SPEED = {KERNEL: 4.0e-4, BRIAN: 3.0e-3}
_BUILD = {KERNEL: 0.0, BRIAN: 60.0}
_PER_SYNAPSE = {KERNEL: 8.0, BRIAN: 24.0}  # bytes
_FIXED = 3e8
_KICK = 5.0  # Hz per synapse, about the published drive
_SAMPLE = 100


@dataclass(frozen=True)
class CircuitJob:
    """One run of a network of cells as plain numbers."""

    network: Network
    cells: Mapping[str, Cell]
    connectivity: str
    engine: str
    dt: float
    steps: int
    seed: int
    settle: float
    drives: Mapping[str, np.ndarray]
    attributes: Mapping[str, Any]
    redrawn: bool = False
    shifted: bool = False

    @property
    def duration(self) -> float:
        """Simulated time in ms, with what is not recorded."""
        return self.steps * self.dt

    @cached_property
    def key(self) -> str:
        """A name that differs between runs with different results."""
        plain = [
            repr(self.network), {k: repr(c) for k, c in self.cells.items()}, self.connectivity,
            self.engine, self.dt, self.steps, self.seed, self.settle,
        ]  # fmt: skip
        plain += ["redrawn"] if self.redrawn else []
        plain += ["shifted"] if self.shifted else []
        content = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
        for name in sorted(self.drives):
            content.update(name.encode() + self.drives[name].tobytes())
        return content.hexdigest()[:24]

    def run(self) -> xr.Dataset:
        """Do it: ``nu_<population>`` (Hz), ``W_<population>`` (pA) over ``time``; some spikes."""
        if self.engine == KERNEL:
            # The kernel compiles on its first import; Brian2 does not need it.
            from validation.networks.cells_kernel import run_cells

            found = run_cells(
                self.network, self.cells, self.connectivity, self.steps, self.dt, self.seed,
                self.drives, self.redrawn, self.shifted,
            )  # fmt: skip
        else:
            found = self._in_brian()
        step = next(iter(found.values()))["step"]
        data: dict[str, Any] = {}
        first = round(self.settle / step)
        for label, values in found.items():
            data[f"nu_{label}"] = ("time", values["rate"][first:], {"units": "Hz"})
            if "w" in values:
                data[f"W_{label}"] = ("time", values["w"][first:], {"units": "pA"})
            times = values["time"] - self.settle
            kept = times >= -1e-6
            data[f"spike_time_{label}"] = (f"spike_{label}", times[kept], {"units": "ms"})
            cells = values["cell"][kept].astype(np.int32)
            data[f"spike_neuron_{label}"] = (f"spike_{label}", cells)
        count = len(next(iter(data.values()))[1])
        times = ("time", step * np.arange(count), {"units": "ms"})
        return xr.Dataset(data, coords={"time": times}, attrs=dict(self.attributes))

    def _in_brian(self) -> dict[str, dict[str, Any]]:
        whole = ConductanceNetwork(self.network, self.cells, self.connectivity)
        courses = {k: _course(values, self.dt) for k, values in self.drives.items()}
        run = whole.run(self.duration, self.seed, rates=courses, dt=self.dt, bin=0.5)
        found = {}
        for label in self.network.neurons:
            cells = run[f"spike_cell_{label}"].values
            shown = cells < _SAMPLE
            found[label] = {
                "rate": run[f"r_{label}"].values, "step": 0.5, "cell": cells[shown],
                "time": run[f"spike_time_{label}"].values[shown],
            }  # fmt: skip
        return found


def _course(values: np.ndarray, dt: float) -> Any:
    """Values over steps as a function of time."""
    return lambda times: values[np.minimum(np.round(times / dt).astype(int), len(values) - 1)]


@dataclass(frozen=True)
class CircuitNetwork:
    """A network of cells; ``run`` runs it, ``job`` prepares a run."""

    model: VectorField
    circuit: Circuit
    counts: Mapping[str, int]
    engine: str
    connectivity: str
    dt: float
    # Whether spikes go out along the synapses of cells drawn anew; the kernel's only.
    redrawn: bool = False
    shifted: bool = False  # whether each synapse has a delay of its own; the kernel's only

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates of its runs."""
        return tuple(f"nu_{label}" for label in self.counts)

    @property
    def kick(self) -> Kick:
        """The first drive: up by more than the published one, down to silence."""
        return Kick(next(iter(self.circuit.network.drives)), _KICK, positive=True)

    @property
    def neurons(self) -> int:
        """Cells of the largest population."""
        return max(self.counts.values())

    accuracy = 0.0

    @property
    def sizes(self) -> Mapping[str, int]:
        """Cells by population."""
        return self.counts

    @property
    def _synapses(self) -> float:
        several = self.circuit.network.projections
        return sum(p.K * self.counts[p.target] for p in several if p.source in self.counts)

    @property
    def size(self) -> str:
        """Cells and synapses in words."""
        cells = ", ".join(f"{count} {label}" for label, count in self.counts.items())
        return f"{cells} cells, {self._synapses / 1e6:.1f} million synapses"

    @property
    def wired(self) -> str:
        """How pairs are drawn."""
        return {"bernoulli": "random pairs", "fixed": "fixed in-degrees"}[self.connectivity]

    @property
    def processing(self) -> float:
        """Estimated seconds of computing per biological second."""
        return SPEED[self.engine] * sum(self.counts.values()) * 0.1 / self.dt

    @property
    def memory(self) -> float:
        """Estimated bytes of one run."""
        return _FIXED + _PER_SYNAPSE[self.engine] * self._synapses

    @property
    def build_seconds(self) -> float:
        """Estimated seconds until the first run starts."""
        return _BUILD[self.engine]

    def run(
        self, duration: float, seed: int = 0, inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0, **parameters: float,
    ) -> xr.Dataset:  # fmt: skip
        """Run the network from rest for ``duration`` ms.

        Parameters
        ----------
        inputs : drive -> what is added to it over time from 0 on, after ``settle``; not below 0 Hz.
        parameters : other values than the model's, such as ``b=20``.

        Example
        -------
        >>> network_of(master_equation("divolo2019"), 8000).run(2000, seed=1)["nu_e"]
        """
        return self.job(duration, seed, inputs, settle, **parameters).run()

    def job(
        self, duration: float, seed: int = 0, inputs: Mapping[str, Any] | None = None,
        settle: float = 0.0, **parameters: float,
    ) -> CircuitJob:  # fmt: skip
        """The same run as plain numbers, to be done later or elsewhere."""
        model, dt = self.model.with_parameters(**parameters), self.dt
        lead = round(checks.number("settle (ms)", settle, least=0) / dt)
        steps = lead + round(checks.number("duration (ms)", duration, least=1.0) / dt)
        network = network_at(self.circuit, model.parameters, self.counts)
        drives = {name: np.full(steps, drive.rate) for name, drive in network.drives.items()}
        for name, (item, *_) in checked_inputs(model, inputs or {}, 1).items():
            if name not in drives:
                raise ModelError(
                    f"a network's {name} does not change over time; inputs act on "
                    f"{', '.join(drives)}"
                )
            drives[name][lead:] += drive_values(item, dt * np.arange(steps - lead) + 1e-9, model,
                                                name)  # fmt: skip
            if np.min(drives[name]) < -1e-6:
                raise ModelError(f"{name} falls below 0 Hz; rates of spikes are 0 or more")
            drives[name] = np.maximum(drives[name], 0.0)
        attributes = {
            "model": f"network of {self.circuit.name}", "source": model.source,
            "neurons": self.neurons, "wiring": self.wired, "seed": checks.seed(seed), "dt": dt,
            "engine": self.engine, "settle": settle,
            "parameters": json.dumps(dict(model.parameters)),
            "inputs": json.dumps({k: str(v) for k, v in (inputs or {}).items()}),
        }  # fmt: skip
        return CircuitJob(
            network, cells_at(self.circuit, model.parameters), self.connectivity, self.engine, dt,
            steps, checks.seed(seed), float(settle), drives, attributes, self.redrawn,
            self.shifted,
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """What it is made of, as plain values."""
        return {
            "circuit": self.circuit.name, "neurons": self.neurons, "cells": dict(self.counts),
            "connectivity": self.connectivity, "dt": self.dt,
        }  # fmt: skip

    def recomputed(self) -> Iterator[tuple[str, CircuitNetwork]]:
        """Half the time step; the other engine."""
        yield f"the time step ({self.dt:g} and {self.dt / 2:g} ms)", replace(self, dt=self.dt / 2)
        if all(isinstance(c, AdExCell) for c in self.circuit.cells.values()):
            other = BRIAN if self.engine == KERNEL else KERNEL
            yield f"the engine ({self.engine} and {other})", replace(self, engine=other)

    def rewired(self) -> tuple[str, CircuitNetwork]:
        """Fixed in-degrees instead of random pairs, or the other way round; the same mean field."""
        other = next(word for word in CONNECTIVITY if word != self.connectivity)
        found = replace(self, connectivity=other)
        return found.wired, found


def circuit_network(
    model: VectorField,
    neurons: int | None = None,
    *,
    dt: float = 0.1,
    engine: str | None = None,
    connectivity: str = "bernoulli",
    circuit: Circuit | None = None,
) -> CircuitNetwork:
    """The network of cells behind ``master_equation(...)``, at its parameter values.

    Parameters
    ----------
    neurons : of the largest population, the others in proportion; each cell keeps its number of
        synapses. The published number by default.
    dt : ms, forward Euler for AdEx cells as published.
    engine : "kernel", our own, for AdEx cells, ten times faster; "brian2", the independent check,
        which also runs Hodgkin-Huxley cells (and is taken for them).
    connectivity : "bernoulli" as published: pairs at random, so that cells differ in their inputs;
        "fixed" gives all cells equally many, as the mean field assumes.
    circuit : the one the model was made with, if the library does not have it.

    Raises
    ------
    ModelError, UnknownNameError for numbers and words that make no sense, or too few cells.
    """
    checks.number("dt (ms)", dt, least=1e-3, most=0.5)
    checks.known("connectivity", connectivity, CONNECTIVITY, "the network of master_equation")
    found = circuit_of(model, circuit)
    adex = all(isinstance(cell, AdExCell) for cell in found.cells.values())
    chosen = (KERNEL if adex else BRIAN) if engine is None else engine
    checks.known("engine", chosen, ENGINES, "the network of master_equation")
    if chosen == KERNEL and not adex:
        raise ModelError(
            f"the cells of {found.name} are not all AdEx cells, which alone the kernel knows; use "
            f"engine={BRIAN!r}"
        )
    published = found.network.neurons
    largest = max(published.values())
    wanted = largest if neurons is None else checks.whole("neurons", neurons, least=2)
    counts = {k: max(1, round(n * wanted / largest)) for k, n in published.items()}
    for p in found.network.projections:
        if p.source in counts and p.K + (p.source == p.target) > counts[p.source]:
            least = -(-int(p.K + 1) * largest // published[p.source])
            raise ModelError(
                f"{p.K:g} synapses from {p.source} on each cell of {p.target} cannot come from "
                f"{counts[p.source]} cells; use neurons >= {least}"
            )
    return CircuitNetwork(model, found, counts, chosen, connectivity, dt)
