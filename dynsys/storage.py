"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from dynsys.errors import StorageError

LARGEST = 16e9  # bytes that a file of ours may unfold to: beyond, it is damaged or hostile


def write_atomically(path: Path, write: Callable[[Path], object]) -> Path:
    """Let ``write`` fill a draft beside ``path``, then move it into place.

    Raises StorageError, leaving nothing behind, where the directory cannot be written.
    """
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".draft-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        draft = Path(name)
        write(draft)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error
    finally:
        if draft is not None and draft.exists():
            draft.unlink()
    return path
