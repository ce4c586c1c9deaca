"""What every figure shares: axes without pyplot, in a style; and the figure of a phase response."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.errors import ModelError
from dynsys.styles import Style, style_of

if TYPE_CHECKING:  # tables are only read here: who draws none need not load xarray
    import xarray as xr

DARK = "#222222"
CYCLE_COLOR = "#7a3e9d"
_FAINT = "#b5b5b0"


def new_figure(size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """A figure that belongs to no graphical interface."""
    # Every result imports this file, and matplotlib takes 0.3 s to load.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(size: tuple[float, float] = (6.4, 4.8)) -> Any:
    """Axes of a new figure that belongs to no graphical interface."""
    return new_figure(size).subplots()


@contextmanager
def canvas(
    ax: Any, style: str, size: tuple[float, float] = (6.4, 4.8)
) -> Iterator[tuple[Any, Style]]:
    """A block that draws in a style: on the axes given, or on new ones (``size`` in inches).

    Example
    -------
    >>> with canvas(None, "publication") as (ax, look):
    ...     ax.plot(x, y, **look.line({"color": "k"}, lw=2.0))
    """
    look = style_of(style)
    if ax is not None and not hasattr(ax, "get_legend_handles_labels"):
        raise ModelError(f"ax is {ax!r}; it must be axes of matplotlib, or None for new ones")
    with look.drawing():
        yield (new_axes(look.sized(size)) if ax is None else ax), look


@contextmanager
def panels(
    axes: Any, style: str, size: tuple[float, float], rows: int, columns: int = 1, **options: Any
) -> Iterator[tuple[Any, Style]]:
    """As ``canvas``, for several axes: an array of them, flat where there is one column."""
    look = style_of(style)
    with look.drawing():
        if axes is None:
            axes = new_figure(look.sized(size)).subplots(rows, columns, squeeze=False, **options)
            axes = axes[:, 0] if columns == 1 else axes
        yield axes, look


def axis_label(name: str, unit: str) -> str:
    """The name with its unit."""
    return f"{name} ({unit})" if unit else name


def draw_phase_response(
    response: xr.DataArray, ax: Any = None, *, style: str = "default", **line: Any
) -> Any:
    """Draw the phase response of a cycle or of a spiking orbit; returns the axes.

    Positive values advance the rhythm. The course of the observable whose peak is phase 0 stands
    faint behind it, where the response brings it along. ``line`` are matplotlib's keywords.

    Example
    -------
    >>> draw_phase_response(phase_response(cycle, "mu_e", unit="cycles"), color="k")
    """
    phase = np.append(response["phase"].values, 1.0)
    with canvas(ax, style, (6.4, 4.2)) as (ax, look):
        for name in set(response.coords) - {"phase"}:
            _course_behind(ax, phase, response[name].values)
        ax.axhline(0, **look.line({}, color=DARK, lw=0.6))
        closed = np.append(response.values, response.values[0])
        ax.plot(phase, closed, **look.line(line, color=CYCLE_COLOR, lw=2.0))
        ax.set(xlabel=f"phase (0: {response.attrs['event']})", xlim=(0, 1))
        ax.set_ylabel(advance_label(response))
        if "type" in response.attrs:
            ax.set_title(f"type {response.attrs['type']}", fontsize=look.names)
    return ax


def advance_label(response: xr.DataArray) -> str:
    """What a phase response measures, with its units: "advance by mu_e (ms per (mV/ms) ms)"."""
    unit, given = response.attrs["units"] or "time units", response.attrs["input_units"]
    per = f"{unit} per {given}" if given else unit
    return axis_label(f"advance by {response.attrs['input']}", per)


def _course_behind(ax: Any, phase: np.ndarray, values: np.ndarray) -> None:
    """A course as high as the axes, behind what is drawn on them, without an axis of its own."""
    low, high = float(values.min()), float(values.max())
    part = 0.04 + 0.92 * (np.append(values, values[0]) - low) / ((high - low) or 1.0)
    ax.plot(phase, part, color=_FAINT, lw=0.9, zorder=0, label="_", transform=_across(ax))


def _across(ax: Any) -> Any:
    """Data along x, parts of the axes along y."""
    return ax.get_xaxis_transform()
