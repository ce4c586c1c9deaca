"""Tables of cycles with every orbit, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from continuation.cycles.counts import undetermined
from continuation.cycles.cycle import Cycle
from continuation.cycles.multipliers import Multipliers
from continuation.cycles.orbits import DEGREE, Direction, Orbit, Solver
from continuation.engine.special_points import SpecialPoints
from continuation.netcdf import head_of, with_head
from dynsys.serialization import to_dict
from dynsys.vector_field import VectorField


def table_of_cycles(
    data: xr.Dataset, orbits: Sequence[Orbit], special: Sequence[Cycle], solver: Solver,
    head: dict[str, Any], digits: str,
) -> xr.Dataset:  # fmt: skip
    """A table with the orbits and special cycles of its points and, in its attributes, ``head``.

    ``digits`` is the type in which orbits are kept.
    """
    head = {
        **head,
        "model": to_dict(solver.model),
        "spans_of_cycles": solver.spans,
        "solver": [solver.kind, solver.fixed],
        "special_points": [cycle_record(c) for c in special],
    }
    dataset = with_head(data.assign(_profiles(orbits)), head)
    dataset["profile"].encoding = {"zlib": True, "complevel": 1, "dtype": digits}
    return dataset


class StoredCycles(NamedTuple):
    """What ``table_of_cycles`` put together."""

    head: dict[str, Any]
    solver: Solver
    data: xr.Dataset
    orbits: tuple[Orbit, ...]
    special: SpecialPoints[Cycle]


def read_cycles(dataset: xr.Dataset, model: VectorField | None = None) -> StoredCycles:
    """The parts of a table of cycles; ``model`` avoids compiling it again."""
    head = head_of(dataset)
    described = VectorField.from_dict(head["model"])
    if model is None or model.delay_order != described.delay_order:
        own = described
    else:
        own = model.with_parameters(**described.parameters)
    spans = {k: tuple(v) for k, v in head["spans_of_cycles"].items()}
    kind, fixed = head["solver"]
    data = _with_doubts(_with_logarithms(
        dataset.drop_vars(["mesh", "profile", "unknowns"]).drop_attrs(deep=False)
    ))  # fmt: skip
    special = SpecialPoints(cycle_of_record(own, c) for c in head["special_points"])
    return StoredCycles(head, Solver(own, spans, kind, fixed), data, _orbits(dataset), special)


def _with_logarithms(data: xr.Dataset) -> xr.Dataset:
    """The table with its multipliers' logarithms, which earlier versions did not write."""
    if "multiplier_log10" in data:
        return data
    found = Multipliers.of(data["multiplier_real"].values + 1j * data["multiplier_imag"].values)
    columns = {"multiplier_log10": found.log10, "multiplier_angle": found.angle}
    return data.assign({name: (("point", "mode"), column) for name, column in columns.items()})


def _with_doubts(data: xr.Dataset) -> xr.Dataset:
    """The table with what is not known of its multipliers, which earlier versions did not write."""
    if "undetermined" in data:
        return data
    still = data["neutral"].values if "neutral" in data else np.zeros(len(data["point"]), bool)
    trivial, unstable = data["trivial_error"].values, data["unstable"].values
    doubt = undetermined(trivial, unstable) & ~still
    return data.assign(
        stable=("point", data["stable"].values & ~doubt), undetermined=("point", doubt),
        multiplier_error=(("point", "mode"), np.full(data["multiplier_log10"].shape, np.nan)),
    )  # fmt: skip


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


def cycle_record(cycle: Cycle) -> dict[str, Any]:
    """A cycle as plain data."""
    return {
        "label": cycle.label, "name": cycle.name, "index": cycle.index,
        "parameters": dict(cycle.parameters), "spans": cycle.solver.spans,
        "mesh": cycle.orbit.mesh.tolist(), "u": cycle.orbit.u.tolist(),
        "z": cycle.orbit.z.tolist(), "trivial_error": cycle.trivial_error,
        "multipliers": [[z.real, z.imag] for z in cycle.multipliers],
        "multiplier_log10": cycle.log10_multipliers.tolist(),
        "multiplier_angle": cycle.multiplier_angles.tolist(),
        "multiplicity": cycle.multiplicity, "persistent": cycle.persistent,
        "free": list(cycle.free),
        "certificate": dict(cycle.certificate),
        "direction": None if cycle.direction is None else [
            cycle.direction.u.tolist(), cycle.direction.z.tolist()
        ],
    }  # fmt: skip


def cycle_of_record(model: VectorField, content: dict[str, Any]) -> Cycle:
    """The cycle of a model that ``cycle_record`` described."""
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
        content["index"], content.get("multiplicity", 1), content.get("certificate", {}),
        Direction(*map(np.array, content["direction"])) if content.get("direction") else None,
        content.get("persistent", 0), tuple(content.get("free", ())),
    )  # fmt: skip
