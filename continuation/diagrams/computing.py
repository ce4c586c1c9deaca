"""The regions of a plane: cut, looked at again where they contradict themselves, and audited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx

from continuation.diagrams.answers import Answer
from continuation.diagrams.audit import Audit, audited
from continuation.diagrams.mending import learn
from continuation.diagrams.probing import Prober
from continuation.diagrams.regimes import closed, regime_graph
from continuation.diagrams.survey import Survey
from continuation.engine.budget import met, spent, until

AUDIT = 40  # points tested at the end: an error in 8 % of the plane does not escape them
REPAIRS = 5  # of a diagram that an audit contradicts: then, or where the budget ends, it is said
ROUNDS = 2  # of looking again where the faces of a plane contradict themselves,
MOST_LOOKS = 6  # in so many faces a round, the largest first
BUDGET = 300.0  # s of processor time for a plane; most take a tenth of it
# Parts of it: no new curves and cycles are sought when the first is spent, no places are asked when
# the second is. What is left is the audit's.
SEEKING, ASKING = 0.5, 0.9


def scanned(survey: Survey) -> nx.Graph:
    """The regions of a plane after a first scan; see ``settled``."""
    with until(SEEKING):
        survey.scan()
    return settled(survey)


def settled(survey: Survey, known: Sequence[Answer] = ()) -> nx.Graph:
    """Cut the plane, look again where its faces contradict themselves, until none does.

    ``known`` answers, from an audit, are held against those of the faces.
    """
    with until(ASKING):
        regimes = survey.cut(known)
    for _ in range(ROUNDS):
        with until(SEEKING):
            if spent():
                if regimes.simulated() or regimes.contradictions():
                    met("the budget was spent: faces that contradict themselves were not looked at "
                        "again")  # fmt: skip
                break
            grown = survey.follow(regimes.simulated()[:MOST_LOOKS])
            grown = survey.look_between(regimes.contradictions()[:MOST_LOOKS]) or grown
        if not grown:
            break
        with until(ASKING):
            regimes = survey.cut(known)
    with until(ASKING):
        regimes = closed(regimes, known)
        return regime_graph(survey.model, survey.x, survey.y, regimes)


def checked(
    survey: Survey, graph: nx.Graph, points: int, seed: int = 7
) -> tuple[nx.Graph, Audit | None]:
    """The regions audited, cut again with what disagreements lead to, audited again by other
    points."""
    truths: list[Answer] = []
    audit: Audit | None = None
    for round_ in range(REPAIRS + 1 if points else 0):
        regions = regions_of(graph)
        prober = Prober(survey.model, (survey.x, survey.y), survey.findings())
        audit = audited(prober, regions, points, seed + round_)
        if audit.passed or round_ == REPAIRS:
            break
        with until(SEEKING):
            if spent():
                met("the budget was spent: what an audit contradicts was not looked into")
                break
            truths += learn(survey, prober, regions, audit)
        graph = settled(survey, truths)
    return graph, audit


def regions_of(graph: nx.Graph) -> list[dict[str, Any]]:
    """All regions, in order."""
    return [region for _, region in graph.nodes(data=True)]
