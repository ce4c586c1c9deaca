"""What analysis says about a transition: the curve a step crosses, a pulse's separatrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from continuation import equilibria
from continuation.diagrams.names import is_cycle
from dynsys.delays import chebyshev_nodes
from dynsys.simulation import simulate_ensemble
from dynsys.vector_field import VectorField
from stimulation.transitions.attractors import Equilibrium, equilibria_at, naming_value
from stimulation.waveforms.units import factor_to_parameter
from stimulation.waveforms.waveform import Waveform


@dataclass(frozen=True)
class Prediction:
    """A predicted scale of a waveform and where it comes from."""

    scale: float
    reason: str


def crossed_by_step(
    model: VectorField, input: str, per_scale: float, largest: float,
    start: Equilibrium | None, to_state: str,
) -> Prediction | None:  # fmt: skip
    """The special point that a lasting step crosses on its way to ``to_state``.

    From an equilibrium: the end of its stability on its branch. From a rhythm: the nearest point
    beyond which an equilibrium named ``to_state`` is stable. None where there is none within
    ``largest`` times the waveform, or where it is stable already: then the rhythm's own end counts.
    """
    value = model.parameters[input]
    end = value + per_scale * largest
    back = value - 0.05 * (end - value)
    branch = equilibria(model, parameter=input, span=(min(back, end), max(back, end)))
    sign = np.sign(per_scale)
    if start is not None:
        point = _loss_of_stability(branch, input, value, sign, start.state)
        if point is None:
            return None
        at = point.parameters[input]
        return Prediction((at - value) / per_scale, f"{point.name} at {input} = {at:.6g}")
    if any(e.stable and e.name == to_state for e in equilibria_at(model)):
        return None
    for point in sorted(branch.special_points, key=lambda p: sign * p.parameters[input]):
        at = point.parameters[input]
        if sign * (at - value) <= 0 or point.label not in ("H", "LP"):
            continue
        beyond = model.with_parameters(**{input: at + 1e-3 * (end - value)})
        if any(e.stable and e.name == to_state for e in equilibria_at(beyond)):
            return Prediction((at - value) / per_scale, f"{point.name} at {input} = {at:.6g}")
    return None


def _loss_of_stability(branch, input: str, value: float, sign: float, state: np.ndarray):
    """The first fold or Hopf point on the way from a stable equilibrium, or None."""
    names = list(branch.model.states)
    data = branch.data
    states = np.stack([data[name].values for name in names], axis=-1)
    scale = branch.model.scales[: len(names)]
    distance = np.linalg.norm((states - state) / scale, axis=1)
    parameter, piece = data[input].values, data["piece"].values
    distance = distance + np.abs(parameter - value)
    at = int(np.argmin(distance))
    ahead = at + 1 < len(parameter) and piece[at + 1] == piece[at]
    slope = parameter[at + 1] - parameter[at] if ahead else parameter[at] - parameter[at - 1]
    forward = slope * sign > 0
    points = [p for p in branch.special_points if p.piece == piece[at] and p.label in ("LP", "H")]
    local = at - int(np.argmax(piece == piece[at]))
    offset = at - local
    wanted = []
    for point in points:
        # ``index`` counts the points of the branch or of its piece: the data tell which.
        index = point.index
        if abs(parameter[min(index, len(parameter) - 1)] - point.parameters[input]) > abs(
            parameter[min(index + offset, len(parameter) - 1)] - point.parameters[input]
        ):
            index += offset
        beyond = index >= at if forward else index < at
        if beyond and sign * (point.parameters[input] - value) > 0:
            wanted.append((abs(index - at), point))
    return min(wanted, key=lambda item: item[0])[1] if wanted else None


def separatrix_distance(
    model: VectorField, saddle: Equilibrium
) -> tuple[Callable[[np.ndarray, np.ndarray, np.ndarray], float], float]:
    """The signed distance of a state from a saddle's stable manifold, to first order.

    Returns a function of the physical state (n,), the history (H, k) of the delayed signals and its
    times (H,) <= 0, and the saddle's growth rate. The left eigenvector of the unstable eigenvalue
    is normal to the stable manifold at the saddle.
    """
    full = model.fill_lines(saddle.state)
    eigenvalues, left = np.linalg.eig(model.jacobian(full).T)
    at = int(np.argmax(eigenvalues.real))
    normal = np.real(left[:, at])
    physical, order = model.physical_dimension, model.delay_order
    p = model.parameter_array()
    lags = np.empty(2 * len(model.lines))
    if model.lines:
        model.compiled.signals(full, p, model.compiled.tables, lags)
    lags = lags[len(model.lines) :]
    nodes = chebyshev_nodes(order)[1:]

    def distance(state: np.ndarray, history: np.ndarray, times: np.ndarray) -> float:
        lifted = np.concatenate(
            [state] + [np.interp(nodes * lag, times, history[:, k]) for k, lag in enumerate(lags)]
        )
        return float(normal @ (lifted - full))

    # Positive on the side of larger values of the naming observable.
    above = max(equilibria_at(model), key=lambda e: naming_value(model, e.state))
    if normal @ (model.fill_lines(above.state) - full) < 0:
        normal = -normal
    assert physical == len(saddle.state)
    return distance, float(eigenvalues[at].real)


def across_separatrix(
    model: VectorField, waveform: Waveform, input: str, end: float, dt: float,
    start: Equilibrium, largest: float, to_state: str,
) -> Prediction | None:  # fmt: skip
    """The scale of a pulse that ends on the saddle's stable manifold; None without such a saddle.

    Every trial is integrated to the pulse's end and one growth time beyond, where the manifold is
    replaced by its tangent plane at the saddle.
    """
    saddles = [e for e in equilibria_at(model) if e.unstable_directions == 1]
    if not saddles or is_cycle(model, to_state):
        return None
    saddle = min(saddles, key=lambda e: float(np.linalg.norm(e.state - start.state)))
    distance, growth = separatrix_distance(model, saddle)
    duration = np.ceil((end + 1 / growth) / dt) * dt
    value = model.parameters[input]

    def signs(scales: np.ndarray) -> np.ndarray:
        run = simulate_ensemble(
            model, duration, points={input: [value] * len(scales)}, dt=dt, initial=start.state,
            inputs={input: [waveform.scaled(float(s)) for s in scales]}, sample=duration,
        )  # fmt: skip
        states = run["final_state"].values
        if "final_history" not in run:
            return np.array([distance(x, np.zeros((1, 0)), np.zeros(1)) for x in states])
        history = run["final_history"].values
        times = dt * np.arange(1 - history.shape[1], 1)
        return np.array([distance(x, h, times) for x, h in zip(states, history, strict=True)])

    before = distance(start.state, *_at_rest(model, start.state))
    low, high = 0.0, largest
    for _ in range(6):
        scales = np.linspace(low, high, 10)[1:]
        crossed = np.flatnonzero(np.sign(signs(scales)) == -np.sign(before))
        if not len(crossed):
            return None
        first = int(crossed[0])
        low, high = (scales[first - 1] if first else low), scales[first]
    name = f"the stable manifold of the saddle at {naming_value(model, saddle.state):.4g}"
    # Linear: without the physical input no factor enters.
    return Prediction(0.5 * (low + high), name)


def _at_rest(model: VectorField, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not model.lines:
        return np.zeros((1, 0)), np.zeros(1)
    out = np.empty(2 * len(model.lines))
    model.compiled.signals(
        model.fill_lines(state), model.parameter_array(), model.compiled.tables, out
    )
    signals = out[: len(model.lines)]
    return np.stack([signals, signals]), np.array([-1.0, 0.0])


def step_size(waveform: Waveform, model: VectorField, input: str) -> float:
    """What a lasting waveform adds to its parameter in the end, per scale."""
    late = 1e9
    return float(
        factor_to_parameter(waveform.unit, model, input)
        * waveform.values(np.array([late]), model.frequency_factor)[0]
    )
