"""Truncated Taylor arithmetic: the Taylor coefficients of a field along a curve.

A model's graph becomes a small program which one compiled interpreter runs on power series in a
scalar s (recurrences: Griewank & Walther 2008, Evaluating Derivatives, chapter 13). Directional
derivatives of any order, and so the multilinear forms of normal forms, follow from it exactly.
Coefficients are complex, the expansion point is real.
"""

from __future__ import annotations

import math

import numpy as np
from numba import complex128, float64, int64, types

from dynsys.compiled.kernels import COMPLEX_MATRIX, VECTOR
from dynsys.compiled.splines import table_jet
from dynsys.expressions.functions import linoid_derivative
from dynsys.expressions.graph import Graph
from dynsys.numba_cache import njit

OPERATIONS = (
    ["const", "x", "p", "add", "mul", "div", "power", "table", "linoid", "select"]
    + ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
    + ["asin", "acos", "atan", "abs", "sign", "erf", "erfc", "floor"]
)
CODE = {name: code for code, name in enumerate(OPERATIONS)}
CONST, X, P, ADD, MUL, DIV, POWER, TABLE, LINOID, SELECT = range(10)
EXP, LOG, SQRT, SIN, COS, TAN, SINH, COSH, TANH, ASIN, ACOS, ATAN, ABS, SIGN = range(10, 24)
ERF, ERFC, FLOOR = range(24, 27)
ROW = 8
TABLE_ORDER = 5  # a quintic spline has no further derivatives


def program(graph: Graph, outputs: list[int], offsets: dict[str, int]):
    """Encode the outputs as (instructions (k, 8) int, constants (k,), output slots (n,))."""
    order = graph.reachable(outputs)
    slot = {number: k for k, number in enumerate(order)}
    instructions = np.zeros((len(order), ROW), dtype=np.int64)
    constants = np.zeros(len(order))
    for k, number in enumerate(order):
        content = graph.nodes[number]
        operation = content[0]
        row = instructions[k]
        row[0] = CODE[operation]
        for position, argument in enumerate(graph.arguments(number)):
            row[1 + position] = slot[argument]
        if operation == "const":
            constants[k] = content[1]
        elif operation in ("x", "p"):
            row[1] = content[1]
        elif operation == "power":
            constants[k] = content[2]
        elif operation == "linoid":
            row[5] = content[2]
        elif operation == "select":
            row[5] = content[1] == "<="
        elif operation == "table":
            row[4:8] = offsets[content[1]], content[2], content[3], content[4]
    return instructions, constants, np.array([slot[number] for number in outputs], dtype=np.int64)


_SERIES = types.Array(complex128, 1, "C")
# Programs are global arrays of a generated module, which numba takes as read-only.
_CODES = types.Array(int64, 2, "C", readonly=True)
_CONSTANTS = types.Array(float64, 1, "C", readonly=True)
_SLOTS = types.Array(int64, 1, "C", readonly=True)
_ROW = types.Array(int64, 1, "C", readonly=True)


