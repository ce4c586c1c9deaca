"""Expression graphs as C: what compiled right-hand sides for AUTO-07p and XPPAUT are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy

from dynsys.compiled.splines import BASIS, HEADER
from dynsys.exchange.comments import c_comment
from dynsys.expressions.graph import Graph
from dynsys.tables import SmoothTable

_CALLS = {"abs": "fabs"}
_OPERATORS = {"add": "+", "mul": "*", "div": "/"}
_BERNOULLI = [float(sympy.bernoulli(i) / sympy.factorial(i)) for i in range(0, 122, 2)]

# The k-th derivative of u / (1 - exp(-u)): closed form, series next to 0
# (dynsys.expressions.functions).
_LINOID = """\
static double linoid(double u, int k)
{{
  static const double bernoulli[{count}] = {{{numbers}}};
  double total, power = 1.0, decay = 1.0, w = fabs(u), step, tail = 0.0, term;
  int i, j, m, first;
  if (k == 0) {{
    if (u == 0.0) return 1.0;
    if (w > 745.0) return u > 0.0 ? u : 0.0;
    return -u / expm1(-u);
  }}
  if (w < 3.0) {{
    first = k > 2 ? k : 2;
    first += first % 2;
    for (j = 0; j < k; j++) power *= first - j;
    for (j = k; j < first; j++) power *= u;
    total = k == 1 ? 0.5 : 0.0;
    for (i = first; i < 2 * {count}; i += 2) {{
      term = bernoulli[i / 2] * power;
      total += term;
      if (fabs(term) <= 1e-18 * fabs(total)) break;
      power *= u * u * (i + 2) * (i + 1) / ((double)(i + 2 - k) * (i + 1 - k));
    }}
    return total;
  }}
  step = exp(-w);
  for (m = 1; m < 200 && w <= 745.0; m++) {{
    decay *= step;
    term = (k - m * w) * decay;
    for (j = 1; j < k; j++) term *= -m;
    tail += term;
    if (m * w > 2 * k && fabs(term) <= 1e-18 * fabs(tail)) break;
  }}
  if (u > 0.0) return k == 1 ? 1.0 + tail : tail;
  return k % 2 ? -tail : tail;
}}
"""

_TABLE = """\
/* d^i/da^i d^j/db^j of quantity q of a quintic tensor-product B-spline; beyond its edges the
   polynomials of the outermost cells are continued. */
static void spline(double u, double h, int d, double *w)
{{
  static const double basis[6][6] = {{{basis}}};
  int k, m, r;
  double c;
  for (k = 0; k < 6; k++) {{
    w[k] = 0.0;
    for (m = 5; m >= d; m--) {{
      c = basis[k][m];
      for (r = 0; r < d; r++) c *= (m - r) / h;
      w[k] = w[k] * u + c;
    }}
  }}
}}

static double lookup(const double *t, int q, int i, int j, double a, double b)
{{
  int nx = (int)t[0], ny = (int)t[1], nq = (int)t[2], i0, j0, k, l;
  double u = (a - t[3]) / t[4], v = (b - t[5]) / t[6], wa[6], wb[6], row, total = 0.0;
  if (i > 5 || j > 5) return 0.0;
  if (!(u == u) || !(v == v)) return u + v;
  i0 = u < 0.0 ? 0 : (u > nx - 2 ? nx - 2 : (int)u);
  j0 = v < 0.0 ? 0 : (v > ny - 2 ? ny - 2 : (int)v);
  spline(u - i0, t[4], i, wa);
  spline(v - j0, t[6], j, wb);
  for (k = 0; k < 6; k++) {{
    row = 0.0;
    for (l = 0; l < 6; l++) row += wb[l] * t[{header} + ((i0 + k) * (ny + 4) + j0 + l) * nq + q];
    total += wa[k] * row;
  }}
  return total;
}}
"""


def number(value: float) -> str:
    """A double as C writes it, to the last digit."""
    text = repr(float(value))
    if text in ("inf", "-inf", "nan"):
        return {"inf": "HUGE_VAL", "-inf": "(-HUGE_VAL)", "nan": "(HUGE_VAL - HUGE_VAL)"}[text]
    return f"({text})" if value < 0 else text


def preamble(graph: Graph, outputs: Sequence[int]) -> str:
    """The functions that the statements of these outputs call."""
    used = {graph.nodes[n][0] for n in graph.reachable(outputs)}
    parts = []
    if "linoid" in used:
        parts.append(
            _LINOID.format(count=len(_BERNOULLI), numbers=", ".join(map(repr, _BERNOULLI)))
        )
    if "table" in used:
        rows = ["{" + ", ".join(repr(float(c)) for c in row) + "}" for row in BASIS]
        parts.append(_TABLE.format(basis=",\n    ".join(rows), header=HEADER))
    return "\n".join(parts)


def statements(
    graph: Graph,
    outputs: Sequence[int],
    targets: Sequence[str],
    inputs: Mapping[tuple, str],
) -> list[str]:
    """C statements that assign the outputs to ``targets``; ``inputs`` maps nodes to their names."""

    def name(n: int) -> str:
        content = graph.nodes[n]
        if content[0] == "const":
            return number(content[1])
        return inputs.get(content) or f"v{n}"

    lines = []
    for n in graph.reachable(outputs):
        if graph.nodes[n][0] != "const" and graph.nodes[n] not in inputs:
            lines.append(f"const double v{n} = {_expression(graph, n, name)};")
    lines += [f"{target} = {name(n)};" for target, n in zip(targets, outputs, strict=True)]
    return lines


def _expression(graph: Graph, n: int, name) -> str:
    content = graph.nodes[n]
    operation = content[0]
    given = [name(argument) for argument in graph.arguments(n)]
    if operation in ("add", "mul", "div"):
        return f" {_OPERATORS[operation]} ".join(given)
    if operation == "power":
        return f"pow({given[0]}, {number(content[2])})"
    if operation == "linoid":
        return f"linoid({given[0]}, {content[2]})"
    if operation == "select":
        return f"{given[0]} {content[1]} {given[1]} ? {given[2]} : {given[3]}"
    if operation == "table":
        table, quantity, i, j = content[1:5]
        return f"lookup(table_{table}, {quantity}, {i}, {j}, {given[0]}, {given[1]})"
    if operation == "sign":
        return f"(double)(({given[0]} > 0.0) - ({given[0]} < 0.0))"
    return f"{_CALLS.get(operation, operation)}({given[0]})"


def table_arrays(tables: Mapping[str, SmoothTable]) -> str:
    """The coefficients of every table as a C array ``table_NAME``."""
    parts = []
    for name, table in tables.items():
        numbers = [repr(v) for v in np.asarray(table.packed).tolist()]
        rows = [", ".join(numbers[i : i + 6]) for i in range(0, len(numbers), 6)]
        about = c_comment(table.source or name)
        head = f"{about}\nstatic const double table_{name}[{len(numbers)}] = {{"
        parts.append(head + "\n" + ",\n".join(rows) + "};\n")
    return "\n".join(parts)


def c_function(head: str, body: Sequence[str]) -> str:
    """A C function from its head and its statements."""
    return "\n".join([head, "{", *(f"  {line}" for line in body), "}"]) + "\n"
