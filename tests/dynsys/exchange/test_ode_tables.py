"""Tables of .ode files: smooth through their points, straight beyond their ends."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from dynsys import ModelError, read_ode, simulate

GRID = np.linspace(-4.0, 4.0, 33)


def written(folder, values=None, head="33\n-4\n4\n", rate="f(x)-x"):
    values = np.tanh(GRID) if values is None else values
    (folder / "f.tab").write_text(head + "\n".join(map(repr, map(float, values))) + "\n")
    (folder / "a.ode").write_text(
        f"table f f.tab\nx'={rate}\ninit x=0.3\n@ total=5,dt=0.01,meth=rungekutta\ndone\n"
    )
    return folder / "a.ode"


def test_a_table_is_exact_at_its_points_smooth_between_and_straight_beyond(tmp_path):
    model = read_ode(written(tmp_path))
    assert list(model.tables) == ["f_table"]
    for x, y in zip(GRID, np.tanh(GRID), strict=True):
        assert model.rhs([x])[0] + x == pytest.approx(y, abs=1e-13)
    for x in (-3.1, 0.11, 2.3):
        assert model.rhs([x])[0] + x == pytest.approx(np.tanh(x), abs=2e-5)
    slope = (np.tanh(4.0) - np.tanh(3.75)) / 0.25
    assert model.rhs([5.0])[0] + 5 == pytest.approx(np.tanh(4.0) + slope, rel=1e-12)
    assert model.rhs([-6.0])[0] - 6 == pytest.approx(-np.tanh(4.0) - 2 * slope, rel=1e-12)
    assert any("a smooth curve through its 33 points" in note for note in model.notes)


def test_a_table_of_few_points_keeps_its_straight_lines(tmp_path):
    model = read_ode(written(tmp_path, [0.0, 2.0, 1.0], "3\n0\n2\n", "f(x)"))
    assert not model.tables
    for x, y in {-1: -2, 0: 0, 0.5: 1, 1: 2, 1.75: 1.25, 2: 1, 3: 0}.items():
        assert model.rhs([float(x)])[0] == pytest.approx(y, abs=1e-14)


def test_a_formula_follows_its_parameters(tmp_path):
    (tmp_path / "a.ode").write_text("par k=2\ntable f % 51 -5 5 tanh(k*t)\nx'=f(x)-x\ndone\n")
    model = read_ode(tmp_path / "a.ode").with_parameters(k=0.7)
    assert model.rhs([1.3])[0] == pytest.approx(np.tanh(0.91) - 1.3, rel=1e-14)
    slope = (np.tanh(3.5) - np.tanh(0.7 * 4.8)) / 0.2
    assert model.rhs([6.0])[0] == pytest.approx(np.tanh(3.5) + slope - 6, rel=1e-12)


@pytest.mark.skipif(shutil.which("xppaut") is None, reason="XPPAUT is not on the path")
def test_xppaut_runs_the_same_table(tmp_path):
    path = written(tmp_path)
    subprocess.run(
        ["xppaut", path.name, "-silent"], cwd=tmp_path, check=False, capture_output=True,
        timeout=60,
    )  # fmt: skip
    rows = np.loadtxt(tmp_path / "output.dat")
    ours = simulate(read_ode(path))["x"].values
    assert np.abs(rows[: len(ours), 1] - ours).max() < 1e-2  # straight lines there
    assert np.abs(rows[-1, 1]) > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "i33\n-4\n4\n"}, "jump from step to step"),
        ({"head": "40\n-4\n4\n"}, "is no table"),
        ({"head": "33\n4\n-4\n"}, "is no table"),
        ({"head": "tanh\n"}, "is no table"),
        ({"rate": "f(t)-x"}, "table of the time"),
        ({"rate": "g(x)"}, "no function 'g'"),
    ],
)
def test_tables_that_cannot_be_read_are_named(options, message, tmp_path):
    with pytest.raises((ModelError, ValueError), match=message):
        read_ode(written(tmp_path, **options))


def test_a_missing_table_is_refused_only_where_it_is_used(tmp_path):
    (tmp_path / "a.ode").write_text("table f nowhere.tab\nx'=-x\ndone\n")
    assert any("f (table) is used nowhere" in note for note in read_ode(tmp_path / "a.ode").notes)
    (tmp_path / "a.ode").write_text("table f nowhere.tab\nx'=f(x)\ndone\n")
    with pytest.raises(ModelError, match=r"line 1.*cannot be read"):
        read_ode(tmp_path / "a.ode")
