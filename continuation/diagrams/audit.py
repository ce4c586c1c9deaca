"""An independent check of a diagram: random points, brute-force runs, and what they prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.stats import beta

from continuation.diagrams.named_outcomes import AWAY
from continuation.diagrams.names import (
    NOTHING,
    OUTSIDE,
    RUNS_AWAY,
    agree,
    label,
    names_several,
)
from continuation.diagrams.outcomes import UNSETTLED
from continuation.diagrams.pasts import Start, at_rest
from continuation.diagrams.paths import Axis, position, values_at
from continuation.diagrams.probing import Prober
from continuation.diagrams.scan import WORKERS, each
from continuation.diagrams.simulating import Effort, destinations
from continuation.diagrams.trials import AT_ONCE, Trial
from continuation.engine.budget import met

MARGIN = 0.01  # distance to a boundary, in units of the plane, up to which points are not tested
CONFIDENCE = 0.95
WAY = 6  # steps in which a region's attractors are carried to a point at which no run met them
_LEAVE = {RUNS_AWAY: "run away", OUTSIDE: "leave the tables"}
RESORT = Effort(finer=2.0, stages=7, exact=1e-4)  # for points at which the first runs disagree


@dataclass(frozen=True, eq=False)
class Audit:
    """What random points say about a diagram's regions.

    ``agree`` of ``tested`` points have the attractors of their region's label, no more and no
    fewer. ``varied`` of those tested lie in regions of varying bursts, or of chaos with windows: a
    burst agrees there whatever its number of spikes, chaos between bursts where the label says so,
    a rhythm in place of the chaos. ``beside``
    more were drawn within 1 % of a boundary or in a region that the diagram calls
    unresolved, and were not tested. ``leaving`` counts the points at which runs from some starts
    end nowhere, by what they do (they run away, or leave the tables), beside what attracts the
    others: labels are silent on that. ``disagreements`` has a row per point: its parameters, the
    ``label``, what was ``found``, and the ``start`` (state) of a run that contradicts the label.
    """

    agree: int
    tested: int
    beside: int
    seed: int
    disagreements: pd.DataFrame
    found: tuple[tuple[dict[str, Any], ...], ...] = ()
    varied: int = 0
    leaving: Mapping[str, int] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Largest part of the tested plane that may be mislabelled, at 95 % confidence.

        Source: Clopper & Pearson 1934, Biometrika 26 (one-sided); 3 / n where all n points agree.
        """
        wrong = self.tested - self.agree
        if wrong == self.tested:
            return 1.0
        return float(beta.ppf(CONFIDENCE, wrong + 1, self.agree))

    @property
    def passed(self) -> bool:
        """Whether every point tested agrees."""
        return self.agree == self.tested

    def record(self) -> dict[str, Any]:
        """The audit as JSON can hold it."""
        rows = self.disagreements.to_dict("records")
        return {
            "agree": self.agree, "tested": self.tested, "beside": self.beside, "seed": self.seed,
            "varied": self.varied, "leaving": dict(self.leaving),
            "columns": list(self.disagreements.columns), "disagreements": rows,
        }  # fmt: skip

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Audit:
        """The audit that ``record`` describes, without the attractors found."""
        rows = [{**row, "start": tuple(row["start"])} for row in record["disagreements"]]
        agree, tested, beside, seed, varied = (
            int(record.get(name, 0)) for name in ("agree", "tested", "beside", "seed", "varied")
        )
        table = pd.DataFrame(rows, columns=record["columns"])
        leaving = dict(record.get("leaving", {}))
        return cls(agree, tested, beside, seed, table, varied=varied, leaving=leaving)

    def __str__(self) -> str:
        lines = [
            f"{self.agree} of {self.tested} random points agree; at most "
            f"{100 * self.bound:.1f} % of the plane is mislabelled ({100 * CONFIDENCE:g} %)"
        ]
        if self.beside:
            lines[0] += f"; {self.beside} more within 1 % of a boundary or unresolved, not tested"
        if self.varied:
            lines.append(
                f"  {self.varied} of them where bursts vary or chaos has windows: any number of "
                "spikes, chaos where the label says so, or a rhythm in a window agrees there"
            )
        lines += [
            f"  at {count} of them runs from some starts {_LEAVE[kind]}, beside what is stable"
            for kind, count in self.leaving.items()
        ]
        for _, row in self.disagreements.iterrows():
            place = ", ".join(
                f"{name} = {row[name]:.5g}" for name in self.disagreements.columns[:2]
            )  # fmt: skip
            lines.append(f"  {place}: the label says {row['label']}, simulations {row['found']}")
        return "\n".join(lines)

    __repr__ = __str__


