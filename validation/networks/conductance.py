"""Networks of cells with conductance synapses in Brian2, from the mean field's own description.

Populations, receptors, projections and drives come from a ``dynsys.transfer.Network``, cells from
``dynsys.cells``; a ``Circuit`` holds both, so that mean field and network cannot differ.

Source: Zerlaut et al. 2018 (ModelDB 234992), Carlu et al. 2020 (ModelDB 263259).
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from dynsys.cells import AdExCell, Cell, find_cell
from dynsys.cells.brian_equations import brian_equations
from dynsys.errors import ModelError, unknown_name
from dynsys.transfer import Circuit, Network, find_circuit
from dynsys.transfer.networks import find_network
from validation.brian import brian
from validation.networks.external_input import (
    ConductanceClamp,
    Waveform,
    afferent_cells,
    check_shared,
    clamps_over_time,
    drives_over_time,
)

CONNECTIVITY = ("bernoulli", "fixed")
TRAINS = ("poisson", "bernoulli")


@dataclass(frozen=True)
class ConductanceNetwork:
    """A network of cells with exponential conductances.

    Parameters
    ----------
    network : who is connected to whom; a name of the library or a ``Network``.
    cells : population -> ``Cell`` (or its name).
    connectivity : "bernoulli" draws every pair with probability K/N, without self-connections;
        "fixed" gives every cell K synapses of each projection, drawn with replacement.
    shared : source of external spikes -> number of afferent cells that send them. They project to
        the network as populations do (``connectivity``), so that cells share input; external
        spikes are independent for each cell otherwise.
    trains : "poisson" external spikes, or "bernoulli": at most one in each time step, as published,
        which lowers their variance by a share K rate dt and the network's rates with it.

    Raises
    ------
    UnknownNameError, ModelError for names or cells that do not fit.

    Example
    -------
    >>> network = network_of_circuit("zerlaut2018")
    >>> run = network.run(2500.0, seed=1)
    >>> measured(run)["nu_e"]
    """

    network: Network
    cells: Mapping[str, Cell]
    connectivity: str = "bernoulli"
    trains: str = "poisson"
    shared: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        network = find_network(self.network)
        for kind, chosen, known in (
            ("connectivity", self.connectivity, CONNECTIVITY), ("train", self.trains, TRAINS),
        ):  # fmt: skip
            if chosen not in known:
                raise unknown_name(kind, chosen, known, "a conductance network")
        cells = {k: find_cell(c) if isinstance(c, str) else c for k, c in self.cells.items()}
        if set(cells) != set(network.neurons):
            raise ModelError(
                f"{network.name} has the populations {', '.join(network.neurons)}; cells are given "
                f"for {', '.join(cells) or 'none'}"
            )
        object.__setattr__(self, "network", network)
        object.__setattr__(self, "cells", cells)
        check_shared(network, self.shared)

    def run(
        self,
        duration: float,
        seed: int,
        rates: Mapping[str, float | Waveform] | None = None,
        ramp: float = 100.0,
        dt: float = 0.1,
        record: int = 100,
        start: str = "rest",
        bin: float = 1.0,
        compiled: bool = True,
        clamps: Mapping[str, ConductanceClamp] | None = None,
    ) -> xr.Dataset:
        """Simulate the network.

        Parameters
        ----------
        duration : ms.
        rates : drive -> Hz per synapse, a number or a function of time (ms); defaults elsewhere.
        ramp : ms over which constant drives rise from 0.
        record : cells of each population whose potential and conductances are kept, every ms.
        start : "rest" (at E_L) or "published-hh" (potentials between -90 and -60 mV).
        bin : ms of the population rates.
        compiled : False runs Brian2 on numpy, faster for short runs of small networks (compilation
            takes half a minute the first time).
        clamps : population -> ``ConductanceClamp``, opened in all its cells: light on channels.

        Returns
        -------
        Dataset over ``time``: ``r_<population>`` (Hz); over (``cell_<population>``, ``sample``):
        ``v_`` (mV), ``G_<source>_`` (nS), ``w_`` (pA); ``spike_time_<population>`` (ms) and
        ``spike_cell_<population>``. The measures of this package read it.

        Raises
        ------
        UnknownNameError for a drive there is not; ModelError for times that make no sense.
        """
        if not (duration > 0 and dt > 0 and bin >= dt):
            raise ModelError(f"duration {duration:g}, dt {dt:g}, bin {bin:g} ms make no sense")
        steps = round(duration / dt)
        drives = drives_over_time(self.network, rates or {}, steps, dt, ramp)
        opened = clamps_over_time(self.network, clamps or {}, steps, dt)
        began = clock.perf_counter()
        raw = _simulate(self, steps, dt, seed, drives, record, start, compiled, opened)
        return _dataset(self, raw, duration, dt, seed, bin, clock.perf_counter() - began)


def network_of_circuit(
    circuit: Circuit | str, connectivity: str = "bernoulli", trains: str = "poisson",
    **cells: Cell | str,
) -> ConductanceNetwork:  # fmt: skip
    """The network whose mean field ``master_equation(circuit)`` is.

    ``cells`` replaces those of a population: ``network_of_circuit("divolo2019", e="RS-bis")``.

    Example
    -------
    >>> network_of_circuit("carlu2020-hh").run(3000.0, seed=1, start="published-hh")
    """
    chosen = circuit if isinstance(circuit, Circuit) else find_circuit(circuit)
    named = {k: find_cell(c) if isinstance(c, str) else c for k, c in cells.items()}
    members = dict(chosen.cells) | named
    return ConductanceNetwork(chosen.network, members, connectivity, trains)


def _simulate(
    whole: ConductanceNetwork, steps: int, dt: float, seed: int, drives: dict[str, np.ndarray],
    record: int, start: str, compiled: bool, clamps: dict[str, tuple[np.ndarray, float]],
) -> dict[str, Any]:  # fmt: skip
    b2 = brian()

    b2.prefs.codegen.target = "auto" if compiled else "numpy"
    # Brian2 orders what happens in a step by names: they are given, so that runs repeat.
    b2.start_scope()
    b2.seed(seed)
    b2.defaultclock.dt = dt * b2.ms
    rng = np.random.default_rng(seed)
    network = whole.network
    groups, objects, monitors = {}, [], {}
    afferents = {
        source: afferent_cells(b2, network, source, whole.shared[source], drives, dt)
        for source in whole.shared
    }
    objects += list(afferents.values())
    for label, cell in whole.cells.items():
        group = _group(b2, network, label, cell, rng, start, clamps.get(label), dt)
        groups[label] = group
        objects += [group, *_external(b2, whole, group, label, drives, dt)]
        kept = min(record, network.neurons[label])
        names = ["v"] + [f"G_{p.source}" for p in network.into(label)]
        names += ["w"] if isinstance(cell, AdExCell) else []
        spikes = b2.SpikeMonitor(group)
        states = b2.StateMonitor(group, names, record=np.arange(kept), dt=1 * b2.ms)
        monitors[label] = (spikes, states, names)
        objects += [spikes, states]
    for p in network.projections:
        if p.source in groups | afferents:
            objects.append(_synapses(b2, whole, p, groups | afferents, rng))
    net = b2.Network(objects)
    net.run(steps * dt * b2.ms, namespace={})
    units = {"v": b2.mV, "w": b2.pA}
    return {
        label: {
            "time": np.asarray(spikes.t / b2.ms),
            "cell": np.asarray(spikes.i),
            **{n: np.asarray(getattr(states, n) / units.get(n, b2.nS)) for n in names},
        }
        for label, (spikes, states, names) in monitors.items()
    }


def _group(
    b2: Any, network: Network, label: str, cell: Cell, rng: Any, start: str,
    clamp: tuple[np.ndarray, float] | None, dt: float,
) -> Any:  # fmt: skip
    sources = [p.source for p in network.into(label)]
    text = brian_equations(cell, sources, clamp is not None)
    namespace = {
        k: value * getattr(b2, unit) if unit else value
        for k, (value, unit) in text.constants.items()
    }
    for s in sources:
        namespace[f"E_{s}"] = network.receptors[s].E * b2.mV
        namespace[f"tau_{s}"] = network.receptors[s].tau * b2.ms
    if clamp is not None:
        namespace["g_clamp"] = b2.TimedArray(clamp[0] * b2.nS, dt * b2.ms)
        namespace["E_clamp"] = clamp[1] * b2.mV
    count = network.neurons[label]
    group = b2.NeuronGroup(
        count, text.model, threshold=text.threshold, reset=text.reset, method=text.method,
        refractory=text.refractory, namespace=namespace, name=f"cells_{label}",
    )  # fmt: skip
    if start == "published-hh":
        group.v = (-90 + 30 * rng.random(count)) * b2.mV
        group.p = 0.2
    elif start == "rest":
        group.v = cell.E_L * b2.mV
    else:
        raise unknown_name("start", start, ("rest", "published-hh"), "a conductance network")
    return group


def _external(
    b2: Any, whole: ConductanceNetwork, group: Any, label: str, drives: dict[str, np.ndarray],
    dt: float,
) -> list[Any]:  # fmt: skip
    """External spikes of a population: one operation in each step for each source they use."""
    network = whole.network
    operations: list[Any] = []
    for p in network.into(label):
        if p.source in whole.shared:
            continue  # their spikes come through synapses
        rate = sum(
            drives[name] * (1.0 if d.shares is None else d.shares.get(label, 0.0))
            for name, d in network.drives.items()
            if d.along == p.source
        )
        if not np.any(rate):
            continue
        name = f"expected_{p.source}"
        group.namespace[name] = b2.TimedArray(p.active * np.asarray(rate) * dt / 1000.0, dt * b2.ms)
        group.namespace[f"Q_{p.source}"] = p.Q * b2.nS
        events = f"poisson({name}(t))" if whole.trains == "poisson" else f"int(rand() < {name}(t))"
        operations.append(
            group.run_regularly(
                f"G_{p.source} += Q_{p.source}*{events}",
                dt=dt * b2.ms,
                name=f"drive_{p.source}_{label}",
                order=len(operations),
            )
        )
    return operations


def _synapses(b2: Any, whole: ConductanceNetwork, p: Any, groups: dict[str, Any], rng: Any) -> Any:
    source, target = groups[p.source], groups[p.target]
    passed = "" if p.release == 1 else " * int(rand() < release)"
    synapses = b2.Synapses(
        source, target, on_pre=f"G_{p.source}_post += weight{passed}",
        namespace={"weight": p.Q * b2.nS, "release": p.release},
        name=f"from_{p.source}_to_{p.target}",
    )  # fmt: skip
    own = p.source == p.target
    if whole.connectivity == "bernoulli":
        probability = p.K / source.N
        synapses.connect(condition="i != j" if own else None, p=float(probability))
        return synapses
    degree = int(p.K)
    targets = np.repeat(np.arange(target.N), degree)
    if own:  # one cell less to draw from, then step over the cell itself
        sources = rng.integers(0, source.N - 1, len(targets))
        sources += sources >= targets
    else:
        sources = rng.integers(0, source.N, len(targets))
    synapses.connect(i=sources, j=targets)
    return synapses


def _dataset(
    whole: ConductanceNetwork, raw: dict[str, Any], duration: float, dt: float, seed: int,
    width: float, seconds: float,
) -> xr.Dataset:  # fmt: skip
    edges = width * np.arange(round(duration / width) + 1)
    data: dict[str, Any] = {}
    for label, found in raw.items():
        count = whole.network.neurons[label]
        counts, _ = np.histogram(found["time"], edges)
        data[f"r_{label}"] = ("time", counts * 1000.0 / (width * count), {"units": "Hz"})
        data[f"spike_time_{label}"] = (f"spike_{label}", found["time"], {"units": "ms"})
        data[f"spike_cell_{label}"] = (f"spike_{label}", found["cell"].astype(np.int32))
        for name in found:
            if name not in ("time", "cell"):
                unit = {"v": "mV", "w": "pA"}.get(name, "nS")
                data[f"{name}_{label}"] = (
                    (f"cell_{label}", "sample"),
                    found[name],
                    {"units": unit},
                )
    samples = np.arange(next(v for k, v in data.items() if k.startswith("v_"))[1].shape[1])
    attrs = {
        "network": whole.network.name, "connectivity": whole.connectivity, "trains": whole.trains,
        "seed": seed, "dt": dt, "wall_seconds": seconds,
        **{f"cells_{k}": repr(c) for k, c in whole.cells.items()},
        **{f"ceiling_{k}": c.spike.ceiling for k, c in whole.cells.items()},
        **{f"neurons_{k}": n for k, n in whole.network.neurons.items()},
    }  # fmt: skip
    coords = {
        "time": ("time", edges[:-1], {"units": "ms"}),
        "sample": ("sample", 1.0 * samples, {"units": "ms"}),
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)
