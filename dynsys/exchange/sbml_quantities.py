"""The quantities of an SBML model: what each identifier stands for and what changes it."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynsys.errors import ModelError, StorageError
from dynsys.exchange.sbml_formulas import libsbml
from dynsys.expressions.parsing import function_names

_TAKEN = frozenset(["t", "pi", "e", "E", "I", "if", "then", "else"])


@dataclass
class Content:
    """An SBML model with its rules and assignments by the identifiers they set."""

    model: Any
    document: Any  # kept alive: the model's objects belong to it
    file: str
    assigned: dict[str, Any] = field(default_factory=dict)
    rates: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def quantities(self) -> list[Any]:
        """Compartments, species and parameters, in the order of the file."""
        m = self.model
        return [*_all(m, "Compartment"), *_all(m, "Species"), *_all(m, "Parameter")]

    def reactions(self) -> list[Any]:
        return _all(self.model, "Reaction")

    def functions(self) -> dict[str, Any]:
        return {f.getId(): f for f in _all(self.model, "FunctionDefinition")}

    def name(self, identifier: str, wanted: str = "") -> str:
        """The identifier as a name of the toolbox, the same each time it is asked for."""
        if identifier not in self.names:
            chosen = wanted or identifier
            while keyword.iskeyword(chosen) or chosen in {*function_names(), *_TAKEN}:
                chosen += "_"
            while chosen in self.names.values():
                chosen += "_"
            self.names[identifier] = chosen
            if chosen != (wanted or identifier):
                self.notes.append(f"{self.file}: {identifier} is called {chosen} here")
        return self.names[identifier]


def read_content(path: Path) -> Content:
    """Read and check a file.

    Raises StorageError where there is no such file; ModelError for what is no valid SBML (the first
    faults with their lines), and, with its id, for what is no system of differential equations.
    """
    library = libsbml()
    if not path.is_file():
        raise StorageError(f"cannot read {path}: there is no such file")
    document = library.readSBMLFromFile(str(path))
    if not document.getNumErrors(library.LIBSBML_SEV_FATAL) and document.getModel() is not None:
        for kind in ("UNITS_CONSISTENCY", "MODELING_PRACTICE"):
            document.setConsistencyChecks(getattr(library, f"LIBSBML_CAT_{kind}"), False)
        document.checkConsistency()
    faults = list(_faults(document))
    if faults or document.getModel() is None:
        words = "; ".join(faults[:3]) or "it holds no model"
        raise ModelError(f"{path.name} is no valid SBML: {words}")
    content = Content(document.getModel(), document, path.name)
    _refuse(content)
    for rule in _all(content.model, "Rule"):
        kept = content.assigned if rule.isAssignment() else content.rates
        kept[rule.getVariable()] = rule
    content.initial = {a.getSymbol(): a for a in _all(content.model, "InitialAssignment")}
    return content


def _faults(document: Any) -> Iterator[str]:
    library = libsbml()
    for k in range(document.getNumErrors()):
        error = document.getError(k)
        if error.getSeverity() >= library.LIBSBML_SEV_ERROR:
            words = " ".join((error.getShortMessage() or error.getMessage()).split())
            yield f"line {error.getLine()}: {words}"


def _refuse(content: Content) -> None:
    """What is no ordinary differential equation, by its id."""
    model, document = content.model, content.document
    for k in range(document.getNumPlugins()):
        package = document.getPlugin(k).getPackageName()
        if package == "l3v2extendedmath" or document.getLevel() < 3:  # libsbml's own
            continue
        if document.getPackageRequired(package):
            raise ModelError(f"{content.file}: the package {package} changes what the model means")
        content.notes.append(f"{content.file}: the package {package} is left out")
    for event in _all(model, "Event"):
        raise ModelError(f"{content.file}: the event {_called(event)} resets the state; not read")
    for rule in _all(model, "Rule"):
        if rule.isAlgebraic():
            formula = libsbml().formulaToL3String(rule.getMath())
            raise ModelError(
                f"{content.file}: the algebraic rule 0 = {formula} is not read; solve it for one "
                "of its names and make it an assignment rule"
            )
    for reaction in _all(model, "Reaction"):
        if reaction.isSetFast() and reaction.getFast():
            raise ModelError(
                f"{content.file}: the fast reaction {reaction.getId()} is at equilibrium at all "
                "times, which is an algebraic equation; not read"
            )
        if not reaction.isSetKineticLaw():
            raise ModelError(f"{content.file}: the reaction {reaction.getId()} has no kinetic law")
    if model.getNumConstraints():
        content.notes.append(f"{content.file}: {model.getNumConstraints()} constraints left out")


def _called(element: Any) -> str:
    return element.getId() or element.getName() or "(without id)"


def _all(model: Any, kind: str) -> list[Any]:
    """All elements of a kind; libsbml's plural of Species is Species."""
    plural = kind if kind == "Species" else f"{kind}s"
    count = getattr(model, f"getNum{plural}")()
    return [getattr(model, f"get{kind}")(k) for k in range(count)]
