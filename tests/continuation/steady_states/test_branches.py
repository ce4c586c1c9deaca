"""Branches as data: what they hold, how they are saved, why they end, what they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuation import (
    Settings,
    bifurcation_diagram,
    equilibria,
    find_equilibria,
    fold_curve,
    hopf_curve,
    load,
)
from continuation.engine.following import check_span
from dynsys import (
    ConvergenceError,
    DynsysError,
    ModelError,
    SmoothTable,
    State,
    StorageError,
    UnknownNameError,
    VectorField,
)
from dynsys.models import aln, fitzhugh_nagumo, morris_lecar, wilson_cowan


@pytest.fixture(scope="module")
def branch():
    return equilibria(wilson_cowan(), "P", (-3.0, 6.0))


def test_points_satisfy_the_equations_and_eigenvalues_are_those_of_the_jacobian(branch):
    for k in range(0, len(branch), 9):
        point = branch.data.isel(point=k)
        at = branch.model.with_parameters(P=float(point["P"]))
        x = point["coordinates"].values
        assert np.max(np.abs(at.rhs(x))) < 1e-10
        expected = np.sort_complex(np.linalg.eigvals(at.jacobian(x)))
        found = point["eigenvalue_real"].values + 1j * point["eigenvalue_imag"].values
        assert np.sort_complex(found) == pytest.approx(expected, abs=1e-8)
        assert bool(point["stable"]) == bool(expected.real.max() < 0)


def test_a_branch_introduces_itself(branch):
    text = str(branch)
    for word in ("equilibria of wilson_cowan", "LP1", "H1", "residual", "end: reached the end"):
        assert word in text
    assert "data:image/png" in branch._repr_html_()


def test_special_points_answer_to_the_names_of_other_programs(branch):
    assert branch["HB1"] is branch["H1"] is branch["Hopf1"]
    assert branch["SN1"] is branch["LP1"] is branch["fold1"]
    with pytest.raises(UnknownNameError, match="It has: H1, LP1, LP2"):
        branch["H7"]


def test_saving_and_loading_keeps_every_number(branch, tmp_path):
    copy = load(branch.save(tmp_path / "branch.nc"))
    assert str(copy) == str(branch)
    assert np.array_equal(copy.states(), branch.states())
    assert dict(copy["H1"].coefficients) == dict(branch["H1"].coefficients)
    assert copy.model.definition() == branch.model.definition()
    again = hopf_curve(copy["H1"], ("P", "Q"), {"P": (-4, 6), "Q": (-8, 0)})
    first = hopf_curve(branch["H1"], ("P", "Q"), {"P": (-4, 6), "Q": (-8, 0)})
    assert np.array_equal(again.states(), first.states())


def test_a_diagram_survives_the_file(aln_diagram, tmp_path):
    copy = load(aln_diagram.save(tmp_path / "diagram"))
    assert str(copy) == str(aln_diagram)
    assert set(copy.regimes.edges) == set(aln_diagram.regimes.edges)
    assert copy.points("cusp")[0].parameters == aln_diagram.points("CP")[0].parameters
    assert copy.plot().get_xlabel() == "mu_e (mV/ms)"


def test_damaged_or_foreign_files_are_named(branch, tmp_path):
    path = branch.save(tmp_path / "branch.nc")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StorageError, match=r"branch\.nc"):
        load(path)
    with pytest.raises(StorageError, match="nothing"):
        load(tmp_path / "nothing.nc")
    branch.data.to_netcdf(tmp_path / "foreign.nc")
    with pytest.raises(StorageError, match="foreign"):
        load(tmp_path / "foreign.nc")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(branch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        branch.save(blocked / "branch.nc")
    assert list(tmp_path.iterdir()) == [blocked]


def test_the_same_seed_gives_the_same_branch(branch):
    again = equilibria(wilson_cowan(), "P", (-3.0, 6.0))
    assert np.array_equal(again.states(), branch.states())


def table_model() -> VectorField:
    grid = np.linspace(-1.0, 1.0, 40)
    table = SmoothTable("f", {"a": grid, "b": grid}, {"line": grid[:, None] + 0 * grid[None, :]})
    return VectorField(
        "edge", {"x": State(0.0, (-0.5, 0.5))}, {"m": 0.0}, {"x": "m - f.line(x, 0.2)"},
        tables={"f": table},
    )  # fmt: skip


def test_leaving_a_table_is_a_located_special_point():
    branch = equilibria(table_model(), "m", (-0.5, 2.0))
    (edge,) = branch.points("B")
    assert edge.parameters["m"] == pytest.approx(1.0, abs=1e-9)
    assert edge.state == pytest.approx([1.0], abs=1e-9)
    assert branch.ended[0][1] == "left the domain of a table"


def test_a_span_entirely_outside_the_table_says_so():
    with pytest.raises(ConvergenceError, match="no equilibrium"):
        equilibria(table_model(), "m", (3.0, 4.0))


def test_a_closed_curve_is_followed_once():
    # x^2 + m^2 = 1 is an isola: two folds, closed.
    model = VectorField("isola", {"x": State(1.0, (-2, 2))}, {"m": 0.0}, {"x": "1 - x^2 - m^2"})
    branch = equilibria(model, "m", (-2.0, 2.0))
    assert len(branch.pieces()) == 1
    assert sorted(p.parameters["m"] for p in branch.points("LP")) == pytest.approx([-1, 1])
    assert "closed" in branch.ended[0][0]


def test_two_disconnected_pieces_are_both_found():
    model = VectorField(
        "two", {"x": State(0.0, (-3, 3))}, {"m": 0.0}, {"x": "(x - 1.5)*(x + 1.5)*(2 + m^2 + x)"}
    )
    branch = equilibria(model, "m", (-1.0, 1.0))
    assert len(branch.pieces()) == 3 or len(branch.points("BP")) > 0


def test_pitchfork_and_transcritical_branches_are_switched_to():
    pitchfork = VectorField("pitchfork", {"x": State(0.0, (-2, 2))}, {"m": 0.0}, {"x": "m*x - x^3"})
    branch = equilibria(pitchfork, "m", (-1.0, 1.0))
    (point,) = branch.points("BP")
    assert point.parameters["m"] == pytest.approx(0.0, abs=1e-9)
    assert not branch.points("suspect")
    last = branch.data.where(np.abs(branch.data["m"] - 1) < 1e-9, drop=True)
    assert sorted(set(np.round(last["x"].values, 6))) == [-1.0, 0.0, 1.0]
    crossing = VectorField("crossing", {"x": State(0.0, (-2, 2))}, {"m": -0.5}, {"x": "m*x - x^2"})
    other = equilibria(crossing, "m", (-1.0, 1.0), start=[0.0])
    assert other["BP1"].parameters["m"] == pytest.approx(0.0, abs=1e-9)
    final = other.data.where(np.abs(other.data["m"] - 1) < 1e-9, drop=True)
    assert sorted(set(np.round(final["x"].values, 6))) == [0.0, 1.0]


def test_hutchinsons_delay_equation_loses_stability_where_theory_says():
    model = VectorField(
        "hutchinson", {"N": State(1.0, (0.1, 2.0))}, {"r": 1.0}, {"N": "r*N*(1 - delay(N, 1))"},
        time_unit="", delay_order=12,
    )  # fmt: skip
    branch = equilibria(model, "r", (0.5, 2.5), start=[1.0])
    assert branch["H1"].parameters["r"] == pytest.approx(np.pi / 2, abs=1e-9)
    assert 1 / branch["H1"].frequency == pytest.approx(4.0, abs=1e-8)
    assert branch["H1"].certificate["delay_residual"] < 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: equilibria(aln(), "mu_x", (0, 1)), "no parameter 'mu_x'"),
        (lambda: equilibria(aln(), "mu_e", (1, 1)), "empty"),
        (lambda: equilibria(aln(), "mu_e", (2, 1)), "reversed"),
        (lambda: equilibria(aln(), "mu_e", (0, float("nan"))), "finite"),
        (lambda: equilibria(aln(), "mu_e", 3), "two numbers"),
        (lambda: equilibria(fitzhugh_nagumo(), "I", (0, 1), start=[np.nan, 0]), "not finite"),
        (lambda: equilibria(fitzhugh_nagumo(), "I", (0, 1), start=[1, 2, 3]), "a state has 2"),
        (lambda: bifurcation_diagram(aln(), ("mu_e", 0, 3), ("mu_e", 0, 3)), "two different"),
        (lambda: bifurcation_diagram(aln(), ("mu_e", 0), ("mu_i", 0, 3)), "an axis is"),
        (lambda: Settings(step=-1), "step"),
        (lambda: Settings(step_min=1, step_max=0.1), "smaller than step_max"),
        (lambda: find_equilibria(fitzhugh_nagumo(), searches=0), "searches"),
    ],
)
def test_bad_input_is_answered_by_name(call, message):
    with pytest.raises(DynsysError, match=message):
        call()


def test_a_start_from_which_newton_fails_says_what_to_try():
    model = VectorField("none", {"x": 0.0}, {"m": 1.0}, {"x": "m + x^2"})
    with pytest.raises(ConvergenceError, match="give a start nearer"):
        equilibria(model, "m", (0.5, 2.0), start=[0.3])


def test_curves_refuse_points_of_another_kind(branch):
    with pytest.raises(ModelError, match="fold_curve starts from LP"):
        fold_curve(branch["H1"], ("P", "Q"))
    with pytest.raises(ModelError, match="hopf_curve starts from H"):
        hopf_curve(branch["LP1"], ("P", "Q"))
    with pytest.raises(ModelError, match="two different"):
        fold_curve(branch["LP1"], ("P", "P"))
    with pytest.raises(ModelError, match="outside the span"):
        fold_curve(branch["LP1"], ("P", "Q"), {"P": (0, 1)})


@settings(max_examples=80, deadline=None)
@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_spans_are_accepted_exactly_when_they_run_upwards(low, high):
    model = fitzhugh_nagumo()
    if np.isfinite(low) and np.isfinite(high) and low < high:
        assert check_span(model, "I", (low, high)) == (low, high)
    else:
        with pytest.raises(ModelError, match="span of I"):
            check_span(model, "I", (low, high))


def test_all_equilibria_in_a_box_are_found():
    # sin(3 x) has five zeros in [-3, 3], y - y^3 three: a grid of 15 equilibria.
    model = VectorField(
        "lattice", {"x": State(0.0, (-3, 3)), "y": State(0.0, (-1.2, 1.2))}, {"k": 3.0},
        {"x": "sin(k*x)", "y": "y - y^3 + 0*x"},
    )  # fmt: skip
    found = find_equilibria(model)
    inside = found[(np.abs(found[:, 0]) <= 3) & (np.abs(found[:, 1]) <= 1.2)]
    assert len(inside) == 5 * 3


def test_a_branch_that_stopped_early_goes_on_from_its_file(tmp_path):
    model = morris_lecar("saddle-node").with_parameters(I=0.0)
    whole = equilibria(model, "I", (-60, 200), start=model.initial_state())
    few = replace(whole.settings, max_points=20)
    part = equilibria(model, "I", (-60, 200), start=model.initial_state(), settings=few)
    assert len(part) < len(whole)
    longer = load(part.save(tmp_path / "part.nc")).extended(max_points=2000)
    assert longer.ended == whole.ended
    # The same points: what differs is the rounding of scaled coordinates.
    for name in ("I", "V"):
        assert longer.data[name].values == pytest.approx(whole.data[name].values, abs=1e-9)
    assert [p.name for p in longer.special_points] == [p.name for p in whole.special_points]
    with pytest.raises(ModelError, match="no end to extend"):
        longer.extended()


@pytest.mark.parametrize(
    ("free", "at"),
    [
        ("w", {"k": -1.5}),
        ("w", {"k": 1.5}),
        ("k", {"w": 0.0}),
        ("k", {"w": 0.5}),
        ("k", {"w": 2.5}),
    ],
)
def test_the_arms_of_a_pitchfork_turn_at_its_branch_point_without_a_fold(free, at):
    model = VectorField(
        "hopfield", {"x": State(0.1, (-3, 3)), "y": State(0.2, (-3, 3))}, {"w": 1.0, "k": 0.5},
        {"x": "-x + w*tanh(x) + k*tanh(y)", "y": "-y + w*tanh(y) + k*tanh(x)"}, time_unit="",
    )  # fmt: skip
    span = {"w": (-0.5, 2.5), "k": (-1.5, 1.5)}[free]
    branch = equilibria(model.with_parameters(**at), free, span)
    assert {point.label for point in branch.special_points} == {"BP"}
    places = [(point.parameters[free], *point.state) for point in branch.special_points]
    assert len(np.unique(np.round(places, 5), axis=0)) == len(places)
