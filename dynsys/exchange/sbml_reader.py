"""``read_sbml``: models of chemical reactions and of rules from SBML files."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import sympy

from dynsys.definition import Observable, Parameter, State, symbol
from dynsys.errors import ModelError
from dynsys.exchange.ode_forcing import separate_forcing
from dynsys.exchange.sbml_formulas import Formulas
from dynsys.exchange.sbml_quantities import Content, read_content
from dynsys.exchange.sbml_units import time_unit_of, unit_of, units_in_words
from dynsys.exchange.xpp_translation import NotCarried
from dynsys.expressions.symbols import evaluation_order
from dynsys.inputs import TIME
from dynsys.typed import typed
from dynsys.vector_field import VectorField


@typed
def read_sbml(
    path: str | Path, name: str | None = None, time_unit: str | None = None, source: str = ""
) -> VectorField:
    """Read a model from an SBML file (levels 1 to 3, core), with python-libsbml.

    Species become states: concentrations, or amounts where the file says so or where their
    compartment changes its size. Reactions become named rates, assignment rules named expressions,
    rate rules equations; function definitions are written out, parameters of a kinetic law are
    called ``reaction_parameter``. Initial assignments of constants are named expressions of the
    parameters in them; those of states give initial values. The time becomes an input, as for
    ``read_ode``. Units are kept with states and parameters, and told in ``model.notes``.

    Parameters
    ----------
    name : of the model; its id in the file, or the file's name, by default.
    time_unit : "ms", "s" or ""; by default what the file says, "" where it says something else.
    source : where the equations come from.

    Returns
    -------
    VectorField whose observables are the states and the quantities of assignment rules.

    Raises
    ------
    StorageError
        where there is no such file.
    ModelError
        where python-libsbml is not installed, for a file that is not valid, and, with their ids,
        for events, algebraic rules, delays, fast reactions, quantities without a value.

    Source: Hucka et al. 2019, J Integr Bioinform 16(2):20190021 (SBML level 3 version 2 core).

    Example
    -------
    >>> from dynsys import read_sbml
    >>> model = read_sbml("repressilator.xml")
    """
    place = Path(path)
    return _Reader(read_content(place)).field(name or "", place.stem, time_unit, source)


class _Reader:
    """One SBML model on its way to a vector field."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.equations: dict[str, sympy.Expr] = {}
        self.definitions: dict[str, sympy.Expr] = {}
        self.parameters: dict[str, Parameter] = {}
        self.states: dict[str, Any] = {}  # name -> element
        self.amounts: dict[str, str] = {}  # id of a species -> name of its amount
        self.shown: dict[str, Any] = {}
        self.start: dict[str, float] = {}  # name -> value at time 0
        self._open: list[str] = []
        elements = content.quantities()
        self.elements = {e.getId(): e for e in elements}
        names = [*self.elements, *(r.getId() for r in content.reactions())]
        self.read = Formulas({k: symbol(content.name(k)) for k in names}, content.functions())
        self._stoichiometries()
        self._reactions()
        for element in elements:
            self._quantity(element)

    # --- reactions ------------------------------------------------------------------------------

    def _stoichiometries(self) -> None:
        """The species of a reaction may have ids, by which formulas call their stoichiometry."""
        for reaction in self.content.reactions():
            for _, reference in _changes(reaction):
                identifier = reference.getId()
                if not identifier:
                    continue
                if identifier in {*self.content.assigned, *self.content.rates}:
                    raise self._fault(f"the stoichiometry {identifier} is set by a rule; not read")
                if identifier not in self.content.initial:
                    number = sympy.Float(reference.getStoichiometry())
                    self.read.symbols[identifier] = number

    def _reactions(self) -> None:
        """Rates as named expressions, and what they do to the amounts of species."""
        self.flows: dict[str, list[sympy.Expr]] = {}
        for reaction in self.content.reactions():
            label, law = reaction.getId(), reaction.getKineticLaw()
            self.definitions[self.content.name(label)] = self.read(
                law.getMath(), f"the kinetic law of {label}", self._local(label, law)
            )
            for sign, reference in _changes(reaction):
                flow = sign * self._stoichiometry(reaction, reference)
                flow *= symbol(self.content.name(label))
                self.flows.setdefault(reference.getSpecies(), []).append(flow)

    def _local(self, reaction: str, law: Any) -> dict[str, sympy.Expr]:
        """Parameters of one kinetic law alone, which become parameters of the model."""
        result = {}
        for k in range(law.getNumParameters()):
            parameter = law.getParameter(k)
            identifier = parameter.getId()
            label = self.content.name(f"{reaction}.{identifier}", f"{reaction}_{identifier}")
            value = parameter.getValue() if parameter.isSetValue() else math.nan
            self._parameter(label, parameter, self._finite(value, label))
            result[identifier] = symbol(label)
        return result

    def _stoichiometry(self, reaction: Any, reference: Any) -> sympy.Expr:
        where = f"the stoichiometry of {reference.getSpecies()} in {reaction.getId()}"
        if reference.getId() in self.content.initial and reference.getId():
            return self.read(self.content.initial[reference.getId()].getMath(), where)
        if reference.isSetStoichiometryMath():
            return self.read(reference.getStoichiometryMath().getMath(), where)
        value = reference.getStoichiometry() / (reference.getDenominator() or 1)
        if not math.isfinite(value):
            raise self._fault(f"{where} has no value")
        return sympy.Integer(int(value)) if value == int(value) else sympy.Float(value)

    # --- quantities -----------------------------------------------------------------------------

    def _quantity(self, element: Any) -> None:
        identifier = element.getId()
        label, content = self.content.name(identifier), self.content
        if identifier in content.assigned:
            where = f"the assignment rule of {identifier}"
            self.definitions[label] = self.read(content.assigned[identifier].getMath(), where)
            self.shown[label] = element
        elif identifier in content.rates:
            where = f"the rate rule of {identifier}"
            self.equations[label] = self.read(content.rates[identifier].getMath(), where)
            self.states[label] = element
        elif self._in_changing_compartment(element):
            self._by_amount(element, label)
        elif self._reacts(element):
            self.equations[label] = self._change(element)
            self.states[label] = element
        else:
            self._constant(element, label)

    def _reacts(self, element: Any) -> bool:
        identifier = element.getId()
        return (
            identifier in self.flows
            and not element.getBoundaryCondition()
            and not element.getConstant()
        )

    def _in_changing_compartment(self, element: Any) -> bool:
        if not _is_species(element) or not self._is_concentration(element):
            return False
        place = element.getCompartment()
        return place in self.content.assigned or place in self.content.rates

    def _is_concentration(self, species: Any) -> bool:
        place = self.content.model.getCompartment(species.getCompartment())
        return not species.getHasOnlySubstanceUnits() and place.getSpatialDimensionsAsDouble() > 0

    def _by_amount(self, element: Any, label: str) -> None:
        """A concentration in a compartment that grows: the amount is the state."""
        amount = self.content.name(f"amount of {element.getId()}", f"amount_{label}")
        self.amounts[element.getId()] = amount
        size = symbol(self.content.name(element.getCompartment()))
        self.definitions[label] = symbol(amount) / size
        self.shown[label] = element
        if self._reacts(element):
            self.equations[amount] = self._flow(element)
            self.states[amount] = element
        else:
            self._parameter(amount, element, self._amount_at_start(element))

    def _flow(self, species: Any) -> sympy.Expr:
        """The change of a species' amount."""
        flow = sympy.Add(*self.flows[species.getId()])
        factor = species.getConversionFactor() or self.content.model.getConversionFactor()
        return flow * symbol(self.content.name(factor)) if factor else flow

    def _change(self, species: Any) -> sympy.Expr:
        if not self._is_concentration(species):
            return self._flow(species)
        return self._flow(species) / symbol(self.content.name(species.getCompartment()))

    def _constant(self, element: Any, label: str) -> None:
        """A parameter; a named expression where it is set once from parameters."""
        identifier = element.getId()
        if identifier in self.content.initial:
            where = f"the initial assignment of {identifier}"
            formula = self.read(self.content.initial[identifier].getMath(), where)
            if self._constants_only(formula):
                self.definitions[label] = formula
                return
            self.content.notes.append(
                f"{self.content.file}: {identifier} is set once from what changes; its value then "
                "is that of a parameter here"
            )
        self._parameter(label, element, self._at_start(identifier))

    def _constants_only(self, formula: sympy.Expr) -> bool:
        """Whether a formula needs nothing that changes, nor what is set from such a thing."""
        identifiers = {name: k for k, name in self.content.names.items()}
        for s in formula.free_symbols:
            identifier = identifiers.get(s.name)
            element = self.elements.get(identifier or "")
            if s == TIME or identifier in {*self.content.assigned, *self.content.rates}:
                return False
            if element is None:
                if s.name not in self.parameters:  # a reaction
                    return False
            elif _is_species(element) and (
                self._reacts(element) or self._in_changing_compartment(element)
            ):
                return False
            elif identifier in self.content.initial:
                inner = self.read(self.content.initial[identifier].getMath(), str(identifier))
                if not self._constants_only(inner):
                    return False
        return True

    def _parameter(self, label: str, element: Any, value: float) -> None:
        self.parameters[label] = Parameter(value, unit_of(element), element.getName())

    # --- values at the start --------------------------------------------------------------------

    def _at_start(self, identifier: str) -> float:
        """The value of an identifier at time 0."""
        label = self.content.name(identifier)
        if label not in self.start:
            if identifier in self._open:
                circle = " -> ".join([*self._open, identifier])
                raise self._fault(f"the values {circle} need each other at the start")
            self._open.append(identifier)
            self.start[label] = self._finite(self._found(identifier), identifier)
            self._open.pop()
        return self.start[label]

    def _found(self, identifier: str) -> float:
        for setters in (self.content.initial, self.content.assigned):
            if identifier in setters:
                formula = self.read(setters[identifier].getMath(), f"the value of {identifier}")
                return self._value(formula)
        element = self.elements.get(identifier)
        if element is None:  # a reaction
            return self._value(self.definitions[self.content.name(identifier)])
        if not _is_species(element):
            return self._declared(element)
        size = self._at_start(element.getCompartment()) if self._has_size(element) else 1.0
        if element.isSetInitialConcentration():
            value = element.getInitialConcentration()
            return value if self._is_concentration(element) else value * size
        if element.isSetInitialAmount():
            value = element.getInitialAmount()
            return value / size if self._is_concentration(element) else value
        if not self._reacts(element):
            return math.nan
        self.content.notes.append(f"{self.content.file}: {identifier} has no initial value; 0")
        return 0.0

    def _has_size(self, species: Any) -> bool:
        place = self.content.model.getCompartment(species.getCompartment())
        return place.getSpatialDimensionsAsDouble() > 0

    def _declared(self, element: Any) -> float:
        if element.getElementName() == "compartment":
            if not element.isSetSize():
                identifier = element.getId()
                self.content.notes.append(f"{self.content.file}: {identifier} has no size; 1")
                return 1.0
            return element.getSize()
        return element.getValue() if element.isSetValue() else math.nan

    def _amount_at_start(self, species: Any) -> float:
        return self._at_start(species.getId()) * self._at_start(species.getCompartment())

    def _value(self, formula: sympy.Expr) -> float:
        identifiers = {name: k for k, name in self.content.names.items()}
        values: dict[sympy.Symbol, sympy.Expr] = {TIME: sympy.S.Zero}
        for s in formula.free_symbols - {TIME}:
            known = self.parameters.get(s.name)
            value = known.value if known else self._at_start(identifiers[s.name])
            values[s] = sympy.Float(value)
        found = formula.xreplace(values)
        return float(found) if found.is_real else math.nan

    def _finite(self, value: float, identifier: str) -> float:
        if not math.isfinite(value):
            raise self._fault(f"{identifier} has no value")
        return float(value)

    def _fault(self, why: str) -> ModelError:
        return ModelError(f"{self.content.file}: {why}")

    # --- the field ------------------------------------------------------------------------------

    def field(self, name: str, stem: str, time_unit: str | None, source: str) -> VectorField:
        content, model = self.content, self.content.model
        if not self.equations:
            raise self._fault("nothing changes: it has no rate rule and no reaction of its species")
        initial = {k: self._initial(k, element) for k, element in self.states.items()}
        values = {k: p.value for k, p in self.parameters.items()}
        order = evaluation_order(content.file, self.definitions)
        definitions = {k: self.definitions[k] for k in order}
        try:
            system = separate_forcing(self.equations, definitions, values, 0.0, content.file)
        except NotCarried as error:
            raise ModelError(str(error)) from None
        for label, course in system.inputs.items():
            self.parameters[label] = Parameter(system.start[label], meaning="input, at its start")
            content.notes.append(
                f"{content.file}: the time enters through the input {label} = {course}"
            )
        states = {
            k: State(initial[k], None, unit_of(element), element.getName())
            for k, element in self.states.items()
        }
        observables = {k: Observable(symbol(k), s.unit, s.meaning) for k, s in states.items()}
        for label, element in self.shown.items():
            if label in system.definitions:
                observables[label] = Observable(symbol(label), unit_of(element), element.getName())
        return VectorField(
            name=name or _identifier(model.getId() or stem),
            meaning=model.getName(),
            states=states,
            parameters=self.parameters,
            equations=system.equations,
            definitions=system.definitions,
            observables=observables,
            time_unit=time_unit_of(model) if time_unit is None else time_unit,
            source=source or f"SBML file {content.file}",
            inputs=system.inputs,
            notes=[*content.notes, *units_in_words(model, content.file)],
        )

    def _initial(self, label: str, element: Any) -> float:
        if self.amounts.get(element.getId()) == label:
            return self._amount_at_start(element)
        return self._at_start(element.getId())


def _changes(reaction: Any) -> list[tuple[int, Any]]:
    """(-1, reactant) and (1, product) of a reaction."""
    left = [(-1, reaction.getReactant(k)) for k in range(reaction.getNumReactants())]
    return left + [(1, reaction.getProduct(k)) for k in range(reaction.getNumProducts())]


def _is_species(element: Any) -> bool:
    return element.getElementName() in ("species", "specie")


def _identifier(name: str) -> str:
    result = re.sub(r"\W", "_", name)
    return result if result.isidentifier() else f"model_{result}"
