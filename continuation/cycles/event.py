"""An event along a branch of cycles: a special cycle, or what could not be resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from continuation.cycles.chords import Chord
from continuation.cycles.counts import PLUS, Counts
from continuation.cycles.location import Location, certificate, turning
from continuation.cycles.orbits import Point, Solver

TURNS = 1e-4  # a parameter's part of the unit tangent, below which it may be said to turn back
_LOST = "the parameter turns back, but neither a fold nor a branch point was located"


@dataclass(frozen=True)
class Event:
    """A special cycle after point ``index`` of a branch.

    ``gain`` of unstable multipliers, of ``multiplicity`` ones (or pairs) at once; None for folds
    on which multipliers mean nothing.
    """

    label: str
    point: Point
    gain: int | None
    multiplicity: int = 1
    certificate: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0


def unresolved(chord: Chord, gained: Counts, reason: str) -> Event:
    """What happens along a chord and could not be told, with the reason."""
    name, ends = chord.solver.parameter, (chord.left.orbit.value, chord.right.orbit.value)
    words = (
        f"{reason}: between {name} = {ends[0]:.8g} and {ends[1]:.8g} the number of unstable "
        f"multipliers changes by {gained.unstable:+d}"
    )
    return Event(
        "unresolved", chord.right, gained.unstable, 1, {"reason": words, "bracket": sorted(ends)}
    )


def turned_at(solver: Solver, points: Sequence[Point], k: int) -> Event:
    """A fold by the parameter alone, which is largest or smallest at point k."""
    chord = Chord(solver, points[k - 1], points[k + 1])
    here = Location(points[k], 0.5, turning(points[k], solver))
    if abs(here.value) < TURNS:
        return Event("LPC", points[k], None, 1, certificate(chord, here, PLUS), k)
    return replace(unresolved(chord, Counts(0, 0, 0), _LOST), index=k)
