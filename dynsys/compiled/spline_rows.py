"""Tables as simulations read them: quintic splines, a row of coefficients in one vector.

The coefficients of a quantity lie side by side along the second axis. One run's look-up takes six
rows of six, each row one vector of eight whose last two weights are zero: vector instructions serve
a single run, and a block of runs does nothing else. (Gathering one coefficient of eight runs at a
time costs several times as much.)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import float64, int64, types
from numba.core import cgutils
from numba.extending import intrinsic

from dynsys.compiled.splines import BASIS, HEADER, HIGHEST

LANES = 8  # of a row: six coefficients and two that do not count

_ROW = ir.VectorType(ir.DoubleType(), LANES)
_LONG = ir.IntType(64)


def packed_rows(packed: np.ndarray) -> np.ndarray:
    """``SmoothTable.packed`` rearranged for ``row_reader``, its header kept.

    Coefficients lie as (nx + 4, quantities, ny + 4); two zeros follow, which the last row reads.
    """
    nx, ny, quantities = (int(v) for v in packed[:3])
    cube = packed[HEADER:].reshape(nx + 4, ny + 4, quantities)
    return np.concatenate([packed[:HEADER], np.moveaxis(cube, 2, 1).ravel(), [0.0, 0.0]])


def row_reader(quantities: tuple[int, ...], i: int = 0, j: int = 0) -> Callable:
    """A compiled function (t, corner, each, count, u, v) -> the derivatives d^i d^j, per cell.

    ``t`` are the packed tables, ``corner`` the position of the cell's first coefficient, ``each``
    the length of a row, ``count`` the quantities stored; u, v in [0, 1] the place in the cell.
    Derivatives are per cell width. Returns one number for each of ``quantities``.
    """
    weights_a, weights_b = _derivatives(i), _derivatives(j)
    returns = types.UniTuple(float64, len(quantities))

    @intrinsic
    def read(typingctx, t, corner, each, count, u, v):
        def build(context, builder, signature, arguments):
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            corner, each, count, u, v = arguments[1:]
            a, b = _polynomials(builder, weights_a, u), _polynomials(builder, weights_b, v)
            wide = [_spread(builder, builder.extract_element(a, _index(k))) for k in range(6)]
            down = builder.mul(each, count)
            values = []
            for quantity in quantities:
                at = builder.add(corner, builder.mul(each, _LONG(quantity)))
                total = None
                for k in range(6):
                    place = builder.add(at, builder.mul(down, _LONG(k)))
                    pointer = builder.bitcast(builder.gep(array.data, [place]), _ROW.as_pointer())
                    row = builder.load(pointer, align=8)
                    total = _fused(builder, wide[k], row, total)
                values.append(_sum(builder, builder.fmul(total, b)))
            return context.make_tuple(builder, signature.return_type, values)

        return returns(t, int64, int64, int64, float64, float64), build

    return read


def _derivatives(order: int) -> np.ndarray:
    """[m, k]: coefficient of u^m in a derivative of basis function k; zeros behind the six."""
    result = np.zeros((HIGHEST + 1, LANES))
    for m in range(order, HIGHEST + 1):
        result[m - order, :6] = BASIS[:, m] * math.perm(m, order)
    return result


def _index(k: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), k)


def _spread(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """A number in every place of a row."""
    first = builder.insert_element(ir.Constant(_ROW, ir.Undefined), number, _index(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(_ROW, ir.Undefined), zeros)


def _fused(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value | None) -> ir.Value:
    if c is None:
        return builder.fmul(a, b)
    kind = ir.FunctionType(_ROW, [_ROW] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64")
    return builder.call(fused, [a, b, c])


def _polynomials(builder: ir.IRBuilder, weights: np.ndarray, u: ir.Value) -> ir.Value:
    """The basis functions at u, in one row, by Horner's rule."""
    wide = _spread(builder, u)
    total = ir.Constant(_ROW, weights[-1].tolist())
    for row in weights[-2::-1]:
        total = _fused(builder, total, wide, ir.Constant(_ROW, row.tolist()))
    return total


def _sum(builder: ir.IRBuilder, row: ir.Value) -> ir.Value:
    """The sum of a row, halves first."""
    width = LANES
    while width > 1:
        width //= 2
        low, high = (
            builder.shuffle_vector(row, row, _places(range(start, start + width)))
            for start in (0, width)
        )
        row = builder.fadd(low, high)
    return builder.extract_element(row, _index(0))


def _places(places: range) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), list(places))
