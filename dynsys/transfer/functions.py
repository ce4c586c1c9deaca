"""``TransferFunction``: fitted coefficients with everything they depend on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from dynsys.cells import Cell, find_cell
from dynsys.definition import symbol
from dynsys.errors import ModelError
from dynsys.transfer.membrane import MembraneStatistics, SynapticInput, membrane_definitions
from dynsys.transfer.templates import LENGTHS, effective_threshold
from dynsys.typed import check_fields

KILOHERTZ = 1000.0  # Hz in 1/ms


@dataclass(frozen=True)
class TransferFunction:
    """A fitted transfer function with its conventions, without which coefficients mean nothing.

    Parameters
    ----------
    name : of the set.
    cell : library name of the cell it was fitted to.
    coefficients : mV, 10, 11 or 31 (see ``templates.effective_threshold``).
    legacy_sigma : whether it was fitted with the variance of the published code of 2018.
    adaptation : whether the mean adaptation current is part of the mean potential, so that the rate
        depends on it; otherwise adaptation is hidden in the coefficients.
    highest_output : Hz, of the data it was fitted to.
    highest_input : presynaptic population -> Hz, highest rate of these data.
    network : whose synapses the data had.
    source : publication, or how it was made.

    Raises
    ------
    ModelError for a number of coefficients that fits no template or values that are not finite.
    """

    name: str
    cell: str | Cell
    coefficients: tuple[float, ...]
    legacy_sigma: bool = False
    adaptation: bool = False
    highest_output: float = 30.0
    highest_input: tuple[tuple[str, float], ...] = ()
    network: str = "CONFIG1"
    source: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.coefficients) not in LENGTHS:
            raise ModelError(
                f"{self.name}: {len(self.coefficients)} coefficients fit no template; the "
                "templates have 10, 11 or 31 of them"
            )
        if not all(map(math.isfinite, self.coefficients)):
            raise ModelError(f"{self.name}: coefficients must be finite, in mV")
        if abs(self.coefficients[0]) < 1.0:
            raise ModelError(
                f"{self.name}: the threshold {self.coefficients[0]:g} mV looks like volts; "
                "coefficients are in mV here"
            )

    @property
    def membrane(self) -> Cell:
        """The cell it was fitted to."""
        return self.cell if isinstance(self.cell, Cell) else find_cell(self.cell)

    def definitions(
        self, label: str, inputs: list[SynapticInput], E_L: object, current: object = 0
    ) -> tuple[dict[str, sympy.Expr], MembraneStatistics]:
        """Named definitions of a population: its membrane's moments, ``V_eff_`` and ``F_<label>``.

        Parameters
        ----------
        label : of the population.
        inputs : conductance inputs; their rates in 1/ms.
        E_L : leak reversal potential (mV), number or symbol.
        current : pA into the cell; minus the adaptation current.

        Returns
        -------
        definitions : name -> expression; ``F_<label>`` is the rate in Hz.
        statistics : symbols of the moments.
        """
        cell = self.membrane
        definitions, moments = membrane_definitions(
            label, inputs, cell.g_L, cell.C_m, E_L, current, self.legacy_sigma
        )
        if len(self.coefficients) != 31:
            del definitions[f"gamma_V_{label}"]
        threshold = effective_threshold(
            self.coefficients, moments, cell.g_L, cell.C_m, getattr(cell, "V_thre", None)
        )
        distance = (symbol(f"V_eff_{label}") - moments.mean) / (sympy.sqrt(2) * moments.sd)
        # erfc of a name: SymPy would turn erfc(-x) into 2 - erfc(x), which cancels in the tail.
        highest = KILOHERTZ / (2 * moments.autocorrelation_time)
        definitions |= {
            f"V_eff_{label}": threshold,
            f"distance_{label}": distance,
            f"F_{label}": sympy.erfc(symbol(f"distance_{label}")) * highest,
        }
        return definitions, moments


def check_conventions(
    function: TransferFunction, cell: Cell, legacy_sigma: bool, adaptation: bool
) -> None:
    """Refuse a transfer function that was made for another cell or with another convention.

    Raises ModelError with the reason.
    """
    fitted = function.membrane
    same: Mapping[str, tuple[float, float]] = {
        "g_L": (fitted.g_L, cell.g_L), "C_m": (fitted.C_m, cell.C_m),
    }  # fmt: skip
    if type(fitted) is not type(cell):
        raise ModelError(
            f"the coefficients {function.name} belong to the cell {fitted.name}, another kind than "
            f"{cell.name}; fit a transfer function of {cell.name}"
        )
    for key, (ours, given) in same.items():
        if ours != given:
            raise ModelError(
                f"the coefficients {function.name} were fitted to {fitted.name} with {key} = "
                f"{ours:g}; {cell.name} has {given:g}, which changes every statistic they rest on"
            )
    if function.legacy_sigma != legacy_sigma:
        made, wanted = (
            ("the published code's variance, without inhibition", "the correct one")
            if function.legacy_sigma
            else ("the correct variance", "legacy_sigma=True")
        )
        raise ModelError(
            f"the coefficients {function.name} were fitted with {made}; they cannot be used with "
            f"{wanted}: fixed points would be off by several Hz"
        )
    if adaptation and not function.adaptation:
        raise ModelError(
            f"the coefficients {function.name} hide adaptation in their values (the cell adapted "
            "while they were fitted); an adaptation current on top would count twice. Use a set "
            "fitted with the adaptation current in the mean potential, such as divolo2019"
        )
