"""Files that an earlier version saved are read as what they were (tests/data/README.md)."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from continuation import Branch, CycleBranch, CycleCurve, Diagram, load
from dynsys.errors import StorageError

DATA = Path(__file__).parent.parent / "data"


def test_a_branch_of_equilibria_has_its_hopf_points_and_ends():
    branch = load(DATA / "branch.nc")
    assert type(branch) is Branch and branch.kind == "equilibria"
    assert branch.model.name == "morris_lecar" and len(branch) == 74
    assert [p.name for p in branch.special_points] == ["H1", "H2"]
    at = [p.parameters["I"] for p in branch.points("H")]
    assert at == pytest.approx([93.85761837372547, 212.01881610037435], rel=1e-12)
    assert [p.frequency for p in branch.points("H")] == pytest.approx([12.697347, 23.650770])
    assert branch["H1"].lyapunov_coefficient == pytest.approx(0.0065431867)
    assert branch.ended == (("reached the end of the span", "reached the end of the span"),)
    assert branch.data["I"].attrs["units"] == branch.model.unit("I")
    assert np.allclose(branch["H1"].model.rhs(branch["H1"].state), 0, atol=1e-12)


def test_a_branch_of_cycles_has_its_folds_and_every_orbit():
    cycles = load(DATA / "cycles.nc")
    assert type(cycles) is CycleBranch and cycles.kind == "limit cycles"
    assert len(cycles) == len(cycles.orbits) == 83
    assert [c.name for c in cycles.special_points] == ["LPC1", "LPC2"]
    at = [(c.orbit.value, c.period) for c in cycles.points("LPC")]
    assert at[0] == pytest.approx((216.89979803436177, 77.9290380784838), rel=1e-12)
    assert at[1] == pytest.approx((88.29325195564985, 135.39215262146618), rel=1e-12)
    assert cycles.ended == ("Hopf point", "the cycle shrank to a Hopf point")
    assert cycles.settings.most_intervals == 20 and cycles.resume.number == 83
    middle = cycles.at(I=100.0)  # Newton goes on from the stored orbits
    assert middle.stable and middle.period == pytest.approx(85.2906, rel=1e-5)


def test_a_curve_of_folds_of_cycles_has_both_parameters():
    curve = load(DATA / "fold_curve.nc")
    assert type(curve) is CycleCurve and curve.kind == "cycle fold curve"
    assert curve.parameters == ("I", "v3") and len(curve) == 23 and curve.special_points == ()
    assert curve.data["I"].values[[0, -1]] == pytest.approx([237.87611356, 195.56627306])
    assert curve.data["v3"].values[[0, -1]] == pytest.approx([-0.17646865, 4.16361553])
    stopped = "reached max_points; raise CycleSettings.max_points to go on"
    assert curve.ended == ((stopped, stopped),)


def test_a_diagram_has_its_curves_points_and_regions():
    diagram = load(DATA / "diagram.nc")
    assert type(diagram) is Diagram
    assert (diagram.x, diagram.y) == (("a", -0.5, 0.5), ("b", -1, 1))
    assert [c.kind for c in diagram.curves] == ["hopf curve"]
    assert [c.kind for c in diagram.cycle_curves] == ["cycle fold curve"]
    assert (len(diagram.lines), len(diagram.cycles)) == (14, 8)
    # The Bautin normal form: Hopf at a = 0, generalized at b = 0, folds of cycles at a = -b^2 / 4.
    assert [p.name for p in diagram.special_points] == ["GH1"]
    at = diagram["GH1"].parameters
    assert (at["a"], at["b"]) == pytest.approx((0, 0), abs=1e-12)
    assert diagram["GH1"].frequency == pytest.approx(1000 / (2 * np.pi))
    assert np.allclose(diagram.curves[0].data["a"], 0, atol=1e-12)
    folds = diagram.cycle_curves[0].data
    assert np.allclose(folds["a"], -(folds["b"] ** 2) / 4, atol=1e-4)
    areas = {region["attractors"]: region["area"] for _, region in diagram.regimes.nodes(data=True)}
    assert areas[("limit cycle",)] == pytest.approx(1 / 2)
    assert areas[("equilibrium", "limit cycle")] == pytest.approx(1 / 24, abs=2e-4)
    assert areas[("equilibrium",)] == pytest.approx(1 / 2 - 1 / 24, abs=2e-4)
    assert sorted(diagram.regimes.edges) == [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("name", ["branch", "cycles", "fold_curve", "diagram"])
def test_a_result_saved_again_is_the_same(name, tmp_path):
    first = load(DATA / f"{name}.nc")
    again = load(first.save(tmp_path / name))
    assert str(again) == str(first)
    first.plot(), again.plot()


def test_a_file_of_an_unknown_kind_is_refused_with_the_kinds_there_are(tmp_path):
    strange = tmp_path / "strange.nc"
    with netCDF4.Dataset(strange, "w") as file:
        file.dynsys = '{"format": 2, "kind": "horoscope"}'
    with pytest.raises(StorageError, match=r"holds a horoscope.*equilibria.*diagram"):
        load(strange)
