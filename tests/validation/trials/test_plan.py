"""From a diagram to a report: what is tested where, in which order, at which cost."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
import xarray as xr

from continuation import bifurcation_diagram
from dynsys.errors import ModelError
from dynsys.models import aln
from validation import plan, report
from validation.measures.estimates import Estimate
from validation.measures.rates import mean_rate
from validation.trials import boundary_causes
from validation.trials.boundary import BoundaryTrial
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    UNTESTED,
    Tolerances,
    judge,
)
from validation.trials.places import breadth, crossings, regions
from validation.trials.probing import Feature, long_enough
from validation.trials.regime import RegimeTrial
from validation.trials.stimulus import EntrainmentTrial, SwitchTrial


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Estimate(20.5, 20.2, 20.8, "Hz"), AGREE),
        (Estimate(20.7, 20.6, 20.8, "Hz"), DIFFER),
        (Estimate(np.nan, np.nan, np.nan, "Hz", "no rhythm"), DIFFER),
    ],
)
def test_verdicts_count_standard_deviations(found, verdict):
    assert judge(20.0, found, 0.2)[0] == verdict
    assert judge(20.0, found, np.nan)[0] == (verdict if np.isnan(found.value) else UNDECIDED)
    assert judge(np.nan, found, 0.2)[0] == UNTESTED  # nothing predicted, nothing tested


@pytest.mark.parametrize("period", [None, 40.0, 636.78125, 1e4 / 3])
def test_runs_last_eight_periods_and_whole_steps(period):
    duration = long_enough(period)
    assert duration - 1000 >= max(2000, 8 * (period or 0))
    assert duration == round(duration)
    assert duration - 1000 <= max(2000, 8 * (period or 0) + 1)


def test_crossings_lie_on_the_predicted_curves(aln_diagram):
    found, left_out = crossings(aln_diagram, 0.05)
    sides = {frozenset(re.split(r" \| | (?=\()", several[0].name)) for several in found}
    assert {
        frozenset({"down", "LC_EI", "(hopf)"}), frozenset({"down + up", "down", "(fold)"}),
        frozenset({"up", "LC_EI", "(hopf)"}),
    } <= sides  # fmt: skip
    # The sliver where a cycle and the up state coexist is narrower than the search resolves.
    assert all("up + LC_EI" in name for name, _, _ in left_out)
    curves = {"hopf": [], "fold": []}
    for curve in aln_diagram.curves:
        kind = curve.kind.split(" ")[0].lower()
        points = np.column_stack([curve.data["mu_e"].values, curve.data["mu_i"].values])
        curves[kind].append(points)
    for crossing in (c for several in found for c in several):
        at = crossing.fixed | {crossing.parameter: crossing.predicted}
        kind = re.search(r"\((\w+)\)", crossing.name)[1]
        points = np.concatenate(curves[kind])
        assert np.min(np.hypot(*(points - [at["mu_e"], at["mu_i"]]).T)) < 0.02
        # The feature holds on the side it is said to: ask the diagram.
        wide = 0.1 if crossing.rises else -0.1
        inside = at | {crossing.parameter: crossing.predicted + wide}
        stable = aln_diagram.attractors(**inside)
        expected = {"bistable": len(stable) > 1,
                    "oscillates": any(item["kind"] == "cycle" for item in stable)}  # fmt: skip
        assert expected[crossing.feature.kind]


def test_the_most_informative_tests_come_first(aln_diagram):
    chosen = plan(aln_diagram, neurons=1000, budget_minutes=60)
    kinds = [type(trial) for trial in chosen.trials]
    count = sum(breadth(aln_diagram, node) >= 0.01 for _, node in regions(aln_diagram))
    assert kinds[:count] == [RegimeTrial] * count
    assert kinds[count] == BoundaryTrial
    assert {SwitchTrial, EntrainmentTrial} <= set(kinds)
    assert len({t.fixed["mu_i"] for t in chosen.trials if isinstance(t, BoundaryTrial)}) >= 4


def test_a_plan_says_what_it_costs_and_what_the_budget_leaves_out(aln_diagram):
    small = plan(aln_diagram, neurons=1000, budget_minutes=0.05)
    large = plan(aln_diagram, neurons=1000, budget_minutes=60)
    assert small.minutes() <= 0.05 < large.minutes()
    assert len(small.trials) < len(large.trials)
    assert any("beyond the budget" in f.reason for f in small.left_out)
    text = str(small)
    assert "2 x 1000 neurons, 2.0 million synapses" in text
    assert "budget 0.05 minutes, explanations of what differs at most 5 more" in text
    assert large.explaining_minutes == 60
    one, four = (plan(aln_diagram, 1000, 60, workers=w) for w in (1, 4))
    assert one.minutes() == pytest.approx(4 * four.minutes())
    with pytest.raises(ModelError, match="in two parameters, not a str"):
        plan("figure2a.nc")
    with pytest.raises(ModelError, match="budget_minutes is 0"):
        plan(aln_diagram, budget_minutes=0)
    with pytest.raises(ModelError, match="cannot be drawn from 300 neurons"):
        plan(aln_diagram, neurons=300)


class Known:
    """A network that answers a boundary search like a step at a known place."""

    rates = ("r_E", "r_I")
    model = aln()

    def __init__(self, step, rises=True):
        self.step, self.rises, self.asked = step, rises, []

    def job(self, duration, seed, inputs=None, **values):
        self.asked.append(values["mu_e"])

        class Job:
            key = f"{values['mu_e']}"
            high = (values["mu_e"] > self.step) == self.rises

        return Job


@pytest.fixture
def unexplained(monkeypatch):
    """No other search is made: the network is no network."""
    monkeypatch.setattr(boundary_causes, "_stand_ins", lambda trial: iter(()))


def search(network, predicted, rises=True, limits=(0.0, 3.0)):
    trial = BoundaryTrial(
        network, "a | b", "mu_e", predicted, {"mu_i": 0.5}, Feature("level", 10.0), rises,
        limits, Tolerances(), 1,
    )  # fmt: skip
    steps = trial.steps()
    jobs = next(steps)
    time = np.arange(0, 3000, 0.5)
    while True:
        runs = [
            xr.Dataset({k: ("time", np.full(6000, 20.0 * j.high)) for k in ("r_E", "r_I")},
                       coords={"time": time}) for j in jobs
        ]  # fmt: skip
        try:
            jobs = steps.send(runs)
        except StopIteration as end:
            return trial, end.value[0]


@pytest.mark.parametrize(("step", "rises"), [(1.0, True), (1.13, True), (0.31, True), (1.9, False)])
@pytest.mark.usefixtures("unexplained")
def test_a_search_finds_a_boundary_to_its_resolution_and_widens_to_reach_it(step, rises):
    network = Known(step, rises)
    trial, finding = search(network, 1.0, rises)
    assert finding.low <= step <= finding.high
    assert finding.high - finding.low <= 0.05 * (1 + 1e-9)
    # A bracket of 0.05 stands for 0.0144: three of them.
    assert finding.verdict == (AGREE if abs(finding.value - 1.0) <= 0.0433 else DIFFER)
    assert len(network.asked) <= 12
    assert trial.keys == finding.runs or tuple(trial.keys) == finding.runs


@pytest.mark.usefixtures("unexplained")
def test_a_boundary_that_is_not_there_is_a_difference_not_a_number():
    _, finding = search(Known(99.0), 1.0)
    assert finding.verdict == DIFFER
    assert "holds nowhere in" in finding.reason
    assert np.isnan(finding.value)


def test_a_boundary_that_the_mean_fields_own_runs_do_not_show_is_not_tested():
    _, finding = search(Known(99.0), 2.6, limits=(2.2, 3.0))  # the mean field is up in all of it
    assert finding.verdict == UNTESTED
    assert "own runs do not change their answer" in finding.reason


@pytest.fixture(scope="module")
def outcome(aln_diagram, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    chosen, large = (
        plan(aln_diagram, neurons=1000, budget_minutes=b, workers=1) for b in (1.0, 60)
    )
    chosen.costs |= large.costs
    chosen.budget_minutes = 10.0  # as long as it takes on a busy machine
    # Of each kind the first: enough for every section of a report.
    chosen.trials = chosen.trials[:4] + [
        next(t for t in chosen.trials if isinstance(t, kind))
        for kind in (BoundaryTrial, SwitchTrial, EntrainmentTrial)
    ]
    chosen.trials.append(
        next(t for t in large.trials if t.claim.startswith("published wiring at mu_e = 0.864"))
    )
    return report(chosen, folder, progress=False), folder, chosen


def test_a_report_is_one_file_that_needs_nothing_else(outcome):
    _, folder, _ = outcome
    page = (folder / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|explore\.html)', page)
    assert "http" not in page.split("<body>")[1].split("<h2>The model")[0]
    for words in ("Summary, failures first", "stated wiring", "How it was made", "Boundaries",
                  "Stimulation", "2 x 1000 neurons", "brian2", "seeds"):  # fmt: skip
        assert words in page
    assert page.count("data:image/png;base64,") >= 5
    assert len(page) < 6e6


def test_the_living_page_has_the_networks_points_and_traces(outcome):
    done, folder, _ = outcome
    page = (folder / "explore.html").read_text()
    held = json.loads(re.search(r'id="content">(.*?)</script>', page, flags=re.S)[1])
    points = [point for point in held["points"] if point["words"].startswith("the network")]
    boundary = next(f for f in done.findings if f.group == "boundaries" and np.isfinite(f.value))
    (found,) = (p for p in points if boundary.value in (p["x"], p["y"]))
    # The mean field is compared where the network ran: beside the boundary.
    ran = found["parameters"][boundary.details["parameter"]]
    assert abs(ran - boundary.value) == min(
        abs(asked - boundary.value) for asked in boundary.details["asked"]
    )
    traced = [point["trace"] for point in points if "trace" in point]
    assert len(traced) == 6  # the attractors, and the boundary
    for trace in traced:
        rate = np.frombuffer(base64.b64decode(trace["values"]["r_E"]), "<f4")
        assert len(rate) * trace["spacing"] >= 1000
        assert np.all(rate >= 0)


def test_the_network_of_a_thousand_neurons_confirms_the_regimes(outcome):
    found = outcome[0].findings
    words = [f for f in found if f.group == "regimes" and f.quantity.startswith("attractor")]
    assert len(words) == 5
    assert all(f.verdict == AGREE for f in words)
    boundary = next(f for f in found if f.group == "boundaries" and np.isfinite(f.value))
    assert abs(boundary.value - boundary.expected) < 0.2


def test_the_other_wiring_is_tested_in_mean_field_and_network_alike(outcome):
    found = [f for f in outcome[0].findings if f.group == "other wiring"]
    word = next(f for f in found if f.quantity == "attractor")
    # Swapped, the same inputs give another state (measured with either engine).
    own = next(f for f in outcome[0].findings if f.quantity == "frequency")
    rate = next(f for f in found if f.quantity == "mean r_E")
    assert word.predicted in ("cycle", "up", "down")
    assert abs(rate.expected - 9.36) > 1  # of the stated wiring
    assert own.verdict in (AGREE, EXPLAINED) or "the cascade's filter" in own.reason
    page = (outcome[1] / "report.html").read_text()
    assert "With the other wiring, in both" in page


def test_the_data_hold_findings_runs_and_how_they_were_made(outcome):
    done, folder, _ = outcome
    with xr.open_datatree(folder / "validation.nc", engine="netcdf4") as tree:
        head = json.loads(tree.attrs["dynsys"])
        assert head["wiring"] == "stated wiring"
        assert head["parameters"]["J_ee"] == 2.43
        assert head["network"]["neurons"] == 1000
        findings = tree["findings"].to_dataset()
        assert list(findings["verdict"].values) == [f.verdict for f in done.findings]
        found = next(f for f in done.findings if f.quantity.startswith("mean r_E"))
        (key,) = found.runs
        run = tree[f"runs/{key}"].to_dataset().load()
        assert mean_rate(run, "E", after=1000).value == pytest.approx(found.value, rel=1e-4)


def test_the_same_report_again_makes_no_run_and_finds_the_same(outcome):
    done, folder, chosen = outcome
    again = report(chosen, folder, progress=False)
    assert again.sweep.made == 0
    assert [f.verdict for f in again.findings] == [f.verdict for f in done.findings]


def test_what_was_not_tested_is_listed_with_its_reason(outcome):
    done, folder, _ = outcome
    missing = [f for f in done.findings if f.verdict == UNTESTED]
    assert missing
    assert all(f.reason for f in missing)
    page = (folder / "report.html").read_text()
    assert "not tested" in page


def test_the_commands_run_and_print_the_cost_first(tmp_path, aln_diagram, capsys):
    from dynsys.commands import main

    aln_diagram.save(tmp_path / "figure.nc")
    arguments = ["validate", "aln", "--diagram", str(tmp_path / "figure.nc"), "--neurons", "1000",
                 "--budget", "0.1", "--dry-run", "--out", str(tmp_path / "out")]  # fmt: skip
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "tests of aln (stated wiring)" in printed
    assert "budget 0.1 minutes" in printed
    assert not (tmp_path / "out").exists()
    command = [
        "network",
        "aln",
        "--set",
        "mu_e=1.3",
        "--set",
        "mu_i=0.5",
        "--neurons",
        "1000",
        "--duration",
        "800",
        "--engine",
        "kernel",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(command) == 0
    assert "s per biological second" in capsys.readouterr().out
    with xr.open_dataset(tmp_path / "run" / "run.nc") as run:
        assert run.attrs["wiring"] == "stated"
        assert float(run["r_E"].mean()) > 5
    assert (tmp_path / "run" / "run.png").stat().st_size > 10_000
    assert main(["validate", "aln", "--out", str(tmp_path / "x")]) == 1
    assert "--x NAME LOW HIGH" in capsys.readouterr().err


def test_a_diagram_of_one_stable_state_is_a_plan_of_one_regime():
    model = aln()
    diagram = bifurcation_diagram(model, x=("mu_e", 0.0, 0.3), y=("mu_i", 2.0, 2.3))
    chosen = plan(diagram, neurons=1000, budget_minutes=5)
    assert [type(t) for t in chosen.trials[:1]] == [RegimeTrial]
    assert not any(isinstance(t, BoundaryTrial) for t in chosen.trials)
