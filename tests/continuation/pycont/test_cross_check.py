"""Our engine and PyDSTool's PyCont, run on the same models, give the same curves and points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from continuation import cross_check, equilibria, fold_curve, hopf_curve
from continuation.steady_states.pydstool_backend import _complex_unstable
from dynsys import ConvergenceError, ModelError, VectorField
from dynsys.models import (
    aln,
    fitzhugh_nagumo,
    hodgkin_huxley,
    jansen_rit,
    morris_lecar,
    wilson_cowan,
)

# model, parameter, span, labels that both must find
EQUILIBRIA = {
    "Morris-Lecar, type I": (morris_lecar("saddle-node"), "I", (-30, 260), ["LP", "LP", "H"]),
    "Morris-Lecar, type II": (morris_lecar(), "I", (-30, 260), ["H", "H"]),
    "Wilson-Cowan": (wilson_cowan(), "P", (-3, 6), ["LP", "LP", "H"]),
    "FitzHugh-Nagumo": (fitzhugh_nagumo(), "I", (-1, 3), ["H", "H"]),
    "Hodgkin-Huxley": (hodgkin_huxley(), "I", (0, 200), ["H", "H"]),
    "Jansen-Rit": (jansen_rit(), "p", (-100, 400), ["LP", "LP", "H", "H", "H"]),
    "AdEx mean field": (aln().with_parameters(mu_i=1.5), "mu_e", (0, 3), ["LP", "LP", "H", "H"]),
}


@pytest.mark.parametrize("name", EQUILIBRIA)
def test_equilibria_folds_and_hopf_points_agree(name):
    model, parameter, span, labels = EQUILIBRIA[name]
    check = cross_check(equilibria(model, parameter, span))
    assert check.agrees(1e-6), str(check)
    assert [p.label for p in check.points] == labels
    assert check.coverage == 1


@pytest.mark.parametrize("name", ["Morris-Lecar, type I", "Wilson-Cowan"])
@pytest.mark.parametrize("kind", ["fold", "hopf"])
def test_curves_in_two_parameters_agree(name, kind):
    model, parameter, span, _ = EQUILIBRIA[name]
    branch = equilibria(model, parameter, span)
    plane = {"I": (-100, 200), "gCa": (2, 8)} if parameter == "I" else {"P": (-4, 7), "Q": (-9, 0)}
    follow, start = (fold_curve, "LP1") if kind == "fold" else (hopf_curve, "H1")
    check = cross_check(follow(branch[start], tuple(plane), plane))
    assert check.agrees(1e-6), str(check)
    if kind == "fold":
        assert {p.label for p in check.points} == {"CP", "BT"}


def test_the_cusp_of_the_adex_mean_field_agrees():
    """Equilibria and folds do not depend on how a delay is carried: one node per line will do."""
    model = aln().with_delay_order(1).with_parameters(mu_i=1.5)
    branch = equilibria(model, "mu_e", (1, 3))
    plane = {"mu_e": (1.7, 2.4), "mu_i": (1.0, 2.0)}
    check = cross_check(fold_curve(branch["LP1"], ("mu_e", "mu_i"), plane))
    assert check.agrees(1e-6), str(check)
    cusp = next(p for p in check.points if p.label == "CP")
    assert cusp.theirs.parameters["mu_e"] == pytest.approx(1.7556124164, rel=1e-9)


def test_pydstool_gives_the_published_points_of_morris_lecar():
    """Folds 39.9632 and -9.94904, Hopf points 93.8576 and 212.019 (MatCont, XPPAUT)."""
    model = morris_lecar("saddle-node")
    branch = equilibria(model, "I", (-30, 260), backend="pydstool")
    assert branch.kind == "equilibria"
    folds = sorted(p.parameters["I"] for p in branch.points("LP"))
    assert folds == pytest.approx([-9.94904, 39.9632], rel=1e-5)
    hopf = equilibria(morris_lecar(), "I", (-30, 260), backend="pydstool")
    assert hopf["H1"].parameters["I"] == pytest.approx(93.85761837373, rel=1e-9)
    assert hopf["H1"].omega == pytest.approx(0.0797797841146, rel=1e-7)
    assert hopf["H2"].parameters["I"] == pytest.approx(212.0188161004, rel=1e-9)


def test_a_curve_of_ours_that_is_wrong_would_be_noticed():
    branch = equilibria(wilson_cowan(), "P", (-3, 6))
    data = branch.data.copy(deep=True)
    moved = wilson_cowan().with_parameters(a=11.0)
    check = cross_check(type(branch)(**{**vars(branch), "data": data, "model": moved}))
    assert not check.agrees(1e-6)


def test_pydstool_gives_the_same_curve_every_time():
    branch = equilibria(wilson_cowan(), "P", (-3, 6))
    plane = {"P": (-4, 7), "Q": (-9, 0)}
    np.random.seed(3)
    first = fold_curve(branch["LP1"], ("P", "Q"), plane, backend="pydstool")
    state = np.random.get_state()[1].copy()
    second = fold_curve(branch["LP1"], ("P", "Q"), plane, backend="pydstool")
    assert np.array_equal(first.states(), second.states())
    assert np.array_equal(state, np.random.get_state()[1])  # numpy's own numbers are left alone


def test_a_backend_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no backend 'auto'"):
        equilibria(wilson_cowan(), "P", (-3, 6), backend="auto")
    branch = equilibria(wilson_cowan(), "P", (-3, 6))
    with pytest.raises(ModelError, match="use one of dynsys, pydstool"):
        fold_curve(branch["LP1"], ("P", "Q"), backend="matcont")


def test_only_curves_that_pydstool_knows_are_checked():
    branch = equilibria(wilson_cowan(), "P", (-3, 6))
    with pytest.raises(ModelError, match="cannot be checked"):
        cross_check(type(branch)(**{**vars(branch), "kind": "limit cycles"}))


def test_a_start_without_a_curve_is_said():
    drift = VectorField("drift", {"x": 0.0}, {"a": 1.0}, {"x": "a + x^2"})
    with pytest.raises((ConvergenceError, ModelError)):
        equilibria(drift, "a", (0.5, 2.0), backend="pydstool")


def test_a_missing_counterpart_makes_a_check_fail():
    check = cross_check(equilibria(wilson_cowan(), "P", (-3, 6)))
    lost = type(check.points[0])("H", check.points[0].ours, None, math.nan)
    assert not type(check)(**{**vars(check), "points": (lost,)}).agrees()
    assert "not found" in str(lost)


def test_real_eigenvalues_are_no_oscillation():
    assert _complex_unstable(np.array([1.0, 2.0, -1 + 1j, -1 - 1j])) == 0
    assert _complex_unstable(np.array([1 + 3j, 1 - 3j, -2.0])) == 2
