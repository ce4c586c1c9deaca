"""Models as AUTO-07p problems: equations with exact derivatives in C, constants, a script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dynsys.compiled.code_generation import FieldGraph, jacobian_nodes
from dynsys.compiled.lifting import field_graph
from dynsys.errors import ModelError
from dynsys.exchange.c_source import c_function, number, preamble, statements, table_arrays
from dynsys.exchange.comments import c_comment
from dynsys.storage import write_atomically

if TYPE_CHECKING:
    from dynsys.vector_field import VectorField

# AUTO keeps PAR(10) to PAR(14) for itself: the period, the time, objective functionals.
_FREE = [*range(1, 10), *range(15, 1000)]
_FUNC = (
    "int func(integer ndim, const doublereal *u, const integer *icp, const doublereal *par,\n"
    "         integer ijac, doublereal *f, doublereal *dfdu, doublereal *dfdp)"
)
_STPNT = "int stpnt(integer ndim, doublereal t, doublereal *u, doublereal *par)"
_UNUSED = """\
int bcnd(integer ndim, const doublereal *par, const integer *icp, integer nbc,
         const doublereal *u0, const doublereal *u1, integer ijac, doublereal *fb, doublereal *dbc)
{ return 0; }

int icnd(integer ndim, const doublereal *par, const integer *icp, integer nint,
         const doublereal *u, const doublereal *uold, const doublereal *udot,
         const doublereal *upold, integer ijac, doublereal *fi, doublereal *dint)
{ return 0; }

int fopt(integer ndim, const doublereal *u, const integer *icp, const doublereal *par,
         integer ijac, doublereal *fs, doublereal *dfdu, doublereal *dfdp)
{ return 0; }
"""
_PVLS = "int pvls(integer ndim, const doublereal *u, doublereal *par)"
# A cycle's amplitude is its scaled distance in the mean square from its own mean, which is AUTO's
# arclength next to a Hopf point: steps are shorter than the stretch in which it is below the end.
_LONGEST_STEP, _BEGUN, _ENDED = 0.02, 0.03, 0.02
# Cycles near a homoclinic orbit end at one of these periods, in that of the Hopf point. One might
# be passed: AUTO drops a user's point where it believes to see a branch point in the same step.
_LONGEST_PERIODS = (20, 24, 28, 32, 36, 40)
_AMPLITUDE = 10
# AUTO's dense algebra, and the derivatives written out, are meant for systems of this size.
_MOST_EQUATIONS = 400


def write_auto(
    model: VectorField,
    directory: str | Path,
    parameter: str | None = None,
    span: tuple[float, float] | None = None,
    start: Sequence[float] | None = None,
) -> list[Path]:
    """Write the files AUTO-07p runs unchanged; returns their paths.

    ``NAME.c`` (func with exact ijac = 1 and 2 derivatives, stpnt), ``NAME_tables.h`` where the
    model has tables, ``c.NAME`` (constants: equilibria in one parameter, names of states and
    parameters) and ``NAME.auto`` (equilibria both ways, then the cycles of every Hopf point, to
    where they shrink to another): ``cd directory; auto NAME.auto``. Delays travel as their
    transport lines, so AUTO sees an ordinary system of ``model.compiled.n`` equations.

    Parameters
    ----------
    parameter : the free parameter; the model's first by default.
    span : where the run stops; by default twice the parameter's size to both sides.
    start : state (n_physical,) or (n,) near the equilibrium to start from; the model's initial
        state by default.

    Raises
    ------
    ModelError
        where the model has no parameter, has more than 400 equations, the span does not hold the
        parameter's value, or no equilibrium is found from the start (AUTO would not find one
        either).

    Source: Doedel & Oldeman, AUTO-07p manual, chapters 3 (equations files) and 10 (constants).

    Example
    -------
    >>> from dynsys.models import morris_lecar
    >>> morris_lecar().to_auto("auto_job", parameter="I", span=(0, 250))
    """
    if not model.parameters:
        raise ModelError(f"{model.name} has no parameter that AUTO could vary")
    free = parameter or model.parameter_names[0]
    model.parameter_index(free)
    _check_size(model)
    low, high = _span(model, free, span)
    state = _equilibrium(model, model.initial_state() if start is None else start)
    folder = Path(directory)
    files = {f"{model.name}.c": equations(model, state)}
    if model.tables:
        files[f"{model.name}_tables.h"] = table_arrays(model.tables)
    files[f"c.{model.name}"] = constants(model, free, (low, high))
    files[f"{model.name}.auto"] = _script(model, free)
    return [_write(folder / name, text) for name, text in files.items()]


def _write(path: Path, text: str) -> Path:
    return write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _check_size(model: VectorField) -> None:
    """Refuse what AUTO could not follow before its equations are written out."""
    states, lines = len(model.states), len(model.lines)
    size = states + lines * model.delay_order
    if size <= _MOST_EQUATIONS:
        return
    delays = f" and {lines} delay lines of {model.delay_order} nodes" if lines else ""
    raise ModelError(
        f"{model.name} has {size} equations ({states} states{delays}); AUTO's dense algebra is "
        f"meant for {_MOST_EQUATIONS} at most: export a model of fewer nodes, delays or states"
    )


def auto_numbers(model: VectorField) -> dict[str, int]:
    """Parameter name -> its number in AUTO's PAR, from 1; AUTO's own ones are left out."""
    return dict(zip(model.parameters, _FREE, strict=False))


def equations(model: VectorField, state: np.ndarray) -> str:
    """The equations file: AUTO's user functions in C, with exact derivatives."""
    lifted = field_graph(model)
    graph, n = lifted.graph, len(lifted.states)
    slots = [own - 1 for own in auto_numbers(model).values()]  # `number` is a function here
    inputs: dict[tuple, str] = {("x", i): f"u[{i}]" for i in range(n)}
    inputs |= {("p", k): f"par[{slot}]" for k, slot in enumerate(slots)}
    rows = jacobian_nodes(lifted)
    columns = parameter_columns(lifted)
    entries = [(f"ARRAY2D(dfdu, {i}, {j})", rows[i][j]) for i in range(n) for j in range(n)]
    varied = [
        (f"ARRAY2D(dfdp, {i}, {slot})", column[i])
        for slot, column in zip(slots, columns, strict=True)
        for i in range(n)
    ]
    body = ["integer dfdu_dim1 = ndim, dfdp_dim1 = ndim;"]
    body += statements(graph, lifted.field, [f"f[{i}]" for i in range(n)], inputs)
    body += ["if (ijac == 0) return 0;", "{", *_filled(graph, entries, inputs), "}"]
    body += ["if (ijac == 1) return 0;", "{", *_filled(graph, varied, inputs), "}", "return 0;"]
    outputs = [*lifted.field, *(e for _, e in entries), *(e for _, e in varied)]
    values = zip(slots, model.parameters.items(), strict=True)
    point = [f"par[{slot}] = {number(v)}; {c_comment(k)}" for slot, (k, v) in values]
    names = model.state_names
    point += [f"u[{i}] = {number(v)}; {c_comment(names[i])}" for i, v in enumerate(state)]
    tables = [f'#include "{model.name}_tables.h"'] if model.tables else []
    about = [c_comment(f"{model.name}: {model.meaning}".rstrip(": ")), c_comment(model.source)]
    return "\n".join(
        [*about, '#include "auto_f2c.h"', "#include <math.h>", *tables, "",
         preamble(graph, outputs), c_function(_FUNC, body),
         c_function(_STPNT, [*point, "return 0;"]), _UNUSED,
         c_function(_PVLS, _amplitude(model))]
    )  # fmt: skip


