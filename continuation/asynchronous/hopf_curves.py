"""Exact Hopf curves of the asynchronous state in two parameters, by pseudo-arclength."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from continuation.asynchronous.hopf_points import special_point
from continuation.asynchronous.loop import QUASI_STATIC
from continuation.asynchronous.network import (
    FIXED,
    AsynchronousNetwork,
    network_behind,
    slopes,
    solved,
)
from continuation.asynchronous.roots import count
from continuation.engine.following import REASONS, spans_around
from continuation.engine.predictor_corrector import BOUND, CLOSED, MAX_POINTS, STEP_MIN
from continuation.engine.settings import Settings
from continuation.engine.special_points import SpecialPoint, SpecialPoints
from continuation.steady_states.branch import Branch
from dynsys import checks
from dynsys.errors import ConvergenceError, ModelError
from dynsys.transfer import EIFNeuron
from dynsys.vector_field import VectorField

KIND = "asynchronous Hopf curve"
SETTINGS = Settings(step=0.02, step_max=0.08, step_min=1e-5)
VANISHED = "the frequency vanishes (Bogdanov-Takens point)"
_LOWEST = 1e-3  # of the start's frequency: what counts as none
_BESIDE = 1e-4  # 1/ms right of the axis, where other roots are counted
_GROWTH = 1.5  # of a step after one that went well


def hopf_curve(
    point: SpecialPoint,
    parameters: tuple[str, str],
    spans: Mapping[str, tuple[float, float]] | None = None,
    neuron: EIFNeuron | None = None,
    voltage: str = QUASI_STATIC,
    settings: Settings | None = None,
) -> Branch:
    """Follow a Hopf point of the asynchronous state in two parameters, to both sides.

    Unknowns are rates, adaptation current, the two parameters and the frequency; every point is a
    zero of fixed point and determinant to rounding.

    Parameters
    ----------
    point : of ``hopf_points``.
    parameters, spans : as of ``continuation.hopf_curve``.
    neuron, voltage : as of ``asynchronous_state``.
    settings : of the curve; steps are in log rates, half spans and the start's frequency.

    Returns
    -------
    Branch of kind "asynchronous Hopf curve": parameters, states, observables, ``frequency`` (Hz),
    ``unstable`` (other roots right of the axis).

    Raises
    ------
    ModelError for a point that is none of the asynchronous state, wrong names or spans;
    ConvergenceError where Newton does not meet the curve.

    Example
    -------
    >>> asynchronous_state.hopf_curve(point, ("mu_e", "mu_i"), {"mu_e": (0, 3), "mu_i": (0, 3)})
    """
    checks.instance("point", point, SpecialPoint, "asynchronous_state.hopf_points(...)[0]")
    if point.label != "H" or point.omega is None:
        raise ModelError(f"a Hopf curve starts from a Hopf point, not from {point.label}")
    chosen = settings or SETTINGS
    limits = spans_around(point.model, parameters, spans)
    network = network_behind(point.model, tuple(limits), neuron, voltage)
    start = np.append(network.unknowns(point.observables, point.parameters), point.omega)
    path = _Path(network, np.array(list(limits.values())), point.omega, chosen)
    points, ends = path.both_sides(start)
    return Branch(
        kind=KIND, model=point.model, parameters=tuple(limits), spans=limits,
        data=_dataset(network, points), special_points=SpecialPoints(()), ended=(ends,),
        settings=chosen,
    )  # fmt: skip


@dataclass(frozen=True)
class _Path:
    """A curve of critical points in scaled unknowns, within bounds of the free parameters."""

    network: AsynchronousNetwork
    limits: np.ndarray  # (2, 2)
    omega: float
    settings: Settings

    @property
    def scale(self) -> np.ndarray:
        half = (self.limits[:, 1] - self.limits[:, 0]) / 2
        return np.array([1.0, 1.0, 1.0, *half, self.omega])

    @property
    def residual(self) -> Callable[[np.ndarray], np.ndarray]:
        scale = self.scale
        return lambda y: self.network.critical(y * scale)

    def both_sides(self, start: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
        """Points (k, 6) in the unknowns' own units, and why both ends ended."""
        y = solved(self.residual, start / self.scale, self._tangent(start / self.scale)[0])
        if y is None or np.max(np.abs(y - start / self.scale)) > 0.1:
            raise ConvergenceError(
                "Newton does not meet a Hopf curve of the asynchronous state at "
                f"{dict(zip(self.network.free, start[FIXED:-1].tolist(), strict=True))}; start "
                "from a point of asynchronous_state.hopf_points"
            )
        tangent, _ = self._tangent(y)
        after, end = self._follow(y, tangent)
        if end == REASONS[CLOSED]:
            return np.array(after) * self.scale, (end, end)
        before, first = self._follow(y, -tangent)
        return np.array([*before[:0:-1], *after]) * self.scale, (first, end)

    def _tangent(
        self, y: np.ndarray, along: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The unit tangent, turned along another one, and the Jacobian."""
        matrix = slopes(self.residual, y)
        tangent = np.linalg.svd(matrix)[2][-1]
        return (-tangent if along is not None and tangent @ along < 0 else tangent), matrix

    def _follow(self, y: np.ndarray, along: np.ndarray) -> tuple[list[np.ndarray], str]:
        points, step, settings = [y], self.settings.step, self.settings
        tangent, matrix = self._tangent(y, along)
        while len(points) < settings.max_points:
            following = solved(self.residual, points[-1] + step * tangent, tangent, matrix)
            if following is None or not self._smooth(points[-1], following, step):
                step /= 2
                if step < settings.step_min:
                    return points, REASONS[STEP_MIN]
                continue
            if following[-1] < _LOWEST:
                return points, VANISHED
            outside = self._outside(following)
            if outside is not None:
                edge = self._on_edge(points[-1], following, *outside)
                return [*points, *([] if edge is None else [edge])], REASONS[BOUND]
            if len(points) > 3 and np.linalg.norm(following - y) < 0.8 * step:
                return [*points, y], REASONS[CLOSED]
            tangent, matrix = self._tangent(following, tangent)
            points.append(following)
            step = min(step * _GROWTH, settings.step_max)
        return points, REASONS[MAX_POINTS]

    def _smooth(self, y: np.ndarray, following: np.ndarray, step: float) -> bool:
        """Whether the chord to the next point lies along the tangent."""
        return step > self.settings.min_cosine * float(np.linalg.norm(following - y))

    def _outside(self, y: np.ndarray) -> tuple[int, float] | None:
        """The first unknown beyond its bound, and the bound."""
        values = y[FIXED:-1] * self.scale[FIXED:-1]
        for k, (value, (low, high)) in enumerate(zip(values, self.limits, strict=True)):
            if not low <= value <= high:
                return FIXED + k, float(np.clip(value, low, high))
        return None

    def _on_edge(
        self, y: np.ndarray, beyond: np.ndarray, unknown: int, bound: float
    ) -> np.ndarray | None:
        bound /= self.scale[unknown]
        share = (bound - y[unknown]) / (beyond[unknown] - y[unknown])
        guess, row = y + share * (beyond - y), np.zeros(len(y))
        guess[unknown], row[unknown] = bound, 1.0
        return solved(self.residual, guess, row)


def _dataset(network: AsynchronousNetwork, points: np.ndarray) -> xr.Dataset:
    model: VectorField = network.model
    found = [special_point(network, z) for z in points]
    columns: dict[str, tuple] = {
        name: ("point", [p.parameters[name] for p in found], {"units": model.unit(name)})
        for name in network.free
    }
    for k, name in enumerate(model.states):
        columns[name] = ("point", [p.state[k] for p in found], {"units": model.unit(name)})
    for name in model.observables:
        values = [p.observables[name] for p in found]
        columns[name] = ("point", values, {"units": model.unit(name)})
    columns["frequency"] = ("point", [p.frequency for p in found], {"units": "Hz"})
    columns["unstable"] = ("point", [count(network.loop(z[:-1]), _BESIDE) for z in points])
    columns["stable"] = ("point", [n == 0 for n in columns["unstable"][1]])
    columns["piece"] = ("point", np.zeros(len(found), int))
    columns["coordinates"] = (("point", "coordinate"), np.stack([p.state for p in found]))
    return xr.Dataset(columns, coords={"coordinate": list(model.state_names)})
