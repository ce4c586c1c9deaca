"""Sweeps lose no finished run, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr

from dynsys.errors import StorageError
from dynsys.models import aln
from validation import network_of
from validation.networks.programs import NetworkError
from validation.trials.findings import AGREE, UNTESTED, Finding
from validation.trials.probing import Deciding
from validation.trials.sweeps import Sweep, compact, conduct
from validation.trials.variants import Explaining, OutOfTime
from validation.trials.workers import workers

TINY = network_of(aln().with_parameters(K_e=20, K_i=10), 100, engine="kernel")
ROOT = Path(__file__).parents[3]


@dataclass
class Rounds:
    """A trial of several rounds of runs, each after the other."""

    number: int
    rounds: int = 2
    duration: float = 50.0
    group: str = "tiny"
    place: dict = field(default_factory=dict)

    @property
    def claim(self):
        return f"trial {self.number}"

    def cost(self):
        return self.rounds * self.duration

    def steps(self):
        keys = []
        for k in range(self.rounds):
            jobs = [TINY.job(self.duration, seed=100 * self.number + k)]
            (run,) = yield jobs
            assert isinstance(run, xr.Dataset)
            keys.append(jobs[0].key)
        return [Finding("tiny", self.claim, "", "", "", "", AGREE, "", {}, tuple(keys))]


@pytest.fixture(scope="module")
def client():
    with workers(TINY, None, 1) as made:
        yield made


def make(folder, client, trials):
    sweep = Sweep(Path(folder))
    findings = conduct(sweep, trials, client, lambda: True, lambda trial: None)
    return sweep, findings


def test_trials_go_on_with_their_results_and_a_second_sweep_makes_nothing(tmp_path, client):
    trials = [Rounds(k) for k in range(3)]
    sweep, findings = make(tmp_path, client, trials)
    assert (sweep.made, sweep.reused) == (6, 0)
    assert sorted(f.claim for f in findings) == ["trial 0", "trial 1", "trial 2"]
    again, findings = make(tmp_path, client, trials)
    assert (again.made, again.reused) == (0, 6)
    assert all(f.verdict == AGREE for f in findings)


def test_a_stored_run_is_the_run(tmp_path, client):
    sweep, (finding,) = make(tmp_path, client, [Rounds(7, 1, 200.0)])
    stored = sweep.load(finding.runs[0])
    direct = TINY.run(200, seed=700)
    assert float(stored["r_E"].mean()) == pytest.approx(float(direct["r_E"].mean()), rel=1e-5)
    assert stored.sizes["time"] == 400
    assert stored.attrs["seed"] == 700
    assert (stored["spike_time_E"].values == direct["spike_time_E"].values).all()


def test_a_damaged_run_is_made_again(tmp_path, client):
    sweep, (finding,) = make(tmp_path, client, [Rounds(1, 1)])
    (tmp_path / f"{finding.runs[0]}.nc").write_bytes(b"half a file")
    sweep, _ = make(tmp_path, client, [Rounds(1, 1)])
    assert sweep.made == 1
    assert "damaged" in sweep.troubles[0]


@dataclass
class Explained(Rounds):
    """A trial whose second round explains the first."""

    order: list = field(default_factory=list)
    found: list = field(default_factory=list)
    premise: Rounds | None = None

    def steps(self):
        self.order.append((self.number, "begins"))
        self.found += yield [TINY.job(self.duration, seed=100 * self.number)]
        yield Explaining([TINY.job(self.duration, seed=100 * self.number + 1)])
        self.order.append((self.number, "explained"))
        return []


def test_what_explains_is_run_when_all_tests_have_their_runs(tmp_path, client):
    order = []
    make(tmp_path, client, [Explained(k, order=order) for k in range(8)])
    assert [word for _, word in order] == ["begins"] * 8 + ["explained"] * 8


def test_what_is_computed_to_explain_waits_for_the_tests_too(tmp_path, client):
    class Computed(Explained):
        def steps(self):
            yield [TINY.job(self.duration, seed=100 * self.number)]
            self.order.append("tested")
            yield Explaining()
            self.order.append("explains")
            return []

    order = []
    make(tmp_path, client, [Computed(k, order=order) for k in range(6)])
    assert order == ["tested"] * 6 + ["explains"] * 6


def test_explanations_end_when_their_time_is_used_up(tmp_path, client):
    class Patient(Explained):
        def steps(self):
            yield [TINY.job(self.duration, seed=100 * self.number)]
            try:
                for k in range(1, 4):
                    yield Explaining([TINY.job(self.duration, seed=100 * self.number + k)])
                    self.order.append(k)
            except OutOfTime as end:
                self.order.append(end.words)
            return []

    trial, left = Patient(3, order=[]), iter([True, True, False])
    sweep = Sweep(tmp_path)
    conduct(sweep, [trial], client, lambda: True, lambda trial: None, lambda: next(left))
    assert trial.order == [1, 2, OutOfTime.words]
    assert sweep.made == 3
    again = Patient(3, order=[])  # what is stored costs no time
    conduct(sweep, [again], client, lambda: True, lambda trial: None, lambda: next(iter([True])))
    assert again.order == [1, 2, 3]
    assert sweep.made == 4


@dataclass
class Undecided(Rounds):
    """A trial whose first round leaves something open."""

    received: int = -1

    def steps(self):
        yield [TINY.job(self.duration, seed=100 * self.number)]
        self.received = len((yield Deciding([TINY.job(self.duration, seed=100 * self.number + 1)])))
        return []


@pytest.mark.parametrize(("answers", "received"), [([True, True], 1), ([True, False], 0)])
def test_what_decides_is_run_while_there_is_time(answers, received, tmp_path, client):
    trial, left = Undecided(9), iter(answers)
    conduct(Sweep(tmp_path), [trial], client, lambda: next(left), lambda trial: None)
    assert trial.received == received


def test_a_trial_waits_for_what_it_presupposes_but_not_for_its_explanation(tmp_path, client):
    order = []
    first = Explained(1, order=order)
    resting = Explained(2, order=order, premise=first)
    resting.steps = lambda: iter_steps(order, bool(first.found))
    make(tmp_path, client, [first, resting, Rounds(3, 1), Rounds(4, 1), Rounds(5, 1)])
    assert order == [(1, "begins"), ("known", True), (1, "explained")]


def iter_steps(order, known):
    order.append(("known", known))
    return []
    yield


def test_trials_beyond_the_time_are_listed_as_not_tested(tmp_path, client):
    sweep = Sweep(tmp_path)
    findings = conduct(sweep, [Rounds(1)], client, lambda: False, lambda trial: None)
    assert [f.verdict for f in findings] == [UNTESTED]
    assert "run the same command again" in findings[0].reason
    assert sweep.made == 0


def test_a_run_that_fails_leaves_the_others(tmp_path, client, monkeypatch):
    class Failing(Rounds):
        def steps(self):
            job = TINY.job(50, seed=1)
            object.__setattr__(job, "engine", "numpy")
            object.__setattr__(job, "drives", {"drive_X": np.zeros(3)})
            yield [job]
            raise AssertionError("not reached")

    _, findings = make(tmp_path, client, [Failing(1), Rounds(2)])
    verdicts = {f.claim: f for f in findings}
    assert verdicts["trial 1"].verdict == UNTESTED
    assert "Brian2 could not run the network" in verdicts["trial 1"].reason
    assert verdicts["trial 2"].verdict == AGREE


def test_a_full_disk_is_named_and_what_was_stored_stays(tmp_path, client, monkeypatch):
    make(tmp_path, client, [Rounds(1, 1)])
    before = sorted(tmp_path.iterdir())

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(StorageError, match=r"No space left.*runs there are kept"):
        make(tmp_path, client, [Rounds(2, 1)])
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_scheduler_is_reported_with_what_to_do(monkeypatch):
    monkeypatch.setattr("dynsys.cluster.connection._CONNECT", 1)
    with (
        pytest.raises(NetworkError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"),
        workers(TINY, "tcp://127.0.0.1:1", None),
    ):
        pass


def test_a_worker_killed_in_the_middle_costs_no_run_and_no_digit(tmp_path):
    with workers(TINY, None, 1) as client:
        pid = next(iter(client.run(os.getpid).values()))
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        sweep, findings = make(tmp_path, client, [Rounds(k, 2, 20_000.0) for k in range(2)])
        assert not psutil.pid_exists(pid)
    assert sweep.made == 4
    assert all(f.verdict == AGREE for f in findings)
    for seed in (0, 101):
        job = TINY.job(20_000.0, seed=seed)
        kept, here = sweep.stored(job), xr.Dataset.from_dict(compact(job))
        for name in set(here) - {"run_seconds"}:
            np.testing.assert_array_equal(kept[name].values, here[name].values)


def test_workers_of_another_version_are_refused(tmp_path, client, monkeypatch):
    monkeypatch.setattr("validation.trials.sweeps.code", lambda: "another")
    with pytest.raises(NetworkError, match="other sources or libraries"):
        make(tmp_path, client, [Rounds(1)])
    assert not list(tmp_path.glob("*.nc"))


def test_a_scheduler_that_goes_away_is_reported_and_its_runs_are_kept(tmp_path):
    paths = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    scheduler = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent("""
            import sys, time
            from distributed import LocalCluster
            cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                   dashboard_address=":0", protocol="tcp", silence_logs=50)
            print(cluster.scheduler_address, flush=True)
            time.sleep(600)
        """)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=paths,
    )  # fmt: skip
    try:
        address = scheduler.stdout.readline().strip()
        with workers(TINY, address, None) as client:
            make(tmp_path, client, [Rounds(1, 1)])
            threading.Timer(0.5, scheduler.kill).start()
            with pytest.raises(NetworkError, match=r"went away.*run the same command again"):
                make(tmp_path, client, [Rounds(k, 50, 60_000.0) for k in range(2, 6)])
    finally:
        scheduler.kill()
        scheduler.wait()
    assert len(list(tmp_path.glob("*.nc"))) >= 1


def test_a_killed_sweep_continues_where_it_was(tmp_path, client):
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from tests.validation.trials.test_sweeps import Rounds, make, TINY, workers
        with workers(TINY, None, 1) as client:
            make({str(tmp_path)!r}, client, [Rounds(k, 4, 5000.0) for k in range(4)])
    """)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, start_new_session=True)
    deadline = time.time() + 120
    while len(list(tmp_path.glob("[!.]*.nc"))) < 2 and time.time() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(list(tmp_path.glob("[!.]*.nc")))
    assert 2 <= kept < 16
    sweep, findings = make(tmp_path, client, [Rounds(k, 4, 5000.0) for k in range(4)])
    assert sweep.reused == kept
    assert sweep.made == 16 - kept
    assert len(findings) == 4
