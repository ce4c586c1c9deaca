"""A connectome-like graph of 80 AdEx mean fields: where it loses stability, with which mode.

Nodes at random places of a box of 140 x 100 x 100 mm; weights fall with distance and scatter
log-normally, as those of tractography do; delays are distance / speed. With a path as its argument
it draws state, critical mode and functional connectivity there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import networkx as nx
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from continuation import (
    GraphBranch,
    GraphState,
    Settings,
    graph_equilibria,
    graph_equilibrium,
    graph_hopf_curve,
)
from dynsys import couple
from dynsys.coupling import CoupledField
from dynsys.models import aln

NODES, SEED, BOX = 80, 1, (140.0, 100.0, 100.0)  # mm
NOISE = {"mu_fE": 0.1}  # mV/ms per sqrt(ms)
Result = TypeVar("Result")


def connectome(nodes: int = NODES) -> tuple[nx.DiGraph, np.ndarray]:
    """The graph, the strongest node receiving 1 in all, and the places (N, 3) in mm."""
    rng = np.random.default_rng(SEED)
    places = rng.random((nodes, 3)) * BOX
    length = np.linalg.norm(places[:, None] - places, axis=2)
    weight = np.exp(-length / 30.0) * rng.lognormal(0.0, 1.0, length.shape)
    np.fill_diagonal(weight, 0.0)
    weight /= weight.sum(axis=1).max()
    graph = nx.DiGraph()
    for j, i in np.argwhere(weight):
        graph.add_edge(int(i), int(j), weight=float(weight[j, i]), length=float(length[j, i]))
    return graph, places


def brain(graph: nx.DiGraph) -> CoupledField:
    """Excitatory rates (kHz) drive excitatory populations at K mV/ms per kHz, 10 m/s."""
    node = aln().with_parameters(mu_e=0.45, mu_i=0.5)
    return couple(
        node, graph, source="r_e", target="mu_e", weight="K*weight", delay="length/speed",
        parameters={"K": 1.0, "speed": 10.0},
    )  # fmt: skip


def timed(what: str, work: Callable[[], Result]) -> Result:
    start = time.perf_counter()
    result = work()
    print(f"{what:<58} {time.perf_counter() - start:>8.2f} s")
    return result


def draw(branch: GraphBranch, state: GraphState, places: np.ndarray, path: Path) -> None:
    """Rates over coupling, the critical mode in space, functional connectivity."""
    figure = Figure(figsize=(12.5, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    branch.plot("r_E", ax=left)
    point = branch.points("H")[0]
    order = [int(label) for label in point.mode["node"].values]
    size = np.abs(point.mode["shape"].values[0] / state.point.nodes.sizes)
    size = np.linalg.norm(size, axis=1) / np.linalg.norm(size, axis=1).max()
    x, y, _ = places[order].T
    dots = middle.scatter(x, y, c=size, s=20 + 180 * size, cmap="magma_r", ec="0.4", lw=0.4)
    figure.colorbar(dots, ax=middle, label="part in the critical mode")
    middle.set(xlabel="x (mm)", ylabel="y (mm)", title=f"{point.name}: {point.frequency:.1f} Hz")
    found = state.functional_connectivity("r_E", noise=NOISE)
    image = right.imshow(found - np.eye(len(found)), cmap="RdBu_r", vmin=-0.2, vmax=0.2)
    figure.colorbar(image, ax=right, label="correlation of r_E")
    right.set(xlabel="node", ylabel="node", title=f"K = {state.field.parameters['K']:.3g}, stable")
    figure.savefig(path, dpi=110)


def main(path: Path | None) -> None:
    graph, places = connectome()
    field = timed("couple 80 nodes", lambda: brain(graph))
    state = timed("equilibrium, the node compiled or loaded", lambda: graph_equilibrium(field))
    timed("equilibrium again", lambda: graph_equilibrium(field, state))
    timed("roots right of the axis counted", lambda: state.unstable)
    timed("all roots right of -0.06/ms", lambda: state.roots_right_of(-0.06))
    branch = timed("followed in K, stability counted, the loss located", lambda: graph_equilibria(
        field, "K", (0.0, 90.0), state, Settings(step_max=0.1)))  # fmt: skip
    print(branch)
    first = branch["H1"]
    before = graph_equilibrium(
        field.with_parameters(K=0.9 * first.parameters["K"]),  # type: ignore[arg-type]
        first.state,
    )
    spans = {"K": (0.0, 90.0), "speed": (4.0, 20.0)}
    curve = timed(
        "Hopf curve in K and speed",
        lambda: graph_hopf_curve(first, ("K", "speed"), spans, Settings(step_max=0.2)),
    )
    print(curve)
    timed("functional connectivity", lambda: before.functional_connectivity("r_E", NOISE))
    if path is not None:
        draw(branch, before, places, path)
        print(f"written to {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
