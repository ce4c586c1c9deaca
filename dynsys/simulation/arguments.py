"""What the compiled integrators take: rates of change, a method, the stencils of the past.

Each is one argument; ``integration``, ``graph_runs`` and ``adaptive`` fill them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numba import float64, types

from dynsys.compiled.kernels import FIELD, FIELD_TYPE, OBSERVABLES, OBSERVABLES_TYPE
from dynsys.compiled.records import Matrix, Vector, record
from dynsys.numba_cache import njit


@record
class Rates(NamedTuple):
    """A model's compiled functions: see ``Motion``; ``room`` is the length of what ``field`` and
    ``watch`` write to, ``rows`` that of parameters with what ``prepare`` computes of them.
    ``poles``: whether the field may be infinite between two states where it is not."""

    field: Annotated[Callable, FIELD_TYPE]
    watch: Annotated[Callable, FIELD_TYPE]
    diffusion: Annotated[Callable, OBSERVABLES_TYPE]
    relaxation: Annotated[Callable, FIELD_TYPE]
    prepare: Annotated[Callable, FIELD_TYPE]
    tables: Vector
    room: int
    rows: int
    poles: bool


@record
class Method(NamedTuple):
    """A Runge-Kutta method: a (s, s), b (s,), c (s,), and how many points read the past; or, of one
    stage, ``exponential`` (``exponential_step``)."""

    a: Matrix
    b: Vector
    c: Vector
    points: int
    exponential: bool


@njit([OBSERVABLES], cache=True)
def no_noise(x, p, t, out):
    """Stands for the amplitudes of the noise where there is none."""
    for k in range(out.shape[0]):
        out[k] = 0.0


@njit([FIELD], cache=True)
def no_relaxation(x, p, t, out):
    """Stands for the factors of the states in their own equations where no method asks for them."""
    for k in range(x.shape[0]):
        out[k] = 0.0


@dataclass(frozen=True)
class Tableau:
    """A Runge-Kutta method: stages, weights, times (0, 1/2 or 1), points that read the past."""

    name: str
    order: int
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]
    points: int
    exponential: bool = False

    def method(self) -> Method:
        """The method as the compiled integrators take it."""
        return Method(
            np.array(self.a), np.array(self.b), np.array(self.c), self.points, self.exponential
        )


EULER = Tableau("euler", 1, ((0.0,),), (1.0,), (0.0,), 2)
HEUN = Tableau("heun", 2, ((0.0, 0.0), (1.0, 0.0)), (0.5, 0.5), (0.0, 1.0), 4)
RK4 = Tableau(
    "rk4", 4,
    ((0.0,) * 4, (0.5, 0.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)),
    (1 / 6, 1 / 3, 1 / 3, 1 / 6), (0.0, 0.5, 0.5, 1.0), 4,
)  # fmt: skip
TABLEAUS = {method.name: method for method in (EULER, HEUN, RK4)}
EXPONENTIAL = Tableau("exponential", 2, ((0.0,),), (1.0,), (0.0,), 4, exponential=True)
METHODS = TABLEAUS | {EXPONENTIAL.name: EXPONENTIAL}


@record
class Stencils(NamedTuple):
    """Where and with which weights the delayed signals of every stage are read.

    For stage s and signal k: the cell ``base[s, k]`` steps from now, the first node of the stencil
    ``low[s, k, v]`` relative to it and the weights, for v = 0 (no kink), 1 (a kink at the cell's
    left end) and 2 (at its right end).
    """

    base: Annotated[np.ndarray, types.Array(types.int64, 2, "C")]
    low: Annotated[np.ndarray, types.Array(types.int64, 3, "C")]
    weights: Annotated[np.ndarray, types.Array(float64, 4, "C")]
