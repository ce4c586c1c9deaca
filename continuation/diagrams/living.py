"""A plane for its living page: regions with what is known in them, boundaries, curves, points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from continuation.cycles.cycle import Cycle
from continuation.cycles.living import PHASES, family, periods, told_cycle
from continuation.diagrams.attractors import trusted
from continuation.diagrams.names import CYCLE, EQUILIBRIUM, naming_observable
from continuation.diagrams.picture import drawn_curves, drawn_regions
from continuation.drawing import FAINT, Curve, mark_color, region_colors
from continuation.explorer.content import (
    PageAxis,
    base_content,
    curve_style,
    legend_of,
    physical,
    rounded,
    rounded_list,
)
from continuation.steady_states.living import equilibria_content, rates, told_point

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram
    from continuation.diagrams.line_diagram import LineDiagram

MOST_SAMPLES = 120  # of one attractor in one region
DETAIL = 1e-4  # of the plane: by how much outlines are simplified
Columns = dict[str, np.ndarray]


def plane_content(diagram: Diagram) -> dict[str, Any]:
    """What the page of a two-parameter diagram shows."""
    model = diagram.model
    x, y = (PageAxis(*axis, model.unit(axis[0])) for axis in (diagram.x, diagram.y))
    nodes = [region for _, region in sorted(diagram.regimes.nodes(data=True))]
    stable = [item for region in nodes for item in region["stable"]]
    curves = drawn_curves(diagram)
    content = base_content(
        model, "plane", f"Bifurcation diagram of {model.name}", (x, y),
        rates=[item["abscissa"] for item in stable if "abscissa" in item],
        periods=[item["period"] for item in stable if item.get("period")],
        notes=_notes(diagram),
    )  # fmt: skip
    lowest_highest = _extremes(diagram, stable) or [physical(model, model.initial_state())] * 2
    return content | {
        "x": x._asdict(),
        "y": y._asdict(),
        "starts": lowest_highest,
        "curves": [_curve(curve) for curve in curves],
        "legend": legend_of(curve.word for curve in curves),
        "regions": _regions(diagram, nodes, lowest_highest),
        "boundaries": list(_boundaries(diagram)),
        "points": [_point(diagram, point) for point in diagram.special_points],
    }


def _notes(diagram: Diagram) -> list[str]:
    notes = [
        "Curves by continuation; regions named by what is stable in them. What is told of a place "
        "was computed nearby; a click runs the model at the place itself."
    ]
    return notes + ([] if diagram.checked is None else [f"Audit by simulation: {diagram.checked}"])


def _level(item: Mapping[str, Any], name: str) -> float:
    """The naming observable of an attractor; the largest of a cycle."""
    if item["kind"] == EQUILIBRIUM:
        return float(item.get("observables", {}).get(name, 0.0))
    return float(item.get("extrema", {}).get(name, (0.0, 0.0))[1])


def _extremes(diagram: Diagram, stable: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    """States of the attractors with the lowest and the highest naming observable."""
    name = naming_observable(diagram.model)
    found = sorted((item for item in stable if item.get("state")), key=lambda i: _level(i, name))
    return (
        [physical(diagram.model, item["state"]) for item in (found[0], found[-1])] if found else []
    )


def _curve(curve: Curve) -> dict[str, Any]:
    line = np.column_stack([curve.x, curve.y]).ravel()
    style = curve_style(curve.word) | {"line": rounded_list(line), "opacity": 1.0}
    return style | ({"width": FAINT["lw"], "opacity": FAINT["alpha"]} if curve.faint else {})


def _regions(
    diagram: Diagram, nodes: Sequence[Mapping[str, Any]], starts: list[list[float]]
) -> list[dict[str, Any]]:
    (_, left, right), (_, low, high) = diagram.x, diagram.y
    colors = region_colors(region["label"] for region in nodes)
    places = [r.place for r in drawn_regions(diagram.regimes, (right - left) * (high - low))]
    equilibria, cycles = list(_equilibria(diagram)), list(_cycles(diagram))
    result = []
    for region, place in zip(nodes, places, strict=True):
        several = len(region["stable"]) > 1
        result.append({
            "label": region["label"],
            "unresolved": region["unresolved"],
            "color": colors[region["label"]],
            "place": None if place is None else rounded_list(place),
            "rings": [_flat(diagram, ring) for ring in _rings(region["polygon"])],
            "starts": (_extremes(diagram, region["stable"]) if several else []) or starts,
            "attractors": _attractors(diagram, region, equilibria, cycles),
        })  # fmt: skip
    return result


def _rings(polygon: Any) -> Iterator[Any]:
    for part in getattr(polygon, "geoms", [polygon]):
        yield part.exterior
        yield from part.interiors


def _flat(diagram: Diagram, line: Any) -> list[float | None]:
    """A line as x0, y0, x1, y1, ..., without detail that no screen shows."""
    spans = np.array([high - low for _, low, high in (diagram.x, diagram.y)])
    scaled = shapely.transform(shapely.LineString(line.coords), lambda points: points / spans)
    points = shapely.get_coordinates(shapely.simplify(scaled, DETAIL)) * spans
    return rounded_list(points.ravel())


def _boundaries(diagram: Diagram) -> Iterator[dict[str, Any]]:
    shapes = dict(diagram.regimes.nodes(data="polygon"))
    order = {node: k for k, node in enumerate(sorted(shapes))}
    for a, b, edge in diagram.regimes.edges(data=True):
        shared = shapely.line_merge(shapely.intersection(shapes[a], shapes[b]))
        lines = [p for p in getattr(shared, "geoms", [shared]) if p.geom_type == "LineString"]
        if lines:
            yield {
                "regions": [order[a], order[b]],
                "name": ", ".join(edge["bifurcations"]) or "boundary found by search",
                "lines": [_flat(diagram, line) for line in lines],
            }


def _equilibria(diagram: Diagram) -> Iterator[tuple[np.ndarray, Columns]]:
    """Stable equilibria of the scan lines: places (k, 2) and columns."""
    names = diagram.model.observable_names
    for line in diagram.lines:
        chosen = line.data.isel(point=np.flatnonzero(line.data["stable"].values))
        yield (
            _places(diagram, chosen, line.model.parameters),
            {name: chosen[name].values for name in names},
        )


def _cycles(diagram: Diagram) -> Iterator[tuple[np.ndarray, Columns]]:
    """Stable cycles: places (k, 2) and columns."""
    names = diagram.model.observable_names
    wanted = ["period", "frequency", *(f"{end}_{n}" for end in ("min", "max") for n in names)]
    for branch in diagram.cycles:
        chosen = branch.data.isel(point=np.flatnonzero(trusted(branch)))
        yield (
            _places(diagram, chosen, branch.model.parameters),
            {name: chosen[name].values for name in wanted},
        )


def _places(diagram: Diagram, data: Any, values: Mapping[str, float]) -> np.ndarray:
    columns = [
        data[name].values if name in data else np.full(data.sizes["point"], values[name])
        for name, _, _ in (diagram.x, diagram.y)
    ]
    return np.column_stack(columns)


def _attractors(
    diagram: Diagram, region: Mapping[str, Any],
    equilibria: Sequence[tuple[np.ndarray, Columns]], cycles: Sequence[tuple[np.ndarray, Columns]],
) -> list[dict[str, Any]]:  # fmt: skip
    """What is stable in a region, each with what is known of it at other places of the region."""
    name = naming_observable(diagram.model)
    result = []
    for kind, known, key in ((EQUILIBRIUM, equilibria, name), (CYCLE, cycles, "period")):
        items = [item for item in region["stable"] if item["kind"] == kind]
        if not items:
            continue
        places, columns = _within(region["polygon"], known)
        levels = np.array([_level(i, name) if kind == EQUILIBRIUM else i["period"] for i in items])
        mine = np.zeros(len(places), int)
        if len(items) > 1 and len(places):
            mine = np.argmin(np.abs(columns[key][:, None] - levels), axis=1)
        for k, item in enumerate(items):
            result.append(_attractor(diagram, item, places[mine == k],
                                     {c: v[mine == k] for c, v in columns.items()}))  # fmt: skip
    others = [i for i in region["stable"] if i["kind"] not in (EQUILIBRIUM, CYCLE)]
    return result + [_attractor(diagram, item, np.zeros((0, 2)), {}) for item in others]


def _within(
    polygon: Any, known: Iterable[tuple[np.ndarray, Columns]]
) -> tuple[np.ndarray, Columns]:
    """Those of the known places that lie in a region, with their columns."""
    places = [np.zeros((0, 2))]
    columns: dict[str, list[np.ndarray]] = {}
    for at, values in known:
        inside = shapely.contains_xy(polygon, at)
        places.append(at[inside])
        for name, column in values.items():
            columns.setdefault(name, []).append(column[inside])
    return np.concatenate(places), {k: np.concatenate(v) for k, v in columns.items()}


def _attractor(
    diagram: Diagram, item: Mapping[str, Any], places: np.ndarray, columns: Columns
) -> dict[str, Any]:
    """An attractor as told at one place of the region, and its samples at others."""
    chosen = np.unique(np.linspace(0, max(len(places) - 1, 0), MOST_SAMPLES).astype(int))
    chosen = chosen[: len(places)]
    at = {name: rounded_list(column[chosen], 4) for name, column in columns.items()}
    names = diagram.model.observable_names
    extrema = item.get("extrema", {})
    result: dict[str, Any] = {
        "name": item["name"], "kind": item["kind"],
        "observables": {k: rounded(v, 4) for k, v in item.get("observables", {}).items()},
        "frequency": item.get("frequency") and rounded(item["frequency"], 4),
        "period": item.get("period") and rounded(item["period"], 4),
        "least": {k: rounded(v[0], 4) for k, v in extrema.items()},
        "most": {k: rounded(v[1], 4) for k, v in extrema.items()},
    }  # fmt: skip
    if len(places):
        samples: dict[str, Any] = dict(zip("xy", map(rounded_list, places[chosen].T), strict=True))
        if "period" in at:
            samples |= {"period": at["period"], "frequency": at["frequency"]}
            samples["least"] = {k: at[f"min_{k}"] for k in names}
            samples["most"] = {k: at[f"max_{k}"] for k in names}
        else:
            samples["observables"] = {k: at[k] for k in names}
        result["samples"] = samples
    return result


def _point(diagram: Diagram, point: Any) -> dict[str, Any]:
    values = {name: float(point.parameters[name]) for name, _, _ in (diagram.x, diagram.y)}
    return {
        "name": point.name,
        "x": values[diagram.x[0]],
        "y": values[diagram.y[0]],
        "parameters": values,
        "color": mark_color(point.label),
        "words": str(point).removeprefix(point.name).strip(),
    }


def line_content(diagram: LineDiagram) -> dict[str, Any]:
    """What the page of a one-parameter diagram shows: equilibria, and the cycles with orbits."""
    content = equilibria_content(diagram.equilibria)
    (axis,) = (PageAxis(**axis) for axis in content["axes"])
    every = base_content(
        diagram.model, "line", f"Equilibria and limit cycles of {diagram.model.name}", (axis,),
        rates(diagram.equilibria), [p for branch in diagram.cycles for p in periods(branch)],
        notes=diagram.missed,
    )  # fmt: skip
    points = [
        told_cycle(point) if isinstance(point, Cycle) else told_point(point, diagram.parameter)
        for point in diagram.special_points
    ]
    return content | every | {
        "families": [family(branch) for branch in diagram.cycles],
        "phases": PHASES,
        "points": points,
    }  # fmt: skip
