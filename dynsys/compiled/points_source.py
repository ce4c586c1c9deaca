"""From an expression graph to functions of several states at once, as cycles ask for them.

Arrays hold ``WIDTH`` states side by side: number k of state l at ``k * WIDTH + l``. Where all is
arithmetic the compiler turns the loop over them into vector instructions. What depends on the
parameters alone stands before it. Models with delay lines are evaluated one state at a time.
"""

from __future__ import annotations

from dynsys.compiled.code_generation import (
    CALLS,
    TOGETHER,
    FieldGraph,
    blocks,
    computations,
    decorated,
    entries,
    function_of_field,
    header,
    inputs,
    name_of,
    results,
    statements,
)
from dynsys.compiled.kernels import WIDTH

_CALLS = CALLS | {name: name for name in ("exp", "log", "sinh", "cosh", "tanh")}
_HEADER = """
from dynsys.compiled.arithmetic import exp, log
from dynsys.compiled.hyperbolic import cosh, sinh, tanh
from dynsys.compiled.kernels import LINEARIZATION, SINGLE
from dynsys.compiled.numbers import picked_beside, placed_beside
"""


def points_source(model: FieldGraph, name: str) -> str:
    """The source of ``rates``, and of ``linearize``: field, Jacobian by rows and derivative along
    parameters, with what they have in common once: exponentials, tables."""
    head = header(model, name) + _HEADER
    if model.order:
        parts = [function_of_field(model), _single(model), _one_by_one(len(model.states))]
        return "\n\n".join([head, *parts])
    moved = model.graph.derivative(model.field, _along_parameters(model))
    flat, _ = blocks(model)
    return "\n\n".join([
        head,
        _beside(model, "rates", "FIELD", "x, p, t, out", model.field),
        _beside(
            model, "linearize", "LINEARIZATION", "x, p, t, dp, out", [*model.field, *flat, *moved]
        ),
    ])  # fmt: skip


def _along_parameters(model: FieldGraph) -> dict[int, int]:
    return {node: model.graph.node("dp", i) for i, node in enumerate(model.parameters)}


def _beside(
    model: FieldGraph, name: str, signature: str, arguments: str, outputs: list[int]
) -> str:
    """A function that writes nodes for every state."""
    graph, order = model.graph, model.graph.reachable(outputs)
    states = [graph.nodes[k][1] for k in order if graph.nodes[k][0] == "x"]
    written = [(k, number) for k, number in enumerate(outputs) if number != graph.zero]
    inner = []
    for first in range(0, len(states), TOGETHER):
        part = states[first : first + TOGETHER]
        names = "".join(f"x{k}, " for k in part)
        inner.append(f'{names}= picked_beside(x, "{_places(part)}", l)')
    inner += computations(model, order, _CALLS)
    for first in range(0, len(written), TOGETHER):
        part = written[first : first + TOGETHER]
        values = "".join(f"{name_of(graph, number)}, " for _, number in part)
        inner.append(f'placed_beside(out, "{_places([k for k, _ in part])}", l, ({values}))')
    body = [*inputs(graph, order, ("p", "dp")), "cleared(out)", f"for l in range({WIDTH}):"]
    return decorated(name, signature, arguments, [*body, *("    " + line for line in inner)])


def _places(rows: list[int]) -> str:
    return " ".join(str(WIDTH * k) for k in rows)


def _single(model: FieldGraph) -> str:
    """``single``: all that ``linearize`` gives, at one state of a model with delay lines."""
    graph, n = model.graph, len(model.states)
    flat, slopes = blocks(model)
    moved = graph.derivative(model.own, _along_parameters(model))
    used = [number for row in slopes for number in row]
    body = statements(model, model.own + flat + used + moved)
    body += results(model, model.field[: model.physical], out="f")
    body += results(model, flat, n, "a")
    body += results(model, moved[: model.physical], out="fp")
    change = [name_of(graph, number) for number in moved[model.physical :]]
    count = len(slopes)
    for line, row, signal, tau in zip(
        model.lines(), slopes, change[:count], change[count:], strict=True
    ):
        body += [*line.field("f"), *line.jacobian(entries(graph, row), "a")]
        body += line.by_parameters(signal, tau, "fp")
    return decorated("single", "SINGLE", "x, p, t, dp, f, a, fp", body)


def _one_by_one(n: int) -> str:
    """The functions of several states from those of one."""
    return f"""@njit([FIELD], cache=True, error_model="numpy")
def rates(x, p, t, out):
    state, f = np.empty({n}), np.empty({n})
    for l in range({WIDTH}):
        for s in range({n}):
            state[s] = x[s * {WIDTH} + l]
        field(state, p, t, f)
        for s in range({n}):
            out[s * {WIDTH} + l] = f[s]


@njit([LINEARIZATION], cache=True, error_model="numpy")
def linearize(x, p, t, dp, out):
    state, f, a, fp = np.empty({n}), np.empty({n}), np.empty(({n}, {n})), np.empty({n})
    for l in range({WIDTH}):
        for s in range({n}):
            state[s] = x[s * {WIDTH} + l]
        single(state, p, t, dp, f, a, fp)
        for s in range({n}):
            out[s * {WIDTH} + l] = f[s]
            out[({n + n * n} + s) * {WIDTH} + l] = fp[s]
            for c in range({n}):
                out[({n} + s * {n} + c) * {WIDTH} + l] = a[s, c]
"""
