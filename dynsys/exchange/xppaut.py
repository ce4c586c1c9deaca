"""Models as XPPAUT files: equations as text, delays of states, tables through compiled C."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import sympy

from dynsys.errors import ModelError
from dynsys.exchange.c_source import c_function, preamble, statements, table_arrays
from dynsys.exchange.comments import c_comment, xpp_comment
from dynsys.exchange.delayed_states import DelayedStates, EndlessDelay
from dynsys.exchange.xpp_names import LONGEST_LINE, XppPrinter, xpp_names
from dynsys.expressions.functions import Linoid
from dynsys.expressions.graph import Graph
from dynsys.expressions.lookup import TableLookup
from dynsys.expressions.partials import Partial, spelled_out
from dynsys.expressions.symbols import evaluation_order, symbol
from dynsys.expressions.translation import Translator
from dynsys.storage import write_atomically

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

# XPPAUT has one step for all models and stops at the bound 100: both are written.
_STEP = {"ms": 0.05, "s": 1e-4, "": 0.01}
_STEPS_IN_A_DELAY = 20
_STEPS = 20000
_BOUNDS = 1000000000
# Next to the removable singularity the series to u^6 is good to the last digit.
_LINOID = "linoid(u)=if(abs(u)<0.03)then(1+u/2+u^2/12-u^4/720+u^6/30240)else(u/(1-exp(-u)))"


def write_xppaut(model: VectorField, path: str | Path) -> list[Path]:
    """Write a model as an .ode file; returns the paths of what was written.

    Names longer than nine characters, or equal but for their case, are shortened and listed in
    the file's head. A delayed signal g(x(t - tau)) is written with ``delay(x, tau)`` of the
    states in it; one that depends on its own past, which XPPAUT cannot write, as the transport
    line that our engine uses. XPPAUT has tables in one dimension only: a model with tables in two
    gets a C file beside the .ode, whose first line says how to compile it, and the .ode takes
    its right-hand sides from there (``export`` and ``dll_lib``), exact to the last digit.

    Raises
    ------
    ModelError
        for a path that does not end in .ode, for derivatives of ``linoid``, which XPPAUT lacks,
        and, with tables, for a file name that XPPAUT cannot hold.

    Source: Ermentrout 2002, Simulating, Analyzing, and Animating Dynamical Systems, appendix D.

    Example
    -------
    >>> from dynsys.models import morris_lecar
    >>> morris_lecar().to_xppaut("morris_lecar.ode")
    """
    target = Path(path)
    if target.suffix.lower() != ".ode":
        raise ModelError(f"{target} must end in .ode, which is how XPPAUT knows its files")
    text, source = _Writer(model, target.stem).files()
    contents = {target: text} | ({target.with_suffix(".c"): source} if source else {})
    return [
        write_atomically(place, lambda draft, body=body: draft.write_text(body, encoding="utf-8"))  # type: ignore[misc]
        for place, body in contents.items()
    ]


class _Writer:
    """One model on its way to an .ode file called ``stem``."""

    def __init__(self, model: VectorField, stem: str) -> None:
        self.model, self.stem = model, stem
        shown = {k: o.expression for k, o in model.observables.items() if o.expression != symbol(k)}
        self.delayed = DelayedStates(model.states, model.definitions)
        self.initial = {k: s.initial for k, s in model.states.items()}
        groups = (model.definitions, model.equations, shown)
        try:
            self.definitions, self.equations, self.auxiliaries = (
                {k: self.delayed(e) for k, e in group.items()} for group in groups
            )
        except EndlessDelay:
            self._take_lines(shown)
        self._spell_out()
        self.parts: dict[str, sympy.Expr] = {}
        lags = {s.name: f"{x}_d{k}" for k, ((x, _), s) in enumerate(self.delayed.found.items(), 1)}
        taken = [*self.equations, *model.parameters, *model.definitions, *self.auxiliaries]
        self.names = xpp_names([*taken, *lags.values()])
        self.names |= {long: self.names[short] for long, short in lags.items()}

    def _spell_out(self) -> None:
        """Carry out partial derivatives, which XPPAUT cannot write."""
        known = {symbol(k): e for k, e in self.definitions.items()}
        for group in (self.definitions, self.equations, self.auxiliaries):
            for label, expression in group.items():
                if expression.has(Partial):
                    group[label] = spelled_out(expression, known)

    def _take_lines(self, shown: dict[str, sympy.Expr]) -> None:
        """Let every delay be its transport line, whose nodes become states."""
        model = self.model
        self.delayed.found.clear()
        expressions, lines = model.lifted_system
        first, last = len(model.definitions), len(model.definitions) + len(model.equations)
        self.definitions = dict(zip(model.definitions, expressions[:first], strict=True))
        self.equations = dict(zip(model.equations, expressions[first:last], strict=True))
        named = dict(zip(model.observables, expressions[last:], strict=True))
        self.auxiliaries = {k: named[k] for k in shown}
        for line in lines:
            names = (node.name for node in line.nodes)
            self.equations |= dict(zip(names, line.equations(), strict=True))
        values = model.initial_state().tolist()
        self.initial = dict(zip(model.state_names, values, strict=True))

    def files(self) -> tuple[str, str]:
        """The .ode text and the C source (empty without tables)."""
        known = [*self.equations.values(), *self.definitions.values()]
        if any(e.has(TableLookup) for e in known):
            if not re.fullmatch(r"[\w.+-]+", self.stem, re.ASCII):
                raise ModelError(
                    f"{self.model.name} has tables, so that its .ode names a compiled library; "
                    f"XPPAUT has no quotes for the name {self.stem!r}: use plain letters"
                )
            return self._compiled(), self._c_source()
        return self._written(), ""

    def _text(self, expression: sympy.Expr) -> str:
        for term in expression.atoms(Linoid):
            if term.args[1] != 0:
                raise ModelError(f"{self.model.name}: XPPAUT has no derivative of linoid: {term}")
        renamed = {s: sympy.Symbol(self._name(s.name)) for s in expression.free_symbols}
        return XppPrinter().doprint(expression.xreplace(renamed)).replace(" ", "")

    def _name(self, name: str) -> str:
        if name not in self.names:  # a part of a long expression
            self.names[name] = name
        return self.names[name]

    def _split(self, label: str, expression: sympy.Expr) -> Iterator[str]:
        """``label=expression``; parts of a line too long for XPPAUT get lines of their own."""
        while len(self._text(expression)) > LONGEST_LINE:
            compound = [e for e in expression.args if e.args and len(self._text(e)) > 12]
            if not compound:
                break
            largest = max(compound, key=lambda e: len(self._text(e)))
            part = symbol(f"part_{len(self.parts) + 1}")
            self.parts[part.name] = largest
            yield from self._split(part.name, largest)
            expression = expression.xreplace({largest: part})
        yield f"{self._name(label) if label in self.names or label in self.parts else label}=" + (
            self._text(expression)
        )

    def _head(self) -> list[str]:
        model = self.model
        lines = [xpp_comment(f"{model.name}: {model.meaning}".rstrip(": "))]
        lines += [xpp_comment(model.source)] if model.source else []
        changed = {k: v for k, v in self.names.items() if k != v and "_delayed" not in k}
        lines += [xpp_comment(f"{short} stands for {name}") for name, short in changed.items()]
        for name, value in model.parameters.items():
            declared = model.declared_parameters[name]
            words = ", ".join(w for w in (declared.unit, declared.meaning) if w)
            lines += [xpp_comment(words)] if words else []
            lines.append(f"par {self.names[name]}={value!r}")
        # ``x(0)=`` also holds before t = 0; after ``init`` the past of a delay would be 0.
        form = "{}(0)={!r}" if self.delayed.found else "init {}={!r}"
        lines += [form.format(self.names[k], value) for k, value in self.initial.items()]
        if len(self.equations) > len(model.states):
            order = model.delay_order
            lines.append(f"# line1_1, ...: transport lines of {order} nodes that carry the delays")
        return lines

    def _delays(self) -> list[str]:
        return [
            f"{self.names[s.name]}=delay({self.names[state]},{self._text(tau)})"
            for (state, tau), s in self.delayed.found.items()
        ]

    def _tail(self) -> list[str]:
        values = {symbol(k): v for k, v in self.model.parameters.items()}
        delays = [float(tau.xreplace(values)) for _, tau in self.delayed.found]
        step = min([_STEP[self.model.time_unit], *(tau / _STEPS_IN_A_DELAY for tau in delays)])
        lines = [f"@ delay={2 * max(delays)!r}"] if delays else []
        run = f"@ meth=rungekutta,dt={step!r},total={_STEPS * step!r}"
        return [*lines, run, f"@ bounds={_BOUNDS},maxstor={2 * _STEPS}", "done"]

    def _written(self) -> str:
        """Everything as text: functions, delays, named expressions in order, equations."""
        expressions = [*self.equations.values(), *self.definitions.values()]
        lines = self._head()
        if any(e.has(Linoid) for e in [*expressions, *self.auxiliaries.values()]):
            lines.append(_LINOID)
        lines += self._delays()
        for label in evaluation_order(self.model.name, self.definitions):
            lines += self._split(label, self.definitions[label])
        for label, expression in self.equations.items():
            *parts, last = self._split(label, expression)
            lines += [*parts, last.replace("=", "'=", 1)]
        for label, expression in self.auxiliaries.items():
            *parts, last = self._split(label, expression)
            lines += [*parts, f"aux {last}"]
        return "\n".join([*lines, *self._tail()]) + "\n"

    # --- through compiled C -------------------------------------------------------------------

    def _inputs(self) -> list[str]:
        return [
            *self.equations, *self.model.parameters,
            *(s.name for s in self.delayed.found.values()),
        ]  # fmt: skip

    def _compiled(self) -> str:
        states = list(self.equations)
        rates = [f"rate{i}" for i in range(len(states))]
        lines = [*self._head(), *(f"par {rate}=0" for rate in rates), *self._delays()]
        sent = ",".join(self.names[name] for name in self._inputs())
        lines.append(f"export {{{sent}}} {{{','.join(rates)}}}")
        lines += [f"{self.names[k]}'={rate}" for k, rate in zip(states, rates, strict=True)]
        library = f"@ dll_lib=./{self.stem}.so,dll_fun=field"
        return "\n".join([*lines, library, *self._tail()]) + "\n"

    def _c_source(self) -> str:
        names = self._inputs()
        graph = Graph()
        numbers = {symbol(name): graph.node("x", i) for i, name in enumerate(names)}
        translate = Translator(graph, numbers)
        for label in evaluation_order(self.model.name, self.definitions):
            translate.define(symbol(label), self.definitions[label])
        outputs = [translate(e) for e in self.equations.values()]
        inputs: dict[tuple, str] = {("x", i): f"in[{i}]" for i in range(len(names))}
        body = statements(graph, outputs, [f"out[{i}]" for i in range(len(outputs))], inputs)
        head = "void field(double *in, double *out, int nin, int nout, double *var, double *con)"
        first = c_comment(f"gcc -O2 -shared -fPIC -o {self.stem}.so {self.stem}.c -lm")
        return "\n".join(
            [first, "#include <math.h>", "", table_arrays(self.model.tables),
             preamble(graph, outputs), c_function(head, body)]
        )  # fmt: skip
