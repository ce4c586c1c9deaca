"""Parameters of cells: adaptive exponential integrate-and-fire and Hodgkin-Huxley."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from dynsys.errors import ModelError


@dataclass(frozen=True)
class Cell:
    """What every cell has: a passive membrane and a name.

    Parameters
    ----------
    name : as it is called in its publication.
    g_L, C_m, E_L : leak conductance (nS), capacitance (pF), leak reversal potential (mV).

    Raises
    ------
    ModelError for values that are not finite, or not positive where they must be.
    """

    name: str
    g_L: float = 10.0
    C_m: float = 200.0
    E_L: float = -65.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                continue
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ModelError(f"cell {self.name}: {field.name} is {value!r}; give a number")
            if field.name in self._positive() and value <= 0:
                raise ModelError(
                    f"cell {self.name}: {field.name} is {value:g}; it must be positive"
                )
            if field.name in self._not_negative() and value < 0:
                raise ModelError(f"cell {self.name}: {field.name} is {value:g}; use 0 or more")

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m")

    def _not_negative(self) -> tuple[str, ...]:
        return ()

    @property
    def spike_threshold(self) -> float:
        """The potential (mV) at which the cell is said to spike."""
        raise NotImplementedError(f"{type(self).__name__} has no spike threshold")


@dataclass(frozen=True)
class AdExCell(Cell):
    """An adaptive exponential integrate-and-fire cell; without ``delta`` a leaky one.

    C_m V' = g_L (E_L - V) + g_L delta exp((V - V_thre)/delta) + I - w,
    tau_w w' = a (V - E_L) - w; a spike at V > V_thre + 5 delta sets V to V_reset for t_ref and
    adds b to w, which goes on during refractoriness.

    Parameters
    ----------
    t_ref : ms. V_thre, V_reset, delta : mV. a : nS. b : pA. tau_w : ms.

    Source: Brette & Gerstner 2005, J Neurophysiol 94:3637-3642; conventions of Zerlaut et al. 2018.

    Example
    -------
    >>> AdExCell("mine", E_L=-70, b=40).spike_threshold
    -40.0
    """

    t_ref: float = 5.0
    V_thre: float = -50.0
    V_reset: float = -65.0
    delta: float = 2.0
    a: float = 0.0
    b: float = 0.0
    tau_w: float = 500.0

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m", "tau_w")

    def _not_negative(self) -> tuple[str, ...]:
        return ("t_ref", "delta")

    @property
    def adapts(self) -> bool:
        return self.a != 0 or self.b != 0

    @property
    def spike_threshold(self) -> float:
        """mV; beyond the exponential's onset by five of its slopes."""
        return self.V_thre + 5 * self.delta


@dataclass(frozen=True)
class HodgkinHuxleyCell(Cell):
    """A cell with the sodium and potassium currents of Traub & Miles and a slow M-current.

    Parameters
    ----------
    E_K, E_Na : mV. V_T : mV, shifts all rates. g_Na, g_K, g_M : nS.
    K_p : ms, scale of the M-current's time constant: 400 in the published network, 4000 in the
        published single-cell simulator.

    Source: Carlu et al. 2020, J Neurophysiol 123:1042-1051 (ModelDB 263259).
    """

    E_K: float = -90.0
    E_Na: float = 50.0
    V_T: float = -53.5
    g_Na: float = 20000.0
    g_K: float = 6000.0
    g_M: float = 0.0
    K_p: float = 400.0

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m", "K_p")

    def _not_negative(self) -> tuple[str, ...]:
        return ("g_Na", "g_K", "g_M")

    @property
    def spike_threshold(self) -> float:
        """mV; crossed upwards by every action potential of this family."""
        return 10.0
