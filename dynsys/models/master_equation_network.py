"""The circuit behind a ``master_equation(...)`` model, at the model's parameter values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np

from dynsys.cells import Cell
from dynsys.errors import ModelError, UnknownNameError
from dynsys.models.master_equation import master_equation
from dynsys.transfer.circuits import Circuit, find_circuit
from dynsys.transfer.networks import Drive, Network, Projection, Receptor
from dynsys.vector_field import VectorField

_OF_CELL = {"a": "a", "b": "b", "tau_w": "tau_w"}  # parameters with the tail of the current's name


def is_master_equation(model: VectorField) -> bool:
    """Whether a model is ``master_equation(...)``, whose rates relax to F within T."""
    rates = [name for name in model.states if name.startswith("nu_")]
    known = all(f"F_{name[3:]}" in model.definitions for name in rates)
    return bool(rates) and known and "T" in model.parameters


def circuit_of(model: VectorField, circuit: Circuit | None = None) -> Circuit:
    """The circuit a ``master_equation(...)`` model was made from, as it was then.

    Parameters
    ----------
    circuit : the one it was made from, if the library does not have it.

    Raises
    ------
    ModelError for another model, or where the circuit's mean field has other equations.
    """
    if not is_master_equation(model):
        raise ModelError(f"{model.name} is no master equation; no circuit of cells is behind it")
    name = model.meaning.rsplit(": ", 1)[-1]
    found = circuit
    if found is None:
        try:
            found = find_circuit(name, "(legacy_sigma)" in model.source)
        except UnknownNameError as error:
            raise ModelError(
                f"the circuit {name} is not in the library; pass the one the model was made with, "
                "circuit=circuit"
            ) from error
    order = 2 if any(state.startswith("c_") for state in model.states) else 1
    if not _alike(model, master_equation(found, order)):
        raise ModelError(
            f"the mean field of the circuit {found.name} has other equations than this model; pass "
            "the circuit it was made with, circuit=circuit"
        )
    return found


def _alike(model: VectorField, other: VectorField) -> bool:
    """Whether two models are the same function, however their equations are written."""
    if tuple(model.states) != tuple(other.states) or set(model.parameters) != set(other.parameters):
        return False
    same = other.with_parameters(**model.parameters)
    low, high = np.array([state.range or (0.0, 1.0) for state in model.states.values()]).T
    places = [low + share * (high - low) for share in (0.05, 0.1, 0.3)]
    return all(np.allclose(model.rhs(x), same.rhs(x), rtol=1e-9, atol=1e-12) for x in places)


def cells_at(circuit: Circuit, values: Mapping[str, float]) -> dict[str, Cell]:
    """The circuit's cells with a model's parameter values."""
    cells = {}
    for label, cell in circuit.cells.items():
        changed = {"E_L": values[f"E_L_{label}"]}
        if label in circuit.adapting:
            tail = "" if len(circuit.adapting) == 1 else f"_{label}"
            changed |= {name: values[name + tail] for name in _OF_CELL}
        own = {f.name for f in fields(cell)}
        different = {k: v for k, v in changed.items() if getattr(cell, k) != v}
        fixed = set(different) - own
        if fixed:
            raise ModelError(f"{', '.join(sorted(fixed))} of {cell.name} is part of its equations")
        cells[label] = replace(cell, **different) if different else cell  # type: ignore[arg-type]
    return cells


def network_at(
    circuit: Circuit, values: Mapping[str, float], neurons: Mapping[str, int]
) -> Network:
    """The circuit's network with a model's values and so many cells."""
    network = circuit.network
    receptors = {
        source: Receptor(
            values.get(f"tau_{source}", r.tau), values.get(f"E_{source}", r.E), r.inhibitory
        )
        for source, r in network.receptors.items()
    }
    projections = tuple(
        Projection(p.source, p.target, _of(values, "K", p) / p.release, _of(values, "Q", p),
                   p.release)
        for p in network.projections
    )  # fmt: skip
    drives = {}
    for name, drive in network.drives.items():
        shares = drive.shares
        if shares is not None:
            shares = {t: values.get(f"{name}_to_{t}", shares.get(t, 0.0)) for t in network.neurons}
        drives[name] = Drive(drive.along, values.get(name, drive.rate), drive.meaning, shares)
    return replace(
        network, neurons=neurons, receptors=receptors, projections=projections, drives=drives
    )


def _of(values: Mapping[str, float], kind: str, p: Projection) -> float:
    """K or Q of a projection: one for all targets of a source where these were equal."""
    common = f"{kind}_{p.source}"
    return values[common] if common in values else values[f"{common}_{p.target}"]
