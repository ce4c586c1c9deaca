"""``entrainment_map``: the response's spectrum and rotation number over stimulation frequency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.signal import welch

from dynsys.errors import ModelError
from dynsys.journal import whole
from dynsys.simulation.methods import default_step
from dynsys.typed import typed
from dynsys.vector_field import VectorField
from stimulation.entrainment.drawing import draw_entrainment
from stimulation.entrainment.driven import DrivenRuns
from stimulation.entrainment.phases import crossings, repeats_after
from stimulation.entrainment.tongues import natural_frequency
from stimulation.waveforms.units import Quantity, factor_to_parameter, quantity

RATIOS = ((1, 1), (1, 2), (2, 1), (1, 3))


@dataclass(frozen=True)
class EntrainmentMap:
    """Responses to sines of many frequencies and one amplitude.

    ``data`` over ``stimulation`` (Hz): ``power`` (stimulation, frequency), ``rotation`` (response
    cycles per stimulus cycle), ``response`` (Hz), ``locked`` (stimulation, ratio) and ``period``:
    after how many stimulus cycles the response repeats itself (0: not within four).
    """

    model: VectorField
    input: str
    amplitude: str
    natural: float
    data: xr.Dataset

    def bands(self, ratio: tuple[int, int] = (1, 1)) -> list[tuple[float, float]]:
        """Runs of locked stimulation frequencies (Hz) for a ratio (response, stimulus)."""
        name = f"{ratio[0]}:{ratio[1]}"
        if name not in self.data["ratio"].values:
            raise ModelError(
                f"the map has no ratio {name}; it has {list(self.data['ratio'].values)}"
            )
        return self._runs(self.data["locked"].sel(ratio=name).values)

    def repeating(self, cycles: int) -> list[tuple[float, float]]:
        """Runs of frequencies (Hz) whose response repeats after just so many stimulus cycles.

        A strong stimulus imposes its period with several bursts a cycle, or with every second cycle
        weaker: no ratio of counted cycles then, but a period of one or two stimulus cycles.
        """
        return self._runs(self.data["period"].values == cycles)

    def _runs(self, chosen: np.ndarray) -> list[tuple[float, float]]:
        f = self.data["stimulation"].values
        edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
        return [
            (float(f[a]), float(f[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]

    def plot(self, ax: Any = None, *, style: str = "default", **mesh: Any) -> Any:
        """Draw response frequency over stimulation frequency, colour power; returns the axes.

        ``style`` is "default" or "publication"; ``mesh`` are matplotlib's keywords for
        ``pcolormesh``.
        """
        return draw_entrainment(self, ax, style, **mesh)

    def __str__(self) -> str:
        cycles = self.model.frequency_unit
        head = (
            f"{self.model.name} driven by a sine of {self.amplitude} on {self.input}; natural "
            f"frequency {self.natural:.3f} {cycles}"
        )
        rows = []
        for name in self.data["ratio"].values:
            n, m = map(int, name.split(":"))
            bands = ", ".join(f"{a:g} to {b:g} {cycles}" for a, b in self.bands((n, m)))
            rows.append(f"  {name} locking: {bands or 'none'}")
        return "\n".join([head, *rows])

    __repr__ = __str__


@whole()
@typed
def entrainment_map(
    model: VectorField,
    input: str,
    amplitude: str | float | Quantity,
    frequencies: Sequence[float] | np.ndarray,
    ratios: Sequence[tuple[int, int]] = RATIOS,
    observable: str | None = None,
    duration: float | None = None,
    settle: float | None = None,
    **options: Any,
) -> EntrainmentMap:
    """Drive a model with sines and see what its rhythm does.

    Parameters
    ----------
    input, amplitude : the parameter the sine is added to and its zero-to-peak amplitude.
    frequencies : of the stimulus, Hz.
    ratios : (response cycles, stimulus cycles) looked for.
    observable : whose spectrum is taken; the model's first by default.
    duration, settle : analysed and discarded time, in the model's time unit (10 s and 5 s).
    options : for ``simulate_ensemble``, such as ``discretisation="published"`` or ``dt``.

    Returns
    -------
    EntrainmentMap; spectra by Welch's method with Hann windows of one second.

    Example
    -------
    >>> entrainment_map(model, "mu_e", "20 pA", range(1, 71)).bands((1, 1))
    """
    peak = quantity(amplitude)
    factor_to_parameter(peak.unit, model, input)
    observable = observable or model.observable_names[0]
    second = model.frequency_factor
    if "discretisation" not in options and "dt" not in options:
        options["dt"] = 2 * default_step(model)
    stimulation = np.asarray(list(frequencies), dtype=float)
    if stimulation.ndim != 1 or not len(stimulation) or stimulation.min() <= 0:
        raise ModelError("give at least one positive stimulation frequency in Hz")
    runs = DrivenRuns(
        model, input, observable, 5 * second if settle is None else settle,
        10 * second if duration is None else duration, options,
    )  # fmt: skip
    rates = runs.rates(stimulation, np.full(len(stimulation), peak.value), peak.unit)
    per_second = round(second / runs.sample)
    f, power = welch(rates, fs=per_second, window="hann", nperseg=min(per_second, rates.shape[1]))
    locked = [
        [runs.locks(r, s, ratio) for ratio in ratios]
        for r, s in zip(rates, stimulation, strict=True)
    ]
    response = np.array([_response_frequency(r, runs.sample, second) for r in rates])
    periods = [
        repeats_after(r, second / s / runs.sample) for r, s in zip(rates, stimulation, strict=True)
    ]
    data = xr.Dataset(
        {
            "power": (
                ("stimulation", "frequency"),
                power,
                {"units": f"{model.unit(observable)}^2/{'Hz' if model.time_unit else 'frequency'}"},
            ),
            "response": ("stimulation", response, {"units": model.frequency_unit}),
            "rotation": ("stimulation", response / stimulation),
            "locked": (("stimulation", "ratio"), np.array(locked, bool)),
            "period": ("stimulation", periods),
        },
        coords={
            "stimulation": ("stimulation", stimulation, {"units": model.frequency_unit}),
            "frequency": ("frequency", f, {"units": model.frequency_unit}),
            "ratio": [f"{n}:{m}" for n, m in ratios],
        },
    )
    natural = natural_frequency(model, observable, **options)
    return EntrainmentMap(model, input, str(peak), natural, data)


def _response_frequency(values: np.ndarray, sample: float, second: float) -> float:
    marks = crossings(values, sample)
    return second * (len(marks) - 1) / (marks[-1] - marks[0]) if len(marks) > 1 else 0.0
