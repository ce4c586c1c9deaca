"""Parameters of cells: adaptive exponential integrate-and-fire, Hodgkin-Huxley, one's own."""

from __future__ import annotations

from dataclasses import dataclass, fields

from dynsys import checks
from dynsys.errors import ModelError, unknown_name
from dynsys.spike_rule import ALL, SpikeRule
from dynsys.vector_field import VectorField


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
        for item in fields(self):
            value = getattr(self, item.name)
            if item.type not in ("float", float):
                continue
            checks.number(f"cell {self.name}: {item.name}", value)
            if item.name in self._positive() and value <= 0:
                raise ModelError(f"cell {self.name}: {item.name} is {value:g}; it must be positive")
            if item.name in self._not_negative() and value < 0:
                raise ModelError(f"cell {self.name}: {item.name} is {value:g}; use 0 or more")

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m")

    def _not_negative(self) -> tuple[str, ...]:
        return ()

    @property
    def spike(self) -> SpikeRule:
        """When the cell spikes and what happens then."""
        raise ModelError(f"{self.name} is a {type(self).__name__}, which has no spikes")

    @property
    def time_step(self) -> float:
        """Step (ms) of forward Euler that the publications of this kind of cell use."""
        return 0.05


@dataclass(frozen=True)
class AdExCell(Cell):
    """An adaptive exponential integrate-and-fire cell; without ``delta`` a leaky one.

    C_m V' = g_L (E_L - V) + g_L delta exp((V - V_thre)/delta) + I - w,
    tau_w w' = a (V - E_L) - w; a spike at V > V_thre + 5 delta sets V to V_reset for t_ref and
    adds b to w, which runs on meanwhile as in Zerlaut et al. 2018.

    Parameters
    ----------
    t_ref : ms. V_thre, V_reset, delta : mV. a : nS. b : pA. tau_w : ms.
    running : "all"; () freezes w while the cell is refractory, as Cakan & Obermayer 2020 do.

    Source: Brette & Gerstner 2005, J Neurophysiol 94:3637-3642; conventions of Zerlaut et al. 2018.

    Example
    -------
    >>> AdExCell("mine", E_L=-70, b=40).spike.threshold
    -40.0
    """

    t_ref: float = 5.0
    V_thre: float = -50.0
    V_reset: float = -65.0
    delta: float = 2.0
    a: float = 0.0
    b: float = 0.0
    tau_w: float = 500.0
    running: tuple[str, ...] | str = ALL

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.running not in (ALL, ("w",), ()):
            raise ModelError(
                f"cell {self.name}: running is {self.running!r}; give {ALL!r}, or () to freeze w "
                "while the cell is refractory"
            )

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m", "tau_w")

    def _not_negative(self) -> tuple[str, ...]:
        return ("t_ref", "delta")

    @property
    def adapts(self) -> bool:
        return self.a != 0 or self.b != 0

    @property
    def spike(self) -> SpikeRule:
        """A spike five slopes beyond the exponential's onset; statistics are taken below it."""
        return SpikeRule(
            self.V_thre + 5 * self.delta, self.V_reset, self.t_ref, {"w": self.b}, self.V_thre,
            running=self.running,
        )  # fmt: skip


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
    def spike(self) -> SpikeRule:
        """An action potential crosses 10 mV; statistics are taken below -40 mV."""
        return SpikeRule(10.0, None, 0.2, ceiling=-40.0)

    @property
    def time_step(self) -> float:
        """ms; action potentials of this family need short steps of forward Euler."""
        return 0.005


@dataclass(frozen=True)
class EquationCell(Cell):
    """A cell from equations of one's own.

    Parameters
    ----------
    g_L, C_m, E_L : the passive membrane that its transfer function's statistics are those of.
    field : VectorField with a state ``V`` (mV) and parameters ``I`` (pA), ``g_syn`` (nS), ``E_syn``
        (mV): injected current, open synaptic conductance and its reversal potential; time in ms.
    rule : when it spikes and what happens then, in numbers or names of the field's parameters.
    step : ms, of forward Euler.

    Raises
    ------
    ModelError, UnknownNameError for a field without these names.

    Example
    -------
    >>> EquationCell("mine", 10.0, 200.0, -65.0, field=model, rule=SpikeRule(0.0, refractory=2.0))
    """

    field: VectorField = None  # type: ignore[assignment]
    rule: SpikeRule = None  # type: ignore[assignment]
    step: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.field, VectorField) or not isinstance(self.rule, SpikeRule):
            raise ModelError(f"cell {self.name}: give its field (VectorField) and rule (SpikeRule)")
        if self.field.time_unit != "ms" or self.field.lines:
            raise ModelError(f"cell {self.name}: its field must be in ms and without delays")
        for label in ("I", "g_syn", "E_syn"):
            if label not in self.field.parameters:
                raise unknown_name("parameter", label, self.field.parameters, self.field.name)
        if self.rule.current != "I":
            raise ModelError(
                f"cell {self.name}: the injected current of a cell is the parameter I, not "
                f"{self.rule.current}; rename it"
            )
        self.rule.check(self.field, "V")

    def _positive(self) -> tuple[str, ...]:
        return ("g_L", "C_m", "step")

    @property
    def spike(self) -> SpikeRule:
        return self.rule.with_numbers(self.field.parameters)

    @property
    def time_step(self) -> float:
        return self.step
