"""Worker processes of this machine that nobody else can reach.

Whoever talks to a Dask scheduler or worker can let it run any code. Here all of them listen on
127.0.0.1 only, and answer only those who show the key of this very cluster (TLS, both sides): other
users of the same machine do not have it. None of them serves HTTP.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import Client, Scheduler, Security, SpecCluster, Worker

from dynsys.children import child_environment, python
from dynsys.errors import ClusterError

_HOST = "127.0.0.1"
_START = 120  # s: a worker imports numba and Brian2's neighbors on a busy machine


class QuietScheduler(Scheduler):
    """A scheduler without Dask's HTTP server, which listens without any secret."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Start none."""


class QuietWorker(Worker):
    """A worker without Dask's HTTP server."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Start none."""


@contextmanager
def private_cluster(count: int) -> Iterator[Client]:
    """The client of ``count`` worker processes, which end with the context.

    A scheduler in this process and workers as commands of their own: Dask's own local processes
    import the user's script again, which then must guard itself against running twice.

    Raises ClusterError where no worker starts.
    """
    security = Security.temporary()
    options = {"host": _HOST, "protocol": "tls", "security": security, "dashboard": False}
    with (
        SpecCluster(
            scheduler={"cls": QuietScheduler, "options": options},
            security=security, silence_logs=50,
        ) as cluster,
        tempfile.TemporaryDirectory(prefix="dynsys-workers-") as folder,
    ):  # fmt: skip
        process = _start_workers(cluster.scheduler_address, count, security, Path(folder))
        try:
            with Client(cluster) as client:
                try:
                    client.wait_for_workers(count, timeout=_START)
                except TimeoutError as error:
                    raise ClusterError(
                        f"no worker process started within {_START} s; try again with fewer"
                    ) from error
                yield client
        except KeyboardInterrupt:
            _end(process)  # at once: nobody waits for what they are making
            raise
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            _end(process)


def _start_workers(address: str, count: int, security: Security, folder: Path) -> subprocess.Popen:
    """Start the workers in a folder that only this user can read, where they find the key."""
    command = python(
        "-m", "distributed.cli.dask_worker", address, "--host", _HOST, "--protocol", "tls",
        "--nworkers", str(count), "--nthreads", "1", "--memory-limit", "0", "--no-dashboard",
        "--worker-class", f"{__name__}.{QuietWorker.__name__}", "--death-timeout", "60",
        "--local-directory", str(folder), *_key_files(security, folder),
    )  # fmt: skip
    # One BLAS thread each: the runs are what is done side by side.
    own = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=child_environment() | own, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _end(process: subprocess.Popen) -> None:
    """Kill the workers and those who look after them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _key_files(security: Any, folder: Path) -> list[str]:
    """The options that tell a worker where its certificates are."""
    arguments = []
    for option, content in (
        ("ca-file", security.tls_ca_file),
        ("cert", security.tls_worker_cert),
        ("key", security.tls_worker_key),
    ):
        path = folder / f"{option}.pem"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
        arguments += [f"--tls-{option}", str(path)]
    return arguments
