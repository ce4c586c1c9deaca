"""The signatures of a model's compiled functions.

Engines take these as numba first-class functions, so that one compiled engine serves every model.
Shapes: ``x`` (n,), ``p`` (m,), ``t`` the packed tables of the model, ``out`` the result. Functions
of ``WIDTH`` states at once, ``linearize`` and ``rates``, take and give those side by side: number k
of state l is at ``k * WIDTH + l``.
"""

from __future__ import annotations

import warnings

import numpy as np
from numba import complex128, float64, types
from numba.core.errors import NumbaExperimentalFeatureWarning

from dynsys.compiled.functions import FunctionType
from dynsys.numba_cache import njit

# First-class functions have been stable since numba 0.49; the warning would meet every user.
warnings.filterwarnings("ignore", category=NumbaExperimentalFeatureWarning)

VECTOR = types.Array(float64, 1, "C")
MATRIX = types.Array(float64, 2, "C")
WIDTH = 8  # numbers that the widest vector instructions take at once
COMPLEX_MATRIX = types.Array(complex128, 2, "C")

FIELD = types.void(VECTOR, VECTOR, VECTOR, VECTOR)
JACOBIAN = types.void(VECTOR, VECTOR, VECTOR, MATRIX)
TANGENT = types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, VECTOR)
LINEARIZATION = types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR)
SINGLE = types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, MATRIX, VECTOR)
JACOBIAN_TANGENT = types.void(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR, MATRIX)
TAYLOR = types.void(COMPLEX_MATRIX, COMPLEX_MATRIX, VECTOR, COMPLEX_MATRIX)
OBSERVABLES = types.void(VECTOR, VECTOR, VECTOR, VECTOR)
DOMAIN = float64(VECTOR, VECTOR, VECTOR)

FIELD_TYPE = FunctionType(FIELD)
JACOBIAN_TYPE = FunctionType(JACOBIAN)
TANGENT_TYPE = FunctionType(TANGENT)
LINEARIZATION_TYPE = FunctionType(LINEARIZATION)
JACOBIAN_TANGENT_TYPE = FunctionType(JACOBIAN_TANGENT)
TAYLOR_TYPE = FunctionType(TAYLOR)
OBSERVABLES_TYPE = FunctionType(OBSERVABLES)
DOMAIN_TYPE = FunctionType(DOMAIN)


@njit([JACOBIAN_TANGENT], cache=True)
def no_second_derivatives(x, p, t, dx, dp, out):
    """Stands for a model's Jacobian derivative in tasks that never ask for it; writes NaN."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.nan


@njit([LINEARIZATION], cache=True)
def no_linearization(x, p, t, dp, out):
    """Stands for a model's field and derivatives in one, where only cycles ask for them."""
    out[:] = np.nan


@njit([FIELD], cache=True)
def no_rates(x, p, t, out):
    """Stands for a model's field at several states at once, where only cycles ask for it."""
    out[:] = np.nan
