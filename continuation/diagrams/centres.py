"""Planes on which a quantity is conserved: nothing attracts, closed orbits surround every centre.

Where H is kept by every motion, no equilibrium or cycle can attract those around it: they would
all have its value of H. In two dimensions an equilibrium with two imaginary eigenvalues is a centre
then, and where there is none no orbit closes (its interior would hold one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from continuation.diagrams.names import CENTRE, RUNS_AWAY
from continuation.diagrams.outcomes import UNSETTLED
from continuation.diagrams.pasts import at_rest
from continuation.diagrams.paths import Axis, values_at
from continuation.diagrams.simulating import Effort, destinations
from continuation.diagrams.trials import Trial, attractors_of
from continuation.steady_states.search import find_equilibria
from dynsys.first_integrals import first_integrals
from dynsys.vector_field import VectorField

DETAIL = "a family of closed orbits"
IMAGINARY = 1e-6  # part of an eigenvalue's size up to which its real part is rounding
BESIDE = 0.01  # scaled distance from a centre at which it is tried whether orbits close
STEPS = Effort(finer=8.0)  # so short that the integration itself neither damps nor drives
_ASKED = ((0.31, 0.67), (0.73, 0.22))  # places of the plane at which a quantity is sought
_recent: dict[tuple[Any, ...], str] = {}


def conserved_quantity(model: VectorField, axes: tuple[Axis, Axis]) -> str:
    """A quantity that all motions of a model of two states keep, all over a plane, as text at its
    parameter values; "" where none is known.

    Example
    -------
    >>> pendulum = VectorField("pendulum", {"q": 0.5, "p": 0.0}, {"k": 1.0, "m": 1.0},
    ...                        {"q": "p/m", "p": "-k*sin(q)"}, time_unit="")
    >>> conserved_quantity(pendulum, (("k", 0.5, 2.0), ("m", 0.5, 2.0)))
    'p**2/2 - cos(q)'
    """
    if len(model.states) != 2 or model.lines or model.tables:
        return ""
    about = (model.digest, tuple(model.parameters.items()), axes)
    if about not in _recent:
        places = [model.with_parameters(**values_at(place, axes)) for place in _ASKED]
        known = all(first_integrals(place) for place in places)
        here = first_integrals(model) if known else ()
        _recent[about] = str(here[0]) if here else "a quantity" if known else ""
    return _recent[about]


def centres(at: VectorField, starts: np.ndarray | None, searches: int) -> list[dict[str, Any]]:
    """The centres of a model: equilibria with two imaginary eigenvalues, in the order of the first
    observable. With ``searches=0`` only the starts (k, n) are refined."""
    found = []
    for x in find_equilibria(at, searches=searches, starts=starts):
        values = np.linalg.eigvals(at.jacobian(x))
        if np.all(np.abs(values.real) <= IMAGINARY * np.abs(values.imag)) and values.imag.any():
            found.append(
                {"name": CENTRE, "kind": CENTRE, "state": x, "observables": at.observe(x),
                 "detail": DETAIL, "period": 2 * np.pi / float(np.max(values.imag))}
            )  # fmt: skip
    first = at.observable_names[0]
    return sorted(found, key=lambda item: item["observables"][first])


def centres_met(model: VectorField, trials: Sequence[Trial]) -> list[list[dict[str, Any]]]:
    """What simulations say at places of a conserved plane, each in the words of a diagram.

    Equilibria are searched for afresh at each; beside one that seems a centre the orbit is run:
    unless it closes, what it comes to is told in its place. Where there is none, what all motions
    come to.
    """
    return [_met(model, trial) for trial in trials]


def _met(model: VectorField, trial: Trial) -> list[dict[str, Any]]:
    at = model.with_parameters(**trial.values)
    found = centres(at, None, searches=64)
    if not found:
        return away(model, trial)
    states = np.array([item["state"] for item in found])
    starts = states + BESIDE * at.scales
    outcomes = destinations(model, [trial.values] * len(found), starts, STEPS)
    return [
        {**item, "start": start} if outcome.period > 0
        else {"name": outcome.kind, "kind": outcome.kind, "state": start, "start": start}
        for item, start, outcome in zip(found, starts, outcomes, strict=True)
    ]  # fmt: skip


def away(model: VectorField, trial: Trial) -> list[dict[str, Any]]:
    """What runs come to where nothing stays: that they run away, but for those on their way."""
    (met,) = attractors_of(model, [trial])
    leaving = [item for item in met if item["kind"] == RUNS_AWAY]
    return leaving if all(i["kind"] in (RUNS_AWAY, UNSETTLED) for i in met) else list(met)


def conserved_answer(
    model: VectorField, values: Mapping[str, float], known: np.ndarray, starts: np.ndarray
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """What a place of a conserved plane holds, and its equilibria (k, n), sought from ``known``
    ones; where it has no centre, what runs from ``starts`` come to."""
    at = model.with_parameters(**values)
    every = find_equilibria(at, searches=64, starts=known if len(known) else None)
    found = centres(at, every, searches=0) if len(every) else []
    return found or away(model, Trial(values, at_rest(starts))), every
