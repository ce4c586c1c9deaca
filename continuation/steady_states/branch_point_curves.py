"""``branch_point_curve``: pitchfork and transcritical points in two free parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from continuation.engine.borders import null_vectors
from continuation.engine.branch_point_problem import BRANCH_POINT, KINDS, UNFOLDED
from continuation.engine.following import Follower, Trace, spans_around
from continuation.engine.multilinear import MultilinearForms
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, SpecialPoints
from continuation.steady_states import normal_forms
from continuation.steady_states.branch import Branch, make_dataset, reasons
from dynsys.errors import ConvergenceError, ModelError
from dynsys.typed import typed

Spans = Mapping[str, tuple[float, float]]
_STRAIGHT = 1e-6  # quadratic coefficient, to the terms it is made of, of a pitchfork
_UNFOLDS = f"beyond it the branches part: they cross only with an unfolding term above {UNFOLDED:g}"


@typed
def branch_point_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
) -> Branch:
    """Follow a branch point in two parameters, to both sides.

    In most models two branches cross at isolated points of a plane of parameters. They cross along
    a curve where a symmetry (pitchfork) or an invariant axis (transcritical) holds them together.
    The curve followed is that of the model with one unfolding term beta; every point of the result
    has beta = 0 to ``1e-7`` of the states' scales, and the curve ends where that fails.

    Parameters
    ----------
    point : a BP point of a branch of equilibria.
    parameters : the two free parameters.
    spans : name -> (low, high); by default twice the size of each parameter to both sides.

    Returns
    -------
    Branch of kind "pitchfork curve" or "transcritical curve". Its data also hold ``unfolding``
    (beta) and the coefficients ``quadratic``, ``cubic`` of w' = a w^2 + c w^3 on the curve; a
    pitchfork with c < 0 is supercritical.

    Raises
    ------
    ModelError where the point is no BP or a span is wrong; ConvergenceError where the branch point
    is isolated in the plane, with the reason.

    Source: Govaerts 2000, Numerical Methods for Bifurcations of Dynamical Equilibria, section 4.5.

    Example
    -------
    >>> curve = branch_point_curve(branch["BP1"], parameters=("sigma", "mu"))
    >>> curve.data["unfolding"].max()
    """
    curve = crossing_curve(*branch_point_start(point, parameters, spans, settings))
    if curve is None:
        where = ", ".join(f"{k} = {point.parameters[k]:.6g}" for k in parameters)
        raise ConvergenceError(
            f"the branch point at {where} is isolated: beside it the branches part, as they do in "
            "models without a symmetry or an invariant axis; follow the folds beside it instead"
        )
    return curve


def branch_point_start(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Spans | None = None,
    settings: Settings | None = None,
) -> tuple[Follower, np.ndarray]:
    """A follower of branch points and its first point."""
    if point.label != "BP":
        raise ModelError(
            f"branch_point_curve starts from BP points; {point.name or 'this point'} is labelled "
            f"{point.label}"
        )
    chosen = spans_around(point.model, parameters, spans)
    follower = Follower(point.model, BRANCH_POINT, chosen, settings or Settings())
    y = follower.scaled(point.state, *(point.parameters[k] for k in parameters), 0.0)
    set_borders(follower, y, follower.names.index(point.free[0]) if point.free else 0)
    return follower, y


def set_borders(follower: Follower, y: np.ndarray, across: int = 0) -> None:
    """Null vectors of the Jacobian, and the parameter that crosses the curve."""
    a = follower.jacobian(y)
    follower.border[0], follower.border[1] = null_vectors(a)
    follower.border[2:, 0] = (1.0, 0.0) if across == 0 else (0.0, 1.0)


def crossing_curve(follower: Follower, y: np.ndarray) -> Branch | None:
    """The curve of branch points through a start; None where the start is an isolated one."""
    along = follower.any_tangent(y)
    start = follower.correct(y, along, float(along @ y))
    if start is None or np.linalg.norm(start - y) > 0.1 or abs(start[-1]) > UNFOLDED:
        return None
    trace = follower.both_directions(start, along)
    block = slice(follower.n, follower.n + 2)
    reach = np.ptp(trace.points[:, block], axis=0).max()
    if len(trace.points) < 3 or reach < 1e-3:
        return None
    return as_crossing(follower, trace)


def as_crossing(follower: Follower, trace: Trace) -> Branch:
    """The Branch of a traced curve of branch points, named by its normal form."""
    data = make_dataset(follower, [trace])
    found = [_coefficients(follower, y) for y in trace.points]
    quadratic, cubic, size = np.array(found).T
    data["unfolding"] = ("point", trace.points[:, -1] * follower.scale[-1])
    data["quadratic"], data["cubic"] = ("point", quadratic), ("point", cubic)
    straight = bool(np.median(np.abs(quadratic) / size) < _STRAIGHT)
    ended = [
        _UNFOLDS if abs(trace.points[k, -1]) > 0.9 * UNFOLDED else word
        for k, word in zip((0, -1), reasons(trace), strict=True)
    ]
    return Branch(
        kind=KINDS[0] if straight else KINDS[1], model=follower.model, parameters=follower.names,
        spans=follower.spans, data=data, special_points=SpecialPoints(()),
        ended=((ended[0], ended[1]),), settings=follower.settings,
    )  # fmt: skip


def _coefficients(follower: Follower, y: np.ndarray) -> tuple[float, float, float]:
    """a and c of the normal form at a point, and the size to which a counts as nothing."""
    model, x = follower.at(y), follower.state(y)
    forms = MultilinearForms.from_model(model, x)
    a = model.jacobian(x)
    p, q = normal_forms.real_pair(a)
    found = normal_forms.branch_point(a, forms)
    size = float(np.abs(p) @ np.abs(forms(q, q))) + abs(found["c"])
    return found["a"], found["c"], max(size, 1e-300)
