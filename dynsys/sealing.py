"""Contents of files behind their hash, so that damage is noticed; warnings said once."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

_SEAL = hashlib.sha256().digest_size
_said: list[str] = []


class Damaged(OSError):
    """A file does not hold what was written."""


def sealed(content: bytes) -> bytes:
    """The content behind its hash."""
    return hashlib.sha256(content).digest() + content


def unsealed(file: Path) -> bytes:
    """The content of a sealed file; Damaged where it does not fit its hash."""
    whole = file.read_bytes()
    seal, content = whole[:_SEAL], whole[_SEAL:]
    if hashlib.sha256(content).digest() != seal:
        raise Damaged(f"{file} is damaged")
    return content


def warn_once(words: str) -> None:
    """Warn, the first time that these words come up."""
    if words not in _said:
        _said.append(words)
        warnings.warn(words, stacklevel=2)
