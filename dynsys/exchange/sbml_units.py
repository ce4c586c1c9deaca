"""Units of an SBML model: that of the time for frequencies, the others as text."""

from __future__ import annotations

from typing import Any

from dynsys.exchange.sbml_formulas import libsbml

_KINDS = ("time", "substance", "volume", "area", "length", "extent")


def unit_of(element: Any) -> str:
    """The unit a compartment, species or parameter declares, in words; "" for none."""
    if element.getElementName() in ("species", "specie"):
        declared = element.getSubstanceUnits()
        return _written(element.getModel(), declared) if declared else ""
    return _written(element.getModel(), element.getUnits())


def time_unit_of(model: Any) -> str:
    """ "s" or "ms" where the file says so (levels 1 and 2 mean seconds), "" elsewhere."""
    identifier = model.getTimeUnits() if model.getLevel() > 2 else "time"
    definition = model.getUnitDefinition(identifier) if identifier else None
    if definition is None:
        return "s" if identifier == "second" or model.getLevel() < 3 else ""
    if definition.getNumUnits() != 1:
        return ""
    unit = definition.getUnit(0)
    if unit.getKind() != libsbml().UNIT_KIND_SECOND or unit.getExponent() != 1:
        return ""
    seconds = unit.getMultiplier() * 10.0 ** unit.getScale()
    return {1.0: "s", 0.001: "ms"}.get(round(seconds, 12), "")


def units_in_words(model: Any, file: str) -> list[str]:
    """A note with the units of the model as a whole, where it declares them."""
    found = []
    for kind in _KINDS:
        declared = (
            getattr(model, f"get{kind.capitalize()}Units")() if model.getLevel() > 2 else kind
        )
        known = model.getUnitDefinition(declared) is not None
        if declared and (known or model.getLevel() > 2):
            found.append(f"{kind} in {_written(model, declared)}")
    return [f"{file}: units: {', '.join(found)}"] if found else []


def _written(model: Any, identifier: str) -> str:
    """ "1e-3 mole/litre" for the unit of this id."""
    definition = model.getUnitDefinition(identifier) if identifier else None
    if definition is None:
        return identifier
    units = [definition.getUnit(k) for k in range(definition.getNumUnits())]
    return " ".join(map(_factor, units)) or "1"


def _factor(unit: Any) -> str:
    size = unit.getMultiplier() * 10.0 ** unit.getScale()
    kind = libsbml().UnitKind_toString(unit.getKind())
    base = kind if size == 1 else f"({size:g} {kind})"
    exponent = unit.getExponentAsDouble()
    return base if exponent == 1 else f"{base}^{exponent:g}"
