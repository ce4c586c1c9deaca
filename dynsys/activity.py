"""What is being done, said while it lasts: nobody waits more than two seconds without a word."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dynsys.interruption import is_compiling

SILENCE = 2.0  # seconds, at most
_LOOK = 0.2  # seconds between two looks at the clock
_CLEAR = "\r\x1b[K"  # the line of a terminal, written anew

_under_way: list[Activity] = []  # the innermost last
_tellers: list[_Teller] = []  # one at most
_remarks: dict[str, bool] = {}  # what is to be said besides -> whether it has been


@dataclass(eq=False)
class Activity:
    """What is done, how much of it, since when."""

    words: str
    total: int | None = None
    done: int = 0
    start: float = field(default_factory=time.monotonic)

    def advance(self) -> None:
        """One more is done."""
        self.done += 1

    def __str__(self) -> str:
        part = f" {self.done} of {self.total}" if self.total else f" {self.done}" * (self.done > 0)
        return f"{self.words}:{part}" if part else self.words


@contextmanager
def doing(words: str, total: int | None = None) -> Iterator[Activity]:
    """Name what is done inside; ``advance`` of what is yielded counts.

    Example
    -------
    >>> with doing("scan lines", total=3) as activity:
    ...     activity.advance()
    """
    activity = Activity(words, total)
    if threading.current_thread() is not threading.main_thread():
        yield activity  # a part of what the main thread counts
        return
    _under_way.append(activity)
    ended = "stopped"
    try:
        yield activity
        ended = "done"
    finally:
        _under_way.remove(activity)
        for teller in _tellers:
            teller.finished(activity, ended)


@contextmanager
def telling(words: str) -> Iterator[None]:
    """Say on stderr what is done inside, at least every two seconds; in a terminal in one line.

    Inside another one it only names what is done.
    """
    with doing(words):
        if _tellers:
            yield
            return
        teller, streams = _Teller(), (sys.stdout, sys.stderr)
        _tellers.append(teller)
        if teller.lively:
            sys.stdout, sys.stderr = (_Below(teller, stream) for stream in streams)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            _tellers.remove(teller)
            teller.stop()


def remark(words: str) -> None:
    """Say something besides, once, in a line of its own, if a command is silent for longer."""
    _remarks.setdefault(words, False)


@contextmanager
def hushed() -> Iterator[None]:
    """Nothing is said inside: something else shows what is done."""
    for teller in _tellers:
        teller.hush(True)
    try:
        yield
    finally:
        for teller in _tellers:
            teller.hush(False)


class _Teller:
    """A thread that speaks up when nobody has for a while."""

    def __init__(self) -> None:
        self._stream, self._hushed, self._drawn = sys.stderr, False, False
        self.lively = self._stream.isatty()
        self._start = self._last = time.monotonic()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(_LOOK):
            now = time.monotonic()
            due = self._last + (_LOOK if self._drawn else SILENCE - 2 * _LOOK)
            if now >= due:
                self._remark()
            if not self._hushed and now >= due and _under_way:
                counted = [activity for activity in _under_way if activity.total]
                activity = (counted or _under_way)[-1]
                self._say(f"{activity}{', compiling' if is_compiling() else ''}")

    def finished(self, activity: Activity, ended: str) -> None:
        """Where lines are kept, what took long leaves one, with the word for how it ended."""
        if not (self.lively or self._hushed) and time.monotonic() - activity.start > SILENCE:
            self._say(f"{activity}, {ended}")

    def _say(self, text: str) -> None:
        seconds = time.monotonic() - self._start
        with self._lock:
            self._last = time.monotonic()
            if not self._over.is_set():
                self._write(f"dynsys: {text}, {seconds:.0f} s")

    def _remark(self) -> None:
        """Above whatever else is shown: that writes to the stream there is now."""
        for words in [words for words, said in _remarks.items() if not said]:
            _remarks[words] = True
            self.clear()
            print(f"dynsys: {words}", file=sys.stderr, flush=True)

    def _write(self, line: str) -> None:
        try:
            self._stream.write(f"{_CLEAR}{line}" if self.lively else f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads any more
            self._over.set()
        self._drawn = self.lively

    def clear(self) -> None:
        """Take the line away before something else is written to the terminal."""
        with self._lock:
            if self._drawn:
                self._write("")
                self._drawn = False
            self._last = time.monotonic()

    def hush(self, wanted: bool) -> None:
        self._hushed = wanted
        self.clear()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(_LOOK)  # after Ctrl-C nobody waits for a thread
        self.clear()


class _Below:
    """A stream to a terminal whose writing takes the teller's line away first."""

    def __init__(self, teller: _Teller, stream: Any) -> None:
        self._teller, self._stream = teller, stream

    def write(self, text: str) -> int:
        self._teller.clear()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
