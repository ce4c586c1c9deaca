"""Which trials test a diagram: one for each region, boundary, stimulus, and way of computing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from continuation.diagrams.diagram import Diagram
from continuation.diagrams.names import found_cycles, found_equilibria
from validation.measures.rates import LEAST_POWER
from validation.networks.jobs import ENGINES
from validation.networks.network import Network
from validation.networks.testable import Testable
from validation.trials.boundary import RESOLUTION, BoundaryTrial
from validation.trials.findings import Finding, Tolerances, untested
from validation.trials.numerics import NumericsTrial
from validation.trials.places import breadth, regions
from validation.trials.probing import KICKS, Feature, long_enough
from validation.trials.regime import RegimeTrial
from validation.trials.residences import ResidenceTrial
from validation.trials.scale import SLIVER, reaching
from validation.trials.stimulus import EntrainmentTrial, SwitchTrial
from validation.trials.sweeps import Trial

OTHER_WIRING = "other wiring"
NARROWEST = 3 * RESOLUTION
_PULSE, _WEAK = 1.0, 0.1  # of the network's kick
_SINE = 0.1  # the same: 0.1 mV/ms, 20 pA, for aln
_DETUNING = (0.9, 1.2)  # of the rhythm's own frequency
_KERNEL = ENGINES[1]

Kicks = Mapping[int, Mapping[str, float]]  # region -> kick -> factor of the network's


def regime_trials(
    diagram: Diagram,
    network: Testable,
    points: Mapping[str, Mapping[str, float]],
    tolerances: Tolerances,
    seed: int,
    kicks: Kicks,
) -> tuple[list[Trial], list[Finding]]:
    """A trial for each region, and the slivers left out, in which no network can be put."""
    trials: list[Trial] = []
    slivers = []
    for name, values in points.items():
        stable = tuple(diagram.attractors(**values))
        trial = RegimeTrial(network, name, dict(values), stable, tolerances, seed)
        trials.append(replace(trial, factors=reaching(network, values, stable)))
    for k, node in regions(diagram):
        wide = breadth(diagram, node)
        if wide < SLIVER:
            reason = (
                f"only {wide:.1g} of the plane wide, less than mean field and network differ by"
            )
            name = f"region {node['label']}"
            slivers.append(untested("regimes", name, reason, dict(node["parameters"])))
            continue
        trials.append(
            RegimeTrial(network, f"region {node['label']}", dict(node["parameters"]),
                        tuple(node["stable"]), tolerances, seed, factors=kicks[k])
        )  # fmt: skip
    return trials, slivers


def inside(diagram: Diagram, trials: Sequence[Trial]) -> dict[int, RegimeTrial]:
    """Region -> the trial deep inside it, whose result others presuppose."""
    at = {tuple(t.place.items()): t for t in trials if isinstance(t, RegimeTrial)}
    places = ((k, tuple(node["parameters"].items())) for k, node in regions(diagram))
    return {k: at[place] for k, place in places if place in at}


def boundary_trials(
    diagram: Diagram, network: Testable, places: Sequence[Sequence[Any]], tolerances: Tolerances,
    seed: int, kicks: Kicks, premises: Mapping[int, RegimeTrial],
) -> list[list[Trial]]:  # fmt: skip
    """One list per round: first every boundary once, then every boundary again elsewhere."""
    bound = tolerances.rhythm_in_network

    def strongest(crossing: Any) -> Mapping[str, float]:
        """Kicks that choose between states on the side that has several."""
        both = [kicks[k] for k in crossing.regions if k in kicks]
        return max(both, key=lambda each: each["high"] - each["low"], default=KICKS)

    def presupposed(crossing: Any) -> RegimeTrial | None:
        """The trial in the region on whose states the question rests."""
        several = [premises[k] for k in crossing.regions if k in premises]
        if crossing.feature.kind == "bistable":
            return next((trial for trial in several if len(trial.attractors) > 1), None)
        if crossing.feature.kind == "oscillates":
            return next((trial for trial in several if found_cycles(trial.attractors)), None)
        return None

    def asked(feature: Feature) -> Feature:
        scaled = feature.kind == "oscillates" and tolerances.rhythm != LEAST_POWER
        return replace(feature, border=bound) if scaled and bound else feature

    limits = {name: (low, high) for name, low, high in (diagram.x, diagram.y)}
    rounds: list[list[Trial]] = []
    for k in range(max((len(several) for several in places), default=0)):
        rounds.append(
            [
                BoundaryTrial(
                    network, c.name, c.parameter, c.predicted, c.fixed, asked(c.feature),
                    c.rises, limits[c.parameter], tolerances, seed, factors=strongest(c),
                    premise=presupposed(c),
                )
                for c in (several[k] for several in places if k < len(several))
            ]
        )  # fmt: skip
    return rounds or [[]]


def stimulus_trials(
    diagram: Diagram, network: Testable, tolerances: Tolerances, seed: int, kicks: Kicks,
    premises: Mapping[int, RegimeTrial],
) -> list[Trial]:  # fmt: skip
    trials: list[Trial] = []
    main = network.rates[0]
    for k, node in regions(diagram):
        if breadth(diagram, node) < NARROWEST:
            continue
        name, at = f"region {node['label']}", dict(node["parameters"])
        steady, cycles = found_equilibria(node["stable"]), found_cycles(node["stable"])
        if len(steady) > 1:
            rates = sorted(item["observables"][main] for item in steady)
            for size in (_PULSE, -_PULSE, _WEAK, -_WEAK):
                border = 0.5 * (rates[0] + rates[-1])
                trials.append(
                    SwitchTrial(network, name, at, size, border, seed, factors=kicks[k],
                                premise=premises.get(k))
                )  # fmt: skip
        if cycles and not steady:
            for factor in _DETUNING:
                trials.append(
                    EntrainmentTrial(network, name, at, _SINE,
                                     factor * cycles[0]["frequency"], tolerances, seed)
                )  # fmt: skip
    return trials


def wiring_trials(
    diagram: Diagram, network: Testable, tolerances: Tolerances, seed: int, chosen: Kicks
) -> list[Trial]:
    """The diagram's points with the connections wired another way, mean field and network."""
    found = network.rewired()
    if found is None:
        return []
    word, swapped = found
    trials: list[Trial] = []
    for k, node in regions(diagram):
        if breadth(diagram, node) >= NARROWEST:
            kicks = ("low", "high") if len(node["stable"]) > 1 else ("rest",)
            trials.append(
                RegimeTrial(swapped, word, dict(node["parameters"]), (), tolerances, seed,
                            OTHER_WIRING, kicks, chosen[k])
            )  # fmt: skip
    return trials


