"""Diagrams audited by simulation: what an audit proves, finds and mends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from continuation import CycleSettings, bifurcation_diagram, limit_cycles, load
from continuation.diagrams import computing, probing
from continuation.diagrams import diagram as diagrams
from continuation.diagrams.audit import Audit, audited
from dynsys import ModelError, State, VectorField
from dynsys.commands import main

# r' = r (-b - (r^2 - 1)^2): rest is stable all over the plane, and for b < 0 so is a cycle with
# r^2 = 1 + sqrt(-b), born with an unstable one in a fold at b = 0. No Hopf point leads to them.
ISOLATED = """\
from dynsys import State, VectorField


def isolated():
    return VectorField(
        "isolated", {"x": State(0.1, (-1.5, 1.5)), "y": State(0.0, (-1.5, 1.5))},
        {"b": 0.2, "w": 2.0},
        {"x": "x*(-b - (R - 1)^2) - w*y", "y": "y*(-b - (R - 1)^2) + w*x"},
        definitions={"R": "x^2 + y^2"}, time_unit="",
    )
"""
PLANE = {"x": ("b", -0.5, 0.5), "y": ("w", 1.0, 3.0)}


def isolated() -> VectorField:
    names: dict = {}
    exec(ISOLATED, names)  # the same text is a model's file below
    return names["isolated"]()


def _audit(agree: int, tested: int) -> Audit:
    return Audit(agree, tested, 0, 0, pd.DataFrame(columns=["x", "y", "label", "found", "start"]))


def test_the_bound_is_that_of_clopper_and_pearson():
    assert _audit(300, 300).bound == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-12)
    # With the bound as the true rate, two or fewer of 300 are wrong in 5 % of all audits.
    from scipy.stats import binom

    assert binom.cdf(2, 300, _audit(298, 300).bound) == pytest.approx(0.05, rel=1e-9)
    assert _audit(0, 5).bound == 1.0
    assert str(_audit(300, 300)).startswith("300 of 300 random points agree; at most 1.0 % of")


@pytest.fixture(scope="module")
def unaware():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probing, "LARGE", 2.0)  # no face is simulated
        return bifurcation_diagram(isolated(), **PLANE, audit=0)


def test_runs_in_large_faces_find_it_without_an_audit():
    diagram = bifurcation_diagram(isolated(), **PLANE, audit=0)
    areas = {r["label"]: r["area"] for _, r in diagram.regimes.nodes(data=True)}
    assert areas == pytest.approx({"equilibrium": 0.5, "equilibrium + limit cycle": 0.5}, abs=1e-6)


def test_an_attractor_that_no_branch_leads_to_is_found_by_the_audit(unaware):
    assert {r["label"] for _, r in unaware.regimes.nodes(data=True)} == {"equilibrium"}
    audit = unaware.audit(points=12, seed=3)
    wrong = audit.disagreements
    assert audit.tested == 12
    assert 0 < len(wrong) == audit.tested - audit.agree < 12
    assert (wrong["b"] < 0).all()
    assert set(wrong["found"]) == {"equilibrium + limit cycle"}
    for row, found in zip(wrong.to_dict("records"), audit.found, strict=True):
        (cycle,) = [item for item in found if item["kind"] == "cycle"]
        radius = np.sqrt(1 + np.sqrt(-row["b"]))
        assert cycle["extrema"]["x"] == pytest.approx((-radius, radius), rel=5e-3)
        assert cycle["period"] == pytest.approx(2 * np.pi / row["w"], rel=1e-3)
        assert np.hypot(*row["start"]) ** 2 > 1 - np.sqrt(-row["b"])  # outside the unstable cycle
    assert "random points agree" in str(audit)
    assert audit.bound > 0.25


def test_what_the_audit_found_adds_the_boundary_and_the_plane_is_cut_again(unaware):
    mended = unaware.mended(points=12, seed=3)
    assert mended.checked is not None
    assert mended.checked.passed
    assert [curve.kind for curve in mended.cycle_curves] == ["cycle fold curve"]
    assert mended.cycle_curves[0].data["b"].values == pytest.approx(0, abs=1e-6)
    areas = {r["label"]: r["area"] for _, r in mended.regimes.nodes(data=True)}
    assert areas == pytest.approx({"equilibrium": 0.5, "equilibrium + limit cycle": 0.5}, abs=1e-6)
    assert not mended.doubts()


def test_a_diagram_is_audited_unless_told_otherwise_and_keeps_the_audit_in_its_file(tmp_path):
    diagram = bifurcation_diagram(isolated(), **PLANE)
    assert diagram.checked is not None
    assert (diagram.checked.agree, diagram.checked.tested) == (diagrams.AUDIT, diagrams.AUDIT)
    again = load(diagram.save(tmp_path / "diagram.nc"))
    assert str(again) == str(diagram)
    assert again.checked.record() == diagram.checked.record()


def test_a_label_that_claims_too_much_disagrees(unaware):
    graph = unaware.regimes.copy()
    for _, region in graph.nodes(data=True):
        region |= {"attractors": ("equilibrium", "limit cycle"), "label": "both"}
    audit = replace(unaware, regimes=graph).audit(points=12, seed=3)
    assert (audit.disagreements["b"] > 0).all()
    assert len(audit.disagreements) > 0


def test_a_contradicted_diagram_is_warned_of_drawn_and_ends_the_command_line_with_3(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(computing, "REPAIRS", 0)
    monkeypatch.setattr(probing, "LARGE", 2.0)
    with pytest.warns(diagrams.UnresolvedWarning, match="simulations contradict the diagram"):
        diagram = bifurcation_diagram(isolated(), **PLANE, audit=12)
    legend = [t.get_text() for t in diagram.plot().get_legend().get_texts()]
    assert "simulations disagree" in legend
    model = tmp_path / "own.py"
    model.write_text(ISOLATED)
    plane = ["--x", "b", "-0.5", "0.5", "--y", "w", "1", "3", "--audit", "12"]
    out = ["--out", str(tmp_path / "out")]
    assert main(["diagram", f"{model}:isolated", *plane, *out]) == 3
    written = capsys.readouterr()
    assert "the label says equilibrium, simulations equilibrium + limit cycle" in written.err
    assert "random points agree; at most" in (tmp_path / "out" / "report.html").read_text()


def test_an_audit_needs_points(unaware):
    with pytest.raises(ModelError, match="points is 0"):
        unaware.audit(points=0)


def test_a_cycle_that_attracts_from_nearby_alone_is_met_from_where_it_is_known():
    # Around r^2 = m lies a stable cycle between unstable ones at 0.9 m and 1.1 m: six straight
    # steps from m = 0.5 to another m lose it, random starts do not meet it.
    model = VectorField(
        "narrow", {"x": State(0.7, (-2, 2)), "y": State(0.0, (-2, 2))}, {"m": 0.5, "w": 1.0},
        {"x": "x*g - w*y", "y": "y*g + w*x"},
        definitions={"q": "(x^2 + y^2)/m", "g": "20*(q - 1)*(q - 0.9)*(q - 1.1)"}, time_unit="",
    )  # fmt: skip
    branch = limit_cycles(model, "m", (0.5, 2.0), settings=CycleSettings(step_max=0.02))
    axes = ("m", 0.5, 2.0), ("w", 0.5, 1.5)
    prober = probing.Prober(model, axes, probing.Findings((), (), (), (branch,)))
    known = prober.ask(np.array([0.0, 0.5]))
    names = tuple(item["name"] for item in known.stable)
    assert names == ("equilibrium", "limit cycle")
    region = {
        "polygon": shapely.box(0.5, 0.5, 2.0, 1.5), "label": " + ".join(names), "unresolved": "",
        "attractors": names, "parameters": known.values, "stable": known.stable,
    }  # fmt: skip
    audit = audited(prober, [region], points=8)
    assert (audit.agree, audit.tested) == (8, 8), audit


def test_the_audit_says_where_runs_leave_beside_what_is_stable(tmp_path):
    # From x > a runs go to infinity, at every point of the plane: rest is stable there, too.
    model = VectorField(
        "escape", {"x": State(0.0, (-2, 2))}, {"a": 1.0, "k": 1.0}, {"x": "k*x*(x - a)"},
        time_unit="",
    )  # fmt: skip
    diagram = bifurcation_diagram(model, x=("a", 0.5, 1.5), y=("k", 0.5, 1.5), audit=10)
    checked = diagram.checked
    assert checked.agree == 10 and checked.leaving == {"runs away": 10}
    assert "10 of them runs from some starts run away, beside what is stable" in str(checked)
    diagram.save(tmp_path / "escape.nc")
    assert load(tmp_path / "escape.nc").checked.leaving == {"runs away": 10}
    stays = bifurcation_diagram(isolated(), **PLANE, audit=4).checked
    assert stays.leaving == {} and "leave" not in str(stays)


def test_a_diagram_that_was_not_audited_says_so(unaware):
    assert "audit: none: the labels were not held against simulations" in str(unaware)
