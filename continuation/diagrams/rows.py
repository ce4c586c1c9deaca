"""A diagram's tables, and the lines in which it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from continuation.cycles.curves import CycleCurve
from continuation.cycles.cycle import Cycle
from continuation.diagrams.names import CHAOS, HALF_STABLE, LIMIT_CYCLE, TORUS
from continuation.engine.special_points import SpecialPoint, numbered
from continuation.steady_states.branch import Branch

FEW = 2  # slivers in doubt that are told one by one
SLIVER = 5e-4  # of the plane: smaller regions are told together
_SAME, _ALIKE = 1e-5, 1e-2  # places of two special cycles that are one, and scaled states

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram


def special_point_rows(diagram: Diagram) -> list[dict[str, Any]]:
    """One record per codimension-two point, with the diagram's two parameters."""
    names, frequency = (diagram.x[0], diagram.y[0]), diagram.model.frequency_column
    return [
        {"name": p.name, **{k: p.parameters[k] for k in names},
         **(p.observables if isinstance(p, SpecialPoint) else {}),
         frequency: p.frequency,
         **p.coefficients}
        for p in diagram.special_points
    ]  # fmt: skip


def regime_rows(regimes: nx.Graph) -> list[dict[str, Any]]:
    """One record per region, largest first: attractors, area, ranges of the cycles' period."""
    return [
        {"region": region["label"], "area": region["area"],
         **{f"{end}_{k}": v[i] for k, v in region["cycles"].items() if "_" not in k
            for i, end in enumerate(("lowest", "highest"))},
         **{k: v[int(k.startswith("max"))] for k, v in region["cycles"].items() if "_" in k}}
        for region in _by_area(regimes)
    ]  # fmt: skip


def curve_lines(curves: Iterable[Branch | CycleCurve]) -> list[str]:
    """A line for every curve: its kind, length and both ends."""
    lines = []
    for number, curve in enumerate(curves, 1):
        start, end = curve.ended[0]
        lines.append(f"{curve.kind} {number}: {len(curve)} points; from: {start}; to: {end}")
    return lines


def region_lines(regimes: nx.Graph) -> list[str]:
    """A line for every region, largest first; slivers in one line together, and of many in doubt in
    another."""
    regions = _by_area(regimes)
    slivers = [r for r in regions if r["area"] < SLIVER and not r["unresolved"]]
    doubtful = [r for r in regions if r["area"] < SLIVER and r["unresolved"]]
    if len(doubtful) <= FEW:
        doubtful = []
    lines = []
    for region in regions:
        if region in slivers or region in doubtful:
            continue
        details = [item["detail"] for item in region["stable"] if _tells(item)]
        name = f"{region['label']} ({'; '.join(details)})" if details else region["label"]
        doubt = f"; UNRESOLVED: {region['unresolved']}" if region["unresolved"] else ""
        lines.append(f"region {name}: {100 * region['area']:.1f} % of the plane{doubt}")
    if doubtful:
        lines.append(f"{len(doubtful)} UNRESOLVED {_together(doubtful)}; see diagram.unresolved()")
    return [*lines, *([_together(slivers)] if slivers else [])]


def _together(slivers: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(dict.fromkeys(region["label"] for region in slivers))
    share = 100 * sum(region["area"] for region in slivers)
    return f"slivers of less than {100 * SLIVER:g} %: {names}; {share:.2g} % together"


def _tells(item: dict[str, Any]) -> bool:
    """Whether an attractor has a detail that its name, a word of the field, does not tell."""
    return bool(item.get("detail")) and item["name"] in (LIMIT_CYCLE, CHAOS, TORUS, HALF_STABLE)


def distinct(points: Iterable[SpecialPoint]) -> tuple[SpecialPoint, ...]:
    """Every point once: of the same label, state and free parameters."""
    result: list[SpecialPoint] = []
    for point in points:
        scale = point.model.scales
        if not any(
            p.label == point.label
            and np.max(np.abs((p.state - point.state) / scale)) < 1e-5
            and all(abs(p.parameters[k] - point.parameters[k]) < 1e-6 for k in point.free)
            for p in result
        ):
            result.append(point)
    return numbered(result)


def distinct_cycles(cycles: Iterable[Cycle]) -> list[Cycle]:
    """Every special cycle once, which several curves of cycles may pass."""
    result: list[Cycle] = []
    for cycle in cycles:
        if not any(_is_same(cycle, known) for known in result):
            result.append(cycle)
    return result


def _is_same(one: Cycle, other: Cycle) -> bool:
    """Of the same label, period, free parameters and extent; mirror images differ in the last."""
    if one.label != other.label or abs(one.period / other.period - 1) > _SAME:
        return False
    where, there = (
        np.array([cycle.parameters[k] for k in one.free or one.solver.names])
        for cycle in (one, other)
    )
    n = len(one.model.states)  # the nodes of delay lines may differ
    ends = [np.concatenate([c.orbit.u.min(0)[:n], c.orbit.u.max(0)[:n]]) for c in (one, other)]
    near = np.all(np.abs(where - there) < _SAME * (1 + np.abs(there)))
    return bool(near and np.max(np.abs(ends[0] - ends[1])) < _ALIKE)


def _by_area(regimes: nx.Graph) -> list[dict[str, Any]]:
    nodes = sorted(regimes.nodes(data=True), key=lambda node: -node[1]["area"])
    return [region for _, region in nodes]
