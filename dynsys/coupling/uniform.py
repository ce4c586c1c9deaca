"""The homogeneous state of a coupled model: all nodes alike, as one model of a single node."""

from __future__ import annotations

import numpy as np

from dynsys.coupling.coupled_field import CoupledField
from dynsys.definition import Parameter, symbol
from dynsys.errors import ModelError
from dynsys.variants import substituted
from dynsys.vector_field import VectorField


def total_weights(field: CoupledField) -> list[float]:
    """Sum of the weights that arrive at a node, for every coupling; ModelError where nodes differ.

    A diffusive coupling carries nothing between equal nodes: 0.
    """
    result = []
    for table in field.edge_tables:
        sums = np.bincount(
            table.receivers, table.weights(field.parameters), minlength=len(field.nodes)
        )
        if table.coupling.diffusive:
            sums[:] = 0.0
        size = max(float(np.max(np.abs(sums))), 1e-300)
        if np.ptp(sums) > 1e-9 * size:
            low, high = int(np.argmin(sums)), int(np.argmax(sums))
            raise ModelError(
                f"{field.name} has no homogeneous state: the weights of {table.coupling.source} "
                f"that arrive add up to {sums[low]:.6g} at node {field.nodes[low]!r} and to "
                f"{sums[high]:.6g} at node {field.nodes[high]!r}; scale them to one sum"
            )
        result.append(float(np.mean(sums)))
    return result


def uniform_model(field: CoupledField) -> VectorField:
    """The model of one node when all nodes do the same and delays on edges are left out.

    The weights that arrive add up to its parameters ``total_weight_1``, ... (one per coupling).

    Its equilibria are exactly the homogeneous ones of the coupled model; what their stability is
    tells ``continuation.dispersion``, not this model.

    Raises
    ------
    ModelError where nodes differ in a parameter or in the weights that arrive.

    Example
    -------
    >>> uniform_model(ring("zerlaut2018")).equilibrium()["nu_e"]
    """
    if field.own_parameters:
        rows = [field.node_parameters(j) for j in range(len(field.nodes))]
        for k in field.own_parameters:
            if len({row[k] for row in rows}) > 1:
                raise ModelError(f"{field.name} has no homogeneous state: its nodes differ in {k}")
    model = field.node_model
    received = {symbol(t): symbol(t) for t in field.targets}
    extra, totals = {}, {}
    for number, (table, weight) in enumerate(
        zip(field.edge_tables, total_weights(field), strict=True), 1
    ):
        # A parameter, so that all graphs share one compiled model.
        total = f"total_weight_{number}"
        meaning = f"weights of {table.coupling.source} that arrive at a node"
        extra[total], totals[total] = Parameter(1.0, "", meaning), weight
        received[symbol(table.coupling.target)] += symbol(total) * table.source
        for s in table.source.free_symbols:
            if s.name in field.declared_parameters and s.name not in model.parameters:
                extra[s.name] = field.declared_parameters[s.name]
                totals[s.name] = field.parameters[s.name]
    uniform = VectorField(
        name=f"{model.name}_uniform",
        meaning=f"{model.name}, all nodes alike",
        states=model.states,
        parameters={**model.declared_parameters, **extra},
        **substituted(model, received),
    )
    return uniform.with_parameters(**field.node_parameters(0), **totals)
