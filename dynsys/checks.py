"""Checks at the door of public functions: what a value must be, said in one way.

Each returns the value in its plain type, or raises ModelError with what was given and what is
allowed. Names are looked up with ``known``, which suggests the nearest right one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dynsys.errors import ModelError, unknown_name

MOST_SEED = 2**63 - 1


def number(
    what: str,
    value: Any,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
    finite: bool = True,
) -> float:
    """A real number, greater than ``above`` and from ``least`` to ``most``.

    Example
    -------
    >>> number("dt", -1, above=0)
    Traceback (most recent call last):
    dynsys.errors.ModelError: dt is -1; it must be positive and finite
    """
    allowed = _allowed("finite number" if finite else "number", above, least, most)
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(f"{what} is {shown(value)}; it must be {allowed}") from None
    inside = above < result and least <= result <= most
    if not inside or (finite and not math.isfinite(result)):
        raise ModelError(f"{what} is {shown(value)}; it must be {allowed}")
    return result


def whole(what: str, value: Any, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number from ``least`` to ``most``; 3.0 is one, "3" and True are none."""
    low, high = -math.inf if least is None else least, math.inf if most is None else most
    allowed = _allowed("whole number", -math.inf, low, high)
    try:
        if isinstance(value, (bool, np.bool_, str, bytes)) or int(value) != value:
            raise TypeError
        result = int(value)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(f"{what} is {shown(value)}; it must be {allowed}") from None
    if not low <= result <= high:
        raise ModelError(f"{what} is {shown(value)}; it must be {allowed}")
    return result


def seed(value: Any, what: str = "seed") -> int:
    """A seed of random numbers: the same seed gives the same result."""
    return whole(what, value, least=0, most=MOST_SEED)


def flag(what: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ModelError(f"{what} is {shown(value)}; it must be True or False")
    return bool(value)


def text(what: str, value: Any) -> str:
    """Text."""
    if not isinstance(value, str):
        raise ModelError(f"{what} is {shown(value)}; it must be text")
    return value


def path(what: str, value: Any) -> Path:
    """Where a file is."""
    if not isinstance(value, (str, os.PathLike)):
        raise ModelError(f"{what} is {shown(value)}; it must be text or a path")
    return Path(value)


def known(kind: str, name: Any, allowed: Collection[str], owner: str) -> str:
    """A name that ``owner`` has; UnknownNameError with the nearest right one otherwise."""
    if not isinstance(name, str) or name not in allowed:
        raise unknown_name(kind, name, allowed, owner)
    return name


def mapping(what: str, value: Any, example: str) -> dict[Any, Any]:
    """A mapping, as a plain dict; nothing for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ModelError(f"{what} is {shown(value)}; give a mapping, for instance {example}")
    return dict(value)


def numbers(what: str, value: Any, *, finite: bool = True) -> np.ndarray:
    """An array of numbers."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "USO" and any(isinstance(x, (str, bytes)) for x in array.flat):
            raise TypeError
        result = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(f"{what} is {shown(value)}; give numbers") from None
    if finite and not np.all(np.isfinite(result)):
        raise ModelError(f"{what} holds values that are not finite; give finite numbers")
    return result


def instance(what: str, value: Any, kind: type, hint: str) -> Any:
    """An object of a class; ``hint`` says where such objects come from."""
    if not isinstance(value, kind):
        given, wanted = (
            f"{_article(name)} {name}" for name in (type(value).__name__, kind.__name__)
        )
        raise ModelError(f"{what} is {shown(value)}, {given}; it must be {wanted}: {hint}")
    return value


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOaeio" else "a"


def _allowed(kind: str, above: float, least: float, most: float) -> str:
    if kind.endswith("number") and not kind.startswith("whole") and most == math.inf:
        ending = " and finite" if kind.startswith("finite") else ""
        if above == 0:
            return f"positive{ending}"
        if least == 0:
            return f"0 or positive{ending}"
    bounds = []
    if above > -math.inf:
        bounds.append(f"above {above:g}")
    if least > -math.inf:
        bounds.append(f"of {least:g} or more")
    if most < math.inf:
        bounds.append(f"up to {most:g}")
    return " ".join([f"a {kind}", " and ".join(bounds)]).strip()


def shown(value: Any) -> str:
    """A value in a message, not longer than half a line."""
    words = repr(value)
    words = " ".join(words.split())
    return words if len(words) <= 60 else f"{words[:57]}..."
