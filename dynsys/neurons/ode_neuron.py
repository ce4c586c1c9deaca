"""``read_neuron``: a neuron with a reset from an XPPAUT file with one ``global`` statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import sympy
from scipy.optimize import brentq, minimize_scalar

from dynsys.definition import Parameter, symbol
from dynsys.errors import ModelError
from dynsys.exchange.ode_reader import OdeReader
from dynsys.exchange.ode_statements import Statement, read_statements
from dynsys.expressions.conditions import written_out
from dynsys.expressions.symbols import evaluation_order
from dynsys.neurons.neuron import SpikingNeuron
from dynsys.spike_rule import SpikeRule
from dynsys.typed import typed
from dynsys.vector_field import VectorField

_GLOBAL = re.compile(
    r"([+-]?\d+)\s*(?:\{(?P<braced>[^{}]*)\}|(?P<bare>[^{}]*?))\s*\{(?P<sets>[^{}]*)\}\s*", re.S
)
_REACH = 50.0  # equilibria are looked for down to so many times the way from cutoff to reset
_SAMPLES = 2000


@typed
def read_neuron(
    path: str | Path, current: str | None = None, name: str | None = None, time_unit: str = "ms"
) -> SpikingNeuron:
    """Read a neuron with one reset, ``global 1 v-vs {v=vr;w=w+b}``, from an XPPAUT file.

    The potential is the state that crosses and is set. Cutoff, reset and increments are numbers or
    parameters; numbers become the parameters ``v_cutoff``, ``v_reset``, ``w_increment``. The other
    equations are linear in the other states, so that all resting states are found.

    Parameters
    ----------
    current : the parameter that is the injected current. Without, a parameter ``I`` of 0 is added
        to the potential's equation.
    name, time_unit : as for ``read_ode``; neurons are in ms.

    Raises
    ------
    ModelError
        with the line number, where there is no reset or more than one, where it does something
        else (another state crosses, a product, a crossing downwards), and for forcing and noise.

    Example
    -------
    >>> neuron = read_neuron("izhikevich.ode", current="i")
    >>> neuron.spikes(neuron.field.initial_state(), 5).intervals
    """
    place = Path(path)
    reader = OdeReader(place, read_statements(place))
    resets = reader.statements.of("reset")
    if len(resets) != 1:
        raise ModelError(
            f"{place.name} has {len(resets)} resets (global); a neuron has one, and "
            "dynsys.read_ode reads files without"
        )
    for line in reader.map_lines():
        raise line.fault("it makes the file a map, which has no spikes between its steps")
    read = reader.model(name, time_unit, "")
    if read.inputs or read.noise:
        raise resets[0].line.fault(
            "a neuron with forcing or noise of the file is not read; leave them out and give them "
            "to neuron.simulate"
        )
    return _Neuron(reader, resets[0], read).neuron(current)


class _Neuron:
    """A flow and the statement that resets it, on their way to a ``SpikingNeuron``."""

    def __init__(self, reader: OdeReader, reset: Statement, read: VectorField) -> None:
        self.reader, self.reset, self.read = reader, reset, read
        self.parameters = dict(read.declared_parameters)
        match = _GLOBAL.fullmatch(reset.text)
        if match is None:
            raise reset.line.fault("write global 1 {v-threshold} {v=reset;w=w+increment}")
        if int(match[1]) != 1:
            raise reset.line.fault("a spike is a crossing upwards: global 1 ...")
        condition = self._expression(match["braced"] or match["bare"] or "")
        self.potential, cutoff = self._crossing(condition)
        self.values = {"cutoff": self._named("cutoff", cutoff)}
        self.increments: dict[str, str] = {}
        for part in re.split(r"[;,]", match["sets"]):
            if part.strip():
                self._set(part)
        if "reset" not in self.values:
            raise reset.line.fault(f"{self.potential} crosses and is not set")

    def _expression(self, text: str) -> sympy.Expr:
        return self.reader.read(replace(self.reset, kind="fixed", name="", text=text.strip()))

    def _states(self) -> dict[sympy.Symbol, str]:
        return {symbol(k): k for k in self.read.states}

    def _crossing(self, condition: sympy.Expr) -> tuple[str, sympy.Expr]:
        """The potential and the value it crosses, of a condition such as v - 30."""
        found = condition.free_symbols & set(self._states())
        state = next(iter(found), None)
        if len(found) != 1 or sympy.diff(condition, state) != 1:
            raise self.reset.line.fault("a spike is where one state crosses a value: v-threshold")
        return self._states()[state], state - condition

    def _set(self, part: str) -> None:
        name, sign, text = part.partition("=")
        label = {k.lower(): k for k in self.read.states}.get(name.strip().lower())
        if not sign or label is None:
            raise self.reset.line.fault(f"{part.strip()!r} sets no state")
        value = self._expression(text)
        if label == self.potential:
            self.values["reset"] = self._named("reset", value)
        else:
            self.increments[label] = self._named(f"{label}_increment", value - symbol(label))

    def _named(self, what: str, value: sympy.Expr) -> str:
        """A parameter's name for a value: its own, or a new one for a number."""
        if isinstance(value, sympy.Symbol) and value.name in self.parameters:
            return value.name
        known = {symbol(k): e for k, e in self.read.definitions.items()}
        number = value.xreplace(known)
        if not number.is_number:
            raise self.reset.line.fault(
                f"{value} is no number and no parameter; make it a parameter of the file"
            )
        label = what if "_increment" in what else f"{self.potential}_{what}"
        while label in {*self.parameters, *self.read.states, *self.read.definitions}:
            label += "_"
        self.parameters[label] = Parameter(float(number), meaning=f"{what.replace('_', ' ')}")
        return label

    def neuron(self, current: str | None) -> SpikingNeuron:
        equations = dict(self.read.equations)
        notes = list(self.read.notes)
        if self.read.run:
            notes.append(
                f"how long and how XPPAUT runs is left out ({', '.join(self.read.run)}): "
                "neuron.simulate and neuron.spikes take their own arguments"
            )
        if current is None:
            current = "I"
            while current in {*self.parameters, *self.read.states, *self.read.definitions}:
                current += "_"
            self.parameters[current] = Parameter(0.0, meaning="injected current, added to the rate")
            equations[self.potential] += symbol(current)
            notes.append(f"the parameter {current} is added to the equation of {self.potential}")
        quiet = "refractory"
        while quiet in {*self.parameters, *self.read.states, *self.read.definitions}:
            quiet += "_"
        self.parameters[quiet] = Parameter(0.0, self.read.time_unit, "refractory time")
        order = [self.potential, *(k for k in self.read.states if k != self.potential)]
        field = VectorField(
            self.read.name, {k: self.read.states[k] for k in order}, self.parameters,
            {k: equations[k] for k in order}, self.read.definitions, self.read.observables,
            time_unit=self.read.time_unit, source=self.read.source, notes=notes,
        )  # fmt: skip
        self._check_linear(field)
        rule = SpikeRule(
            self.values["cutoff"], self.values["reset"], quiet, self.increments, current=current
        )
        return SpikingNeuron(field, rule, _resting(field, rule), row=f"of {self.reader.path.name}")

    def _check_linear(self, field: VectorField) -> None:
        """Refuse other states that are not linear among themselves."""
        written: dict = {}
        for label in evaluation_order(field.name, field.definitions):
            written[symbol(label)] = written_out(field.definitions[label], written)
        others = [symbol(k) for k in field.states if k != self.potential]
        for state in others:
            rate = written_out(field.equations[state.name], written)
            if any(sympy.simplify(sympy.diff(rate, a, b)) != 0 for a in others for b in others):
                raise self.reset.line.fault(
                    f"the equation of {state} is not linear in the other states, so that not all "
                    "resting states can be found; write the neuron with dynsys.neurons"
                )


