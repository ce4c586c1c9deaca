"""Diagrams as trees of datasets, their graph of regions as JSON can hold it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import networkx as nx
import shapely
import xarray as xr

from continuation.cycles.branch import CycleBranch
from continuation.cycles.curves import CycleCurve
from continuation.diagrams.audit import Audit
from continuation.engine.settings import Settings
from continuation.netcdf import head_of, with_head
from continuation.steady_states.branch import Branch
from dynsys.errors import StorageError
from dynsys.serialization import to_dict
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram


def tree_of(diagram: Diagram) -> xr.DataTree:
    """Everything a diagram holds, one part for each curve, line and family of cycles."""
    head = {
        "kind": "diagram",
        "model": to_dict(diagram.model),
        "x": diagram.x,
        "y": diagram.y,
        "settings": asdict(diagram.settings),
        "regimes": graph_record(diagram.regimes),
        "partial": diagram.partial,
        "limits": list(diagram.limits),
        "checked": None if diagram.checked is None else diagram.checked.record(),
    }
    # The orbits of cycles only serve as starts for Newton here.
    groups = {
        "curve": [curve.stored() for curve in diagram.curves],
        "line": [line.stored() for line in diagram.lines],
        "network": [curve.stored() for curve in diagram.asynchronous],
        "wave": [wave.stored("float32") for wave in diagram.cycle_curves],
        "cycles": [found.stored("float32") for found in diagram.cycles],
    }
    parts = {f"/{k}{n:03d}": part for k, found in groups.items() for n, part in enumerate(found)}
    return xr.DataTree.from_dict({"/": with_head(xr.Dataset(), head), **parts})


def parts_of(tree: xr.DataTree) -> dict[str, Any]:
    """The fields of the diagram that ``tree_of`` wrote, by name."""
    head = head_of(tree)
    model = VectorField.from_dict(head["model"])
    groups = {name: node.to_dataset().load() for name, node in sorted(tree.children.items())}

    def parts(kind: str, result: Any) -> tuple[Any, ...]:
        found = (group for name, group in groups.items() if name.startswith(kind))
        return tuple(result.from_stored(group, model) for group in found)

    return {
        "model": model,
        "x": tuple(head["x"]),
        "y": tuple(head["y"]),
        "curves": parts("curve", Branch),
        "lines": parts("line", Branch),
        "cycle_curves": parts("wave", CycleCurve),
        "cycles": parts("cycles", CycleBranch),
        "asynchronous": parts("network", Branch),
        "regimes": graph_from(head["regimes"]),
        "settings": Settings(**head["settings"]),
        "partial": bool(head.get("partial", False)),  # which older files do not know
        "limits": tuple(head.get("limits", ())),
        "checked": Audit.from_record(head["checked"]) if head.get("checked") else None,
    }


def graph_record(graph: nx.Graph) -> dict[str, Any]:
    """Nodes in order and edges; polygons as well-known text."""
    nodes = [{**data, "polygon": data["polygon"].wkt} for _, data in sorted(graph.nodes(data=True))]
    return {"nodes": nodes, "edges": [[a, b, data] for a, b, data in graph.edges(data=True)]}


def graph_from(record: Mapping[str, Any]) -> nx.Graph:
    """The graph that ``graph_record`` describes."""
    graph = nx.Graph()
    for number, data in enumerate(record["nodes"]):
        restored = {
            "unresolved": "",  # which older files do not know
            **data,
            "attractors": tuple(data["attractors"]),
            "polygon": _polygon(data["polygon"]),
        }
        graph.add_node(number, **restored)
    for a, b, data in record["edges"]:
        graph.add_edge(a, b, **data)
    return graph


def _polygon(text: str) -> Any:
    """A region's shape; collections, which may be nested without end, are none."""
    if not text.startswith(("POLYGON", "MULTIPOLYGON")):
        raise StorageError(f"a region of the diagram is no polygon: {text[:40]!r}")
    return shapely.from_wkt(text)
