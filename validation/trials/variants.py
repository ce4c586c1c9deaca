"""Networks that differ from the one tested in one respect: which of them takes a difference away?

Where no theory explains a difference, the network itself is run again: with a finer time step and
with more neurons, extrapolated to none and to infinitely many, or with spikes that go out along the
synapses of neurons drawn anew, which leaves the neurons' own response to their inputs, and their
noise, but no wiring.

Where nothing oscillates, synapses with delays of their own leave the trains that neurons hear as
regular as they are, but no two neurons hear one together: what is then left of a difference are
correlations faster than the delays. In the network of divolo2019 with fixed in-degrees (4000 cells,
drive 1.251 Hz, b 19.17 pA) cells that hear Poisson trains of their own rate fire at 4.39 +- 0.06
and 12.9 +- 0.1 Hz, cells that hear trains such as their own, shifted, at 3.93 +- 0.05 and 11.7 +-
0.1 Hz, those of the network at 3.86 +- 0.04 and 11.55 +- 0.08 Hz (95 %); the mean field says 3.34
and 10.5 Hz. Its transfer functions are too low by twice what trains of a Fano factor of 0.8 (in
500 ms: they adapt) take away.

Networks without wiring also tell what in-degrees do that vary from neuron to neuron, as pairs at
random make them. With drive 0.87 Hz and b 59 pA they lower the rates by 0.22 +- 0.03 and 0.59 +-
0.10 Hz against fixed in-degrees (standard errors); without wiring by 0.21 +- 0.05 and 0.57 +- 0.15
Hz: it is the neurons' response to unequal inputs. A mean field whose transfer functions are
averaged over the in-degrees, every neuron with its own adaptation, says 0.03 and 0.01 Hz: its
fitted functions are not that exact, so no such correction is made.

Not everything is explained so: with b = 58.71 pA the rhythm ends at a drive of 0.597 Hz in the mean
field, at 0.69 in networks without wiring (0.76 with equal in-degrees), with wiring at 0.52 with
equal in-degrees and nowhere with pairs at random: wiring itself damps it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeGuard

from validation.measures.estimates import Estimate
from validation.networks.circuit_network import CircuitNetwork
from validation.networks.jobs import ENGINES
from validation.networks.network import Network
from validation.networks.qif import QIFNetwork
from validation.networks.testable import Testable, Work

STEP = "the network's time step"
SIZE = "finite size"
RESPONSE = "the neurons' response (their own, with spikes that follow no wiring)"
TRAINS = "the neurons' response to trains such as their own (each synapse with another delay)"
EQUAL = "neurons that differ in their number of inputs"
DEGREES = "neurons that differ in their number of inputs, and their response"
_FINER, _LARGER = 4, 2
_FINER_CELLS = 2  # cells with conductances cost more
_SURE = 2 * math.sqrt(2)  # standard deviations of one of two runs: chance exceeds it 1 in 20
_KERNEL = ENGINES[1]


class OutOfTime(Exception):
    """The time for explanations is used up."""

    words = (
        "why was not found out: the time for explanations was used up; run the same command "
        "again to go on"
    )


class Explaining(list[Work]):
    """Runs that explain a finding: they are made when all tests have theirs; an empty list waits
    for that. Where no time is left for them ``OutOfTime`` is raised in their place."""


@dataclass(frozen=True)
class Variant:
    """Another network. ``beyond``: by how much of the change to it one goes on, to the limit of an
    infinitely fine step or of infinitely many neurons (0 where it is that limit); None where it
    replaces the prediction."""

    cause: str
    words: str
    network: Testable
    beyond: float | None = None

    @property
    def predicts(self) -> bool:
        """Whether it stands in for the mean field, not for the network."""
        return self.beyond is None


def variants(network: Testable) -> Iterator[Variant]:
    """The networks that may tell why one differs; none where it is not known how."""
    if isinstance(network, Network) and network.engine == _KERNEL and not network.redrawn:
        whole = network.structure
        finer = replace(network, structure=replace(whole, dt=whole.dt / _FINER))
        larger = replace(network, structure=replace(whole, neurons=_LARGER * whole.neurons))
        yield from _limits(whole.dt, network.neurons, finer, larger, _FINER)
        yield Variant(RESPONSE, "", replace(network, redrawn=True))
    elif _cells(network):
        finer_ = replace(network, dt=network.dt / _FINER_CELLS)
        counts = {label: _LARGER * count for label, count in network.counts.items()}
        larger_ = replace(network, counts=counts)
        yield from _limits(network.dt, network.neurons, finer_, larger_, _FINER_CELLS)
        fixed = replace(network, redrawn=True, connectivity="fixed")
        yield Variant(RESPONSE, "", fixed)
        if network.connectivity != fixed.connectivity:
            equal = replace(network, connectivity=fixed.connectivity)
            yield Variant(EQUAL, "of neurons with equally many inputs", equal, 0.0)
            yield Variant(DEGREES, "", replace(network, redrawn=True))
    elif isinstance(network, QIFNetwork) and network.engine == _KERNEL:
        finer_qif = replace(network, dt=network.dt / _FINER)
        larger_qif = replace(network, neurons=_LARGER * network.neurons)
        yield from _limits(network.dt, network.neurons, finer_qif, larger_qif, _FINER)


def _cells(network: Testable) -> TypeGuard[CircuitNetwork]:
    """Whether it is a wired network of cells that the kernel runs."""
    if not isinstance(network, CircuitNetwork) or network.engine != _KERNEL:
        return False
    return not (network.redrawn or network.shifted)


def shifted(network: Testable) -> Iterator[Variant]:
    """The network whose trains are its own but uncorrelated: it has no rhythm, and tells of rates
    at rest only."""
    if _cells(network):
        yield Variant(TRAINS, "", replace(network, shifted=True))


def stages(network: Testable, rests: bool) -> Iterator[list[Variant]]:
    """All variants in the order in which they are asked; ``rests``: whether nothing oscillates.

    First, for cells, those that alone tell most and cost least: a test of its own asks whether the
    time step matters.
    """
    found = list(variants(network))
    if not _cells(network):
        return iter([found] if found else [])
    first = [v for v in found if v.predicts][-1:]  # with the network's in-degrees
    costly = [v for v in found if v.cause in (STEP, SIZE)]
    others = [v for v in found if v not in first and v not in costly]
    others += shifted(network) if rests else ()
    return iter([several for several in (first, others, costly) if several])


def _limits(
    dt: float, neurons: int, finer: Testable, larger: Testable, times: int
) -> Iterator[Variant]:
    """Both errors are of first order, in the step and in 1/N."""
    steps = f"from steps of {dt:g} and {dt / times:g} ms to none"
    yield Variant(STEP, steps, finer, 1 / (times - 1))
    sizes = f"from {neurons} and {_LARGER * neurons} neurons to infinitely many"
    yield Variant(SIZE, sizes, larger, 1 / (_LARGER - 1))


@dataclass(frozen=True)
class Limit:
    """What a network's value becomes in the limit of some variants, with its standard deviation;
    ``sure``: whether every variant changed it by more than chance would."""

    causes: tuple[str, ...]
    words: str
    value: Estimate
    deviation: float
    sure: bool


def limits(
    value: Estimate, deviation: float, found: Sequence[tuple[Variant, Estimate]]
) -> Iterator[Limit]:
    """The limits of one variant, and of several together, whose changes add.

    ``deviation``: of ``value`` and of each variant's, as in a run of the same length.
    """
    known = [(v, e) for v, e in found if not v.predicts and math.isfinite(e.value)]
    for count in range(1, len(known) + 1):
        for several in combinations(known, count):
            weights = [1 + (variant.beyond or 0.0) for variant, _ in several]
            change = sum(
                w * (e.value - value.value) for w, (_, e) in zip(weights, several, strict=True)
            )
            own = deviation * math.hypot(1 - sum(weights), *weights)
            middle, half = value.value + change, 1.96 * own
            yield Limit(
                tuple(variant.cause for variant, _ in several),
                "; ".join(variant.words for variant, _ in several),
                Estimate(middle, middle - half, middle + half, value.unit), own,
                all(abs(e.value - value.value) > _SURE * deviation for _, e in several),
            )  # fmt: skip
