"""A model as compiled loops see it: the vector field, its derivatives, what of it is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np

from dynsys.compiled.kernels import (
    FIELD_TYPE,
    JACOBIAN_TANGENT_TYPE,
    JACOBIAN_TYPE,
    TANGENT_TYPE,
    no_second_derivatives,
)
from dynsys.compiled.records import Indices, Vector, record
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
    tables: Vector
    p: Vector
    free: Indices
    scale: Vector


def field_of(
    model: VectorField, p: np.ndarray, free: np.ndarray, scale: np.ndarray, second: bool
) -> Field:
    """The field of a model; without ``second`` the Jacobian's derivative is not compiled."""
    c = model.compiled
    return Field(
        f=c.field,
        jacobian=c.jacobian,
        tangent=c.tangent,
        jacobian_tangent=c.jacobian_tangent if second else no_second_derivatives,
        tables=c.tables,
        p=p,
        free=free,
        scale=scale,
    )
