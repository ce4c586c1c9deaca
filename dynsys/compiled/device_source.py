"""The functions of a single run for a GPU: the printed source of ``lane_source``, another header.

Exponentials are the device's own and a table's look-up is plain arithmetic, so that results agree
with the processor's to rounding, not digit by digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dynsys.compiled.lookup_source import BilinearLookup, Lookup
from dynsys.compiled.splines import BASIS, HIGHEST

_HEADER = '''"""Simulation of {name} on a GPU: generated, keyed by content, safe to delete."""

import math
from math import exp, log

from numba import cuda


@cuda.jit(device=True)
def least(a, b):
    return a if a < b else b


'''
_DECORATOR = "@cuda.jit(device=True)"


def device_module(
    name: str, sizes: Sequence[str], texts: Sequence[str], lookups: Sequence[Lookup]
) -> str:
    """A module of device functions from the texts of functions of a single run."""
    readers = {k.reader: k for k in lookups if not isinstance(k, BilinearLookup)}
    parts = [_HEADER.format(name=name) + "\n".join(sizes)]
    parts += [_reader(reader) for reader in readers.values()]
    parts += [_on_device(text) for text in texts]
    return "\n\n\n".join(parts)


def _on_device(text: str) -> str:
    """The text of a compiled function, for the device."""
    _, body = text.split("\n", 1)  # its decorator
    # Of two numbers: numba's min and max are not there for every device.
    for here, there in (("np.floor(", "math.floor("), ("np.inf", "math.inf"), ("min(", "least(")):
        body = body.replace(here, there)
    return f"{_DECORATOR}\n{body}"


def _reader(lookup: Lookup) -> str:
    """The text of a function like that of ``spline_rows.row_reader``."""
    i, j = lookup.derivative
    lines = [_DECORATOR, f"def {lookup.reader}(t, corner, each, count, u, v):"]
    lines.append("    down = each * count")
    lines += [f"    a{k} = {_polynomial(k, i, 'u')}" for k in range(6)]
    lines += [f"    b{k} = {_polynomial(k, j, 'v')}" for k in range(6)]
    for quantity in lookup.quantities:
        lines += [f"    at = corner + {quantity} * each", f"    value{quantity} = 0.0"]
        for k in range(6):
            row = " + ".join(f"b{m} * t[at + {m}]" for m in range(6))
            lines += [f"    value{quantity} += a{k} * ({row})", "    at += down"]
    values = ", ".join(f"value{q}" for q in lookup.quantities)
    return "\n".join([*lines, f"    return {values},"]) + "\n"


def _polynomial(k: int, order: int, variable: str) -> str:
    """A derivative of basis function k, by Horner's rule."""
    weights = [float(BASIS[k, m] * math.perm(m, order)) for m in range(order, HIGHEST + 1)]
    text = repr(weights[-1])
    for weight in reversed(weights[:-1]):
        text = f"({text}) * {variable} + ({weight!r})"
    return text
