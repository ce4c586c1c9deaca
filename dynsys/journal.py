"""Finished pieces of long computations, kept on the disk until the whole is done.

Whatever stops a computation, a kill included, the same call goes on with what is missing. A piece
is kept in the cache under a hash of all that determines it: the model, the settings and the code
of these packages. So a stale one is never found; a damaged one does not fit its checksum and is
made again. Pieces are plain data (``dynsys.packing``), no pickles.

``whole`` marks what is long: when the outermost such block ends well, its pieces are removed. Of
one that was stopped and not asked for again they are removed after a month, or when all that is
kept exceeds the bound of ``dynsys.pruning``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from dynsys import interruption
from dynsys.cache import cache_directory
from dynsys.pruning import DAY, prune, touch
from dynsys.sealing import sealed, unsealed, warn_once
from dynsys.storage import put_in_place, remove_orphans
from dynsys.version import PACKAGES

LEAST = 0.01  # s: what was made faster is not worth a file
PAUSE = 1.0  # s between two keepings of what grows,
PART = 0.1  # which may take this part of the time
_DAYS = 30
_ENDING = ".piece"

Piece = TypeVar("Piece")


class Form(NamedTuple, Generic[Piece]):
    """How a kind of piece becomes plain data, and is made from it again."""

    plain: Callable[[Piece], Any]
    again: Callable[[Any], Piece]


AS_IT_IS: Form[Any] = Form(lambda piece: piece, lambda content: content)


class _Journal:
    """The pieces of one computation: their folder, and which of them are its own."""

    def __init__(self, say: bool) -> None:
        self.folder = cache_directory() / "unfinished"
        self.say, self.own, self.writable = say, set[Path](), True
        self.blocks = 0  # open ones
        self.cuts = 0  # how often Ctrl-C cut something off that returned what it had
        self.anything = _swept(self.folder)

    def path(self, key: str) -> Path:
        return self.folder / f"{key}{_ENDING}"

    def clear(self) -> None:
        """Remove its pieces: the whole is done."""
        for path in list(self.own):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        interruption.note = ""


_open: _Journal | None = None
_clean = set[Path]()  # folders in which nothing lies too long
_needing = 0  # open blocks that need all their parts
_lock = threading.Lock()


class _Inside(threading.local):
    """What was kept in this thread since its piece was begun, and how many pieces are open."""

    def __init__(self) -> None:
        self.states: list[Path] = []
        self.depth = 0


_inside = _Inside()


@contextmanager
def whole(say: bool = False, parts: bool = False) -> Iterator[None]:
    """A block whose finished pieces are kept until it ends well; inside another one, part of that.

    Parameters
    ----------
    say : tell on the standard error how much an earlier call had finished.
    parts : what Ctrl-C cuts off in the block returns what it has. Otherwise the interruption leaves
        the block, which needs all of everything.

    Example
    -------
    >>> with whole(say=True):
    ...     table = [piece(partial(key, "row", k), partial(slow_row, k)) for k in range(9)]
    """
    global _open, _needing
    with _lock:
        journal = _open = _open or _Journal(say)
        journal.blocks += 1
        _needing += not parts
    well = False
    try:
        yield
        well = True
    except KeyboardInterrupt as error:
        if journal.blocks == 1 and interruption.note:
            error.add_note(interruption.note)
        raise
    finally:
        with _lock:  # threads may have blocks beside one another: the last one closes
            journal.blocks -= 1
            _needing -= not parts
            last = journal.blocks == 0
            _open = None if last else journal
        if last and well and not journal.cuts:
            journal.clear()


def part_is_wanted() -> bool:
    """Whether what Ctrl-C cuts off returns what it has: not where something larger needs all of it,
    as in the command line, nor while something is compiled, which the rest would wait for."""
    return _needing == 0 and not interruption.is_compiling()


def interrupted() -> None:
    """What is under way returns a part of its result: its pieces stay for the call that goes on."""
    interruption.answered()
    if _open is not None:
        _open.cuts += 1


def key(*content: Any) -> str:
    """A name for what such content, in plain data, leads to with this version of the code."""
    digest = hashlib.sha256(code().encode())
    arrays = [a for a in content if hasattr(a, "tobytes")]
    plain = [None if hasattr(a, "tobytes") else a for a in content]
    digest.update(json.dumps(plain, sort_keys=True, default=_named).encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:32]


def piece(
    name: Callable[[], str], make: Callable[[], Piece | None], form: Form[Piece] = AS_IT_IS
) -> Piece | None:
    """A piece that an earlier call has finished, or made and kept; ``name`` gives its key."""
    found = kept(name)
    if found is not None:
        belongs(name)
        _remove_parts(found[1:])
        return None if found[0] is None else form.again(found[0])
    return made_together([name], lambda: [make()], form)[0]


def made_together(
    names: Sequence[Callable[[], str]],
    make: Callable[[], Sequence[Piece | None]],
    form: Form[Piece] = AS_IT_IS,
) -> Sequence[Piece | None]:
    """Pieces that are made in one go; each is kept."""
    begin, before = time.perf_counter(), len(_inside.states)
    cuts = 0 if _open is None else _open.cuts
    _inside.depth += 1
    try:
        made = make()
    finally:
        _inside.depth -= 1
    if _open is not None and _open.cuts == cuts and time.perf_counter() - begin > LEAST:
        parts = [path.name for path in _inside.states[before:]]
        for name, one in zip(names, made, strict=True):
            # Their names go with it: who is killed here leaves them for the one who finds it.
            keep(name(), [None if one is None else form.plain(one), *parts])
        _remove_parts(parts)
        del _inside.states[before:]
        for name in names:
            belongs(name)
    elif not _inside.depth:
        del _inside.states[before:]
    return made


def _remove_parts(names: Sequence[str]) -> None:
    """Remove what led to a piece that is kept: it is not asked for any more."""
    for name in names:
        if _open is not None:
            with suppress(OSError):
                (_open.folder / Path(name).name).unlink(missing_ok=True)


def belongs(name: Callable[[], str]) -> None:
    """What a larger piece needs goes when that one is kept: nobody asks for it any more.

    Pieces that were made in this thread, or by ``belonging`` work, belong by themselves.
    """
    if _open is not None and _inside.depth:
        _inside.states.append(_open.path(name()))


def belonging(work: Callable[[], Piece]) -> Callable[[], Piece]:
    """Work for another thread, in which what is kept belongs to the piece that is open here."""
    outer, depth = _inside.states, _inside.depth
    if not depth:
        return work

    def inside() -> Piece:
        before = len(_inside.states)
        _inside.depth += depth
        try:
            return work()
        finally:
            _inside.depth -= depth
            outer.extend(_inside.states[before:])
            del _inside.states[before:]

    return inside


def kept(name: Callable[[], str]) -> Any:
    """[the plain data] of a piece that an earlier call has finished; None where there is none."""
    if _open is None or not _open.anything:
        return None
    return recall(name())


def announce(words: str, names: Sequence[Callable[[], str]]) -> None:
    """Say how many of the coming pieces are there, as in "resumed: 9 of 14 scan lines"."""
    if words and _open is not None and _open.anything and _open.say:
        say(words, sum(_open.path(name()).exists() for name in names), len(names))


def say(words: str, done: int, of: int) -> None:
    """Say how much an earlier call had finished, where anything and where it is to be said."""
    if _open is not None and _open.say and done:
        print(f"resumed: {done} of {of} {words}", file=sys.stderr)


def recall(key: str) -> Any:
    """The content of a kept piece; None where there is none, or a damaged one."""
    journal = _open
    if journal is None or not journal.anything:
        return None
    # Here, since the command line's help should not wait for numpy.
    from dynsys.packing import unpacked

    path = journal.path(key)
    try:
        content = unpacked(unsealed(path))
    except FileNotFoundError:
        return None
    except Exception:  # damaged bytes may raise anything: it is made again
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return None
    journal.own.add(path)
    touch(path)
    return content


def keep(key: str, content: Any) -> None:
    """Keep a piece until the whole is done; where it cannot be kept, say so once."""
    journal = _open
    if journal is None or not journal.writable:
        return
    # As above.
    from dynsys.packing import packed

    path, data = journal.path(key), sealed(packed(content))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_in_place(path, lambda draft: draft.write_bytes(data))
        touch(path)
    except OSError as error:
        journal.writable = False
        warn_once(
            f"finished parts cannot be kept in {journal.folder} ({error}): should this computation "
            "be stopped, the next call begins anew. Make room, or set DYNSYS_CACHE_DIR"
        )
        return
    journal.own.add(path)
    interruption.note = "what is finished is kept, and the same call goes on from there"


class Checkpoint:
    """The state of something that grows, kept every second or so, each state in place of the last.

    ``key`` is asked for only where there may be a state, or one is kept.
    """

    def __init__(self, key: Callable[[], str]) -> None:
        self._name, self._key = "", key
        self._next = time.perf_counter() + PAUSE

    def last(self) -> Any:
        """The state that an earlier call kept; None where there is none."""
        if _open is None or not _open.anything:
            return None
        found = recall(self._named())
        if found is not None:
            _inside.states.append(_open.path(self._named()))
        return found

    def keep(self, state: Callable[[], Any]) -> None:
        """Keep a state, if it is time."""
        begin = time.perf_counter()
        if _open is None or begin < self._next:
            return
        if (path := _open.path(self._named())) not in _inside.states:
            _inside.states.append(path)
        keep(self._named(), state())
        end = time.perf_counter()
        self._next = end + max(PAUSE, (end - begin) / PART)

    def _named(self) -> str:
        self._name = self._name or self._key()
        return self._name


def _swept(folder: Path) -> bool:
    """Whether anything is kept; what was killed in writing, or lies too long, is removed, which is
    looked for once in a process."""
    if not _holds_pieces(folder):
        return False
    if folder not in _clean:
        _clean.add(folder)
        remove_orphans(folder)
        oldest = time.time() - _DAYS * DAY
        for file in os.scandir(folder):
            with suppress(OSError):  # another process was faster
                if file.stat().st_mtime < oldest:
                    os.unlink(file.path)
        prune(folder)
    return _holds_pieces(folder)


def _holds_pieces(folder: Path) -> bool:
    """Looks no further than to the first piece: there may be thousands."""
    try:
        with os.scandir(folder) as files:
            return any(file.name.endswith(_ENDING) for file in files)
    except OSError:
        return False


def _named(value: Any) -> Any:
    """What JSON does not know, in a key: numbers and arrays of numpy."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return [value.dtype.str, value.tolist()]
    raise TypeError(f"a key cannot hold {type(value).__name__}")


@cache
def code() -> str:
    """Hash of these packages' sources and of the libraries that compute."""
    home, content = Path(__file__).parents[1], hashlib.sha256()
    for package in sorted(PACKAGES):
        for path in sorted((home / package).rglob("*.py")):
            content.update(str(path.relative_to(home)).encode() + path.read_bytes())
    for library in ("numpy", "scipy", "numba", "sympy"):
        content.update(version(library).encode())
    return content.hexdigest()
