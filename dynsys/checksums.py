"""Checksums of what a dataset holds: values, names, dimensions and attributes, one per variable.

Computed from what a reader sees and not from the bytes of a file, which compression and the library
that writes it may change without changing the content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

SEAL = "dynsys_checksums"  # the attribute that holds them
_HEAD = "the header"  # stands for the dataset's own attributes
_GROUPS = "the list of its parts"


def sealed(tree: xr.DataTree) -> xr.DataTree:
    """The tree with the checksums of every part in the attributes of that part."""
    result = tree.copy()
    for node in result.subtree:
        node.attrs[SEAL] = json.dumps(checksums(node))
    return result


def damages(tree: xr.DataTree) -> list[str]:
    """What differs from its checksums, in words; of parts that carry none nothing is known."""
    found = []
    for node in tree.subtree:
        place = _place(node)
        try:
            written = json.loads(node.attrs[SEAL]) if SEAL in node.attrs else None
        except (TypeError, ValueError):
            written = {}
        if written is None:
            if SEAL in tree.attrs:
                found.append(f"{place}{SEAL}")
            continue
        now = checksums(node)
        given = written if isinstance(written, dict) else {}
        found += [f"{place}{k}" for k in sorted({*given, *now}) if given.get(k) != now.get(k)]
    return found


def variables(tree: xr.DataTree) -> list[str]:
    """All variables by name, those of parts as "curve000/x"."""
    return [
        f"{_place(node)}{name}"
        for node in tree.subtree
        for name in node.to_dataset(inherit=False).variables
    ]


def _place(node: xr.DataTree) -> str:
    return f"{node.path.lstrip('/')}/".lstrip("/")


def checksums(node: xr.DataTree) -> dict[str, str]:
    """SHA-256 by variable, of the attributes and of the names of the parts."""
    result = {str(k): _of_variable(v) for k, v in node.to_dataset(inherit=False).variables.items()}
    result[_HEAD] = _hash(_attributes(node.attrs))
    result[_GROUPS] = _hash(json.dumps(sorted(node.children)).encode())
    return result


def _of_variable(variable: xr.Variable) -> str:
    # A variable may be written with fewer digits than it has: they are what will be read.
    dtype = np.dtype(variable.encoding.get("dtype") or variable.dtype)
    if dtype.kind != "f" or variable.dtype.kind != "f":
        dtype = variable.dtype
    kind, content = _content(np.asarray(variable.values), dtype)
    about = json.dumps([kind, list(map(str, variable.dims)), list(variable.shape)]).encode()
    return _hash(about, _attributes(variable.attrs), content)


def _content(values: np.ndarray, dtype: np.dtype) -> tuple[str, bytes]:
    """The kind of the values and their bytes, the same before and after a file."""
    if dtype.kind not in "biufc":
        return "text", json.dumps([str(v) for v in values.ravel().tolist()]).encode()
    plain = np.ascontiguousarray(values, dtype=dtype.newbyteorder("<"))
    if dtype.kind in "fc":
        plain = np.where(np.isnan(plain), plain.dtype.type(np.nan), plain)  # one NaN of the many
    return dtype.newbyteorder("<").str, plain.tobytes()


def _attributes(attributes: Mapping[Any, Any]) -> bytes:
    plain = {str(k): _plain(v) for k, v in attributes.items() if k != SEAL}
    return json.dumps(plain, sort_keys=True).encode()


def _plain(value: Any) -> Any:
    """An attribute as it is read: a list of one is one, numbers are Python's."""
    if isinstance(value, str):
        return value
    content = np.asarray(value).tolist()
    return content[0] if isinstance(content, list) and len(content) == 1 else content


def _hash(*parts: bytes) -> str:
    content = hashlib.sha256()
    for part in parts:
        content.update(len(part).to_bytes(8, "little") + part)
    return content.hexdigest()[:32]
