"""Errors a user meets: each says what was tried, what is allowed and what to try next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DynsysError(Exception):
    """Root of every error this toolbox raises on purpose."""


class ModelError(DynsysError, ValueError):
    """A model, or a value given to one, makes no sense."""


class UnknownNameError(DynsysError, ValueError):
    """A name that the addressed object does not have."""


class ConvergenceError(DynsysError, ArithmeticError):
    """A computation that could not reach its tolerance."""


class StorageError(DynsysError, OSError):
    """A file that cannot be written, read or trusted."""


class ClusterError(DynsysError, RuntimeError):
    """A cluster that does not answer, has no workers, or went away."""


def suggestion(name: str, allowed: Iterable[str], most: int = 3) -> str:
    """Return ``"Did you mean 'mu_e'?"`` for the nearest allowed names, or an empty string.

    Example
    -------
    >>> suggestion("mu_ee", ["mu_e", "mu_i"])
    "Did you mean 'mu_e'?"
    """
    names = list(allowed)
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=most, cutoff=0.6)
    if not close:
        return ""
    best = by_lower[close[0]]
    return f"Did you mean {best!r}?"


def unknown_name(kind: str, name: object, allowed: Iterable[str], owner: str) -> UnknownNameError:
    """Build the error for a name that ``owner`` does not have, with the nearest right one.

    Example
    -------
    >>> raise unknown_name("parameter", "mu_ee", ["mu_e", "mu_i"], "aln")
    Traceback (most recent call last):
    dynsys.errors.UnknownNameError: aln has no parameter 'mu_ee'. Did you mean 'mu_e'? ...
    """
    names = list(allowed)
    known = ", ".join(names) if names else "none"
    if not isinstance(name, str):
        return UnknownNameError(
            f"{owner}: {name!r} names no {kind}; names are text. It has: {known}."
        )
    hint = suggestion(name, names)
    middle = f" {hint}" if hint else ""
    return UnknownNameError(f"{owner} has no {kind} {name!r}.{middle} It has: {known}.")
