"""How a cycle's period and extrema change with a parameter: the tangent of its branch."""

from __future__ import annotations

import numpy as np

from continuation.cycles.cycle import Cycle, observe_states
from continuation.cycles.orbits import Orbit, Solver, sample_times
from dynsys.errors import ConvergenceError
from dynsys.typed import typed

_STEP = 1e-5  # relative step of the central difference of the observables, which are explicit


@typed
def cycle_sensitivity(cycle: Cycle, parameter: str) -> dict[str, float]:
    """Derivatives of a cycle's period, frequency and extrema with respect to a parameter.

    From the solution of the linearized collocation equations, along the branch in that parameter.

    Parameters
    ----------
    parameter : any parameter of the model, not only the branch's.

    Returns
    -------
    "period" (time unit per parameter unit), "frequency" (Hz per unit; per time unit for a
    dimensionless model) and, for every observable, its ``"min_..."`` and ``"max_..."`` per unit.

    Raises
    ------
    UnknownNameError for an unknown parameter; ConvergenceError at a fold of cycles, where the
    derivative is infinite.

    Example
    -------
    >>> cycle_sensitivity(cycles.at(mu_e=1.3), "mu_i")["frequency"]
    """
    model = cycle.model
    value = model.parameters[model.parameter_names[model.parameter_index(parameter)]]
    reach = max(abs(value), 1.0)
    solver = Solver(model, {parameter: (value - reach, value + reach)})
    orbit = Orbit(cycle.orbit.mesh, cycle.orbit.u, np.array([cycle.period, value]))
    point = solver.point_at(orbit, value)
    if point is None or abs(point.direction.z[1]) < 1e-9 * abs(np.max(np.abs(point.direction.u))):
        raise ConvergenceError(f"the cycle turns back in {parameter} here: it has no derivative")
    slope = point.direction.u / point.direction.z[1]
    d_period = float(point.direction.z[0] / point.direction.z[1])
    result = {
        "period": d_period,
        "frequency": -model.frequency_factor * d_period / cycle.period**2,
    }
    times = sample_times(point.orbit.mesh, 40)
    states = solver.states(point.orbit, times)
    change = solver.states(Orbit(point.orbit.mesh, slope, point.orbit.z), times)
    step = _STEP * reach
    here = observe_states(model, states)
    ahead = observe_states(
        model.with_parameters(**{parameter: value + step}), states + step * change
    )
    behind = observe_states(
        model.with_parameters(**{parameter: value - step}), states - step * change
    )
    slopes = (ahead - behind) / (2 * step)
    for column, name in enumerate(model.observables):
        for end, find in (("min", np.argmin), ("max", np.argmax)):
            result[f"{end}_{name}"] = float(slopes[find(here[:, column]), column])
    return result
