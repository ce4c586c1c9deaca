"""dynsys: what a model is — vector fields, delays, transfer functions, simulation."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.delays import delay
from dynsys.errors import ConvergenceError, DynsysError, ModelError, StorageError, UnknownNameError
from dynsys.tables import SmoothTable
from dynsys.vector_field import VectorField

# The integrators compile on their first import; a model should not wait for them.
_LAZY = ("Tolerance", "simulate", "simulate_ensemble")

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
    "Tolerance",
    "UnknownNameError",
    "VectorField",
    "delay",
    "simulate",
    "simulate_ensemble",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module("dynsys.simulation"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