@njit([types.void(_SERIES, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _multiply(a, b, out):
    for k in range(a.shape[0]):
        total = 0.0j
        for i in range(k + 1):
            total += a[i] * b[k - i]
        out[k] = total


@njit([complex128(complex128, complex128)], cache=True, error_model="numpy")
def _over(a, b):
    """a / b; nan by zero, where numba raises for complex numbers."""
    return a / b if b != 0.0 else complex(np.nan, np.nan)


@njit([types.void(_SERIES, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _divide(a, b, out):
    for k in range(a.shape[0]):
        total = a[k]
        for i in range(k):
            total -= out[i] * b[k - i]
        out[k] = _over(total, b[0])


@njit([types.void(_SERIES, float64, _SERIES)], cache=True, error_model="numpy")
def _power(a, exponent, out):
    out[0] = a[0].real ** exponent
    if a[0] == 0.0:  # derivatives below the exponent vanish, those above it are infinite
        for k in range(1, a.shape[0]):
            out[k] = 0.0 if k < exponent else complex(np.nan, np.nan)
        return
    for k in range(1, a.shape[0]):
        total = 0.0j
        for i in range(k):
            total += (exponent * (k - i) - i) * out[i] * a[k - i]
        out[k] = total / (k * a[0])


@njit([types.void(_SERIES, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _integrate(slope, a, out):
    """Coefficients 1.. of f(a(s)) from those of f'(a(s)): f(a)' = f'(a) a'."""
    for k in range(1, a.shape[0]):
        total = 0.0j
        for i in range(k):
            total += slope[i] * (k - i) * a[k - i]
        out[k] = total / k


@njit([types.void(_SERIES, float64, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _pair(a, sign, first, second):
    """first' = second a', second' = sign first a': sin/cos (sign -1), sinh/cosh (sign +1)."""
    for k in range(1, a.shape[0]):
        one = 0.0j
        two = 0.0j
        for i in range(k):
            weight = (k - i) * a[k - i]
            one += second[i] * weight
            two += sign * first[i] * weight
        first[k] = one / k
        second[k] = two / k


@njit([types.void(float64, _SERIES, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _tangent(sign, a, out, slope):
    """out' = (1 + sign out^2) a': tan (sign 1), tanh (sign -1)."""
    start = a[0].real
    out[0] = np.tan(start) if sign > 0 else np.tanh(start)
    slope[0] = 1.0 + sign * out[0] * out[0]
    for k in range(1, a.shape[0]):
        total = 0.0j
        for i in range(k):
            total += slope[i] * (k - i) * a[k - i]
        out[k] = total / k
        square = 0.0j
        for i in range(k + 1):
            square += out[i] * out[k - i]
        slope[k] = sign * square


@njit([types.void(int64, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _inverse(code, a, out):
    order = a.shape[0]
    square = np.zeros(order, complex128)
    slope = np.zeros(order, complex128)
    one = np.zeros(order, complex128)
    one[0] = 1.0
    _multiply(a, a, square)
    start = a[0].real
    if code == ATAN:
        square[0] += 1.0
        _divide(one, square, slope)
        out[0] = np.arctan(start)
    else:
        for k in range(order):
            square[k] = -square[k]
        square[0] += 1.0
        _power(square, -0.5, slope)
        out[0] = np.arcsin(start)
        if code == ACOS:
            out[0] = np.arccos(start)
            for k in range(order):
                slope[k] = -slope[k]
    _integrate(slope, a, out)


@njit([types.void(int64, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _error_function(code, a, out):
    """erf, erfc: the slope is plus or minus 2 / sqrt(pi) exp(-a^2), itself a series."""
    order = a.shape[0]
    square = np.zeros(order, complex128)
    slope = np.zeros(order, complex128)
    _multiply(a, a, square)
    height = 2.0 / math.sqrt(math.pi)
    slope[0] = (height if code == ERF else -height) * math.exp(-square[0].real)
    for k in range(1, order):
        total = 0.0j
        for i in range(k):
            total -= slope[i] * (k - i) * square[k - i]
        slope[k] = total / k
    start = a[0].real
    out[0] = math.erf(start) if code == ERF else math.erfc(start)
    _integrate(slope, a, out)


@njit([types.void(int64, _SERIES, _SERIES)], cache=True, error_model="numpy")
def _unary(code, a, out):
    order = a.shape[0]
    slope = np.zeros(order, complex128)
    start = a[0].real
    if code == EXP:
        out[0] = np.exp(start)
        for k in range(1, order):
            total = 0.0j
            for i in range(k):
                total += out[i] * (k - i) * a[k - i]
            out[k] = total / k
    elif code == LOG:
        slope[0] = 1.0
        derivative = np.zeros(order, complex128)
        _divide(slope, a, derivative)
        out[0] = np.log(start)
        _integrate(derivative, a, out)
    elif code == SQRT:
        _power(a, 0.5, out)
    elif code in (SIN, COS):
        first, second = (out, slope) if code == SIN else (slope, out)
        first[0], second[0] = np.sin(start), np.cos(start)
        _pair(a, -1.0, first, second)
    elif code in (SINH, COSH):
        first, second = (out, slope) if code == SINH else (slope, out)
        first[0], second[0] = np.sinh(start), np.cosh(start)
        _pair(a, 1.0, first, second)
    elif code in (TAN, TANH):
        _tangent(1.0 if code == TAN else -1.0, a, out, slope)
    elif code in (ASIN, ACOS, ATAN):
        _inverse(code, a, out)
    elif code in (ERF, ERFC):
        _error_function(code, a, out)
    else:
        sign = np.sign(start)
        if code == ABS:
            for k in range(order):
                out[k] = sign * a[k]
        else:
            out[:] = 0.0
            out[0] = np.floor(start) if code == FLOOR else sign


@njit([types.void(_SERIES, int64, _SERIES)], cache=True, error_model="numpy")
def _linoid(a, base, out):
    """Compose sum_k L^(base + k)(a0) / k! (a - a0)^k."""
    order = a.shape[0]
    step = a.copy()
    step[0] = 0.0
    power = np.zeros(order, complex128)
    scratch = np.zeros(order, complex128)
    power[0] = 1.0
    out[:] = 0.0
    factorial = 1.0
    for k in range(order):
        if k > 0:
            factorial *= k
            _multiply(power, step, scratch)
            for i in range(order):
                power[i] = scratch[i]
        weight = linoid_derivative(a[0].real, base + k) / factorial
        for i in range(order):
            out[i] += weight * power[i]


@njit([types.void(_SERIES, COMPLEX_MATRIX)], cache=True, error_model="numpy")
def _powers(a, out):
    """Rows (a - a0)^k / k!."""
    step = a.copy()
    step[0] = 0.0
    out[0, 0] = 1.0
    for k in range(1, a.shape[0]):
        _multiply(out[k - 1], step, out[k])
        for i in range(a.shape[0]):
            out[k, i] /= k


@njit(
    [types.void(VECTOR, _ROW, _SERIES, _SERIES, _SERIES)],
    cache=True,
    error_model="numpy",
)
def _table(t, row, a, b, out):
    """Compose the bivariate Taylor polynomial of a table with the series a(s), b(s)."""
    order = a.shape[0]
    offset, quantity, i0, j0 = row[4], row[5], row[6], row[7]
    depth = min(TABLE_ORDER, order - 1 + i0 + j0)
    jet = np.zeros((depth + 1, depth + 1, int(t[offset + 2])))
    table_jet(t, offset, a[0].real, b[0].real, depth, jet)
    powers_a = np.zeros((order, order), complex128)
    powers_b = np.zeros((order, order), complex128)
    _powers(a, powers_a)
    _powers(b, powers_b)
    scratch = np.zeros(order, complex128)
    out[:] = 0.0
    for i in range(order):
        for j in range(order - i):
            if i + i0 + j + j0 <= depth:
                _multiply(powers_a[i], powers_b[j], scratch)
                weight = jet[i + i0, j + j0, quantity]
                for k in range(order):
                    out[k] += weight * scratch[k]


@njit(
    [
        types.void(
            _CODES, _CONSTANTS, _SLOTS, COMPLEX_MATRIX, COMPLEX_MATRIX, VECTOR, COMPLEX_MATRIX
        )
    ],
    cache=True,
    addressed=True,
    error_model="numpy",
)
def run_program(instructions, constants, outputs, x, p, t, result):
    """Taylor coefficients ``result[k, i]`` of every output along the curve ``x[k]``, ``p[k]``."""
    order = x.shape[0]
    w = np.zeros((instructions.shape[0], order), complex128)
    for k in range(instructions.shape[0]):
        row = instructions[k]
        code, a, b = row[0], row[1], row[2]
        if code == CONST:
            w[k, 0] = constants[k]
        elif code in (X, P):
            for i in range(order):
                w[k, i] = x[i, a] if code == X else p[i, a]
        elif code == ADD:
            for i in range(order):
                w[k, i] = w[a, i] + w[b, i]
        elif code == MUL:
            _multiply(w[a], w[b], w[k])
        elif code == DIV:
            _divide(w[a], w[b], w[k])
        elif code == POWER:
            _power(w[a], constants[k], w[k])
        elif code == TABLE:
            _table(t, row, w[a], w[b], w[k])
        elif code == LINOID:
            _linoid(w[a], row[5], w[k])
        elif code == SELECT:
            left, right = w[a, 0].real, w[b, 0].real
            holds = left <= right if row[5] == 1 else left < right
            chosen = row[3] if holds else row[4]
            for i in range(order):
                w[k, i] = w[chosen, i]
        else:
            _unary(code, w[a], w[k])
    for i in range(outputs.shape[0]):
        for k in range(order):
            result[k, i] = w[outputs[i], k]
