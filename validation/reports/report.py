"""``report``: carry out a validation plan and write what was found, for a reader and as data."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dynsys.errors import StorageError
from dynsys.netcdf import write_netcdf
from dynsys.simulation import simulate
from dynsys.storage import write_atomically
from dynsys.typed import typed
from validation.measures.rates import LEAST_POWER
from validation.networks.jobs import versions
from validation.reports import figures, pages
from validation.reports.living import write_living
from validation.reports.words import glossary
from validation.trials.boundary import GROUP as BOUNDARIES
from validation.trials.choosing import OTHER_WIRING
from validation.trials.findings import (
    AGREE,
    DIFFER,
    EXPLAINED,
    UNDECIDED,
    UNTESTED,
    Finding,
    written,
)
from validation.trials.finite_size import draw_rhythm_boundary, rhythm_boundary
from validation.trials.numerics import GROUP as NUMERICS
from validation.trials.planning import Outcome, Plan
from validation.trials.probing import QUIET
from validation.trials.regime import GROUP as REGIMES
from validation.trials.regime import RegimeTrial
from validation.trials.residences import GROUP as RESIDENCE
from validation.trials.residences import ResidenceTrial, draw_residences
from validation.trials.stimulus import GROUP as STIMULATION
from validation.trials.stimulus import EntrainmentTrial, SwitchTrial

SIZES = (1_000, 4_000, 16_000)  # of the figure; fewer neurons than inputs each make no network
_SECTIONS = {
    REGIMES: "Regimes: one point deep inside each region",
    BOUNDARIES: "Boundaries: where the network changes its mind",
    STIMULATION: "Stimulation: switches and entrainment",
    RESIDENCE: "Residence: how long noise leaves a state alone",
    NUMERICS: "Numerics: does the network's result depend on how it is computed?",
}


@typed
def report(
    plan: Plan | Outcome,
    out: str | Path = "report",
    scheduler: str | None = None,
    progress: bool = True,
) -> Outcome:
    """Make the runs of a plan and write ``report.html`` and ``validation.nc`` to a directory.

    The plan and its cost are printed before anything runs. Finished runs are kept in ``out/runs``:
    the same call completes what an interruption left.

    Parameters
    ----------
    plan : from ``plan``; an ``Outcome`` is only written.
    scheduler : address of a Dask scheduler; processes of this machine by default.

    Raises
    ------
    NetworkError, StorageError
        for a scheduler that is missing or goes away, a disk that is full.

    Example
    -------
    >>> report(plan(diagram, neurons=4_000, budget_minutes=10), out="report")
    """
    folder = Path(out)
    if isinstance(plan, Plan):
        print(plan)
        outcome = plan.run(folder, scheduler, progress)
    else:
        outcome = plan
    page = pages.page(_title(outcome), list(_parts(outcome)))
    files = [
        write_living(outcome, folder / "explore.html"),
        write_atomically(folder / "report.html", lambda p: p.write_text(page, encoding="utf-8")),
        save_data(outcome, folder / "validation.nc"),
    ]
    print(outcome)
    print("wrote " + ", ".join(map(str, files)))
    return outcome


def save_data(outcome: Outcome, path: Path) -> Path:
    """Write findings, runs and parameters as one NetCDF file.

    Groups: ``findings`` (one variable per column) and ``runs/<key>`` as recorded (rates in bins of
    0.5 ms).
    """
    records = [finding.record() for finding in outcome.findings]
    columns: dict[str, Any] = {}
    for name in ("group", "claim", "quantity", "predicted", "network", "spread", "verdict",
                 "reason"):  # fmt: skip
        columns[name] = ("finding", np.array([r[name] for r in records], dtype=object))
    for name in ("expected", "value", "low", "high", "deviation", "z"):
        columns[name] = ("finding", np.array([r[name] for r in records], dtype=float))
    for name in ("place", "details", "runs"):
        texts = [json.dumps(r[name]) for r in records]
        columns[name] = ("finding", np.array(texts, dtype=object))
    groups = {"/findings": xr.Dataset(columns)}
    for key in sorted({key for finding in outcome.findings for key in finding.runs}):
        run = outcome.sweep.load(key)
        if run is not None:
            groups[f"/runs/{key}"] = run
    for group in groups.values():
        for variable in group.data_vars.values():
            variable.encoding = {"zlib": True, "complevel": 2} if variable.dtype.kind == "f" else {}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {"dynsys": json.dumps({"kind": "validation", **_provenance(outcome)})}
    try:
        return write_netcdf(tree, path)
    except RuntimeError as error:  # what netCDF makes of a full disk
        raise StorageError(f"cannot write {path}: {error}; free some space") from error


def _title(outcome: Outcome) -> str:
    model, network = outcome.plan.model, outcome.plan.network
    return f"Validation of {model.name} by networks of neurons ({network.wired})"


def _parts(outcome: Outcome) -> Iterator[str]:
    findings = outcome.findings
    yield f"<h1>{_title(outcome)}</h1>"
    yield pages.paragraph(_verdict(outcome), "lead")
    yield pages.tiles(_own(findings))
    plan = outcome.plan
    yield pages.figure(
        figures.draw_validated_diagram(plan.diagram, findings),
        "The mean field's bifurcation diagram. Filled marks: boundaries found in the network by "
        "bisection, with their brackets. Open marks, under the names: the regions' attractors.",
    )
    yield pages.link(
        "explore.html",
        "Explore it: the model runs in the page where you click; at the measured points the "
        "network's rates lie behind it.",
    )
    yield pages.heading("Summary, failures first")
    yield pages.table([f for f in findings if f.verdict != AGREE])
    yield pages.heading("Predictions the network confirms")
    yield pages.table([f for f in findings if f.verdict == AGREE])
    yield from _regimes(outcome)
    yield from _boundaries(outcome)
    yield from _stimulation(outcome)
    yield from _residences(outcome)
    yield pages.heading("Words")
    yield pages.definitions(glossary(plan))
    yield pages.heading("How it was made")
    yield pages.preformatted(_made(outcome))
    yield pages.heading("The model")
    yield pages.preformatted(plan.model.describe())


def _own(findings: list[Finding]) -> list[Finding]:
    """Predictions of the mean field: what badges and summary count."""
    return [f for f in findings if f.group in (REGIMES, BOUNDARIES, STIMULATION, RESIDENCE)]


def _verdict(outcome: Outcome) -> str:
    """The result in a sentence or two."""
    plan = outcome.plan
    tested = [f for f in outcome.findings if f.verdict != UNTESTED]
    own = _own(tested)
    counts = {v: sum(f.verdict == v for f in own) for v in (AGREE, DIFFER, EXPLAINED, UNDECIDED)}
    text = (
        f"Of {len(own)} tested predictions of the mean field, the network of {plan.network.size} "
        f"({plan.network.wired}) with the same parameters confirms {counts[AGREE]}, contradicts "
        f"{counts[DIFFER]} and leaves {counts[UNDECIDED]} undecided"
        + (
            f"; {counts[EXPLAINED]} differ as a corrected prediction says, each named with its "
            "cause"
            if counts[EXPLAINED]
            else ""
        )
        + "."
    )
    sides = {name: high - low for name, low, high in (plan.diagram.x, plan.diagram.y)}
    shifts = [abs(f.value - f.expected) / sides[f.details["parameter"]] for f in outcome.findings
              if f.group == BOUNDARIES and np.isfinite(f.value)]  # fmt: skip
    if shifts:
        text += (
            f" Boundaries measured: {len(shifts)}, on average {100 * np.mean(shifts):.1f} % of the "
            f"plane's side from the predicted curves, at most {100 * np.max(shifts):.1f} %."
        )
    other = [f for f in tested if f.group == OTHER_WIRING]
    if other:
        agreeing = sum(f.verdict == AGREE for f in other)
        text += (
            f" With the other wiring, in both, {agreeing} of {len(other)} agree at the same points."
        )
    missing = sum(f.verdict == UNTESTED for f in _own(outcome.findings))
    if missing:
        text += f" {missing} predictions were not tested; the table says why."
    return text


def _regimes(outcome: Outcome) -> Iterator[str]:
    rows, network = [], outcome.plan.network
    for trial in outcome.plan.trials:
        if not isinstance(trial, RegimeTrial):
            continue
        title = trial.name
        if trial.group == OTHER_WIRING:
            title += ": " + ", ".join(f"{v:.2f}" for v in trial.place.values())
        probe = trial.probe()
        stored = [outcome.sweep.stored(job) for job in probe.jobs(trial.network, trial.seed)]
        done = [run for run in stored if run is not None]
        if len(done) < len(stored):
            continue
        expected = probe.predicted(trial.network)
        for kick, model, run in zip(probe.kicks, expected, done, strict=True):
            start = {"rest": "", "low": ", from below", "high": ", from above"}[kick]
            rows.append((f"{title}{start}", model, run))
    if not rows:
        return
    bound = outcome.plan.tolerances.rhythm_in_network or LEAST_POWER
    yield pages.heading(_SECTIONS[REGIMES])
    yield pages.figure(
        figures.draw_comparison(rows, network.rates, bound=bound),
        f"Rates (smoothed by 2 ms), spectrum of {network.rates[0]} (the grey line is the bound of "
        f"an oscillation, {bound:.2g} Hz²; below it the network's is its finite-size noise) and "
        f"spikes. Runs from below and above begin with a kick of "
        f"{network.kick.written(network.kick.strength, network.model)} to "
        f"{network.kick.parameter}.",
    )
    yield pages.figure(
        figures.draw_scatter(outcome.findings),
        "Mean rates and frequencies: prediction against network, with 95 % intervals.",
        width="26rem",
    )


def _boundaries(outcome: Outcome) -> Iterator[str]:
    if any(f.details.get("asked") for f in outcome.findings):
        yield pages.heading(_SECTIONS[BOUNDARIES])
        yield pages.figure(
            figures.draw_searches(outcome.findings),
            "Each search: the measure that distinguishes the sides, where it was asked; grey: its "
            "border; dashed: the predicted boundary; band: the network's.",
        )
    yield from _rhythm_boundary(outcome)


def _rhythm_boundary(outcome: Outcome) -> Iterator[str]:
    """At one boundary of a rhythm that theory explains: mean field, exact, at each N, network."""
    shown = [
        f
        for f in outcome.findings
        if np.isfinite(f.details.get("seen", np.nan)) and "power" in f.details["feature"]
    ]
    if not shown:
        return
    finding, size = shown[0], outcome.plan.network.neurons
    parameter = finding.details["parameter"]
    fixed = {k: v for k, v in finding.place.items() if k != parameter}
    at = outcome.plan.model.with_parameters(**fixed)
    sizes = sorted({*SIZES, size})
    boundary = rhythm_boundary(at, parameter, finding.expected, sizes)
    yield pages.figure(
        draw_rhythm_boundary(boundary, {size: (finding.low, finding.high)}),
        f"{finding.claim}: the mean field's boundary, the exact one of infinitely many neurons, "
        "and where the criterion of an oscillation changes its answer at each size, with the "
        "network's bracket. The criterion asks for a power: it counts noise beyond the exact "
        "boundary, and leaves out cycles inside that are too small. Its bound grows below "
        f"{QUIET} neurons.",
        width="30rem",
    )


def _stimulation(outcome: Outcome) -> Iterator[str]:
    rows: list[Any] = []
    for trial in outcome.plan.trials:
        if not isinstance(trial, (SwitchTrial, EntrainmentTrial)):
            continue
        job = trial.job()
        run = outcome.sweep.stored(job)
        if run is None:
            continue
        at = trial.network.model.with_parameters(**trial.place)
        model = simulate(at, trial.cost(), inputs=trial.inputs(), sample=0.5)
        times = np.arange(0.0, trial.cost(), 0.5)
        (stimulus,) = (wave.values(times) for wave in trial.inputs().values())
        word = trial.claim.split(" at ")[0].split(": ", 1)[1].rstrip(",")
        rows.append((word, model, run, times, stimulus, *trial.window()))
    if rows:
        network = outcome.plan.network
        unit = network.model.unit(network.kick.parameter)
        yield pages.heading(_SECTIONS[STIMULATION])
        yield pages.figure(
            figures.draw_driven(rows, network.rates[0], unit),
            f"{network.rates[0]} of network and mean field, and the stimulus to "
            f"{network.kick.parameter}.",
        )


def _residences(outcome: Outcome) -> Iterator[str]:
    """Residence times over N, where a plan measured them."""
    trials = [t for t in outcome.plan.trials if isinstance(t, ResidenceTrial) and t.found]
    if trials:
        yield pages.heading(_SECTIONS[RESIDENCE])
    for trial in trials:
        assert trial.found is not None
        yield pages.figure(
            draw_residences(trial.found),
            f"{trial.found.state} state at {written(trial.found.place)}, with 95 % intervals. "
            f"Kramers' formula: {trial.found.end}. It holds next to the fold only; far from it a "
            "state lasts longer than any run.",
            width="30rem",
        )


def _provenance(outcome: Outcome) -> dict[str, Any]:
    plan = outcome.plan
    return {
        "model": plan.model.name,
        "source": plan.model.source,
        "wiring": plan.network.wired,
        "parameters": dict(plan.model.parameters),
        "network": plan.network.record(),
        "engine": plan.network.engine,
        "seeds": {"first run": plan.seed},
        "tolerances": plan.tolerances.__dict__,
        "budget_minutes": plan.budget_minutes,
        "runs_made": outcome.sweep.made,
        "runs_found_finished": outcome.sweep.reused,
        "seconds": round(outcome.seconds, 1),
        "seconds_of_runs": round(outcome.sweep.seconds, 1),
        "versions": versions() | {"python": platform.python_version()},
        "cores": os.cpu_count(),
    }


def _made(outcome: Outcome) -> str:
    plan = outcome.plan
    lines = [f"{name}: {value}" for name, value in _provenance(outcome).items()]
    lines.append(f"memory of one run: about {plan.network.memory / 1e9:.2f} GB")
    call = plan.made_by or (
        f"report(plan(diagram, {plan.network.neurons}, budget_minutes={plan.budget_minutes:g}, "
        f"seed={plan.seed}), out=...)"
    )
    lines.append(f"made by: {call} (the same again completes or repeats this report)")
    lines += [f"trouble: {text}" for text in outcome.sweep.troubles]
    return "\n".join(lines)


def finding_rows(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings as records for a table of values separated by commas."""
    names = ("group", "claim", "quantity", "predicted", "network", "spread", "z", "verdict",
             "reason")  # fmt: skip
    return [{name: finding.record()[name] for name in names} for finding in findings]
