"""``fold_curve`` and ``hopf_curve``: codimension-one points in two free parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from continuation.borders import hopf_borders, null_vectors
from continuation.branch import Branch, make_dataset, reasons
from continuation.codimension_two import events
from continuation.following import Follower, check_span
from continuation.problems import FOLD, HOPF, Problem
from continuation.settings import Settings
from continuation.special_points import SpecialPoint, numbered
from dynsys.errors import ConvergenceError, ModelError

Spans = Mapping[str, tuple[float, float]]
FOLDS = ("LP", "CP", "BT", "ZH")
HOPFS = ("H", "GH", "BT", "ZH", "HH")


def fold_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
) -> Branch:
    """Follow a fold in two parameters, to both sides, through cusps.

    Parameters
    ----------
    point : an LP (or CP, BT, ZH) point of any branch.
    parameters : the two free parameters.
    spans : name -> (low, high); by default each parameter's value -+ 1, or -+ twice its size.

    Returns
    -------
    Branch of kind "fold curve" with CP, BT and ZH points and their normal forms.

    Example
    -------
    >>> curve = fold_curve(branch["LP1"], ("mu_e", "mu_i"))
    >>> curve["CP1"].parameters
    """
    _check_label(point, FOLDS, "fold_curve")
    follower = Follower(
        point.model, FOLD, _spans(point, parameters, spans), settings or Settings()
    )
    y = follower.scaled(point.state, *(point.parameters[k] for k in parameters))
    follower.border[0], follower.border[1] = _fold_border(follower, y)
    return _curve(follower, y, FOLD)


def hopf_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
    omega: float | None = None,
) -> Branch:
    """Follow a Hopf point in two parameters, to both sides, until omega vanishes at a BT point.

    Parameters
    ----------
    point : an H (or GH, ZH, HH, BT) point of any branch.
    omega : angular frequency to follow, where the point has several (Hopf-Hopf).

    Returns
    -------
    Branch of kind "hopf curve" with GH, BT, ZH and HH points and their normal forms.

    Example
    -------
    >>> curve = hopf_curve(branch["H2"], ("mu_e", "mu_i"))
    """
    _check_label(point, HOPFS, "hopf_curve")
    omega = point.omega if omega is None else omega
    kappa = 0.0 if omega is None or point.label == "BT" else omega**2
    scale = kappa or _typical_kappa(point)
    follower = Follower(
        point.model, HOPF, _spans(point, parameters, spans), settings or Settings(), scale
    )
    values = [point.parameters[k] for k in parameters]
    y = follower.scaled(point.state, *values, kappa)
    # Scaled Jacobian without the Hopf rows, which need the borders that follow from it.
    s = point.model.scales
    jacobian = point.model.jacobian(point.state) * s[None, :] / s[:, None]
    hopf_borders(jacobian, float(np.sqrt(kappa)), follower.border)
    return _curve(follower, y, HOPF)


def _curve(follower: Follower, y: np.ndarray, problem: Problem) -> Branch:
    tangent = follower.any_tangent(y)
    start = follower.correct(y, tangent, float(tangent @ y))
    if start is None or np.linalg.norm(start - y) > 0.1:
        where = ", ".join(f"{k} = {v:.6g}" for k, v in follower.values(y).items())
        raise ConvergenceError(
            f"Newton did not meet the {problem.name} at {where}: the point is not on it, or the "
            "curve is singular there; start from another point of the branch"
        )
    trace = follower.both_directions(start, tangent)
    found = list(events(follower, trace))
    return Branch(
        kind=problem.name,
        model=follower.model,
        parameters=follower.names,
        spans=follower.spans,
        data=make_dataset(follower, [trace], omega_column=problem is HOPF),
        special_points=numbered(replace(p, piece=0) for p in found),
        ended=(reasons(trace),),
        settings=follower.settings,
    )


def _fold_border(follower: Follower, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    model = follower.at(y)
    s = follower.scale[: follower.n]
    return null_vectors(model.jacobian(follower.state(y)) * s[None, :] / s[:, None])


def _spans(point: SpecialPoint, parameters: tuple[str, str], spans: Spans | None) -> Spans:
    if len(parameters) != 2 or len(set(parameters)) != 2:
        raise ModelError(f"parameters is {parameters!r}; give two different parameter names")
    result = {}
    for name in parameters:
        point.model.parameter_index(name)
        value = point.parameters[name]
        reach = 2 * max(abs(value), 1.0)
        given = (spans or {}).get(name, (value - reach, value + reach))
        low, high = check_span(point.model, name, given)
        if not low <= value <= high:
            raise ModelError(
                f"the point has {name} = {value:g}, outside the span ({low:g}, {high:g})"
            )
        result[name] = (low, high)
    return result


def _check_label(point: SpecialPoint, allowed: tuple[str, ...], function: str) -> None:
    if point.label not in allowed:
        raise ModelError(
            f"{function} starts from {', '.join(allowed)} points; {point.name or 'this point'} "
            f"is labelled {point.label}"
        )


def _typical_kappa(point: SpecialPoint) -> float:
    """Scale of omega squared at a BT point: the smallest other eigenvalue, squared."""
    sizes = np.sort(np.abs(point.eigenvalues))
    return float(sizes[2] ** 2) if len(sizes) > 2 else 1.0
