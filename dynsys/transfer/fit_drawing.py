"""Figures of fitted transfer functions: simulated rates with error bars, the fit as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynsys.transfer.evaluation import evaluate
from dynsys.transfer.networks import NETWORKS

if TYPE_CHECKING:
    from dynsys.transfer.fitting import Fit


def draw_fit(fit: Fit, ax: Any = None) -> Any:
    """Output rate against excitatory input, one colour for each inhibitory rate.

    Returns the axes (of a new figure where none are given).

    Example
    -------
    >>> draw_fit(fit).figure.savefig("RS.png")
    """
    from matplotlib.figure import Figure  # only figures need it

    if ax is None:
        ax = Figure(figsize=(6, 4.5), layout="constrained").subplots()
    grid, function = fit.grid, fit.function
    inhibition = grid["inhibition"].values
    names = [name for name, _ in function.highest_input]
    for k, nu_i in enumerate(inhibition):
        shade = k / max(len(inhibition) - 1, 1)
        colour = (0.8 - 0.7 * shade, 0.35, 0.15 + 0.7 * shade)
        row = grid.isel(inhibition=k)
        nu_e = row["nu_e"].values
        ax.errorbar(
            nu_e, row["rate"], row["rate_error"], fmt="o", ms=3, color=colour, lw=1,
            label=f"{nu_i:.3g}" if k in (0, len(inhibition) // 2, len(inhibition) - 1) else None,
        )  # fmt: skip
        if function.network in NETWORKS and not function.adaptation:
            fine = np.linspace(0, nu_e.max(), 200)
            rates = {names[0]: fine, names[1]: np.full(200, nu_i)}
            target = str(grid.attrs["target"])
            ax.plot(fine, evaluate(function, rates, target=target)["rate"], color=colour, lw=1.2)
        else:
            ax.plot(nu_e, row["fitted"], color=colour, lw=1.2)
    ax.set_xlabel("excitatory input (Hz per synapse)")
    ax.set_ylabel("output (Hz)")
    ax.set_ylim(bottom=0)
    ax.set_title(
        f"{function.membrane.name}: rms error {fit.rate_error:.2f} Hz, data {fit.noise:.2f} Hz"
    )
    ax.legend(title="inhibition (Hz)", frameon=False)
    return ax
