"""Figure of predicted and measured spectra of population rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from continuation import RateSpectrum
from dynsys.drawing import DARK, canvas
from dynsys.styles import Style

COLORS = {"r_E": "#b3372f", "r_I": "#2f5d9b"}
_SPARE = ("#b3372f", "#2f5d9b", "#3d7a4a", DARK)
_SHOWN = (1.0, 300.0)  # Hz


def draw_spectra(
    theory: RateSpectrum, measured: Mapping[str, xr.Dataset] | None = None, ax: Any = None, *,
    style: str = "default", **line: Any,
) -> Any:  # fmt: skip
    """Predicted spectra as lines, measured ones as thin lines in bands of two standard errors.

    ``measured``: rate -> ``power_density`` of a run. ``line`` are matplotlib's keywords for the
    theory. Returns the axes.
    """
    with canvas(ax, style, (7.2, 4.4)) as (ax, look):
        return _draw_spectra(theory, measured, ax, look, line)


def _draw_spectra(
    theory: RateSpectrum, measured: Mapping[str, xr.Dataset] | None, ax: Any, look: Style,
    line: dict[str, Any],
) -> Any:  # fmt: skip
    names = [str(k).removesuffix("_node") for k in theory.data_vars if str(k).endswith("_node")]
    nodes = theory["node"].values
    inside = (nodes >= _SHOWN[0]) & (nodes <= _SHOWN[1])
    for name, spare in zip(names, _SPARE, strict=False):
        color = COLORS.get(name, spare)
        found = None if measured is None else measured.get(name)
        if found is not None:
            power, error = found["power"].values, found["error"].values
            frequency = found["frequency"].values
            shown = (frequency >= _SHOWN[0]) & (frequency <= _SHOWN[1])
            low, high = (power - 2 * error)[shown], (power + 2 * error)[shown]
            ax.fill_between(frequency[shown], np.maximum(low, 1e-12), high, color=color,
                            alpha=0.25, lw=0, label=f"{name}, ± 2 standard errors")  # fmt: skip
            thin = look.line({}, color=color, lw=0.8, label=f"{name}, network")
            ax.plot(frequency[shown], power[shown], **thin)
        dashes = "-" if found is None else (0, (5, 1.5))
        own = {"color": color, "lw": 2.0, "ls": dashes, "label": f"{name}, theory"}
        ax.plot(nodes[inside], theory[f"{name}_node"].values[inside], **look.line(line, **own))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(*_SHOWN)
    ticks = [1, 2, 5, 10, 20, 50, 100, 200]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("power (Hz$^2$/Hz)")
    ax.grid(True, color="#e4e4e4", lw=0.6)
    ax.legend(fontsize=look.legend, frameon=False)
    return ax
