"""What a living page shows, as plain data that JSON can hold."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from continuation.drawing import CURVE_STYLES
from dynsys.simulation.javascript import model_record, packed_tables, page_step
from dynsys.simulation.motion import motion
from dynsys.vector_field import VectorField
from dynsys.version import __version__

SETTLED = 5.0  # time constants after which a run has settled
PERIODS = 15  # of a rhythm that a run shows
FIGURES = 6  # significant digits of what is drawn
_NICE = (1.0, 2.0, 5.0, 10.0)


class PageAxis(NamedTuple):
    """A parameter along an axis of a diagram."""

    name: str
    low: float
    high: float
    unit: str


def base_content(
    model: VectorField,
    kind: str,
    title: str,
    axes: Sequence[PageAxis],
    rates: Iterable[float] = (),
    periods: Iterable[float] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """What every page has: the model, its tables, the axes, how long runs are, how it was made.

    ``rates`` are decay rates of what is stable (per time unit), ``periods`` those of its cycles:
    they tell how long a run must be to show something.
    """
    known = [float(period) for period in periods if math.isfinite(period)]
    frequency = model.frequency_factor / float(np.median(known)) if known else 10.0
    record = model_record(model)
    return {
        "kind": kind,
        "title": title,
        "subtitle": model.meaning,
        "model": record | {"dt": _step(model)},
        "tables": packed_tables(model),
        "axes": [axis._asdict() for axis in axes],
        "start": {axis.name: _start(model, axis) for axis in axes},
        "duration": run_length(rates, known),
        "frequency": rounded(frequency, 3),
        "legend": [],
        "points": [],
        "notes": [*notes, *_notes(model)],
    }


def run_length(rates: Iterable[float], periods: Iterable[float]) -> float:
    """A round time that shows what decays at ``rates`` and oscillates with ``periods``.

    Example
    -------
    >>> run_length([0.005], [45.0])
    1000.0
    """
    decays = [SETTLED / abs(rate) for rate in rates if rate and math.isfinite(rate)]
    wanted = [float(np.median(decays))] if decays else []
    wanted += [PERIODS * float(np.median(list(periods)))] if list(periods) else []
    longest = max(wanted, default=100.0)
    power = 10.0 ** math.floor(math.log10(longest))
    return float(next(n * power for n in _NICE if n * power >= 0.999 * longest))


def curve_style(word: str) -> dict[str, Any]:
    """Color, width and dashes (SVG's) of a curve; ``word`` is a key of ``CURVE_STYLES``."""
    style = CURVE_STYLES[word]
    dash = None
    if style["ls"] != "-":  # matplotlib counts dashes in widths of the line
        dash = " ".join(f"{style['lw'] * part * 1.3:.2g}" for part in style["ls"][1])
    return {"word": word, "color": style["color"], "width": style["lw"] * 1.2, "dash": dash}


def rounded(value: Any, figures: int = FIGURES) -> float | None:
    """A number to so many digits; None for what is not finite, which JSON cannot hold."""
    number = float(value)
    return float(f"{number:.{figures}g}") if math.isfinite(number) else None


def rounded_list(values: Iterable[Any], figures: int = FIGURES) -> list[float | None]:
    """Numbers to so many digits."""
    return [rounded(value, figures) for value in values]


def packed(values: np.ndarray, kind: str = "f8") -> str:
    """An array as base64 of little-endian numbers, "f8" or "f4"."""
    return base64.b64encode(np.ascontiguousarray(values, f"<{kind}").tobytes()).decode()


def physical(model: VectorField, state: Sequence[float] | np.ndarray) -> list[float]:
    """A state without its delay lines: where a run in a page starts, its past at rest."""
    return [float(value) for value in state[: len(model.states)]]


def _step(model: VectorField) -> float:
    """The step of runs: no longer than the shortest delay at the model's parameters."""
    moved = motion(model)
    lags = np.zeros(moved.delayed)
    if moved.delayed:
        moved.delays(np.zeros(moved.n + moved.delayed), model.parameter_array(), moved.tables, lags)
    step = page_step(model)
    return min([step, *(lag / math.ceil(lag / step) for lag in lags.tolist() if lag > 0)])


def _start(model: VectorField, axis: PageAxis) -> float:
    """Where a page opens: the model's own value, or the middle of the axis."""
    own = model.parameters[axis.name]
    return own if axis.low <= own <= axis.high else (axis.low + axis.high) / 2


def _notes(model: VectorField) -> list[str]:
    notes = [f"Model: {model.source}"] if model.source else []
    unit = model.time_unit or "time units"
    runs = (
        f"Runs are made in this page: the classical Runge-Kutta method (RK4), steps of "
        f"{_step(model):g} {unit}, delays exact, the past before the start at rest"
    )
    if model.noise:
        runs += f"; without the noise of {', '.join(model.noise)}"
    return [*notes, f"{runs}.", f"dynsys {__version__}"]


def legend_of(words: Iterable[str]) -> list[Mapping[str, Any]]:
    """One entry for every kind of curve, in order."""
    return [curve_style(word) for word in dict.fromkeys(words)]
