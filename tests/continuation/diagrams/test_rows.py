"""What a diagram prints of its special points."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np

from continuation import cycle_fold_curve, equilibria, limit_cycles
from continuation.cycles.storage import cycle_of_record, cycle_record
from continuation.diagrams.rows import distinct_cycles, region_lines
from dynsys import State, VectorField


def test_a_cycle_that_two_curves_pass_is_told_once_and_where():
    radial = "(p + q*(x^2 + y^2) - (x^2 + y^2)^2)"
    model = VectorField(
        "bautin", {"x": State(0.0, (-2, 2)), "y": State(0.0, (-2, 2))}, {"p": -0.5, "q": 2.0},
        {"x": f"x*{radial} - y", "y": f"y*{radial} + x"}, time_unit="",
    )  # fmt: skip
    hopf = equilibria(model, "p", (-2, 1))["H1"]
    fold = limit_cycles(hopf, "p", (-2, 1))["LPC1"]  # at p = -q^2/4, radius^2 = q/2
    curve = cycle_fold_curve(fold, parameters=("p", "q"), spans={"p": (-2, 1), "q": (1, 3)})
    cycle = curve.at(q=2.0)
    assert "p = -1, q = 2; period 6.28319" in str(cycle)
    again = cycle_of_record(model, cycle_record(cycle))
    assert str(again).startswith(str(cycle)[:40]) and again.free == ("p", "q")
    orbit = cycle.orbit
    near = replace(orbit, z=orbit.z * (1 + 1e-8), u=orbit.u[::-1])
    image = replace(orbit, u=orbit.u + 0.1)
    later = replace(orbit, z=orbit.z * np.array([1.001, 1.0]))
    others = [replace(cycle, orbit=each) for each in (near, image, later)]
    assert distinct_cycles([cycle, *others]) == [cycle, *others[1:]]


def test_slivers_in_doubt_are_told_together_where_they_are_many():
    graph = nx.Graph()
    areas = [0.9, 0.05, *[1e-4] * 7]
    for number, area in enumerate(areas):
        unresolved = "" if number in (0, 8) else f"chaos at p = {number}, but limit cycle"
        about = {"label": f"kind {number % 2}", "area": area, "unresolved": unresolved}
        graph.add_node(number, stable=[], **about)
    lines = region_lines(graph)
    assert len(lines) == 4
    assert lines[1].endswith("UNRESOLVED: chaos at p = 1, but limit cycle")
    assert lines[2].startswith("6 UNRESOLVED slivers of less than 0.05 %: kind 0, kind 1; 0.06 %")
    assert lines[3].startswith("slivers of less than 0.05 %: kind 0; 0.01 %")
