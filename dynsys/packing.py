"""Nested plain data (numbers, text, lists, mappings, arrays, datasets) as bytes and back, exactly.

No pickles: what is none of these is refused, and reading makes nothing else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from dynsys.numpy_files import read_arrays

_JSON = (type(None), bool, int, float, str)
_TEXT = "text"  # the member that holds everything but the arrays, as JSON


def packed(content: Any) -> bytes:
    """The bytes of nested plain data; TypeError for other objects.

    Example
    -------
    >>> unpacked(packed({"x": np.arange(3), "why": ("closed", 2j)}))
    """
    arrays: list[np.ndarray] = []
    text = json.dumps(_plain(content, arrays))
    whole = io.BytesIO()
    members: dict[str, Any] = {str(k): a for k, a in enumerate(arrays)}
    members[_TEXT] = np.frombuffer(text.encode(), np.uint8)
    np.savez(whole, **members)
    return whole.getvalue()


def unpacked(content: bytes) -> Any:
    """What ``packed`` was given. Raises StorageError for bytes that are none of its own."""
    arrays = read_arrays(io.BytesIO(content))
    return _whole(json.loads(arrays[_TEXT].tobytes().decode()), arrays)


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """The value as JSON can hold it; lists of two say what the second one is."""
    if type(value) in _JSON:
        return value
    if isinstance(value, (np.ndarray, np.generic, complex)):
        return _array(value, arrays)
    if hasattr(value, "to_dict") and hasattr(value, "data_vars"):
        return ["dataset", _plain(value.to_dict(data="array"), arrays)]
    if isinstance(value, tuple):
        return ["tuple", [_plain(v, arrays) for v in value]]
    if isinstance(value, list):
        return ["list", [_plain(v, arrays) for v in value]]
    if isinstance(value, Mapping):
        return ["mapping", [[_plain(k, arrays), _plain(v, arrays)] for k, v in value.items()]]
    raise TypeError(f"{type(value).__name__} is no plain data")


def _array(value: Any, arrays: list[np.ndarray]) -> Any:
    array = np.asarray(value)
    if array.dtype.hasobject:
        array = np.array([_text(v) for v in array.flat], dtype=str).reshape(array.shape)
    arrays.append(array)
    kind = "array" if isinstance(value, np.ndarray) else "number"
    return [kind, str(len(arrays) - 1), type(value) is complex]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"an array of {type(value).__name__} is no plain data")
    return value


def _whole(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, list):
        return value
    kind, content, *rest = value
    if kind == "array":
        return arrays[content]
    if kind == "number":
        number = arrays[content][()]
        return complex(number) if rest[0] else number
    if kind == "mapping":
        return {_whole(k, arrays): _whole(v, arrays) for k, v in content}
    if kind == "dataset":
        # Here, since most pieces hold none and xarray takes its time to load.
        import xarray as xr

        return xr.Dataset.from_dict(_whole(content, arrays))
    items = [_whole(v, arrays) for v in content]
    return tuple(items) if kind == "tuple" else items
