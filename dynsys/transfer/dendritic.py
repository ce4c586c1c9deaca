"""What synapses on dendrites do to the soma: mean, fluctuations and their time constant.

Shot noise through the exact impedances of the cell in its high-conductance state: each event opens
a conductance Q exp(-t/tau) at its place, whose current q(t) = Q exp(-t/tau) (E - V(place)) reaches
the soma through the transfer impedance; events are independent, so their power spectra add
(Campbell's theorem). The same linearization around the mean as for point cells in ``membrane``.

Source: Tuckwell & Walsh 1983, Biol Cybern 49:99-110 (random currents on cables); Destexhe,
Rudolph & Pare 2003, Nat Rev Neurosci 4:739-751 (the high-conductance state); Zerlaut & Destexhe
2017, PLOS Comput Biol 13:e1005452 (synapses spread over a tree).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import trapezoid
from scipy.optimize import brentq

from dynsys import checks
from dynsys.cells.morphology.elimination import solve_tree
from dynsys.cells.morphology.passive import PassiveNeuron
from dynsys.cells.morphology.tree import Morphology
from dynsys.errors import ModelError
from dynsys.transfer.membrane import SynapticInput

# 1/ms, from far below any membrane's rate to far above any synapse's; 40 points a decade.
_FREQUENCIES = np.logspace(-6, 2, 321)


@dataclass(frozen=True)
class SpreadInput:
    """Synapses of one kind and where they are.

    Parameters
    ----------
    synapses : rate (events per ms of all together), Q (nS), tau (ms), E (mV); numbers.
    weights : (n,) part of the events at each node, with the sum 1; see ``spread``.
    """

    synapses: SynapticInput
    weights: np.ndarray

    def __post_init__(self) -> None:
        checks.instance("synapses", self.synapses, SynapticInput, "SynapticInput(rate, Q, tau, E)")
        for label in ("rate", "Q"):
            checks.number(f"{label} of the synapses", getattr(self.synapses, label), least=0)
        checks.number("tau of the synapses (ms)", self.synapses.tau, above=0)
        checks.number("E of the synapses (mV)", self.synapses.E)
        weights = checks.numbers("weights", self.weights)
        if np.any(weights < 0) or abs(weights.sum() - 1) > 1e-9:
            raise ModelError(
                f"weights have the sum {weights.sum():g} and the least value {weights.min():g}; "
                "they are parts of the events: 0 or more, with the sum 1"
            )

    @property
    def conductances(self) -> np.ndarray:
        """(n,) nS that are open on average at each node."""
        s = self.synapses
        return np.asarray(self.weights * float(s.rate * s.Q * s.tau))


@dataclass(frozen=True, eq=False)
class DendriticStatistics:
    """The soma under synapses on the tree.

    Parameters
    ----------
    conductance : nS, of the soma's input at frequency 0 in this state.
    mean, sd : mV, of the somatic potential. autocorrelation_time : ms.
    potentials : (n,) mV, mean of every node.
    variances : mV^2, what each input adds.
    inputs, neuron : what it was computed from; the neuron has its synapses open.
    """

    conductance: float
    mean: float
    sd: float
    autocorrelation_time: float
    potentials: np.ndarray
    variances: np.ndarray
    inputs: tuple[SpreadInput, ...]
    neuron: PassiveNeuron


@dataclass(frozen=True)
class PointEquivalent:
    """A point membrane with the same somatic statistics: for ``membrane_statistics`` and cells.

    Parameters
    ----------
    g_L : nS, C_m : pF, E_L : mV, of its membrane.
    inputs : its synapses, with the rates of those of the tree.
    """

    g_L: float
    C_m: float
    E_L: float
    inputs: tuple[SynapticInput, ...]


def spread(
    cell: Morphology,
    kinds: str | Sequence[str] | None = None,
    density: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Weights of synapses spread over a cell, by area: (n,) with the sum 1.

    Parameters
    ----------
    kinds : of cable that have synapses; all by default.
    density : synapses per area, up to a factor, as a function of the distance from the soma in um
        (an array); constant by default.

    Raises
    ------
    UnknownNameError for a kind the cell does not have; ModelError for a density without synapses.

    Example
    -------
    >>> spread(cell, "dendrite", lambda d: np.exp(-d / 100))
    """
    chosen = [kinds] if isinstance(kinds, str) else kinds
    on = np.ones(len(cell), dtype=bool)
    if chosen is not None:
        on[:] = False
        for kind in chosen:
            on[cell.of_kind(kind)] = True
    weights = cell.at_nodes(np.where(on, cell.areas, 0.0))
    if density is not None:
        values = checks.numbers("density", density(cell.distances))
        if values.shape != weights.shape or np.any(values < 0):
            raise ModelError("density must give one value of 0 or more for each distance")
        weights = weights * values
    total = weights.sum()
    if not total > 0:
        raise ModelError("the density is 0 wherever synapses may be")
    return np.asarray(weights / total)


