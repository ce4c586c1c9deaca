"""Figures of transfer functions: a computed table in, a figure out, no pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.drawing import panels

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure  # only figures need it

_NOISES = (0.5, 1.0, 1.5, 3.0, 5.0)  # sigma of the curves, where the table has them


def draw_table(
    table: xr.Dataset, axes: Any = None, *, style: str = "default", **line: Any
) -> Figure:
    """Rate (Hz), mean voltage (mV) and filter time constants (ms) against mu, a curve per sigma.

    ``axes`` (2, 2) to draw on; ``line`` are matplotlib's keywords. Returns the figure.

    Example
    -------
    >>> draw_table(load_table("table.npz")).savefig("table.png")
    """
    shown: list[tuple[str, Any]] = [
        ("rate (Hz)", 1000 * np.exp(table["log_rate"])),
        ("mean voltage (mV)", table["mean_voltage"]),
        (r"$\tau_\mu$ (ms)", table["tau_mu"]),
        (r"$\tau_\sigma$ (ms), none where noise slows firing", table["tau_sigma"]),
    ]
    with panels(axes, style, (10, 7), 2, 2, sharex=True) as (axes, look):
        for ax, (label, values) in zip(np.ravel(axes), shown, strict=True):
            for k, sigma in enumerate(_chosen(table["sigma"].values)):
                curve = values.sel(sigma=sigma)
                if ax is axes[1, 1]:
                    curve = curve.where(curve > 0)
                shade = 0.15 + 0.7 * k / len(_NOISES)
                own = {"color": (shade, 0.35, 1 - shade), "label": f"{sigma:.3g}", "lw": 1.5}
                ax.plot(table["mu"], curve, **look.line(line, **own))
            ax.set_ylabel(label)
        for ax in axes[1]:
            ax.set_yscale("log")
            ax.set_xlabel("mean input (mV/ms)")
        title = r"$\sigma$ (mV/$\sqrt{\mathrm{ms}}$)"
        axes[0, 0].legend(title=title, fontsize=look.legend, title_fontsize=look.legend)
    return axes[0, 0].figure


def _chosen(sigma: np.ndarray) -> np.ndarray:
    """The grid's values nearest to the usual ones, each once."""
    wanted = [s for s in _NOISES if sigma[0] - 1e-9 <= s <= sigma[-1] + 1e-9] or [sigma[0]]
    return np.unique([sigma[np.abs(sigma - s).argmin()] for s in wanted])
