"""Shapes of cells: what is read from files, what is refused, sizes."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, UnknownNameError
from dynsys.cells.morphology import Morphology, ball_and_stick, cylinder, rall_tree, read_swc

CELL = """# a small cell
1 1 0 0 0 8 -1
2 3 30 0 0 1 1
3 3 60 0 0 0.8 2
4 3 80 20 0 0.5 3
5 3 80 -20 0 0.5 3
6 2 -40 0 0 0.4 1
"""


def write(tmp_path, text: str):
    path = tmp_path / "cell.swc"
    path.write_text(text)
    return path


def test_a_file_gives_the_cell_in_it(tmp_path):
    cell = read_swc(write(tmp_path, CELL))
    assert (cell.name, len(cell), cell.soma_diameter) == ("cell", 6, 16.0)
    assert cell.kinds == ("soma", "dendrite", "dendrite", "dendrite", "dendrite", "axon")
    # A cable leaves the soma's center with its own diameter; others go on from their parent's.
    assert cell.diameters[1].tolist() == [2.0, 2.0]
    assert cell.diameters[2].tolist() == [2.0, 1.6]
    assert cell.lengths[1:].sum() == pytest.approx(30 + 30 + 2 * np.hypot(20, 20) + 40)
    assert cell.areas[0] == pytest.approx(np.pi * 16**2)
    slant = np.hypot(30, 0.2)
    assert cell.areas[2] == pytest.approx(np.pi * 1.8 * slant)
    assert cell.tips.tolist() == [3, 4, 5]
    assert cell.branch_points.tolist() == [2]
    assert cell.distances[3] == pytest.approx(60 + np.hypot(20, 20))


def test_points_may_stand_in_any_order(tmp_path):
    lines = CELL.splitlines()
    shuffled = "\n".join([lines[0], *reversed(lines[1:])])
    one, two = read_swc(write(tmp_path, CELL)), read_swc(write(tmp_path, shuffled))
    assert sorted(one.lengths) == pytest.approx(sorted(two.lengths))
    assert one.total_area == pytest.approx(two.total_area)


def test_a_soma_of_three_points_is_a_sphere(tmp_path):
    text = "1 1 0 0 0 8 -1\n2 1 0 -8 0 8 1\n3 1 0 8 0 8 1\n4 3 30 0 0 1 1\n"
    cell = read_swc(write(tmp_path, text))
    assert (cell.soma_diameter, len(cell)) == (16.0, 2)


def test_a_soma_of_a_row_of_points_is_cables(tmp_path):
    text = "1 1 0 0 0 5 -1\n2 1 10 0 0 8 1\n3 1 20 0 0 4 2\n4 3 60 0 0 1 3\n"
    cell = read_swc(write(tmp_path, text))
    assert cell.soma_diameter == 0
    assert cell.kinds.count("soma") == 3


def test_a_point_given_twice_is_left_out_and_noted(tmp_path):
    cell = read_swc(write(tmp_path, CELL + "7 3 80 20 0 0.5 4\n8 3 100 20 0 0.5 7\n"))
    assert len(cell) == 7
    assert "line 8" in cell.notes[0]


BROKEN = {
    "1 1 0 0 0 8 -1\n2 3 30 0 0 0 1\n": r"line 2: the radius is 0",
    "1 1 0 0 0 8 -1\n2 3 30 0 0 -1 1\n": r"line 2: the radius is -1",
    "1 1 0 0 0 8 -1\n2 3 30 0 0 1\n": r"line 2: 6 entries",
    "1 1 0 0 0 8 -1\n2 3 x 0 0 1 1\n": r"line 2: the x is 'x', no number",
    "1 1 0 0 0 8 -1\n2 3 nan 0 0 1 1\n": r"line 2: the x is nan",
    "1 1 0 0 0 8 -1\n2 3 3 0 0 1 9\n": r"line 2: the parent 9 of point 2 does not exist",
    "1 1 0 0 0 8 -1\n2 3 3 0 0 1 -1\n": r"2 points have no parent \(lines 1, 2\)",
    "1 1 0 0 0 8 -1\n2 3 9 0 0 1 3\n3 3 20 0 0 1 2\n": r"line 2: point 2 is part of a cycle",
    "1 3 0 0 0 8 2\n2 3 9 0 0 1 1\n": r"line 1: point 1 is part of a cycle",
    "1 1 0 0 0 8 -1\n1 3 9 0 0 1 1\n": r"line 2: point 1 is already given in line 1",
    "1 1 0 0 0 8 -1\n2 3 9 0 0 1 1.5\n": r"line 2: the parent is 1.5",
    "# nothing\n": "holds no points",
    "1 1 0 0 0 8 -1\n2 3 10000 0 0 1 1\n": r"1e\+04 um across.*scale=0.001",
    "1 1 0 0 0 .008 -1\n2 3 .3 0 0 .001 1\n": r"0.3 um across.*scale=1000",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path, text):
    with pytest.raises(ModelError, match=BROKEN[text]):
        read_swc(write(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.swc cannot be read"):
        read_swc(tmp_path / "none.swc")


def test_a_scale_brings_other_units(tmp_path):
    nanometres = "\n".join(
        " ".join([*line.split()[:2], *(str(1000 * float(v)) for v in line.split()[2:6]),
                  line.split()[6]])
        for line in CELL.splitlines()[1:]
    )  # fmt: skip
    cell = read_swc(write(tmp_path, nanometres), scale=0.001)
    assert cell.total_area == pytest.approx(read_swc(write(tmp_path, CELL)).total_area)


def test_a_long_axon_is_no_mistake(tmp_path):
    cell = read_swc(write(tmp_path, CELL + "7 2 -9000 0 0 0.4 6\n"))
    assert cell.total_length > 9000


def test_trees_that_are_none_are_refused():
    good = {"positions": [[0, 0, 0], [9, 0, 0]], "parents": [-1, 0], "diameters": [[0, 0], [1, 1]]}
    kinds = ("dendrite", "dendrite")
    for change, words in (
        ({"parents": [-1, 1]}, "a parent is a node before it"),
        ({"parents": [0, 0]}, "its parent must be -1"),
        ({"diameters": [[0, 0], [1, -1]]}, "diameters must be positive"),
        ({"positions": [[0, 0, 0], [0, 0, 0]]}, "has no length"),
        ({"positions": [[0, 0], [1, 0]]}, "shape"),
    ):
        arrays = {k: np.array(v, dtype=float) for k, v in (good | change).items()}
        with pytest.raises(ModelError, match=words):
            Morphology("bad", kinds=kinds, **arrays)
    with pytest.raises(UnknownNameError, match="dendrit"):
        arrays = {k: np.array(v, dtype=float) for k, v in good.items()}
        Morphology("bad", kinds=("dendrite", "dendrit"), **arrays)


def test_refined_cells_keep_lengths_and_areas():
    cell = Morphology(
        "cone", np.array([[0.0, 0, 0], [100, 0, 0]]), np.array([-1, 0]),
        np.array([[0.0, 0], [4, 1]]), ("dendrite", "dendrite"),
    )  # fmt: skip
    fine = cell.refined(7.0)
    assert fine.lengths.max() <= 7.0
    assert fine.total_length == pytest.approx(cell.total_length)
    assert fine.total_area == pytest.approx(cell.total_area)
    assert fine.node_areas.sum() == pytest.approx(cell.total_area)


def test_places_become_nodes():
    cell, (middle, same, end, begin) = cylinder(100.0, 2.0).with_nodes(
        (1, 0.25), (1, 0.25), 1, (1, 0.0)
    )
    assert cell.positions[[middle, same, end, begin], 0].tolist() == [25, 25, 100, 0]
    for where, words in ((70, "up to 2"), ((1, 2.0), "fraction"), ((1, 2, 3), "is no place")):
        with pytest.raises(ModelError, match=words):
            cell.with_nodes(where)
    with pytest.raises(UnknownNameError, match="It has: soma"):
        cell.with_nodes("top")


def test_cells_are_drawn_with_their_values():
    cell = rall_tree([100, 50], 3.0, soma_diameter=15)
    axes = cell.plot(cell.distances, label="distance (um)")
    shown = axes.collections[0]
    assert len(shown.get_segments()) == len(cell) - 1
    assert shown.get_array().tolist() == [50.0, 125.0, 125.0]
    assert len(ball_and_stick().plot().patches) == 1
    with pytest.raises(ModelError, match="one for each node"):
        cell.plot([1.0, 2.0])
