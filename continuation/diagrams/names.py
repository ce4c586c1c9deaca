"""The words for attractors: one home for diagrams, stimuli, network trials and the shell.

A model's field may have words of its own (``model.attractors``: "down", "up", "LC_EI", "LC_aE").
Without them a stable equilibrium is "equilibrium", two are "low" and "high" by the first
observable, more of them "equilibrium 1", "equilibrium 2" and so on in its order; stable cycles are
"limit cycle". "cycle" always asks for a rhythm of any name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.errors import unknown_name
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.cycles.branch import Cycle

EQUILIBRIUM = "equilibrium"
LOW, HIGH = "low", "high"  # of two equilibria
LIMIT_CYCLE = "limit cycle"
CYCLE = "cycle"  # also the ``kind`` of an attractor that is one
TORUS = "torus"  # kinds of motion that never repeat, and their names
CHAOS = "chaos"
WITH_WINDOWS = {  # where irregular motion and cycles lie next to each other in the plane
    CHAOS: "chaos with periodic windows",
    TORUS: "torus with locked windows",
}
VARYING = "bursting, spikes vary"  # bursts of different numbers of spikes, also beside each other
BANDS = f"{VARYING}, chaos between"  # the same where chaos was met from one number to the next
RUNS_AWAY = "runs away"
HALF_STABLE = "half-stable equilibrium"  # attracts from one side only: all over a plane, too
CENTRE = "centre"  # surrounded by closed orbits, where a quantity is conserved
NOTHING = "no attractor found"
OUTSIDE = "outside the table's domain"

PHASES = 400  # times of a period at which a cycle is looked at

_SEVERAL = frozenset((*WITH_WINDOWS.values(), VARYING, BANDS))
_NUMBERED = re.compile(rf"{EQUILIBRIUM} [1-9]\d*")


# --- which words a model has ------------------------------------------------------------------


def cycle_words(model: VectorField) -> tuple[str, ...]:
    """The words for the model's cycles, without "cycle" for any of them."""
    rule = model.attractors
    return rule.cycles if rule is not None and rule.cycles else (LIMIT_CYCLE,)


def equilibrium_words(model: VectorField) -> tuple[str, ...]:
    """The words for the model's stable equilibria; "equilibrium 1" and so on where more coexist."""
    rule = model.attractors
    if rule is not None:
        return rule.names
    return (EQUILIBRIUM, LOW, HIGH)


def is_cycle(model: VectorField, name: str) -> bool:
    """Whether a word means a rhythm."""
    return name == CYCLE or name in cycle_words(model)


def means_any_cycle(model: VectorField, name: str) -> bool:
    """Whether a word means every rhythm of the model: "cycle", or its only word for them."""
    return name == CYCLE or (name,) == cycle_words(model)


def check_state(model: VectorField, name: str) -> None:
    """Refuse a word that no attractor of the model can have, before any work.

    Raises UnknownNameError with the words the model has and the nearest of them.

    Example
    -------
    >>> check_state(aln(), "LC_E")
    dynsys.errors.UnknownNameError: aln has no state 'LC_E'. Did you mean 'LC_EI'? ...
    """
    words = [*equilibrium_words(model), *cycle_words(model), CYCLE]
    if name in words or (model.attractors is None and _NUMBERED.fullmatch(name)):
        return
    raise unknown_name("state", name, dict.fromkeys(words), model.name)


def label(names: Sequence[str], nothing: str = NOTHING) -> str:
    """The word for a set of attractors, as of a region: "down + up"."""
    return " + ".join(names) if names else nothing


