"""What the library's models share: a parameter given where options belong is answered in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from dynsys.checks import shown
from dynsys.errors import ModelError, unknown_name

Options = ParamSpec("Options")
Model = TypeVar("Model")


def library_model(make: Callable[Options, Model]) -> Callable[Options, Model]:
    """A function of the library that says what to write where it is given a model's parameter.

    Raises ModelError for a parameter, UnknownNameError for what is neither that nor an option.

    Example
    -------
    >>> fitzhugh_nagumo(I=0.5)
    Traceback (most recent call last):
    dynsys.errors.ModelError: I is a parameter of fitzhugh_nagumo and no option: write
    fitzhugh_nagumo().with_parameters(I=0.5)
    """
    name, options = make.__name__, list(inspect.signature(make).parameters)

    @wraps(make)
    def call(*arguments: Options.args, **named: Options.kwargs) -> Model:
        for word, value in named.items():
            if word in options:
                continue
            plain: Any = make
            if word in plain().parameters:
                raise ModelError(
                    f"{word} is a parameter of {name} and no option: write "
                    f"{name}().with_parameters({word}={shown(value)})"
                )
            raise unknown_name("option", word, options, name)
        return make(*arguments, **named)

    return call