def _resting(field: VectorField, rule: SpikeRule) -> Callable[[Mapping[str, float]], np.ndarray]:
    """All equilibria below the cutoff, for parameter values: zeros of the potential's rate where
    the other states rest."""

    def resting(values: Mapping[str, float]) -> np.ndarray:
        model = field.with_parameters(**values)
        top, low = values[str(rule.threshold)], values[str(rule.reset)]
        grid = top - _REACH * (top - low) * np.linspace(1.0, 0.0, _SAMPLES) ** 2
        rates = np.array([_rate(model, v) for v in grid])
        zeros = set(grid[rates == 0.0])
        for k in range(_SAMPLES - 1):
            if rates[k] * rates[k + 1] < 0:
                zeros.add(brentq(lambda v: _rate(model, v), grid[k], grid[k + 1], xtol=1e-14))
        for k in range(1, _SAMPLES - 1):  # two zeros between neighbours of one sign
            sign = np.sign(rates[k])
            if sign * rates[k] < min(sign * rates[k - 1], sign * rates[k + 1]):
                zeros |= _pair(model, grid[k - 1], grid[k + 1], float(sign))
        return np.array([_at_rest(model, v) for v in sorted(zeros)]).reshape(-1, len(field.states))

    return resting


def _pair(model: VectorField, low: float, high: float, sign: float) -> set[float]:
    found = minimize_scalar(
        lambda v: sign * _rate(model, v), bounds=(low, high), method="bounded",
        options={"xatol": 1e-12},
    )  # fmt: skip
    if not found.fun < 0:
        return set()
    ends = ((low, found.x), (found.x, high))
    return {brentq(lambda v: _rate(model, v), a, b, xtol=1e-14) for a, b in ends}


def _at_rest(model: VectorField, v: float) -> np.ndarray:
    """The state with the potential at v and the others, linear, at rest."""
    x = np.zeros(len(model.states))
    x[0] = v
    if len(x) > 1:
        x[1:] = np.linalg.solve(model.jacobian(x)[1:, 1:], -model.rhs(x)[1:])
    return x


def _rate(model: VectorField, v: float) -> float:
    return float(model.rhs(_at_rest(model, v))[0])
