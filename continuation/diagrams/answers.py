"""What is stable at a place of a plane, and places of a face that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from continuation.cycles.cycle import Cycle
from continuation.diagrams.attractors import Seed
from continuation.diagrams.names import (
    EQUILIBRIUM,
    HALF_STABLE,
    RUNS_AWAY,
    WITH_WINDOWS,
    count_rhythms,
    found_cycles,
    found_equilibria,
    label,
)
from continuation.diagrams.pasts import Start
from dynsys.vector_field import VectorField

STILL = (EQUILIBRIUM, HALF_STABLE, RUNS_AWAY)  # what is no motion that could be carried


@dataclass(frozen=True)
class Answer:
    """What is stable at one place: ``place`` (2,) in units of the plane, ``values`` of the
    parameters, ``stable`` attractors, all ``equilibria`` (k, n); ``simulated`` where its
    cycles were found by simulation, and none nearby was known; not ``asked`` where the budget was
    spent before."""

    place: np.ndarray
    values: dict[str, float]
    stable: list[dict[str, Any]]
    equilibria: np.ndarray
    simulated: bool = False
    asked: bool = True

    @property
    def kinds(self) -> tuple[int, int, int, int]:
        """The numbers of stable equilibria, of stable rhythms (``count_rhythms``), of motions that
        never repeat, and of what else may be told: that runs run away, say."""
        rest, cycles = found_equilibria(self.stable), found_cycles(self.stable)
        irregular = sum(item["kind"] in WITH_WINDOWS for item in self.stable)
        others = len(self.stable) - len(rest) - len(cycles) - irregular
        return len(rest), count_rhythms(cycles), irregular, others

    @property
    def bursts(self) -> list[str]:
        """What is told of every cycle that bursts."""
        return [item["detail"] for item in found_cycles(self.stable) if item.get("detail")]

    @property
    def words(self) -> list[str]:
        """The different names of its cycles; how many there are ``kinds`` tells."""
        return sorted({item["name"] for item in found_cycles(self.stable)})

    @property
    def seeds(self) -> list[Seed]:
        """The cycles, from which those at other places can be sought."""
        return [Seed.of_cycle(cycle) for cycle in self.cycles]

    @property
    def cycles(self) -> list[Cycle]:
        """The stable cycles that Newton's method holds."""
        return [item["cycle"] for item in found_cycles(self.stable) if "cycle" in item]

    def rests(self, n: int) -> list[Start]:
        """Starts (n,) on the stable equilibria, for places where Newton's method loses them."""
        return [Start(np.asarray(item["state"])[:n]) for item in found_equilibria(self.stable)]

    def motions(self, delayed: bool) -> list[Start]:
        """Starts on what moves and is no cycle that Newton's method holds: those of a cycle with
        its past, which ``delayed`` signals need; of others what led to them."""
        moving = [item for item in self.stable if item["kind"] not in STILL and "cycle" not in item]
        return [
            Start.after(item["period"], np.asarray(item["turn"])) if "turn" in item
            else Start(np.asarray(item["start" if delayed else "state"]))
            for item in moving
        ]  # fmt: skip

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {v:.5g}" for k, v in self.values.items())
        if not self.asked:
            return f"not looked at, the budget was spent: around {where}"
        return f"{label([item['name'] for item in self.stable], 'nothing')} at {where}"


@dataclass(frozen=True)
class Dispute:
    """Two places of one face at which different attractors are stable: a boundary is missing."""

    inmost: Answer
    other: Answer

    def __str__(self) -> str:
        return f"{self.inmost}, but {self.other}"


def bursts_differ(answers: Sequence[Answer]) -> bool:
    """Whether bursts of different numbers of spikes are among what is stable at some places."""
    return len({words for answer in answers for words in answer.bursts}) > 1


def is_mixture(a: Answer, b: Answer) -> bool:
    """Whether two places differ only in that a motion is irregular at one, a cycle at the other, or
    in the spikes of their bursts."""
    if a.kinds == b.kinds:
        return True
    (rest, cycles, irregular, others), (rest_b, cycles_b, irregular_b, others_b) = a.kinds, b.kinds
    motions, motions_b = cycles + irregular, cycles_b + irregular_b
    return (rest, motions, others) == (rest_b, motions_b, others_b) and irregular != irregular_b


def with_rest(
    at: VectorField, equilibria: np.ndarray, met: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Known equilibria (k, n) and those that simulations met."""
    rest = [np.asarray(item["state"])[: len(at.states)] for item in found_equilibria(met)]
    return np.concatenate([equilibria, at.fill_lines(np.array(rest))]) if rest else equilibria
