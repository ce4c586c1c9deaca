"""Networks as mean fields and simulations see them: who projects to whom, and how strongly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from dynsys.errors import ModelError, unknown_name
from dynsys.typed import check_fields, typed


@dataclass(frozen=True)
class Receptor:
    """The conductance that the spikes of a population open: decay (ms), reversal potential (mV)."""

    tau: float
    E: float
    inhibitory: bool = False


@dataclass(frozen=True)
class Projection:
    """Synapses from one population to another: ``K`` per target cell, ``Q`` nS each.

    ``release`` is the probability that a synapse passes a spike on, each time anew.
    """

    source: str
    target: str
    K: float
    Q: float
    release: float = 1.0

    @property
    def active(self) -> float:
        """Synapses per target cell that pass a spike on, on average."""
        return self.K * self.release


@dataclass(frozen=True)
class Drive:
    """External spikes at a rate that is a parameter of the model.

    Parameters
    ----------
    along : population whose synapses the spikes use (or a source that has only external spikes).
    rate : Hz per synapse, the default.
    shares : target -> which part of the rate reaches it; the whole reaches everyone by default.
    """

    along: str
    rate: float = 0.0
    meaning: str = "external drive"
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Network:
    """Populations, receptors, projections and external drives.

    Parameters
    ----------
    name : as it is called in its publication.
    neurons : population -> number of cells.
    receptors : source -> ``Receptor``.
    projections : of type ``Projection``, at most one for each pair.
    drives : name -> ``Drive``.

    Raises
    ------
    UnknownNameError, ModelError for names or numbers that fit nothing.

    Example
    -------
    >>> NETWORKS["CONFIG1"].neurons["e"]
    8000
    """

    name: str
    neurons: Mapping[str, int]
    receptors: Mapping[str, Receptor]
    projections: tuple[Projection, ...]
    drives: Mapping[str, Drive] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        for attribute in ("neurons", "receptors", "drives"):
            object.__setattr__(self, attribute, MappingProxyType(dict(getattr(self, attribute))))
        for label in (*self.neurons, *self.receptors):
            if not isinstance(label, str) or not f"_{label}".isidentifier():
                raise ModelError(f"{self.name}: {label!r} cannot name a population; use letters")
        for population, count in self.neurons.items():
            if not count >= 1:
                raise ModelError(f"{self.name}: {count} cells in {population}; use 1 or more")
        for label, receptor in self.receptors.items():
            if not (receptor.tau > 0 and math.isfinite(receptor.E)):
                raise ModelError(f"{self.name}: tau of the receptor of {label} must be positive")
        pairs = [(p.source, p.target) for p in self.projections]
        for p in self.projections:
            if p.source not in self.receptors:
                raise unknown_name("receptor", p.source, self.receptors, self.name)
            if p.target not in self.neurons:
                raise unknown_name("population", p.target, self.neurons, self.name)
            if not (p.K >= 0 and p.Q >= 0):
                raise ModelError(
                    f"{self.name}: K = {p.K:g}, Q = {p.Q:g} from {p.source} to {p.target}; numbers "
                    "of synapses and conductances are 0 or more (inhibition is in E of a receptor)"
                )
            if not 0 < p.release <= 1:
                raise ModelError(
                    f"{self.name}: the release probability from {p.source} to {p.target} is "
                    f"{p.release:g}; it must be above 0 and at most 1"
                )
            if pairs.count((p.source, p.target)) > 1:
                raise ModelError(f"{self.name}: {p.source} to {p.target} is given twice")
        for label, drive in self.drives.items():
            if drive.along not in self.receptors:
                raise unknown_name("source", drive.along, self.receptors, f"{self.name}, {label}")
            for target in drive.shares or {}:
                if target not in self.neurons:
                    raise unknown_name("population", target, self.neurons, f"{self.name}, {label}")
        for population in self.neurons:
            if not self.into(population):
                raise ModelError(f"{self.name}: nothing projects to {population}; it has no input")

    def into(self, target: str) -> tuple[Projection, ...]:
        """The projections to one population, in the order of the sources."""
        return tuple(p for p in self.projections if p.target == target)

    def from_source(self, source: str) -> tuple[Projection, ...]:
        """The projections of one source."""
        return tuple(p for p in self.projections if p.source == source)


@typed
def balanced_network(
    name: str,
    cells: int = 10000,
    probability: float = 0.05,
    Q_e: float = 1.0,
    Q_i: float = 5.0,
    tau: tuple[float, float] = (5.0, 5.0),
    drive: float = 4.0,
    afferent_to_i: float = 0.0,
    source: str = "Zerlaut et al. 2018, J Comput Neurosci 44:45-61 (ModelDB 234992)",
) -> Network:
    """Excitatory and inhibitory cells, 4 to 1, connected at random with one probability.

    The external ``drive`` reaches all cells, a stimulus ``afferent`` the excitatory ones and the
    share ``afferent_to_i`` of it the inhibitory ones; both use excitatory synapses, as many for
    each cell as the recurrent ones.

    Example
    -------
    >>> balanced_network("mine", Q_i=4.0).into("e")
    """
    neurons = {"e": round(0.8 * cells), "i": cells - round(0.8 * cells)}
    strength = {"e": Q_e, "i": Q_i}
    return Network(
        name=name,
        neurons=neurons,
        receptors={"e": Receptor(tau[0], 0.0), "i": Receptor(tau[1], -80.0, inhibitory=True)},
        projections=tuple(
            Projection(s, t, probability * neurons[s], strength[s]) for t in "ei" for s in "ei"
        ),
        drives={
            "drive": Drive("e", drive, "external drive, per excitatory synapse"),
            "afferent": Drive(
                "e", 0.0, "stimulus, per excitatory synapse", {"e": 1.0, "i": afferent_to_i}
            ),
        },
        source=source,
    )


def afferent_network(
    name: str, Q_e: float, Q_i: float, afferent: tuple[float, float], rate: float = 4.0
) -> Network:
    """4000 excitatory and 1000 inhibitory cells (p = 0.05) with afferent cells of their own.

    ``afferent`` = (synapses on each cell, nS); their rate is the drive ``F_aff``.

    Source: the framework ntwk (neural_network_dynamics by Y. Zerlaut).

    Example
    -------
    >>> afferent_network("mine", 1.0, 4.0, (200.0, 1.0)).drives["F_aff"]
    """
    strength = {"e": (200.0, Q_e), "i": (50.0, Q_i), "aff": afferent}
    return Network(
        name=name,
        neurons={"e": 4000, "i": 1000},
        receptors={
            "e": Receptor(5.0, 0.0),
            "i": Receptor(5.0, -80.0, inhibitory=True),
            "aff": Receptor(5.0, 0.0),
        },
        projections=tuple(Projection(s, t, *strength[s]) for t in "ei" for s in strength),
        drives={"F_aff": Drive("aff", rate, "rate of the afferent cells")},
        source="the framework ntwk (neural_network_dynamics by Y. Zerlaut)",
    )


def disinhibited_network(name: str, network: Network) -> Network:
    """An ``afferent_network`` with 500 disinhibitory cells: afferent spikes in, to inhibitory out.

    Source: Zerlaut, Zucca, Panzeri & Fellin 2019, Cell Rep 27:1119-1132.

    Example
    -------
    >>> disinhibited_network("mine", NETWORKS["spectrum2018"]).into("ds")
    """
    return replace(
        network,
        name=name,
        neurons={**network.neurons, "ds": 500},
        receptors={**network.receptors, "ds": Receptor(5.0, -80.0, inhibitory=True)},
        projections=(
            *network.projections,
            Projection("aff", "ds", 7.5, 4.0),
            Projection("ds", "i", 25.0, 10.0),
        ),
    )  # fmt: skip


_DIVOLO = "di Volo et al. 2019, Neural Comput 31:653-680 (ModelDB 263236)"
_CARLU = "Carlu et al. 2020, J Neurophysiol 123:1042-1051 (ModelDB 263259)"

NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        balanced_network("CONFIG1"),
        balanced_network("CONFIG1-divolo", Q_e=1.5, drive=2.5, afferent_to_i=1.0, source=_DIVOLO),
        balanced_network("CONFIG1-carlu", afferent_to_i=1.0, source=_CARLU),
        balanced_network("Vogels-Abbott", 5000, 0.02, 7.0, 67.0, (5.0, 10.0), 0.0),
        balanced_network("CONFIG2", Q_e=2.0, Q_i=6.0, drive=0.0, source=_DIVOLO),
        afferent_network("RS-FS-2017", Q_e=1.0, Q_i=4.0, afferent=(200.0, 1.0)),
        afferent_network("spectrum2018", Q_e=2.0, Q_i=10.0, afferent=(10.0, 4.0)),
    )
}
NETWORKS["spectrum2018-disinhibited"] = disinhibited_network(
    "spectrum2018-disinhibited", NETWORKS["spectrum2018"]
)


@typed
def find_network(network: Network | str) -> Network:
    """A network of the library by its name; a network is itself.

    Raises UnknownNameError for a name the library does not have.

    Example
    -------
    >>> find_network("CONFIG1").neurons["e"]
    8000
    """
    if isinstance(network, Network):
        return network
    if network not in NETWORKS:
        raise unknown_name("network", network, NETWORKS, "the library")
    return NETWORKS[network]
