"""A bound for what the cache holds: beyond it, what was used least recently is removed.

An entry is a file or a folder; its own time of change is when it was last used (``touch``). Every
process that uses entries leaves a mark from its start to its end. What was used since the oldest
living process began may be in use by it and stays, as does what was used within a day: processes of
other machines may share the folder unseen.
"""

from __future__ import annotations

import atexit
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from dynsys.cache import cache_directory
from dynsys.storage import writer_is_alive, writer_name

LARGEST = 2e9  # bytes: of compiled models, of networks' programs, of pieces of unfinished calls
DAY = 86400.0
_marked = set[Path]()  # folders of marks in which this process has one


def touch(entry: Path) -> None:
    """Note that an entry is used, now and until this process ends."""
    with suppress(OSError):  # a cache that cannot be written is not pruned either
        _mark(cache_directory() / "running")
        os.utime(entry)


def prune(folder: Path, largest: float = LARGEST, now: float | None = None) -> None:
    """Remove the entries of a folder used least recently, until it holds ``largest`` bytes.

    Looks once a day. ``now`` stands for the time.
    """
    now = time.time() if now is None else now
    with suppress(OSError):
        if not _due(folder, now):
            return
        entries = [(*_age_and_size(Path(e.path)), Path(e.path)) for e in os.scandir(folder)]
        spare = min(now - DAY, _oldest_start(cache_directory() / "running", now))
        left = sum(size for _, size, _ in entries)
        for used, size, path in sorted(entries):
            if left <= largest or used >= spare:
                break
            _remove(path)
            left -= size


def _due(folder: Path, now: float) -> bool:
    """Whether nobody has looked for a day; from now on somebody has."""
    stamp = folder.with_name(f"{folder.name}.pruned")
    try:
        if now - stamp.stat().st_mtime < DAY:
            return False
    except FileNotFoundError:
        pass
    stamp.touch()
    os.utime(stamp, (now, now))
    return True


def _age_and_size(entry: Path) -> tuple[float, int]:
    """When an entry was last used, and its bytes; of one that is gone, none."""
    try:
        status = entry.stat()
        if not entry.is_dir():
            return status.st_mtime, status.st_size
        inside = [Path(root) / name for root, _, names in os.walk(entry) for name in names]
        return status.st_mtime, sum(path.stat().st_size for path in inside)
    except FileNotFoundError:  # another process was faster
        return time.time(), 0


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with suppress(OSError):
            entry.unlink()


def _mark(folder: Path) -> None:
    """Leave this process's mark, once."""
    mark = folder / writer_name()
    if mark in _marked:
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    _marked.add(mark)
    atexit.register(_unmark, mark)


def _unmark(mark: Path) -> None:
    if mark.name == writer_name():  # not that of the process this one was forked from
        with suppress(OSError):
            mark.unlink(missing_ok=True)


def _oldest_start(folder: Path, now: float) -> float:
    """When the oldest process with a mark began that may still run; ``now`` where none does."""
    oldest = now
    for mark in folder.glob("*"):
        with suppress(OSError):
            if writer_is_alive(mark.name):
                oldest = min(oldest, mark.stat().st_mtime)
            else:
                mark.unlink()
    return oldest
