"""From a weak electric field to the current a point neuron feels.

A ball-and-stick neuron in a uniform field along its dendrite, or a cell of any shape in a field of
any direction; the current is the one that moves a point neuron (exponential integrate-and-fire,
linearized at rest) as the field moves the soma.

Source: Aspart, Ladenbauer & Obermayer 2016, PLOS Comput Biol 12(11):e1005206.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.fft import next_fast_len

from dynsys import checks
from dynsys.cells.morphology import Morphology, PassiveNeuron
from dynsys.errors import ModelError
from dynsys.transfer import EIFNeuron
from stimulation.waveforms.noise import Recorded
from stimulation.waveforms.shapes import Sine, Step
from stimulation.waveforms.units import Quantity, quantity
from stimulation.waveforms.waveform import MILLISECONDS, Shifted, Sum, Waveform, positive

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # only figures need it

_STICK, _BALL = 2.0, 10.0  # um, usual diameters of dendrite and soma
_MOST_SAMPLES = 10**8  # 3 GB of work for a Fourier transform
_SETTLES = 300.0  # ms; ten time constants of the membrane of the default neuron


@dataclass(frozen=True)
class ElectricField:
    """A field along a dendrite, which must be stated: the same field acts more on a longer one.

    Parameters
    ----------
    dendrite_length : um.
    dendrite_diameter, soma_diameter : um; 2 and 10 by default.
    morphology : a cell of another shape in their place.
    direction : of the field there, (x, y, z).
    capacitance : of the membrane, uF/cm^2.
    membrane_resistance : Ohm m^2; axial_resistance : Ohm m.
    neuron : the point neuron that receives the current.
    rest : its potential, mV, at which it is linearized; EL by default.

    Valid for fields too weak to excite the dendrite (a few V/m).

    Example
    -------
    >>> ElectricField(dendrite_length=1200).current("1 V/m", frequency=30)
    15.750947...
    >>> ElectricField(morphology=read_swc("pyramidal.swc"), direction=(0, 1, 0)).current("1 V/m")
    """

    dendrite_length: float | None = None
    dendrite_diameter: float | None = None
    soma_diameter: float | None = None
    capacitance: float = 1.0
    membrane_resistance: float = 2.8
    axial_resistance: float = 1.5
    neuron: EIFNeuron = field(default_factory=EIFNeuron)
    rest: float | None = None
    morphology: Morphology | None = None
    direction: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("capacitance", "membrane_resistance", "axial_resistance"):
            positive(f"ElectricField.{name}", getattr(self, name), "")
        self._check_shape()
        if self.rest is not None:
            checks.number("ElectricField.rest", self.rest)
        checks.instance("ElectricField.neuron", self.neuron, EIFNeuron, "EIFNeuron(...)")

    def _check_shape(self) -> None:
        """Either a stick, whose length must be said, or a morphology."""
        sizes = {"dendrite_diameter": _STICK, "soma_diameter": _BALL}
        if self.morphology is None:
            if self.dendrite_length is None:
                raise ModelError(
                    "a field acts more on a longer dendrite: give ElectricField its "
                    "dendrite_length (um), or a morphology"
                )
            positive("ElectricField.dendrite_length", self.dendrite_length, "")
            for name, usual in sizes.items():
                given = getattr(self, name)
                object.__setattr__(self, name, usual if given is None else given)
                positive(f"ElectricField.{name}", getattr(self, name), "")
            return
        checks.instance("ElectricField.morphology", self.morphology, Morphology, "read_swc(...)")
        for name in ("dendrite_length", *sizes):
            if getattr(self, name) is not None:
                raise ModelError(f"ElectricField has a morphology; {name} would not act, drop it")
        self._cell.field_currents(self.direction)  # refuses what is no direction

    @cached_property
    def _cell(self) -> PassiveNeuron:
        """The morphology with this membrane."""
        return PassiveNeuron(
            cast(Morphology, self.morphology), 1e4 * self.membrane_resistance, self.capacitance,
            1e2 * self.axial_resistance,
        )  # fmt: skip

    def polarisation(self, frequency: float | np.ndarray) -> np.ndarray | complex:
        """Somatic potential per field, complex, in mV per V/m, at frequencies in Hz."""
        hertz = _frequencies(frequency)
        if self.morphology is None:
            return self._of_stick(2 * np.pi * hertz)
        at_soma = self._cell.polarization(hertz, self.direction)[0]
        return complex(at_soma[0]) if np.ndim(frequency) == 0 else at_soma

    def plot(
        self, frequency: float = 0.0, ax: Axes | None = None, *, style: str = "default",
        **keywords: Any,
    ) -> Axes:  # fmt: skip
        """Draw the cell, colored by how much the field moves the potential along it (mV per V/m).

        At frequency 0 with its sign, at others the amplitude. Keywords go to ``Morphology.plot``.

        Raises ModelError for a field without a morphology.
        """
        if self.morphology is None:
            raise ModelError(
                "this field has no morphology to draw; give one: "
                "ElectricField(morphology=ball_and_stick(1200))"
            )
        values = self._cell.polarization(frequency, self.direction)[:, 0]
        shown = values.real if frequency == 0 else np.abs(values)
        words = "polarization" if frequency == 0 else f"polarization at {frequency:g} Hz"
        given: dict[str, Any] = {"label": f"{words} (mV per V/m)"}
        if frequency == 0:
            largest = float(np.abs(shown).max())
            given |= {"cmap": "coolwarm", "limits": (-largest, largest)}
        return self.morphology.plot(shown, ax, style=style, **(given | keywords))

    def _of_stick(self, w: np.ndarray) -> np.ndarray | complex:
        d = cast(float, self.dendrite_diameter) * 1e-6
        length = cast(float, self.dendrite_length) * 1e-6
        area = np.pi * (cast(float, self.soma_diameter) * 1e-6) ** 2
        surface = self.capacitance * 1e-2  # F/m^2
        soma = area / self.membrane_resistance + 1j * w * area * surface
        axial = np.pi * (d / 2) ** 2 / self.axial_resistance
        leak, charge = np.pi * d / self.membrane_resistance, np.pi * d * surface
        z = np.sqrt((leak + 1j * w * charge) / axial)
        # The formula is divided by exp(z L), which is huge for long dendrites.
        far, both = np.exp(-z * length), 1 + np.exp(-2 * z * length)
        return 1e3 * axial * (2 * far - both) / (both * soma + z * axial * (2 - both))

    def admittance(self, frequency: float | np.ndarray) -> np.ndarray | complex:
        """Current per potential of the linearized point neuron, complex, nS."""
        n = self.neuron
        at = n.EL if self.rest is None else self.rest
        w = 2 * np.pi * _frequencies(frequency) / 1000
        return n.gL * (1 - math.exp((at - n.VT) / n.DeltaT)) + 1j * w * n.C

    def current(self, amplitude: str | Quantity, frequency: float = 0.0) -> float:
        """Amplitude in pA of the current equivalent to a field of this amplitude and frequency.

        Raises ModelError for an amplitude that is no field.
        """
        read = quantity(amplitude)
        if read.unit != "V/m":
            raise ModelError(f"{amplitude!r} is no electric field; write it in V/m, as in '1 V/m'")
        return float(read.value * abs(self._gain(frequency)))

    def in_volts_per_metre(self, current: str | Quantity, frequency: float = 0.0) -> float:
        """Amplitude in V/m of the field equivalent to a current.

        Example
        -------
        >>> ElectricField(dendrite_length=1200).in_volts_per_metre("40 pA", frequency=30)
        2.5395...
        """
        read = quantity(current)
        if read.unit != "pA":
            raise ModelError(f"{current!r} is no current; write it in pA, as in '40 pA'")
        return float(read.value / abs(self._gain(frequency)))

    def through(
        self, waveform: Waveform, duration: float | None = None, dt: float = 0.1
    ) -> Waveform:
        """The current equivalent to a field over time; a positive field is taken to depolarise.

        Without a ``duration``, steps, sines and their sums stay what they are: a sine keeps its
        phase (the published convention), a step is turned on at once, its charging over the
        membrane time constants left out. With one, any waveform is filtered by the complex gain:
        a current recorded every ``dt`` ms from 0 on, the field zero before and after. A jump of the
        field rings in it at the highest frequency sampled.

        Raises ModelError for other waveforms without a duration, or in another unit.

        Example
        -------
        >>> field.through(Decay("2 V/m", tau=50, stop=165), duration=500)
        """
        checks.instance("the field", waveform, Waveform, "such as Step('1 V/m')")
        if waveform.unit != "V/m":
            raise ModelError(f"the waveform is in {waveform.unit or 'no unit'}, not in V/m")
        if duration is not None:
            return self._filtered(waveform, duration, dt)
        if isinstance(waveform, Sum):
            return Sum(tuple(self.through(part) for part in waveform.parts))
        if isinstance(waveform, Shifted):
            return Shifted(self.through(waveform.part), waveform.time)
        if not isinstance(waveform, (Step, Sine)):
            raise ModelError(
                f"{type(waveform).__name__} has no single frequency, on which the conversion "
                "depends; give a duration to filter it, or use Step, Sine or a sum of them"
            )
        frequency = waveform.frequency if isinstance(waveform, Sine) else 0.0
        factor = float(abs(self._gain(frequency)))
        return replace(waveform, amplitude=Quantity(factor * waveform.peak.value, "pA"))

    def _filtered(self, waveform: Waveform, duration: float, dt: float) -> Recorded:
        positive("the duration", duration, "ms")
        positive("dt", dt, "ms")
        waveform.check_step(dt, MILLISECONDS)
        samples = round(duration / dt) + 1
        if samples > _MOST_SAMPLES:
            raise ModelError(
                f"{duration:g} ms in steps of {dt:g} ms are {samples:.2g} samples; at most "
                f"{_MOST_SAMPLES:.0e} are filtered: take a shorter duration or a longer dt"
            )
        field_values = waveform.values(dt * np.arange(samples))
        # Twice the length and ten membrane time constants of zeros: nothing comes around.
        room = next_fast_len(2 * len(field_values) + round(_SETTLES / dt))
        frequencies = np.fft.rfftfreq(room, dt / 1000)
        gain = -self.admittance(frequencies) * self.polarisation(frequencies)
        current = np.fft.irfft(gain * np.fft.rfft(field_values, room), room)
        return Recorded(current[: len(field_values)], dt, "pA")

    def _gain(self, frequency: float) -> complex:
        """pA per V/m."""
        frequency = checks.number("the frequency (Hz)", frequency, least=0)
        return complex(self.admittance(frequency) * self.polarisation(frequency))


def _frequencies(frequency: float | np.ndarray) -> np.ndarray:
    result = checks.numbers("the frequency", frequency)
    if not np.all(result >= 0):
        raise ModelError(f"the frequency is {frequency} Hz; it must be 0 or positive")
    return result
