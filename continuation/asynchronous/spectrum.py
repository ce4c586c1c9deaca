"""``rate_spectrum``: spectra of the population rates of finite networks, without simulation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from continuation.asynchronous.fluctuations import Fluctuations, fluctuations_of
from continuation.netcdf import write
from dynsys import checks
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField

_LOWEST = 0.05  # Hz, of the nodes of integrals
_NODES, _PEAK_NODES = 160, 60
_HALF = 0.5  # of a peak's height


class RateSpectrum(xr.Dataset):
    """Spectra of population rates, what ``rate_spectrum`` returns: an xarray Dataset with the
    measures attached.

    For every rate ("r_E") its one-sided power spectrum over ``frequency``, Hz^2/Hz; for every pair
    ("r_E_r_I") the complex cross spectrum. ``<rate>_node`` over ``node`` (Hz) is the same on the
    grid that integrals use. Attributes: growth rate (1/s) and frequency (Hz) of the slowest mode,
    rates, neurons, parameters.
    """

    __slots__ = ()

    def standard_deviation(self, rate: str = "r_E", bin: float = 1.0) -> float:
        """Standard deviation in Hz of a rate counted in bins of ``bin`` ms.

        The integral of the spectrum times sinc^2, with the white tail of single spikes exact.

        Example
        -------
        >>> rate_spectrum(model, 2000, [10]).standard_deviation("r_E", bin=1.0)
        """
        seconds = checks.number("bin (ms)", bin, above=0) / 1000
        return float(np.sqrt(self.filtered_variance(rate, lambda f: np.sinc(f * seconds) ** 2,
                                                    1 / (2 * seconds))))  # fmt: skip

    def filtered_variance(self, rate: str, weight: Any, white: float) -> float:
        """The integral of power times ``weight`` (of frequencies in Hz), which is ``white`` alone.

        ``white``: the integral of the weight over all frequencies, which the constant tail gets.
        """
        density, floor = self._density(rate)
        nodes = self["node"].values
        grid = np.concatenate([[0.0], nodes])
        excess = np.concatenate([density[:1], density]) - floor
        return float(np.trapezoid(excess * weight(grid), grid) + floor * white)

    def peak(self, rate: str = "r_E") -> dict[str, float]:
        """The quasi-cycle: frequency (Hz), height (Hz^2/Hz) and width (Hz, at half) of the peak.

        Empty where the spectrum has no maximum inside.
        """
        density, floor = self._density(rate)
        nodes = self["node"].values
        inside = np.flatnonzero((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])) + 1
        inside = inside[density[inside] > floor]
        if not len(inside):
            return {}
        k = int(inside[np.argmax(density[inside])])
        parabola = np.polyfit(nodes[k - 1 : k + 2] - nodes[k], density[k - 1 : k + 2], 2)
        shift = float(-parabola[1] / (2 * parabola[0]))
        height = float(np.polyval(parabola, shift))
        above = density > _HALF * height
        left = k - int(np.argmin(above[k::-1])) + 1 if not above[: k + 1].all() else 0
        right = k + int(np.argmin(above[k:])) - 1 if not above[k:].all() else len(nodes) - 1
        width = float(nodes[right] - nodes[left])
        return {"frequency": float(nodes[k]) + shift, "height": height, "width": width}

    @property
    def coherence_time(self) -> float:
        """How long the slowest mode remembers, ms: the inverse of its rate of decay."""
        return -1000.0 / float(self.attrs["growth_rate"])

    @property
    def names(self) -> tuple[str, ...]:
        """The rates."""
        return tuple(json.loads(self.attrs["rates"]))

    @property
    def _neurons(self) -> str:
        """How many neurons, in words."""
        counts = json.loads(self.attrs["neurons"])
        if isinstance(counts, dict):
            return ", ".join(f"{count} neurons of {label}" for label, count in counts.items())
        return f"{counts} neurons per population"

    def summary(self) -> str:
        """Rates, standard deviations, quasi-cycle and coherence time in a few lines."""
        lines = [
            f"finite network behind {self.attrs['model']}, {self._neurons}: "
            f"the slowest mode decays at {-float(self.attrs['growth_rate']):.4g} 1/s "
            f"({float(self.attrs['mode_frequency']):.4g} Hz), coherence time "
            f"{self.coherence_time:.4g} ms"
        ]
        for name, rate in json.loads(self.attrs["rates"]).items():
            spread = ", ".join(
                f"{self.standard_deviation(name, width):.3g} Hz in {width:g} ms"
                for width in (1.0, 10.0)
            )
            text = f"  {name} = {rate:.5g} Hz; standard deviation {spread}"
            if peak := self.peak(name):
                text += (
                    f"; quasi-cycle at {peak['frequency']:.4g} Hz, {peak['height']:.3g} Hz^2/Hz "
                    f"high, {peak['width']:.3g} Hz wide"
                )
            lines.append(text)
        return "\n".join(lines)

    def save(self, path: str | Path) -> Path:
        """Write a NetCDF file, complete or not at all; cross spectra as real and imaginary part."""
        columns: dict[str, xr.DataArray] = {}
        for name, values in self.data_vars.items():
            whole = np.iscomplexobj(values)
            parts = {"_real": values.real, "_imag": values.imag} if whole else {"": values}
            columns |= {f"{name}{suffix}": part for suffix, part in parts.items()}
        return write(xr.Dataset(columns, attrs=self.attrs), path)

    def _density(self, rate: str) -> tuple[np.ndarray, float]:
        name = checks.known("rate", rate, self.names, "this spectrum")
        return self[f"{name}_node"].values, float(self[f"{name}_node"].attrs["floor"])


def rate_spectrum(
    model: VectorField,
    neurons: int | Mapping[str, int],
    frequencies: Sequence[float] | np.ndarray,
    state: Sequence[float] | np.ndarray | None = None,
    **options: Any,
) -> RateSpectrum:
    """Power and cross spectra of the population rates of a finite network in a stable state.

    For ``aln()``: renewal noise of single neurons through the exact closed loop of the asynchronous
    state (synapses, delays, adaptation). For ``master_equation(...)``: its own linear noise, whose
    covariances are those of its second order.

    Parameters
    ----------
    neurons : per population, or {"E": 4000, "I": 1000}.
    frequencies : Hz, above 0.
    state : near the equilibrium; needed where there are several.
    options : ``neuron`` and ``voltage`` of ``asynchronous_state``.

    Returns
    -------
    RateSpectrum, one-sided, Hz^2/Hz.

    Raises
    ------
    ModelError where the state is unstable (with its growth rate), for too few neurons, for models
    without such a theory.

    Valid where fluctuations are small: N large, not within a quasi-cycle's own amplitude of the
    boundary. Assumes that neurons share no input, so N well above the in-degree.

    Source: Lindner, Doiron & Longtin 2005, Phys Rev E 72:061919; Schwalger, Deger & Gerstner 2017,
    PLOS Comput Biol 13:e1005507.

    Example
    -------
    >>> spectrum = rate_spectrum(aln().with_parameters(mu_e=1.6), 2_000, [2, 10, 25, 40])
    >>> spectrum["r_E"].sel(frequency=25)
    """
    asked = np.atleast_1d(checks.numbers("frequencies", frequencies))
    if asked.ndim != 1 or not np.all(asked > 0):
        raise ModelError("frequencies must be above 0 Hz, in one dimension")
    found = fluctuations_of(model, neurons, state, **options)
    nodes = _nodes(found)
    spectra, dense = found.cross(asked), found.cross(nodes)
    data: dict[str, Any] = {}
    for i, name in enumerate(found.names):
        meaning = {"units": "Hz^2/Hz", "long_name": f"power spectrum of {name}"}
        data[name] = ("frequency", spectra[:, i, i].real, meaning)
        floor = {"units": "Hz^2/Hz", "floor": float(found.floor[i])}
        data[f"{name}_node"] = ("node", dense[:, i, i].real, floor)
        for j in range(i + 1, len(found.names)):
            pair = f"{name}_{found.names[j]}"
            data[pair] = ("frequency", spectra[:, i, j], {"units": "Hz^2/Hz"})
    return RateSpectrum(
        data,
        coords={
            "frequency": ("frequency", asked, {"units": "Hz"}),
            "node": ("node", nodes, {"units": "Hz"}),
        },
        attrs={
            "model": model.name,
            "source": model.source,
            "growth_rate": 1000 * found.root.real,
            "mode_frequency": 1000 * found.root.imag / (2 * np.pi),
            "rates": json.dumps(dict(zip(found.names, found.rates.tolist(), strict=True))),
            "neurons": json.dumps(neurons if isinstance(neurons, int) else dict(neurons)),
            "parameters": json.dumps(dict(model.parameters)),
        },
    )


def _nodes(found: Fluctuations) -> np.ndarray:
    """Frequencies (Hz) dense where the spectrum bends: at the slowest mode and at the rates."""
    center = 1000 * found.root.imag / (2 * np.pi)
    width = -1000 * found.root.real / (2 * np.pi)
    spread = width * np.sinh(np.linspace(-5, 5, _PEAK_NODES))
    harmonics = np.outer(found.rates, np.linspace(0.4, 2.4, 41)).ravel()
    nodes = np.concatenate(
        [np.geomspace(_LOWEST, found.highest, _NODES), center + spread, harmonics]
    )
    inside = (nodes > _LOWEST) & (nodes < found.highest)
    return np.unique(np.concatenate([nodes[inside], [_LOWEST, found.highest]]).round(9))
