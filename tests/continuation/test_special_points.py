"""Special points are had the same way from every result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from continuation import LineDiagram, Map, SpikingBranch, fixed_points, load
from continuation.neurons.spiking_orbits import SpikingPoint
from dynsys.errors import UnknownNameError

DATA = Path(__file__).parent.parent / "data"


def line_diagram() -> LineDiagram:
    branch, cycles = load(DATA / "branch.nc"), load(DATA / "cycles.nc")
    return LineDiagram(branch.model, "I", branch, (cycles, cycles))


def map_branch():
    logistic = Map("logistic", {"x": 0.5}, {"r": 2.5}, {"x": "r*x*(1 - x)"})
    return fixed_points(logistic, "r", (0.5, 4))


def spiking_branch() -> SpikingBranch:
    orbit = None
    points = (SpikingPoint("PD", 60.0, orbit, 1, "PD1"), SpikingPoint("GR", 62.0, orbit, 3, "GR1"))
    return SpikingBranch("I", np.linspace(58, 64, 5), (orbit,) * 5, points, ("", ""))


RESULTS = {
    "branch": lambda: load(DATA / "branch.nc"),
    "cycles": lambda: load(DATA / "cycles.nc"),
    "fold curve": lambda: load(DATA / "fold_curve.nc"),
    "diagram": lambda: load(DATA / "diagram.nc"),
    "line diagram": line_diagram,
    "map": map_branch,
    "spiking orbits": spiking_branch,
}


@pytest.mark.parametrize("kind", RESULTS)
def test_special_points_are_a_tuple_with_unique_names(kind):
    result = RESULTS[kind]()
    points = result.special_points
    assert isinstance(points, tuple) and result.special_points is points
    assert len({p.name for p in points}) == len(points)
    assert points or kind == "fold curve"
    for point in points:
        assert result[point.name] is point
        same = [p.name for p in points if p.label == point.label]
        assert [p.name for p in result.points(point.label)] == same and point.name in same
    assert result.points("no such label") == []
    with pytest.raises(UnknownNameError, match="XX1"):
        result["XX1"]


def test_labels_of_other_programs_are_understood_by_diagrams():
    diagram = line_diagram()
    assert diagram["HB2"] is diagram["H2"]
    assert diagram.points("HB") == diagram.points("H") and len(diagram.points("HB")) == 2


def test_the_points_of_a_diagram_are_numbered_through_its_branches():
    names = [p.name for p in line_diagram().special_points]
    assert names == ["H1", "H2", "LPC1", "LPC2", "LPC3", "LPC4"]


def test_calling_special_points_warns_and_answers_as_before():
    line, plane = line_diagram(), load(DATA / "diagram.nc")
    with pytest.warns(DeprecationWarning, match="without parentheses"):
        assert line.special_points() == list(line.special_points)
    with pytest.warns(DeprecationWarning):
        assert line.special_points("LPC") == line.points("LPC")
    with pytest.warns(DeprecationWarning):
        assert [p.name for p in plane.special_points("bautin")] == ["GH1"]
