"""A cell with dendrites in few compartments, with the error this makes, and as a spiking cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynsys import checks
from dynsys.cells.morphology.elimination import solve_tree
from dynsys.cells.morphology.passive import PassiveNeuron
from dynsys.cells.parameters import AdExCell, EquationCell
from dynsys.definition import Parameter, State
from dynsys.errors import ModelError
from dynsys.spike_rule import SpikeRule
from dynsys.vector_field import VectorField

_FREQUENCIES = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0])  # Hz at which the error is taken
_EDGE = 1e-9
_LARGEST_STEP, _OF_FASTEST = 0.05, 0.2  # ms; part of the fastest time constant for Euler steps


@dataclass(frozen=True, eq=False)
class ReducedNeuron:
    """A chain of compartments from the soma outwards.

    Parameters
    ----------
    neuron : the whole cell.
    leaks, capacitances : (m,) nS, pF. couplings : (m - 1,) nS between neighbors.
    E_L : mV.
    groups : (n,) the compartment of each node of the whole cell.

    At frequency 0 the potentials that a somatic current makes, averaged over the membrane of each
    compartment, are those of the whole cell; ``errors`` says what is off at others.
    """

    neuron: PassiveNeuron
    leaks: np.ndarray
    capacitances: np.ndarray
    couplings: np.ndarray
    E_L: float
    groups: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """(m,) part of the membrane in each compartment, by capacitance."""
        return self.capacitances / self.capacitances.sum()

    def impedances(self, frequency: float | np.ndarray = 0.0) -> np.ndarray:
        """Potential of each compartment per somatic current: (m, F) MOhm, complex."""
        hertz = checks.numbers("the frequency", frequency).reshape(1, -1)
        diagonal = self.leaks[:, None] + 2e-3j * np.pi * hertz * self.capacitances[:, None]
        diagonal[1:] += self.couplings[:, None]
        diagonal[:-1] += self.couplings[:, None]
        between = np.append(0.0, -self.couplings)[:, None] * np.ones_like(hertz)
        injected = np.zeros((len(self.leaks), 1))
        injected[0] = 1e3
        return solve_tree(np.arange(-1, len(self.leaks) - 1), diagonal, between, injected)

    def errors(self, frequency: float | Sequence[float] | np.ndarray = _FREQUENCIES) -> np.ndarray:
        """Relative error of the somatic input impedance at frequencies (Hz)."""
        exact = self.neuron.impedances(0, np.asarray(frequency, dtype=float))[0]
        return np.abs(self.impedances(np.asarray(frequency, dtype=float))[0] / exact - 1)

    @property
    def error(self) -> float:
        """The largest relative error of the somatic input impedance up to 100 Hz."""
        return float(self.errors().max())

    def cell(self, spikes: AdExCell, name: str | None = None) -> EquationCell:
        """A spiking cell: these compartments, with the spikes and the adaptation of another.

        Its membrane is that of the compartments; ``spikes`` gives threshold, slope, reset,
        refractory time and adaptation of the soma. Synapses are spread evenly over the membrane:
        each opens in every compartment by its share, as in ``rate_grid``, ``simulate_cell`` and
        networks of cells.

        Example
        -------
        >>> pyramid = reduced(neuron, [0.3]).cell(find_cell("RS"))
        >>> rate_grid(pyramid, "CONFIG1")
        """
        checks.instance("spikes", spikes, AdExCell, "find_cell('RS') is one")
        label = f"{self.neuron.morphology.name}_{spikes.name}" if name is None else name
        places = ["V", *(f"V_{k}" for k in range(1, len(self.leaks)))]
        fastest = min(self.capacitances / self._open())
        whole = float(self.leaks.sum())
        return EquationCell(
            label, whole, float(self.capacitances.sum()), self.E_L,
            field=_field(self, spikes, places),
            rule=SpikeRule(
                spikes.spike.threshold, spikes.V_reset, spikes.t_ref, {"w": spikes.b},
                spikes.V_thre, running=_running(spikes, places),
            ),
            step=min(_LARGEST_STEP, _OF_FASTEST * float(fastest)),
        )  # fmt: skip

    def _open(self) -> np.ndarray:
        """(m,) nS that discharge each compartment at rest."""
        total = self.leaks.copy()
        total[1:] += self.couplings
        total[:-1] += self.couplings
        return total


def reduced(neuron: PassiveNeuron, borders: Sequence[float] = (0.5,)) -> ReducedNeuron:
    """Put a cell into few compartments by the electrotonic distance from the soma.

    Parameters
    ----------
    borders : distances (space constants at rest) at which one compartment ends and the next begins,
        rising; the first compartment is the soma (with what lies at no distance from it).

    Axial conductances are chosen so that at frequency 0 a somatic current moves every compartment
    as it moves its membrane in the whole cell, on average.

    Raises
    ------
    ModelError for borders that do not rise, or that leave a compartment empty.

    Source: after Bush & Sejnowski 1993, J Neurosci Methods 46:159-166 (compartments that keep what
    the soma sees), with the conductances from the exact potentials.

    Example
    -------
    >>> small = reduced(PassiveNeuron(ball_and_stick()).refined(20.0), [0.5])
    >>> small.error
    """
    checks.instance("neuron", neuron, PassiveNeuron, "PassiveNeuron(morphology)")
    if neuron.shunts is not None:
        raise ModelError("reduce the neuron at rest, without shunts")
    edges = checks.numbers("borders", borders).ravel()
    if np.any(np.diff(np.append(0.0, edges)) <= 0):
        raise ModelError(f"borders are {list(borders)}; they must rise from above 0")
    far = neuron.electrotonic_distances
    groups = np.where(far <= _EDGE, 0, 1 + np.searchsorted(edges, far - _EDGE))
    count = len(edges) + 2
    cell = neuron.morphology
    leaks, charges = cell.at_nodes(neuron.leaks), cell.at_nodes(neuron.capacitances)
    potentials = neuron.impedances(0, 0.0)[:, 0].real
    g = np.bincount(groups, leaks, count)
    empty = np.flatnonzero(g == 0)
    if len(empty):
        raise ModelError(
            f"compartment {empty[0]} of {count} holds no node: the cell reaches to "
            f"{far.max():.3g} space constants; set other borders, or refine the neuron"
        )
    # Currents through the membrane of each compartment; those further out flow along the chain.
    carried = np.bincount(groups, _exact_leaks(neuron) * potentials, count)
    mean = carried / g
    beyond = np.cumsum(carried[::-1])[::-1][1:]
    drops = mean[:-1] - mean[1:]
    if np.any(drops <= 0):
        raise ModelError("a compartment further out is not less polarized; set other borders")
    return ReducedNeuron(
        neuron, g, np.bincount(groups, charges, count), beyond / drops, neuron.E_L, groups
    )


def _exact_leaks(neuron: PassiveNeuron) -> np.ndarray:
    """(n,) nS by which the potential of each node drives current through the cables around it."""
    diagonal, coupling = neuron.admittances(0.0)
    sums = diagonal[:, 0].real + coupling[:, 0].real
    np.add.at(sums, neuron.morphology.parents[1:], coupling[1:, 0].real)
    return sums


def _running(spikes: AdExCell, places: list[str]) -> tuple[str, ...] | str:
    """What goes on while the soma is refractory: the dendrites always."""
    return spikes.running if spikes.running == "all" else (*places[1:], *spikes.running)


def _field(chain: ReducedNeuron, spikes: AdExCell, places: list[str]) -> VectorField:
    outside = {
        "I": Parameter(0.0, "pA", "injected current"),
        "g_syn": Parameter(0.0, "nS", "open synaptic conductance of the whole membrane"),
        "E_syn": Parameter(0.0, "mV", "its reversal potential"),
    }
    own = {
        "E_L": Parameter(chain.E_L, "mV", "leak reversal potential"),
        "a": Parameter(spikes.a, "nS", "subthreshold adaptation"),
        "tau_w": Parameter(spikes.tau_w, "ms", "adaptation time constant", positive=True),
    }
    states = {"V": State(chain.E_L, (-80.0, -40.0), "mV", "potential of the soma")}
    equations = {}
    for k, place in enumerate(places):
        own[f"g_{k}"] = Parameter(float(chain.leaks[k]), "nS", f"leak of compartment {k}")
        own[f"C_{k}"] = Parameter(
            float(chain.capacitances[k]), "pF", f"capacitance of compartment {k}", positive=True
        )
        own[f"share_{k}"] = Parameter(float(chain.shares[k]), "", f"part of the synapses in {k}")
        current = f"g_{k}*(E_L - {place}) - share_{k}*g_syn*({place} - E_syn)"
        if k:
            own[f"g_{k - 1}_{k}"] = Parameter(
                float(chain.couplings[k - 1]), "nS", f"between compartments {k - 1} and {k}"
            )
            current += f" + g_{k - 1}_{k}*({places[k - 1]} - {place})"
            states[place] = State(chain.E_L, (-80.0, 0.0), "mV", f"potential of compartment {k}")
        if k + 1 < len(places):
            current += f" + g_{k}_{k + 1}*({places[k + 1]} - {place})"
        equations[place] = current
    somatic = " + I - w"
    if spikes.delta:
        own["g_spike"] = Parameter(float(chain.leaks.sum()), "nS", "strength of the spike current")
        own["V_thre"] = Parameter(spikes.V_thre, "mV", "threshold of the exponential")
        own["delta"] = Parameter(spikes.delta, "mV", "its slope", positive=True)
        somatic += " + g_spike*delta*exp((V - V_thre)/delta)"
    equations["V"] += somatic
    written = {place: f"({e})/C_{k}" for k, (place, e) in enumerate(equations.items())}
    states["w"] = State(0.0, (-50.0, 300.0), "pA", "adaptation current")
    return VectorField(
        name="reduced_cell",
        meaning=f"{chain.neuron.morphology.name} in {len(places)} compartments, below its spikes",
        states=states,
        parameters=outside | own,
        equations=written | {"w": "(a*(V - E_L) - w)/tau_w"},
        source="Bush & Sejnowski 1993, J Neurosci Methods 46:159-166; Brette & Gerstner 2005, J "
        "Neurophysiol 94:3637-3642",
    )
