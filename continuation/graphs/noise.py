"""Linear fluctuations of a graph about a stable state: cross spectra and correlations.

White noise of amplitude s in a state: z = Delta(i omega)^-1 B xi, so that the spectra are
C Delta^-1 B diag(s^2) B' Delta^-H C', delays exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.integrate import quad_vec

from continuation.graphs.nodes import NOISE, OBSERVED
from continuation.graphs.system import Point
from dynsys import checks
from dynsys.coupling.coupled_field import CoupledField
from dynsys.errors import ModelError

_ONE_SIDED = 2.0
_SLOWEST, _GRID = 1e-4, 60  # frequencies between which peaks are looked for, and how many
_RELATIVE = 1e-5  # of the largest variance, of integrals over all frequencies


class Fluctuations:
    """Spectra (N, N) of one quantity at angular frequencies."""

    def __init__(
        self, point: Point, of: str, noise: Mapping[str, float | np.ndarray] | None
    ) -> None:
        nodes = point.nodes
        self.linear, self.count = point.linear, nodes.count
        states = list(nodes.field.node_model.states)
        self.seen = np.zeros((nodes.count, nodes.q))
        if OBSERVED + of in nodes.outputs:
            self.seen[:] = point.values.output_jacobian[:, nodes.outputs.index(OBSERVED + of)]
        else:
            self.seen[:, states.index(of)] = 1.0
        amplitudes = _amplitudes(point, noise)
        self.entries = [states.index(k) for k in amplitudes]
        self.powers = [a**2 for a in amplitudes.values()]

    def spectra(self, omega: float) -> np.ndarray:
        """Two-sided, per cycle and time unit, (N, N) complex."""
        linear, root = self.linear, 1j * omega
        inverses = np.linalg.inv(linear.node_blocks(root))
        slots = slice(linear.n, linear.n + linear.w)
        answers = inverses[:, :, slots]
        arriving = linear.wires.matrix(linear.wires.gains(root))
        spread = np.linalg.solve(linear.reduced(root, answers), arriving)
        seen = np.einsum("jq,jqw->jw", self.seen, answers)  # what is seen of arriving input
        total = np.zeros((self.count, self.count), complex)
        for entry, power in zip(self.entries, self.powers, strict=True):
            pushed = inverses[:, :, entry]
            sent = np.einsum("jwq,jq->jw", linear.sent, pushed)
            blocks = spread.reshape(self.count, linear.w, self.count, linear.w)
            response = np.einsum("iv,ivjw,jw->ij", seen, blocks, sent)
            response[np.diag_indices(self.count)] += np.einsum("jq,jq->j", self.seen, pushed)
            total += (response * power) @ response.conj().T
        return total


def cross_spectra(
    point: Point,
    field: CoupledField,
    frequencies: np.ndarray,
    of: str,
    noise: Mapping[str, float | np.ndarray] | None,
) -> xr.DataArray:
    """One-sided cross spectra (frequency, node, other) in squared units per Hz."""
    found, model = Fluctuations(point, of, noise), field.node_model
    factor = model.frequency_factor
    values = [found.spectra(2 * np.pi * f / factor) * _ONE_SIDED / factor for f in frequencies]
    unit, hertz = model.unit(of), "Hz" if model.time_unit else "cycle per time unit"
    return xr.DataArray(
        np.array(values),
        dims=("frequency", "node", "other"),
        coords={
            "frequency": ("frequency", frequencies, {"units": model.frequency_unit}),
            "node": list(field.labels),
            "other": list(field.labels),
        },
        name=f"cross spectrum of {of}",
        attrs={"units": f"({unit or '1'})^2/{hertz}", "model": field.name},
    )


def connectivity(
    point: Point,
    field: CoupledField,
    of: str,
    noise: Mapping[str, float | np.ndarray] | None,
    band: tuple[float, float] | None,
) -> xr.DataArray:
    """Correlations (node, other) of one quantity, its covariances as a coordinate."""
    model = field.node_model
    covariance = _covariance(point, Fluctuations(point, of, noise), _band(model, band))
    size = np.sqrt(np.diag(covariance))
    if not np.all(size > 0):
        silent = [label for label, s in zip(field.labels, size, strict=True) if not s > 0]
        raise ModelError(
            f"{of} does not fluctuate at the nodes {', '.join(silent[:5])}: no noise reaches it"
        )
    labels = list(field.labels)
    return xr.DataArray(
        covariance / np.outer(size, size),
        dims=("node", "other"),
        coords={"node": labels, "other": labels, "covariance": (("node", "other"), covariance)},
        name=f"correlation of {of}",
        attrs={"model": field.name, "covariance_units": f"({model.unit(of) or '1'})^2"},
    )


def _band(model: Any, band: tuple[float, float] | None) -> tuple[float, float]:
    """Ends of a band as angular frequencies."""
    if band is None:
        return 0.0, np.inf
    low, high = checks.numbers("band", band, finite=False)
    if not 0 <= low < high:
        raise ModelError(f"the band is ({low:g}, {high:g}); give (low, high) with 0 <= low < high")
    return tuple(2 * np.pi * end / model.frequency_factor for end in (low, high))  # type: ignore[return-value]


def _covariance(point: Point, found: Fluctuations, band: tuple[float, float]) -> np.ndarray:
    """The integral of the spectra over a band of angular frequencies."""
    low, high = band
    top = point.linear.bound(0.0)  # no mode is faster
    middle = max(top, 2 * low)
    grid = np.geomspace(_SLOWEST * top, top, _GRID)
    power = np.array([np.trace(found.spectra(w)).real for w in grid])
    peaks = grid[1:-1][(power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:])]
    places = [w for w in peaks if low < w < min(middle, high)]

    def density(omega: float) -> np.ndarray:
        return found.spectra(omega).real / np.pi

    total, _ = quad_vec(
        density, low, min(middle, high), points=places, epsrel=_RELATIVE, epsabs=0.0, norm="max"
    )
    if high > middle:  # the tail: small, and oscillating with the delays
        enough = _RELATIVE * float(np.max(np.abs(total)))
        total = total + quad_vec(density, middle, high, epsabs=enough, norm="max")[0]
    return (total + total.T) / 2


def _amplitudes(
    point: Point, noise: Mapping[str, float | np.ndarray] | None
) -> dict[str, np.ndarray]:
    """State -> amplitude (N,) of its noise."""
    nodes, model = point.nodes, point.nodes.field.node_model
    if noise is None:
        own = {
            k.removeprefix(NOISE): point.values.outputs[:, i]
            for i, k in enumerate(nodes.outputs)
            if k.startswith(NOISE)
        }
        if not own:
            raise ModelError(
                f"{model.name} has no noise of its own; name it, for instance "
                f"noise={{{next(iter(model.states))!r}: 0.1}}"
            )
        return own
    found = {}
    for name, given in checks.mapping("noise", noise, "{'x': 0.1}").items():
        checks.known("state", name, model.states, model.name)
        values = checks.numbers(f"the noise of {name}", given)
        if values.shape not in ((), (nodes.count,)):
            raise ModelError(
                f"the noise of {name} has shape {values.shape}; give a number, or one for each of "
                f"the {nodes.count} nodes"
            )
        found[name] = np.broadcast_to(values, (nodes.count,))
    if not found:
        raise ModelError("noise is empty; name a state and its amplitude")
    return found