def _amplitude(model: VectorField) -> list[str]:
    """Statements that set the amplitude of a cycle; AUTO has 0 for an equilibrium."""
    return [
        "doublereal total = 0.0, mean, size;",
        f"static const doublereal scale[] = {{{', '.join(map(repr, model.scales.tolist()))}}};",
        "for (integer i = 0; i < ndim; i++) {",
        '  mean = getp("INT", i + 1, u) / scale[i];',
        '  size = getp("NRM", i + 1, u) / scale[i];',
        "  total += fmax(size * size - mean * mean, 0.0);",
        "}",
        f"par[{_AMPLITUDE - 1}] = sqrt(total);",
        "return 0;",
    ]


def parameter_columns(lifted: FieldGraph) -> list[list[int]]:
    """Nodes of the field's derivative with respect to every parameter."""
    graph = lifted.graph
    return [graph.derivative(lifted.field, {p: graph.one}) for p in lifted.parameters]


def _filled(graph, entries: list[tuple[str, int]], inputs) -> list[str]:
    targets, outputs = [t for t, _ in entries], [o for _, o in entries]
    return ["  " + line for line in statements(graph, outputs, targets, inputs)]


def constants(model: VectorField, free: str, span: tuple[float, float]) -> str:
    """The constants file: equilibria in one parameter, arclength in the model's own scales.

    Unscaled, AUTO steps over folds of states that are small beside the parameter. Its locator ends
    where a step's correction passes EPSU, too early for eight digits at AUTO's own 1e-7, and finds
    no fold where Newton's method may take more than ITNW = 5 steps.
    """
    numbers = auto_numbers(model)
    width = span[1] - span[0]
    parnames = ", ".join(f"{k}: '{_parameter_name(name)}'" for name, k in numbers.items())
    unames = ", ".join(f"{i}: '{name}'" for i, name in enumerate(model.state_names, 1))
    scales = zip(model.state_names, model.scales.tolist(), strict=True)
    weights = ", ".join(f"'{name}': {scale**-2!r}" for name, scale in scales)
    lines = [
        f"unames = {{{unames}}}",
        f"parnames = {{{parnames}, {_AMPLITUDE}: 'AMPLITUDE', 11: 'PERIOD'}}",
        f"NDIM = {model.compiled.n}, IPS = 1, IRS = 0, ILP = 1",
        f"ICP = ['{_parameter_name(free)}']",
        "NTST = 50, NCOL = 4, IAD = 3, ISP = 2, ISW = 1, IPLT = 0, NBC = 0, NINT = 0",
        "NMX = 2000, NPR = 0, MXBF = 10, IID = 2, ITMX = 30, ITNW = 5, NWTN = 3, JAC = 1",
        "EPSL = 1e-10, EPSU = 1e-10, EPSS = 1e-08",
        f"DS = 0.001, DSMIN = 1e-09, DSMAX = {_LONGEST_STEP}, IADS = 1",
        f"NPAR = {max([36, *numbers.values()])}",
        f"THL = {{'{_parameter_name(free)}': {width**-2!r}, 'PERIOD': 0.0, 'AMPLITUDE': 0.0}}",
        f"THU = {{{weights}}}",
        f"RL0 = {span[0]!r}, RL1 = {span[1]!r}",
    ]
    return "\n".join(lines) + "\n"