def dendritic_statistics(
    neuron: PassiveNeuron, inputs: Sequence[SpreadInput], current: float = 0.0
) -> DendriticStatistics:
    """Mean, standard deviation and autocorrelation time of the somatic potential.

    Parameters
    ----------
    neuron : passive and without shunts; ``neuron.refined`` sets how finely synapses lie.
    inputs : one for each kind of synapse.
    current : pA into the soma.

    The autocorrelation time is the integral of the autocorrelation, as for point cells.

    Raises
    ------
    ModelError for inputs that do not fit the neuron, or without fluctuations.

    Example
    -------
    >>> weights = spread(neuron.morphology)
    >>> excitation = SpreadInput(SynapticInput(2.0, 0.5, 5.0, 0.0), weights)
    >>> dendritic_statistics(neuron, [excitation]).sd
    """
    checks.instance("neuron", neuron, PassiveNeuron, "PassiveNeuron(morphology)")
    if neuron.shunts is not None:
        raise ModelError("the neuron has shunts already; give its synapses as inputs")
    for given in inputs:
        checks.instance("each input", given, SpreadInput, "SpreadInput(synapses, weights)")
        if len(given.weights) != len(neuron.morphology):
            raise ModelError(
                f"an input has {len(given.weights)} weights; {neuron.morphology.name} has "
                f"{len(neuron.morphology)} nodes"
            )
    current = checks.number("current (pA)", current)
    open_neuron = neuron.with_shunts(_total([i.conductances for i in inputs], neuron))
    # Potentials against E_L: the leak pulls towards 0, synapses towards E - E_L.
    pull = sum((i.conductances * (i.synapses.E - neuron.E_L) for i in inputs), np.zeros(1))
    potentials = neuron.E_L + _steady(open_neuron, pull, current)
    # Where cones are too coarse, far above the synapses' frequencies, next to nothing is left.
    hertz = 1e3 * np.append(0.0, _FREQUENCIES)
    impedance = 1e-3 * open_neuron.impedances(0, hertz, check_mesh=False)  # mV/pA
    spectra = np.array([_spectrum(i, potentials, impedance) for i in inputs])
    parts = np.array([_integral(s) for s in spectra])
    variance = float(parts.sum())
    if not variance > 0:
        raise ModelError("nothing fluctuates: rates or conductances of all inputs are 0")
    return DendriticStatistics(
        conductance=float(1.0 / impedance[0, 0].real),
        mean=float(potentials[0]),
        sd=float(np.sqrt(variance)),
        autocorrelation_time=float(spectra.sum(axis=0)[0] / (2 * variance)),
        potentials=potentials,
        variances=parts,
        inputs=tuple(inputs),
        neuron=open_neuron,
    )


def point_equivalent(statistics: DendriticStatistics) -> PointEquivalent:
    """The point membrane that has the same mean, SD, autocorrelation time and input conductance.

    The strength of each kind of synapse gives its part of the variance, the capacitance the time
    constant; the leak is what the synapses leave of the input conductance, and its reversal
    potential gives the mean. Exact at these rates, an approximation at others.

    Raises
    ------
    ModelError where no capacitance gives the time constant (it is shorter than the synapses').

    Example
    -------
    >>> point = point_equivalent(dendritic_statistics(neuron, inputs))
    >>> membrane_statistics(point.inputs, point.g_L, point.C_m, point.E_L).sd
    """
    s = statistics
    taus, reversals, rates = (
        np.array([float(getattr(i.synapses, k)) for i in s.inputs]) for k in ("tau", "E", "rate")
    )

    def excess(tau_m: float) -> float:
        # Each input alone is correlated over tau_m + tau; their parts of the variance weigh them.
        return float(s.variances @ (tau_m + taus)) / s.sd**2 - s.autocorrelation_time

    if not excess(0.0) < 0:
        raise ModelError(
            f"the somatic potential is correlated over {s.autocorrelation_time:.3g} ms, no longer "
            "than its synapses are open; no point membrane does that"
        )
    tau_m = float(brentq(excess, 0.0, 10 * s.autocorrelation_time, xtol=1e-12))
    # Campbell: an input's variance is rate area^2 / (2 (tau_m + tau)).
    areas = np.sqrt(2 * s.variances * (tau_m + taus) / np.where(rates > 0, rates, np.inf))
    pulls = np.abs(reversals - s.mean) * taus / s.conductance
    strengths = areas / np.where(pulls > 0, pulls, np.inf)
    opened = rates * strengths * taus
    g_L = s.conductance - float(opened.sum())
    if not g_L > 0:
        raise ModelError(
            f"as point synapses these open {opened.sum():.3g} nS, more than the soma's input "
            f"conductance of {s.conductance:.3g} nS; no leak gives the same statistics"
        )
    E_L = (s.conductance * s.mean - float(opened @ reversals)) / g_L
    pairs = zip(s.inputs, strengths, strict=True)
    synapses = tuple(replace(i.synapses, Q=float(q)) for i, q in pairs)
    return PointEquivalent(g_L, s.conductance * tau_m, E_L, synapses)


def _total(opened: list[np.ndarray], neuron: PassiveNeuron) -> np.ndarray:
    return sum(opened, np.zeros(len(neuron.morphology)))


def _steady(neuron: PassiveNeuron, pull: np.ndarray, current: float) -> np.ndarray:
    """Mean potentials (mV) against E_L under currents (pA) at all nodes."""
    diagonal, coupling = neuron.admittances(0.0)
    injected = np.zeros((len(neuron.morphology), 1))
    injected[:, 0] += pull
    injected[0] += current
    return solve_tree(neuron.morphology.parents, diagonal, coupling, injected)[:, 0].real


def _spectrum(given: SpreadInput, potentials: np.ndarray, impedance: np.ndarray) -> np.ndarray:
    """(F,) mV^2 ms, two-sided, at 0 and ``_FREQUENCIES``."""
    s = given.synapses
    charges = s.Q * s.tau * (s.E - potentials)  # pA ms of one event at each node
    weights = s.rate * given.weights * charges**2
    filtered = 1 + (2 * np.pi * s.tau * np.append(0.0, _FREQUENCIES)) ** 2
    return np.asarray(weights @ np.abs(impedance) ** 2 / filtered)


def _integral(spectrum: np.ndarray) -> float:
    """Over all frequencies, in log frequency (the spectrum is flat below the first)."""
    f = _FREQUENCIES
    return float(2 * (trapezoid(spectrum[1:] * f, np.log(f)) + spectrum[0] * f[0]))
