"""``read_ode``: models from XPPAUT's .ode files."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import sympy

from dynsys.definition import Observable, Parameter, State, symbol
from dynsys.errors import ModelError
from dynsys.exchange.ode_definitions import Definitions
from dynsys.exchange.ode_expressions import Expressions
from dynsys.exchange.ode_forcing import Forced, separate_forcing
from dynsys.exchange.ode_lines import Line
from dynsys.exchange.ode_names import declared_names, fresh_name
from dynsys.exchange.ode_noise import separate_noise
from dynsys.exchange.ode_options import AUTO, left_out, options, run_defaults, windows
from dynsys.exchange.ode_statements import Statement, Statements, read_statements
from dynsys.exchange.xpp_translation import NotCarried
from dynsys.typed import typed
from dynsys.vector_field import VectorField

_APART = re.compile(r"=\s+-")  # x(0) = -1
_METHOD = re.compile(r"meth\w*\s*=\s*d", re.IGNORECASE)


@typed
def read_ode(
    path: str | Path, name: str | None = None, time_unit: str = "", source: str = ""
) -> VectorField:
    """Read a model from an XPPAUT file, as XPPAUT reads it.

    Understood: ``x'=``, ``dx/dt=``, ``par``, ``number``, ``!derived=``, ``init``, ``x(0)=``,
    fixed variables, functions ``f(a,b)=``, ``aux``, ``delay(x,tau)``, arrays ``x[1..5]'=``, blocks
    ``%[1..5]``, ``sum(a,b)of(shift(x,i'))``, comparisons as numbers, ``mod``, ``flr``, ``atan2``,
    ``wiener``, ``#include``, continued lines, ``done``; keywords by their first letters.
    Precedences are XPPAUT's: comparisons bind as powers do and powers are taken from the left.
    Upper and lower case are the same; names keep the spelling of their declaration.

    What depends on the time becomes an input: a parameter with its value at the start (XPPAUT's
    own analyses freeze the time too), which ``simulate`` drives as the file says. White noise
    becomes ``model.noise``, a ``table`` of a file a ``SmoothTable``, ``set`` one of ``model.sets``;
    ``@ total, meth, dt, trans, bounds`` become the defaults of ``simulate``, and the window
    ``@ ylo, yhi`` (``xlo, xhi``) the range of the state it shows, in which searches look; those of
    its AUTO are read by ``continuation.settings_of_ode``. ``model.notes`` says, with line numbers,
    what was read otherwise than one might think and what was left out.

    Parameters
    ----------
    name : of the model; the file's name by default.
    time_unit : "ms", "s" or "" (an .ode file does not say).
    source : where the equations come from.

    Returns
    -------
    VectorField whose observables are the states and the ``aux`` quantities.

    Raises
    ------
    StorageError
        where there is no such file.
    ModelError
        with the line number, for statements a vector field cannot hold (``markov``, ``volterra``,
        ``global``: see ``dynsys.neurons.read_neuron``; maps: see ``continuation.read_map``), for
        old-style files and for unknown names.

    Source: Ermentrout 2002, Simulating, Analyzing, and Animating Dynamical Systems, appendix D;
    XPPAUT 8 where it differs.

    Example
    -------
    >>> from dynsys import read_ode
    >>> model = read_ode("morris_lecar.ode", time_unit="ms")
    """
    place = Path(path)
    reader = OdeReader(place, read_statements(place))
    for place_of_map in reader.map_lines():
        raise place_of_map.fault(
            "it makes the file a map, in which x'=f stands for x(t+1)=f; maps are no flows: "
            "continuation.read_map reads it"
        )
    for reset in reader.statements.of("reset"):
        raise reset.line.fault(
            "it resets the state at an event (global), which a smooth flow cannot; "
            "dynsys.neurons.read_neuron reads a neuron with one reset, or leave the line out"
        )
    return reader.model(name, time_unit, source)


class OdeReader:
    """One .ode file on its way to a model; flows, maps and what is reset share it."""

    def __init__(self, path: Path, statements: Statements) -> None:
        self.path, self.statements = path, statements
        self.names = declared_names(statements)
        if not statements.of("state"):
            raise ModelError(f"{path.name} has no differential equation (x'=... or dx/dt=...)")
        self.options = options(statements)
        self.read = Expressions(self.names, statements)

    def map_lines(self) -> list[Line]:
        """The lines that make the file a map."""
        lines = [s.line for s in self.statements.of("state") if s.arguments]
        if self.options.get("meth") == "discrete":
            lines += [s.line for s in self.statements.of("option") if _METHOD.search(s.text)]
        return lines

    def _spelled(self, statement: Statement) -> str:
        return self.names.spelled[statement.key]

    def _initials(self) -> dict[str, float]:
        """State -> initial value; a formula in ``x(0)=`` sets the past of a delay only.

        In an array ``x[1..5](0)=`` XPPAUT computes it.
        """
        states = {s.key for s in self.statements.of("state")}
        result = {}
        for s in self.statements.of("initial", "start"):
            if s.key not in states:
                raise s.fault(f"{s.name} has an initial value but no equation {s.name}'=...")
            try:
                value = float(s.text)
            except ValueError:
                value = self._formula(s)
            if s.kind == "start" and value < 0 and _APART.search(s.line.text):
                self.statements.note(
                    s.line, f"{s.name} starts at {value:g}; in XPPAUT at 0, for it takes a minus "
                    "sign behind a space for a formula",
                )  # fmt: skip
            result[self._spelled(s)] = value
        return result

    def _formula(self, statement: Statement) -> float:
        values = self.statements.of("parameter", "constant")
        known = {symbol(self._spelled(s)): float(s.text) for s in values} | {symbol("t"): 0.0}
        words = (
            f"the formula {statement.text} sets the past of a delay, no value of {statement.name}"
        )
        if statement.line.array:
            try:
                value = self.read(statement).subs(known)
            except NotCarried:
                value = sympy.nan
            if value.is_finite:
                return float(value)
            words = f"the initial value {statement.text} of {statement.name} is left out"
        self.statements.note(statement.line, f"{words}; it starts at 0")
        return 0.0

    def _system(self) -> Forced:
        """Equations and definitions without time and noise, which become inputs and ``noise``."""
        equations = {self._spelled(s): self.read(s) for s in self.statements.of("state")}
        definitions = Definitions(self.names, self.statements, self.read)
        needed = definitions.needed_by(equations.values())
        wiener = [self.names.spelled[k] for k in self.names.keys("wiener")]
        self.noisy = {s.name for e in equations.values() for s in e.free_symbols} | set(needed)
        quiet, needed, self.noise = separate_noise(equations, needed, wiener, self.path.name)
        start = float(self.options.get("t0", 0))
        parameters = {self._spelled(s): float(s.text) for s in self.statements.of("parameter")}
        system = separate_forcing(quiet, needed, parameters, start, self.path.name)
        for label, course in system.inputs.items():
            self.statements.notes.append(
                f"{self.path.name}: the time enters through the input {label} = {course}; without "
                f"`simulate` it stands at its value at t = {start:g}, as in XPPAUT's own AUTO"
            )
        self.definitions = definitions
        return system

    def _observed(self, system: Forced) -> dict[str, Observable]:
        """The states, then the auxiliary quantities; what they alone need joins the definitions."""
        result = {k: Observable(symbol(k)) for k in system.equations}
        for s in self.statements.of("auxiliary"):
            try:
                expression = self.read(s)
                more = self.definitions.needed_by([expression])
            except NotCarried as error:
                self.statements.notes.append(
                    f"the auxiliary quantity {s.name} is left out: {error}"
                )
                continue
            words = self._fleeting(expression, more, system)
            if words:
                self.statements.note(s.line, f"aux {s.name} {words}; left out")
                continue
            system.definitions |= {k: e for k, e in more.items() if self._is_new(k, system)}
            result[fresh_name(s.name, [*result, *self.names.spelled.values()])] = Observable(
                expression
            )
        return result

    @staticmethod
    def _is_new(label: str, system: Forced) -> bool:
        return label not in system.inputs and label not in system.definitions

    def _fleeting(self, expression: sympy.Expr, more: dict[str, sympy.Expr], system: Forced) -> str:
        """Why an auxiliary quantity cannot be shown: it depends on the time or on noise."""
        parts = [expression, *(e for k, e in more.items() if self._is_new(k, system))]
        used = {s.name for e in parts for s in e.free_symbols}
        if "t" in used:
            return "depends on the time"
        noisy = used & {self.names.spelled[k] for k in self.names.keys("wiener")}
        return "depends on noise" if noisy else ""

    def model(self, name: str | None, time_unit: str, source: str) -> VectorField:
        initials = self._initials()
        system = self._system()
        observables = self._observed(system)
        parameters = {
            self._spelled(s): Parameter(float(s.text)) for s in self.statements.of("parameter")
        }
        parameters |= {
            label: Parameter(system.start[label], meaning="input, at its value at the start")
            for label in system.inputs
        }
        if auto := [name for name in self.options if name in AUTO]:
            self.statements.notes.append(
                f"{self.path.name}: settings of AUTO, for continuation.settings_of_ode: "
                f"{', '.join(auto)}"
            )
        if unused := left_out(self.options):
            words = f"{self.path.name}: options of XPPAUT that are left out: {', '.join(unused)}"
            self.statements.notes.append(words)
        self._note_unused({*system.definitions, *system.inputs, *self.noisy, *self.read.tables})
        smooth = (table.smooth for table in self.read.tables.values())
        stem = re.sub(r"\W", "_", self.path.stem)
        return VectorField(
            name=name or (stem if stem.isidentifier() else f"model_{stem}"),
            states=self._states(initials),
            parameters=parameters,
            equations=system.equations,
            definitions=system.definitions,
            observables=observables,
            tables={table.name: table for table in smooth if table is not None},
            time_unit=time_unit,
            source=source or f"XPPAUT file {self.path.name}",
            inputs=system.inputs,
            noise=self.noise,
            sets=self._sets(),
            run=run_defaults(self.options, bool(system.inputs)),
            notes=self.statements.notes,
        )

    def _states(self, initials: dict[str, float]) -> dict[str, State]:
        keys = [s.key for s in self.statements.of("state")]
        shown = windows(self.options, keys)
        result = {}
        for key in keys:
            label = self.names.spelled[key]
            initial = initials.get(label, 0.0)
            known = [*shown.get(key, ()), initial]
            result[label] = State(initial, (min(known), max(known)) if key in shown else None)
        return result

    def _sets(self) -> dict[str, dict[str, float]]:
        """Named sets of parameters and initial values; what else they set is left out."""
        known = {**{k: self.names.spelled[k] for k in self.names.keys("state", "parameter")}}
        result: dict[str, dict[str, float]] = {}
        for s in self.statements.of("set"):
            chosen = result.setdefault(s.name, {})
            for name, value in re.findall(r"([^\s,;=]+)\s*=\s*([^\s,;]+)", s.text):
                if name.lower() not in known:
                    self.statements.note(s.line, f"set {s.name}: {name}={value} is left out")
                    continue
                try:
                    chosen[known[name.lower()]] = float(value)
                except ValueError:
                    raise s.line.fault(f"{value!r} is no number") from None
        return result

    def _note_unused(self, used: set[str]) -> None:
        for s in self.statements.of("constant", "derived", "fixed", "wiener", "table"):
            if self._spelled(s) not in used:
                self._check_unused(s)
                self.statements.note(s.line, f"{s.name} ({s.kind}) is used nowhere; left out")

    def _check_unused(self, statement: Statement) -> None:
        """What XPPAUT would not read is refused although nothing needs it."""
        if statement.kind in ("derived", "fixed"):
            with contextlib.suppress(NotCarried):
                self.read(statement)
