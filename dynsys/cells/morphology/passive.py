"""The passive membrane of a cell with dendrites: impedances, attenuation, polarization.

Linear algebra on the tree, exact for cylinders at any frequency; nothing is simulated.

Source: Rall 1959, Exp Neurol 1:491-527; Koch & Poggio 1985, J Neurosci Methods 12:303-315; Aspart,
Ladenbauer & Obermayer 2016, PLOS Comput Biol 12(11):e1005206 (uniform fields).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from dynsys import checks
from dynsys.cells.morphology.elimination import solve_tree, two_ports
from dynsys.cells.morphology.tree import Morphology, Place
from dynsys.errors import ModelError, unknown_name

PerKind: TypeAlias = float | Mapping[str, float]
_COARSEST = 0.05  # taper times square of the electrotonic length of a cone, about the error


@dataclass(frozen=True, eq=False)
class PassiveNeuron:
    """A morphology and its membrane.

    Parameters
    ----------
    morphology : whose cones count as cylinders of the same membrane and the same axial resistance;
        ``morphology.refined`` makes them finer.
    membrane_resistance : Ohm cm^2. capacitance : uF/cm^2. axial_resistance : Ohm cm. Each one
        number, or one for each kind of cable: {"soma": 2e4, "dendrite": 1e4}.
    E_L : mV, at which the membrane rests.
    shunts : (n,) nS, open at the nodes beside the membrane: synapses of a high-conductance state.

    Raises
    ------
    ModelError for a property that is not positive; UnknownNameError for a kind that is missing.

    Example
    -------
    >>> from dynsys.cells.morphology import PassiveNeuron, ball_and_stick
    >>> neuron = PassiveNeuron(ball_and_stick(), 28_000.0, 1.0, 150.0)
    >>> abs(neuron.input_impedance("soma", [0.0, 30.0]))  # MOhm
    """

    morphology: Morphology
    membrane_resistance: PerKind = 20_000.0
    capacitance: PerKind = 1.0
    axial_resistance: PerKind = 150.0
    E_L: float = -65.0
    shunts: np.ndarray | None = None

    def __post_init__(self) -> None:
        checks.instance("morphology", self.morphology, Morphology, "read_swc(...) makes one")
        for label in ("membrane_resistance", "capacitance", "axial_resistance"):
            self.per_cable(label)
        checks.number("E_L (mV)", self.E_L)
        if self.shunts is not None:
            opened = checks.numbers("shunts (nS)", self.shunts)
            if opened.shape != (len(self.morphology),) or np.any(opened < 0):
                raise ModelError(
                    f"shunts has the shape {opened.shape} and a least value of {opened.min():g}; "
                    f"give one conductance of 0 or more for each of {len(self.morphology)} nodes"
                )

    def per_cable(self, label: str) -> np.ndarray:
        """(n,) a property of the membrane by its name, for each cable."""
        given = getattr(self, label)
        kinds = self.morphology.kinds
        if not isinstance(given, Mapping):
            return np.full(len(kinds), checks.number(label, given, above=0))
        for kind in dict.fromkeys(kinds):
            if kind not in given:
                raise unknown_name(f"{label} for the kind", kind, given, self.morphology.name)
            checks.number(f"{label} of {kind}", given[kind], above=0)
        return np.array([float(given[kind]) for kind in kinds])

    @cached_property
    def leaks(self) -> np.ndarray:
        """(n,) nS of the membrane of each cable, and of the sphere first."""
        return 10.0 * self.morphology.areas / self.per_cable("membrane_resistance")

    @cached_property
    def capacitances(self) -> np.ndarray:
        """(n,) pF of each cable, and of the sphere first."""
        return 1e-2 * self.morphology.areas * self.per_cable("capacitance")

    @cached_property
    def axial_conductances(self) -> np.ndarray:
        """(n,) nS from end to end of each cable; infinite at the root."""
        lengths, widths = self.morphology.lengths[1:], self.morphology.diameters[1:]
        through = 1e5 * np.pi / 4 * widths.prod(axis=1) / lengths
        return np.append(np.inf, through / self.per_cable("axial_resistance")[1:])

    @property
    def leak(self) -> float:
        """nS of the whole membrane."""
        return float(self.leaks.sum())

    @property
    def total_capacitance(self) -> float:
        """pF of the whole membrane."""
        return float(self.capacitances.sum())

    @cached_property
    def electrotonic_lengths(self) -> np.ndarray:
        """(n,) of the cables, in space constants at rest, at frequency 0."""
        return np.append(0.0, np.sqrt(self.leaks[1:] / self.axial_conductances[1:]))

    @cached_property
    def electrotonic_distances(self) -> np.ndarray:
        """(n,) from the root to each node, in space constants."""
        return self.morphology.summed_from_root(self.electrotonic_lengths)

    def with_shunts(self, conductances: np.ndarray) -> PassiveNeuron:
        """The same neuron with these conductances (nS) open at its nodes."""
        return replace(self, shunts=np.asarray(conductances, dtype=float))

    def refined(self, longest: float) -> PassiveNeuron:
        """The same neuron in cables of at most ``longest`` um.

        Raises ModelError for one with shunts, which belong to its nodes.
        """
        if self.shunts is not None:
            raise ModelError("refine the neuron first, then open conductances at its nodes")
        return replace(self, morphology=self.morphology.refined(longest))

    def input_impedance(
        self, place: Place = "soma", frequency: float | np.ndarray = 0.0
    ) -> np.ndarray | complex:
        """Potential per current at one place: MOhm, complex, at frequencies in Hz.

        Example
        -------
        >>> neuron.input_impedance((3, 0.5), 100.0)
        """
        return self.transfer_impedance(place, place, frequency)

    def transfer_impedance(
        self, source: Place, target: Place, frequency: float | np.ndarray = 0.0
    ) -> np.ndarray | complex:
        """Potential at ``target`` per current into ``source``: MOhm, complex; the same both ways.

        Raises ModelError for places the cell does not have, and frequencies its cones are too
        coarse for.
        """
        finer, (start, end) = self._with_nodes(source, target)
        return _like(frequency, finer.impedances(start, frequency)[end])

    def impedances(
        self, place: Place, frequency: float | np.ndarray = 0.0, check_mesh: bool = True
    ) -> np.ndarray:
        """Potential of every node per current into a node: (n, F) MOhm, complex.

        ``check_mesh=False`` takes coarse cones as they are: for integrals over all frequencies.
        """
        node, fraction = self.morphology.place(place)
        if fraction < 1.0:
            raise ModelError(f"{place!r} lies within a cable; morphology.with_nodes makes a node")
        diagonal, coupling = self.admittances(frequency, check_mesh)
        injected = np.zeros((len(self.morphology), 1))
        injected[node] = 1e3
        return solve_tree(self.morphology.parents, diagonal, coupling, injected)

    def attenuation(
        self, source: Place, target: Place, frequency: float | np.ndarray = 0.0
    ) -> np.ndarray | complex:
        """Potential at ``source``, where a current flows in, over that at ``target``: complex."""
        finer, (start, end) = self._with_nodes(source, target)
        potentials = finer.impedances(start, frequency)
        return _like(frequency, potentials[start] / potentials[end])

    def polarization(
        self, frequency: float | np.ndarray = 0.0, direction: Sequence[float] = (1.0, 0.0, 0.0)
    ) -> np.ndarray:
        """Membrane potential of every node per uniform field: (n, F) mV per V/m, complex.

        ``direction`` is that of the field; its length does not matter.
        """
        diagonal, coupling = self.admittances(frequency)
        drive = self.field_currents(direction)[:, None]
        return solve_tree(self.morphology.parents, diagonal, coupling, drive)

    def field_currents(self, direction: Sequence[float]) -> np.ndarray:
        """(n,) pA per V/m: a field drives current along a cable, out of one end, into the other."""
        along = checks.numbers("direction", direction)
        if along.shape != (3,) or not np.any(along):
            raise ModelError(f"direction is {direction}; give x, y, z, not all 0")
        cell = self.morphology
        drop = 1e-3 * cell.spans[1:] @ (along / np.linalg.norm(along))  # mV in 1 V/m
        carried = self.axial_conductances[1:] * drop
        currents = np.append(0.0, carried)
        np.subtract.at(currents, cell.parents[1:], carried)
        return currents

    def admittances(
        self, frequency: float | np.ndarray, check_mesh: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Own admittance of each node, and that between it and its parent: (n, F) nS, complex."""
        hertz = checks.numbers("the frequency", frequency).reshape(1, -1)
        if np.any(hertz < 0):
            raise ModelError(f"the frequency is {hertz.min():g} Hz; it must be 0 or more")
        membrane = self.leaks[:, None] + 2e-3j * np.pi * hertz * self.capacitances[:, None]
        axial = self.axial_conductances[1:, None]
        if check_mesh:
            self._check_mesh(membrane[1:] / axial, hertz)
        own, mutual = two_ports(axial, membrane[1:])
        diagonal = np.zeros_like(membrane)
        diagonal[0] = membrane[0]
        diagonal[1:] += own
        np.add.at(diagonal, self.morphology.parents[1:], own)
        if self.shunts is not None:
            diagonal += self.shunts[:, None]
        return diagonal, np.concatenate([np.zeros_like(membrane[:1]), mutual])

    def _check_mesh(self, squares: np.ndarray, hertz: np.ndarray) -> None:
        first, last = self.morphology.diameters[1:].T
        taper = np.abs(last - first) / (first + last)
        error = taper[:, None] * np.abs(squares)
        if error.size and error.max() > _COARSEST:
            k, f = np.unravel_index(error.argmax(), error.shape)
            raise ModelError(
                f"{self.morphology.name}: at {hertz[0, f]:g} Hz the cone that ends at node {k + 1} "
                f"is {np.sqrt(np.abs(squares[k, f])):.2g} space constants long, too coarse for its "
                "taper; use refined(longest=...)"
            )

    def _with_nodes(self, *places: Place) -> tuple[PassiveNeuron, list[int]]:
        cell, nodes = self.morphology.with_nodes(*places)
        if cell is self.morphology:
            return self, nodes
        opened = self.shunts
        if opened is not None:
            raise ModelError("with shunts, places are nodes; make them before opening conductances")
        return replace(self, morphology=cell), nodes


def _like(frequency: float | np.ndarray, values: np.ndarray) -> np.ndarray | complex:
    """One number for one frequency, an array for several."""
    return complex(values[0]) if np.ndim(frequency) == 0 else values
