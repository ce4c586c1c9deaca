"""What a plane does not say, in words: parameters without effect, or that only shift one another,
and rhythms that runs need not meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from continuation.diagrams.centres import DETAIL, conserved_quantity
from continuation.diagrams.names import CENTRE
from continuation.diagrams.standstill import standstills
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

if TYPE_CHECKING:
    from continuation.diagrams.diagram import Diagram

PLACES = 12  # random states and parameters at which the field is asked
SHAKEN = 0.1  # of their scales, by which delay lines are moved: at rest a delay does nothing
_SAME = 1e-9  # relative difference up to which one effect is a multiple of the other
_FEW = 3.0  # delays in a period, up to which the delay may make the rhythm
Spans = Mapping[str, tuple[float, float]]


def check_effects(model: VectorField, spans: Spans) -> None:
    """ModelError for a parameter on which the equations do not depend.

    Example
    -------
    >>> check_effects(wilson_cowan(), {"P": (-2, 4), "Q": (-10, 2)})
    """
    without = _without_effect(model, spans)
    if not without:
        return
    here = {p: (v, v) for p, v in model.parameters.items() if p not in spans}
    none = _without_effect(model, here)
    others, rest = [p for p in here if p not in none], [p for p in spans if p not in without]
    advice = "none of its parameters has an effect"
    if others:
        advice = f"choose another parameter, of {', '.join(others)}"
    elif rest:
        advice = f"a diagram along {rest[0]} alone shows all that there is"
    raise ModelError(
        f"the equations of {model.name} do not depend on {without[0]!r}: nothing changes along it; "
        f"{advice}"
    )


def _without_effect(model: VectorField, spans: Spans) -> list[str]:
    return [name for name, effect in _effects(model, spans).items() if not np.any(effect)]


def plane_notes(diagram: Diagram) -> list[str]:
    """Sentences on a plane that says little: nothing is wrong with it, but look elsewhere."""
    spans = {name: (low, high) for name, low, high in (diagram.x, diagram.y)}
    result = shift_words(diagram.model, spans)
    lines = standstills(diagram.model, diagram.x, diagram.y)
    result += [line.words(list(diagram.model.states)) for line in lines]
    regions = [region for _, region in diagram.regimes.nodes(data=True)]
    result += delay_words(diagram.model, regions)
    if not diagram.lines and not diagram.partial:
        result.append(
            "no equilibrium was found anywhere in the plane: what moves was found by simulation "
            f"alone; {diagram.model.name}.with_ranges(...) widens the search"
        )
    if quantity := conserved_quantity(diagram.model, (diagram.x, diagram.y)):
        families = f"every {CENTRE} is surrounded by {DETAIL}, each with its own value of it"
        centred = any(CENTRE in region["attractors"] for region in regions)
        result.append(
            f"{quantity} is conserved: nothing attracts"
            + (f", and {families}; see conservative_cycles" if centred else "")
        )
    if len(regions) == 1 and not regions[0]["unresolved"]:
        result.append(
            f"nothing changes in this plane: it is one region ({regions[0]['label']}); widen the "
            "spans or choose other parameters"
        )
    return result


def shift_words(model: VectorField, spans: Spans) -> list[str]:
    """Says where two parameters act as one: the field depends on their weighted sum alone."""
    (first, a), (second, b) = _effects(model, spans).items()
    weight = float(a @ b) / max(float(b @ b), 1e-300)
    if np.max(np.abs(a - weight * b)) > _SAME * np.max(np.abs(a)):
        return []
    total = f"{second} {'+' if weight > 0 else '-'} {abs(weight):g} {first}".replace(" 1 ", " ")
    return [
        f"{first} and {second} only shift one another: the equations depend on {total} alone, so "
        "every boundary is a straight line; a diagram along one of them says the same"
    ]


def delay_words(model: VectorField, regions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Says where delays may carry further rhythms, that differ in their turns within a delay."""
    met = (item for region in regions for item in region["stable"])
    periods = [item["period"] for item in met if "period" in item]
    if not model.lines or not periods:
        return []
    signals, field = np.empty(2 * len(model.lines)), model.compiled
    field.signals(model.initial_state(), model.parameter_array(), field.tables, signals)
    longest = float(signals[len(model.lines) :].max())
    if min(periods) > _FEW * longest:
        return []
    return [
        f"periods come down to {min(periods):.3g}, the delay is {longest:g}: rhythms with more or "
        "fewer turns in a delay may coexist with those named (Yanchuk & Perlikowski 2009), which "
        "simulations from rest need not meet"
    ]


def _effects(model: VectorField, spans: Spans) -> dict[str, np.ndarray]:
    """Derivatives of the scaled field by each parameter, at random places of plane and states."""
    random = np.random.default_rng(0)
    low, high = model.state_box()
    found: dict[str, list[np.ndarray]] = {name: [] for name in spans}
    for _ in range(PLACES):
        values = {k: float(random.uniform(*span)) for k, span in spans.items()}
        at = model.with_parameters(**values)
        x = at.fill_lines(random.uniform(low, high))
        x[len(low) :] *= 1 + SHAKEN * random.standard_normal(len(x) - len(low))
        for name in spans:
            slope = at.parameter_derivative(x, name) / at.scales
            found[name].append(np.where(np.isfinite(slope), slope, 0.0))
    return {name: np.concatenate([np.zeros(1), *parts]) for name, parts in found.items()}
