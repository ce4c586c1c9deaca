"""Brian2 is imported where workers run: in threads."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import signal, threading
from validation.brian import brian
own, found = signal.signal, []
worker = threading.Thread(target=lambda: found.append(brian().ms))
worker.start(); worker.join()
assert signal.signal is own
print(found)
"""


def test_a_thread_of_a_worker_imports_it():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ms" in done.stdout
