"""Several numbers of an array read or written in one statement of generated code.

numba takes 10 to 30 ms to compile each ``out[k] = value``, with its tests for negative indices and
conversions; a Jacobian has dozens. Here the positions are known when the code is compiled.
"""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import float64, types
from numba.core import cgutils
from numba.extending import intrinsic

_LONG = ir.IntType(64)


@intrinsic(prefer_literal=True)
def picked(typingctx, array, places):
    """The numbers of a contiguous array at ``places``, a text like "0 2 5", as a tuple."""
    numbers = _numbers(places)

    def build(context, builder, signature, arguments):
        data = _data(context, builder, signature, arguments)
        found = [builder.load(builder.gep(data, [_LONG(k)])) for k in numbers]
        return context.make_tuple(builder, signature.return_type, found)

    return types.UniTuple(array.dtype, len(numbers))(array, places), build


@intrinsic(prefer_literal=True)
def placed(typingctx, array, places, values):
    """Write a tuple of numbers to the places "0 2 5" of a contiguous array, counted row by row."""
    numbers = _numbers(places)

    def build(context, builder, signature, arguments):
        data = _data(context, builder, signature, arguments)
        for position, (k, kind) in enumerate(zip(numbers, values, strict=True)):
            value = builder.extract_value(arguments[2], position)
            value = context.cast(builder, value, kind, float64)
            builder.store(value, builder.gep(data, [_LONG(k)]))
        return context.get_dummy_value()

    return types.void(array, places, values), build


@intrinsic(prefer_literal=True)
def picked_beside(typingctx, array, places, offset):
    """As ``picked``, ``offset`` numbers further on, of an array apart from that of
    ``placed_beside``."""
    numbers = _numbers(places)

    def build(context, builder, signature, arguments):
        data = _beside(context, builder, signature, arguments)
        found = [builder.load(builder.gep(data, [_LONG(k)], inbounds=True)) for k in numbers]
        for load in found:
            load.set_metadata("alias.scope", _apart(builder))
        return context.make_tuple(builder, signature.return_type, found)

    return types.UniTuple(array.dtype, len(numbers))(array, places, types.int64), build


@intrinsic(prefer_literal=True)
def placed_beside(typingctx, array, places, offset, values):
    """As ``placed``, ``offset`` numbers further on."""
    numbers = _numbers(places)

    def build(context, builder, signature, arguments):
        data = _beside(context, builder, signature, arguments)
        for position, (k, kind) in enumerate(zip(numbers, values, strict=True)):
            value = builder.extract_value(arguments[3], position)
            value = context.cast(builder, value, kind, float64)
            store = builder.store(value, builder.gep(data, [_LONG(k)], inbounds=True))
            store.set_metadata("noalias", _apart(builder))
        return context.get_dummy_value()

    return types.void(array, places, types.int64, values), build


@intrinsic
def cleared(typingctx, array):
    """Write zeros to all of a contiguous array."""

    def build(context, builder, signature, arguments):
        whole = context.make_array(signature.args[0])(context, builder, arguments[0])
        size = builder.mul(whole.nitems, whole.itemsize)
        cgutils.memset(builder, whole.data, size, 0)
        return context.get_dummy_value()

    return types.void(array), build


def _numbers(places: Any) -> list[int]:
    return [int(k) for k in places.literal_value.split()]


def _data(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    return context.make_array(signature.args[0])(context, builder, arguments[0]).data


def _beside(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    data = _data(context, builder, signature, arguments)
    return builder.gep(data, [arguments[2]], inbounds=True)


def _apart(builder: ir.IRBuilder) -> Any:
    """What tells the compiler that numbers read lie apart from those written, which it would have
    to test before it works on several at once."""
    domain = builder.module.add_metadata(["dynsys arrays"])
    return builder.module.add_metadata([builder.module.add_metadata(["dynsys read", domain])])


def _picked(array: Any, places: str) -> tuple:
    return tuple(array.reshape(-1)[[int(k) for k in places.split()]])


def _placed(array: Any, places: str, values: tuple) -> None:
    array.reshape(-1)[[int(k) for k in places.split()]] = values


def _picked_beside(array: Any, places: str, offset: int) -> tuple:
    return tuple(array[[int(k) + offset for k in places.split()]])


def _placed_beside(array: Any, places: str, offset: int, values: tuple) -> None:
    array[[int(k) + offset for k in places.split()]] = values


def _cleared(array: Any) -> None:
    array[...] = 0.0


if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":  # to look inside: the same in plain Python
    globals().update(
        picked=_picked, placed=_placed, picked_beside=_picked_beside,
        placed_beside=_placed_beside, cleared=_cleared,
    )  # fmt: skip
