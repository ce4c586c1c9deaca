"""Entries of the cache of generated modules: complete or made again, whatever befell them.

An entry is a folder of files and a seal, the hash of them all. What is missing, cut off or altered
does not fit the seal, and the entry is made anew. Those that were not used for longest go when
there are too many (``dynsys.pruning``). Where the cache cannot be written (read-only, full),
entries live in a temporary folder for as long as the process runs, which is said once.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Callable
from pathlib import Path

from dynsys.errors import DynsysError
from dynsys.numba_cache import GENERATED
from dynsys.pruning import prune, touch
from dynsys.storage import draft_prefix, remove_orphans

SEAL = "seal"
Writer = Callable[[Path], None]

_one_at_a_time = threading.RLock()  # an entry may load another one
_temporary: list[Path] = []  # the folder that stands in for a cache that cannot be written


def load_entry(folder: Path, write: Writer, stem: str = "kernels") -> types.ModuleType:
    """The module ``stem`` of an entry, which ``write`` fills where it is new or damaged.

    One thread at a time: what another has begun to load is not there yet.

    Raises DynsysError where it can be written nowhere.
    """
    name = f"{GENERATED}{folder.name.replace('-', '_')}_{stem}"
    with _one_at_a_time:
        return sys.modules.get(name) or _loaded(name, folder, write, stem)


def _loaded(name: str, folder: Path, write: Writer, stem: str) -> types.ModuleType:
    for place in (folder, *(root / folder.name for root in _temporary)):
        if _whole(place):
            touch(place)
            try:
                return _import(name, place / f"{stem}.py")
            except Exception as error:  # numba's own files beside them may be damaged as well
                _note_damage(place, error)
    made = publish(folder, write)
    touch(made)
    prune(made.parent)
    return _import(name, made / f"{stem}.py")


def publish(folder: Path, write: Writer) -> Path:
    """Make an entry, in place of what is there; returns where it lies.

    It appears complete or not at all: what is killed on the way leaves a draft, which the next
    entry removes.
    """
    try:
        return _publish(folder, write)
    except OSError as error:
        if not _temporary:
            _temporary.append(_temporary_folder(folder.parent, error))
    try:
        return _publish(_temporary[0] / folder.name, write)
    except OSError as error:
        raise DynsysError(
            f"compiled functions can be written neither to {folder.parent} nor to "
            f"{_temporary[0]} ({error}); make room, or set DYNSYS_CACHE_DIR to a writable directory"
        ) from error


def _publish(folder: Path, write: Writer) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(folder.parent)
    draft = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=folder.parent))
    try:
        write(draft)
        (draft / SEAL).write_text(_digest(draft))
        if folder.exists() and not _whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            os.rename(draft, folder)
        except OSError:
            if not _whole(folder):  # not merely a race that another process won
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _temporary_folder(cache: Path, reason: OSError) -> Path:
    try:
        made = Path(tempfile.mkdtemp(prefix="dynsys-cache-"))
    except OSError as error:
        raise DynsysError(
            f"compiled functions are cached in {cache}, which cannot be written ({reason}), and "
            f"there is no temporary directory either ({error}); set DYNSYS_CACHE_DIR to a writable "
            "directory"
        ) from error
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    warnings.warn(
        f"the cache {cache} cannot be written ({reason}); compiled functions are kept in {made} "
        "until the end of this run and made again in the next. Set DYNSYS_CACHE_DIR to a writable "
        "directory with room",
        stacklevel=2,
    )
    return made


def _whole(folder: Path) -> bool:
    """Whether an entry's files are those it was made with."""
    try:
        return (folder / SEAL).read_text() == _digest(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _digest(folder: Path) -> str:
    """Hash of an entry's files, their names included; numba's own lie in a folder below."""
    whole = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name != SEAL:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{file.name} {content}\n".encode())
    return whole.hexdigest()


def _note_damage(folder: Path, error: Exception) -> None:
    warnings.warn(
        f"the compiled functions in {folder} cannot be loaded ({type(error).__name__}: {error}) "
        "and are made again",
        stacklevel=5,
    )
    shutil.rmtree(folder, ignore_errors=True)


def _import(name: str, path: Path) -> types.ModuleType:
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
