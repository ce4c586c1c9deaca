"""``settings_of_ode``: how an XPPAUT file has AUTO follow curves, in our own settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from continuation.cycles.tracing import CycleSettings
from continuation.engine.settings import Settings
from dynsys.errors import ModelError
from dynsys.exchange.ode_options import AUTO, options
from dynsys.exchange.ode_statements import read_statements


@dataclass(frozen=True)
class OdeSettings:
    """``equilibria`` and ``cycles``: settings of their branches; ``span`` of the free parameter, or
    None where the file has no parmin and parmax; ``notes`` on what was left out."""

    equilibria: Settings
    cycles: CycleSettings
    span: tuple[float, float] | None
    notes: tuple[str, ...]


def settings_of_ode(path: str | Path) -> OdeSettings:
    """The AUTO options of an .ode file: ntst, nmax, parmin, parmax, ds, dsmin, dsmax.

    ``ntst`` mesh intervals (of degree 4 there and here) are the fewest of cycles, ``nmax`` is
    ``max_points``, (parmin, parmax) the span. AUTO's steps are lengths in the parameter and the
    states as they are; here they are in half spans of the parameter, so that ds, dsmin and dsmax
    count where the span is known. Defaults elsewhere; ``dynsys.read_ode`` reads the model.

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
    span = _span(place, values)
    shared: dict[str, float] = {}
    if "nmax" in values:
        shared["max_points"] = int(values["nmax"])
    notes = []
    steps = {ours: values[name] for name, ours in _STEPS.items() if name in values}
    if steps and span is None:
        notes.append(
            f"{place.name}: {', '.join(k for k in _STEPS if k in values)} left out: AUTO's steps "
            "are in the parameter's own units, whose span (parmin, parmax) the file does not say"
        )
    elif span is not None:
        half = (span[1] - span[0]) / 2
        shared |= {ours: abs(value) / half for ours, value in steps.items()}
    mesh = {"intervals": int(values["ntst"])} if "ntst" in values else {}
    most = max(CycleSettings.most_intervals, mesh.get("intervals", 0))
    return OdeSettings(
        Settings(**shared),  # type: ignore[arg-type]
        CycleSettings(**shared, **mesh, most_intervals=most),  # type: ignore[arg-type]
        span, tuple(notes),
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
