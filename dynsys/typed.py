"""``typed``: a function whose arguments are checked against their annotations when it is called.

The kinds of arguments are said once, where they are declared; what a value must be besides (its
sign, its size) is checked inside, with ``dynsys.checks``. A class that a module names for the type
checker only is known by its name, so that nothing is imported for the check.
"""

from __future__ import annotations

import inspect
import math
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from functools import cache, partial, wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from dynsys.checks import shown
from dynsys.errors import ModelError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def typed(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, refusing arguments of other kinds than it declares, in words.

    Understood are numbers, text, flags, paths, sequences and arrays of numbers, mappings,
    functions, classes and unions of these; other annotations are not looked at.

    Raises ModelError for an argument of another kind.

    Example
    -------
    >>> @typed
    ... def half(x: float) -> float:
    ...     return x / 2
    >>> half("a")
    Traceback (most recent call last):
    dynsys.errors.ModelError: half: x is 'a'; it must be a number
    """
    signature = inspect.signature(function)
    words = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if isinstance(parameter.annotation, str)
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    owner = function.__qualname__.removesuffix(".__init__")

    @wraps(function)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            given = signature.bind(*arguments, **named).arguments
        except TypeError:  # Python's own words on missing and unknown arguments
            return function(*arguments, **named)
        _check(owner, function.__module__, words, given)
        return function(*arguments, **named)

    return call


def check_fields(item: Any) -> None:
    """The same for the fields of a dataclass, in its ``__post_init__``."""
    kind = type(item)
    words = {f.name: f.type for f in fields(item) if isinstance(f.type, str)}
    _check(kind.__name__, kind.__module__, words, {name: getattr(item, name) for name in words})


def _check(owner: str, module: str, words: Mapping[str, str], values: Mapping[str, Any]) -> None:
    for name, annotation in words.items():
        if name not in values:
            continue
        kinds = _kinds(annotation, module)
        if not any(kind.holds(values[name]) for kind in kinds):
            allowed = " or ".join(dict.fromkeys(kind.words for kind in kinds if kind.words))
            raise ModelError(f"{owner}: {name} is {shown(values[name])}; it must be {allowed}")


# --- kinds --------------------------------------------------------------------------------------


class _Kind(NamedTuple):
    holds: Callable[[Any], bool]
    words: str


@cache
def _kinds(annotation: str, module: str) -> tuple[_Kind, ...]:
    """The kinds of an annotation, a union, in a module."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(annotation):
        depth += (sign in "[(") - (sign in "])")
        if sign == "|" and not depth:
            parts.append(annotation[start:at])
            start = at + 1
    return tuple(_kind(part.strip(), module) for part in (*parts, annotation[start:]))


def _kind(text: str, module: str) -> _Kind:
    head, _, inside = text.partition("[")
    if head in _PLAIN:
        return _PLAIN[head]
    if head in ("Sequence", "list", "tuple", "np.ndarray"):
        members = [member.strip() for member in inside.rstrip("]").split(",")]
        if head == "np.ndarray" or all(m in ("float", "int", "...") for m in members):
            return _Kind(_has_numbers, "numbers in a row")
        return _Kind(partial(_is_row, Collection), "values in a row")
    return _class(head, module)


def _class(head: str, module: str) -> _Kind:
    """The kind of a class; of what is none, an alias for instance, nothing is asked."""
    found: Any = sys.modules[module]
    name = head.rpartition(".")[2]
    for part in head.split("."):
        found = getattr(found, part, None)
    if found is None and head.isidentifier():  # for the type checker only
        return _Kind(
            lambda value: any(c.__name__ == name for c in type(value).__mro__), f"a {name}"
        )
    if isinstance(found, type) and found is not Any:
        return _Kind(lambda value: isinstance(value, found), f"a {name}")
    return _Kind(lambda value: True, "something else")


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "biuf"
    if isinstance(value, int):
        return abs(value) <= sys.float_info.max
    return isinstance(value, (float, np.integer, np.floating, np.bool_))


def _is_whole(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return _is_number(value) and math.isfinite(value) and value == int(value)


def _is_row(kind: type, value: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, (str, bytes, Mapping, set, frozenset))


def _has_numbers(value: Any) -> bool:
    if not _is_row(Collection, value) and not hasattr(value, "__array__"):
        return False
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except ValueError:  # rows of different lengths
        return False


_PLAIN = {
    "float": _Kind(_is_number, "a number"),
    "int": _Kind(_is_whole, "a whole number"),
    "bool": _Kind(lambda value: isinstance(value, (bool, np.bool_)), "True or False"),
    "str": _Kind(lambda value: isinstance(value, str), "text"),
    "Path": _Kind(lambda value: isinstance(value, (str, os.PathLike)), "a path"),
    "os.PathLike": _Kind(lambda value: isinstance(value, os.PathLike), "a path"),
    "Mapping": _Kind(lambda value: isinstance(value, Mapping), "a mapping"),
    "dict": _Kind(lambda value: isinstance(value, Mapping), "a mapping"),
    "Callable": _Kind(callable, "a function"),
    "Iterable": _Kind(partial(_is_row, Iterable), "values in a row"),
    "None": _Kind(lambda value: value is None, ""),
}
