"""``plan``: which network runs test a diagram, what they cost, which come first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from continuation.diagrams.diagram import Diagram
from continuation.frames import row_frame
from dynsys import checks
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField
from validation.networks.network import network_of
from validation.networks.own import OwnNetwork, OwnTestable
from validation.networks.testable import Testable
from validation.trials.choosing import (
    NARROWEST,
    boundary_trials,
    inside,
    numerics_trials,
    regime_trials,
    residence_trials,
    stimulus_trials,
    told_from_noise,
    wiring_trials,
)
from validation.trials.findings import VERDICTS, Finding, Tolerances, untested
from validation.trials.places import crossings, regions
from validation.trials.scale import reaching, rhythm_bounds
from validation.trials.sweeps import Sweep, Trial, conduct
from validation.trials.workers import affordable_workers
from validation.trials.workers import workers as cluster

if TYPE_CHECKING:
    import pandas as pd

_EXPLAINING = 5.0  # minutes at least for explanations of what differs, else as many as for tests
_OVERHEAD = 0.6  # s per run: measuring, storing, the mean field's own run


@dataclass
class Plan:
    """Tests of a diagram in the order of their value, and what they cost.

    ``trials`` are made, ``left_out`` (claim, reason) are not; ``minutes`` is the estimate.
    """

    diagram: Diagram
    network: Testable
    trials: list[Trial]
    left_out: list[Finding]
    budget_minutes: float
    tolerances: Tolerances
    seed: int
    made_by: str = ""
    costs: dict[int, float] = field(default_factory=dict)  # s of one process, by id of a trial
    workers: int | None = None

    @property
    def model(self) -> VectorField:
        return self.diagram.model

    @property
    def processes(self) -> int:
        """How many processes of this machine make the runs."""
        return self.workers or affordable_workers(self.network)

    @property
    def explaining_minutes(self) -> float:
        """Minutes that explanations of what differs may take beyond the budget."""
        return max(_EXPLAINING, self.budget_minutes)

    def minutes(self) -> float:
        """Estimated minutes of all runs."""
        return sum(self.costs[id(trial)] for trial in self.trials) / self.processes / 60

    def run(
        self,
        out: str | Path,
        scheduler: str | None = None,
        progress: bool = True,
    ) -> Outcome:
        """Make the tests; finished runs are kept in ``out/runs`` and not made again.

        Raises NetworkError where a scheduler is missing or goes away, StorageError for a full disk.
        """
        return conducted(self, Path(out), scheduler, progress)

    def __str__(self) -> str:
        lines = [
            f"{len(self.trials)} tests of {self.model.name} ({self.network.wired}) by networks of "
            f"{self.network.size}, engine {self.network.engine}",
            f"about {self.minutes():.1f} minutes with {self.processes} processes of "
            f"{self.network.memory / 1e9:.2f} GB; budget {self.budget_minutes:g} minutes, "
            f"explanations of what differs at most {self.explaining_minutes:g} more",
        ]
        for number, trial in enumerate(self.trials, 1):
            lines.append(f"{number:>4}  {self.costs[id(trial)]:>5.0f} s  {trial.claim}")
        lines += [f"      left out: {item.claim} ({item.reason})" for item in self.left_out]
        return "\n".join(lines)

    __repr__ = __str__


@dataclass
class Outcome:
    """A plan that was carried out: its findings, and the runs behind them."""

    plan: Plan
    findings: list[Finding]
    sweep: Sweep
    seconds: float

    def count(self, verdict: str) -> int:
        """How many findings have a verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per finding, as pandas has it; ``place`` in columns of its own."""
        records = (finding.record() for finding in self.findings)
        return row_frame({**record.pop("place"), **record} for record in records)

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(v)} {v}" for v in VERDICTS if self.count(v))
        return (
            f"{len(self.findings)} findings: {counts}; {self.sweep.made} runs made, "
            f"{self.sweep.reused} found finished, in {self.seconds / 60:.1f} minutes"
        )

    __repr__ = __str__


def plan(
    diagram: Diagram,
    neurons: int = 4_000,
    budget_minutes: float = 30.0,
    *,
    network: OwnNetwork | None = None,
    points: Mapping[str, Mapping[str, float]] | None = None,
    tolerances: Tolerances | None = None,
    seed: int = 1,
    workers: int | None = None,
    **options: Any,
) -> Plan:
    """Choose the network runs that test a two-parameter diagram.

    1. One point deep inside every region: attractors, mean rates, frequency. A wrong regime makes
       everything else void, so these come first, large regions before small ones.
    2. Every boundary once, by bisection, long ones first.
    3. Pulses where states coexist, sines where the model oscillates.
    4. Another wiring at the same points, where there is one: how far mean field and network agree
       there.
    5. The computation itself: half the time step; Brian2 against the kernel.
    6. Residence times next to folds, at three sizes, where the noise of the network is known.
    7. Every boundary at four more places.

    Tests that the budget does not cover are left out, and listed.

    Parameters
    ----------
    neurons : per population, of the network that ``network_of`` builds from the diagram's model.
    budget_minutes : time for all tests on this machine; explanations of what differs may take as
        long again, or 5 minutes. What is not done then is listed, and done by the same command
        run again.
    network : one of your own instead, behind any mean field: an object with two methods, see
        ``validation.networks.own.OwnNetwork``.
    points : name -> parameter values: more places to test, like the interior points.
    tolerances : how many standard deviations the network may be off.
    seed : of the first runs.
    workers : processes of this machine; as many as cores and memory allow by default.
    options : more arguments of ``network_of``, such as ``engine``.

    Raises
    ------
    ModelError
        for a budget that is not positive, a model whose network is not known, a network that makes
        no sense or does not fit the memory.

    Example
    -------
    >>> report(plan(diagram, neurons=4_000, budget_minutes=10), out="report")
    """
    checks.number("budget_minutes", budget_minutes, above=0)
    seed = checks.seed(seed)
    if workers is not None:
        checks.whole("workers", workers, least=1)
    if not isinstance(diagram, Diagram):
        raise ModelError(
            f"a plan tests a diagram in two parameters, not a {type(diagram).__name__}; "
            "give bifurcation_diagram both x and y"
        )
    tested = _tested(diagram.model, network, neurons, options)
    bounds = rhythm_bounds(diagram, tested)
    tolerances = tolerances or Tolerances()
    if tolerances.rhythm is None:
        tolerances = replace(tolerances, rhythm=bounds.mean_field, rhythm_in_network=bounds.network)
    kicks = {
        k: reaching(tested, node["parameters"], node["stable"]) for k, node in regions(diagram)
    }
    trials, slivers = regime_trials(diagram, tested, points or {}, tolerances, seed, kicks)
    premises = inside(diagram, trials)
    places, unclear = crossings(diagram, NARROWEST)
    rounds = boundary_trials(diagram, tested, places, tolerances, seed, kicks, premises)
    trials += rounds[0]
    trials += stimulus_trials(diagram, tested, tolerances, seed, kicks, premises)
    trials += wiring_trials(diagram, tested, tolerances, seed, kicks)
    trials += numerics_trials(diagram, tested, seed)
    trials += residence_trials(diagram, tested, places, tolerances, seed)
    trials += [trial for later in rounds[1:] for trial in later]
    trials, unheard = told_from_noise(trials, bounds.trouble)
    left_out = slivers + unheard
    left_out += [untested("boundaries", name, reason, at) for name, at, reason in unclear]
    costs = {id(trial): _seconds(trial, tested) for trial in trials}
    processes = workers or affordable_workers(tested)
    chosen, spent = [], tested.build_seconds
    for trial in trials:
        spent += costs[id(trial)] / processes
        if spent <= 60 * budget_minutes:
            chosen.append(trial)
        else:
            reason = f"beyond the budget of {budget_minutes:g} minutes"
            left_out.append(untested(trial.group, trial.claim, reason, trial.place))
    return Plan(
        diagram, tested, chosen, left_out, budget_minutes, tolerances, seed, "", costs, workers
    )


def _tested(
    model: VectorField, network: OwnNetwork | None, neurons: int, options: Mapping[str, Any]
) -> Testable:
    """The network of the model, or the one given."""
    if network is None:
        built: Testable = network_of(model, neurons, **options)
        return built
    if options:
        raise ModelError(
            f"{', '.join(options)} belong to the networks of this package; a network of your own "
            "says what it is in describe()"
        )
    return OwnTestable(model, network)


def conducted(chosen: Plan, out: Path, scheduler: str | None, progress: bool) -> Outcome:
    """Carry out a plan; see ``Plan.run``."""
    sweep = Sweep(out / "runs")
    start = time.perf_counter()
    limit = 60 * chosen.budget_minutes
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not progress, transient=True) as bar:
        task = bar.add_task("network tests", total=len(chosen.trials))
        with cluster(chosen.network, scheduler, chosen.processes) as client:
            begun = time.perf_counter()
            findings = conduct(
                sweep, chosen.trials, client,
                lambda: time.perf_counter() - begun < limit,
                lambda trial: bar.update(task, advance=1, description=trial.group),
                lambda: time.perf_counter() - begun < limit + 60 * chosen.explaining_minutes,
            )  # fmt: skip
    return Outcome(chosen, findings + chosen.left_out, sweep, time.perf_counter() - start)


def _seconds(trial: Any, network: Testable) -> float:
    """Estimated time of one process."""
    other: Testable = getattr(trial, "other", network)
    build = other.build_seconds if other is not network else 0.0
    return float(build + trial.cost() / 1000 * other.processing + _OVERHEAD * trial.cost() / 3000)
