"""A model as compiled loops see it: the vector field, its derivatives, what of it is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numba import types

from dynsys.compiled.kernels import (
    FIELD_TYPE,
    JACOBIAN_TANGENT_TYPE,
    JACOBIAN_TYPE,
    LINEARIZATION_TYPE,
    MATRIX,
    TANGENT_TYPE,
    VECTOR,
    no_linearization,
    no_rates,
    no_second_derivatives,
)
from dynsys.compiled.records import CUBE, Indices, Vector, record
from dynsys.numba_cache import njit
from dynsys.vector_field import VectorField


@record
class Field(NamedTuple):
    """A vector field f(x, p) with its derivatives (signatures in ``dynsys.compiled.kernels``).

    ``tables`` packed, ``p`` (m,) parameters, of which those at ``free`` (k,) are unknowns.
    ``scale`` holds the units of the unknowns, first those of the n states.
    """

    f: Annotated[Callable, FIELD_TYPE]
    jacobian: Annotated[Callable, JACOBIAN_TYPE]
    tangent: Annotated[Callable, TANGENT_TYPE]
    jacobian_tangent: Annotated[Callable, JACOBIAN_TANGENT_TYPE]
    linearize: Annotated[Callable, LINEARIZATION_TYPE]
    rates: Annotated[Callable, FIELD_TYPE]
    tables: Vector
    p: Vector
    free: Indices
    scale: Vector


def field_of(
    model: VectorField, p: np.ndarray, free: np.ndarray, scale: np.ndarray, second: bool,
    linearized: bool = False,
) -> Field:  # fmt: skip
    """The field of a model; without ``second`` the Jacobian's derivative is not compiled, and
    without ``linearized``, which cycles ask for, what is computed at several states at once."""
    c = model.compiled
    return Field(
        f=c.field,
        jacobian=c.jacobian,
        tangent=c.tangent,
        jacobian_tangent=c.jacobian_tangent if second else no_second_derivatives,
        linearize=c.linearize if linearized else no_linearization,
        rates=c.rates if linearized else no_rates,
        tables=c.tables,
        p=p,
        free=free,
        scale=scale,
    )


@njit([types.void(FIELD_TYPE, MATRIX, VECTOR, VECTOR, MATRIX)], cache=True, nogil=True)
def _rates(field, states, p, tables, out):
    for k in range(states.shape[0]):
        field(states[k], p, tables, out[k])


@njit([types.void(JACOBIAN_TYPE, MATRIX, VECTOR, VECTOR, CUBE)], cache=True, nogil=True)
def _jacobians(jacobian, states, p, tables, out):
    for k in range(states.shape[0]):
        jacobian(states[k], p, tables, out[k])


def rates(model: VectorField, states: np.ndarray, p: np.ndarray | None = None) -> np.ndarray:
    """Time derivatives (k, n) at states (k, n), of the model or at other parameters ``p``."""
    c, states = model.compiled, np.ascontiguousarray(states)
    out = np.empty(states.shape)
    _rates(c.field, states, model.parameter_array() if p is None else p, c.tables, out)
    return out


def jacobians(model: VectorField, states: np.ndarray) -> np.ndarray:
    """Jacobians (k, n, n) at states (k, n)."""
    c, states = model.compiled, np.ascontiguousarray(states)
    out = np.empty((*states.shape, states.shape[1]))
    _jacobians(c.jacobian, states, model.parameter_array(), c.tables, out)
    return out
