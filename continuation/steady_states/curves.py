"""``fold_curve`` and ``hopf_curve``: codimension-one points in two free parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from continuation.engine.borders import hopf_borders, null_vectors
from continuation.engine.following import BOUND, Follower, Trace, spans_around
from continuation.engine.problems import FOLD, HOPF
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint
from continuation.steady_states.branch import Branch, make_branch
from continuation.steady_states.codimension_two import events
from continuation.steady_states.delay_orders import order_needed
from continuation.steady_states.pydstool_backend import check_backend, compute
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError

Spans = Mapping[str, tuple[float, float]]
FOLDS = ("LP", "CP", "BT", "ZH")
HOPFS = ("H", "GH", "BT", "ZH", "HH")
EXACT = 1e-11  # a scaled residual that is nothing but rounding


def fold_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
    backend: str = "dynsys",
) -> Branch:
    """Follow a fold in two parameters, to both sides, through cusps.

    Parameters
    ----------
    point : an LP (or CP, BT, ZH) point of any branch.
    parameters : the two free parameters.
    spans : name -> (low, high); by default twice the size of each parameter to both sides.
    backend : "dynsys", or "pydstool" for the same curve by PyDSTool's PyCont.

    Returns
    -------
    Branch of kind "fold curve" with CP, BT and ZH points and their normal forms.

    Raises
    ------
    ModelError where the point is no fold or a span is wrong; ConvergenceError where Newton does
    not meet the curve.

    Example
    -------
    >>> curve = fold_curve(branch["LP1"], ("mu_e", "mu_i"))
    >>> curve["CP1"].parameters
    """
    _check_start(point, settings)
    return _computed(backend, *fold_start(point, parameters, spans, settings))


def hopf_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
    omega: float | None = None,
    backend: str = "dynsys",
) -> Branch:
    """Follow a Hopf point in two parameters, to both sides, until omega vanishes at a BT point.

    Parameters
    ----------
    point : an H (or GH, ZH, HH, BT) point of any branch.
    omega : angular frequency to follow (rad per time unit), where the point has several.
    backend : "dynsys", or "pydstool" for the same curve by PyDSTool's PyCont.

    Delay lines get as many nodes as the exact characteristic equation asks for.

    Returns
    -------
    Branch of kind "hopf curve" with GH, BT, ZH and HH points and their normal forms. Beyond a BT
    point the curve would be one of neutral saddles, which are no bifurcations: it ends there.

    Raises
    ------
    ModelError where the point is no Hopf point or a span is wrong; ConvergenceError where Newton
    does not meet the curve.

    Example
    -------
    >>> curve = hopf_curve(branch["H2"], ("mu_e", "mu_i"))
    """
    _check_start(point, settings)
    settings = settings or Settings()
    follower, y = hopf_start(point, parameters, spans, settings, omega)
    if backend != "dynsys" or not (point.model.lines and settings.delay_check):
        return _computed(backend, follower, y)
    follower, trace = trace_curve(follower, y)
    branch = as_branch(follower, trace)
    order = order_needed(follower, [trace], branch.special_points, settings.most_delay_order)
    if order <= point.model.delay_order:
        return branch
    return hopf_curve(with_more_nodes(point, order), parameters, spans, settings, omega)


def with_more_nodes(point: SpecialPoint, order: int) -> SpecialPoint:
    """The special point of an equilibrium with other delay lines, which are at rest there."""
    model = point.model.with_delay_order(order)
    state = model.fill_lines(point.state[: model.physical_dimension])
    return replace(
        point, model=model, state=state, eigenvalues=np.linalg.eigvals(model.jacobian(state))
    )


def _check_start(point: object, settings: object) -> None:
    """ModelError where a branch is given for a point, or other things for settings."""
    checks.instance("point", point, SpecialPoint, "a point of a branch, such as branch['LP1']")
    if settings is not None:
        checks.instance("settings", settings, Settings, "Settings(step_max=0.02)")


def _computed(backend: str, follower: Follower, y: np.ndarray) -> Branch:
    if backend == "dynsys":
        return as_branch(*trace_curve(follower, y))
    check_backend(backend)
    return compute(follower, [y])


def fold_start(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
) -> tuple[Follower, np.ndarray]:
    """A follower of folds and its first point."""
    _check_label(point, FOLDS, "fold_curve")
    chosen = spans_around(point.model, parameters, spans)
    follower = Follower(point.model, FOLD, chosen, settings or Settings())
    follower.border[0], follower.border[1] = null_vectors(_scaled_jacobian(point))
    return follower, follower.scaled(point.state, *(point.parameters[k] for k in parameters))


def hopf_start(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
    omega: float | None = None,
) -> tuple[Follower, np.ndarray]:
    """A follower of Hopf points and its first point."""
    _check_label(point, HOPFS, "hopf_curve")
    omega = point.omega if omega is None else omega
    kappa = 0.0 if omega is None or point.label == "BT" else omega**2
    follower = Follower(
        point.model, HOPF, spans_around(point.model, parameters, spans), settings or Settings(),
        # The frequency may grow several times along the curve: its square should not set the pace.
        extra_scale=10 * (kappa or _typical_kappa(point)),
    )  # fmt: skip
    hopf_borders(_scaled_jacobian(point), float(np.sqrt(kappa)), follower.border)
    values = [point.parameters[k] for k in parameters]
    return follower, follower.scaled(point.state, *values, kappa)


def trace_curve(follower: Follower, y: np.ndarray) -> tuple[Follower, Trace]:
    """Correct a start onto its curve and follow it to both sides."""
    tangent = follower.any_tangent(y)
    start = follower.correct(y, tangent, float(tangent @ y))
    # Near a double zero eigenvalue steps may stay above any tolerance where the residual is zero.
    if start is None and np.max(np.abs(follower.evaluate(y)[0])) < EXACT:
        start = y
    if start is None or np.linalg.norm(start - y) > 0.1:
        where = ", ".join(f"{k} = {v:.6g}" for k, v in follower.values(y).items())
        raise ConvergenceError(
            f"Newton did not meet the {follower.problem.name} at {where}: the point is not on it, "
            "or the curve is singular there; start from another point of the branch"
        )
    if follower.problem is HOPF and start[-1] < 1e-9:  # a BT point: only omega > 0 is a Hopf curve
        inward = tangent if tangent[-1] > 0 else -tangent
        return follower, replace(follower.follow(start, inward), start=BOUND)
    return follower, follower.both_directions(start, tangent)


def as_branch(follower: Follower, trace: Trace) -> Branch:
    """The Branch of one traced curve, with its codimension-two points."""
    return make_branch(follower, [trace], events(follower, trace))


def _scaled_jacobian(point: SpecialPoint) -> np.ndarray:
    s = point.model.scales
    return point.model.jacobian(point.state) * s[None, :] / s[:, None]


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
