"""Firing rates of a cell over a grid of excitatory and inhibitory input, by simulation.

Each row keeps an inhibitory rate and climbs in the excitatory one; where the output would jump, the
step is halved, so that the points lie where the rate changes (Zerlaut et al. 2018, ModelDB 234992).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import xarray as xr

from dynsys.cells.parameters import Cell
from dynsys.cells.simulation import Machine, machine, summary
from dynsys.cells.stepping import MOMENTS, Recording
from dynsys.cluster.connection import spreading
from dynsys.cluster.pieces import pieces
from dynsys.compiled.clock import Clock
from dynsys.errors import ModelError, unknown_name
from dynsys.journal import key, whole
from dynsys.transfer.functions import KILOHERTZ
from dynsys.transfer.networks import Network, find_network
from dynsys.typed import check_fields, typed
from dynsys.version import __version__

_HALVINGS = 12


@dataclass(frozen=True)
class GridSettings:
    """How a grid of rates is simulated.

    Parameters
    ----------
    excitation : points per row; each at most ``step`` Hz above the one before.
    inhibition : rows, from 0 to ``highest_inhibition`` Hz.
    highest_output : Hz, which the output climbs to in equal parts.
    duration, settle : ms of each run, recorded and before. trials : runs at each point.
    dt : ms, the cell's own step by default.
    """

    excitation: int = 10
    step: float = 30.0 / 9
    inhibition: int = 10
    highest_inhibition: float = 20.0
    highest_output: float = 30.0
    duration: float = 10_000.0
    settle: float = 500.0
    trials: int = 4
    dt: float | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.excitation < 3 or self.inhibition < 1 or self.trials < 2:
            raise ModelError(
                f"a grid of {self.excitation} x {self.inhibition} points with {self.trials} trials "
                "is too small: use 3 excitatory rates, 1 inhibitory one and 2 trials or more"
            )
        if not (self.duration > 0 and self.settle >= 0 and self.step > 0):
            raise ModelError("durations and steps of a grid must be positive")


@typed
def rate_grid(
    cell: Cell,
    network: Network | str = "CONFIG1",
    target: str = "e",
    settings: GridSettings | None = None,
    seed: int = 0,
    scheduler: Any = None,
) -> xr.Dataset:
    """Simulate a cell in a network's input over a grid of rates.

    Parameters
    ----------
    network : whose synapses the cell has, as a member of ``target``; its sources are one
        excitatory and one inhibitory population.
    seed : every run has an independent stream made from it; results do not depend on ``workers``.
    scheduler : the address of a Dask scheduler, a client or cluster, or "local": its workers
        simulate the rows (see ``dynsys.cluster.connection.spreading``).

    Returns
    -------
    Dataset over ``inhibition`` and ``point``: ``nu_i`` and ``nu_e`` (Hz per synapse), ``rate`` (Hz)
    with ``rate_error`` (its standard error over trials), ``mean`` and ``sd`` (mV) of the potential
    between spikes, ``w`` (pA, mean adaptation current; 0 without). Attributes tell how it was made.

    Raises
    ------
    ModelError for a cell that never fires, or saturates everywhere, on this grid.

    Source: Zerlaut et al. 2018, J Comput Neurosci 44:45-61 (ModelDB 234992).

    Example
    -------
    >>> grid = rate_grid(find_cell("RS"), "CONFIG1")
    """
    settings = settings or GridSettings()
    network = find_network(network)
    if target not in network.neurons:
        raise unknown_name("population", target, network.neurons, network.name)
    row = _Row(cell, _synapses(network, target), settings, seed)
    _ = row.machine  # compiled here, where an interruption can wait for it
    inhibition = np.linspace(0.0, settings.highest_inhibition, settings.inhibition)
    with whole(), spreading(scheduler):
        rows = _kept_rows(row, inhibition, key("rate grid", repr(cell), repr(network), target))
    columns = {k: np.array([r[k] for r in rows]) for k in rows[0]}
    _check(cell, columns, settings)
    return _dataset(cell, network, target, settings, seed, inhibition, columns)


def _kept_rows(row: _Row, inhibition: np.ndarray, about: str) -> list[dict[str, np.ndarray]]:
    """The simulated rows; each is kept as soon as it is finished until all are."""
    settings = {k: v for k, v in vars(row.settings).items() if k != "workers"}
    names = [
        partial(key, about, settings, row.seed, number, float(nu_i))
        for number, nu_i in enumerate(inhibition)
    ]
    works = [partial(row, number, float(nu_i)) for number, nu_i in enumerate(inhibition)]
    return pieces(names, works, words="rows of a grid", workers=row.settings.workers)


def _synapses(network: Network, target: str) -> np.ndarray:
    """Rows (K, Q, tau, E) of the excitatory, then the inhibitory source."""
    groups: dict[bool, list] = {False: [], True: []}
    for p in network.into(target):
        r = network.receptors[p.source]
        groups[r.inhibitory].append((p.active, p.Q, r.tau, r.E))
    if [len(group) for group in groups.values()] != [1, 1]:
        raise ModelError(
            f"{network.name}: {target} has {len(groups[False])} excitatory and "
            f"{len(groups[True])} inhibitory sources; a grid has one of each"
        )
    return np.array([groups[False][0], groups[True][0]])


@dataclass(frozen=True)
class _Row:
    """Simulates the points of one inhibitory rate."""

    cell: Cell
    synapses: np.ndarray
    settings: GridSettings
    seed: int

    @cached_property
    def machine(self) -> Machine:
        """The compiled cell."""
        return machine(self.cell)

    def __reduce__(self) -> tuple:
        # A worker compiles, or loads, the cell itself.
        return _Row, (self.cell, self.synapses, self.settings, self.seed)

    def __call__(self, number: int, nu_i: float) -> dict[str, np.ndarray]:
        count = self.settings.excitation
        limits = np.linspace(0.0, self.settings.highest_output, count)
        nu_e = np.zeros(count)
        for k in range(1, count):
            step = self.settings.step
            for halving in range(_HALVINGS):
                nu_e[k] = nu_e[k - 1] + step
                probe = self._run(nu_e[k], nu_i, (number, k, self.settings.trials, halving))
                if probe[0] <= limits[k]:
                    break
                step /= 2
        runs = np.array(
            [
                [self._run(x, nu_i, (number, k, trial, 0)) for trial in range(self.settings.trials)]
                for k, x in enumerate(nu_e)
            ]
        )
        rate, mean, sd, w = runs.transpose(2, 0, 1)
        return {
            "nu_e": nu_e,
            "rate": rate.mean(axis=1),
            "rate_error": rate.std(axis=1, ddof=1) / np.sqrt(self.settings.trials),
            "mean": mean.mean(axis=1),
            "sd": sd.mean(axis=1),
            "w": w.mean(axis=1),
        }

    def _run(self, nu_e: float, nu_i: float, key: tuple[int, ...]) -> tuple[float, ...]:
        m, s = self.machine, self.settings
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        rows = self.synapses.copy()
        rows[:, 0] *= np.array([nu_e, nu_i]) / KILOHERTZ
        dt = m.cell.time_step if s.dt is None else s.dt
        settle = round(s.settle / dt)
        steps = round((s.settle + s.duration) / dt) - settle
        states = len(m.states)
        recording = Recording(np.zeros(0), np.zeros(MOMENTS + states), np.zeros((0, states)))
        m.run(np.zeros(1), rows, Clock(dt, settle, steps, 1), rng, recording)
        moments = recording.moments
        w = moments[MOMENTS + m.states.index("w")] / steps if "w" in m.states else 0.0
        return (*summary(moments, steps * dt), float(w))


def _check(cell: Cell, columns: dict[str, np.ndarray], settings: GridSettings) -> None:
    rates, reached = columns["rate"], columns["nu_e"]
    if rates.max() == 0.0:
        raise ModelError(
            f"{cell.name} never fires on this grid (excitation up to {reached.max():.3g} Hz): "
            "raise `step`, lengthen the runs, or give it stronger synapses"
        )
    if rates.min() > settings.highest_output:
        raise ModelError(
            f"{cell.name} saturates everywhere on this grid: it fires at {rates.min():.3g} Hz or "
            f"more, even with {reached.min():.3g} Hz of excitation; lower Q, K or its E_L"
        )


def _dataset(
    cell: Cell, network: Network, target: str, settings: GridSettings, seed: int,
    inhibition: np.ndarray, columns: dict[str, np.ndarray],
) -> xr.Dataset:  # fmt: skip
    units = {"nu_e": "Hz", "rate": "Hz", "rate_error": "Hz", "mean": "mV", "sd": "mV", "w": "pA"}
    data: dict[str, Any] = {
        k: (("inhibition", "point"), v, {"units": units[k]}) for k, v in columns.items()
    }
    data["nu_i"] = (
        ("inhibition", "point"), np.broadcast_to(inhibition[:, None], columns["rate"].shape).copy(),
        {"units": "Hz"},
    )  # fmt: skip
    attrs = {
        "cell": repr(cell), "network": network.name, "target": target, "seed": seed,
        "made_by": f"dynsys {__version__}",
    }  # fmt: skip
    shown = {k: v for k, v in vars(settings).items() if v is not None and k != "workers"}
    return xr.Dataset(
        data, coords={"inhibition": ("inhibition", inhibition, {"units": "Hz"})},
        attrs=attrs | {f"grid_{k}": v for k, v in shown.items()},
    )  # fmt: skip
