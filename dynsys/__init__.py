"""dynsys: what a model is — vector fields, delays, transfer functions, compiled code."""

from dynsys.definition import Attractors, Observable, Parameter, State
from dynsys.delays import delay
from dynsys.errors import ConvergenceError, DynsysError, ModelError, StorageError, UnknownNameError
from dynsys.tables import SmoothTable
from dynsys.vector_field import VectorField

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
]
