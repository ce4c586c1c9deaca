"""The graph of a plane's regions as JSON can hold it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import shapely

from dynsys.errors import StorageError


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
