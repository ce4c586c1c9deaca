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

from continuation.diagrams.diagram import Diagram
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch
from dynsys.errors import StorageError
from dynsys.netcdf import read_netcdf, write_netcdf
from dynsys.serialization import from_dict, to_dict
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch
    from continuation.cycles.curves import CycleCurve

FORMAT = 2


def save_branch(branch: Branch, path: str | Path) -> Path:
    """Write a branch; the file appears complete or not at all."""
    dataset = _branch_dataset(branch)
    return write_netcdf(dataset, _netcdf(path))


def save_diagram(diagram: Diagram, path: str | Path) -> Path:
    """Write a diagram with all its curves, scan lines and regions to one file."""
    from continuation.cycles.storage import dataset_of  # compiles the cycle engine

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
    for number, wave in enumerate(diagram.cycle_curves):
        groups[f"/wave{number:03d}"] = dataset_of(wave, "float32")
    for number, cycles in enumerate(diagram.cycles):
        groups[f"/cycles{number:03d}"] = dataset_of(cycles, "float32")
    tree = xr.DataTree.from_dict(groups)
    return write_netcdf(tree, _netcdf(path))


def save_cycles(branch: CycleBranch | CycleCurve, path: str | Path) -> Path:
    """Write a branch or curve of cycles with every orbit."""
    from continuation.cycles.storage import dataset_of

    dataset = dataset_of(branch)
    return write_netcdf(dataset, _netcdf(path))


def load(path: str | Path) -> Branch | CycleBranch | CycleCurve | Diagram:
    """Read what ``save`` wrote.

    Raises StorageError where the file is missing, damaged or not one of ours.

    Example
    -------
    >>> diagram = load("figure2a/diagram.nc")
    """
    tree = read_netcdf(path)
    try:
        head = json.loads(tree.attrs["dynsys"])
        if head["format"] != FORMAT:
            raise StorageError(f"{path} has format {head['format']}; this version reads {FORMAT}")
        if head["kind"] == "diagram":
            return _diagram(head, tree)
        if "spans_of_cycles" in head:
            from continuation.cycles.storage import cycles_from

            return cycles_from(tree.to_dataset())
        return _branch(tree.to_dataset())
    except StorageError:
        raise
    except Exception as error:  # whatever a file that is not ours, or hostile, leads to
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
        "steps": branch.steps,
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
        steps=tuple(tuple(pair) for pair in head["steps"]),
    )


def _diagram(head: dict[str, Any], tree: xr.DataTree) -> Diagram:
    from continuation.cycles.storage import cycles_from

    model = from_dict(head["model"])
    groups = {name: node.to_dataset().load() for name, node in tree.children.items()}

    def branches(kind: str) -> tuple[Branch, ...]:
        return tuple(_branch(groups[k], model) for k in sorted(groups) if k.startswith(kind))

    def waves(kind: str) -> tuple:
        return tuple(cycles_from(groups[k], model) for k in sorted(groups) if k.startswith(kind))

    return Diagram(
        model=model,
        x=tuple(head["x"]),
        y=tuple(head["y"]),
        curves=branches("curve"),
        lines=branches("line"),
        cycle_curves=waves("wave"),
        cycles=waves("cycles"),
        regimes=_graph(head["regimes"]),
        settings=Settings(**head["settings"]),
    )


def _graph_data(graph: nx.Graph) -> dict[str, Any]:
    nodes = [
        {
            **data,
            "polygon": data["polygon"].wkt,
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
        }
        graph.add_node(number, **restored)
    for a, b, data in content["edges"]:
        graph.add_edge(a, b, **data)
    return graph
