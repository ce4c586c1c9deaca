"""Points of an ensemble: a grid of parameter values, or a list of points, times seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynsys import checks
from dynsys.definition import check_parameter
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Points:
    """``values`` (P, m): all parameters of every point; ``seeds`` (P,) or None.

    ``shape`` and ``dims`` arrange the points; ``coords`` name them for xarray.
    """

    values: np.ndarray
    seeds: np.ndarray | None
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    coords: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.values)


def arrange(
    model: VectorField,
    parameters: Mapping[str, Sequence[float]] | None,
    points: Mapping[str, Sequence[float]] | None,
    seeds: Sequence[int] | None,
) -> Points:
    """Every combination of ``parameters``, or the listed ``points``; each with every seed."""
    every = checks.mapping("parameters", parameters, "{'k': [1, 2]}")
    listed = checks.mapping("points", points, "{'k': [1, 2]}")
    if every and listed:
        raise ModelError("give parameters (every combination) or points (a list), not both")
    values = every or listed
    given = {k: np.atleast_1d(checks.numbers(f"the values of {k}", v)) for k, v in values.items()}
    for name, array in given.items():
        checks.known("parameter", name, model.parameters, model.name)
        if array.ndim != 1 or array.size == 0:
            raise ModelError(f"the values of {name} have shape {array.shape}; give a list of them")
        for value in (array.min(), array.max()):
            check_parameter(model.name, name, model.declared_parameters[name], value)
    coords: dict[str, Any] = {}
    if points:
        sizes = {name: len(array) for name, array in given.items()}
        if len(set(sizes.values())) > 1:
            raise ModelError(f"points need as many values of each parameter; got {sizes}")
        dims: tuple[str, ...] = ("point",)
        shape: tuple[int, ...] = (next(iter(sizes.values())),)
        coords |= {k: ("point", v, {"units": model.unit(k)}) for k, v in given.items()}
        columns = given
    else:
        dims, shape = tuple(given), tuple(len(v) for v in given.values())
        coords |= {k: (k, v, {"units": model.unit(k)}) for k, v in given.items()}
        mesh = np.meshgrid(*given.values(), indexing="ij") if given else []
        columns = {k: m.ravel() for k, m in zip(given, mesh, strict=True)}
    count = int(np.prod(shape)) if shape else 1
    table = np.tile(model.parameter_array(), (count, 1))
    for name, column in columns.items():
        table[:, model.parameter_index(name)] = column
    numbers = None
    if seeds is not None:
        if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
            raise ModelError(f"seeds is {seeds!r}; give a list of whole numbers, as range(10)")
        own = np.array([checks.seed(s, "a seed") for s in seeds], dtype=np.int64)
        if own.size == 0:
            raise ModelError("seeds is empty; give at least one")
        table, numbers = np.repeat(table, len(own), axis=0), np.tile(own, count)
        dims, shape = (*dims, "seed"), (*shape, len(own))
        coords["seed"] = ("seed", own)
    return Points(table, numbers, dims, shape, coords)
