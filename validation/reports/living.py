"""The validated diagram as a living page: the network's measurements are points one can click."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.drawing import picture
from continuation.explorer.content import packed
from continuation.explorer.page import write_page
from validation.measures.rates import rate_of, smoothed
from validation.reports import figures
from validation.trials.boundary import GROUP as BOUNDARIES
from validation.trials.findings import UNTESTED, Finding
from validation.trials.planning import Outcome
from validation.trials.regime import GROUP as REGIMES

SPACING = 2.0  # ms between the points of a trace: rates are smoothed by 2 ms


def write_living(outcome: Outcome, path: Path) -> Path:
    """Write the diagram's page with the measured points, each with the network's rates."""
    diagram = outcome.plan.diagram
    content = diagram.page_content()
    content["points"] = [*content["points"], *_measured(outcome, content)]
    drawn = figures.draw_validated_diagram(diagram, outcome.findings)
    return write_page(content, diagram.model, picture(drawn), path)


def _measured(outcome: Outcome, content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Points of the page: what was tested at a place of the plane, and what came out."""
    x, y = content["x"]["name"], content["y"]["name"]
    tested = [f for f in outcome.findings if f.verdict != UNTESTED and {x, y} <= set(f.place)]
    for number, finding in enumerate(_once(tested), 1):
        place = {name: float(finding.place[name]) for name in (x, y)}
        point = {
            "name": f"N{number}",
            "x": place[x],
            "y": place[y],
            "parameters": place,
            "color": figures.COLORS[finding.verdict],
            "words": f"the network {figures.WORDS[finding.verdict]}: {finding.claim}; predicted "
            f"{finding.predicted}, network {finding.network}",
        }
        run = _run_nearest(outcome, finding, place)
        if run is not None:
            # The mean field is compared where the network ran: beside a boundary, not on it.
            at = {name: _value(run, name) for name in (x, y)}
            told = ", ".join(f"{name} = {value:.4g}" for name, value in at.items())
            point |= {"parameters": at, "trace": _trace(outcome, run, told)}
        yield point


def _once(findings: list[Finding]) -> Iterator[Finding]:
    """Attractors and boundaries; a boundary's place is where the network has it."""
    for finding in findings:
        if finding.group == REGIMES and finding.quantity.startswith("attractor"):
            yield finding
        elif finding.group == BOUNDARIES and np.isfinite(finding.value):
            moved = dict(finding.place) | {finding.details["parameter"]: finding.value}
            yield replace(finding, place=moved)


def _run_nearest(
    outcome: Outcome, finding: Finding, place: Mapping[str, float]
) -> xr.Dataset | None:
    """The run of a finding that was made nearest to a place; None where none is kept."""
    kept = [run for run in map(outcome.sweep.load, finding.runs) if run is not None]
    made = [run for run in kept if all(np.isfinite(_value(run, name)) for name in place)]
    distances = [sum(abs(_value(run, k) - v) for k, v in place.items()) for run in made]
    return made[int(np.argmin(distances))] if made else None


def _value(run: xr.Dataset, name: str) -> float:
    """A parameter of a run; NaN where the run does not say."""
    told = run.attrs.get("parameters", {})
    values = json.loads(told) if isinstance(told, str) else told
    return float(values.get(name, np.nan))


def _trace(outcome: Outcome, run: xr.Dataset, place: str) -> dict[str, Any]:
    """The smoothed rates of a run."""
    values, spacing = {}, SPACING
    for name in outcome.plan.network.rates:
        rate, dt = rate_of(run, name, after=0.0)
        every = max(1, round(SPACING / dt))
        values[name], spacing = packed(smoothed(rate, dt)[::every], "f4"), every * dt
    name = f"the network at {place} (smoothed by 2 ms)"
    return {"name": name, "spacing": spacing, "values": values}
