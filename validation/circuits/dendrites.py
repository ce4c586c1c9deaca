"""Cells with dendrites in Brian2: the independent check of cable theory and synaptic statistics.

Brian2 puts one potential in the middle of each compartment; here every cable of a ``Morphology`` is
one. Source: Stimberg, Brette & Goodman 2019, eLife 8:e47314.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dynsys import checks
from dynsys.cells.morphology import Morphology, PassiveNeuron
from dynsys.errors import ModelError
from dynsys.transfer.dendritic import SpreadInput
from validation.brian import brian


@dataclass(frozen=True)
class SpatialCell:
    """A Brian2 morphology, and the node of ours whose cable each of its compartments is."""

    morphology: Any
    nodes: np.ndarray


def spatial_cell(cell: Morphology) -> SpatialCell:
    """A morphology as Brian2's, cable by cable.

    Raises ModelError for a cell without a soma from whose root several cables go out.

    Example
    -------
    >>> b2.SpatialNeuron(spatial_cell(read_swc("pyramidal.swc")).morphology, ...)
    """
    b2 = brian()
    children: list[list[int]] = [[] for _ in range(len(cell))]
    for k in range(1, len(cell)):
        children[cell.parents[k]].append(k)
    nodes: list[int] = []

    def section(chain: list[int]) -> Any:
        nodes.extend(chain)
        widths = [cell.diameters[chain[0], 0], *cell.diameters[chain, 1]]
        made = b2.Section(n=len(chain), diameter=widths * b2.um, length=cell.lengths[chain] * b2.um)
        grow(made, children[chain[-1]])
        return made

    def grow(parent: Any, following: list[int]) -> None:
        for child in following:
            parent.children.add("part", section(_chain(cell, children, child)), True)

    if cell.soma_diameter:
        nodes.append(0)
        root = b2.Soma(diameter=cell.soma_diameter * b2.um)
        grow(root, children[0])
    elif len(children[0]) == 1:
        root = section(_chain(cell, children, children[0][0]))
    else:
        raise ModelError(
            f"{cell.name}: {len(children[0])} cables go out from a root without a soma; Brian2 "
            "needs a soma there"
        )
    return SpatialCell(root, np.array(nodes))


def _chain(cell: Morphology, children: list[list[int]], first: int) -> list[int]:
    """Cables one after the other, as long as they neither branch nor jump in diameter."""
    chain = [first]
    while len(children[chain[-1]]) == 1:
        following = children[chain[-1]][0]
        if cell.diameters[following, 0] != cell.diameters[chain[-1], 1]:
            break
        chain.append(following)
    return chain


def spatial_impedance(neuron: PassiveNeuron, source: int, dt: float = 0.1) -> np.ndarray:
    """Steady potentials per current into the middle of one cable, in Brian2: (n,) MOhm.

    Entry k belongs to the middle of cable k, ``(k, 0.5)``; the first to the soma.

    Example
    -------
    >>> spatial_impedance(neuron, 0)[0], neuron.input_impedance().real
    """
    run = _steady_state(neuron, dt, source)
    return run * 10.0  # of 100 pA: mV / 0.1 nA = 10 MOhm


def spatial_polarization(
    neuron: PassiveNeuron, direction: Sequence[float] = (1.0, 0.0, 0.0), dt: float = 0.1
) -> np.ndarray:
    """Steady polarization in a uniform field, in Brian2: (n,) mV per V/m, cable by cable.

    Brian2 knows no field: the currents that it drives through the cables are injected instead.
    """
    return _steady_state(neuron, dt, None, neuron.field_currents(direction))


def _steady_state(
    neuron: PassiveNeuron, dt: float, source: int | None, currents: np.ndarray | None = None
) -> np.ndarray:
    """Potentials against rest (mV) after twenty time constants, of the middle of each cable."""
    b2 = brian()
    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    cell, group = _passive(b2, neuron, dt, "I_in : amp (point current)", "I_in")
    given = np.zeros(len(neuron.morphology))
    if source is not None:
        given[checks.whole("source", source, least=0, most=len(given) - 1)] = 100.0
    if currents is not None:
        given += _on_cables(neuron, currents)
    group.I_in = given[cell.nodes] * b2.pA
    slowest = (neuron.capacitances[cell.nodes] / neuron.leaks[cell.nodes]).max()
    b2.Network(group).run(20 * slowest * b2.ms, namespace={})
    result = np.full(len(given), np.nan)
    result[cell.nodes] = np.asarray(group.v / b2.mV) - neuron.E_L
    return result


def _on_cables(neuron: PassiveNeuron, at_nodes: np.ndarray) -> np.ndarray:
    """Values at nodes put on the cables around them, by area."""
    cell = neuron.morphology
    areas = cell.areas
    per_area = at_nodes / cell.node_areas
    shares = areas / 2 * (per_area + per_area[np.maximum(cell.parents, 0)])
    shares[0] = areas[0] * per_area[0]
    return shares


def _passive(
    b2: Any, neuron: PassiveNeuron, dt: float, further: str, point_currents: str
) -> tuple[SpatialCell, Any]:
    cell = spatial_cell(neuron.morphology)
    areas = neuron.morphology.areas[cell.nodes] * b2.um**2
    resistances = neuron.per_cable("axial_resistance")[cell.nodes]
    if np.ptp(resistances):
        raise ModelError("Brian2 takes one axial resistance for a whole cell")
    equations = f"Im = g_leak*(E_leak - v) : amp/meter**2\ng_leak : siemens/meter**2\n{further}"
    group = b2.SpatialNeuron(
        morphology=cell.morphology, model=equations, method="exponential_euler",
        Cm=neuron.capacitances[cell.nodes] * b2.pF / areas,
        Ri=float(resistances[0]) * b2.ohm * b2.cm, dt=dt * b2.ms,
        namespace={"E_leak": neuron.E_L * b2.mV},
    )  # fmt: skip
    group.g_leak = neuron.leaks[cell.nodes] * b2.nS / areas
    group.v = neuron.E_L * b2.mV
    return cell, group


def simulate_dendrites(
    neuron: PassiveNeuron,
    inputs: Sequence[SpreadInput],
    duration: float = 10_000.0,
    dt: float = 0.05,
    settle: float = 500.0,
    seed: int = 0,
    compiled: bool = True,
) -> xr.Dataset:
    """The passive cell under Poisson synapses on its whole tree, in Brian2.

    Parameters
    ----------
    inputs : as for ``dynsys.transfer.dendritic.dendritic_statistics``.
    duration, settle : ms, recorded and before. dt : ms.
    compiled : False runs Brian2 on numpy.

    Returns
    -------
    Dataset: ``V`` (mV) of the soma over ``time`` (ms); attributes ``mean``, ``sd`` (mV) and
    ``autocorrelation_time`` (ms).

    Raises
    ------
    ModelError for times that make no sense.

    Example
    -------
    >>> simulate_dendrites(neuron, [excitation, inhibition]).attrs["sd"]
    """
    for label, value in (("duration", duration), ("dt", dt)):
        checks.number(f"{label} (ms)", value, above=0)
    b2 = brian()
    b2.prefs.codegen.target = "auto" if compiled else "numpy"
    b2.start_scope()
    b2.seed(checks.seed(seed))
    lines = [f"dg_{k}/dt = -g_{k}/tau_{k} : siemens\nlambda_{k} : 1" for k in range(len(inputs))]
    pulls = " + ".join(f"g_{k}*(E_{k} - v)" for k in range(len(inputs))) or "0*amp"
    lines.append(f"I_syn = {pulls} : amp (point current)")
    cell, group = _passive(b2, neuron, dt, "\n".join(lines), "I_syn")
    for k, given in enumerate(inputs):
        s = given.synapses
        group.namespace |= {
            f"tau_{k}": s.tau * b2.ms, f"E_{k}": s.E * b2.mV, f"Q_{k}": s.Q * b2.nS,
        }  # fmt: skip
        expected = s.rate * dt * _on_cables(neuron, given.weights)[cell.nodes]
        setattr(group, f"lambda_{k}", expected)
        group.run_regularly(f"g_{k} += Q_{k}*poisson(lambda_{k})", dt=dt * b2.ms, order=k)
    soma = int(np.flatnonzero(cell.nodes == cell.nodes.min())[0])
    trace = b2.StateMonitor(group, "v", record=[soma])
    network = b2.Network(group, trace, *group.contained_objects)
    network.run((settle + duration) * b2.ms, namespace={})
    late = np.asarray(trace.t / b2.ms) >= settle
    values = np.asarray(trace.v[0] / b2.mV)[late]
    return xr.Dataset(
        {"V": ("time", values, {"units": "mV"})},
        coords={"time": ("time", np.asarray(trace.t / b2.ms)[late], {"units": "ms"})},
        attrs={
            "mean": float(values.mean()), "sd": float(values.std()), "seed": seed, "dt": dt,
            "autocorrelation_time": _autocorrelation_time(values, dt),
        },
    )  # fmt: skip


def _autocorrelation_time(values: np.ndarray, dt: float) -> float:
    """Integral (ms) of the autocorrelation, up to eight times where it falls to 1/e.

    A fixed window: to stop where the estimate first vanishes would wait for favorable noise.
    """
    centered = values - values.mean()
    power = np.abs(np.fft.rfft(centered, 2 * len(centered))) ** 2
    lags = np.fft.irfft(power)[: len(centered)] / np.arange(len(centered), 0, -1)
    lags = lags / lags[0]
    end = 8 * max(int(np.argmax(lags < np.exp(-1))), 1)
    return float(dt * (lags[:end].sum() - 0.5))