def _parameter_name(name: str) -> str:
    """A parameter's name in AUTO, where PERIOD and AMPLITUDE are taken."""
    return f"{name}_" if name.upper() in ("PERIOD", "AMPLITUDE") else name


def _script(model: VectorField, free: str) -> str:
    return f"""\
# auto {model.name}.auto: equilibria to both sides, then the cycles of every Hopf point.
# Cycles that shrink to a Hopf point would be followed back from there: they end where their
# amplitude, once it was above {_BEGUN}, falls below {_ENDED} of the states' sizes. Those that grow
# into a homoclinic orbit end at some {_LONGEST_PERIODS[0]} periods of the Hopf point.
equilibria = merge(run('{model.name}') + run('{model.name}', DS='-'))
save(equilibria, '{model.name}_equilibria')
cycle = dict(IPS=2, ICP=['{_parameter_name(free)}', 'PERIOD', 'AMPLITUDE'], NMX=1000)
for number, point in enumerate(equilibria('HB'), 1):
    longest = [n * point['PERIOD'] for n in {_LONGEST_PERIODS}]
    cycles = run(point, UZSTOP={{'AMPLITUDE': {_BEGUN}, 'PERIOD': longest}}, **cycle)
    if cycles('UZ') and cycles('UZ1')['PERIOD'] < 0.99 * longest[0]:
        ends = {{'AMPLITUDE': {_ENDED}, 'PERIOD': longest}}
        cycles = merge(cycles + run(cycles('UZ1'), UZSTOP=ends, **cycle))
    save(cycles, '{model.name}_cycles%d' % number)
"""


def _span(model: VectorField, name: str, span: tuple[float, float] | None) -> tuple[float, float]:
    value = model.parameters[name]
    reach = 2 * max(abs(value), 1.0)
    low, high = (value - reach, value + reach) if span is None else map(float, span)
    if not low < high:
        raise ModelError(f"the span ({low:g}, {high:g}) of {name} is empty or reversed")
    if not low <= value <= high:
        raise ModelError(
            f"{name} = {value:g} is outside the span ({low:g}, {high:g}); AUTO starts from the "
            f"model's own value: use model.with_parameters({name}=...)"
        )
    return low, high


def _equilibrium(model: VectorField, start: Sequence[float] | np.ndarray) -> np.ndarray:
    """The equilibrium next to a state, by damped Newton steps in scaled variables."""
    from scipy.optimize import root  # slow to import

    scale, x0 = model.scales, model.fill_lines(np.asarray(start, float)[: len(model.states)])
    found = root(
        lambda z: model.rhs(z * scale) / scale, x0 / scale,
        jac=lambda z: model.jacobian(z * scale) * scale[None, :] / scale[:, None],
        method="lm", options={"xtol": 1e-15, "ftol": 1e-15, "maxiter": 5000},
    )  # fmt: skip
    size = np.abs(found.fun).max()
    steepness = np.abs(model.jacobian(found.x * scale)).max()
    if not size < 1e-9 * max(1.0, steepness):
        raise ModelError(
            f"{model.name}: no equilibrium was found from the given start (residual {size:.1e}); "
            "AUTO needs one to start from: pass start=..., for instance a state of "
            "continuation.find_equilibria(model)"
        )
    return found.x * scale
