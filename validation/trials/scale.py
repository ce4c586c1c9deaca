"""How strong a kick and how large a rhythm count: what is published for one model, scaled for all.

The published bistability test kicks by 1 mV/ms, the published criterion counts rhythms from 1 Hz^2
on: both made for rates of tens of Hz. Another model's kicks are as strong as its mean field needs
to get from state to state; its bound lies below its own rhythms and above its network's noise.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from continuation.diagrams.diagram import Diagram
from continuation.diagrams.names import found_cycles
from dynsys.models.aln_network import is_aln
from dynsys.simulation import simulate
from validation.measures.rates import LEAST_POWER
from validation.networks.testable import Testable
from validation.trials.places import breadth, regions
from validation.trials.probing import KICKS, QUIET, STRONGEST, Probe, long_enough, state_of

SLIVER = 0.01  # of the plane: what is narrower has no place for a network
_SHARE = 0.25  # of the weakest predicted rhythm's power: half its amplitude
_TOLD = 2.0  # noise and rhythm together over noise alone, from which the two can be told


def reaching(
    network: Testable, place: Mapping[str, float], attractors: Sequence[Mapping[str, Any]]
) -> Mapping[str, float]:
    """Kicks, in units of the network's, that lead the mean field below and above the middle between
    its attractors: the weakest of 1, 2, 4, 8 and 16; 1 where none does."""
    main = network.rates[0]
    levels = [level for item in attractors if math.isfinite(level := _level(item, main))]
    if len(levels) < 2:
        return KICKS
    middle = 0.5 * (min(levels) + max(levels))
    return {**KICKS, **{kick: _factor(network, place, kick, middle) for kick in ("low", "high")}}


def _level(item: Mapping[str, Any], name: str) -> float:
    """The mean of a rate in an attractor of a diagram, Hz."""
    if "observables" in item:
        return float(item["observables"][name])
    low, high = item.get("extrema", {}).get(name, (math.nan, math.nan))
    return 0.5 * (low + high)


def _factor(network: Testable, place: Mapping[str, float], kick: str, middle: float) -> float:
    factor = 1.0
    while factor <= STRONGEST:
        probe = Probe(place, (kick,), factors={kick: factor * KICKS[kick]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # too strong a kick may lead out of a table
            (run,) = probe.predicted(network)
        rate = state_of(run, network.rates).rate.value
        if math.isfinite(rate) and (rate > middle) == (kick == "high"):
            return factor * KICKS[kick]
        factor *= 2
    return KICKS[kick]


@dataclass(frozen=True)
class Bounds:
    """Powers (Hz^2) from which a rhythm counts: in runs of the mean field, and of the network.

    ``trouble``: why networks of this size cannot tell a rhythm from their noise, if so.
    """

    mean_field: float = LEAST_POWER
    network: float = LEAST_POWER
    trouble: str = ""

    @property
    def published(self) -> bool:
        """Whether they are the published one (raised for small networks)."""
        return self.mean_field == LEAST_POWER


def published(neurons: int) -> Bounds:
    """1 Hz^2; more in small networks, whose noise goes as 1/N."""
    return Bounds(LEAST_POWER, LEAST_POWER * max(1.0, QUIET / neurons))


def rhythm_bounds(diagram: Diagram, network: Testable) -> Bounds:
    """The published bound where the mean field's rhythms are far above it, else one in scale.

    In the mean field it is a quarter of the weakest rhythm's power; in the network the geometric
    mean of noise alone and of noise and rhythm together, the noise measured in one run at rest in
    each wide region without rhythm (the master equation's own theory is up to 10 times too much).
    """
    if is_aln(network.model):
        return published(network.neurons)
    nodes = [node for _, node in regions(diagram) if breadth(diagram, node) >= SLIVER]
    powers = [p for node in nodes if found_cycles(node["stable"]) for p in _powers(network, node)]
    weakest = min(powers, default=math.inf)
    if _SHARE * weakest >= LEAST_POWER:
        return published(network.neurons)
    resting = [node for node in nodes if not found_cycles(node["stable"])]
    noises = [_noise(network, node) for node in resting]
    if not noises:
        return Bounds(_SHARE * weakest, _SHARE * weakest * max(1.0, QUIET / network.neurons))
    noise, trouble = max(noises), ""
    if weakest + noise < _TOLD * noise:
        needed = math.ceil(network.neurons * (_TOLD - 1) * noise / weakest)
        trouble = (
            f"the weakest rhythm of the mean field has a power of {weakest:.2g} Hz^2, the noise of "
            f"{network.neurons} neurons {noise:.2g} Hz^2; use neurons >= {needed}"
        )
    return Bounds(_SHARE * weakest, math.sqrt(noise * (noise + weakest)), trouble)


def _powers(network: Testable, node: Mapping[str, Any]) -> Iterator[float]:
    """The powers of a region's rhythms in runs of the mean field: from a place on each, where the
    diagram tells one (a run from elsewhere may end beside it); else of what kicked runs show."""
    cycles = found_cycles(node["stable"])
    starts = [item for item in cycles if "state" in item]
    if starts:
        yield from (_power(network, node["parameters"], item) for item in starts)
        return
    runs = Probe(node["parameters"], tuple(KICKS)).predicted(network)
    found = [state_of(run, network.rates) for run in runs]
    shown = [state.power for state in found if state.finite and (state.faint or state.oscillates)]
    if shown:
        yield max(shown)


def _power(network: Testable, place: Mapping[str, Any], cycle: Mapping[str, Any]) -> float:
    """The power of the rhythm of a cycle of the diagram."""
    at = network.model.with_parameters(**place)
    duration = long_enough(cycle.get("period"))
    run = simulate(at, duration, initial=np.asarray(cycle["state"], dtype=float), sample=0.5)
    return state_of(run, network.rates).power


def _noise(network: Testable, node: Mapping[str, Any]) -> float:
    """The power that the criterion finds in the network's noise at rest."""
    (job,) = Probe(node["parameters"], ("rest",)).jobs(network, seed=1)
    return state_of(job.run(), network.rates).power
