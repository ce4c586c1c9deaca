"""Runs a network with Brian2's runtime targets, in a process of its own: Brian2's state is global.

``python -m validation.networks.interpreting JOB.json DRIVES.npz RESULTS.npz``
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dynsys.children import child_environment, python
from dynsys.numpy_files import read_arrays
from validation.brian import brian
from validation.networks.programs import NetworkError
from validation.networks.structure import Structure


def interpret(
    structure: Structure,
    target: str,
    settings: Mapping[str, int],
    values: Mapping[str, Mapping[str, float]],
    drives: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], float]:
    """Run once with the target "cython" or "numpy"; returns the recorded arrays and the seconds.

    Raises NetworkError with the last lines of a run that fails.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="dynsys-network-") as place:
        folder = Path(place)
        job = {
            "structure": structure.to_json(), "target": target, "settings": dict(settings),
            "values": {k: dict(v) for k, v in values.items()},
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(job))
        np.savez(folder / "drives.npz", allow_pickle=False, **drives)
        files = [str(folder / name) for name in ("job.json", "drives.npz", "results.npz")]
        command = python("-m", "validation.networks.interpreting", *files)
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env=child_environment(),
        )
        if done.returncode:
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise NetworkError("Brian2 could not run the network:\n" + "\n".join(lines[-20:]))
        arrays = read_arrays(folder / "results.npz")
    return arrays, time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Run the job of a file."""
    # It imports Brian2, which takes a second to load.
    from validation.networks.adex import RECORDED, construct

    brian2 = brian()
    ms, mV = brian2.ms, brian2.mV
    job = json.loads(Path(arguments[0]).read_text())
    structure = Structure.from_json(job["structure"])
    settings = job["settings"]
    brian2.prefs.codegen.target = job["target"]
    drives = read_arrays(arguments[1])
    parts = construct(
        structure, settings["steps"],
        lambda: brian2.seed(settings["seed_network"]), lambda: brian2.seed(settings["seed_run"]),
    )  # fmt: skip
    for name, group_values in job["values"].items():
        for variable, value in group_values.items():
            parts.groups[name].variables[variable].set_value(value)
    for name, drive in drives.items():
        parts.drives[name].values[: len(drive)] = drive * float(mV / ms)
    parts.network.run(settings["steps"] * structure.dt * ms)
    arrays = {
        f"{name}.{variable}": np.asarray(item.get_value()).ravel()
        for name, monitor in parts.monitors.items()
        for variable, item in monitor.variables.items()
        if variable in RECORDED and item.owner.name == name
    }
    np.savez(arguments[2], allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
