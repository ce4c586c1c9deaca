"""Arguments of another kind than a function declares are refused in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dynsys import ModelError, VectorField
from dynsys.typed import check_fields, typed

if TYPE_CHECKING:
    from continuation import Cycle

Anything = str | int  # an alias, of which nothing is asked


@typed
def many(
    x: float = 0.0, n: int = 0, word: str | None = None, flag: bool = False,
    row: Sequence[float] | np.ndarray = (), names: Sequence[str] = (),
    values: Mapping[str, float] | None = None, path: str | Path = "", call: Callable | None = None,
    model: VectorField | None = None, cycle: Cycle | None = None, free: Any = None,
    alias: Anything = "", **more: float,
) -> str:  # fmt: skip
    return "taken"


@pytest.mark.parametrize(
    "argument",
    [
        {"x": 1}, {"x": np.float32(2)}, {"x": np.array(3.0)}, {"x": float("nan")}, {"n": 3.0},
        {"n": np.int64(3)}, {"word": "a"}, {"word": None}, {"flag": np.bool_(True)},
        {"row": [1, 2]}, {"row": range(3)}, {"row": np.zeros((2, 2))}, {"row": []},
        {"names": ["a"]}, {"values": {}}, {"path": Path("x")}, {"call": len}, {"free": object()},
        {"alias": object()}, {"more": "unchecked"},
    ],
)  # fmt: skip
def test_what_is_declared_is_taken(argument):
    assert many(**argument) == "taken"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"x": "1"}, "many: x is '1'; it must be a number"),
        ({"x": 1j}, "a number"),
        ({"x": 10**400}, "a number"),
        ({"n": 2.5}, "a whole number"),
        ({"n": True}, "a whole number"),
        ({"word": 3}, "it must be text"),
        ({"flag": 1}, "True or False"),
        ({"row": "12"}, "numbers in a row"),
        ({"row": 3.0}, "numbers in a row"),
        ({"row": [[1, 2], [3]]}, "numbers in a row"),
        ({"row": {1.0, 2.0}}, "numbers in a row"),
        ({"names": 5}, "values in a row"),
        ({"values": [1]}, "a mapping"),
        ({"path": 3}, "text or a path"),
        ({"call": 3}, "a function"),
        ({"model": "aln"}, "a VectorField"),
        ({"cycle": [1, 2]}, "a Cycle"),
    ],
)
def test_what_is_not_is_refused(argument, message):
    with pytest.raises(ModelError, match=message):
        many(**argument)


def test_missing_and_unknown_arguments_keep_pythons_words():
    @typed
    def one(x: float) -> float:
        return x

    with pytest.raises(TypeError, match="missing"):
        one()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected"):
        one(1.0, y=2)  # type: ignore[call-arg]
    assert one.__name__ == "one" and one(2.0) == 2.0


def test_fields_of_a_dataclass_are_checked():
    @dataclass
    class Item:
        size: float
        label: str = ""

        def __post_init__(self) -> None:
            check_fields(self)

    assert Item(1).size == 1
    with pytest.raises(ModelError, match="Item: size is 'a'"):
        Item("a")  # type: ignore[arg-type]
