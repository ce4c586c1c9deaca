"""One dendritic compartment from its size and its membrane."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from dynsys.errors import ModelError


@dataclass(frozen=True)
class Cable:
    """A passive cylinder: its conductances and, for ``stimulation.ElectricField``, its constants.

    Parameters
    ----------
    length, diameter : um.
    axial_resistance : Ohm cm.
    membrane_resistance : Ohm cm^2.
    specific_capacitance : uF/cm^2.

    Defaults: a human dendrite of the tutorial's ball-and-stick neuron.

    Raises ModelError for a size that is not positive.

    Example
    -------
    >>> Cable().axial_conductance
    39.26...
    >>> from stimulation import ElectricField
    >>> ElectricField(**Cable().field_constants()).current("1 V/m")
    """

    length: float = 160.0
    diameter: float = 4.0
    axial_resistance: float = 200.0
    membrane_resistance: float = 38907.0
    specific_capacitance: float = 0.5

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not (math.isfinite(value) and value > 0):
                raise ModelError(f"Cable.{item.name} is {value}; it must be a positive number")

    @property
    def area(self) -> float:
        """Surface in cm^2."""
        return math.pi * self.diameter * self.length * 1e-8

    @property
    def membrane_conductance(self) -> float:
        """nS."""
        return 1e9 * self.area / self.membrane_resistance

    @property
    def axial_conductance(self) -> float:
        """nS, end to end."""
        section = math.pi * (self.diameter * 1e-4) ** 2 / 4
        return 1e9 * section / (self.axial_resistance * self.length * 1e-4)

    @property
    def capacitance(self) -> float:
        """pF."""
        return 1e6 * self.specific_capacitance * self.area

    @property
    def time_constant(self) -> float:
        """ms, of the membrane alone."""
        return self.capacitance / self.membrane_conductance

    def field_constants(self) -> dict[str, float]:
        """Arguments of ``stimulation.ElectricField`` for this dendrite."""
        return {
            "dendrite_length": self.length,
            "dendrite_diameter": self.diameter,
            "capacitance": self.specific_capacitance,
            "membrane_resistance": 1e-4 * self.membrane_resistance,
            "axial_resistance": 1e-2 * self.axial_resistance,
        }
