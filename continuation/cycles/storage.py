"""Branches and curves of cycles as datasets with every orbit, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from continuation.cycles.branch import Cycle, CycleBranch, Resume
from continuation.cycles.curves import CycleCurve
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import DEGREE, Direction, Orbit, Solver
from continuation.cycles.tracing import CycleSettings
from continuation.storage import FORMAT
from dynsys.serialization import from_dict, to_dict
from dynsys.vector_field import VectorField


def dataset_of(result: CycleBranch | CycleCurve, digits: str = "float64") -> xr.Dataset:
    """The table of a branch or curve with its orbits, and in its attributes all that made it.

    ``digits`` "float32" halves the file where orbits only serve as starts for Newton.
    """
    solver = result.solver
    head: dict[str, Any] = {
        "format": FORMAT,
        "kind": result.kind,
        "model": to_dict(result.model),
        "spans_of_cycles": solver.spans,
        "solver": [solver.kind, solver.fixed],
        "ended": result.ended,
        "special_points": [_special(c) for c in result.special_points],
    }
    if isinstance(result, CycleBranch):
        resume = result.resume
        head["settings"] = asdict(result.settings)
        head["resume"] = {
            "u": resume.direction.u.tolist(), "z": resume.direction.z.tolist(),
            "step": resume.step, "number": resume.number, "longest": resume.longest,
        }  # fmt: skip
    dataset = result.data.assign(_profiles(result.orbits)).assign_attrs(dynsys=json.dumps(head))
    dataset["profile"].encoding = {"zlib": True, "complevel": 1, "dtype": digits}
    return dataset


def cycles_from(dataset: xr.Dataset, model: VectorField | None = None) -> CycleBranch | CycleCurve:
    """The branch or curve that ``dataset_of`` wrote; ``model`` avoids compiling it again."""
    head = json.loads(dataset.attrs["dynsys"])
    stored = from_dict(head["model"])
    own = stored if model is None else model.with_parameters(**stored.parameters)
    spans = {k: tuple(v) for k, v in head["spans_of_cycles"].items()}
    kind, fixed = head["solver"]
    solver = Solver(own, spans, kind, fixed)
    data = _with_logarithms(
        dataset.drop_vars(["mesh", "profile", "unknowns"]).drop_attrs(deep=False)
    )
    orbits, special = _orbits(dataset), tuple(_cycle(own, c) for c in head["special_points"])
    if "resume" not in head:
        ended = tuple(tuple(pair) for pair in head["ended"])
        first, second = spans
        return CycleCurve(
            head["kind"], own, (first, second), spans, data, orbits, special, ended, solver
        )
    resume = head["resume"]
    direction = Direction(np.array(resume["u"]), np.array(resume["z"]))
    return CycleBranch(
        own, solver.parameter, data, orbits, special, tuple(head["ended"]), solver,
        CycleSettings(**head["settings"]),
        Resume(direction, resume["step"], resume["number"], resume["longest"]),
    )  # fmt: skip


def _with_logarithms(data: xr.Dataset) -> xr.Dataset:
    """The table with its multipliers' logarithms, which earlier versions did not write."""
    if "multiplier_log10" in data:
        return data
    found = Multipliers.of(data["multiplier_real"].values + 1j * data["multiplier_imag"].values)
    columns = {"multiplier_log10": found.log10, "multiplier_angle": found.angle}
    return data.assign({name: (("point", "mode"), column) for name, column in columns.items()})


def _profiles(orbits: Sequence[Orbit]) -> dict[str, Any]:
    count, n = max(len(orbit.u) for orbit in orbits), orbits[0].u.shape[1]
    meshes = np.full((len(orbits), (count - 1) // DEGREE + 1), np.nan)
    profiles = np.full((len(orbits), count, n), np.nan)
    for k, orbit in enumerate(orbits):
        meshes[k, : len(orbit.mesh)], profiles[k, : len(orbit.u)] = orbit.mesh, orbit.u
    return {
        "mesh": (("point", "mesh_node"), meshes),
        "profile": (("point", "node", "coordinate"), profiles),
        "unknowns": (("point", "unknown"), np.array([orbit.z for orbit in orbits])),
    }


def _orbits(dataset: xr.Dataset) -> tuple[Orbit, ...]:
    result = []
    for mesh, profile, z in zip(
        dataset["mesh"].values, dataset["profile"].values, dataset["unknowns"].values, strict=True
    ):
        known = np.ascontiguousarray(mesh[np.isfinite(mesh)])
        u = np.ascontiguousarray(profile[: (len(known) - 1) * DEGREE + 1], dtype=float)
        result.append(Orbit(known, u, np.ascontiguousarray(z)))
    return tuple(result)


def _special(cycle: Cycle) -> dict[str, Any]:
    return {
        "label": cycle.label, "name": cycle.name, "index": cycle.index,
        "parameters": dict(cycle.parameters), "spans": cycle.solver.spans,
        "mesh": cycle.orbit.mesh.tolist(), "u": cycle.orbit.u.tolist(),
        "z": cycle.orbit.z.tolist(), "trivial_error": cycle.trivial_error,
        "multipliers": [[z.real, z.imag] for z in cycle.multipliers],
        "multiplier_log10": cycle.log10_multipliers.tolist(),
        "multiplier_angle": cycle.multiplier_angles.tolist(),
    }  # fmt: skip


def _cycle(model: VectorField, content: dict[str, Any]) -> Cycle:
    at = model.with_parameters(**content["parameters"])
    orbit = Orbit(np.array(content["mesh"]), np.array(content["u"]), np.array(content["z"]))
    solver = Solver(at, {k: tuple(v) for k, v in content["spans"].items()})
    if "multiplier_log10" in content:
        found = Multipliers(
            np.array(content["multiplier_log10"]), np.array(content["multiplier_angle"])
        )
    else:  # a file of an earlier version
        found = Multipliers.of(np.array([complex(*pair) for pair in content["multipliers"]]))
    return Cycle(
        at, orbit, solver, found, content["trivial_error"], content["label"], content["name"],
        content["index"],
    )  # fmt: skip
