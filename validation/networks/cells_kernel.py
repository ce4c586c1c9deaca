"""Our own kernel for networks of AdEx cells: the same network as in ``conductance.py``, faster.

It agrees with Brian2 statistically, not spike by spike: tests/validation/networks/test_circuits.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynsys.cells import AdExCell, Cell
from dynsys.transfer.networks import Network, Projection
from validation.networks.cells_stepping import (
    SAMPLE,
    Afferents,
    Cells,
    Membrane,
    Shifts,
    Synapses,
    advance,
    arrive,
    deliver,
    draw_pairs,
    receive,
    seed_random,
    send,
    settle,
)

BIN = 0.5  # ms of the recorded rates
SHIFT, _LONGEST = 150.0, 600.0  # ms: mean and largest delay where synapses are shifted
_ROOM = 6.0  # standard deviations of the number of synapses that fit


def run_cells(
    network: Network, cells: Mapping[str, Cell], connectivity: str, steps: int, dt: float,
    seed: int, drives: Mapping[str, np.ndarray], redrawn: bool = False, shifted: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run once from rest; ``drives`` over the steps, Hz per synapse; ``redrawn``: each spike goes
    out along the synapses of a cell drawn anew: no train meets the same cell twice; ``shifted``:
    each synapse has its own delay, exponential with a mean of ``SHIFT``: trains are those of the
    cells, but no two meet a cell as they were. Exponential delays make no rhythm of their own.

    Returns population -> "rate" (Hz, in bins of ``BIN``), "w" (pA, mean of all cells at the
    bins' starts), "time" (ms) and "cell" of the sample's spikes.
    """
    generator = np.random.default_rng(seed)
    seed_random(int(generator.integers(2**31)))
    labels, sources = list(network.neurons), list(network.receptors)
    ends = np.cumsum([0, *network.neurons.values()])
    membranes = [
        _membrane(cells[k], int(ends[p]), int(ends[p + 1]), dt) for p, k in enumerate(labels)
    ]
    total = int(ends[-1])
    state = Cells(
        np.concatenate([np.full(network.neurons[k], cells[k].E_L) for k in labels]),
        np.zeros(total), np.zeros((len(sources), total)), np.zeros(total, np.int32),
    )  # fmt: skip
    afferents = [
        [_afferents(network, p, drives, sources, dt, generator) for p in network.into(k)]
        for k in labels
    ]
    synapses = [
        [
            _synapses(network, p, connectivity, sources, ends, labels, generator, redrawn)
            for p in network.from_source(k)
        ]
        for k in labels
    ]
    under_way = [
        [_shifts(network, p, own, ends, labels, dt, generator) for p, own in zip(
            network.from_source(k), along, strict=True)] if shifted else []
        for k, along in zip(labels, synapses, strict=True)
    ]  # fmt: skip
    receptors = [network.receptors[s] for s in sources]
    kept, E = np.array([1 - dt / r.tau for r in receptors]), np.array([r.E for r in receptors])
    width = round(BIN / dt)
    counts, slow = np.zeros((2, len(labels), steps // width))
    samples = [np.zeros((2, SAMPLE * steps), np.int32) for _ in labels]
    seen = [0] * len(labels)
    spiking = [np.zeros(network.neurons[k], np.int32) for k in labels]
    for t in range(steps):
        # Spikes travel without delay, but reach no membrane within their own step.
        spiked = []
        for m, coming in zip(membranes, afferents, strict=True):
            for source in coming:
                receive(state, source, m, t)
        for m, own in zip(membranes, spiking, strict=True):
            spiked.append(advance(state, m, kept, E, dt, own))
        for p, m in enumerate(membranes):
            for projection, late in zip(synapses[p], under_way[p], strict=False):
                send(projection, late, spiking[p], spiked[p], t)
                arrive(state, projection, late, t)
            if spiked[p]:
                if not shifted:
                    for projection in synapses[p]:
                        deliver(state, projection, spiking[p], spiked[p])
                seen[p] = settle(state, m, spiking[p], spiked[p], samples[p], seen[p], t)
                if t // width < counts.shape[1]:
                    counts[p, t // width] += spiked[p]
        if t % width == 0 and t // width < counts.shape[1]:
            slow[:, t // width] = [state.w[m.first : m.last].mean() for m in membranes]
    return {
        k: {
            "rate": counts[p] * 1000.0 / (width * dt * network.neurons[k]), "w": slow[p],
            "time": samples[p][1, : seen[p]] * dt, "cell": samples[p][0, : seen[p]].copy(),
            "step": width * dt,
        }
        for p, k in enumerate(labels)
    }  # fmt: skip


def _membrane(cell: Cell, first: int, last: int, dt: float) -> Membrane:
    assert isinstance(cell, AdExCell)
    rule = cell.spike
    held = not bool(rule.goes_on(["w"], "V")[0])
    return Membrane(
        first, last, cell.g_L, cell.C_m, cell.E_L, cell.V_thre, cell.delta, cell.V_reset,
        float(rule.threshold), cell.a, cell.b, cell.tau_w, round(cell.t_ref / dt), held,
    )  # fmt: skip


def _afferents(
    network: Network, p: Projection, drives: Mapping[str, np.ndarray], sources: list[str],
    dt: float, generator: np.random.Generator,
) -> Afferents:  # fmt: skip
    """All drives along one projection."""
    rate = np.zeros_like(next(iter(drives.values()), np.zeros(1)))
    for name, drive in network.drives.items():
        if drive.along == p.source:
            share = 1.0 if drive.shares is None else drive.shares.get(p.target, 0.0)
            rate = rate + share * drives[name]
    left = generator.exponential(size=network.neurons[p.target])
    expected = np.ascontiguousarray(p.active * rate * dt / 1000)
    return Afferents(sources.index(p.source), p.Q, expected, left)


def _synapses(
    network: Network, p: Projection, connectivity: str, sources: list[str], ends: np.ndarray,
    labels: list[str], generator: np.random.Generator, redrawn: bool = False,
) -> Synapses:  # fmt: skip
    """The synapses of one projection, drawn anew."""
    count, own = network.neurons[p.source], p.source == p.target
    targets, first = network.neurons[p.target], int(ends[labels.index(p.target)])
    offsets = np.zeros(count + 1, np.int64)
    if connectivity == "fixed":
        degree = int(p.K)
        picked = generator.integers(0, count - own, (targets, degree))
        picked += own & (picked >= np.arange(targets)[:, None])
        order = np.argsort(picked, axis=None, kind="stable")
        offsets[1:] = np.cumsum(np.bincount(picked.ravel(), minlength=count))
        found = (first + order // degree).astype(np.int32)
    else:
        probability = p.K / count
        mean = count * targets * probability
        found = np.zeros(int(mean + _ROOM * np.sqrt(mean) + 10), np.int32)
        drawn = draw_pairs(count, first, targets, probability, own, offsets, found)
        found = found[:drawn]
    start = int(ends[labels.index(p.source)])
    return Synapses(start, sources.index(p.source), p.Q, p.release, redrawn, offsets, found)


def _shifts(
    network: Network, p: Projection, synapses: Synapses, ends: np.ndarray, labels: list[str],
    dt: float, generator: np.random.Generator,
) -> Shifts:  # fmt: skip
    """Delays of the synapses of one projection, at least 0 steps."""
    longest = round(_LONGEST / dt)
    drawn = generator.exponential(SHIFT / dt, len(synapses.targets)) % longest
    arriving = np.zeros((longest, network.neurons[p.target]), np.int16)
    return Shifts(int(ends[labels.index(p.target)]), drawn.astype(np.int16), arriving)
