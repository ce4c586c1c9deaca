"""Writes the C++ program of a network; run as a process of its own: Brian2's device is global.

``python -m validation.networks.building STRUCTURE.json CAPACITY FOLDER`` leaves the source, a
makefile and ``manifest.json`` in FOLDER.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from validation.brian import brian
from validation.networks.adex import RECORDED, construct
from validation.networks.structure import Structure

brian2 = brian()
_SEED = "for (auto& generator : brian::_random_generators) generator.seed({array}[0]);"


def main(arguments: list[str]) -> None:
    """Write the program of the structure in a file."""
    structure = Structure.from_json(Path(arguments[0]).read_text())
    write_program(structure, int(arguments[1]), Path(arguments[2]))


def write_program(structure: Structure, capacity: int, folder: Path) -> None:
    """Write source and manifest of a program whose length, seeds and inputs are given to it."""
    brian2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    device = brian2.get_device()

    def seed(which: str) -> None:
        settings = brian2.get_device().arrays
        name = next(v for k, v in settings.items() if k.name == which)
        device.insert_code("main", _SEED.format(array=name))

    def first_seed() -> None:
        device.apply_run_args()  # everything given on the command line is known from here on
        seed("seed_network")

    parts = construct(structure, capacity, first_seed, lambda: seed("seed_run"))
    parts.network.run(0 * brian2.ms)  # collects what a step consists of
    steps = next(v for k, v in device.arrays.items() if k.name == "steps")
    seconds = f"{steps}[0]*{structure.dt * 1e-3!r}"
    device.insert_code("main", f"network.run({seconds}, NULL, 10.0);")
    device.build(directory=str(folder), compile=False, run=False)
    manifest = {
        "drives": {name: str(drive.name) + ".values" for name, drive in parts.drives.items()},
        "capacity": capacity,
        "arrays": _recorded(device, parts.monitors),
        "files": sorted({device.get_array_filename(var) for var in device.arrays}),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _recorded(device: Any, monitors: dict[str, Any]) -> dict[str, dict[str, str]]:
    """File and type of every recorded array."""
    recorded = {}
    for name, monitor in monitors.items():
        for label, variable in monitor.variables.items():
            if variable in device.arrays and label in RECORDED and variable.owner.name == name:
                recorded[f"{name}.{label}"] = {
                    "file": device.get_array_filename(variable),
                    "dtype": np.dtype(variable.dtype).str,
                }
    return recorded


if __name__ == "__main__":
    main(sys.argv[1:])
