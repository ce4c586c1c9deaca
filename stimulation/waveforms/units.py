"""Amplitudes with units: ``quantity("40 pA")``, and what they are as a model's input."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dynsys.errors import ModelError, unknown_name
from dynsys.vector_field import VectorField

# unit -> (canonical unit, factor); other units must be exactly those of the parameter.
KNOWN = {
    "pA": ("pA", 1.0),
    "nA": ("pA", 1e3),
    "uA": ("pA", 1e6),
    "mV/ms": ("mV/ms", 1.0),
    "V/s": ("mV/ms", 1.0),
    "mV/s": ("mV/ms", 1e-3),
    "V/m": ("V/m", 1.0),
    "mV/mm": ("V/m", 1.0),
    "kV/m": ("V/m", 1e3),
    "Hz": ("Hz", 1.0),
    "kHz": ("Hz", 1e3),
    "uA/cm^2": ("uA/cm^2", 1.0),
    "": ("", 1.0),
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


@dataclass(frozen=True)
class Quantity:
    """A value in a canonical unit; ``""`` has none."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip()


def quantity(given: str | float | Quantity) -> Quantity:
    """Read "40 pA", "0.2 nA", "1 V/m" or a plain number.

    Raises ModelError for what is no number, UnknownNameError for a unit not known here.

    Example
    -------
    >>> quantity("0.2 nA")
    Quantity(value=200.0, unit='pA')
    """
    if isinstance(given, Quantity):
        return given
    if isinstance(given, str):
        match = _NUMBER.match(given)
        if match is None:
            raise ModelError(f"{given!r} is no amplitude; write a number and a unit, as in '40 pA'")
        value, unit = float(match[1]), match[2].replace("µ", "u").replace("μ", "u")
        if unit not in KNOWN:
            raise unknown_name("unit", unit, [u for u in KNOWN if u], f"the amplitude {given!r}")
        unit, factor = KNOWN[unit]
        value *= factor
    else:
        try:
            value, unit = float(given), ""
        except (TypeError, ValueError, OverflowError):
            raise ModelError(f"{given!r} is no amplitude; write for instance '40 pA'") from None
    if not math.isfinite(value):
        raise ModelError(f"the amplitude {given!r} is not finite")
    return Quantity(value, unit)


def factor_to_parameter(unit: str, model: VectorField, parameter: str) -> float:
    """What one ``unit`` is in the unit of a model's parameter.

    Raises ModelError where they measure different things, UnknownNameError for a parameter the
    model does not have.
    """
    index = model.parameter_names[model.parameter_index(parameter)]
    declared = model.declared_parameters[index]
    own, scale = KNOWN.get(declared.unit, (declared.unit, 1.0))
    if unit == own:
        return 1.0 / scale
    if declared.capacitance is not None and {unit, own} == {"pA", "mV/ms"}:
        # I = C mu: pF mV/ms = pA.
        return 1.0 / declared.capacitance if unit == "pA" else declared.capacitance
    raise ModelError(_mismatch(unit, declared.unit, declared.capacitance, model.name, parameter))


def _mismatch(unit: str, own: str, capacitance: float | None, model: str, parameter: str) -> str:
    possible = f"'... {own}'" + (" or '... pA'" if capacitance and own == "mV/ms" else "")
    if not own:
        return f"{model}.{parameter} has no unit; the input is in {unit}: give a plain number"
    if not unit:
        return (
            f"the input for {model}.{parameter} has no unit: a current or a drive? write {possible}"
        )
    if unit == "V/m":
        return (
            f"the input for {model}.{parameter} is an electric field (V/m); turn it into a current "
            "with ElectricField(dendrite_length=...).through(waveform)"
        )
    return f"the input for {model}.{parameter} is in {unit}; this input takes {possible}"


def parameter_value(given: str | float | Quantity, model: VectorField, parameter: str) -> float:
    """An amplitude in the unit of a model's parameter.

    Example
    -------
    >>> parameter_value("40 pA", aln(), "mu_e")
    0.2
    """
    read = quantity(given)
    return read.value * factor_to_parameter(read.unit, model, parameter)
