"""Points of a branch where a quantity of the user's own takes a value (AUTO's UZ points)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from continuation.engine.following import Follower
from continuation.engine.special_points import SpecialPoint, numbered
from continuation.steady_states.branch import Branch
from continuation.steady_states.certificates import make_point
from continuation.steady_states.refollowing import follower_of, scaled_points, set_border
from continuation.user_functions.returned import returned_number
from dynsys import checks
from dynsys.errors import ModelError, unknown_name

if TYPE_CHECKING:
    from continuation.cycles.branch import CycleBranch
    from continuation.cycles.curves import CycleCurve
    from continuation.cycles.cycle import Cycle

UserFunction = Callable[[Mapping[str, float]], float]


def _of_cycles(branch: object) -> bool:
    """Whether it is a branch or curve of cycles, told by its name: their engine compiles late."""
    return type(branch).__name__ in ("CycleBranch", "CycleCurve")


def user_points(
    branch: Branch | CycleBranch | CycleCurve,
    quantity: str | Callable[..., float],
    value: float = 0.0,
) -> tuple[SpecialPoint, ...] | tuple[Cycle, ...]:
    """Every point of a branch where a quantity equals ``value``, located on the curve itself.

    Parameters
    ----------
    branch : equilibria, a fold curve, a Hopf curve, limit cycles or a curve of bifurcating cycles.
    quantity : name of a state, observable or parameter, or a function of a mapping that holds all
        of them by name. ``model.with_observables(sum="x + y")`` makes names of expressions. For
        cycles: "period", "frequency", a free parameter, ``"min_..."`` or ``"max_..."`` of an
        observable, of curves also "angle" and ``"normal_form_..."`` as in their data, or a function
        of a ``Cycle``.
    value : what it should equal.

    Returns
    -------
    Points (or cycles) labelled UZ and named UZ1, UZ2, ... in order along the branch, with
    normal-form coefficients left out; a quantity that touches the value without crossing it, or
    jumps past it as at a pole, is not found.

    Raises
    ------
    UnknownNameError for a name the model does not have; ModelError where a function returns no
    number.

    Example
    -------
    >>> from dynsys.models import wilson_cowan
    >>> branch = equilibria(wilson_cowan(), "P", (-3, 6))
    >>> user_points(branch, "E", 0.5)
    >>> user_points(branch, lambda v: v["E"] - v["I"])
    """
    checks.number("value", value)
    if not callable(quantity):
        checks.text("quantity", quantity)
    if not isinstance(branch, Branch) and not _of_cycles(branch):
        raise ModelError(
            f"{branch!r} is no branch; give the result of equilibria, fold_curve, hopf_curve or "
            "limit_cycles"
        )
    if not isinstance(branch, Branch):
        # The cycle engine compiles on its first import; branches of equilibria do not need it.
        from continuation.user_functions.cycles import user_cycles

        return user_cycles(branch, quantity, value)
    follower = follower_of(branch)
    measure = _measure(follower, quantity, value)
    found: list[SpecialPoint] = []
    offset = 0
    for number, points in enumerate(scaled_points(branch, follower)):
        for k, y in _crossings(follower, points, measure):
            residual = float(np.max(np.abs(follower.evaluate(y)[0])))
            point = make_point(follower, y, "UZ", None, residual)
            found.append(replace(point, piece=number, index=offset + k))
        offset += len(points)
    return numbered(found)


def _measure(
    follower: Follower, quantity: str | UserFunction, value: float
) -> Callable[[np.ndarray], float]:
    """The quantity less its value at scaled unknowns."""
    model = follower.model
    known = [*model.states, *model.observables, *model.parameters]
    if isinstance(quantity, str) and quantity not in known:
        raise unknown_name("state, observable or parameter", quantity, known, model.name)

    def at(y: np.ndarray) -> float:
        here, x = follower.at(y), follower.state(y)
        names: dict[str, float] = dict(here.parameters) | here.observe(x)
        names |= dict(zip(model.states, x.tolist(), strict=False))
        if isinstance(quantity, str):
            # An observable of a state's name is what the user sees of it.
            seen = here.observe(x) if quantity in model.observables else names
            return seen[quantity] - value
        return returned_number(quantity, names) - value

    return at


def _crossings(
    follower: Follower, points: np.ndarray, measure: Callable[[np.ndarray], float]
) -> Iterator[tuple[int, np.ndarray]]:
    values = np.array([measure(y) for y in points])
    for k in np.flatnonzero(values == 0.0):
        yield int(k), points[k]
    for k in np.flatnonzero(values[:-1] * values[1:] < 0):
        y = _zero(follower, points[k], points[k + 1], measure)
        if y is not None:
            yield int(k), y


def _zero(
    follower: Follower,
    left: np.ndarray,
    right: np.ndarray,
    measure: Callable[[np.ndarray], float],
) -> np.ndarray | None:
    row = (right - left) / np.linalg.norm(right - left)
    set_border(follower, left)

    def at(fraction: float) -> np.ndarray | None:
        guess = left + fraction * (right - left)
        return follower.correct(guess, row, float(row @ guess))

    def of(fraction: float) -> float:
        y = at(fraction)
        return np.nan if y is None else measure(y)

    try:
        root = brentq(of, 0.0, 1.0, xtol=1e-15, rtol=1e-14)
    except ValueError:  # Newton failed on the way
        return None
    return at(root) if abs(of(root)) < min(abs(of(0.0)), abs(of(1.0))) else None  # or a pole
