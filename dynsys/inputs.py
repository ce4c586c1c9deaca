"""Inputs a model brings along, as formulas of the time, and the unit of brief ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from dynsys import checks
from dynsys.definition import Reader, check_known, symbol

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

TIME = symbol("t")


def read_inputs(
    owner: str, given: Mapping[str, Any] | None, parameters: Mapping[str, Any]
) -> Mapping[str, sympy.Expr]:
    """Parameter -> formula of t and of parameters; UnknownNameError for any other name."""
    read = Reader(owner, [*parameters, TIME.name], {})
    courses = checks.mapping(f"{owner}: inputs", given, "{'I': 'sin(t)'}")
    return read.mapping(check_known(courses, parameters, "parameter", owner))


def course_of(
    expression: sympy.Expr, parameters: Mapping[str, float]
) -> Callable[[np.ndarray], np.ndarray]:
    """A formula of the time t and of parameters as a function of an array of times.

    Example
    -------
    >>> course_of(symbol("a") * TIME, {"a": 2.0})(np.array([1.0, 3.0]))
    array([2., 6.])
    """
    used = tuple(sorted(s.name for s in expression.free_symbols - {TIME}))
    formula, values = _formula(expression, used), [float(parameters[k]) for k in used]

    def course(times: np.ndarray) -> np.ndarray:
        t = np.asarray(times, float)
        with np.errstate(all="ignore"):  # numpy evaluates every branch of a condition
            return np.broadcast_to(np.asarray(formula(t, *values), float), t.shape).copy()

    return course


@lru_cache(maxsize=256)
def _formula(expression: sympy.Expr, used: tuple[str, ...]) -> Callable[..., np.ndarray]:
    from scipy import special  # only inputs that are formulas need it

    own = {"erf": special.erf, "erfc": special.erfc}
    # The expression was built by our parser, out of names and functions it knows.
    return sympy.lambdify(  # noqa: TID251
        [TIME, *map(symbol, used)], expression, [own, "numpy"]
    )


def impulse_unit(model: VectorField, name: str) -> str:
    """The unit of a brief input: of a state a jump, of a parameter its change times its duration.

    Example
    -------
    >>> impulse_unit(aln(), "mu_e")
    '(mV/ms) ms'
    """
    unit = model.unit(name)
    if name in model.states or not model.time_unit:
        return unit
    return " ".join(filter(None, (f"({unit})" if "/" in unit else unit, model.time_unit)))
