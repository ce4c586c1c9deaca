"""``graph_hopf_curve``: Hopf points of a graph in two global parameters, delays exact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoints
from continuation.graphs.branch import GraphBranch, checked_span, table
from continuation.graphs.following import BOUND, INTERRUPTED, SparseCurve, Step
from continuation.graphs.points import GraphPoint
from continuation.graphs.roots import count_right_of
from continuation.graphs.system import HopfSystem
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError
from dynsys.journal import whole
from dynsys.typed import typed

_BESIDE = 1e-6  # of the largest modulus: the line right of the critical pair


@typed
def graph_hopf_curve(
    point: GraphPoint,
    parameters: tuple[str, str],
    spans: Mapping[str, tuple[float, float]],
    settings: Settings | None = None,
) -> GraphBranch:
    """Follow a Hopf point of a graph in two parameters: coupling, speed, drive.

    The equilibrium, its critical mode and frequency are unknowns together: F = 0,
    Delta(i omega) v = 0, c* v = 1, with exact derivatives from one compiled node.

    Parameters
    ----------
    point : an H point of ``graph_equilibria``.
    parameters : the two free ones.
    spans : name -> (low, high) of both.

    Returns
    -------
    GraphBranch with ``frequency`` and ``unstable``, the roots right of the critical pair: where it
    is 0 the curve bounds stability.

    Raises
    ------
    ModelError where the point is no Hopf point or a span is wrong; ConvergenceError where Newton
    does not meet the curve.

    The curve ends where its frequency vanishes, and goes on where other modes cross: ``unstable``
    tells. Criticality is not computed.

    Example
    -------
    >>> curve = graph_hopf_curve(branch["H1"], ("K", "speed"), {"K": (0, 2), "speed": (2, 20)})
    >>> curve.plot()
    """
    checks.instance("point", point, GraphPoint, 'graph_equilibria(...)["H1"]')
    settings = Settings() if settings is None else settings
    checks.instance("settings", settings, Settings, "Settings(step_max=0.02)")
    field = point.state.field
    if point.label != "H":
        raise ModelError(f"{point.name or point.label} of {field.name} is no Hopf point")
    if len(parameters) != 2 or parameters[0] == parameters[1]:
        raise ModelError(f"parameters are {parameters!r}; give two that differ")
    given = checks.mapping("spans", spans, "{'K': (0, 2), 'speed': (2, 20)}")
    for name in parameters:
        if name not in given:
            raise ModelError(f"spans has none for {name!r}; give (low, high) for both parameters")
    ends = [checked_span(field, name, given[name]) for name in parameters]
    at = point.state.point
    system = HopfSystem(at.nodes, parameters, ends, point.vector)
    v = point.vector / np.vdot(system.border, point.vector)
    omega = abs(point.root.imag)
    y = np.concatenate(
        [at.z.ravel(), v.real, v.imag, [omega], [field.parameters[k] for k in parameters]]
    )
    curve = SparseCurve(system, settings)
    with whole(parts=True):
        start = _start(curve, y, parameters[0])
        steps, ended = _both(curve, start)
        unstable = [_right_of_pair(curve, step) for step in steps]
    frequencies = [system.parts(s.y)[1] / (2 * np.pi) * field.frequency_factor for s in steps]
    more = {"unstable": np.array(unstable), "frequency": np.array(frequencies)}
    data = table(curve, steps, more)
    data["frequency"].attrs["units"] = field.frequency_unit
    return GraphBranch(
        "Hopf points", field, tuple(parameters), data, SpecialPoints(()), ended, settings
    )


def _start(curve: SparseCurve, y: np.ndarray, name: str) -> Step:
    """The curve's point at the start, corrected with either parameter held."""
    for k in range(curve.count):
        row = np.zeros(len(y))
        row[k - curve.count] = 1.0
        found = curve.correct(y, row)
        if found is not None:
            try:
                return Step(found[0], curve.tangent(found[0], row))
            except RuntimeError:  # it turns just here
                continue
    raise ConvergenceError(
        f"Newton's method did not meet the curve of Hopf points from {name} = "
        f"{y[-curve.count]:g}; give a point that is located more closely"
    )


def _both(curve: SparseCurve, start: Step) -> tuple[list[Step], tuple[str, str]]:
    back = curve.follow(Step(start.y, -start.tangent))
    ahead: tuple[list[Step], str] = ([], BOUND)
    if back[1] != INTERRUPTED:
        ahead = curve.follow(start)
    turned = [Step(s.y, -s.tangent) for s in reversed(back[0])]
    return [*turned, start, *ahead[0]], (back[1], ahead[1])


def _right_of_pair(curve: SparseCurve, step: Step) -> int:
    """Roots right of the axis without the critical pair that lies on it."""
    linear = curve.system.point(step.y).linear
    return count_right_of(linear, _BESIDE * linear.bound(0.0))