def found_cycles(attractors: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rhythms among attractors."""
    return [item for item in attractors if item["kind"] == CYCLE]


def found_equilibria(attractors: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The equilibria among attractors."""
    return [item for item in attractors if item["kind"] == EQUILIBRIUM]


def count_rhythms(motions: Iterable[Mapping[str, Any]]) -> int:
    """How many rhythms cycles are: as many as there are with one number of spikes where they burst,
    since those of neighboring numbers often stand beside each other, and every other one. Chaos
    among the ``motions`` is one more number."""
    details = Counter(
        CHAOS if item["kind"] == CHAOS else item.get("detail", "") for item in motions
    )
    return details.pop("", 0) + max(details.values(), default=0)


def names_with_varying_bursts(
    attractors: Sequence[Mapping[str, Any]], bands: bool = False
) -> tuple[str, ...]:
    """Names of what is stable at one place of a region in which the spikes of bursts vary.

    Bursts that differ in their spikes are under one name, the field's where it has words for
    cycles. Where the place itself has none, one of its rhythms is what bursts elsewhere: spikes are
    added to it one by one. With ``bands`` chaos was met between them.
    """
    cycles = found_cycles(attractors)
    if not cycles:
        return tuple(item["name"] for item in attractors)
    others = [item for item in attractors if item["kind"] != CYCLE]
    plain = [item for item in cycles if not item.get("detail")]
    bursts = [item for item in cycles if item.get("detail")] or plain[-1:]
    word = bursts[-1]["name"]
    kept = [item["name"] for item in [*others, *plain[: len(cycles) - 1]]]
    several = BANDS if bands else VARYING
    varying = several if word == LIMIT_CYCLE else word
    return (*kept, *[varying] * count_rhythms(bursts))


def names_several(said: Sequence[str]) -> bool:
    """Whether one of a region's names stands for several motions beside each other."""
    return not _SEVERAL.isdisjoint(said)


def agree(found: Sequence[Mapping[str, Any]], said: Sequence[str]) -> bool:
    """Whether attractors met at a place are those that its region names: as many of each name.

    A name of several motions beside each other stands for one of them: for chaos or one rhythm in
    chaos with windows, for one rhythm in varying bursts, or for the chaos between them where the
    name says so. Bursts of different numbers of spikes that are met at one place count as one there
    (``count_rhythms``).

    Example
    -------
    >>> agree([{"name": "limit cycle", "kind": "cycle"}], ["chaos with periodic windows"])
    True
    """
    if not names_several(said):
        return Counter(item["name"] for item in found) == Counter(said)
    left = sorted(found, key=lambda item: bool(item.get("detail")))  # bursts are the last
    for name in said:
        if name not in _SEVERAL:
            mine = next((k for k, item in enumerate(left) if item["name"] == name), None)
            if mine is None:
                return False
            left.pop(mine)
    alike = (CYCLE, CHAOS) if BANDS in said else (CYCLE,)
    rhythms = [item for item in left if item["kind"] in alike]
    motions = len(left) - len(rhythms) + count_rhythms(rhythms)
    kinds = {*alike, *(irregular for irregular, word in WITH_WINDOWS.items() if word in said)}
    wanted = sum(name in _SEVERAL for name in said)
    return motions == wanted and all(item["kind"] in kinds for item in left)


# --- equilibria -------------------------------------------------------------------------------


def naming_observable(model: VectorField) -> str:
    """The observable by which equilibria are named and put in order."""
    return model.attractors.observable if model.attractors else model.observable_names[0]


def level_name(model: VectorField, value: float) -> str:
    """The word for an equilibrium from its naming observable; "equilibrium" without a field's."""
    return EQUILIBRIUM if model.attractors is None else model.attractors.name(value)


def borders(model: VectorField) -> tuple[float, ...]:
    """Values of the naming observable at which the word for an equilibrium changes."""
    return () if model.attractors is None else model.attractors.borders


def equilibrium_names(model: VectorField, values: Sequence[float]) -> list[str]:
    """The words for all stable equilibria of one place, from their naming observables in order.

    Two that fall into one band of ``model.attractors`` take neighboring words.
    """
    rule = model.attractors
    if rule is None:
        few: dict[int, list[str]] = {1: [EQUILIBRIUM], 2: [LOW, HIGH]}
        return few.get(len(values)) or [f"{EQUILIBRIUM} {k + 1}" for k in range(len(values))]
    names = [rule.name(value) for value in values]
    if len(names) == len(rule.names) and len(set(names)) < len(names):
        return list(rule.names)
    return names


# --- cycles -----------------------------------------------------------------------------------


def cycle_name(cycle: Cycle) -> str:
    """The field's word for a stable cycle: fast, or carried by the model's slow state.

    A cycle is slow where its period exceeds half the slow state's time constant and the rest of the
    model comes to rest once the slow state is frozen at its mean over the cycle.
    """
    phases = np.linspace(0, 1, PHASES, endpoint=False)
    return rhythm_name(cycle.model, cycle.period, cycle.solver.states(cycle.orbit, phases))


def rhythm_name(model: VectorField, period: float, states: np.ndarray) -> str:
    """The word for a cycle from its states (k, n) at evenly spaced times of one period."""
    words, rule = cycle_words(model), model.attractors
    if len(words) < 2 or rule is None:
        return words[0]
    return words[1] if _is_slow(model, period, states, rule.slow) else words[0]


def _is_slow(model: VectorField, period: float, states: np.ndarray, slow: str) -> bool:
    index = list(model.states).index(slow)
    starts = states[:: max(1, len(states) // 12)]
    rate = abs(float(model.jacobian(starts[0])[index, index]))
    if period * rate < 0.5:
        return False
    return any(True for _ in _rest_states(model, starts, index, float(states[:, index].mean())))


def _rest_states(
    model: VectorField, states: np.ndarray, index: int, value: float
) -> Iterator[np.ndarray]:
    """Stable equilibria of the model with one state frozen, by Newton from given states."""
    keep = np.delete(np.arange(states.shape[1]), index)
    for start in states:
        x = start.copy()
        x[index] = value
        for _ in range(25):
            try:
                step = np.linalg.solve(model.jacobian(x)[np.ix_(keep, keep)], -model.rhs(x)[keep])
            except np.linalg.LinAlgError:
                break
            size = np.max(np.abs(step) / model.scales[keep])
            x[keep] += step * min(1.0, 0.3 / max(size, 1e-300))
            if size < 1e-9:
                if np.max(np.linalg.eigvals(model.jacobian(x)[np.ix_(keep, keep)]).real) < 0:
                    yield x
                break
