"""The graph of a one-dimensional ring: Gaussian lateral connectivity and conduction delays.

Source: Zerlaut, Chemla, Chavane & Destexhe 2018, J Comput Neurosci 44:45-61, section 2.6 and the
programs of ModelDB 234992.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError

if TYPE_CHECKING:
    import networkx as nx  # only rings need it

# The published programs: pixels, circumference (mm), step (ms), and the pixel they were written for
PUBLISHED_NODES, PUBLISHED_LENGTH, PUBLISHED_STEP = 30, 36.0, 0.5


def checked(name: str, value: float, unit: str) -> float:
    """A positive finite number, or the error that says so."""
    number = checks.number(f"ring: {name}", value, finite=False)
    if not (math.isfinite(number) and number > 0):
        raise ModelError(f"ring: {name} is {number:g} {unit}; it must be positive")
    return number


def gaussian_ring(nodes: int, length: float, widths: dict[str, float]) -> nx.DiGraph:
    """A ring of ``nodes`` units on ``length`` mm, every pair connected over the shorter way.

    Edges have ``distance`` (mm) and for every population ``w_<population>``, the Gaussian density
    of its width (s.d., mm) at that distance times the spacing, scaled to a sum of exactly 1. Self
    loops carry the local recurrence, at distance 0.

    Example
    -------
    >>> graph = gaussian_ring(30, 36.0, {"e": 5.0, "i": 1.0})
    >>> sum(d["w_e"] for _, _, d in graph.in_edges(0, data=True))
    1.0
    """
    import networkx as nx  # only rings need it

    spacing = length / nodes
    offsets = np.arange(-((nodes - 1) // 2), nodes // 2 + 1)
    weights = {}
    for label, width in widths.items():
        density = np.exp(-((offsets * spacing) ** 2) / (2 * width**2))
        weights[label] = density / density.sum()
        weights[label][weights[label] < 1e-17] = 0.0  # of no effect in double precision
    graph = nx.DiGraph()
    for j in range(nodes):
        graph.add_node(j, position=j * spacing)
    for j in range(nodes):
        for k, offset in enumerate(offsets.tolist()):
            carried = {f"w_{label}": float(w[k]) for label, w in weights.items()}
            graph.add_edge((j + offset) % nodes, j, distance=abs(offset) * spacing, **carried)
    return graph


def published_ring(widths: dict[str, float], speed: float) -> nx.DiGraph:
    """The ring of the published programs, as they compute it.

    The neighbourhood of a population ends at int(3 (l / 1.2) / 1.2) pixels (the pixel is divided
    out twice), weights are the density at whole pixels and are not scaled (their sum is less than
    1), delays are whole steps of 0.5 ms, rounded down.
    """
    import networkx as nx  # only rings need it

    pixel = PUBLISHED_LENGTH / PUBLISHED_NODES
    step = PUBLISHED_STEP / 1000
    reach = {label: int(3 * (width / pixel) / pixel) for label, width in widths.items()}
    farthest = max(reach.values())
    if 2 * farthest >= PUBLISHED_NODES:
        raise ModelError(
            f"ring: the published programs reach {farthest} of {PUBLISHED_NODES} pixels to either "
            "side at this width and would count neighbours twice; use l_exc, l_inh < 7.2 mm"
        )
    graph = nx.DiGraph()
    for j in range(PUBLISHED_NODES):
        graph.add_node(j, position=j * pixel)
    for j in range(PUBLISHED_NODES):
        for offset in range(-farthest, farthest + 1):
            carried = {}
            for label, width in widths.items():
                sd = width / pixel
                density = math.exp(-((offset / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
                carried[f"w_{label}"] = density if abs(offset) <= reach[label] else 0.0
            steps = int(abs(offset) / (speed / pixel) / step)
            graph.add_edge(
                (j + offset) % PUBLISHED_NODES, j, distance=abs(offset) * pixel,
                delay=PUBLISHED_STEP * steps, **carried,
            )  # fmt: skip
    return graph
