"""Waveforms: an amplitude with a unit times a shape over time, and sums, products, shifts of them.

Times are in the time unit of the model they are applied to (ms for the mean fields), frequencies in
Hz. Amplitudes are zero to peak. Every waveform is right-continuous.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from dynsys import checks
from dynsys.errors import ModelError
from dynsys.vector_field import VectorField
from stimulation.waveforms.drawing import draw_waveform
from stimulation.waveforms.units import Quantity, factor_to_parameter, quantity

MILLISECONDS = 1000.0  # time units in a second, of models in ms
LEAST_SAMPLES = 8  # steps a period must have


class Waveform(ABC):
    """Something that acts on a model over time; apply it with ``simulate(inputs={name: it})``."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """Unit of the values: "pA", "mV/ms", "V/m", "" or another unit of a parameter."""

    @abstractmethod
    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        """Values at ``times`` in ``unit``; ``second`` is how many time units a second has."""

    @abstractmethod
    def edges(self) -> Sequence[float]:
        """Times at which the waveform or its slope jumps."""

    def highest_frequency(self) -> float:
        """The highest frequency in Hz (0 where there is none)."""
        return 0.0

    @property
    def rough(self) -> bool:
        """Whether it is noise, which only fixed steps can follow."""
        return False

    def drive(self, times: np.ndarray, model: VectorField, parameter: str) -> np.ndarray:
        """Values in the unit of a model's parameter; errors name the unit that is needed."""
        factor = factor_to_parameter(self.unit, model, parameter)
        return factor * self.values(times, model.frequency_factor)

    def check_step(self, dt: float, second: float) -> None:
        """Raise ModelError where steps of ``dt`` are too coarse for the waveform's frequency."""
        frequency = self.highest_frequency()
        if frequency * dt * LEAST_SAMPLES > second:
            raise ModelError(
                f"steps of {dt:g} are too coarse for {frequency:g} Hz; use dt <= "
                f"{second / (LEAST_SAMPLES * frequency):g} ({LEAST_SAMPLES} steps a period)"
            )

    def scaled(self, factor: float) -> Waveform:
        """The waveform times a plain number."""
        return Product((Constant(checks.number("the factor", factor)), self))

    def shifted(self, time: float) -> Waveform:
        """The waveform ``time`` later."""
        return Shifted(self, checks.number("shift", time))

    def __add__(self, other: Waveform | float) -> Waveform:
        return self if _is_zero(other) else Sum((self, _summand(self, other)))

    __radd__ = __add__  # sum() begins with 0

    def __sub__(self, other: Waveform | float) -> Waveform:
        return self if _is_zero(other) else Sum((self, _summand(self, other).scaled(-1.0)))

    def __rsub__(self, other: Waveform | float) -> Waveform:
        return -self if _is_zero(other) else Sum((_summand(self, other), self.scaled(-1.0)))

    def __mul__(self, other: Waveform | float) -> Waveform:
        return Product((self, other)) if isinstance(other, Waveform) else self.scaled(other)

    __rmul__ = __mul__

    def __neg__(self) -> Waveform:
        return self.scaled(-1.0)

    def plot(self, duration: float, ax: Any = None, *, style: str = "default", **line: Any) -> Any:
        """Draw the waveform from 0 to ``duration``, jumps vertical; returns the axes.

        ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords.
        """
        checks.number("duration", duration, above=0)
        just = 1e-9 * max(duration, 1.0)
        edges = [e for e in self.edges() if 0 <= e <= duration]
        sides = [min(max(t, 0.0), duration) for e in edges for t in (e - just, e + just)]
        times = np.unique(np.concatenate([np.linspace(0, duration, 4001), sides]))
        return draw_waveform(times, self.values(times), self.unit, ax, style=style, **line)


