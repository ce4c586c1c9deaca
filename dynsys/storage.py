"""Files that appear complete or not at all."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dynsys.errors import StorageError

LARGEST = 16e9  # bytes that a file of ours may unfold to: beyond, it is damaged or hostile
_DRAFT = ".draft-"
_ROOM = 2**16  # bytes: with less a disk is full

_elsewhere: list[Path] | None = None  # files kept elsewhere, in a ``keeping`` block


def write_atomically(path: Path, write: Callable[[Path], object]) -> Path:
    """Let ``write`` fill a draft beside ``path``, then move it into place; returns where it is.

    Raises StorageError, leaving nothing behind, where the directory cannot be written; in a
    ``keeping`` block the file goes to a temporary directory instead, with a warning.
    """
    try:
        return replace_file(path, write)
    except OSError as error:
        if _elsewhere is None:
            raise StorageError(f"cannot write {path}: {error}") from error
        return _kept(path, write, error)


@contextmanager
def keeping() -> Iterator[list[Path]]:
    """A block in which results that cannot be written where they should be go elsewhere.

    Yields the list of the files that did. For what took long to compute and is not asked for again.
    """
    global _elsewhere
    before, _elsewhere = _elsewhere, []
    try:
        yield _elsewhere
    finally:
        _elsewhere = before


def check_directory(path: Path) -> None:
    """StorageError where results cannot be written to a directory, which may not yet exist."""
    place = path
    while not place.exists():
        if place.parent == place:
            break
        place = place.parent
    if not place.is_dir():
        raise StorageError(f"{path} cannot be a directory for results: {place} is a file")
    try:
        handle, name = tempfile.mkstemp(prefix=draft_prefix(), dir=place)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise StorageError(f"results cannot be written to {path}: {error}") from error


def writer_name() -> str:
    """This process and its machine, in the names of what it writes."""
    return f"{_host()}-{os.getpid()}"


def writer_is_alive(name: str) -> bool:
    """Whether the process of a ``writer_name`` may still run; another machine's may."""
    match = re.fullmatch(rf"{re.escape(_host())}-(\d+)", name)
    return match is None or _alive(int(match[1]))


def draft_prefix() -> str:
    """How drafts of this process begin: by them a later one knows that their writer is gone."""
    return f"{_DRAFT}{writer_name()}-"


def remove_orphans(folder: Path) -> None:
    """Remove drafts whose process, of this machine, has ended: it was killed."""
    for draft in folder.glob(f"{_DRAFT}*"):
        writer = re.match(rf"{re.escape(_DRAFT)}(\w+-\d+)-", draft.name)
        if writer and not writer_is_alive(writer[1]):
            if draft.is_dir():
                shutil.rmtree(draft, ignore_errors=True)
            else:
                with suppress(OSError):
                    draft.unlink()


def replace_file(path: Path, write: Callable[[Path], object]) -> Path:
    """``write_atomically`` without another place: OSError, nothing left behind, where it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(path.parent)
    return put_in_place(path, write)


def put_in_place(path: Path, write: Callable[[Path], object]) -> Path:
    """``replace_file`` in a folder that is there, without looking through it for orphans."""
    handle, name = tempfile.mkstemp(prefix=draft_prefix(), suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except (PermissionError, RuntimeError) as error:
        if shutil.disk_usage(draft.parent).free >= _ROOM:
            raise
        # HDF5 has other words for it: the draft itself could be made a moment ago.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def _kept(path: Path, write: Callable[[Path], object], reason: OSError) -> Path:
    assert _elsewhere is not None
    try:
        folder = _elsewhere[0].parent if _elsewhere else Path(tempfile.mkdtemp(prefix="dynsys-"))
        place = replace_file(folder / path.name, write)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {reason}; nor keep it in a temporary directory: {error}"
        ) from reason
    _elsewhere.append(place)
    warnings.warn(f"cannot write {path}: {reason}; it is kept as {place}", stacklevel=3)
    return place


def _host() -> str:
    return re.sub(r"\W", "", platform.node())[:24] or "here"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
