"""The exponential integrate-and-fire neuron whose population the transfer functions describe."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from dynsys.errors import ModelError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class EIFNeuron:
    """C dV/dt = gL (EL - V) + gL DeltaT exp((V - VT) / DeltaT) + C mu + C sigma xi(t).

    A spike at ``Vs`` resets to ``Vr`` for ``Tref``. Defaults: Cakan & Obermayer 2020, table 1.
    Units: pF, nS, mV, ms; mu in mV/ms, sigma in mV/sqrt(ms).

    Raises ModelError for values that make no neuron.

    Example
    -------
    >>> EIFNeuron(DeltaT=2.0).membrane_time_constant
    20.0
    """

    C: float = 200.0
    gL: float = 10.0
    EL: float = -65.0
    DeltaT: float = 1.5
    VT: float = -50.0
    Vr: float = -70.0
    Vs: float = -40.0
    Tref: float = 1.5

    def __post_init__(self) -> None:
        from dynsys.typed import check_fields  # the command line starts without numpy

        check_fields(self)
        for name, value in asdict(self).items():
            if not math.isfinite(value):
                raise ModelError(f"EIFNeuron.{name} is {value}; give a finite number")
            object.__setattr__(self, name, float(value))
        for name in ("C", "gL", "DeltaT"):
            if getattr(self, name) <= 0:
                raise ModelError(f"EIFNeuron.{name} is {getattr(self, name):g}; it must be > 0")
        if self.Tref < 0:
            raise ModelError(f"EIFNeuron.Tref is {self.Tref:g} ms; it must not be negative")
        if not self.Vr < self.VT < self.Vs:
            raise ModelError(
                f"EIFNeuron needs Vr < VT < Vs; got Vr = {self.Vr:g}, VT = {self.VT:g}, "
                f"Vs = {self.Vs:g} mV"
            )
        if self.Vs - self.VT > 60 * self.DeltaT:
            raise ModelError(
                f"EIFNeuron.Vs is {(self.Vs - self.VT) / self.DeltaT:.0f} slope factors above VT, "
                "where the exponential current overflows; use at most 60"
            )

    @property
    def membrane_time_constant(self) -> float:
        """C / gL in ms."""
        return self.C / self.gL

    def packed(self) -> np.ndarray:
        """(EL, DeltaT, VT, Vr, Vs, Tref, tau_m) for the compiled functions."""
        import numpy as np  # the command line reads the fields above, and should not wait for it

        return np.array(
            [
                *(self.EL, self.DeltaT, self.VT, self.Vr, self.Vs, self.Tref),
                self.membrane_time_constant,
            ]
        )

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))
