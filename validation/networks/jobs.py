"""``Job``: one run of a network as plain numbers, which any process can do; its engines."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from validation.networks.interpreting import interpret
from validation.networks.programs import compiler_problem, program_for
from validation.networks.runs import NetworkRun, network_run
from validation.networks.structure import Structure

ENGINES = ("cpp_standalone", "kernel", "cython", "numpy")


@dataclass(frozen=True)
class Job:
    """One run: structure, engine, ``settings`` (steps, seeds), ``values`` of the groups (SI),
    ``drives`` over the steps (mV/ms), unrecorded time ``settle``, ``attributes`` of the result."""

    structure: Structure
    engine: str
    settings: Mapping[str, int]
    values: Mapping[str, Mapping[str, float]]
    drives: Mapping[str, np.ndarray]
    settle: float
    attributes: Mapping[str, Any]

    @property
    def duration(self) -> float:
        """Simulated time in ms, with what is not recorded."""
        return self.settings["steps"] * self.structure.dt

    @cached_property
    def key(self) -> str:
        """A name that differs between runs with different results."""
        text = json.dumps(
            [self.structure.key(), self.engine, dict(self.settings), self.settle,
             {k: dict(v) for k, v in self.values.items()}], sort_keys=True,
        )  # fmt: skip
        content = hashlib.sha256(text.encode())
        for name in sorted(self.drives):
            content.update(name.encode() + self.drives[name].tobytes())
        return content.hexdigest()[:24]

    def run(self) -> NetworkRun:
        """Do it. Raises NetworkError or StorageError where that fails."""
        engine = available(self.engine)
        built = prepare(self.structure, engine, self.settings["steps"])
        if engine == "cpp_standalone":
            program = program_for(self.structure, self.settings["steps"])
            arrays, seconds = program.run(self.settings, self.values, self.drives)
        elif engine == "kernel":
            # The kernel compiles on its first import; Brian2's engines do not need it.
            from validation.networks.kernel import run_kernel

            arrays, seconds = run_kernel(self.structure, self.settings, self.values, self.drives)
        else:
            arrays, seconds = interpret(
                self.structure, engine, self.settings, self.values, self.drives
            )
        more = {
            "engine": engine, "build_seconds": round(built, 2), "run_seconds": round(seconds, 3),
            "versions": json.dumps(versions()), "key": self.key,
        }  # fmt: skip
        attributes = {**self.attributes, **more}
        return network_run(arrays, self.structure.dt, self.settle, attributes)


def available(engine: str) -> str:
    """The engine that is taken here: the kernel, with a warning, where nothing compiles C++."""
    problem = compiler_problem() if engine == "cpp_standalone" else None
    if problem is None:
        return engine
    warnings.warn(
        f"{problem}: Brian2 cannot compile the network here; it runs in the toolbox's own kernel, "
        "which agrees with Brian2 statistically (engine='numpy' runs Brian2, 100 times slower)",
        stacklevel=3,
    )
    return "kernel"


def prepare(structure: Structure, engine: str, steps: int) -> float:
    """Compile what an engine needs, if it is not there; returns the seconds this took."""
    start = time.perf_counter()
    if available(engine) == "cpp_standalone":
        program_for(structure, steps)
    elif engine == "kernel":
        # Its first import compiles it.
        import validation.networks.kernel  # noqa: F401
    return time.perf_counter() - start


def versions() -> dict[str, str]:
    """Versions of what a run depends on."""
    found = {}
    for name in ("dynsys-toolbox", "brian2", "numpy", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
