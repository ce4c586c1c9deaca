"""Ctrl-C while code compiles is heard at once, by a thread of its own.

Python answers a signal between two of its own instructions, and LLVM works for many seconds within
one. The signal's number arrives in a pipe at once, though (``signal.set_wakeup_fd``), at whose end
a thread reads.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Heard = Callable[[int], None]


class Listener:
    """Calls ``heard`` with the number of presses so far, in its own thread, while ``open``."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._forward = -1  # where signals went before: the event loop of a notebook, for instance
        self._presses = 0
        self._open = False
        threading.Thread(target=self._listen, name="dynsys-listener", daemon=True).start()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """A block in which the signals come here; called in the main thread only."""
        self._presses = 0
        self._forward = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._open = True
        try:
            yield
        finally:
            self._open = False
            signal.set_wakeup_fd(self._forward, warn_on_full_buffer=False)

    def _listen(self) -> None:
        while True:
            for number in os.read(self._read, 64):
                if self._forward >= 0:
                    with suppress(OSError):
                        os.write(self._forward, bytes([number]))
                if self._open and number == signal.SIGINT:
                    self._presses += 1
                    self._heard(self._presses)
