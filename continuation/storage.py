"""Branches and diagrams as NetCDF files that tell how they were made."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import shapely
import xarray as xr

from continuation.branch import Branch
from continuation.diagram import Diagram
from continuation.settings import Settings
from continuation.special_points import SpecialPoint
from dynsys.errors import StorageError
from dynsys.serialization import from_dict, to_dict
from dynsys.storage import write_atomically
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.cycle_branch import CycleBranch

FORMAT = 1
DEGREE = 4  # of the collocation polynomials; the cycle engine is imported only when it is needed


def save_branch(branch: Branch, path: str | Path) -> Path:
    """Write a branch; the file appears complete or not at all."""
    dataset = _branch_dataset(branch)
    return write_atomically(_netcdf(path), lambda draft: dataset.to_netcdf(draft, engine="netcdf4"))


def save_diagram(diagram: Diagram, path: str | Path) -> Path:
    """Write a diagram with all its curves, scan lines and regions to one file."""
    head = {
        "format": FORMAT,
        "kind": "diagram",
        "model": to_dict(diagram.model),
        "x": diagram.x,
        "y": diagram.y,
        "settings": asdict(diagram.settings),
        "regimes": _graph_data(diagram.regimes),
    }
    groups: dict[str, Any] = {"/": xr.Dataset(attrs={"dynsys": json.dumps(head)})}
    for kind, branches in (("curve", diagram.curves), ("line", diagram.lines)):
        for number, branch in enumerate(branches):
            groups[f"/{kind}{number:03d}"] = _branch_dataset(branch)
    tree = xr.DataTree.from_dict(groups)
    return write_atomically(_netcdf(path), lambda draft: tree.to_netcdf(draft, engine="netcdf4"))


def save_cycles(branch: CycleBranch, path: str | Path) -> Path:
    """Write a branch of cycles with every orbit."""
    count = max(len(orbit.u) for orbit in branch.orbits)
    n = branch.orbits[0].u.shape[1]
    meshes = np.full((len(branch), (count - 1) // DEGREE + 1), np.nan)
    profiles = np.full((len(branch), count, n), np.nan)
    for k, orbit in enumerate(branch.orbits):
        meshes[k, : len(orbit.mesh)], profiles[k, : len(orbit.u)] = orbit.mesh, orbit.u
    head = {
        "format": FORMAT,
        "kind": branch.kind,
        "model": to_dict(branch.model),
        "parameter": branch.parameter,
        "span": branch.solver.spans[branch.parameter],
        "settings": asdict(branch.settings),
        "ended": branch.ended,
        "special_points": [
            {"label": c.label, "name": c.name, "mesh": c.orbit.mesh.tolist(),
             "u": c.orbit.u.tolist(), "z": c.orbit.z.tolist(),
             "multipliers": [[z.real, z.imag] for z in c.multipliers],
             "trivial_error": c.trivial_error}
            for c in branch.special_points
        ],
        "resume": {
            "u": branch.resume.direction.u.tolist(), "z": branch.resume.direction.z.tolist(),
            "step": branch.resume.step, "number": branch.resume.number,
            "longest": branch.resume.longest,
        },
    }  # fmt: skip
    dataset = branch.data.assign(
        mesh=(("point", "mesh_node"), meshes),
        profile=(("point", "node", "coordinate"), profiles),
    ).assign_attrs(dynsys=json.dumps(head))
    return write_atomically(_netcdf(path), lambda draft: dataset.to_netcdf(draft, engine="netcdf4"))


def _cycles(dataset: xr.Dataset) -> CycleBranch:
    from continuation.cycle_branch import Cycle, CycleBranch, Resume
    from continuation.cycle_tracing import CycleSettings
    from continuation.orbits import Direction, Orbit, Solver

    head = json.loads(dataset.attrs["dynsys"])
    model, name = from_dict(head["model"]), head["parameter"]
    solver = Solver(model, {name: tuple(head["span"])})
    orbits = []
    for k in range(dataset.sizes["point"]):
        mesh = dataset["mesh"].values[k]
        mesh = np.ascontiguousarray(mesh[np.isfinite(mesh)])
        u = np.ascontiguousarray(dataset["profile"].values[k, : (len(mesh) - 1) * DEGREE + 1])
        orbits.append(Orbit(mesh, u, np.array([dataset["period"][k], dataset[name][k]])))
    special = []
    for c in head["special_points"]:
        orbit = Orbit(np.array(c["mesh"]), np.array(c["u"]), np.array(c["z"]))
        found = np.array([complex(*pair) for pair in c["multipliers"]])
        special.append(
            Cycle(solver.at(orbit), orbit, solver, found, c["trivial_error"], c["label"], c["name"])
        )
    resume = head["resume"]
    direction = Direction(np.array(resume["u"]), np.array(resume["z"]))
    return CycleBranch(
        model, name, dataset.drop_vars(["mesh", "profile"]).drop_attrs(deep=False), tuple(orbits),
        tuple(special), tuple(head["ended"]), solver, CycleSettings(**head["settings"]),
        Resume(direction, resume["step"], resume["number"], resume["longest"]),
    )  # fmt: skip


def load(path: str | Path) -> Branch | CycleBranch | Diagram:
    """Read what ``save`` wrote.

    Raises StorageError where the file is missing, damaged or not one of ours.

    Example
    -------
    >>> diagram = load("figure2a/diagram.nc")
    """
    try:
        with xr.open_datatree(Path(path), engine="netcdf4") as tree:
            head = json.loads(tree.attrs["dynsys"])
            if head["format"] != FORMAT:
                raise StorageError(
                    f"{path} has format {head['format']}; this version reads {FORMAT}"
                )
            if head["kind"] == "diagram":
                return _diagram(head, tree)
            if head["kind"] == "limit cycles":
                return _cycles(tree.to_dataset().load())
            return _branch(tree.to_dataset().load())
    except (OSError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"{path} cannot be read as a branch or diagram ({error}); compute it again"
        ) from error


def _netcdf(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".nc" else path.with_name(path.name + ".nc")


def _branch_dataset(branch: Branch) -> xr.Dataset:
    head = {
        "format": FORMAT,
        "kind": branch.kind,
        "model": to_dict(branch.model),
        "parameters": branch.parameters,
        "spans": branch.spans,
        "settings": asdict(branch.settings),
        "ended": branch.ended,
        "special_points": [_point_data(p) for p in branch.special_points],
    }
    return branch.data.assign_attrs(dynsys=json.dumps(head))


def _point_data(point: SpecialPoint) -> dict[str, Any]:
    return {
        "label": point.label,
        "name": point.name,
        "state": point.state.tolist(),
        "parameters": dict(point.parameters),
        "eigenvalues": [[z.real, z.imag] for z in np.asarray(point.eigenvalues, complex)],
        "free": point.free,
        "frequency": point.frequency,
        "coefficients": dict(point.coefficients),
        "certificate": dict(point.certificate),
        "index": point.index,
        "piece": point.piece,
    }


def _point(model: VectorField, data: dict[str, Any]) -> SpecialPoint:
    return SpecialPoint(
        label=data["label"],
        name=data["name"],
        state=np.array(data["state"]),
        parameters=data["parameters"],
        eigenvalues=np.array([complex(*z) for z in data["eigenvalues"]]),
        model=model.with_parameters(**data["parameters"]),
        free=tuple(data["free"]),
        frequency=data["frequency"],
        coefficients=data["coefficients"],
        certificate=data["certificate"],
        index=data["index"],
        piece=data["piece"],
    )


def _branch(dataset: xr.Dataset, model: VectorField | None = None) -> Branch:
    head = json.loads(dataset.attrs["dynsys"])
    stored = from_dict(head["model"])
    own = stored if model is None else model.with_parameters(**stored.parameters)
    return Branch(
        kind=head["kind"],
        model=own,
        parameters=tuple(head["parameters"]),
        spans={k: tuple(v) for k, v in head["spans"].items()},
        data=dataset.drop_attrs().assign(
            {k: dataset[k].assign_attrs(dataset[k].attrs) for k in dataset.data_vars}
        ),
        special_points=tuple(_point(own, p) for p in head["special_points"]),
        ended=tuple(tuple(pair) for pair in head["ended"]),
        settings=Settings(**head["settings"]),
    )


def _diagram(head: dict[str, Any], tree: xr.DataTree) -> Diagram:
    model = from_dict(head["model"])
    groups = {name: node.to_dataset().load() for name, node in tree.children.items()}

    def branches(kind: str) -> tuple[Branch, ...]:
        return tuple(_branch(groups[k], model) for k in sorted(groups) if k.startswith(kind))

    return Diagram(
        model=model,
        x=tuple(head["x"]),
        y=tuple(head["y"]),
        curves=branches("curve"),
        lines=branches("line"),
        regimes=_graph(head["regimes"]),
        settings=Settings(**head["settings"]),
    )


def _graph_data(graph: nx.Graph) -> dict[str, Any]:
    nodes = [
        {
            **data,
            "polygon": data["polygon"].wkt,
            "words": {k: v.tolist() for k, v in data["words"].items()},
        }
        for _, data in sorted(graph.nodes(data=True))
    ]
    return {"nodes": nodes, "edges": [[a, b, data] for a, b, data in graph.edges(data=True)]}


def _graph(content: dict[str, Any]) -> nx.Graph:
    graph = nx.Graph()
    for number, data in enumerate(content["nodes"]):
        restored = {
            **data,
            "attractors": tuple(data["attractors"]),
            "polygon": shapely.from_wkt(data["polygon"]),
            "words": {k: np.array(v) for k, v in data["words"].items()},
        }
        graph.add_node(number, **restored)
    for a, b, data in content["edges"]:
        graph.add_edge(a, b, **data)
    return graph
