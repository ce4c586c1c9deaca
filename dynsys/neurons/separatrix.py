"""Where the reset line crosses the stable manifold of a saddle: the jumps of the adaptation map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import solve_ivp

if TYPE_CHECKING:
    from dynsys.neurons.neuron import SpikingNeuron

_OFFSET = 1e-6  # from the saddle, in the states' scales


def reset_line_crossings(neuron: SpikingNeuron, most: int = 40) -> np.ndarray:
    """All w (k,) at which the line V = Vr crosses the stable manifold of a saddle, ascending.

    Both halves of the manifold are followed backwards from the saddle until they leave every
    plausible state, settle, or have crossed ``most`` times: a manifold that winds around an
    unstable focus crosses without end, at points that accumulate.
    """
    found: list[float] = []
    for point in neuron.equilibria():
        real = point.eigenvalues.real
        if not (np.min(real) < 0 < np.max(real)):
            continue
        values, vectors = np.linalg.eig(neuron.field.jacobian(point.state))
        direction = vectors[:, int(np.argmin(values.real))].real
        direction = direction / np.max(np.abs(direction / neuron.field.scales))
        for sign in (1.0, -1.0):
            found += _crossings(neuron, point.state + sign * _OFFSET * direction, most)
    return np.array(sorted(found))


def _crossings(neuron: SpikingNeuron, start: np.ndarray, most: int) -> list[float]:
    compiled, p = neuron.field.compiled, neuron.field.parameter_array()
    reset = neuron.reset
    cutoff, scale = neuron.threshold, neuron.field.scales
    slowest = 1.0 / max(1e-6, float(np.min(np.abs(neuron.field.jacobian(start).diagonal()))))

    def backwards(_: float, x: np.ndarray) -> np.ndarray:
        out, inside = np.empty(len(x)), x.copy()
        inside[0] = min(inside[0], cutoff)  # trial steps may overflow the exponential
        compiled.field(inside, p, compiled.tables, out)
        return -out

    def crosses(_: float, x: np.ndarray) -> float:
        return float(x[0] - reset)

    def leaves(_: float, x: np.ndarray) -> float:
        return float(1e3 - np.max(np.abs(x / scale)))

    leaves.terminal = True  # type: ignore[attr-defined]
    crosses.terminal = most  # type: ignore[attr-defined]
    run = solve_ivp(
        backwards, (0.0, 60.0 * max(slowest, 100.0)), start, method="LSODA",
        rtol=1e-10, atol=1e-12, events=(crosses, leaves),
    )  # fmt: skip
    return [float(x[1]) for x in run.y_events[0]]
