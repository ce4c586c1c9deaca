"""Figures of fitted transfer functions: simulated rates with error bars, the fit as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.drawing import canvas
from dynsys.styles import Style
from dynsys.transfer.evaluation import evaluate
from dynsys.transfer.networks import NETWORKS

if TYPE_CHECKING:
    from dynsys.transfer.fitting import Fit


def draw_fit(fit: Fit, ax: Any = None, *, style: str = "default", **line: Any) -> Any:
    """Output rate against excitatory input, one colour for each inhibitory rate.

    ``line`` are matplotlib's keywords for the fit. Returns the axes (of a new figure where none are
    given).

    Example
    -------
    >>> draw_fit(fit).figure.savefig("RS.png")
    """
    with canvas(ax, style, (6, 4.5)) as (ax, look):
        return _draw_fit(fit, ax, look, line)


def _draw_fit(fit: Fit, ax: Any, look: Style, line: dict[str, Any]) -> Any:
    grid, function = fit.grid, fit.function
    inhibition = grid["inhibition"].values
    names = [name for name, _ in function.highest_input]
    named = (0, len(inhibition) // 2, len(inhibition) - 1)
    for k, nu_i in enumerate(inhibition):
        shade = k / max(len(inhibition) - 1, 1)
        colour = (0.8 - 0.7 * shade, 0.35, 0.15 + 0.7 * shade)
        row = grid.isel(inhibition=k)
        nu_e = row["nu_e"].values
        ax.errorbar(
            nu_e, row["rate"], row["rate_error"], fmt="o", ms=3 * look.scale, color=colour,
            lw=look.scale, label=f"{nu_i:.3g}" if k in named else None,
        )  # fmt: skip
        if function.network in NETWORKS and not function.adaptation:
            fine = np.linspace(0, nu_e.max(), 200)
            rates = {names[0]: fine, names[1]: np.full(200, nu_i)}
            target = str(grid.attrs["target"])
            found = evaluate(function, rates, target=target)["rate"]
            ax.plot(fine, found, **look.line(line, color=colour, lw=1.2))
        else:
            ax.plot(nu_e, row["fitted"], **look.line(line, color=colour, lw=1.2))
    ax.set_xlabel("excitatory input (Hz per synapse)")
    ax.set_ylabel("output (Hz)")
    ax.set_ylim(bottom=0)
    ax.set_title(
        f"{function.membrane.name}: rms error {fit.rate_error:.2f} Hz, data {fit.noise:.2f} Hz",
        fontsize=look.names,
    )
    small = {"fontsize": look.legend, "title_fontsize": look.legend}
    ax.legend(title="inhibition (Hz)", frameon=False, **small)
    return ax
