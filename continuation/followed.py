"""What a command follows: parameter, span, settings, with the defaults of an .ode file."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dynsys.commands import check_varied, model_from
from dynsys.errors import ModelError

if TYPE_CHECKING:
    from continuation.cycles.settings import CycleSettings
    from continuation.engine.settings import Settings
    from dynsys.vector_field import VectorField


@dataclass(frozen=True)
class Followed:
    """A model, the parameter that is varied, its span, and how branches are followed."""

    model: VectorField
    name: str
    span: tuple[float, float]
    settings: Settings
    cycle_settings: CycleSettings


def followed(chosen: argparse.Namespace, words: list[str] | None, option: str) -> Followed:
    """The model and parameter of a command line whose ``option`` had ``words``.

    An .ode file's AUTO options are defaults, which is said: parmin and parmax for the span, the
    first parameter for the name (as in XPPAUT), ds, dsmin, dsmax, nmax and ntst for the settings.
    """
    # Here, since the command line's help should not wait for it.
    from continuation.cycles.settings import CycleSettings

    # As above.
    from continuation.engine.settings import Settings

    model = model_from(chosen)
    name, span = _given(words, option)
    settings, cycle_settings = Settings(), CycleSettings()
    if chosen.model.lower().endswith(".ode"):
        # As above.
        from continuation.ode_settings import settings_of_ode

        own = settings_of_ode(chosen.model, span)
        settings, cycle_settings, span = own.equilibria, own.cycles, own.span
        if not name and model.parameters:
            name = next(iter(model.parameters))
            print(f"{chosen.model}: {name} is varied, its first parameter ({option} for others)")
        if own.used:
            print(f"{chosen.model}: settings of AUTO that are used: {', '.join(own.used)}")
        for note in own.notes:
            print(note)
    if not name:
        raise ModelError(f"say what is varied: {option} NAME LOW HIGH")
    if span is None:
        raise ModelError(f"give the span of {name}: {option} {name} LOW HIGH")
    check_varied(chosen, name)
    wins = asked(chosen)
    return Followed(model, name, span, replace(settings, **wins), replace(cycle_settings, **wins))


def asked(chosen: argparse.Namespace) -> dict[str, Any]:
    """The settings that a command line asks for."""
    given = {"step_max": chosen.step_max, "max_points": chosen.max_points}
    return {k: v for k, v in given.items() if v is not None}


def axis_of(words: list[str]) -> tuple[str, float, float]:
    """Name and span of an axis. Raises ModelError where two numbers are missing."""
    name, *ends = words
    try:
        low, high = map(float, ends)
    except ValueError:
        shown = " ".join(map(repr, ends)) or "missing"
        raise ModelError(f"the span of {name} is {shown}; give two numbers") from None
    return name, low, high


def _given(words: list[str] | None, option: str) -> tuple[str, tuple[float, float] | None]:
    """Name and span of the words of an option, as far as they go."""
    if words is None:
        return "", None
    if len(words) == 1:
        return words[0], None
    name, low, high = axis_of(words)
    return name, (low, high)
