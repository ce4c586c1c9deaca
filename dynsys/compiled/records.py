"""Named tuples as arguments of compiled functions.

What travels together is one argument: a named tuple whose members carry their numba types in their
annotations. Its type is fixed, whatever model it holds, so that one compiled function serves all
models and is found in numba's cache; functions among the members are first-class functions.
"""

from __future__ import annotations

from typing import Annotated, NoReturn, TypeVar, get_args, get_type_hints

import numpy as np
from numba import boolean, float64, int64, typeof, types
from numba.core.typing import Signature
from numba.extending import typeof_impl
from numba.np.numpy_support import as_dtype

from dynsys.compiled.kernels import MATRIX, VECTOR

INDICES = types.Array(int64, 1, "C")
CUBE = types.Array(float64, 3, "C")

Vector = Annotated[np.ndarray, VECTOR]
Matrix = Annotated[np.ndarray, MATRIX]
Cube = Annotated[np.ndarray, CUBE]
Indices = Annotated[np.ndarray, INDICES]
IndexRows = Annotated[np.ndarray, types.Array(int64, 2, "C")]

_TYPES: dict[object, types.Type] = {float: float64, int: int64, bool: boolean}
Record = TypeVar("Record", bound=type)


def record(cls: Record) -> Record:
    """Class decorator: let compiled functions take a ``NamedTuple`` class as one argument.

    Members are annotated with another record, ``float``, ``int``, ``bool`` or
    ``Annotated[..., numba type]``. An array of another kind, order or number of dimensions than
    annotated raises TypeError at the call.

    Example
    -------
    >>> from typing import NamedTuple
    >>> from numba import njit
    >>> @record
    ... class Line(NamedTuple):
    ...     slope: float
    ...     offset: float
    >>> at = njit([signature(float, Line, float)])(lambda line, x: line.slope * x + line.offset)
    >>> at(Line(2.0, 1.0), 3.0)
    7.0
    """
    hints = get_type_hints(cls, include_extras=True)
    members = {name: numba_type(hint) for name, hint in hints.items()}
    whole: types.Type = types.NamedTuple(tuple(members.values()), cls)
    if len(set(members.values())) == 1:
        whole = types.NamedUniTuple(next(iter(members.values())), len(members), cls)

    # Functions and numbers are converted when the tuple is unpacked; arrays would be reinterpreted.
    arrays = [
        (k, name, kind.ndim, as_dtype(kind.dtype), kind.mutable)
        for k, (name, kind) in enumerate(members.items())
        if isinstance(kind, types.Array)
    ]
    nested = [
        (k, name, kind)
        for k, (name, kind) in enumerate(members.items())
        if isinstance(kind, types.BaseTuple)
    ]

    def refuse(name: str, found: object) -> NoReturn:
        raise TypeError(f"{cls.__name__}.{name} is {found}; it must be {members[name]}")

    @typeof_impl.register(cls)
    def _(value, context):
        for k, name, dimensions, dtype, written in arrays:
            a, flags = value[k], value[k].flags
            fits = flags.carray if written else flags.c_contiguous and flags.aligned
            if a.ndim != dimensions or a.dtype != dtype or not fits:
                refuse(name, typeof(a))
        for k, name, kind in nested:
            found = typeof_impl(value[k], context)
            if found is not kind and found != kind:
                refuse(name, found)
        return whole

    _TYPES[cls] = whole
    return cls


def numba_type(kind: object) -> types.Type:
    """The numba type of a record, an annotated array or function, a number, or itself."""
    if isinstance(kind, types.Type):
        return kind
    if kind in _TYPES:
        return _TYPES[kind]
    annotated = [a for a in get_args(kind)[1:] if isinstance(a, types.Type)]
    if len(annotated) != 1:
        raise TypeError(f"{kind} names no numba type; annotate it by one, or decorate it by record")
    return annotated[0]


def signature(returns: object, *arguments: object) -> Signature:
    """A numba signature from records and annotated types."""
    return numba_type(returns)(*map(numba_type, arguments))
