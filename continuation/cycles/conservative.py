"""``conservative_cycles``: families of cycles at fixed parameters, where a quantity is conserved.

There cycles are not isolated: each value of the conserved quantity H has its own. The model is
unfolded by one parameter, x' = f(x) + beta grad H. Since H grows along every motion by beta
|grad H|^2, cycles exist at beta = 0 only; but with beta as an unknown Newton's equations are
regular, and the family is an ordinary branch (Munoz-Almaraz, Freire, Galan, Doedel &
Vanderbauwhede 2003, Physica D 181:1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from continuation.cycles.branch import CONSERVED, CycleBranch, make_branch
from continuation.cycles.cycle import OF_A_FAMILY, UNFOLDING, observe_states
from continuation.cycles.following import DIVERGED, SHRUNK
from continuation.cycles.orbits import Direction, Orbit, Point, Solver, adapted_mesh, remeshed
from continuation.cycles.settings import CycleSettings
from continuation.cycles.starting_orbits import simulated_orbits
from continuation.cycles.tracing import Trace, resolved, trace_both_sides
from dynsys import checks
from dynsys.definition import Observable, Parameter, Reader
from dynsys.errors import ConvergenceError, ModelError
from dynsys.expressions.printing import to_text
from dynsys.expressions.symbols import symbol
from dynsys.first_integrals import first_integrals
from dynsys.vector_field import VectorField

_SPAN = (-1.0, 1.0)
_WORDS = {
    SHRUNK: "the cycle shrank to a centre",
    DIVERGED: "the period diverges: a separatrix, or motions that leave",
}
_DRIFT, _MESH_ERROR = 1e-4, 1e-8
_AGREES = 1e-6  # relative difference of periods on a mesh and on one twice as fine


def conservative_cycles(
    model: VectorField,
    start: tuple[Sequence[float] | np.ndarray, float | None] | None = None,
    conserved: str | sympy.Expr | None = None,
    settings: CycleSettings | None = None,
) -> CycleBranch:
    """Follow the family of cycles that a model with a conserved quantity has at fixed parameters.

    1. Take the orbit through ``start`` = (state, period guess), by default the initial state.
    2. Unfold the model by x' = f(x) + unfolding * grad H, H the conserved quantity.
    3. Follow in both directions: to the centre, to a homoclinic orbit, or until ``max_points``.

    Parameters
    ----------
    conserved : H, an expression in states and parameters; sought where it is not given (see
        ``dynsys.first_integrals``), of several the first.

    Returns
    -------
    CycleBranch whose columns ``min_conserved`` and ``max_conserved`` are the value of H along the
    family. Its free parameter ``unfolding`` is zero to rounding: a measure of how well H is kept.
    ``user_points(family, "max_conserved", 0.5)`` and ``user_points(family, "period", 7.0)`` give
    single cycles.

    Raises
    ------
    ModelError where nothing is known to be conserved, or ``conserved`` is not, or the model has
    delays; ConvergenceError where the orbit through the start is not periodic.

    Example
    -------
    >>> pendulum = VectorField("pendulum", {"q": 0.5, "p": 0.0}, {"k": 1.0},
    ...                        {"q": "p", "p": "-k*sin(q)"}, time_unit="")
    >>> family = conservative_cycles(pendulum)
    """
    checks.instance("model", model, VectorField, "see dynsys.models, or write one")
    settings = CycleSettings(mesh_error=_MESH_ERROR) if settings is None else settings
    checks.instance("settings", settings, CycleSettings, "CycleSettings(max_points=50)")
    if model.lines:
        raise ModelError(f"{model.name} has delays: conserved quantities are known without them")
    quantity = _quantity(model, conserved)
    solver = Solver(_unfolded(model, quantity), {UNFOLDING: _SPAN})
    first = resolved(solver, _first(solver, start, settings), settings)
    backward, forward = trace_both_sides(solver, first, settings)
    (back, start_words), (on, end_words) = (_kept(solver, t) for t in (backward, forward))
    joined = Trace(
        back.reversed()[:-1] + on.points, back.steps[::-1] + on.steps, on.reason, on.step
    )  # fmt: skip
    branch = make_branch(solver, joined, (start_words, end_words), settings, made=len(on.points))
    return replace(branch, kind=CONSERVED)


def _kept(solver: Solver, traced: Trace) -> tuple[Trace, str]:
    """The trace up to where its meshes no longer keep the conserved quantity, and its end."""
    ends = np.array([_ends(solver, p.orbit) for p in traced.points])
    drift, change = ends[:, 1] - ends[:, 0], np.maximum.accumulate(np.abs(ends[:, 1] - ends[0, 1]))
    kept = drift <= _DRIFT * np.maximum(change, drift[0] / _DRIFT)
    lost = np.flatnonzero(~kept)  # also where a logarithm of the quantity is none
    if not lost.size:
        return traced, _WORDS.get(traced.reason, traced.words)
    count = max(int(lost[0]), 1)
    words = f"the mesh keeps the conserved quantity no longer to {_DRIFT:g} of its change"
    return replace(traced, points=traced.points[:count], steps=traced.steps[: count - 1]), words


def _ends(solver: Solver, orbit: Orbit) -> tuple[float, float]:
    """Smallest and largest value of the conserved quantity along an orbit."""
    column = list(solver.model.observables).index("conserved")
    values = observe_states(solver.model, solver.states(orbit))[:, column]
    return float(values.min()), float(values.max())


def _quantity(model: VectorField, given: Any) -> sympy.Expr:
    """The conserved quantity, checked."""
    if given is None:
        found = first_integrals(model)
        if not found:
            raise ModelError(
                f"no conserved quantity of {model.name} was found among polynomials of its states "
                "and the functions in its equations; give conserved=... where there is one, or "
                "use limit_cycles"
            )
        return found[0]
    names = [*model.states, *model.parameters, *model.definitions]
    quantity = Reader(model.name, names, model.tables)("conserved", given)
    rate = sum(
        (sympy.diff(quantity, symbol(k)) * e for k, e in model.equations.items()), sympy.S.Zero
    )
    tested = model.with_observables(**{"_rate": rate})
    low, high = model.state_box()
    states = low + (high - low) * np.random.default_rng(2).random((20, len(low)))
    rates = np.array([tested.observe(x)["_rate"] for x in states])
    sizes = np.array([np.max(np.abs(model.rhs(x))) for x in states])
    if np.nanmax(np.abs(rates) / (1 + sizes)) > 1e-9:
        raise ModelError(
            f"{to_text(quantity)} is not conserved by {model.name}: its rate of change reaches "
            f"{np.nanmax(np.abs(rates)):.2g} in the states' ranges"
        )
    return quantity


def _unfolded(model: VectorField, quantity: sympy.Expr) -> VectorField:
    """The model with ``unfolding`` times the gradient of the conserved quantity."""
    beta = symbol(UNFOLDING)
    taken = {*model.states, *model.parameters, *model.definitions}
    if UNFOLDING in taken:
        raise ModelError(f"{model.name} has the name {UNFOLDING!r}, which is needed; rename it")
    equations = {k: e + beta * sympy.diff(quantity, symbol(k)) for k, e in model.equations.items()}
    made = VectorField(
        model.name, model.states,
        {**model.declared_parameters, UNFOLDING: Parameter(0.0, meaning=OF_A_FAMILY)},
        equations, definitions=model.definitions,
        observables={
            **model.observables, "conserved": Observable(quantity, meaning=to_text(quantity))
        },
        tables=model.tables, time_unit=model.time_unit, source=model.source,
    )  # fmt: skip
    return made.with_parameters(**model.parameters)


def _first(solver: Solver, start: Any, settings: CycleSettings) -> Point:
    """The cycle through a start: where it is widest is fixed, not a parameter."""
    last, found = None, None
    for orbit in simulated_orbits(solver, start, settings.intervals):
        found = _corrected(solver, orbit)
        if found is None:
            continue
        if last is not None and abs(found.orbit.period / last - 1) < _AGREES:
            return found
        last = found.orbit.period
    if found is None:
        raise ConvergenceError(
            f"the orbit of {solver.model.name} from the start is not periodic, or was not "
            f"corrected; give start=(state, period guess) of one that is{_more(solver.model)}"
        )
    return found


def _more(unfolded: VectorField) -> str:
    """What else an unfolded model conserves where nothing is unfolded, in words: with it cycles
    are no family of one parameter, and Newton's equations are singular."""
    kept = first_integrals(unfolded.with_parameters(**{UNFOLDING: 0.0}))
    if len(kept) < 2:
        return ""
    words = ", ".join(to_text(quantity) for quantity in kept)
    return (
        f". It conserves {len(kept)} quantities ({words}): its cycles may be a family of as many "
        "parameters, of which one alone singles out none; write one state by the others, with one "
        "of the quantities as a parameter"
    )


def _corrected(solver: Solver, orbit: Orbit) -> Point | None:
    for _ in range(2):
        width = orbit.u - np.mean(orbit.u, axis=0)
        found = solver.along(orbit, Direction(np.ascontiguousarray(width), np.zeros(solver.size)))
        if found is None:
            return None
        orbit = remeshed(found.orbit, adapted_mesh(found.orbit))
    return found