def audited(
    prober: Prober, regions: Sequence[Mapping[str, Any]], points: int = 300, seed: int = 7
) -> Audit:
    """Compare regions with brute force at random points.

    1. Draw points, uniform over the plane, until ``points`` of them lie farther than 1 % of the
       plane from every boundary and in no unresolved region.
    2. At each, simulate from the low and the high end of the states' ranges, from random states,
       from equilibria of the nearest scan lines and from the attractors of the region.
    3. Tell by the motions alone what they came to, and compare the names with the label. Points
       that disagree are simulated again with half the step and twice the time, also from where the
       region's attractors go on the way from the place that named it, from the nearest cycles that
       are known and from known equilibria: wherever runs begin, their motions alone tell.

    Example
    -------
    >>> audited(prober, regions, points=30).bound
    """
    axes = prober.axes
    places, chosen, beside = _places(axes, regions, points, np.random.default_rng(seed))
    trials = [
        Trial(values_at(place, axes), _starts(prober, place, region, seed + number))
        for number, (place, region) in enumerate(zip(places, chosen, strict=True))
    ]
    found: list[list[dict[str, Any]]] = []
    some = AT_ONCE // WORKERS
    pieces = [trials[k : k + some] for k in range(0, len(trials), some)]
    for told in each(prober.met_by_runs, pieces, "simulations of the audit"):
        if told is None:
            met(f"the budget was spent: {len(found)} of {points} points were audited")
            break
        found += told
    places = places[: len(found)]
    differing = [k for k, f in enumerate(found) if not agree(_settled(f), _said(chosen[k]))]
    arriving = _carried(prober, [places[k] for k in differing], [chosen[k] for k in differing])
    for k, more in zip(differing, arriving, strict=True):
        known = prober.on_known(places[k])
        trials[k] = Trial(trials[k].values, [*trials[k].starts, *more, *known])
    again = prober.met_by_runs([trials[k] for k in differing], RESORT)
    for k, items in zip(differing, again, strict=True):
        found[k] = items
    wrong = [k for k in differing if not agree(_settled(found[k]), _said(chosen[k]))]
    rows = [
        {**trials[k].values, "label": chosen[k]["label"],
         "found": label([item["name"] for item in _settled(found[k])], NOTHING),
         "start": _telling(found[k], chosen[k])}
        for k in wrong
    ]  # fmt: skip
    columns = [axes[0][0], axes[1][0], "label", "found", "start"]
    return Audit(
        len(places) - len(wrong), len(places), beside, seed, pd.DataFrame(rows, columns=columns),
        tuple(tuple(found[k]) for k in wrong),
        varied=sum(names_several(_said(region)) for region in chosen[: len(places)]),
        leaving={kind: n for kind in AWAY if (n := sum(kind in _beside(f) for f in found))},
    )  # fmt: skip


def _places(
    axes: tuple[Axis, Axis], regions: Sequence[Mapping[str, Any]], points: int,
    random: np.random.Generator,
) -> tuple[list[np.ndarray], list[Mapping[str, Any]], int]:  # fmt: skip
    """Places to test with their regions, and how many were drawn besides."""
    scaled = [_scaled(region["polygon"], axes) for region in regions]
    edge = shapely.box(0, 0, 1, 1).exterior.buffer(1e-6)
    inner = shapely.union_all([shape.boundary for shape in scaled]).difference(edge)
    places: list[np.ndarray] = []
    chosen: list[Mapping[str, Any]] = []
    drawn = 0
    while len(places) < points and drawn < 20 * points:
        drawn += 1
        place = random.random(2)
        point = shapely.Point(place)
        k = int(np.argmin([shape.distance(point) for shape in scaled]))
        far = inner.is_empty or inner.distance(point) > MARGIN
        if far and not regions[k]["unresolved"]:
            places.append(place)
            chosen.append(regions[k])
    return places, chosen, drawn - len(places)


def _scaled(polygon: Any, axes: tuple[Axis, Axis]) -> Any:
    low = np.array([a[1] for a in axes])
    width = np.array([a[2] - a[1] for a in axes])
    return shapely.transform(polygon, lambda at: (at - low) / width)


def _starts(prober: Prober, place: np.ndarray, region: Mapping[str, Any], seed: int) -> list[Start]:
    """Where to simulate from at a place."""
    starts = prober.starts(place, seed)
    known = [np.asarray(item["start"]) for item in region["stable"] if "start" in item]
    return [*at_rest(starts), *at_rest(known), *_on_attractors(region, starts.shape[1])]


def _on_attractors(region: Mapping[str, Any], n: int) -> list[Start]:
    """Starts on a region's attractors, at the place that named it."""
    return [
        Start.after(item["period"], np.asarray(item["turn"])) if "turn" in item
        else Start(np.asarray(item["state"])[:n])
        for item in region["stable"] if "turn" in item or "state" in item
    ]  # fmt: skip


def _carried(
    prober: Prober, places: Sequence[np.ndarray], regions: Sequence[Mapping[str, Any]]
) -> list[list[Start]]:
    """Where the attractors of regions go on the straight way from the place that named them."""
    n = len(prober.model.states)
    lanes = [(k, start) for k, region in enumerate(regions) for start in _on_attractors(region, n)]
    here = [np.array(position(region["parameters"], prober.axes)) for region in regions]
    for part in np.linspace(0, 1, WAY + 1)[1:-1] if lanes else ():
        values = [
            values_at(here[k] + part * (places[k] - here[k]), prober.axes) for k, _ in lanes
        ]  # fmt: skip
        states = np.array([start.state for _, start in lanes])
        pasts = [start.past for _, start in lanes]
        outcomes = destinations(prober.model, values, states, pasts=pasts)
        lanes = [
            (k, start if outcome.kind in AWAY else outcome.onward)
            for (k, start), outcome in zip(lanes, outcomes, strict=True)
        ]  # fmt: skip
    return [[start for k, start in lanes if k == number] for number in range(len(regions))]


def _settled(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What runs came to; one that is still on its way only where no other says more: it contradicts
    nothing."""
    settled = [item for item in found if item["kind"] not in (OUTSIDE, UNSETTLED)]
    return settled or [item for item in found if item["kind"] != OUTSIDE]


def _beside(found: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """In what ways runs that do not stay leave a point at which others do."""
    return found[0].get("beside", ()) if found else ()


def _said(region: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(region["attractors"])


def _telling(found: Sequence[Mapping[str, Any]], region: Mapping[str, Any]) -> tuple[float, ...]:
    """The start of a run that came to what the label lacks; where it lacks nothing, of any run."""
    said = _said(region)
    lacking = [item for item in found if item["name"] not in said] or list(found)
    return tuple(float(v) for v in lacking[-1]["start"]) if lacking else ()
