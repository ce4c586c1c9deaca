"""Compiled functions as arguments of compiled functions, at the price of a pointer.

numba's own first-class functions look their addresses up at every call from Python, by hashing
signatures: some 50 microseconds for each function of a model, more than a Newton step of a small
one takes. Here the addresses are found once, and kept with the function.
"""

from __future__ import annotations

import hashlib
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import Signature
from numba.experimental.function_type import FunctionModel
from numba.extending import NativeValue, register_model, unbox


class FunctionType(types.FunctionType):
    """The type of a compiled function of this signature.

    Example
    -------
    >>> njit([float64(FunctionType(float64(float64)), float64)])(lambda f, x: f(f(x)))
    """

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        # Where a function keeps its addresses for this signature.
        self.label = f"_addresses_{hashlib.sha256(str(signature).encode()).hexdigest()[:16]}"


register_model(FunctionType)(FunctionModel)


def addresses(function: Any, kind: FunctionType) -> tuple[int, int]:
    """Addresses of a compiled function for callers in C and for compiled ones; it keeps them.

    Raises what numba does where the function does not have this signature.
    """
    compiled = function.get_compile_result(kind.signature)
    names = compiled.fndesc.llvm_cfunc_wrapper_name, compiled.fndesc.llvm_func_name
    found = tuple(map(compiled.library.get_pointer_to_function, names))
    setattr(function, kind.label, found)
    return found


@unbox(FunctionType)
def _unbox(kind: FunctionType, function: ir.Value, c: Any) -> NativeValue:
    api, builder = c.pyapi, c.builder
    kept = cgutils.alloca_once_value(builder, api.object_getattr_string(function, kind.label))
    with builder.if_then(cgutils.is_null(builder, builder.load(kept)), likely=False):
        api.err_clear()
        module = api.import_module(c.context.insert_const_string(builder.module, __name__))
        look = api.object_getattr_string(module, addresses.__name__)
        of = api.unserialize(api.serialize_object(kind))
        builder.store(api.call_function_objargs(look, (function, of)), kept)
        for used in (module, look, of):
            api.decref(used)
        with builder.if_then(cgutils.is_null(builder, builder.load(kept)), likely=False):
            builder.ret(api.get_null_object())  # the error is raised where the call was made
    pair = builder.load(kept)
    value = cgutils.create_struct_proxy(kind)(c.context, builder)
    value.c_addr = api.long_as_voidptr(api.tuple_getitem(pair, 0))
    value.jit_addr = api.long_as_voidptr(api.tuple_getitem(pair, 1))
    value.py_addr = builder.bitcast(function, c.context.get_value_type(types.voidptr))
    api.decref(pair)
    return NativeValue(value._getvalue())
