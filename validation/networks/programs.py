"""Compiled programs of networks: built once per structure, kept in the cache, run many times.

A program is built in a draft folder and moved into place, under a lock: a process that is killed
leaves nothing half made, two that want the same program make it once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from dynsys.cache import cache_directory
from dynsys.children import child_environment, python
from dynsys.errors import DynsysError, StorageError
from dynsys.pruning import prune, touch
from validation.networks.structure import Structure

LONGEST = 600_000  # time steps for which inputs can be given: a minute of 0.1 ms; longer: tenfold
_ROOM = 50e6  # bytes: source, inputs at their longest, objects, program
_LAST = 20  # lines of a failed build that are shown


class NetworkError(DynsysError, RuntimeError):
    """A network that could not be built or run."""


@dataclass(frozen=True)
class Program:
    """A compiled network: its ``folder``, what it records, how long its inputs can be."""

    folder: Path
    manifest: Mapping[str, Any]

    def run(
        self,
        settings: Mapping[str, int],
        values: Mapping[str, Mapping[str, float]],
        drives: Mapping[str, np.ndarray],
    ) -> tuple[dict[str, np.ndarray], float]:
        """Run once; returns the recorded arrays by name and the seconds it took.

        Raises NetworkError where the program fails, StorageError where its output is incomplete.
        """
        start = time.perf_counter()
        try:
            with tempfile.TemporaryDirectory(prefix="dynsys-network-") as place:
                results = Path(place)
                arguments = [f"settings.{k}={v}" for k, v in settings.items()]
                arguments += [f"{g}.{k}={v!r}" for g, vs in values.items() for k, v in vs.items()]
                for name, drive in drives.items():
                    arguments.append(self._drive(name, drive, results))
                self._spare(results)
                self._execute(arguments, results)
                arrays = self._read(results, settings["steps"])
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(
                f"a network's inputs or results cannot be written to {tempfile.gettempdir()}: "
                f"{error}; free some space or choose another place with TMPDIR"
            ) from error
        return arrays, time.perf_counter() - start

    def _drive(self, name: str, drive: np.ndarray, results: Path) -> str:
        """The argument that gives an input over time, zero beyond its end."""
        whole = np.zeros(self.manifest["capacity"], self.manifest["dtype"])
        whole[: len(drive)] = drive
        path = results / f"{name}.input"
        whole.tofile(path)
        return f"{self.manifest['drives'][name]}={path}"

    def _spare(self, results: Path) -> None:
        """The program writes every array it has, synapses too: what is not read goes nowhere."""
        wanted = {array["file"] for array in self.manifest["arrays"].values()}
        for name in self.manifest["files"]:
            if name not in wanted:
                (results / name).symlink_to(os.devnull)

    def _execute(self, arguments: list[str], results: Path) -> None:
        command = ["./main", "--results_dir", f"{results}/", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).strip().splitlines()
        if done.returncode or any(
            line.startswith(("Error", "Cannot", "Could not")) for line in said
        ):
            raise NetworkError(
                f"the network's program ended with code {done.returncode}"
                f"{_signal(done.returncode)}: {'; '.join(said[-3:]) or 'no message'} "
                f"(program in {self.folder})"
            )

    def _read(self, results: Path, steps: int) -> dict[str, np.ndarray]:
        arrays = {}
        for name, array in self.manifest["arrays"].items():
            path = results / array["file"]
            # A monitor that saw nothing writes no file.
            arrays[name] = np.fromfile(path, array["dtype"]) if path.exists() else np.zeros(0)
        lengths = {name: len(arrays[f"rate_{name}.rate"]) for name in "EI"}
        if set(lengths.values()) != {steps}:
            raise StorageError(
                f"a run of {steps} steps left {lengths['E']} and {lengths['I']} rates in "
                f"{results.parent}: the disk is full, or the program was stopped; run it again"
            )
        return arrays


def _signal(code: int) -> str:
    return " (killed: memory may have run out)" if code == -9 else ""


def compiler_problem() -> str | None:
    """Why nothing can be compiled here, or None."""
    compiler = os.environ.get("CXX", "g++")
    missing = [name for name in (compiler, "make") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not found (apt install g++ make)" if missing else None


def program_for(structure: Structure, steps: int) -> Program:
    """The program of a structure that can run ``steps`` time steps, built where there is none.

    Raises NetworkError where there is no compiler, or with the last lines of a failed build.
    """
    capacity = LONGEST
    while capacity < steps:
        capacity *= 10
    folder = cache_directory() / "networks" / f"{structure.key()}-{_surroundings(capacity)}"
    if not (folder / "manifest.json").exists():
        problem = compiler_problem()
        if problem:
            raise NetworkError(f"the network cannot be compiled: {problem}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _only_one(folder.with_suffix(".lock")):
                if not (folder / "manifest.json").exists():
                    _build(structure, capacity, folder)
                    prune(folder.parent)
        except OSError as error:
            raise StorageError(
                f"the network's program cannot be written to {folder.parent}: {error}; free some "
                "space or choose another place with DYNSYS_CACHE_DIR"
            ) from error
    touch(folder)
    return Program(folder, json.loads((folder / "manifest.json").read_text()))


def _surroundings(capacity: int) -> str:
    """What else a program depends on: our source, Brian2, the compiler, the processor."""
    here = Path(__file__).parent
    parts = [(here / name).read_text() for name in ("adex.py", "building.py")]
    parts += [version("brian2"), os.environ.get("CXX", "g++"), platform.machine(), str(capacity)]
    processor = Path("/proc/cpuinfo")
    if processor.exists():  # programs are made for the very processor (-march=native)
        lines = processor.read_text().splitlines()
        parts += sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait until no other process builds the same program."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(structure: Structure, capacity: int, folder: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    start = time.perf_counter()
    try:
        (draft / "structure.json").write_text(structure.to_json())
        program = draft / "program"
        writer = ["-m", "validation.networks.building", f"{draft}/structure.json", str(capacity)]
        _step("source", python(*writer, str(program)), draft)
        _step("compilation", ["make", "-j2"], program)
        for leftover in program.rglob("*.o"):
            leftover.unlink()
        manifest = json.loads((program / "manifest.json").read_text())
        manifest["dtype"] = "float32" if structure.precision == "single" else "float64"
        manifest["build_seconds"] = round(time.perf_counter() - start, 2)
        manifest["structure"] = json.loads(structure.to_json())
        (program / "manifest.json").write_text(json.dumps(manifest, indent=1))
        os.replace(program, folder)
    except NetworkError as error:
        free = shutil.disk_usage(folder.parent).free
        if free < _ROOM:
            raise StorageError(
                f"a network's program needs {_ROOM / 1e6:.0f} MB; {free / 1e6:.1f} MB are free in "
                f"{folder.parent}: free some space or choose another place with DYNSYS_CACHE_DIR"
            ) from error
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _step(what: str, command: list[str], place: Path) -> None:
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False, env=child_environment()
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise NetworkError(
            f"the {what} of the network's program failed (code {done.returncode}); its last "
            "lines:\n" + "\n".join(lines[-_LAST:])
        )
