"""Planes of published models with the areas of their regions, confirmed by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from continuation import bifurcation_diagram
from continuation.diagrams.names import BANDS
from tests.continuation.diagrams.more_planes import MORE, instantaneous_qif
from tests.continuation.diagrams.planes import PLANES, honeybees, mended, symmetric_pair

POINTS = 40  # simulated in each plane
# Parts of the plane by label, and labels that share a boundary; every label was confirmed by
# simulation at all of 100 to 300 random points.
AREAS = {
    "fitzhugh_nagumo": (
        {"equilibrium": 0.657, "limit cycle": 0.312, "low + high": 0.029},
        {("equilibrium", "limit cycle"), ("equilibrium", "low + high")},
    ),
    "jansen_rit": (
        {"limit cycle": 0.417, "equilibrium": 0.510, "low + high": 0.070},
        {("equilibrium", "limit cycle"), ("equilibrium", "low + high")},
    ),
    "aln": (
        {"down": 0.465, "up": 0.318, "LC_EI": 0.119, "down + up": 0.094, "up + LC_EI": 0.005},
        {("down", "down + up"), ("down + up", "up"), ("LC_EI", "up")},
    ),
    "morris_lecar": (
        {"equilibrium": 0.661, "limit cycle": 0.285, "equilibrium + limit cycle": 0.044,
         "low + high": 0.009},
        {("equilibrium", "equilibrium + limit cycle"), ("equilibrium", "low + high")},
    ),
    "hodgkin_huxley": (
        {"limit cycle": 0.639, "equilibrium": 0.333, "equilibrium + limit cycle": 0.027},
        {("equilibrium", "equilibrium + limit cycle"), ("equilibrium", "limit cycle")},
    ),
    "di_volo": (
        {"low + high": 0.716, "equilibrium": 0.273, "limit cycle": 0.005},
        {("equilibrium", "low + high")},
    ),
    "aln_published": (
        {"down": 0.576, "up": 0.211, "down + up": 0.154, "LC_EI": 0.059},
        {("down", "down + up"), ("down + up", "up"), ("LC_EI", "up")},
    ),
    "aln_adapting": (
        {"down": 0.597, "up": 0.224, "LC_EI": 0.134, "LC_aE": 0.040},
        {("LC_EI", "up"), ("LC_EI", "down"), ("LC_aE", "down")},
    ),
    "wilson_cowan": (
        {"equilibrium": 0.579, "limit cycle": 0.365, "low + high": 0.051,
         "equilibrium + limit cycle": 0.005},
        {("equilibrium", "limit cycle"), ("equilibrium", "low + high")},
    ),
    "delayed_qif": (
        {"equilibrium": 0.602, "limit cycle": 0.124, "limit cycle + limit cycle": 0.131,
         "equilibrium + limit cycle + limit cycle": 0.102, "equilibrium + limit cycle": 0.041},
        {("equilibrium", "equilibrium + limit cycle"), ("equilibrium", "limit cycle")},
    ),
    "hindmarsh_rose": (
        {"equilibrium": 0.318, "limit cycle": 0.200, "equilibrium + limit cycle": 0.007},
        {("equilibrium", "equilibrium + limit cycle"), (BANDS, "limit cycle")},
    ),
    "wang_buzsaki": (
        {"limit cycle": 0.707, "equilibrium": 0.236, "equilibrium + limit cycle": 0.038,
         "low + high": 0.015},
        {("equilibrium", "equilibrium + limit cycle"), ("equilibrium", "low + high")},
    ),
    "rivals": (
        {"low + high": 0.391, "equilibrium": 0.310, "limit cycle": 0.298},
        {("equilibrium", "limit cycle"), ("limit cycle", "low + high")},
    ),
    "wilson_cowan_coupling": (
        {"equilibrium": 0.652, "limit cycle": 0.336, "low + high": 0.010},
        {("equilibrium", "limit cycle"), ("equilibrium", "low + high")},
    ),
}  # fmt: skip


def areas_by_count(diagram) -> dict[tuple[int, int], float]:
    """Area of the plane with so many stable equilibria and cycles."""
    result: dict[tuple[int, int], float] = {}
    for _, region in diagram.regimes.nodes(data=True):
        kinds = [item["kind"] for item in region["stable"]]
        key = kinds.count("equilibrium"), kinds.count("cycle")
        result[key] = result.get(key, 0.0) + region["area"]
    return result


def label_areas(diagram) -> dict[str, float]:
    """Area of the plane by label."""
    result: dict[str, float] = {}
    for _, region in diagram.regimes.nodes(data=True):
        result[region["label"]] = result.get(region["label"], 0.0) + region["area"]
    return result


@pytest.mark.slow
def test_bursts_and_the_chaos_between_them_fill_the_middle_of_the_plane():
    make, x, y = PLANES["hindmarsh_rose"]
    areas = label_areas(bifurcation_diagram(make(), x=x, y=y))
    bursts = sum(area for label, area in areas.items() if "bursting" in label)
    chaos = areas["chaos with periodic windows"]
    assert bursts + chaos == pytest.approx(0.472, abs=5e-3)
    # The widest bands of chaos are parted from the bursts; the name of these tells of the others.
    assert 0.02 < chaos < 0.1
    assert areas[BANDS] > 0.9 * bursts


def test_bees_decide_right_of_the_exact_pitchfork():
    # The pitchfork lies at sigma = 4 mu^3 / (mu^2 - 1)^2; two equilibria are stable right of it.
    diagram = bifurcation_diagram(honeybees(), x=("sigma", 0.1, 8), y=("mu", 1.2, 5), audit=POINTS)
    mu = np.linspace(1.2, 5, 20001)
    decided = np.mean(np.clip(8 - 4 * mu**3 / (mu**2 - 1) ** 2, 0, 7.9)) / 7.9
    assert areas_by_count(diagram) == pytest.approx(
        {(2, 0): decided, (1, 0): 1 - decided}, abs=1e-3
    )
    assert not diagram.doubts()
    assert (diagram.checked.agree, diagram.checked.tested) == (POINTS, POINTS)


def test_two_populations_that_inhibit_each_other_break_their_symmetry():
    # At the symmetric state u = S(I - w u / 8) the slope of S is 8 u (1 - u): the pitchfork lies
    # where w u (1 - u) = 1.
    diagram = bifurcation_diagram(symmetric_pair(), x=("I", 0, 1.5), y=("w", 2, 10), audit=POINTS)
    w = np.linspace(4, 10, 20001)
    low, high = (0.5 * (1 + side * np.sqrt(1 - 4 / w)) for side in (-1, 1))
    edges = [np.log(u / (1 - u)) / 8 + w * u / 8 for u in (low, high)]
    width = np.clip(edges[1], 0, 1.5) - np.clip(edges[0], 0, 1.5)
    broken = np.mean(width) / 1.5 * 6 / 8
    assert areas_by_count(diagram) == pytest.approx({(2, 0): broken, (1, 0): 1 - broken}, abs=1e-3)
    assert not diagram.doubts()
    assert diagram.checked.passed


def test_spiking_neurons_without_delay_have_the_exact_cusp_and_two_states_beyond_it():
    # With s = pi tau r and v = -Delta / (2 s) equilibria obey eta + J s / pi + Delta^2 / (4 s^2) =
    # s^2. The first two derivatives vanish where s^4 = 3 Delta^2 / 4, at eta = -sqrt 3 Delta and
    # J = pi (2 s + Delta^2 / (2 s^3)).
    diagram = bifurcation_diagram(instantaneous_qif(), x=("eta", -15, 5), y=("J", -5, 25))
    (cusp,) = diagram.points("CP")
    assert cusp.parameters["eta"] == pytest.approx(-np.sqrt(3), rel=1e-6)
    s = 0.75**0.25
    assert cusp.parameters["J"] == pytest.approx(np.pi * (2 * s + 1 / (2 * s**3)), rel=1e-6)
    assert set(label_areas(diagram)) == {"down", "up", "down + up"}
    assert not diagram.doubts()


def test_the_word_for_spiking_neurons_changes_on_the_straight_line_of_its_rate():
    # "up" begins at 30 Hz: s = 0.3 pi, and eta = s^2 - J s / pi - 1 / (4 s^2). The line ends where
    # it touches the fold.
    diagram = bifurcation_diagram(instantaneous_qif(), x=("eta", -10, 3), y=("J", 0, 20))
    s = 0.3 * np.pi
    for _, region in diagram.regimes.nodes(data=True):
        if region["area"] > 1e-3 and region["label"] != "down + up":
            eta, j = np.array(region["polygon"].exterior.coords).T
            above = eta - (s**2 - j * s / np.pi - 1 / (4 * s**2))
            assert np.all(above > -0.01 if region["label"] == "up" else above < 0.01)
    assert diagram.checked.passed
    assert not diagram.doubts()


@pytest.mark.parametrize("name", ["fitzhugh_nagumo", "wilson_cowan"])
def test_simulations_agree_with_every_label(name):
    make, x, y = PLANES[name]
    diagram = bifurcation_diagram(make(), x=x, y=y, audit=POINTS)
    assert not diagram.doubts()
    assert (diagram.checked.agree, diagram.checked.tested) == (POINTS, POINTS)
    assert diagram.checked.bound < 0.08


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLANES, *MORE])
def test_three_hundred_simulated_points_agree_and_nothing_is_unresolved(name):
    make, x, y = (PLANES | MORE)[name]
    diagram = mended(bifurcation_diagram(make(), x=x, y=y))
    audit = diagram.audit(points=300, seed=7)
    assert not diagram.unresolved()
    assert (audit.agree, audit.tested) == (300, 300), audit
    assert audit.bound < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", AREAS)
def test_regions_have_their_areas_names_and_neighbors(name):
    make, x, y = (PLANES | MORE)[name]
    graph = (diagram := bifurcation_diagram(make(), x=x, y=y)).regimes
    areas, neighbors = AREAS[name]
    found = label_areas(diagram)
    assert {label: found.get(label, 0.0) for label in areas} == pytest.approx(areas, abs=2e-3)
    beside = {
        tuple(sorted((graph.nodes[a]["label"], graph.nodes[b]["label"]))) for a, b in graph.edges
    }
    assert {tuple(sorted(pair)) for pair in neighbors} <= beside
    assert not diagram.unresolved()
