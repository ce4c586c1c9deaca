"""Compiled functions that compiled callers reach at their address instead of linking them in.

numba links what a function calls into it and optimizes all of that again: a long function at the
bottom of a tower of callers is compiled once for itself and once more for every floor. A caller of
an addressed function (``njit(..., addressed=True)``) holds the name of a slot instead, from which
it reads the address at every call; numba's own calling convention is kept. That costs nanoseconds
a call, and what could be optimized across it: it is for functions that run for microseconds.

The name of a slot is the same in every process, so that callers can be kept on the disk. The
address is written when the function is compiled or loaded, which happens before any caller can be
called; an empty slot is an error in the caller, never a jump.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite.binding
from numba.core import cgutils, sigutils
from numba.core.dispatcher import Dispatcher
from numba.core.imputils import fix_returning_optional, impl_ret_new_ref

# How callers call: what is compiled in another way is compiled anew.
CONVENTION = hashlib.sha256(Path(__file__).read_bytes()).digest()

_cells: dict[str, ctypes.c_void_p] = {}  # compiled code reads them, so they stay for ever
_kept: list[Any] = []  # compiled code that a slot has led to


class Slot:
    """Where the address of a function for one signature lies."""

    def __init__(self, function: FunctionType, signature: Any) -> None:
        if function.__closure__ is not None or "<locals>" in function.__qualname__:
            raise TypeError(
                f"{function.__qualname__} is made in a function: its name is not its own"
            )
        self.arguments, returns = sigutils.normalize_signature(signature)
        if returns is None:
            raise TypeError(f"{function.__qualname__} is addressed: state what it returns")
        self._said = f"{function.__module__}.{function.__qualname__}"
        whole = f"{self._said} {returns} {self.arguments}"
        self.symbol = f"dynsys_{hashlib.sha256(whole.encode()).hexdigest()[:32]}"
        if self.symbol not in _cells:  # else its module is loaded again
            _cells[self.symbol] = ctypes.c_void_p(None)
            llvmlite.binding.add_symbol(self.symbol, ctypes.addressof(_cells[self.symbol]))

    @property
    def address(self) -> int | None:
        """What it holds; None as long as the function is not compiled."""
        return _cells[self.symbol].value

    def fill(self, compiled: Any) -> None:
        """Lead callers to what numba compiled; let them be compiled."""
        _kept.append(compiled.library)
        self._compiled = compiled.fndesc
        address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
        _cells[self.symbol].value = address
        compiled.target_context.insert_func_defn([(self._call, self, self.arguments)])

    def _call(self, context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        """Write the call into a caller."""
        returns, kinds, convention = (
            self._compiled.restype,
            self._compiled.argtypes,
            context.call_conv,
        )
        kind = convention.get_function_type(returns, kinds).as_pointer()
        address = builder.load(context.get_c_value(builder, kind, self.symbol))
        with cgutils.if_unlikely(builder, cgutils.is_null(builder, address)):
            said = (f"{self._said} is called before it is compiled",)
            convention.return_user_exc(builder, RuntimeError, said)
        status, value = convention.call_function(builder, address, returns, kinds, arguments)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        value = fix_returning_optional(context, builder, sig, status, value)
        return impl_ret_new_ref(context, builder, returns, value)


def called(function: FunctionType) -> list[Dispatcher]:
    """The compiled functions that a function names."""
    named = {k: v for k, v in function.__globals__.items() if k in _names(function.__code__)}
    values = [*named.values(), *_cell_contents(function)]
    for module in [value for value in values if isinstance(value, ModuleType)]:
        values += [vars(module).get(name) for name in _names(function.__code__)]
    return [value for value in _flat(values) if isinstance(value, Dispatcher)]


def within(function: FunctionType) -> Iterator[Any]:
    """The addressed functions that those linked into a function call, and it itself."""
    waiting: list[Any] = [function]
    seen = set[int]()
    while waiting:
        for other in called(waiting.pop()):
            if id(other) not in seen:
                seen.add(id(other))
                if getattr(other, "_slots", None):
                    yield other
                else:
                    waiting.append(other.py_func)


def _names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _cell_contents(function: FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(list(value))
        else:
            yield value