@dataclass(frozen=True)
class Shape(Waveform):
    """A waveform with an amplitude and a shape between ``start`` and ``stop``."""

    amplitude: str | float | Quantity
    start: float = 0.0
    stop: float = math.inf
    # Of shapes in which a second number could mean this as well as the start.
    _mistaken: ClassVar[str] = ""

    def __new__(cls, *positional: Any, **named: Any) -> Self:
        if cls._mistaken and len(positional) > 1:
            shown, name = ", ".join(map(repr, positional)), cls.__name__
            raise ModelError(
                f"{name}({shown}): is {positional[1]!r} {cls._mistaken} or the start? Name what "
                f"follows the amplitude: {name}({positional[0]!r}, "
                f"{cls._mistaken}={positional[1]!r}, start=0)"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        object.__setattr__(self, "amplitude", quantity(self.amplitude))
        checks.number("start", self.start)
        checks.number("stop", self.stop, finite=False)
        if not self.stop > self.start:
            raise ModelError(
                f"{type(self).__name__} stops at {self.stop:g} but starts at {self.start:g}; "
                "it must stop later"
            )

    @property
    def peak(self) -> Quantity:
        """The amplitude as read."""
        assert isinstance(self.amplitude, Quantity)
        return self.amplitude

    @property
    def unit(self) -> str:
        return self.peak.unit

    def scaled(self, factor: float) -> Waveform:
        value = self.peak.value * checks.number("the factor", factor)
        return replace(self, amplitude=Quantity(value, self.unit))

    @abstractmethod
    def shape(self, since: np.ndarray, second: float) -> np.ndarray:
        """Values for amplitude 1 at times ``since`` the start, while the waveform lasts."""

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        times = checks.numbers("times", times)
        acting = (times >= self.start) & (times < self.stop)
        result = np.zeros(times.shape)
        result[acting] = self.peak.value * self.shape(times[acting] - self.start, second)
        return result

    def edges(self) -> Sequence[float]:
        return [t for t in (self.start, self.stop) if math.isfinite(t)]

    def __str__(self) -> str:
        rest = ", ".join(
            f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name != "amplitude"
        )
        return f"{type(self).__name__}('{self.amplitude}', {rest})"


@dataclass(frozen=True)
class Constant(Waveform):
    """The same value at all times; a plain number scales another waveform in a product."""

    amplitude: str | float | Quantity

    def __post_init__(self) -> None:
        object.__setattr__(self, "amplitude", quantity(self.amplitude))

    @property
    def unit(self) -> str:
        assert isinstance(self.amplitude, Quantity)
        return self.amplitude.unit

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        assert isinstance(self.amplitude, Quantity)
        return np.full(np.shape(times), self.amplitude.value)

    def edges(self) -> Sequence[float]:
        return []


@dataclass(frozen=True)
class Sum(Waveform):
    """The sum of waveforms in one unit."""

    parts: tuple[Waveform, ...]

    def __post_init__(self) -> None:
        units = {part.unit for part in self.parts}
        if len(units) > 1:
            raise ModelError(
                f"waveforms in {', '.join(sorted(u or 'no unit' for u in units))} cannot be added; "
                "write them in one unit"
            )

    @property
    def unit(self) -> str:
        return self.parts[0].unit

    @property
    def rough(self) -> bool:
        return any(part.rough for part in self.parts)

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        return np.sum([part.values(times, second) for part in self.parts], axis=0)

    def edges(self) -> Sequence[float]:
        return sorted({edge for part in self.parts for edge in part.edges()})

    def highest_frequency(self) -> float:
        return max(part.highest_frequency() for part in self.parts)

    def scaled(self, factor: float) -> Waveform:
        return Sum(tuple(part.scaled(factor) for part in self.parts))


@dataclass(frozen=True)
class Product(Waveform):
    """The product of waveforms, at most one of which has a unit (an envelope times a carrier)."""

    parts: tuple[Waveform, ...]

    def __post_init__(self) -> None:
        units = [part.unit for part in self.parts if part.unit]
        if len(units) > 1:
            raise ModelError(
                f"a product of waveforms in {' and '.join(units)} has no meaning as an input; "
                "give one of them an amplitude without unit"
            )

    @property
    def unit(self) -> str:
        return next((part.unit for part in self.parts if part.unit), "")

    @property
    def rough(self) -> bool:
        return any(part.rough for part in self.parts)

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        return np.prod([part.values(times, second) for part in self.parts], axis=0)

    def edges(self) -> Sequence[float]:
        return sorted({edge for part in self.parts for edge in part.edges()})

    def highest_frequency(self) -> float:
        return sum(part.highest_frequency() for part in self.parts)


@dataclass(frozen=True)
class Shifted(Waveform):
    """A waveform that happens later."""

    part: Waveform
    time: float

    @property
    def unit(self) -> str:
        return self.part.unit

    @property
    def rough(self) -> bool:
        return self.part.rough

    def values(self, times: np.ndarray, second: float = MILLISECONDS) -> np.ndarray:
        return self.part.values(np.asarray(times) - self.time, second)

    def edges(self) -> Sequence[float]:
        return [edge + self.time for edge in self.part.edges()]

    def highest_frequency(self) -> float:
        return self.part.highest_frequency()

    def scaled(self, factor: float) -> Waveform:
        return Shifted(self.part.scaled(factor), self.time)


def _is_zero(other: object) -> bool:
    return isinstance(other, (int, float)) and other == 0


def _summand(waveform: Waveform, other: object) -> Waveform:
    """What can be added to a waveform: another."""
    if not isinstance(other, Waveform):
        raise ModelError(
            f"{other!r} cannot be added to a waveform in {waveform.unit or 'no unit'}; for the "
            "same value at all times add Constant('40 pA')"
        )
    return other


def positive(name: str, value: float, unit: str) -> float:
    """A positive finite number, or the error that says so."""
    return checks.number(f"{name} ({unit})" if unit else name, value, above=0)
