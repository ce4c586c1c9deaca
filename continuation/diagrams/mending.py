"""What an audit found wrong, used: the boundaries between right and wrong points are looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from continuation.diagrams.answers import Answer, Dispute
from continuation.diagrams.attractors import attractors_met
from continuation.diagrams.audit import Audit
from continuation.diagrams.paths import position
from continuation.diagrams.probing import Prober
from continuation.diagrams.survey import Survey

MOST = 10  # disagreements between which and right places boundaries are looked for at a time


def learn(
    survey: Survey, prober: Prober, regions: Sequence[Mapping[str, Any]], audit: Audit
) -> list[Answer]:
    """Add to a survey what the disagreements of an audit lead to; returns what is true there.

    1. Cycles that simulations came to are followed both ways along both axes, with the curves
       through their bifurcations; so are equilibria that a region lacks.
    2. Between each wrong point and the nearest region of the same label (a right one), scan lines
       look for the boundary that must part them.

    ``audit.found`` holds the attractors at its disagreements.
    """
    axes = (survey.x, survey.y)
    truths: list[Answer] = []
    disputes: list[Dispute] = []
    rows = audit.disagreements.to_dict("records")
    for row, found in zip(rows, audit.found, strict=True):
        values = {name: float(row[name]) for name, _, _ in axes}
        place = np.array(position(values, axes))
        at = survey.model.with_parameters(**values)
        stable = attractors_met(at, found)
        truth = Answer(place, values, stable, np.empty((0, at.compiled.n)))
        truths.append(truth)
        near = len(truths) <= MOST
        right = _nearest(prober, regions, str(row["label"]), place) if near else None
        if right is not None and right.kinds != truth.kinds:
            disputes.append(Dispute(right, truth))
    survey.follow([d.other for d in disputes if d.other.kinds[1] > d.inmost.kinds[1]])
    survey.follow_equilibria([d.other for d in disputes if d.other.kinds[0] > d.inmost.kinds[0]])
    survey.look_between(disputes)
    return truths


def _nearest(
    prober: Prober, regions: Sequence[Mapping[str, Any]], label: str, place: np.ndarray
) -> Answer | None:
    """What is stable in the nearest region with this label, at the place that named it."""
    places = [
        np.array(position(region["parameters"], prober.axes))
        for region in regions if region["label"] == label
    ]  # fmt: skip
    if not places:
        return None
    return prober.ask(min(places, key=lambda other: float(np.linalg.norm(other - place))))
