"""dynsys: what a model is — vector fields, delays, transfer functions, simulation."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.delays import delay
from dynsys.errors import ConvergenceError, DynsysError, ModelError, StorageError, UnknownNameError
from dynsys.tables import SmoothTable
from dynsys.vector_field import VectorField

# The integrators compile on their first import, doors to other tools are rarely opened.
_LAZY = {
    "Coupling": "dynsys.coupling",
    "Diffusion": "dynsys.coupling",
    "Pattern": "dynsys.simulation.graph_runs",
    "Tolerance": "dynsys.simulation",
    "couple": "dynsys.coupling",
    "frequency_response": "dynsys.linear_response",
    "read_ode": "dynsys.exchange.ode_reader",
    "read_pydstool": "dynsys.exchange.pydstool_specification",
    "simulate": "dynsys.simulation",
    "simulate_ensemble": "dynsys.simulation",
    "simulate_nodes": "dynsys.simulation.graph_runs",
}

__all__ = [
    "Attractors",
    "ConvergenceError",
    "Coupling",
    "Diffusion",
    "DynsysError",
    "ModelError",
    "Observable",
    "Parameter",
    "Pattern",
    "SmoothTable",
    "State",
    "StorageError",
    "Tolerance",
    "UnknownNameError",
    "VectorField",
    "couple",
    "delay",
    "frequency_response",
    "read_ode",
    "read_pydstool",
    "simulate",
    "simulate_ensemble",
    "simulate_nodes",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
