"""Work spread over a real local cluster: same results, nothing finished lost, errors in words."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial
from pathlib import Path

import distributed
import numpy as np
import psutil
import pytest
import xarray as xr
from distributed import Client, LocalCluster

from continuation import bifurcation_diagram
from dynsys import ModelError, simulate_ensemble
from dynsys.cluster.connection import spreading
from dynsys.cluster.pieces import pieces
from dynsys.cluster.private_cluster import private_cluster
from dynsys.errors import ClusterError
from dynsys.journal import code, key, whole
from dynsys.models import fitzhugh_nagumo, wilson_cowan
from dynsys.netcdf import read_netcdf, write_netcdf
from dynsys.simulation import regime_map, resuming
from dynsys.transfer import EIFNeuron, transfer_table

ROOT = Path(__file__).parents[3]


def squared(number: int, folder: str, pause: float = 0.0) -> dict[str, float]:
    """A piece that takes a while, and says in a folder that it was made."""
    time.sleep(pause)
    place = Path(folder) / f"{number}-{os.getpid()}-{time.monotonic_ns()}"
    place.touch()
    return {"square": float(number**2), "process": float(os.getpid())}


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0",
                      silence_logs=50) as made:  # fmt: skip
        yield made


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNSYS_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def made_in(folder: Path) -> list[int]:
    """Which pieces were made, as often as they were."""
    return sorted(int(p.name.partition("-")[0]) for p in folder.iterdir() if "-" in p.name)


def all_squares(count: int, folder: Path, pause: float = 0.0, done=lambda _: None):
    names = [partial(key, "square", str(folder), k) for k in range(count)]
    works = [partial(squared, k, str(folder), pause) for k in range(count)]
    return pieces(names, works, done=done)


# --- the one way of splitting ---------------------------------------------------------------------


def test_a_killed_worker_costs_only_the_piece_it_was_making(cluster, journal):
    folder = journal / "made"
    folder.mkdir()

    def kill() -> None:
        while len(list(folder.iterdir())) < 3:
            time.sleep(0.02)
        worker = next(iter(cluster.workers.values()))
        os.kill(worker.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    heard: list[int] = []
    with whole(), spreading(cluster):
        found = all_squares(12, folder, 0.15, heard.append)
    killer.join(5)
    assert [piece["square"] for piece in found] == [k**2 for k in range(12)]
    assert sorted(heard) == list(range(12))
    again = len(made_in(folder)) - 12
    assert set(made_in(folder)) == set(range(12))
    assert again <= 4  # what is handed out at once: two for each of two threads
    assert {piece["process"] for piece in found}.isdisjoint({float(os.getpid())})


def test_what_a_lost_scheduler_had_finished_is_not_made_again(journal):
    folder = journal / "made"
    folder.mkdir()
    script = textwrap.dedent("""
        import time
        from distributed import LocalCluster
        cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                               dashboard_address=":0", protocol="tcp", silence_logs=50)
        print(cluster.scheduler_address, flush=True)
        time.sleep(600)
    """)
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}
    scheduler = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=paths,
    )  # fmt: skip
    assert scheduler.stdout is not None
    try:
        address = scheduler.stdout.readline().strip()
        heard: list[int] = []

        def done(number: int) -> None:
            heard.append(number)
            if len(heard) == 3:
                scheduler.kill()

        lost = r"went away \(.*\)\. [3-9] of 40 pieces .* kept"  # in one line
        with pytest.raises(ClusterError, match=lost), whole(), spreading(address):
            all_squares(40, folder, 0.05, done)
    finally:
        scheduler.kill()
        scheduler.wait()
    before = set(heard)
    for path in folder.iterdir():
        path.unlink()
    with whole():
        found = all_squares(40, folder)
    assert [piece["square"] for piece in found] == [k**2 for k in range(40)]
    assert set(made_in(folder)).isdisjoint(before)
    assert len(made_in(folder)) == 40 - len(before)


def test_workers_of_another_version_are_refused(cluster, journal, monkeypatch):
    monkeypatch.setattr("dynsys.cluster.pieces.code", lambda: code() + "x")
    with pytest.raises(ClusterError, match="other sources or libraries"), spreading(cluster):
        all_squares(2, journal)


@pytest.mark.parametrize(
    ("work", "kind"),
    [(partial(divmod, 1, 0), ZeroDivisionError), (partial(os.mkdir, "/"), FileExistsError)],
)
def test_what_a_piece_raises_arrives(cluster, work, kind):
    with pytest.raises(kind), spreading(cluster):
        pieces([partial(key, 1)], [work])


def test_that_nobody_is_there_to_make_the_pieces_is_said(journal, monkeypatch):
    monkeypatch.setattr("dynsys.cluster.pieces.LONELY", 0.1)
    monkeypatch.setattr("dynsys.cluster.pieces._LOOK", 0.2)
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0",
                     silence_logs=50) as empty,
        Client(empty, set_as_default=False) as client,
    ):  # fmt: skip
        comes = threading.Timer(1.0, empty.scale, (1,))
        comes.start()
        with pytest.warns(UserWarning, match="no workers"), spreading(client):
            found = all_squares(2, journal)
        comes.join()
    assert [piece["square"] for piece in found] == [0.0, 1.0]


def test_files_are_written_without_the_scheduler(cluster, tmp_path, monkeypatch):
    def asked(*_):
        raise AssertionError("the scheduler is asked for a lock")

    monkeypatch.setattr("dask.distributed.Lock", asked)
    data = xr.Dataset({"x": ("time", np.arange(3.0))})
    with spreading(cluster):
        path = write_netcdf(data, tmp_path / "data.nc")
    assert read_netcdf(path).to_dataset()["x"].identical(data["x"])


def test_no_scheduler_is_said(monkeypatch):
    monkeypatch.setattr("dynsys.cluster.connection._CONNECT", 0.5)
    with pytest.raises(ModelError, match="tcp://host:8786"), spreading(8786):
        pass
    with pytest.raises(ModelError, match="local:4"), spreading("local:none"):
        pass
    with pytest.raises(ClusterError, match="dask scheduler"), spreading("tcp://127.0.0.1:1"):
        pass


def test_a_scheduler_without_workers_is_said():
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty:  # noqa: SIM117
        with pytest.raises(ClusterError, match="no workers"), spreading(empty.scheduler_address):
            pass


# --- what takes a scheduler -----------------------------------------------------------------------


@pytest.mark.slow
def test_an_ensemble_is_the_same_on_a_cluster_with_a_worker_killed(cluster, journal, monkeypatch):
    monkeypatch.setattr(resuming, "_LEAST", 8)
    monkeypatch.setattr(resuming, "_STEPS", 8.0)  # parts of 8 runs
    values = np.linspace(0.0, 1.0, 96)
    options = {"points": {"I": values}, "settle": 10.0, "sample": 1.0}
    here = simulate_ensemble(fitzhugh_nagumo(), 200, **options)
    worker = next(iter(cluster.workers.values()))
    timer = threading.Timer(0.3, os.kill, (worker.pid, signal.SIGKILL))
    timer.start()
    there = simulate_ensemble(fitzhugh_nagumo(), 200, **options, scheduler=cluster)
    timer.join()
    assert set(there["status"].values.ravel()) == {"complete"}
    for name in here.data_vars:
        np.testing.assert_array_equal(here[name].values, there[name].values)


@pytest.mark.slow
def test_noise_is_that_of_the_seeds_on_a_cluster(cluster, monkeypatch):
    monkeypatch.setattr(resuming, "_LEAST", 4)
    monkeypatch.setattr(resuming, "_STEPS", 4.0)
    options = {"noise": {"v": 0.05}, "seeds": range(10), "method": "heun", "record": "v"}
    here = simulate_ensemble(fitzhugh_nagumo(), 50, {"I": [0.0, 0.5]}, **options)
    with Client(cluster) as client:
        there = simulate_ensemble(
            fitzhugh_nagumo(), 50, {"I": [0.0, 0.5]}, **options, scheduler=client
        )
        assert client.status == "running"  # a client that was given stays open
    np.testing.assert_array_equal(here["v"].values, there["v"].values)


def test_a_map_is_the_same_on_a_cluster(cluster):
    axes = {"x": ("P", -3.0, 1.0, 9), "y": ("Q", -5.0, -3.0, 7)}
    options = {"duration": 60.0, "settle": 60.0}
    here = regime_map(wilson_cowan(), **axes, **options)
    there = regime_map(wilson_cowan(), **axes, **options, scheduler=cluster)
    for name in here.data.data_vars:
        np.testing.assert_array_equal(here.data[name].values, there.data[name].values)


SPLIT = {
    "ensemble": lambda **more: simulate_ensemble(
        fitzhugh_nagumo(), 200, points={"I": np.linspace(0.0, 1.0, 140)}, record="v", dt=0.02,
        sample=10.0, **more,
    ),
    "map": lambda **more: regime_map(
        wilson_cowan(), ("P", -3.0, 1.0, 20), ("Q", -5.0, -3.0, 14), duration=20.0, settle=20.0,
        **more,
    ).data,
    "table": lambda **more: transfer_table(
        EIFNeuron(DeltaT=2.0), np.linspace(0, 1, 4), np.linspace(1, 2, 8), progress=False, **more
    ),
}  # fmt: skip


class Stop(Exception):
    """Something stops a call."""


@pytest.mark.parametrize("what", SPLIT)
def test_a_call_goes_on_from_what_a_cluster_finished_and_a_cluster_from_its(
    what, cluster, journal, monkeypatch
):
    monkeypatch.setattr("dynsys.journal.PAUSE", 0.0)
    monkeypatch.setattr("dynsys.journal.LEAST", 0.0)
    made, spread = [], []
    _count(monkeypatch, "dynsys.simulation.integration.run_block", made)
    _count(monkeypatch, "dynsys.transfer.table.interruptible", made)
    _count(monkeypatch, "distributed.Client.submit", spread)
    results = []
    for first, second, other in (({"scheduler": cluster}, {}, made),
                                 ({}, {"scheduler": cluster}, spread)):  # fmt: skip
        with pytest.raises(Stop), whole():
            results.append(SPLIT[what](**first))
            raise Stop
        del made[:], spread[:]
        results.append(SPLIT[what](**second))
        assert not other, "what was finished is made again"
        assert not list((journal / "cache" / "unfinished").glob("*.piece"))
    for result in results[1:]:
        for name in result.data_vars:
            np.testing.assert_array_equal(result[name].values, results[0][name].values)


def _count(monkeypatch, name, calls):
    module, _, function = name.rpartition(".")
    owner = distributed.Client if module.endswith("Client") else importlib.import_module(module)
    real = getattr(owner, function)
    monkeypatch.setattr(owner, function, lambda *a, **k: (calls.append(a), real(*a, **k))[1])


@pytest.mark.slow
def test_a_diagram_is_the_same_on_a_cluster(cluster):
    axes = {"x": ("P", -2.5, 1.0), "y": ("Q", -5.0, -3.5)}
    here, there = (
        bifurcation_diagram(wilson_cowan(), **axes, audit=0, **more)
        for more in ({}, {"scheduler": cluster})
    )
    labels = [
        sorted(region["label"] for _, region in diagram.regimes.nodes(data=True))
        for diagram in (here, there)
    ]
    assert labels[0] == labels[1]
    assert [len(c) for c in here.curves] == [len(c) for c in there.curves]
    for ours, theirs in zip(here.special_points, there.special_points, strict=True):
        assert json.dumps(dict(ours.parameters)) == json.dumps(dict(theirs.parameters))


def test_local_workers_end_with_the_call():
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with spreading("local:1") as client:
        assert sum(client.nthreads().values()) == 1
    left = {p.pid for p in psutil.Process().children(recursive=True) if p.is_running()} - before
    assert not {pid for pid in left if "dask" in " ".join(psutil.Process(pid).cmdline())}


def test_ctrl_c_ends_the_workers_of_a_private_cluster_in_the_middle_of_a_piece():
    with pytest.raises(KeyboardInterrupt), private_cluster(1) as client:
        ((worker, group),) = client.run(lambda: (os.getpid(), os.getsid(0))).values()
        client.submit(time.sleep, 600)
        raise KeyboardInterrupt
    assert group != os.getsid(0)  # the terminal's Ctrl-C is for the one who waits, not for workers
    _wait_for_the_end_of(worker)


def _wait_for_the_end_of(pid):
    """A kill is sent, not awaited: the system ends the process a little later."""
    limit = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < limit, f"process {pid} still runs"
        time.sleep(0.01)


def _runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
