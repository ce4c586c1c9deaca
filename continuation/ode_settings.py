"""``settings_of_ode``: how an XPPAUT file has AUTO follow curves, in our own settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from continuation.cycles.settings import CycleSettings
from continuation.engine.settings import Settings
from dynsys.errors import ModelError
from dynsys.exchange.ode_options import AUTO, options
from dynsys.exchange.ode_statements import read_statements
from dynsys.typed import typed


@dataclass(frozen=True)
class OdeSettings:
    """``equilibria`` and ``cycles``: settings of their branches; ``span`` of the free parameter, or
    None where nothing tells it; ``used``: AUTO's options that these come from; ``notes`` on what
    was left out or taken otherwise."""

    equilibria: Settings
    cycles: CycleSettings
    span: tuple[float, float] | None
    notes: tuple[str, ...]
    used: tuple[str, ...] = ()


@typed
def settings_of_ode(path: str | Path, span: tuple[float, float] | None = None) -> OdeSettings:
    """The AUTO options of an .ode file: ntst, nmax, parmin, parmax, ds, dsmin, dsmax.

    ``ntst`` mesh intervals (of degree 4 there and here) are the fewest of cycles, ``nmax`` is
    ``max_points``, (parmin, parmax) the span where none is given. AUTO's steps are lengths in the
    parameter and the states as they are; here they are in half spans of the parameter, so that ds,
    dsmin and dsmax count where the span is known. Steps longer than the defaults are not taken
    over: AUTO's are short where a state's unit is small, ours would pass over what lies between.
    Defaults elsewhere; ``dynsys.read_ode`` reads the model.

    Raises
    ------
    StorageError where there is no such file; ModelError for values that make no sense.

    Example
    -------
    >>> chosen = settings_of_ode("hh.ode")
    >>> equilibria(read_ode("hh.ode"), "i", chosen.span, settings=chosen.equilibria)
    """
    place = Path(path)
    given = options(read_statements(place))
    values = {name: _number(place, name, given[name]) for name in AUTO if name in given}
    used: list[str] = [name for name in ("ntst", "nmax") if name in values]
    if span is None:
        span = _span(place, values)
        used += ["parmin", "parmax"] if span else []
    points = {"max_points": int(values["nmax"])} if "nmax" in values else {}
    mesh = {"intervals": int(values["ntst"])} if "ntst" in values else {}
    most = max(CycleSettings.most_intervals, mesh.get("intervals", 0))
    steps, notes = {}, []
    asked = [name for name in _STEPS if name in values]
    if asked and span is None:
        notes.append(
            f"{place.name}: {', '.join(asked)} left out: AUTO's steps are in the parameter's "
            "own units, whose span (parmin, parmax) the file does not say"
        )
    elif span is not None:
        half = (span[1] - span[0]) / 2
        steps = {_STEPS[name]: abs(values[name]) / half for name in asked}
        for name in ("ds", "dsmax"):
            if steps.get(_STEPS[name], 0) > Settings.step_max:
                del steps[_STEPS[name]]
                asked.remove(name)
                notes.append(
                    f"{place.name}: {name}={values[name]:g} left out: {values[name] / half:g} half "
                    f"spans of the parameter; steps are {Settings.step_max:g} at most, unless "
                    "asked for (step_max)"
                )
        used += asked
    return OdeSettings(
        Settings(**points, **steps),  # type: ignore[arg-type]
        CycleSettings(**points, **steps, **mesh, most_intervals=most),  # type: ignore[arg-type]
        span, tuple(notes), tuple(used),
    )  # fmt: skip


_STEPS = {"ds": "step", "dsmin": "step_min", "dsmax": "step_max"}


def _number(place: Path, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ModelError(f"{place.name}: the option {name}={text} is no number") from None


def _span(place: Path, values: dict[str, float]) -> tuple[float, float] | None:
    if "parmin" not in values or "parmax" not in values:
        return None
    low, high = values["parmin"], values["parmax"]
    if not low < high:
        raise ModelError(f"{place.name}: parmin={low:g} is not below parmax={high:g}")
    return low, high
