"""Nobody else gets in: what listens while networks run, and who is answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Security
from distributed.comm import CommClosedError, connect

from dynsys import simulate_ensemble
from dynsys.models import aln, wilson_cowan
from tests.validation.trials.test_sweeps import Rounds
from validation.networks import network_of
from validation.trials.sweeps import Sweep, conduct
from validation.trials.workers import workers

TINY = network_of(aln(), 800, engine="kernel")
LOOPBACK = ("127.0.0.1", "::1")
TYPES = ("QuietScheduler", "QuietWorker")


def listening():
    """(process, address, port) of everything this process and its children listen on."""
    me = psutil.Process()
    found = set()
    for process in [me, *me.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {
                (process.pid, c.laddr.ip, c.laddr.port)
                for c in process.net_connections(kind="all")
                if c.status == psutil.CONN_LISTEN and c.laddr
            }
    return found


@pytest.fixture(scope="module")
def before():
    return listening()


@pytest.fixture(scope="module")
def client(before):
    with workers(TINY, None, 1) as made:
        yield made


def test_a_sweep_listens_on_the_loopback_only_and_serves_no_http(tmp_path, client, before):
    seen = set()

    def advance(trial):
        seen.update(listening())

    conduct(Sweep(tmp_path), [Rounds(k, 1) for k in range(2)], client, lambda: True, advance)
    own = seen - before
    # The scheduler, the worker and what watches over it, one port each: no HTTP server.
    assert {ip for _, ip, _ in own} <= set(LOOPBACK)
    assert len(own) == 3


async def _asked(address, security):
    """What somebody gets who connects with these certificates and asks who is there."""
    options = security.get_connection_args("client") if security else {}
    comm = await asyncio.wait_for(connect(address, timeout=5, **options), 10)
    try:
        await comm.write({"op": "identity", "reply": True})
        return await asyncio.wait_for(comm.read(), 10)
    finally:
        comm.abort()


def test_only_who_has_the_key_of_this_sweep_is_answered(client):
    worker = next(iter(client.scheduler_info()["workers"]))
    for address in (client.scheduler.address, worker):
        assert address.startswith("tls://127.0.0.1:")
        assert asyncio.run(_asked(address, client.security))["type"] in (
            "Scheduler",
            "QuietScheduler",
            "Worker",
            "QuietWorker",
        )
        plain = address.replace("tls://", "tcp://")
        for place, security in ((plain, None), (address, Security.temporary())):
            with pytest.raises((OSError, CommClosedError, TimeoutError, RuntimeError)):
                asyncio.run(_asked(place, security))


def test_the_keys_of_workers_are_for_this_user_only(client):
    (folder,) = client.run(os.getcwd).values()
    place = Path(folder)
    assert place.stat().st_mode & 0o077 == 0
    assert {p.stat().st_mode & 0o077 for p in place.glob("*.pem")} == {0}
    assert len(list(place.glob("*.pem"))) == 3


def test_ensembles_listen_nowhere():
    seen = listening()
    simulate_ensemble(wilson_cowan(), 50.0, {"P": np.linspace(0, 1, 8)}, dt=0.1, workers=2)
    assert listening() == seen
