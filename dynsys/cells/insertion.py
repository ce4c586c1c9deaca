"""Currents of the library put into a model: new gates, conductances, and calcium where needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import overload

import sympy

from dynsys import checks
from dynsys.cells.currents import CURRENTS, Gate, IonicCurrent
from dynsys.cells.equations import cell_field
from dynsys.cells.parameters import Cell, EquationCell
from dynsys.definition import Parameter, State, symbol
from dynsys.errors import ModelError, unknown_name
from dynsys.expressions.reading import read_expression
from dynsys.vector_field import VectorField

# Calcium: uM per (uA/cm^2 ms) at 1 uF/cm^2, and its decay in ms; Wang 1998.
_CALCIUM_PER_CHARGE, _CALCIUM_DECAY = 0.002, 80.0


@overload
def with_currents(
    model: VectorField,
    conductances: Mapping[str, float],
    voltage: str = ...,
    capacitance: str | None = ...,
    library: Mapping[str, IonicCurrent] = ...,
) -> VectorField: ...


@overload
def with_currents(
    model: Cell,
    conductances: Mapping[str, float],
    voltage: str = ...,
    capacitance: str | None = ...,
    library: Mapping[str, IonicCurrent] = ...,
) -> EquationCell: ...


def with_currents(
    model: VectorField | Cell,
    conductances: Mapping[str, float],
    voltage: str = "V",
    capacitance: str | None = None,
    library: Mapping[str, IonicCurrent] = CURRENTS,
) -> VectorField | EquationCell:
    """The same model (or cell) with ionic currents through the membrane of one potential.

    Each current X has the parameter ``g_X`` and gates such as ``m_X``; currents of one ion share
    ``E_<ion>``, and take the model's own where it has one. Calcium-dependent currents come with the
    state ``Ca`` (uM), which all calcium currents given here raise. In a compartment ``V_1`` the
    names end in ``_1``.

    Parameters
    ----------
    model : ``VectorField`` in ms and mV, or a cell, which becomes an ``EquationCell``.
    conductances : name -> maximal conductance, in the model's units; 0 leaves the parameter to be
        changed, and continued in.
    voltage : the state that is the membrane's potential.
    capacitance : the parameter by which the model divides its currents; ``C_m`` or ``C``, or that
        of the compartment (``C_1``), by default.
    library : name -> ``IonicCurrent``, for currents of one's own.

    Raises
    ------
    UnknownNameError for a current, potential or capacitance there is not; ModelError for a negative
    conductance, a calcium-dependent current without one that carries calcium, and names taken.

    Source: each current's own, ``CURRENTS[name].source``.

    Example
    -------
    >>> adapting = with_currents(find_cell("HH-FS"), {"M": 30.0})
    >>> bursting = with_currents(model, {"CaT": 0.4, "h": 0.02}, capacitance="C")
    """
    if isinstance(model, Cell):
        field_ = with_currents(cell_field(model), conductances, voltage, capacitance, library)
        step = min(model.time_step, 0.01)
        return EquationCell(
            model.name, model.g_L, model.C_m, model.E_L, field=field_, rule=model.spike, step=step
        )
    checks.instance("model", model, VectorField, "VectorField(...)")
    checks.known("state", voltage, model.states, model.name)
    if model.time_unit != "ms":
        raise ModelError(f"{model.name} has its time in {model.time_unit or 'no unit'}, not in ms")
    draft = _Draft(model, voltage, _capacitance(model, voltage, capacitance))
    given = checks.mapping("conductances", conductances, "{'M': 30.0}")
    for name, value in given.items():
        checks.known("current", name, library, "the library of currents")
        checks.number(f"the conductance of {name}", value, least=0)
    calcium = [k for k in given if library[k].ion == "Ca"]
    for name in given:
        if library[name].needs_calcium and not calcium:
            carriers = ", ".join(k for k, c in library.items() if c.ion == "Ca")
            raise ModelError(
                f"{name} opens with calcium, and no current given brings calcium in; add one of "
                f"{carriers} (a conductance of 0 leaves it closed)"
            )
    for name, value in given.items():
        draft.insert(name, library[name], float(value))
    if any(library[k].needs_calcium for k in given):
        draft.insert_calcium(calcium)
    return draft.finished()


def _capacitance(model: VectorField, voltage: str, given: str | None) -> str:
    if given is not None:
        return checks.known("parameter", given, model.parameters, model.name)
    _, _, place = voltage.partition("_")
    for name in ([f"C_{place}"] if place else []) + ["C_m", "C", "C_0"]:
        if name in model.parameters:
            return name
    raise unknown_name("parameter", "C_m", model.parameters, f"{model.name}; give capacitance")


@dataclass
class _Draft:
    """A model in the making."""

    model: VectorField
    voltage: str
    capacitance: str
    states: dict[str, State] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    equations: dict[str, str] = field(default_factory=dict)
    currents: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """What names of a compartment end in."""
        _, _, place = self.voltage.partition("_")
        return f"_{place}" if place else ""

    def insert(self, name: str, current: IonicCurrent, conductance: float) -> None:
        own = {"V": self.voltage, "Ca": f"Ca{self.place}"}
        for constant, (value, unit) in current.constants.items():
            own[constant] = f"{constant}_{name}{self.place}" if constant != "V_T" else "V_T"
            self._parameter(own[constant], Parameter(value, unit, f"{constant} of {name}"))
        for gate in current.gates:
            own[gate] = f"{gate}_{name}{self.place}"
        for gate, rule in current.gates.items():
            self._gate(own[gate], rule, own, f"gate of {name}")
        strength, reversal = f"g_{name}{self.place}", f"E_{current.ion}"
        self._new(strength)
        unit = {"pF": "nS", "uF/cm^2": "mS/cm^2"}.get(self.model.unit(self.capacitance), "")
        self.parameters[strength] = Parameter(conductance, unit, current.meaning)
        self._parameter(reversal, Parameter(current.reversal, "mV", f"reversal of {current.ion}"))
        flow = f"{strength}*({_renamed(current.opening, own)})*({self.voltage} - {reversal})"
        self._new(f"I_{name}{self.place}")
        self.definitions[f"I_{name}{self.place}"] = flow
        self.currents[name] = f"I_{name}{self.place}"
        if current.source:
            self.sources.append(current.source)

    def insert_calcium(self, carriers: list[str]) -> None:
        """Calcium below the membrane: what its currents bring in, and its removal."""
        pool = f"Ca{self.place}"
        self._new(pool)
        rate, decay = f"k_Ca{self.place}", f"tau_Ca{self.place}"
        c = self.model.declared_parameters[self.capacitance]
        # A capacitance stands for an area of 1 uF/cm^2.
        self._parameter(
            rate, Parameter(_CALCIUM_PER_CHARGE / c.value, "", "calcium per charge that flows in")
        )
        self._parameter(decay, Parameter(_CALCIUM_DECAY, "ms", "removal of calcium", positive=True))
        self.states[pool] = State(0.0, (0.0, 20.0), "uM", "calcium below the membrane")
        inward = " + ".join(self.currents[k] for k in carriers)
        self.equations[pool] = f"-{rate}*({inward}) - {pool}/{decay}"

    def _gate(self, name: str, gate: Gate, own: Mapping[str, str], meaning: str) -> None:
        self._new(name)
        motion = gate.motion(name)
        if not motion:
            self.definitions[name] = _renamed(gate.level, own)
            return
        self.states[name] = State(
            self._at_start(_renamed(gate.level, own)), (0.0, 1.0), "", meaning
        )
        self.equations[name] = _renamed(motion, own)

    def _at_start(self, level: str) -> float:
        """A gate's level at the potential where the model starts."""
        values = {self.voltage: self.model.states[self.voltage].initial}
        values |= {k: p.value for k, p in self.parameters.items()} | dict(self.model.parameters)
        return float(read_expression(level, {k: sympy.Float(v) for k, v in values.items()}))

    def _parameter(self, name: str, parameter: Parameter) -> None:
        """A parameter that the model, or another current, may have already."""
        if name not in self.model.parameters:
            self.parameters.setdefault(name, parameter)

    def _new(self, name: str) -> None:
        m = self.model
        taken = [*m.states, *m.parameters, *m.definitions]
        if name in (*taken, *self.states, *self.parameters, *self.definitions):
            raise ModelError(
                f"{m.name} has a {name} already: the current is in it (set its conductance), or "
                "the name is taken"
            )

    def finished(self) -> VectorField:
        m = self.model
        total = sympy.Add(*(symbol(k) for k in self.currents.values()))
        equations = dict(m.equations) | self.equations
        equations[self.voltage] = m.equations[self.voltage] - total / symbol(self.capacitance)
        return VectorField(
            name=f"{m.name}_with_{'_'.join(self.currents)}"[:60] if self.currents else m.name,
            states=dict(m.states) | self.states,
            parameters=_current_values(m) | self.parameters,
            equations=equations,
            definitions=dict(m.definitions) | self.definitions,
            observables=dict(m.observables),
            tables=dict(m.tables),
            time_unit=m.time_unit,
            source="; ".join(dict.fromkeys(s for s in (m.source, *self.sources) if s)),
            meaning=f"{m.meaning}, with {', '.join(self.currents)}" if self.currents else m.meaning,
            attractors=m.attractors,
            delay_order=m.delay_order,
            inputs=dict(m.inputs),
            noise=dict(m.noise),
            run=dict(m.run),
            notes=m.notes,
        )


def _current_values(model: VectorField) -> dict[str, Parameter]:
    """Declared parameters with the values they have in this model."""
    return {k: replace(p, value=model.parameters[k]) for k, p in model.declared_parameters.items()}


def _renamed(expression: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda m: names.get(m[0], m[0]), expression)
