"""dynsys: what a model is — vector fields, delays, transfer functions, compiled code."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.delays import delay
from dynsys.errors import ConvergenceError, DynsysError, ModelError, StorageError, UnknownNameError
from dynsys.tables import SmoothTable
from dynsys.vector_field import VectorField

# Doors to other tools; most sessions never open them.
_LAZY = {
    "read_ode": "dynsys.exchange.ode_reader",
    "read_pydstool": "dynsys.exchange.pydstool_specification",
}

__all__ = [
    "Attractors",
    "ConvergenceError",
    "DynsysError",
    "ModelError",
    "Observable",
    "Parameter",
    "SmoothTable",
    "State",
    "StorageError",
    "UnknownNameError",
    "VectorField",
    "delay",
    "read_ode",
    "read_pydstool",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