def told_from_noise(trials: list[Trial], trouble: str) -> tuple[list[Trial], list[Finding]]:
    """Trials that need no rhythm, and those left out because noise drowns it."""
    if not trouble:
        return trials, []
    silent, left_out = [], []
    for trial in trials:
        feature, attractors = getattr(trial, "feature", None), getattr(trial, "attractors", ())
        asks = isinstance(trial, EntrainmentTrial) or found_cycles(attractors)
        if asks or (feature is not None and feature.kind == "oscillates"):
            left_out.append(untested(trial.group, trial.claim, trouble, trial.place))
        else:
            silent.append(trial)
    return silent, left_out


def numerics_trials(diagram: Diagram, network: Testable, seed: int) -> list[Trial]:
    """Other computations, at the largest region with a rhythm (or the largest)."""
    found = [node for _, node in regions(diagram)]
    rhythmic = [n for n in found if found_cycles(n["stable"])]
    if not found:
        return []
    node = (rhythmic or found)[0]
    period = max((float(item.get("period", 0.0)) for item in node["stable"]), default=0.0)
    at, duration = dict(node["parameters"]), long_enough(period)
    return [
        NumericsTrial(network, other, word, at, seed, duration)
        for word, other in network.recomputed()
    ]


def residence_trials(
    diagram: Diagram, network: Testable, places: Sequence[Sequence[Any]],
    tolerances: Tolerances, seed: int,
) -> list[Trial]:  # fmt: skip
    """One for every boundary of two coexisting states, where the noise is known over time."""
    if not isinstance(network, Network) or network.engine != _KERNEL:
        return []
    spans = {name: high - low for name, low, high in (diagram.x, diagram.y)}
    first = [several[0] for several in places if several[0].feature.kind == "bistable"]
    return [
        ResidenceTrial(network, c.name, c.parameter, c.predicted, c.fixed, spans[c.parameter],
                       tolerances, seed)
        for c in first
    ]  # fmt: skip
